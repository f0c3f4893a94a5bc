"""The routes of SES v2, and how a send call is answered while faults are in force.

Paths are those of the sesv2 service model (REST JSON).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..clock import http_date
from ..permissions import Denied
from ..store import Message
from ..web import Answer, BadDocument, Handler, Request, Response, Router, Wire, as_json
from . import bulk
from .account import Account
from .errors import SesError, bad_request
from .fate import Fate, fate_of
from .limits import TOO_FAST, refusal
from .operations import OPERATIONS
from .single import send_email

_V2 = "/v2/email"
_Send = Callable[[Mapping[str, Any], Fate], tuple[list[Message], dict[str, Any]]]
_FAILED = SesError("InternalServiceErrorException", "The sandbox was told to fail.")


class Api:
    """SES v2 over one account."""

    def __init__(self, account: Account, stopping: threading.Event) -> None:
        self.account = account
        self._stopping = stopping

    def mount(self, router: Router) -> None:
        account = self.account
        people, sets, identities = account.suppression, account.directory, account.identities
        routes: list[tuple[str, str, Handler]] = [
            ("POST", "/outbound-emails", self._send_email),
            ("POST", "/outbound-bulk-emails", self._send_bulk_email),
            ("GET", "/account", account.show),
            ("POST", "/templates", self._create_template),
            ("GET", "/templates", self._list_templates),
            ("GET", "/templates/{name}", self._get_template),
            ("PUT", "/templates/{name}", self._update_template),
            ("DELETE", "/templates/{name}", self._delete_template),
            ("PUT", "/suppression/addresses", people.put),
            ("GET", "/suppression/addresses", people.list),
            ("GET", "/suppression/addresses/{address}", people.get),
            ("DELETE", "/suppression/addresses/{address}", people.delete),
            ("POST", "/configuration-sets", sets.create_set),
            ("GET", "/configuration-sets", sets.list_sets),
            ("GET", "/configuration-sets/{name}", sets.get_set),
            ("DELETE", "/configuration-sets/{name}", sets.delete_set),
            ("POST", "/configuration-sets/{name}/event-destinations", sets.create_destination),
            ("GET", "/configuration-sets/{name}/event-destinations", sets.get_destinations),
            (
                "PUT",
                "/configuration-sets/{name}/event-destinations/{destination}",
                sets.update_destination,
            ),
            ("POST", "/identities", identities.create),
            ("GET", "/identities/{name}", identities.get),
        ]
        for method, path, handler in routes:
            router.add(method, _V2 + path, self._refusing(OPERATIONS[method, path], handler))

    def _send_email(self, request: Request) -> Answer:
        def send(call: Mapping[str, Any], _: object) -> tuple[list[Message], dict[str, Any]]:
            message = send_email(self.account, call)
            return [message], {"MessageId": message.id}

        return self._answer_send(request, send)

    def _send_bulk_email(self, request: Request) -> Answer:
        if len(request.body) > bulk.MOST_BYTES:
            raise bad_request("The request is larger than 1 MB.")
        return self._answer_send(
            request, lambda call, fate: bulk.send_bulk_email(self.account, call, fate)
        )

    def _answer_send(self, request: Request, send: _Send) -> Answer:
        fate = fate_of(self.account.faults)
        if fate.wait:
            self._stopping.wait(fate.wait)
        fault, kind = fate.whole, fate.whole["kind"]
        if kind == "throttle":
            raise refusal(TOO_FAST)
        if kind == "error500":
            raise _FAILED
        if kind == "refuse":
            raise SesError(
                fault.get("error", "MessageRejected"),
                fault.get("message", "Refused by the sandbox."),
            )
        if kind == "drop":
            return Wire()
        if kind == "hang" and not fault.get("accept"):
            return Wire(self._silence(fault))
        self.account.require_open()
        accepted, answer = send(request.document(), fate)
        self.account.publish(accepted)
        if kind == "accept_then_500":
            raise _FAILED
        if kind == "accept_then_drop":
            return Wire()
        return Wire(self._silence(fault)) if kind == "hang" else as_json(answer)

    def _silence(self, fault: Mapping[str, Any]) -> Iterator[bytes]:
        self._stopping.wait(float(fault.get("seconds", 30)))
        yield from ()

    def _create_template(self, request: Request) -> Response:
        call = request.document()
        self.account.templates.create(_name(call), call.get("TemplateContent") or {})
        return as_json({})

    def _update_template(self, request: Request) -> Response:
        content = request.document().get("TemplateContent") or {}
        self.account.templates.update(request.params["name"], content)
        return as_json({})

    def _delete_template(self, request: Request) -> Response:
        self.account.templates.delete(request.params["name"])
        return as_json({})

    def _get_template(self, request: Request) -> Response:
        found = self.account.templates.named(request.params["name"])
        subject, text, html = found.source
        content = {"Subject": subject, "Text": text, "Html": html}
        kept = {part: value for part, value in content.items() if value is not None}
        return as_json({"TemplateName": found.name, "TemplateContent": kept})

    def _list_templates(self, _request: Request) -> Response:
        rows = self.account.templates.listed()
        metadata = [{"TemplateName": n, "CreatedTimestamp": made} for n, made in rows]
        return as_json({"TemplatesMetadata": metadata})

    def _refusing(self, operation: str, handler: Handler) -> Handler:
        """Answer a SesError in the shape of SES, and tell the time as SES does."""
        action = f"ses:{operation}"

        def answer(request: Request) -> Answer:
            try:
                self.account.permissions.require(action)
                found = handler(request)
            except Denied as error:
                found = SesError("AccessDeniedException", str(error)).response()
            except SesError as error:
                found = error.response()
            except BadDocument as error:
                found = bad_request(str(error)).response()
            if isinstance(found, Response):
                found.headers = {**found.headers, "Date": http_date(self.account.clock())}
            return found

        return answer


def _name(call: Mapping[str, Any]) -> str:
    name = call.get("TemplateName")
    if not name:
        raise bad_request("TemplateName is missing.")
    return str(name)
