"""The VTN's rules, without sockets: `answer(vtn, request)` says what happens, `apply` lets it.

`answer` changes nothing: it returns the response and the changes to make durable; each is then
applied, in order. Replaying the changes gives the same VTN. Source: OpenADR 3.1.0, openadr3.yaml;
Definitions, "General Usage" and "Object Privacy".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gridplus.failures import InputError
from gridplus.signals.clients import Role, Session
from gridplus.signals.objects import NONE, Body, Change, Held, Kind, Operation, make
from gridplus.signals.problems import Reason, Refused, Response
from gridplus.signals.query import Query, read_query
from gridplus.signals.routes import COLLECTIONS, OF_KIND, Collection
from gridplus.signals.schema import REQUESTS, violation
from gridplus.signals.span import FOREVER_S, MICRO
from gridplus.signals.text import parse_json

BODY_LIMIT = 1_000_000
"""Bytes of the largest object."""


@dataclass(frozen=True, slots=True)
class Request:
    """`path` is split at its slashes, `query` decoded, in order. `session` is the token's."""

    method: str
    path: tuple[str, ...]
    session: Session
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, and the changes behind it. A read holds until `good_until_s`, or a change."""

    response: Response
    changes: tuple[Change, ...] = ()
    good_until_s: int = FOREVER_S


@dataclass
class Vtn:
    """All objects by kind and id, in order of their creation; who is granted which targets."""

    held: dict[Kind, dict[str, Held]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    count: int = 0
    """Changes so far: ids are made from it."""
    last_us: int = 0
    _names: dict[tuple[Kind, str, str], str] = field(default_factory=dict)
    _grants: dict[str, frozenset[str]] = field(default_factory=dict)

    def apply(self, change: Change) -> None:
        """Let it have happened."""
        held, shelf = change.held, self.held[change.held.kind]
        former = shelf.get(held.id)
        if former is not None and (key := _name_key(former)):
            self._names.pop(key, None)
        if change.operation is Operation.DELETE:
            shelf.pop(held.id, None)
        else:
            shelf[held.id] = held
            if key := _name_key(held):
                self._names[key] = held.id
        if held.kind in (Kind.VEN, Kind.RESOURCE):
            self._grants.clear()
        self.count += 1
        self.last_us = max(self.last_us, change.at_us)

    def named(self, held: Held) -> str | None:
        """The id of the object that has this one's name already, where names are unique."""
        key = _name_key(held)
        return self._names.get(key) if key else None

    def granted(self, client_id: str) -> frozenset[str]:
        """The targets that business logic gave to a client's vens and resources."""
        if client_id not in self._grants:
            owned = (
                held
                for kind in (Kind.VEN, Kind.RESOURCE)
                for held in self.held[kind].values()
                if held.says("clientID") == client_id
            )
            self._grants[client_id] = NONE.union(*(held.targets for held in owned))
        return self._grants[client_id]

    def seen_by(self, held: Held, session: Session, *, asked: frozenset[str] = NONE) -> Held | None:
        """`held` as this client may see it, or None: privacy by target and by client.

        Of a program's or event's targets a VEN is shown those that it was granted and, when it
        names some, asked for.
        """
        if session.role is Role.BL:
            return held
        if held.kind not in (Kind.PROGRAM, Kind.EVENT):
            return held if held.says("clientID") == session.client_id else None
        if not held.targets:
            return held
        granted = self.granted(session.client_id)
        shared = held.targets & (granted & asked if asked else granted)
        if not shared:
            return None
        if shared == held.targets:
            return held
        shown = [target for target in _listed(held) if target in shared]
        return Held(held.kind, held.id, {**held.body, "targets": list(shown)})


