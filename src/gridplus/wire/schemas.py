"""What the messages between home and hub look like, as JSON schemas (OpenAPI 3.0).

A schema says the shape; the parsers in this room say more (one spelling, who signed) and have the
last word. A test holds both together: every message fits its schema.
"""

from typing import Any, TypeAlias

from gridplus.tariff import Cause, Code, Hand
from gridplus.units import SETTLEMENT_INTERVAL_S, U48_MAX
from gridplus.wallet import MAX_DAILY_CAP
from gridplus.wire.batches import BATCH_ITEMS, BatchAnswer, SubmitBatch
from gridplus.wire.channels import HOST, PORT_MAX, ChannelStatus, OpenChannel, StreamPlace
from gridplus.wire.joining import JoinRequest, RequestJoined
from gridplus.wire.message import Message
from gridplus.wire.orders import (
    HUB_ACTIONS,
    INSTANT_MAX,
    ROLES,
    AskOrder,
    AskWord,
    FinalWord,
    OrderAnswer,
)
from gridplus.wire.payments import (
    Acknowledgement,
    BillOffer,
    RefusalMessage,
    SubmitRead,
    SubmitVoucher,
)
from gridplus.wire.records import BilledDay, Channels
from gridplus.wire.restating import FetchRestatement, OrderRestatement, RestatementOffer

Schema: TypeAlias = dict[str, Any]

U48: Schema = {"type": "integer", "minimum": 0, "maximum": U48_MAX}
PRICE: Schema = {"type": "integer", "minimum": 0, "maximum": 1 << 40}
SECONDS: Schema = {"type": "integer", "minimum": 0, "maximum": 1 << 33}
_U32: Schema = {"type": "integer", "minimum": 0, "maximum": (1 << 32) - 1}
_START: Schema = {**SECONDS, "multipleOf": SETTLEMENT_INTERVAL_S}
_LENGTH: Schema = {"type": "integer", "enum": [SETTLEMENT_INTERVAL_S]}
_EXACT: Schema = {
    "type": "string",
    "pattern": "^(0|[1-9][0-9]{0,39})$",
    "description": "aBOLT, 1e-18 BOLT",
}


def octets(size: int, *, zero: bool = True) -> Schema:
    """`size` bytes as lowercase hex after 0x; with `zero` false, not all of them zero."""
    guard = "" if zero else f"(?!0{{{2 * size}}}$)"
    return {"type": "string", "pattern": f"^0x{guard}[0-9a-f]{{{2 * size}}}$"}


