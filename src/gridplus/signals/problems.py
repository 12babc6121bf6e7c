"""Responses, and the refusals that travel as problem objects (application/json).

Source: OpenADR 3.1.0 Definitions, "Response Codes and Errors".
"""

from dataclasses import dataclass
from enum import Enum

from gridplus.signals.text import Json, format_json


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back, always as application/json."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Reason(Enum):
    """Why a request is refused: HTTP status and the problem's title."""

    BAD_REQUEST = (400, "Bad Request")
    UNAUTHORIZED = (401, "Unauthorized")
    FORBIDDEN = (403, "Forbidden")
    NOT_FOUND = (404, "Not Found")
    NOT_ALLOWED = (405, "Method Not Allowed")
    CONFLICT = (409, "Conflict")
    TOO_LARGE = (413, "Content Too Large")
    INTERNAL = (500, "Internal Server Error")
    UNAVAILABLE = (503, "Service Unavailable")

    def saying(self, detail: str, **headers: str) -> "Refused":
        """This refusal, with the sentence that says why here."""
        named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
        return Refused(self, detail, named)


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal of one request."""

    reason: Reason
    detail: str
    headers: tuple[tuple[str, str], ...] = ()

    def response(self) -> Response:
        """The problem object."""
        status, title = self.reason.value
        problem: Json = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": self.detail,
        }
        return Response(status, format_json(problem), self.headers)
