"""Identities and configuration sets: small, only what a sender's set-up asks for."""

from __future__ import annotations

import hashlib
from typing import Any

from ..web import Request, Response, as_json
from .errors import SesError, bad_request, not_found

DEFAULT_SET = "broadsheet"


class Directory:
    """What exists in the account besides templates. Any sender may send; see ``checks.sender``."""

    def __init__(self) -> None:
        self._identities: set[str] = set()
        self._sets: dict[str, list[dict[str, Any]]] = {DEFAULT_SET: []}

    def require_set(self, name: str | None) -> str | None:
        """The name, or a NotFoundException."""
        if name is not None and name not in self._sets:
            raise not_found(f"Configuration set <{name}> does not exist.")
        return name

    def create_set(self, request: Request) -> Response:
        name = request.document().get("ConfigurationSetName")
        if not name:
            raise bad_request("ConfigurationSetName is missing.")
        if name in self._sets:
            raise SesError("AlreadyExistsException", f"Configuration set <{name}> already exists.")
        self._sets[name] = []
        return as_json({})

    def get_set(self, request: Request) -> Response:
        name = self.require_set(request.params["name"])
        return as_json({"ConfigurationSetName": name, "SendingOptions": {"SendingEnabled": True}})

    def list_sets(self, _request: Request) -> Response:
        return as_json({"ConfigurationSets": sorted(self._sets)})

    def delete_set(self, request: Request) -> Response:
        self.require_set(request.params["name"])
        del self._sets[request.params["name"]]
        return as_json({})

    def create_destination(self, request: Request) -> Response:
        """Kept and shown; every set publishes to the sandbox's one topic all the same."""
        name, call = self.require_set(request.params["name"]), request.document()
        destination = call.get("EventDestination") or {}
        if not call.get("EventDestinationName") or not destination:
            raise bad_request("Give EventDestinationName and EventDestination.")
        self._sets[name or ""].append({"Name": call["EventDestinationName"], **destination})
        return as_json({})

    def get_destinations(self, request: Request) -> Response:
        name = self.require_set(request.params["name"])
        return as_json({"EventDestinations": self._sets[name or ""]})

    def create_identity(self, request: Request) -> Response:
        name = request.document().get("EmailIdentity")
        if not name:
            raise bad_request("EmailIdentity is missing.")
        if name in self._identities:
            raise SesError("AlreadyExistsException", f"Email identity {name} already exists.")
        self._identities.add(name)
        return as_json(_identity(name))

    def get_identity(self, request: Request) -> Response:
        name = request.params["name"]
        if name not in self._identities:
            raise not_found(f"Email identity {name} does not exist.")
        return as_json(_identity(name))


def _identity(name: str) -> dict[str, Any]:
    tokens = [hashlib.sha256(f"{name}{n}".encode()).hexdigest()[:32] for n in range(3)]
    return {
        "IdentityType": "EMAIL_ADDRESS" if "@" in name else "DOMAIN",
        "FeedbackForwardingStatus": True,
        "VerifiedForSendingStatus": True,
        "VerificationStatus": "SUCCESS",
        "DkimAttributes": {
            "SigningEnabled": True,
            "Status": "SUCCESS",
            "Tokens": tokens,
            "SigningAttributesOrigin": "AWS_SES",
        },
        "MailFromAttributes": {
            "MailFromDomain": f"mail.{name.rpartition('@')[2]}",
            "MailFromDomainStatus": "SUCCESS",
            "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
        },
    }
