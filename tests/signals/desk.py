"""A VTN in memory: every change is applied as soon as it is decided, as the service does."""

from dataclasses import dataclass, field
from typing import Any

from gridplus.signals import (
    Answer,
    Change,
    Json,
    Refused,
    Request,
    Response,
    Role,
    Session,
    Vtn,
    answer,
    format_json,
    parse_json,
)

NOW_S = 1_700_000_000
BL = Session("office", Role.BL, Role.BL.scopes, NOW_S + 3_600)
HOME = Session("home-1", Role.VEN, Role.VEN.scopes, NOW_S + 3_600)
OTHER = Session("home-2", Role.VEN, Role.VEN.scopes, NOW_S + 3_600)


@dataclass
class Desk:
    """Asks as one client or another; `changes` is all that ever happened."""

    vtn: Vtn = field(default_factory=Vtn)
    changes: list[Change] = field(default_factory=list)
    now_s: int = NOW_S

    def ask(
        self, method: str, path: str, *, session: Session = BL, body: Any = None, **more: Any
    ) -> Response:
        name, _question, query = path.partition("?")
        pairs = tuple(tuple(part.split("=", 1)) for part in query.split("&") if part)
        data = body if isinstance(body, bytes) else format_json(body)
        request = Request(method, tuple(name.split("/")), session, pairs, data, **more)
        found = answer(self.vtn, request, now_s=self.now_s)
        if isinstance(found, Refused):
            return found.response()
        assert isinstance(found, Answer)
        for change in found.changes:
            self.vtn.apply(change)
            self.changes.append(change)
        return found.response

    def post(self, path: str, body: Json, *, session: Session = BL) -> dict[str, Any]:
        """Create, and see that it was."""
        response = self.ask("POST", path, session=session, body=body)
        assert response.status == 201, response
        return said(response)

    def listed(self, path: str, *, session: Session = BL) -> list[dict[str, Any]]:
        response = self.ask("GET", path, session=session)
        assert response.status == 200, response
        found = parse_json(response.body, limit=1 << 24, what="the answer")
        assert isinstance(found, list)
        return found  # type: ignore[return-value]


def said(response: Response) -> dict[str, Any]:
    found = parse_json(response.body, limit=1 << 24, what="the answer")
    assert isinstance(found, dict)
    return found
