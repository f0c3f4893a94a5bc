"""Where Amazon SNS posts what became of the mail. A signature proves it, no cookie does."""

from __future__ import annotations

from flask import Blueprint, Response, request

from service.events.hook import receive
from service.web.asking import now
from service.web.security import csrf

hooks = Blueprint("hooks", __name__, url_prefix="/hooks")

LARGEST_POST = 256 * 1024  # SNS's own limit for a message


@hooks.post("/ses")
def ses() -> Response:
    request.max_content_length = LARGEST_POST
    receipt = receive(request.get_data(cache=False), now())
    return Response(
        receipt.text + "\n", status=receipt.status, content_type="text/plain; charset=utf-8"
    )


csrf.exempt(ses)
