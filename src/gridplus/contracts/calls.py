"""Calldata of every call that services make, and the code that deploys the three contracts.

Addresses are 20 bytes, hashes 32, signatures 64 (EIP-2098), money µBOLT. A function that changes
state returns calldata; one that asks returns a `View`. What each does is said in the .vyi files.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_abi.abi import encode

from gridplus.contracts.abi import View, call_data, decode_values, selector, view_of
from gridplus.contracts.artifacts import artifact
from gridplus.contracts.word import ChannelWord
from gridplus.failures import invariant
from gridplus.units import U48_MAX

MAX_CLAIM_ITEMS = 200
ANCHOR_BILLS = 0
ANCHOR_PRICES = 1
MAX_CORRECTED_VERSION = 255
"""A later version of a day's prices is anchored under its own number as a kind, from 2 on."""
UNLIMITED = (1 << 256) - 1
"""The token allowance that a transfer does not lower."""


@dataclass(frozen=True, slots=True)
class ClaimItem:
    """A voucher as the vault takes it, with what the hub adds to the home's deposit."""

    cfg: bytes
    spent_ubolt: int
    earned_ubolt: int
    signature: bytes
    top_up_ubolt: int = 0

    def words(self) -> tuple[bytes, int, bytes, bytes]:
        """(cfg, top_up u48 << 96 | spent u48 << 48 | earned u48, r, vs)."""
        counters = 0
        for counter in (self.top_up_ubolt, self.spent_ubolt, self.earned_ubolt):
            invariant(0 <= counter <= U48_MAX, "a counter of a channel has 48 bits")
            counters = counters << 48 | counter
        return self.cfg, counters, *halves(self.signature)


@dataclass(frozen=True, slots=True)
class AuthorizedDeposit:
    """A deposit that `payer` signed for as EIP-3009, with the channel's `number`-th nonce."""

    voucher_key: bytes
    cfg: bytes
    amount_ubolt: int
    payer: bytes
    number: int
    valid_after_s: int
    valid_before_s: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What the treasurer has announced to take; `amount_ubolt` is 0 when there is no request."""

    amount_ubolt: int
    matures_at_s: int


@dataclass(frozen=True, slots=True)
class Replacement:
    """The hot key that the treasurer has announced; the zero address when there is no request."""

    hub: bytes
    matures_at_s: int


@dataclass(frozen=True, slots=True)
class AnchorEntry:
    """A root with its sums; `root` is 32 zero bytes when nothing is anchored."""

    root: bytes
    spent_ubolt: int
    earned_ubolt: int


# Deployment


def bolt_init_code(
    issuer: bytes, attestor: bytes, *, minter: bytes, minter_allowance: int
) -> bytes:
    """Deploys BOLT. The attestor is neither the issuer nor the minter."""
    types = ["address", "address", "address", "uint256"]
    arguments = encode(types, [issuer, attestor, minter, minter_allowance])
    return artifact("bolt").creation_code + arguments


def vault_init_code(token: bytes, *, hub: bytes, treasurer: bytes) -> bytes:
    """Deploys a vault for `token`. The treasurer is not the hub."""
    arguments = encode(["address"] * 3, [token, hub, treasurer])
    return artifact("vault").creation_code + arguments


def anchor_init_code() -> bytes:
    """Deploys an anchor."""
    return artifact("anchor").creation_code


# BOLT


def approve(spender: bytes, amount: int) -> bytes:
    return call_data("approve(address,uint256)", spender, amount)


def transfer(receiver: bytes, amount: int) -> bytes:
    return call_data("transfer(address,uint256)", receiver, amount)


def attest_reserve(time_s: int, *, supply_seen: int, reserve: int, signature: bytes) -> bytes:
    """`signature` is the attestor's over `wallet.reserve_attestation_digest`."""
    return call_data(
        "attest_reserve(uint64,uint128,uint128,bytes32,bytes32)",
        time_s,
        supply_seen,
        reserve,
        *halves(signature),
    )


def mint(receiver: bytes, amount: int) -> bytes:
    return call_data("mint(address,uint256)", receiver, amount)


def redeem(amount: int, payment_reference: bytes) -> bytes:
    return call_data("redeem(uint256,bytes32)", amount, payment_reference)


def mark_paid(redemption: int) -> bytes:
    return call_data("mark_paid(uint256)", redemption)


def set_minter(minter: bytes, allowance: int) -> bytes:
    return call_data("set_minter(address,uint256)", minter, allowance)


def set_attestor(attestor: bytes) -> bytes:
    return call_data("set_attestor(address)", attestor)


def balance_of(holder: bytes) -> View[int]:
    return view_of("balanceOf(address)", "uint256", holder)


def authorization_state(payer: bytes, nonce: bytes) -> View[bool]:
    """Whether an EIP-3009 nonce of `payer` was used or cancelled."""
    return view_of("authorizationState(address,bytes32)", "bool", payer, nonce)


def total_supply() -> View[int]:
    return view_of("totalSupply()", "uint256")


def mintable() -> View[int]:
    return view_of("mintable()", "uint256")


