"""Who is told of a change: subscriptions by webhook, topics of a broker.

Source: OpenADR 3.1.0 Definitions, "Subscriptions", "Notifications via Additional Protocols" and
"Object Privacy".
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gridplus.signals.clients import Role, Session
from gridplus.signals.objects import NONE, Change, Held, Kind
from gridplus.signals.problems import Reason, Refused, Response
from gridplus.signals.routes import OF_KIND, TOPICS
from gridplus.signals.text import Json, format_json
from gridplus.signals.vtn import Vtn


@dataclass(frozen=True, slots=True)
class Webhook:
    """POST `body` to `url`, with the token that the subscriber gave, if any."""

    url: str
    bearer: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """Publish `body` under `topic`."""

    topic: str
    body: bytes


def webhooks(vtn: Vtn, change: Change, *, roles: dict[str, Role]) -> Iterator[Webhook]:
    """The calls that `change` asks for; `roles` are the clients' by id.

    A subscriber is told of what it may read, of its program and with its targets if it names any.
    """
    held = change.held
    for subscription in vtn.held[Kind.SUBSCRIPTION].values():
        client_id = subscription.says("clientID")
        if client_id not in roles:
            continue
        shown = _shown(vtn, held, client_id=client_id, role=roles[client_id], of=subscription)
        if shown is None:
            continue
        body = _notification(change, shown)
        for operations in _objects(subscription.body.get("objectOperations")):
            if held.kind.value in _texts(operations.get("objects")) and (
                change.operation.value in _texts(operations.get("operations"))
            ):
                bearer = operations.get("bearerToken")
                yield Webhook(
                    str(operations["callbackUrl"]),
                    bearer if isinstance(bearer, str) else None,
                    body,
                )


def messages(vtn: Vtn, change: Change, *, prefix: str) -> Iterator[Message]:
    """The messages that `change` asks for.

    Everything goes to business logic's topics; what has no targets to the program's; the rest to
    each ven that was granted one of the targets, with the targets that it may see.
    """
    held, operation = change.held, change.operation.value.lower()
    whole = _notification(change, held)
    yield Message(f"{prefix}/bl/{OF_KIND[held.kind].path}/{operation}", whole)
    if held.kind not in (Kind.PROGRAM, Kind.EVENT):
        ven_id = held.id if held.kind is Kind.VEN else held.says("venID")
        if held.kind in (Kind.VEN, Kind.RESOURCE):
            yield Message(f"{prefix}/{_ven_topic(ven_id, held.kind)}/{operation}", whole)
        return
    if not held.targets:
        yield from (
            Message(f"{prefix}/{topic}/{operation}", whole) for topic in _public_topics(held)
        )
        return
    for ven in vtn.held[Kind.VEN].values():
        session = Session(ven.says("clientID"), Role.VEN, NONE, 0)
        shown = vtn.seen_by(held, session)
        if shown is not None:
            topic = _ven_topic(ven.id, held.kind)
            yield Message(f"{prefix}/{topic}/{operation}", _notification(change, shown))


def topics(vtn: Vtn, path: tuple[str, ...], *, session: Session, prefix: str) -> Response | Refused:
    """The topics behind notifiers/mqtt/topics/`path`."""
    shape = tuple("{}" if i == 1 else part for i, part in enumerate(path))
    scope = TOPICS[shape]
    if scope not in session.scopes and not (scope != "read_bl" and "read_all" in session.scopes):
        return Reason.FORBIDDEN.saying(f"this client's token lacks the scope {scope}")
    if len(path) > 1:
        kind = Kind.VEN if path[0] == "vens" else Kind.PROGRAM
        held = vtn.held[kind].get(path[1])
        if held is None or vtn.seen_by(held, session) is None:
            return Reason.NOT_FOUND.saying(f"there is no {kind.lower()} of this id")
    below = "/".join(path)
    if scope == "read_bl":
        below = f"bl/{below}"
    named: dict[str, Json] = {
        name.upper(): f"{prefix}/{below}/{name}" for name in ("create", "update", "delete")
    }
    if len(path) == 2:
        del named["CREATE"]
    return Response(200, format_json({"topics": {**named, "ALL": f"{prefix}/{below}/+"}}))


def notifiers(mqtt_uri: str | None) -> Response:
    """What ways of being told there are."""
    found: dict[str, Json] = {"WEBHOOK": True}
    if mqtt_uri is not None:
        found["MQTT"] = {
            "URIS": [mqtt_uri],
            "serialization": "JSON",
            "authentication": {"method": "ANONYMOUS"},
        }
    return Response(200, format_json(found))


def _public_topics(held: Held) -> Iterator[str]:
    if held.kind is Kind.EVENT:
        yield f"programs/{held.says('programID')}/events"
    else:
        yield "programs"
        yield f"programs/{held.id}"


def _ven_topic(ven_id: str, kind: Kind) -> str:
    return f"vens/{ven_id}" if kind is Kind.VEN else f"vens/{ven_id}/{OF_KIND[kind].path}"


def _shown(vtn: Vtn, held: Held, *, client_id: str, role: Role, of: Held) -> Held | None:
    """What the subscriber may see of `held`, if it asked for it."""
    wanted = of.says("programID")
    if wanted and wanted != (held.id if held.kind is Kind.PROGRAM else held.says("programID")):
        return None
    if of.targets and held.targets and not of.targets & held.targets:
        return None
    return vtn.seen_by(held, Session(client_id, role, NONE, 0), asked=of.targets)


def _notification(change: Change, shown: Held) -> bytes:
    head: Json = {"objectType": shown.kind.value, "operation": change.operation.value}
    return format_json(head)[:-1] + b',"object":' + shown.text + b"}"


def _objects(value: Json) -> list[dict[str, Json]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _texts(value: Json) -> frozenset[str]:
    return frozenset(str(item) for item in value) if isinstance(value, list) else NONE
