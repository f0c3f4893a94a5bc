"""Refusals as Amazon SES sends them, so that an SDK raises its own exceptions."""

from __future__ import annotations

from ..web import Response, as_json

_STATUS = {
    "AccessDeniedException": 403,
    "NotFoundException": 404,
    "ConflictException": 409,
    "TooManyRequestsException": 429,
    "InternalServiceErrorException": 500,
    "ConcurrentModificationException": 500,
}


class SesError(Exception):
    """A call that SES refuses as a whole. *code* is a name of its service model."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def response(self) -> Response:
        status = _STATUS.get(self.code, 400)
        return as_json({"message": self.message}, status, {"x-amzn-ErrorType": self.code})


class EntryError(Exception):
    """A bulk entry that is refused while others are taken; *status* is a ``BulkEmailStatus``."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def bad_request(message: str) -> SesError:
    return SesError("BadRequestException", message)


def not_found(message: str) -> SesError:
    return SesError("NotFoundException", message)
