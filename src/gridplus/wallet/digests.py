"""EIP-712 digests of everything that is signed with a secp256k1 key. Never signs.

Each struct is spelled once, as the contract spells it; integers travel as 32-byte words. Source:
EIP-712, EIP-3009; DESIGN, "EIP-712".
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from gridplus.digest import keccak256
from gridplus.failures import InputError
from gridplus.units import U48_MAX
from gridplus.wallet.names import Address, Cfg, ChannelId

_DOMAIN = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_VOUCHER = keccak256(b"Voucher(bytes32 cfg,uint48 spent,uint48 earned)")
_VOUCHER_STRUCT = struct.Struct(">32s32s24xQ24xQ")
_CREDIT = keccak256(b"Credit(bytes32 channel,uint48 earned,bytes32 billHead)")
_BILL_GROUP = keccak256(b"BillGroup(bytes32 root,uint32 count,uint64 closedAt)")
_RECEIVE = keccak256(
    b"ReceiveWithAuthorization(address from,address to,uint256 value,"
    b"uint256 validAfter,uint256 validBefore,bytes32 nonce)"
)
_RESERVE = keccak256(b"Reserve(uint64 time,uint128 supplySeen,uint128 reserve)")


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature counts: one chain, one contract."""

    chain_id: int
    contract: Address
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Authorization:
    """An EIP-3009 promise: `receiver` may pull `value_ubolt` once, within two instants.

    The instants are exclusive: valid while `valid_after_s` < now < `valid_before_s`.
    """

    payer: Address
    receiver: Address
    value_ubolt: int
    valid_after_s: int
    valid_before_s: int
    nonce: bytes


@lru_cache(maxsize=256)
def domain_separator(domain: Domain) -> bytes:
    """32 bytes, equal to the contract's DOMAIN_SEPARATOR()."""
    name, version = keccak256(domain.name.encode()), keccak256(domain.version.encode())
    contract = bytes(12) + domain.contract
    return keccak256(_DOMAIN + name + version + _uint(domain.chain_id, 256) + contract)


def vault_domain(chain_id: int, vault: Address) -> Domain:
    """The domain of vouchers, credits and bill groups."""
    return Domain(chain_id, vault, "Grid+ Vault", "1")


def bolt_domain(chain_id: int, bolt: Address) -> Domain:
    """The domain of token authorizations and reserve attestations."""
    return Domain(chain_id, bolt, "BOLT", "1")


def anchor_domain(chain_id: int, anchor: Address) -> Domain:
    """The domain of what a retailer publishes."""
    return Domain(chain_id, anchor, "Grid+ Anchor", "1")


def published_prices_digest(domain: Domain, prices: bytes, *, period: int) -> bytes:
    """What the publisher signs when it announces the price version `prices` (its digest) of the
    day `period`, counted since 1970."""
    spelled = "PublishedPrices(bytes32 prices,uint64 period)"
    return struct_digest(domain, spelled, values=(prices, period))


def voucher_digest(domain: Domain, cfg: Cfg, *, spent: int, earned: int) -> bytes:
    """What the voucher key signs: up to `spent`, given that it is credited `earned` (µBOLT)."""
    if len(cfg) == 32 and 0 <= spent <= U48_MAX and 0 <= earned <= U48_MAX:
        return _digest(domain, _VOUCHER_STRUCT.pack(_VOUCHER, cfg, spent, earned))
    return _digest(domain, _VOUCHER + _word(cfg) + _uint(spent, 48) + _uint(earned, 48))


def credit_digest(domain: Domain, channel: ChannelId, *, earned: int, bill_head: bytes) -> bytes:
    """What the hub signs when a home has `earned` (µBOLT) by the bill chain up to `bill_head`."""
    return _digest(domain, _CREDIT + _word(channel) + _uint(earned, 48) + _word(bill_head))


def bill_group_digest(domain: Domain, root: bytes, *, count: int, closed_at_s: int) -> bytes:
    """What the hub signs once for a group of `count` new bill heads under a Merkle `root`."""
    return _digest(domain, _BILL_GROUP + _word(root) + _uint(count, 32) + _uint(closed_at_s, 64))


def order_notice_digest(
    domain: Domain, channel: ChannelId, *, order_type: bytes, nonce: int, signs_at_s: int
) -> bytes:
    """What the hub signs when it tells owner and guardian what two keys want; `order_type` is the
    hash of the order's EIP-712 type."""
    spelled = "OrderNotice(bytes32 channel,bytes32 orderType,uint8 nonce,uint64 signsAt)"
    return struct_digest(domain, spelled, values=(channel, order_type, nonce, signs_at_s))


def ask_word_digest(domain: Domain, channel: ChannelId, *, asked_at_s: int) -> bytes:
    """What owner, guardian or device signs to be told where the home's channel stands."""
    spelled = "AskWord(bytes32 channel,uint64 time)"
    return struct_digest(domain, spelled, values=(channel, asked_at_s))


def receive_authorization_digest(domain: Domain, authorization: Authorization) -> bytes:
    """What a token holder signs so that the receiver, and nobody else, may pull the value."""
    a = authorization
    names = bytes(12) + a.payer + bytes(12) + a.receiver
    numbers = b"".join(_uint(n, 256) for n in (a.value_ubolt, a.valid_after_s, a.valid_before_s))
    return _digest(domain, _RECEIVE + names + numbers + _word(a.nonce))


def reserve_attestation_digest(
    domain: Domain, *, time_s: int, supply_seen: int, reserve: int
) -> bytes:
    """What the reserve attestor signs: at `time_s` it saw this supply and this reserve (µBOLT)."""
    return _digest(
        domain, _RESERVE + _uint(time_s, 64) + _uint(supply_seen, 128) + _uint(reserve, 128)
    )


def struct_digest(domain: Domain, spelled: str, *, values: Sequence[bytes | int]) -> bytes:
    """The digest of a struct spelled like 'SetCap(bytes32 channel,uint16 dailyCap)'.

    Its members are uintN, address and bytes32. Raises InputError when a value does not fit.
    """
    members = spelled[spelled.index("(") + 1 : -1].split(",")
    words = [
        _member(member.split()[0], value) for member, value in zip(members, values, strict=True)
    ]
    return _digest(domain, keccak256(spelled.encode()) + b"".join(words))


def _member(kind: str, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return _uint(value, int(kind.removeprefix("uint")))
    return _word(bytes(12) + value if kind == "address" else value)


def _digest(domain: Domain, words: bytes) -> bytes:
    return keccak256(b"\x19\x01" + domain_separator(domain) + keccak256(words))


def _uint(value: int, bits: int) -> bytes:
    if not 0 <= value < 1 << bits:
        raise InputError(f"{value} does not fit an unsigned integer of {bits} bits")
    return value.to_bytes(32, "big")


def _word(value: bytes) -> bytes:
    if len(value) != 32:
        raise InputError(f"a hash has 32 bytes, not {len(value)}")
    return value
