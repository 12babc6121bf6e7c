"""An order: one thing that a home decides, with the signatures it has so far, in one file.

Two people who are never in one room pass it on: one writes and signs it, the other reads it in
words and signs, anybody sends it. The vault takes an order with two of the home's keys, and with
the hub's where it moves money at once. Each order is one EIP-712 struct (`wallet.actions`).
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from enum import Enum
from typing import Final, TypeAlias

from gridplus.contracts import home_calls
from gridplus.digest import Document, canonical_json, parse_document
from gridplus.failures import InputError, invariant
from gridplus.tariff import ChannelIdentity, Fields, format_octets, identity_document, identity_from
from gridplus.wallet import (
    Action,
    Address,
    CancelExit,
    Close,
    Rotate,
    SetCap,
    StartExit,
    action_digest,
    is_signed_by,
    verify_device,
)
from gridplus.wire.orders import ACTIONS, ROLES, action_document, action_from, kind_of

ORDER_FORMAT: Final = "gridplus.order/1"
HUB: Final = "hub"
Signature: TypeAlias = bytes
_LIMIT = 16_384


class OrderRefused(Enum):
    """Why a signature is not added, or an order is not sent."""

    NOT_OF_THIS_HOME = "the key is not the owner's, the guardian's, the device's or the hub's"
    SIGNATURE_IS_BAD = "a signature of the order is not by the key whose place it takes"
    ONE_KEY_IS_NOT_TWO = "two of owner, guardian and device must sign"
    HUB_MUST_SIGN = "the retailer's hub must sign this order too"
    EXPIRED = "the order is void: it was to be sent before it expired"
    OUTDATED = "the order is void: another order of this home was sent since it was written"


@dataclass(frozen=True, slots=True)
class Order:
    """What a home decides, for which channel, and who has signed it ('owner', 'guardian',
    'device', 'hub'). The signatures of keys have 64 bytes."""

    identity: ChannelIdentity
    action: Action
    signatures: Mapping[str, Signature] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return kind_of(self.action)

    @property
    def digest(self) -> bytes:
        """32 bytes: what is signed."""
        return action_digest(self.identity.domain, self.action)

    @property
    def needs_hub(self) -> bool:
        return isinstance(self.action, Close | Rotate | SetCap)

    def signed(self, role: str, signature: Signature) -> "Order":
        """The order with one more signature."""
        return replace(self, signatures={**self.signatures, role: signature})

    def role_of(self, signer: bytes, *, hub: Address) -> str | None:
        """Whose place a signature by `signer` takes: an address, or a device's public key."""
        descriptor = self.identity.descriptor
        places = {
            descriptor.owner: "owner",
            descriptor.guardian: "guardian",
            descriptor.device_key: "device",
            hub: HUB,
        }
        return places.get(signer)

    def refusal(self, *, nonce: int, hub: Address, now_s: int) -> OrderRefused | None:
        """Why the vault would not take it now, whose channel has `nonce` and whose hub is `hub`.

        Owners and guardians that are contracts sign in ways that only the chain can judge: their
        signatures are not looked at.
        """
        if now_s > self.action.valid_until_s:
            return OrderRefused.EXPIRED
        if nonce != self.action.nonce:
            return OrderRefused.OUTDATED
        if len(set(self.signatures) & set(ROLES)) < 2:
            return OrderRefused.ONE_KEY_IS_NOT_TWO
        if self.needs_hub and HUB not in self.signatures:
            return OrderRefused.HUB_MUST_SIGN
        if not all(self._is_good(role, hub=hub) for role in self.signatures):
            return OrderRefused.SIGNATURE_IS_BAD
        return None

    def calldata(self) -> bytes:
        """What the vault is called with, by anybody."""
        home, action, by = self._home(), self.action, self._pair()
        until_s = action.valid_until_s
        if isinstance(action, StartExit):
            return home_calls.start_exit_by_two(home, action.to, valid_until_s=until_s, by=by)
        if isinstance(action, CancelExit):
            return home_calls.cancel_exit_by_two(home, valid_until_s=until_s, by=by)
        hub = self.signatures[HUB]
        if isinstance(action, SetCap):
            return home_calls.set_cap(
                home, action.daily_cap, valid_until_s=until_s, signature=hub, by=by
            )
        final = home_calls.Final(action.spent, action.earned, until_s, hub)
        if isinstance(action, Close):
            return home_calls.close_by_two(home, final, by=by)
        return home_calls.rotate(home, action.voucher_key, cfg=action.cfg, final=final, by=by)

    def document(self) -> dict[str, Document]:
        return {
            "format": ORDER_FORMAT,
            **identity_document(self.identity),
            "kind": self.kind,
            "order": action_document(self.action),
            "signatures": {role: format_octets(s) for role, s in self.signatures.items()},
        }

    def to_bytes(self) -> bytes:
        return canonical_json(self.document()) + b"\n"

    def _home(self) -> home_calls.Home:
        who = self.identity
        return home_calls.Home(who.voucher_key, who.cfg, who.descriptor.encoded)

    def _pair(self) -> home_calls.Pair:
        two = [
            (role, self.signatures[name]) for name, role in ROLES.items() if name in self.signatures
        ]
        invariant(len(two) >= 2, "an order that is sent has two signatures")
        (first_role, first), (second_role, second) = two[:2]
        return home_calls.Pair(int(first_role | second_role), first, second)

    def _is_good(self, role: str, *, hub: Address) -> bool:
        signature, descriptor = self.signatures[role], self.identity.descriptor
        if role == "device":
            return verify_device(descriptor.device_key, self.digest, signature=signature)
        if len(signature) != 64:
            return role != HUB
        by = {"owner": descriptor.owner, "guardian": descriptor.guardian, HUB: hub}[role]
        return is_signed_by(by, self.digest, signature=signature)


def parse_order(data: bytes, *, what: str) -> Order:
    """The inverse of `Order.to_bytes`. Raises InputError that names `what` and the field."""
    fields = Fields(parse_document(data, limit=_LIMIT, what=what), what)
    if fields.text("format") != ORDER_FORMAT:
        raise InputError(f"{what} holds no order of a home (format {ORDER_FORMAT})")
    identity = identity_from(fields)
    kind = fields.choice("kind", ACTIONS)
    action = action_from(kind, fields.object("order"), channel=identity.channel)
    signatures = fields.object("signatures")
    taken = {role: signatures.octets(role, 64) for role in (*ROLES, HUB) if signatures.has(role)}
    signatures.close()
    fields.close()
    return Order(identity, action, taken)


def typed_data(order: Order) -> dict[str, object]:
    """The order as `eth_signTypedData_v4` takes it, so that any wallet shows it field by field.

    Source: EIP-712, "Definition of typed structured data".
    """
    name, _, members = order.action.TYPE.removesuffix(")").partition("(")
    pairs = [member.split(" ") for member in members.split(",")]
    domain = order.identity.domain
    shown = {
        field_name: format_octets(value) if isinstance(value, bytes) else value
        for (_, field_name), value in zip(pairs, astuple(order.action), strict=True)
    }
    return {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            name: [{"name": field_name, "type": kind} for kind, field_name in pairs],
        },
        "primaryType": name,
        "domain": {
            "name": domain.name,
            "version": domain.version,
            "chainId": domain.chain_id,
            "verifyingContract": format_octets(domain.contract),
        },
        "message": shown,
    }
