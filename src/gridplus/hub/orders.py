"""What the hub signs with a home: to close, to move to new keys, to change the cap.

What pays a home out or gives it another owner or guardian is signed a day after both were told,
unless all three keys want it: who has stolen two keys must wait while the third, and whoever holds
a copy of a stolen one, can act. A new box is signed at once, and so is a cap. From a signature on
until the chain shows it, or it is void, nothing of that home is billed or acknowledged: it would be
missing from the final pair.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gridplus.channel import ChannelView
from gridplus.clock import Clock
from gridplus.contracts.word import DAY_S, ChannelWord
from gridplus.files import write_file
from gridplus.hub.book import Book
from gridplus.hub.facts import NoticeTold, OrderSigned, notice_fact, order_fact
from gridplus.hub.home import Home
from gridplus.hub.refusals import HubRefusal, Refused
from gridplus.hub.today import Today
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import (
    Domain,
    Rotate,
    SetCap,
    action_digest,
    is_signed_by_two,
)
from gridplus.wire import AskOrder, AskWord, FinalWord, OrderAnswer, OrderNotice
from gridplus.wire.orders import ROLES, is_into, kind_of

NOTICE_S: Final = DAY_S
"""From telling owner and guardian to a signature that only two of the keys want."""
NOTICE_LAPSES_S: Final = 7 * DAY_S
"""So long after it was told, a notice counts no more."""
ASKED_WITHIN_S: Final = 600
"""How far the instant in a question may be from our time."""
_LONGEST_S: Final = 7 * DAY_S


@dataclass(frozen=True, slots=True)
class NoticeFolder:
    """A folder from which the retailer's mail takes each notice: one file, one notice, durable.

    The name of a file is its instant, its channel and the nonce; the mail deletes what it has sent.
    """

    folder: Path

    def tell(self, notice: OrderNotice, *, at_s: int) -> None:
        """When it returns, they will be told. Raises StorageError when it cannot."""
        name = f"{at_s}-{notice.channel.hex()}-{notice.nonce}.json"
        write_file(self.folder / name, notice.to_bytes() + b"\n")


@dataclass(frozen=True, slots=True)
class OrderDesk:
    """Over a hub's book. Without a `herald` nobody can be told: what needs that takes all three
    keys."""

    key: Secp256k1Key
    domain: Domain
    clock: Clock
    book: Book
    today: Today
    herald: NoticeFolder | None

    async def sign(self, asked: AskOrder) -> OrderAnswer | Refused:
        """The hub's signature, durable before it is given; the same order is answered as the first
        time. Raises StorageError."""
        home = self.book.served(asked.channel)
        if isinstance(home, Refused):
            return home
        async with home.lock:
            await home.settled()
            await self.today.tell(home)
            now_s, digest = self.clock.now_s(), action_digest(self.domain, asked.action)
            if home.hold is not None and home.hold.digest == digest:
                return _answer(asked, home.hold.at_s, signature=home.hold.signature)
            reason = refusal(home, asked, digest=digest, now_s=now_s)
            if reason is not None:
                final = reason is HubRefusal.FINAL_DIFFERS
                return Refused(reason, home.payee.bill.counters if final else None)
            tell = not (len(asked.signatures) == len(ROLES) or is_at_once(home, asked))
            wait = tell and not _is_due(home, asked, now_s=now_s)
            return await (self._tell if wait else self._sign)(home, asked, now_s=now_s)

    def word(self, asked: AskWord) -> FinalWord | Refused:
        """At which pair the home could be closed now, for one of its keys."""
        home = self.book.served(asked.channel)
        if isinstance(home, Refused):
            return home
        fresh = abs(asked.asked_at_s - self.clock.now_s()) <= ASKED_WITHIN_S
        if not fresh or not asked.is_signed(home.identity.descriptor, domain=self.domain):
            return Refused(HubRefusal.NOT_YOURS)
        bill = home.payee.bill
        return FinalWord(asked.channel, bill.counters, bill.head)

    async def _tell(self, home: Home, asked: AskOrder, *, now_s: int) -> OrderAnswer | Refused:
        kind, nonce = kind_of(asked.action), asked.action.nonce
        told = home.notices.get(kind)
        if told is None or told.nonce != nonce or now_s > told.at_s + NOTICE_LAPSES_S:
            if self.herald is None:
                return Refused(HubRefusal.NOBODY_TO_TELL)
            told = NoticeTold(kind, nonce, now_s)
            self.herald.tell(self._notice(home, asked.signatures, told=told), at_s=now_s)
            await self.today.commit(notice_fact(home.channel, told))
            home.keep_notice(told)
        return _answer(asked, told.at_s + NOTICE_S)

    async def _sign(self, home: Home, asked: AskOrder, *, now_s: int) -> OrderAnswer:
        digest = action_digest(self.domain, asked.action)
        signed = OrderSigned(asked.action, digest, self.key.sign(digest), now_s)
        await self.today.commit(order_fact(signed))
        home.keep_order(signed)
        return _answer(asked, now_s, signature=signed.signature)

    def _notice(
        self, home: Home, signatures: Mapping[str, bytes], *, told: NoticeTold
    ) -> OrderNotice:
        who = home.identity.descriptor
        unsigned = OrderNotice(
            home.channel,
            who.owner,
            who.guardian,
            told.kind,
            tuple(role for role in ROLES if role in signatures),
            told.nonce,
            told.at_s + NOTICE_S,
            b"",
        )
        return replace(unsigned, signature=self.key.sign(unsigned.digest(self.domain)))

    @property
    def is_holding(self) -> bool:
        """Whether an order that the hub signed may still be taken by the chain."""
        return self.book.homes.figures.held.count > 0

    def release(self, chain_s: int) -> None:
        """Let go of homes whose order the chain will not take any more: its clock shows
        `chain_s`, in a block that is final."""
        for home in list(self.book.homes.at(self.book.homes.figures.held)):
            if chain_s > home.held_until_s:
                home.let_go()


def refusal(home: Home, asked: AskOrder, *, digest: bytes, now_s: int) -> HubRefusal | None:
    """Why the hub does not sign, whoever is told; `digest` is the order's."""
    action, descriptor = asked.action, home.identity.descriptor
    signatures = {ROLES[role]: signature for role, signature in asked.signatures.items()}
    if not is_signed_by_two(descriptor, digest, signatures=signatures):
        return HubRefusal.TWO_MUST_SIGN
    if action.nonce != home.view.word.op_nonce:
        return HubRefusal.ORDER_OUTDATED
    if not now_s <= action.valid_until_s <= now_s + _LONGEST_S:
        return HubRefusal.ORDER_EXPIRED
    billed = home.payee.bill.counters
    if isinstance(action, SetCap):
        word = _with_cap(home.view, action.daily_cap)
        after = ChannelView(word, home.view.today)
        ceiling = after.ceiling_with(billed.earned_ubolt)
        return None if billed.spent_ubolt <= ceiling else HubRefusal.CLAIM_FIRST
    if (action.spent, action.earned) != (billed.spent_ubolt, billed.earned_ubolt):
        return HubRefusal.FINAL_DIFFERS
    return None


