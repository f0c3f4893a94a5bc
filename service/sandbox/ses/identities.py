"""Identities: verified as soon as they are made, and otherwise as a test wants them."""

from __future__ import annotations

import hashlib
from typing import Any

from ..web import BadDocument, Request, Response, Router, as_json
from .errors import SesError, bad_request, not_found


class Identities:
    """Domains and addresses that may stand in a From."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}

    def mount(self, router: Router) -> None:
        router.add("POST", "/control/identities/{name}", self._change)

    def create(self, request: Request) -> Response:
        name = request.document().get("EmailIdentity")
        if not name:
            raise bad_request("EmailIdentity is missing.")
        if name in self._known:
            raise SesError("AlreadyExistsException", f"Email identity {name} already exists.")
        self._known[name] = _identity(name)
        return as_json(self._known[name])

    def get(self, request: Request) -> Response:
        name = request.params["name"]
        if name not in self._known:
            raise not_found(f"Email identity {name} does not exist.")
        return as_json(self._known[name])

    def _change(self, request: Request) -> Response:
        """``{"DkimAttributes": {"Status": "PENDING"}}``: parts of GetEmailIdentity's answer."""
        known = self._known.get(request.params["name"])
        if known is None:
            raise BadDocument("There is no such identity.")
        for part, value in request.document().items():
            merged = isinstance(value, dict) and isinstance(known.get(part), dict)
            known[part] = {**known[part], **value} if merged else value
        return as_json(known)


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
