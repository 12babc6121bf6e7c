"""What a home asks the hub to sign: to close, to move to new keys, to change its cap.

Also what owner and guardian are told before the hub signs what not all three keys want.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Self, TypeAlias

from gridplus.channel import Counters
from gridplus.digest import Document, keccak256
from gridplus.failures import InputError
from gridplus.tariff import ChannelIdentity, Fields, format_octets, identity_document, identity_from
from gridplus.units import U48_MAX
from gridplus.wallet import (
    MAX_DAILY_CAP,
    Action,
    Address,
    CancelExit,
    Cfg,
    ChannelId,
    Close,
    Descriptor,
    Domain,
    Role,
    Rotate,
    SetCap,
    StartExit,
    ask_word_digest,
    channel_id,
    is_signed_by,
    order_notice_digest,
    verify_device,
)
from gridplus.wire.channels import read_counters
from gridplus.wire.message import Message

HubAction: TypeAlias = Close | Rotate | SetCap
ACTIONS: Final[dict[str, type[Action]]] = {
    "exit": StartExit,
    "cancel-exit": CancelExit,
    "close": Close,
    "rotate": Rotate,
    "cap": SetCap,
}
HUB_ACTIONS: Final = ("close", "rotate", "cap")
"""What the vault takes only with the hub's signature."""
ROLES: Final = {"owner": Role.OWNER, "guardian": Role.GUARDIAN, "device": Role.DEVICE}
INSTANT_MAX = 1 << 40


def kind_of(action: Action) -> str:
    """'close' for a Close."""
    return next(name for name, kind in ACTIONS.items() if isinstance(action, kind))


