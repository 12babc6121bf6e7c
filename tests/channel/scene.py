"""One home and its hub: keys, terms, bills that chain, promises signed for real."""

from dataclasses import replace

from coincurve import PrivateKey

from gridplus.channel import (
    Acknowledge,
    Bill,
    BillChecked,
    Billed,
    ChainSeen,
    ChannelView,
    Counters,
    Credit,
    CreditStored,
    Metered,
    Payee,
    Payer,
    Refusal,
    Step,
    Terms,
    Voucher,
    VoucherReceived,
    VoucherSigned,
    VoucherStored,
    open_payee,
    open_payer,
    step_payee,
    step_payer,
)
from gridplus.channel.payee import PayeeRefusal
from gridplus.channel.payee_moves import PayeeFact, PayeeStep
from gridplus.channel.payer import PayerRefusal
from gridplus.channel.payer_moves import PayerFact, PayerStep
from gridplus.contracts.word import ChannelWord
from gridplus.digest import keccak256
from gridplus.units import SETTLEMENT_INTERVAL_S, UBOLT_PER_BOLT, Interval
from gridplus.wallet import (
    Address,
    Cfg,
    Domain,
    address_of,
    credit_digest,
    vault_domain,
    voucher_digest,
)

BOLT = UBOLT_PER_BOLT
TODAY = 18_673
START_S = TODAY * 86_400
LATER_S = START_S + 86_400
UNSIGNED_LIMIT = 10 * BOLT
UNPOSTED_LIMIT = 5 * BOLT


class Key:
    """A secp256k1 account made from a name."""

    def __init__(self, name: str) -> None:
        self._key = PrivateKey(keccak256(name.encode()))
        self.address: Address = address_of(self._key.public_key.format(compressed=False)[1:])

    def sign(self, digest: bytes) -> bytes:
        """64 bytes, EIP-2098 compact."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        s = int.from_bytes(signature[32:64], "big") | signature[64] << 255
        return signature[:32] + s.to_bytes(32, "big")


HOME, HUB, MALLORY = Key("home"), Key("hub"), Key("mallory")
DOMAIN = vault_domain(1, Address(b"\x11" * 20))
OTHER_CHAIN = vault_domain(2, Address(b"\x11" * 20))
OTHER_VAULT = vault_domain(1, Address(b"\x22" * 20))
CFG = Cfg(b"\x07" * 30 + (20).to_bytes(2, "big"))
TERMS = Terms(DOMAIN, CFG, HOME.address, HUB.address)
WORD = ChannelWord(
    deposited=100 * BOLT, spent=0, earned=0, withdrawn=0,
    cap_day=TODAY - 1, daily_cap=20, exit_hour=0, op_nonce=0,
)  # fmt: skip
LEAVING = replace(WORD, exit_hour=(TODAY + 14) * 24)


def seen(word: ChannelWord = WORD, *, today: int = TODAY, block: int = 1) -> ChainSeen:
    return ChainSeen(ChannelView(word, today), block)


def interval(n: int) -> Interval:
    return Interval(START_S + n * SETTLEMENT_INTERVAL_S, SETTLEMENT_INTERVAL_S)


def bill(previous: Bill, n: int, *, spent: int, earned: int = 0) -> Bill:
    """The bill of interval `n` that asks for these cumulative counters (µBOLT)."""
    head = keccak256(previous.head + n.to_bytes(4, "big") + bytes(f"{spent}/{earned}", "ascii"))
    return Bill(interval(n), previous.head, head, Counters(spent, earned))


def voucher(
    spent: int, earned: int = 0, *, key: Key = HOME, domain: Domain = DOMAIN, cfg: Cfg = CFG
) -> Voucher:
    digest = voucher_digest(domain, cfg, spent=spent, earned=earned)
    return Voucher(cfg, spent, earned, key.sign(digest))


def credit(head: bytes, earned: int, *, key: Key = HUB, domain: Domain = DOMAIN) -> Credit:
    digest = credit_digest(domain, TERMS.channel, earned=earned, bill_head=head)
    return Credit(TERMS.channel, earned, head, key.sign(digest))


def new_payee(word: ChannelWord = WORD) -> Payee:
    return open_payee(TERMS, seen(word), unsigned_limit_ubolt=UNSIGNED_LIMIT)


def new_payer(word: ChannelWord = WORD) -> Payer:
    return open_payer(TERMS, seen(word), unposted_limit_ubolt=UNPOSTED_LIMIT)


def hub_step(state: Payee, *facts: PayeeFact, now_s: int = LATER_S) -> PayeeStep:
    """Feed facts that must all be taken; the effects are those of the last."""
    step: PayeeStep = Step(state)
    for fact in facts:
        answer = step_payee(step.state, fact, now_s=now_s)
        assert isinstance(answer, Step), (fact, answer)
        step = answer
    return step


def hub_refuses(state: Payee, fact: PayeeFact, *, now_s: int = LATER_S) -> PayeeRefusal:
    answer = step_payee(state, fact, now_s=now_s)
    assert isinstance(answer, Refusal), answer
    return answer.reason


def agent_step(state: Payer, *facts: PayerFact, now_s: int = LATER_S) -> PayerStep:
    step: PayerStep = Step(state)
    for fact in facts:
        answer = step_payer(step.state, fact, now_s=now_s)
        assert isinstance(answer, Step), (fact, answer)
        step = answer
    return step


def agent_refuses(state: Payer, fact: PayerFact, *, now_s: int = LATER_S) -> PayerRefusal:
    answer = step_payer(state, fact, now_s=now_s)
    assert isinstance(answer, Refusal), answer
    return answer.reason


def billed(state: Payee, n: int, *, spent: int, earned: int = 0) -> Payee:
    """Interval `n` metered and billed, its credit stored if `earned` rose."""
    made = bill(state.bill, n, spent=spent, earned=earned)
    state = hub_step(state, Metered(interval(n)), Billed(made)).state
    if earned > state.credited:
        state = hub_step(state, CreditStored(credit(made.head, earned))).state
    return state


def stored(state: Payee, spent: int, earned: int = 0) -> Payee:
    """A voucher received and made durable."""
    promise = voucher(spent, earned)
    step = hub_step(state, VoucherReceived(promise), VoucherStored(promise))
    assert Acknowledge(promise.counters) in step.effects
    return step.state


def checked(previous: Bill, n: int, *, spent: int, earned: int = 0) -> BillChecked:
    """A bill the agent agrees with, with the hub's credit for it if it gives any."""
    made = bill(previous, n, spent=spent, earned=earned)
    return BillChecked(made, credit(made.head, earned) if earned else None, None)


def signed(state: Payer) -> Payer:
    """The agent after its key store signed for the newest bill."""
    asked = state.bill.counters
    promise = voucher(asked.spent_ubolt, asked.earned_ubolt)
    return agent_step(state, VoucherSigned(promise)).state
