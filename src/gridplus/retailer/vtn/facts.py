"""What the VTN journals: every change of an object, every VEN that enrolled."""

from enum import StrEnum

from gridplus.digest import Document, canonical_json, parse_document
from gridplus.failures import StorageError
from gridplus.journal import Fact, Stored
from gridplus.signals import BODY_LIMIT, Change, Client, Held, Kind, Operation, Role, parse_json
from gridplus.tariff import Fields, format_octets

_HEAD_LIMIT = 1_000


class FactKind(StrEnum):
    """Past-tense nouns."""

    OBJECT_CHANGED = "ObjectChanged"
    VEN_ENROLLED = "VenEnrolled"


def changed_fact(change: Change) -> Fact:
    """One line of what happened, one of the object."""
    head = canonical_json(
        {
            "operation": change.operation.value,
            "kind": change.held.kind.value,
            "id": change.held.id,
            "at_us": change.at_us,
        }
    )
    body = head + b"\n" + change.held.text
    return Fact(FactKind.OBJECT_CHANGED.value, change.held.kind.value.encode(), body)


def parse_changed(stored: Stored) -> Change:
    """Raises StorageError for a fact that this version did not write."""
    head, _line, text = stored.fact.body.partition(b"\n")
    what = f"fact {stored.sequence}"
    fields = Fields(parse_document(head, limit=_HEAD_LIMIT, what=what), what)
    body = parse_json(text, limit=2 * BODY_LIMIT, what=what)
    if not isinstance(body, dict):
        raise StorageError(f"{what} holds no object")
    kind, operation = Kind(fields.text("kind")), Operation(fields.text("operation"))
    return Change(
        operation, Held(kind, fields.text("id"), body), fields.integer("at_us", high=1 << 62)
    )


def enrolled_fact(client: Client) -> Fact:
    document: dict[str, Document] = {
        "id": client.client_id,
        "secret_hash": format_octets(client.secret_hash),
    }
    if client.device is not None:
        document["device"] = format_octets(client.device)
    return Fact(FactKind.VEN_ENROLLED.value, b"", canonical_json(document))


def parse_enrolled(stored: Stored) -> Client:
    what = f"fact {stored.sequence}"
    fields = Fields(parse_document(stored.fact.body, limit=_HEAD_LIMIT, what=what), what)
    device = fields.octets("device", 32) if fields.has("device") else None
    return Client(fields.text("id"), Role.VEN, fields.octets("secret_hash", 32), device)