def action_document(action: Action) -> dict[str, Document]:
    """Every field but the channel; `action_from` takes them again."""
    values = {name: getattr(action, name) for name in action.__slots__ if name != "channel"}
    return {
        name: format_octets(value) if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def action_from(kind: str, fields: Fields, *, channel: ChannelId) -> Action:
    """An action of the kind that a key of `ACTIONS` names. Raises InputError with the field."""
    nonce = fields.integer("nonce", high=255)
    until_s = fields.integer("valid_until_s", high=INSTANT_MAX)
    action: Action
    if kind == "exit":
        action = StartExit(channel, Address(fields.octets("to", 20)), nonce, until_s)
    elif kind == "cancel-exit":
        action = CancelExit(channel, nonce, until_s)
    elif kind == "cap":
        action = SetCap(channel, fields.integer("daily_cap", high=MAX_DAILY_CAP), nonce, until_s)
    else:
        spent, earned = (fields.integer(name, high=U48_MAX) for name in ("spent", "earned"))
        if kind == "close":
            action = Close(channel, spent, earned, nonce, until_s)
        else:
            key, cfg = Address(fields.octets("voucher_key", 20)), Cfg(fields.octets("cfg", 32))
            action = Rotate(channel, key, cfg, spent, earned, nonce, until_s)
    fields.close()
    return action


def is_into(action: Rotate, successor: ChannelIdentity) -> bool:
    """Whether the rotation moves a home into this channel."""
    return channel_id(action.voucher_key, action.cfg) == successor.channel


def _octets_or_none(value: bytes | None) -> str | None:
    return None if value is None else format_octets(value)


@dataclass(frozen=True, slots=True)
class AskOrder(Message):
    """An order with the signatures of two or three of the home's keys, by the name of the role
    ('owner', 'guardian', 'device'; 64 bytes each), for the hub to sign. `successor` opens what a
    rotation names by a hash alone: who the home's keys will be."""

    action: HubAction
    signatures: Mapping[str, bytes]
    successor: ChannelIdentity | None = None
    KIND: ClassVar[str] = "gridplus.ask-order/1"

    @property
    def channel(self) -> ChannelId:
        return self.action.channel

    def document(self) -> dict[str, Document]:
        return {
            "channel": format_octets(self.channel),
            "order_kind": kind_of(self.action),
            "order": action_document(self.action),
            "successor": None if self.successor is None else identity_document(self.successor),
            **{f"{role}_signature": _octets_or_none(self.signatures.get(role)) for role in ROLES},
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        channel = ChannelId(fields.octets("channel", 32))
        kind = fields.choice("order_kind", HUB_ACTIONS)
        action = action_from(kind, fields.object("order"), channel=channel)
        if not isinstance(action, HubAction):
            raise InputError(f"{fields.where}.order_kind: the hub does not sign {kind!r}")
        found = {role: fields.octets_or_none(f"{role}_signature", 64) for role in ROLES}
        signatures = {role: signed for role, signed in found.items() if signed is not None}
        inner = fields.object_or_none("successor")
        if inner is None:
            return cls(action, signatures)
        successor = identity_from(inner)
        inner.close()
        if not isinstance(action, Rotate) or not is_into(action, successor):
            fields.fail("successor", "is not the channel that the order names; correct it")
        return cls(action, signatures, successor)


@dataclass(frozen=True, slots=True)
class OrderAnswer(Message):
    """The hub's signature under an order; or None, and when to ask again: owner and guardian were
    told of the close, and the hub signs it no earlier."""

    channel: ChannelId
    nonce: int
    signs_at_s: int
    signature: bytes | None
    KIND: ClassVar[str] = "gridplus.order-answer/1"

    def document(self) -> dict[str, Document]:
        return {
            "channel": format_octets(self.channel),
            "nonce": self.nonce,
            "signs_at_s": self.signs_at_s,
            "hub_signature": _octets_or_none(self.signature),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            ChannelId(fields.octets("channel", 32)),
            fields.integer("nonce", high=255),
            fields.integer("signs_at_s", high=INSTANT_MAX),
            fields.octets_or_none("hub_signature", 64),
        )


@dataclass(frozen=True, slots=True)
class AskWord(Message):
    """At which pair the home could be closed now: asked by one of its keys, whose `role` signs
    channel and instant."""

    channel: ChannelId
    asked_at_s: int
    role: str
    signature: bytes
    KIND: ClassVar[str] = "gridplus.ask-word/1"

    def document(self) -> dict[str, Document]:
        return {
            "channel": format_octets(self.channel),
            "asked_at_s": self.asked_at_s,
            "role": self.role,
            "signature": format_octets(self.signature),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            ChannelId(fields.octets("channel", 32)),
            fields.integer("asked_at_s", high=INSTANT_MAX),
            fields.choice("role", ROLES),
            fields.octets("signature", 64),
        )

    def is_signed(self, descriptor: Descriptor, *, domain: Domain) -> bool:
        """Whether the key that `role` names in the home's descriptor signed it."""
        digest = ask_word_digest(domain, self.channel, asked_at_s=self.asked_at_s)
        if self.role == "device":
            return verify_device(descriptor.device_key, digest, signature=self.signature)
        by = descriptor.owner if self.role == "owner" else descriptor.guardian
        return is_signed_by(by, digest, signature=self.signature)


@dataclass(frozen=True, slots=True)
class FinalWord(Message):
    """The newest bill of a home: its counters are the only pair that the hub signs for a close."""

    channel: ChannelId
    final: Counters
    head: bytes
    KIND: ClassVar[str] = "gridplus.final-word/1"

    def document(self) -> dict[str, Document]:
        return {
            "channel": format_octets(self.channel),
            "spent_ubolt": self.final.spent_ubolt,
            "earned_ubolt": self.final.earned_ubolt,
            "head": format_octets(self.head),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        channel = ChannelId(fields.octets("channel", 32))
        return cls(channel, read_counters(fields), fields.octets("head", 32))


@dataclass(frozen=True, slots=True)
class OrderNotice(Message):
    """What owner and guardian are told: two keys want to close the account, or to move it to a
    new owner or guardian; which two, and from when on the hub signs that. The hub's signature says
    that it is no hoax."""

    channel: ChannelId
    owner: Address
    guardian: Address
    order_kind: str
    asked_by: tuple[str, ...]
    nonce: int
    signs_at_s: int
    signature: bytes
    KIND: ClassVar[str] = "gridplus.order-notice/1"

    def document(self) -> dict[str, Document]:
        return {
            "channel": format_octets(self.channel),
            "owner": format_octets(self.owner),
            "guardian": format_octets(self.guardian),
            "order_kind": self.order_kind,
            "asked_by": list(self.asked_by),
            "nonce": self.nonce,
            "signs_at_s": self.signs_at_s,
            "signature": format_octets(self.signature),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            ChannelId(fields.octets("channel", 32)),
            Address(fields.octets("owner", 20)),
            Address(fields.octets("guardian", 20)),
            fields.choice("order_kind", HUB_ACTIONS),
            tuple(fields.texts("asked_by", limit=len(ROLES))),
            fields.integer("nonce", high=255),
            fields.integer("signs_at_s", high=INSTANT_MAX),
            fields.octets("signature", 64),
        )

    def is_signed_by(self, hub: Address, *, domain: Domain) -> bool:
        """Whether `hub` signed it: channel, kind, nonce and instant are its word."""
        return is_signed_by(hub, self.digest(domain), signature=self.signature)

    def digest(self, domain: Domain) -> bytes:
        """32 bytes: what the hub signs."""
        order_type = keccak256(ACTIONS[self.order_kind].TYPE.encode())
        return order_notice_digest(
            domain,
            self.channel,
            order_type=order_type,
            nonce=self.nonce,
            signs_at_s=self.signs_at_s,
        )