def answer(vtn: Vtn, request: Request, *, now_s: int) -> Answer | Refused:
    """What the VTN says to a request below a collection's path, and what that changes.

    `request.path` begins with a key of COLLECTIONS and has one or two segments.
    """
    collection, session = COLLECTIONS[request.path[0]], request.session
    reading = request.method == "GET"
    scope = collection.read if reading else collection.write
    if scope not in session.scopes and not (reading and "read_all" in session.scopes):
        return Reason.FORBIDDEN.saying(f"this client's token lacks the scope {scope}")
    if len(request.path) == 1:
        if reading:
            return _list(vtn, collection, request=request, now_s=now_s)
        return _create(vtn, collection, request=request, now_s=now_s)
    held = vtn.held[collection.kind].get(request.path[1])
    shown = None if held is None else vtn.seen_by(held, session)
    if held is None or shown is None:
        return Reason.NOT_FOUND.saying(f"there is no {collection.kind.lower()} of this id")
    if reading:
        return Answer(Response(200, shown.text))
    if request.method == "PUT":
        return _update(vtn, held, request=request, now_s=now_s)
    return _delete(vtn, held, now_s=now_s)


def _list(vtn: Vtn, collection: Collection, *, request: Request, now_s: int) -> Answer | Refused:
    query = read_query(collection, request.query)
    if isinstance(query, Refused):
        return query
    shown, until_s = [], FOREVER_S
    if query.limit:
        for held, ends_s in _matching(vtn, collection.kind, request=request, query=query):
            if query.active and ends_s <= now_s:
                continue
            until_s = min(until_s, ends_s if query.active else FOREVER_S)
            shown.append(held.text)
            if len(shown) == query.skip + query.limit:
                break
    texts = shown[query.skip :]
    return Answer(Response(200, b"[" + b",".join(texts) + b"]"), good_until_s=until_s)


def _matching(
    vtn: Vtn, kind: Kind, *, request: Request, query: Query
) -> Iterator[tuple[Held, int]]:
    """What the client may see and asks for, with the instant at which an event is over."""
    for held in vtn.held[kind].values():
        if query.misses(held, event_program=_program_of(vtn, held)):
            continue
        shown = vtn.seen_by(held, request.session, asked=query.targets)
        if shown is not None:
            yield shown, held.ends_s if query.active else FOREVER_S


def _program_of(vtn: Vtn, held: Held) -> str:
    """The program that an object belongs to; a report's is its event's."""
    if held.kind is Kind.REPORT:
        event = vtn.held[Kind.EVENT].get(held.says("eventID"))
        return "" if event is None else event.says("programID")
    return held.says("programID")


def _create(vtn: Vtn, collection: Collection, *, request: Request, now_s: int) -> Answer | Refused:
    sent = _read(vtn, collection.kind, request=request, former=None)
    if isinstance(sent, Refused):
        return sent
    at_us = max(now_s * MICRO, vtn.last_us + 1)
    object_id = f"{collection.kind.lower()}-{vtn.count + 1}"
    held = make(collection.kind, object_id, sent=sent, created=None, at_us=at_us)
    if vtn.named(held) is not None:
        return _taken(collection)
    change = Change(Operation.CREATE, held, at_us)
    return Answer(Response(201, held.text), (change,))


def _update(vtn: Vtn, held: Held, *, request: Request, now_s: int) -> Answer | Refused:
    sent = _read(vtn, held.kind, request=request, former=held)
    if isinstance(sent, Refused):
        return sent
    at_us = max(now_s * MICRO, vtn.last_us + 1)
    updated = make(held.kind, held.id, sent=sent, created=held.says("createdDateTime"), at_us=at_us)
    if vtn.named(updated) not in (None, held.id):
        return _taken(OF_KIND[held.kind])
    return Answer(Response(200, updated.text), (Change(Operation.UPDATE, updated, at_us),))


def _delete(vtn: Vtn, held: Held, *, now_s: int) -> Answer:
    """What stands on the object goes with it, before it."""
    at_us = max(now_s * MICRO, vtn.last_us + 1)
    gone = [*_standing_on(vtn, held), held]
    changes = tuple(Change(Operation.DELETE, each, at_us + i) for i, each in enumerate(gone))
    return Answer(Response(200, held.text), changes)