def attested_at() -> View[int]:
    return view_of("attested_at()", "uint256")


# Vault


def deposit(voucher_key: bytes, cfg: bytes, *, amount: int) -> bytes:
    return call_data("deposit(address,bytes32,uint256)", voucher_key, cfg, amount)


def deposit_with_authorization(deposit: AuthorizedDeposit) -> bytes:
    return call_data(
        "deposit_with_authorization"
        "(address,bytes32,uint256,address,uint256,uint256,uint256,bytes32,bytes32)",
        deposit.voucher_key,
        deposit.cfg,
        deposit.amount_ubolt,
        deposit.payer,
        deposit.number,
        deposit.valid_after_s,
        deposit.valid_before_s,
        *halves(deposit.signature),
    )


def fund_pool(amount: int) -> bytes:
    return call_data("fund_pool(uint256)", amount)


def claim(items: Sequence[ClaimItem], *, fund: int, seq: int) -> bytes:
    """At most 200 items. `fund` is the ceiling of what top-ups may pull; `seq` is next_seq()."""
    invariant(len(items) <= MAX_CLAIM_ITEMS, "a claim has at most 200 items")
    words = [item.words() for item in items]
    return call_data("claim((bytes32,uint256,bytes32,bytes32)[],uint256,uint256)", words, fund, seq)


def post_vouchers(items: Sequence[ClaimItem]) -> bytes:
    """At most 200 items, none with a top-up."""
    invariant(len(items) <= MAX_CLAIM_ITEMS, "a post has at most 200 items")
    words = [item.words() for item in items]
    return call_data("post_vouchers((bytes32,uint256,bytes32,bytes32)[])", words)


def post_credit(channel: bytes, *, earned: int, bill_head: bytes, signature: bytes) -> bytes:
    """`signature` is the hub's over `wallet.credit_digest`."""
    return call_data(
        "post_credit(bytes32,uint256,bytes32,bytes32,bytes32)",
        channel,
        earned,
        bill_head,
        *halves(signature),
    )


def request_withdrawal(amount: int) -> bytes:
    return call_data("request_withdrawal(uint256)", amount)


def cancel_withdrawal() -> bytes:
    return call_data("cancel_withdrawal()")


def finish_withdrawal() -> bytes:
    return call_data("finish_withdrawal()")


def request_hub(hub: bytes) -> bytes:
    return call_data("request_hub(address)", hub)


def cancel_hub() -> bytes:
    return call_data("cancel_hub()")


def finish_hub() -> bytes:
    return call_data("finish_hub()")


def channel_word(channel: bytes) -> View[ChannelWord]:
    ask = view_of("channel_word(bytes32)", "uint256", channel)
    return View(ask.calldata, lambda data: ChannelWord.unpack(ask.decode(data)))


def headroom(channel: bytes) -> View[int]:
    return view_of("headroom(bytes32)", "uint256", channel)


def cap_allowance(channel: bytes) -> View[int]:
    return view_of("cap_allowance(bytes32)", "uint256", channel)


def pool() -> View[int]:
    return view_of("pool()", "uint256")


def credit_allowance() -> View[int]:
    return view_of("credit_allowance()", "uint256")


def next_seq() -> View[int]:
    return view_of("next_seq()", "uint256")


def withdrawal() -> View[Withdrawal]:
    types = ["uint256", "uint256"]
    return View(selector("withdrawal()"), lambda data: Withdrawal(*decode_values(types, data)))


def replacement() -> View[Replacement]:
    types = ["address", "uint256"]
    return View(selector("replacement()"), lambda data: Replacement(*decode_values(types, data)))


def hub() -> View[bytes]:
    return view_of("hub()", "address")


def treasurer() -> View[bytes]:
    return view_of("treasurer()", "address")


def token() -> View[bytes]:
    return view_of("token()", "address")


def domain_separator() -> View[bytes]:
    """Of a vault or of BOLT."""
    return view_of("DOMAIN_SEPARATOR()", "bytes32")


# Anchor


def anchor(period: int, kind: int, *, root: bytes, spent: int = 0, earned: int = 0) -> bytes:
    """`period` is days since 1970-01-01 of the local operating day."""
    return call_data(
        "anchor(uint32,uint8,bytes32,uint128,uint128)", period, kind, root, spent, earned
    )


def price_anchors(version: int) -> tuple[int, ...]:
    """The kinds under which a price version of this number may be anchored: the first one of a day
    that was published, whatever its number, and a later one that corrects it."""
    if 1 < version <= MAX_CORRECTED_VERSION:
        return (ANCHOR_PRICES, version)
    return (ANCHOR_PRICES,)


def anchored(retailer: bytes, period: int, *, kind: int) -> View[AnchorEntry]:
    types = ["bytes32", "uint128", "uint128"]
    return View(
        call_data("anchored(address,uint32,uint8)", retailer, period, kind),
        lambda data: AnchorEntry(*decode_values(types, data)),
    )


def halves(signature: bytes) -> tuple[bytes, bytes]:
    """The two words of a compact signature."""
    invariant(len(signature) == 64, "a compact signature has 64 bytes")
    return signature[:32], signature[32:]
