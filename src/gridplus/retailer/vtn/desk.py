"""The VTN as its callers meet it: decide, make durable, let it happen, tell who asked."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from gridplus.clock import Clock
from gridplus.failures import StorageError
from gridplus.journal import SqliteJournal
from gridplus.retailer.vtn.clients import TokenSeal, secret_hash
from gridplus.retailer.vtn.facts import (
    FactKind,
    changed_fact,
    enrolled_fact,
    parse_changed,
    parse_enrolled,
)
from gridplus.signals import (
    Answer,
    Ask,
    Change,
    Client,
    Message,
    Refused,
    Request,
    Response,
    Role,
    Session,
    TokenRefusal,
    Vtn,
    Webhook,
    answer,
    grant,
    messages,
    webhooks,
)

MOST_CACHED = 4_096
MOST_TOKENS = 100_000
MOST_POLLS = 50_000
Poll: TypeAlias = tuple[bytes, str, bytes, bytes]
"""Authorization, path and query, as they came; the device at the other end of a mutual line."""


@dataclass
class Tellers:
    """How others are told; each takes its share at once and delivers it in its own time."""

    call: Callable[[Webhook], None]
    publish: Callable[[Message], None] | None = None
    prefix: str = "openadr"


@dataclass
class VtnDesk:
    """`clients` are those of the file; homes that enrol are added. One event loop at a time."""

    journal: SqliteJournal
    clock: Clock
    seal: TokenSeal
    clients: dict[str, Client]
    tellers: Tellers
    vtn: Vtn = field(default_factory=Vtn)
    _sessions: dict[str, Session] = field(default_factory=dict)
    _lists: dict[tuple[object, ...], tuple[Response, int]] = field(default_factory=dict)
    _polls: dict[Poll, tuple[Response, int]] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def start(self) -> None:
        """Rebuild everything from the journal. Raises StorageError for what it cannot be."""
        for stored in self.journal.replay():
            match stored.fact.kind:
                case FactKind.OBJECT_CHANGED:
                    self.vtn.apply(parse_changed(stored))
                case FactKind.VEN_ENROLLED:
                    client = parse_enrolled(stored)
                    self.clients[client.client_id] = client
                case unknown:
                    raise StorageError(
                        f"fact {stored.sequence} is of kind {unknown}, a newer version's"
                    )

    def session(self, token: str) -> Session | None:
        """Who sends this bearer token; None when it is expired, foreign or its client is gone."""
        session = self._sessions.get(token)
        if session is None:
            session = self.seal.open(token)
            if session is None:
                return None
            if len(self._sessions) >= MOST_TOKENS:
                self._sessions.clear()
            self._sessions[token] = session
        client = self.clients.get(session.client_id)
        if client is None or client.role is not session.role:
            return None
        return session if self.clock.now_s() < session.expires_s else None

    def speaks(self, session: Session, *, device: bytes) -> bool:
        """Whether a session may be used on the line of a device. Business logic has none."""
        client = self.clients.get(session.client_id)
        return client is not None and client.device == device

    def token(self, ask: Ask) -> tuple[str, Session] | TokenRefusal:
        """A token for who asks."""
        granted = grant(
            ask, self.clients, secret_hash=secret_hash(ask.secret), now_s=self.clock.now_s()
        )
        return granted if isinstance(granted, TokenRefusal) else (self.seal.close(granted), granted)

    async def enrol(self, client: Client) -> None:
        """Durably let a home's VEN in, or give it a new secret."""
        async with self._turn:
            if self.clients.get(client.client_id) != client:
                await asyncio.to_thread(self.journal.append, [enrolled_fact(client)])
                self.clients[client.client_id] = client
                self._polls.clear()

    def repeated(self, poll: Poll) -> Response | None:
        """The answer to a poll that was asked before, word for word, while it is still the same:
        nothing has changed, no event in it is over, and its token is good."""
        kept = self._polls.get(poll)
        return kept[0] if kept is not None and self.clock.now_s() < kept[1] else None

    def read(self, request: Request, *, poll: Poll) -> Response:
        """Answer a GET. Lists are kept until something changes or an event in them is over."""
        response, until_s = self._read(request)
        if len(self._polls) >= MOST_POLLS:
            self._polls.clear()
        if response.status == 200:
            self._polls[poll] = (response, min(until_s, request.session.expires_s))
        return response

    def _read(self, request: Request) -> tuple[Response, int]:
        session, now_s = request.session, self.clock.now_s()
        sight = None if session.role is Role.BL else self.vtn.granted(session.client_id)
        owner = None if request.path[0] in ("programs", "events") else session.client_id
        key = (request.path, request.query, session.scopes, sight, owner)
        kept = self._lists.get(key)
        if kept is not None and now_s < kept[1]:
            return kept
        found = answer(self.vtn, request, now_s=now_s)
        if isinstance(found, Refused):
            return found.response(), now_s
        if len(self._lists) >= MOST_CACHED:
            self._lists.clear()
        self._lists[key] = (found.response, found.good_until_s)
        return self._lists[key]

    async def write(self, request: Request) -> Response:
        """Answer a POST, PUT or DELETE when what it changes is durable. Raises StorageError."""
        async with self._turn:
            found = answer(self.vtn, request, now_s=self.clock.now_s())
            if isinstance(found, Refused):
                return found.response()
            await self._happen(found)
        return found.response

    async def _happen(self, found: Answer) -> None:
        if found.changes:
            facts = [changed_fact(change) for change in found.changes]
            await asyncio.to_thread(self.journal.append, facts)
        for change in found.changes:
            self.vtn.apply(change)
            self._tell(change)
        self._lists.clear()
        self._polls.clear()

    def _tell(self, change: Change) -> None:
        roles = {client.client_id: client.role for client in self.clients.values()}
        for webhook in webhooks(self.vtn, change, roles=roles):
            self.tellers.call(webhook)
        if self.tellers.publish is not None:
            for message in messages(self.vtn, change, prefix=self.tellers.prefix):
                self.tellers.publish(message)