_STANDS_ON = {
    Kind.PROGRAM: ((Kind.EVENT, "programID"), (Kind.SUBSCRIPTION, "programID")),
    Kind.EVENT: ((Kind.REPORT, "eventID"),),
    Kind.VEN: ((Kind.RESOURCE, "venID"),),
}


def _standing_on(vtn: Vtn, held: Held) -> Iterator[Held]:
    for kind, link in _STANDS_ON.get(held.kind, ()):
        for each in vtn.held[kind].values():
            if each.says(link) == held.id:
                yield from _standing_on(vtn, each)
                yield each


def _read(vtn: Vtn, kind: Kind, *, request: Request, former: Held | None) -> Body | Refused:
    """The body of a write, checked, and completed with what the VTN knows of the client."""
    if request.content_type.partition(";")[0].strip().lower() != "application/json":
        return Reason.BAD_REQUEST.saying("send the object as application/json")
    try:
        sent = parse_json(request.body, limit=BODY_LIMIT, what="the body")
    except InputError as error:
        return Reason.BAD_REQUEST.saying(str(error))
    why = violation(REQUESTS[kind], sent, where=kind.lower())
    if why is not None or not isinstance(sent, dict):
        return Reason.BAD_REQUEST.saying(why or "the body is no object")
    owned = _owned(kind, sent, session=request.session, former=former)
    if isinstance(owned, Refused):
        return owned
    return _unlinked(vtn, kind, sent=owned, session=request.session) or owned


def _owned(kind: Kind, sent: Body, *, session: Session, former: Held | None) -> Body | Refused:
    """Whose object it is: the token's client, or the one that business logic names."""
    if kind in (Kind.REPORT, Kind.SUBSCRIPTION):
        owner = former.says("clientID") if former is not None else session.client_id
        return {**sent, "clientID": owner}
    if kind not in (Kind.VEN, Kind.RESOURCE):
        return sent
    mine = str(sent["objectType"]).startswith(f"{session.role.name}_")
    if not mine:
        return Reason.FORBIDDEN.saying(f"a {session.role.name} client may not send this shape")
    if session.role is Role.BL:
        return sent
    targets = former.body["targets"] if former is not None else []
    return {**sent, "clientID": session.client_id, "targets": targets}


def _unlinked(vtn: Vtn, kind: Kind, *, sent: Body, session: Session) -> Refused | None:
    """Why the object cannot stand where it says it stands."""
    if kind in (Kind.EVENT, Kind.SUBSCRIPTION) and "programID" in sent:
        program = vtn.held[Kind.PROGRAM].get(str(sent["programID"]))
        if program is None or vtn.seen_by(program, session) is None:
            return Reason.CONFLICT.saying("there is no program of this programID")
    if kind is Kind.REPORT:
        event = vtn.held[Kind.EVENT].get(str(sent["eventID"]))
        if event is None or vtn.seen_by(event, session) is None:
            return Reason.CONFLICT.saying("there is no event of this eventID")
    if kind is Kind.RESOURCE:
        ven = vtn.held[Kind.VEN].get(str(sent["venID"]))
        if ven is None or vtn.seen_by(ven, session) is None:
            return Reason.NOT_FOUND.saying("there is no ven of this venID")
        if ven.says("clientID") != sent["clientID"]:
            return Reason.CONFLICT.saying("the ven of this venID is another client's")
    return None


def _taken(collection: Collection) -> Refused:
    return Reason.CONFLICT.saying(f"this {collection.name_field} is taken")


def _name_key(held: Held) -> tuple[Kind, str, str] | None:
    """What is unique of an object: its name, within its ven where it is a resource's."""
    name = OF_KIND[held.kind].name_field
    return (held.kind, held.says("venID"), held.says(name)) if name else None


def _listed(held: Held) -> Iterable[str]:
    targets = held.body["targets"]
    return [str(target) for target in targets] if isinstance(targets, list) else []
