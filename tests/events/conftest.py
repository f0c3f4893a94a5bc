"""Issues that are being sent, for events to speak of."""

from tests.delivery.conftest import claim, planned_issue, sender

__all__ = ["claim", "planned_issue", "sender"]