def closed(**properties: Schema) -> Schema:
    """An object of exactly these fields."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def or_null(schema: Schema) -> Schema:
    return {**schema, "nullable": True}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_CHANNEL, _SIGNATURE = octets(32), octets(64)
_COUNTERS: dict[str, Schema] = {"spent_ubolt": U48, "earned_ubolt": U48}
_READ: dict[str, Schema] = {
    "start_s": _START,
    "length_s": _LENGTH,
    "import_wh": U48,
    "export_wh": U48,
    "register_import_wh": U48,
    "register_export_wh": U48,
}
_MONTH = or_null(
    closed(
        month={"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"},
        since_s=SECONDS,
        import_wh=U48,
        export_wh=U48,
        memory={"type": "object", "additionalProperties": _list({"type": "integer"})},
    )
)
_NONCE: Schema = {"type": "integer", "minimum": 0, "maximum": 255}
_INSTANT: Schema = {"type": "integer", "minimum": 0, "maximum": INSTANT_MAX}
_CAP: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_DAILY_CAP}
_TERMS: dict[str, Schema] = {"nonce": _NONCE, "valid_until_s": _INSTANT}
_FINAL_PAIR: dict[str, Schema] = {"spent": U48, "earned": U48}
_STATEMENT = closed(
    channel=_CHANNEL,
    **_READ,
    plan=octets(32),
    prices=octets(32),
    given=or_null(
        closed(
            called=or_null(closed(request=octets(32), baseline_wh=U48, reward_ubolt_per_mwh=PRICE)),
            waived_wh=U48,
        )
    ),
    month_before=_MONTH,
    lines=_list(
        closed(
            code={"type": "string", "enum": [code.value for code in Code]},
            quantity_wh=U48,
            price_ubolt_per_mwh={"type": "integer", "minimum": 0},
            amount_abolt=_EXACT,
        )
    ),
    after=closed(charges_abolt=_EXACT, credits_abolt=_EXACT, month=_MONTH),
    **_COUNTERS,
    previous_head=octets(32),
)
_GROUP = closed(
    count=_U32,
    closed_at_s=SECONDS,
    path=_list(
        closed(hand={"type": "string", "enum": [hand.value for hand in Hand]}, hash=octets(32))
    ),
    signature=_SIGNATURE,
)
_IDENTITY: dict[str, Schema] = {
    "chain_id": U48,
    "vault": octets(20),
    "anchor": octets(20),
    "voucher_key": octets(20),
    "opening_cap_bolt": _CAP,
    "descriptor": closed(
        owner=octets(20, zero=False),
        guardian=octets(20, zero=False),
        device_x=octets(32, zero=False),
        device_y=octets(32, zero=False),
        salt=octets(32),
    ),
}
_SIGNED_EXACT: Schema = {**_EXACT, "pattern": "^(0|-?[1-9][0-9]{0,39})$"}
_RESTATEMENT = closed(
    channel=_CHANNEL,
    cause={"type": "string", "enum": [cause.value for cause in Cause]},
    decided_at_s=SECONDS,
    revisions=_list(
        closed(
            start_s=_START,
            length_s=_LENGTH,
            day={"type": "string", "format": "date"},
            replaces=octets(32),
            import_wh=U48,
            export_wh=U48,
            plan=octets(32),
            prices=or_null(octets(32)),
            waived={"type": "boolean"},
            deltas=_list(
                closed(
                    code={"type": "string", "enum": [code.value for code in Code]},
                    owed_abolt=_SIGNED_EXACT,
                )
            ),
        )
    ),
    month_before=_MONTH,
    after=closed(charges_abolt=_EXACT, credits_abolt=_EXACT, month=_MONTH),
    **_COUNTERS,
    previous_head=octets(32),
)
_RESTATED: dict[str, Schema] = {
    "restatement": _RESTATEMENT,
    "group": _GROUP,
    "credit_signature": or_null(_SIGNATURE),
    "voucher_signature": or_null(_SIGNATURE),
}
_REQUEST = closed(
    name={"type": "string", "minLength": 1},
    version=_U32,
    start_s=_START,
    end_s=_START,
    reward_ubolt_per_mwh=PRICE,
    baseline={"type": "string", "minLength": 1},
    signature=_SIGNATURE,
)
_SETTLED = closed(
    request=_REQUEST,
    join_signature=_SIGNATURE,
    group=_GROUP,
    reads=_list(closed(**_READ, signature=_SIGNATURE)),
)
_RECORD = closed(
    statement=_STATEMENT,
    read_signature=_SIGNATURE,
    group=_GROUP,
    credit_signature=or_null(_SIGNATURE),
    voucher_signature=or_null(_SIGNATURE),
)


def _any_of(*kinds: type[Message]) -> Schema:
    """References to other messages, told apart by their kind."""
    found = {kind.KIND: f"#/components/schemas/{kind.__name__}" for kind in kinds}
    return {
        "oneOf": [{"$ref": place} for place in found.values()],
        "discriminator": {"propertyName": "kind", "mapping": found},
    }


_FIELDS: dict[type[Message], dict[str, Schema]] = {
    OpenChannel: _IDENTITY,
    ChannelStatus: {"channel": _CHANNEL, **_COUNTERS, "head": octets(32)},
    StreamPlace: {"port": or_null({"type": "integer", "minimum": 1, "maximum": PORT_MAX})},
    SubmitRead: {"channel": _CHANNEL, **_READ, "signature": _SIGNATURE},
    BillOffer: {
        "statement": _STATEMENT,
        "group": _GROUP,
        "credit_signature": or_null(_SIGNATURE),
    },
    SubmitVoucher: {
        "channel": _CHANNEL,
        "cfg": octets(32),
        **_COUNTERS,
        "signature": _SIGNATURE,
    },
    Acknowledgement: {"channel": _CHANNEL, **_COUNTERS, "group": _GROUP},
    RefusalMessage: {
        "name": {"type": "string", "pattern": "^[A-Z][A-Z_]*$"},
        "sentence": {"type": "string", "minLength": 1},
        "newest": or_null(closed(**_COUNTERS)),
    },
    SubmitBatch: {
        "items": {
            **_list(_any_of(SubmitRead, SubmitVoucher)),
            "minItems": 1,
            "maxItems": BATCH_ITEMS,
        }
    },
    BatchAnswer: {"answers": _list(_any_of(BillOffer, Acknowledgement, RefusalMessage))},
    AskOrder: {
        "channel": _CHANNEL,
        "order_kind": {"type": "string", "enum": list(HUB_ACTIONS)},
        "order": {
            "oneOf": [
                closed(**_FINAL_PAIR, **_TERMS),
                closed(voucher_key=octets(20), cfg=octets(32), **_FINAL_PAIR, **_TERMS),
                closed(daily_cap=_CAP, **_TERMS),
            ]
        },
        "successor": or_null(closed(**_IDENTITY)),
        **{f"{role}_signature": or_null(_SIGNATURE) for role in ROLES},
    },
    OrderAnswer: {
        "channel": _CHANNEL,
        "nonce": _NONCE,
        "signs_at_s": _INSTANT,
        "hub_signature": or_null(_SIGNATURE),
    },
    AskWord: {
        "channel": _CHANNEL,
        "asked_at_s": _INSTANT,
        "role": {"type": "string", "enum": list(ROLES)},
        "signature": _SIGNATURE,
    },
    FinalWord: {"channel": _CHANNEL, **_COUNTERS, "head": octets(32)},
    FetchRestatement: {"channel": _CHANNEL, "after": octets(32), "signature": _SIGNATURE},
    RestatementOffer: _RESTATED,
    OrderRestatement: {
        "channel": _CHANNEL,
        "cause": {"type": "string", "enum": [cause.value for cause in Cause]},
        "decided_at_s": SECONDS,
        "intervals": _list(
            closed(
                start_s=_START,
                length_s=_LENGTH,
                energy=or_null(closed(import_wh=U48, export_wh=U48)),
                prices=or_null(octets(32)),
            )
        ),
    },
    BilledDay: {
        **_IDENTITY,
        "records": _list(_RECORD),
        "restatements": _list(closed(**_RESTATED)),
        "settled": _list(_SETTLED),
    },
    JoinRequest: {"channel": _CHANNEL, "request": _REQUEST, "signature": _SIGNATURE},
    RequestJoined: {"channel": _CHANNEL, "request": octets(32), "group": _GROUP},
    Channels: {"channels": _list(closed(**_IDENTITY))},
}

_OPTIONAL: dict[type[Message], dict[str, Schema]] = {
    StreamPlace: {"host": {"type": "string", "pattern": f"^{HOST.pattern}$"}}
}


def message_schemas() -> dict[str, Schema]:
    """Schemas by the name of the message's class."""
    return {
        message.__name__: _with_optional(
            closed(kind={"type": "string", "enum": [message.KIND]}, **fields),
            _OPTIONAL.get(message, {}),
        )
        for message, fields in _FIELDS.items()
    }


def _with_optional(schema: Schema, fields: dict[str, Schema]) -> Schema:
    return {**schema, "properties": {**schema["properties"], **fields}}
