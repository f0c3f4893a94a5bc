"""The wire protocol of SNS and STS: a form in, XML out.

https://docs.aws.amazon.com/sns/latest/dg/sns-making-api-requests.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from .permissions import Denied, Permissions
from .web import Request, Response

SNS_VERSION, STS_VERSION = "2010-03-31", "2011-06-15"
_SERVICES = {SNS_VERSION: "sns", STS_VERSION: "sts"}

Operation = Callable[[Mapping[str, str]], str]
"""Takes a call's arguments and gives what stands inside of its result."""


class QueryError(Exception):
    """A refusal, named as the service names it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def arguments(request: Request) -> dict[str, str]:
    """The form of a call."""
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


def attributes(call: Mapping[str, str]) -> dict[str, str]:
    """``Attributes.entry.N.key`` and ``.value`` as a dictionary."""
    found: dict[str, str] = {}
    for number in range(1, len(call)):
        prefix = f"Attributes.entry.{number}."
        if prefix + "key" not in call:
            break
        found[call[prefix + "key"]] = call.get(prefix + "value", "")
    return found


def run(
    call: Mapping[str, str], operations: Mapping[str, Operation], permissions: Permissions
) -> Response:
    """One call of a service that speaks this protocol."""
    action, version = call.get("Action", ""), call.get("Version", "")
    service = _SERVICES.get(version, "")
    if action not in operations:
        return _refusal("InvalidAction", f"The sandbox has no operation {action} of it.", 400)
    try:
        permissions.require(f"{service}:{action}")
        result = operations[action](call)
    except Denied as error:
        return _refusal("AuthorizationError", str(error), 403)
    except QueryError as error:
        return _refusal(error.code, str(error), error.status)
    return answer(action, result, version)


def answer(action: str, result: str, version: str = SNS_VERSION) -> Response:
    """A result, in XML already."""
    service = _SERVICES[version]
    body = (
        f'<{action}Response xmlns="http://{service}.amazonaws.com/doc/{version}/">'
        f"<{action}Result>{result}</{action}Result></{action}Response>"
    )
    return Response(body.encode(), 200, "text/xml")


def tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def entries(name: str, pairs: Mapping[str, str]) -> str:
    """A map, as this protocol writes it."""
    rows = [f"<entry>{tag('key', k)}{tag('value', v)}</entry>" for k, v in pairs.items()]
    return f"<{name}>{''.join(rows)}</{name}>"


def members(name: str, rows: Iterable[Mapping[str, str]]) -> str:
    """A list of structures."""
    shown = "".join(
        f"<member>{''.join(tag(k, v) for k, v in row.items())}</member>" for row in rows
    )
    return f"<{name}>{shown}</{name}>"


def _refusal(code: str, message: str, status: int) -> Response:
    error = f"<Type>Sender</Type>{tag('Code', code)}{tag('Message', message)}"
    body = f"<ErrorResponse><Error>{error}</Error><RequestId>sandbox</RequestId></ErrorResponse>"
    return Response(body.encode(), status, "text/xml")