def is_at_once(home: Home, asked: AskOrder) -> bool:
    """A cap, and a rotation that keeps owner and guardian: no thief of two keys gains by it what
    he could not have, and a stolen box pays until it is replaced."""
    action, now, then = asked.action, home.identity, asked.successor
    if isinstance(action, SetCap):
        return True
    if not isinstance(action, Rotate) or then is None or not is_into(action, then):
        return False
    before, after = now.descriptor, then.descriptor
    return (before.owner, before.guardian) == (after.owner, after.guardian)


def _with_cap(view: ChannelView, daily_cap: int) -> ChannelWord:
    """The word once another cap is set: one cap for today, unless today's was used."""
    return replace(view.word, daily_cap=daily_cap, cap_day=max(view.word.cap_day, view.today - 1))


def _is_due(home: Home, asked: AskOrder, *, now_s: int) -> bool:
    told = home.notices.get(kind_of(asked.action))
    if told is None or told.nonce != home.view.word.op_nonce:
        return False
    return told.at_s + NOTICE_S <= now_s <= told.at_s + NOTICE_LAPSES_S


def _answer(asked: AskOrder, at_s: int, *, signature: bytes | None = None) -> OrderAnswer:
    return OrderAnswer(asked.channel, asked.action.nonce, at_s, signature)
