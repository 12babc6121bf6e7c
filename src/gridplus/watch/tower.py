"""One watchtower over one vault: it looks, and when a home leaves and nobody else acts, it acts.

The order is the hub's own claims, signed ahead, which pay to the cent; then credits, then vouchers,
which anybody may post and which the vault pays in whole daily caps. Every step asks the chain what
is still due, so that a step made twice, or by the hub after all, changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from gridplus.chain import Call, Chain, Rejected, Reverted, Sender
from gridplus.chain.follower import Cursor, Mark, Watch, follow
from gridplus.chain.patience import Patience, ask_until
from gridplus.chain.views import ask
from gridplus.channel import Credit, Voucher
from gridplus.contracts import calls
from gridplus.contracts.logs import ExitStarted, parse_log
from gridplus.contracts.word import HOUR_S, ChannelWord, ExitKind
from gridplus.failures import InputError
from gridplus.journal import SqliteJournal
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wallet import ChannelId
from gridplus.watch.facts import keep_cursor, newest_cursor
from gridplus.wire import Promises

_KEEP_BLOCKS = 500
_CLAIM_PATIENCE_S = 30
_LEAST_LEFT_S = 2 * 86_400
"""However patient, it acts when so much of the window is left: room for fees to come down."""


class Stage(Enum):
    """How the case of a leaving home stands, from worse to better."""

    LOST = "the exit is mature: the chain pays no voucher until it is finished or lapses"
    DUE = "something is due and nobody has claimed it"
    WAITING = "the hub still has time to claim it itself"
    BELOW_A_CAP = "what is left is less than a daily cap, which only the hub's claim redeems"
    SAVED = "the chain holds all that was signed"


@dataclass(frozen=True, slots=True)
class Case:
    """A home that is leaving: what the chain still owes (µBOLT) to the hub and to the home."""

    channel: ChannelId
    mature_s: int
    spent_due_ubolt: int
    earned_due_ubolt: int
    stage: Stage


@dataclass
class Watchtower:
    """Blocking; one thread. `patience_s` is how long after the start of an exit the hub may act."""

    chain: Chain
    sender: Sender
    journal: SqliteJournal
    promises: Promises
    patience_s: int
    cases: dict[ChannelId, Case] = field(default_factory=dict)
    _vouchers: dict[ChannelId, Voucher] = field(default_factory=dict)
    _credits: dict[ChannelId, Credit] = field(default_factory=dict)
    _cursor: Cursor | None = None
    _leaving: set[ChannelId] = field(default_factory=set)
    _unread: set[ChannelId] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._cursor = newest_cursor(self.journal)
        self.adopt(self.promises)

    def adopt(self, promises: Promises) -> None:
        """Watch over these promises from now on. Raises InputError for another chain or vault's."""
        if promises.domain != self.promises.domain or promises.hub != self.promises.hub:
            raise InputError("these promises are of another chain, vault or hub")
        self.promises = promises
        self._vouchers = dict(promises.owners())
        self._credits = {c.channel: c for c in promises.credits if promises.is_hubs(c)}
        self._unread = {*self._vouchers, *self._credits}

    def look(self, *, now_s: int) -> None:
        """One round: read on, and act on what is due. Raises as the chain and the sender do; the
        next round begins again, in this life or another."""
        self.sender.finish()
        self._read_on()
        for channel in sorted(self._unread):
            if self._word(channel).exit_kind != ExitKind.NONE:
                self._leaving.add(channel)
            self._unread.discard(channel)
        self._judge(now_s)
        if self._are(Stage.DUE):
            for raw in self._next_claims():
                self._send_claim(raw)
            self._judge(now_s)
        for channel in self._are(Stage.DUE):
            self._post_credit(channel)
        self._judge(now_s)
        if due := self._are(Stage.DUE):
            self._post_vouchers(due)
            self._judge(now_s)

    def _read_on(self) -> None:
        """Which homes leave, by the vault's final logs; a crash before the cursor is kept reads
        them again."""
        if self._cursor is None:
            final = self.chain.finalized()
            mark = Mark(final.number, final.hash)
            self._cursor = Cursor(final.number + 1, final.number, (mark,))
            keep_cursor(self.journal, self._cursor)
        began, more, watch = self._cursor.next_block, True, Watch(self.promises.domain.contract)
        while more:
            step = follow(self.chain, [watch], cursor=self._cursor, final_only=True)
            for log in step.logs:
                event = parse_log(log.topics, log.data)
                if isinstance(event, ExitStarted):
                    self._leaving.add(ChannelId(event.channel))
            self._cursor, more = step.cursor, step.more
        if self._cursor.next_block - began >= _KEEP_BLOCKS:
            keep_cursor(self.journal, self._cursor)

    def _word(self, channel: ChannelId) -> ChannelWord:
        return ask(self.chain, self.promises.domain.contract, view=calls.channel_word(channel))

    def _are(self, *stages: Stage) -> list[ChannelId]:
        return [channel for channel, case in self.cases.items() if case.stage in stages]

    def _judge(self, now_s: int) -> None:
        """How each leaving home stands by the newest block; who stays after all is no case."""
        at_s = max(now_s, self.chain.head().timestamp_s)
        self.cases = {}
        for channel in sorted(self._leaving & {*self._vouchers, *self._credits}):
            word = self._word(channel)
            if word.has_exit(at_s):
                self.cases[channel] = self._case(channel, word, at_s=at_s)
            else:
                self._leaving.discard(channel)

    def _case(self, channel: ChannelId, word: ChannelWord, *, at_s: int) -> Case:
        voucher, credit = self._vouchers.get(channel), self._credits.get(channel)
        promised = max(
            0 if voucher is None else voucher.earned, 0 if credit is None else credit.earned
        )
        earned = max(0, promised - word.earned)
        spent = 0 if voucher is None else max(0, voucher.spent - word.spent)
        mature_s = word.exit_hour * HOUR_S
        started_s = mature_s - ExitKind(word.exit_kind).window_s
        cap_ubolt = word.daily_cap * UBOLT_PER_BOLT
        if not spent and not earned:
            stage = Stage.SAVED
        elif word.is_armed(at_s) and spent:
            stage = Stage.LOST
        elif at_s < min(started_s + self.patience_s, mature_s - _LEAST_LEFT_S):
            stage = Stage.WAITING
        elif not earned and spent < cap_ubolt and not self._next_claims():
            stage = Stage.BELOW_A_CAP
        else:
            stage = Stage.DUE
        return Case(channel, mature_s, spent, earned, stage)

    def _next_claims(self) -> Sequence[bytes]:
        """The claims signed ahead that the vault would still take, in order."""
        nonce = self.chain.nonce(self.promises.hub)
        seq = ask(self.chain, self.promises.domain.contract, view=calls.next_seq())
        claims = [c for c in self.promises.claims if c.nonce >= nonce and c.seq >= seq]
        if not claims or (claims[0].nonce, claims[0].seq) != (nonce, seq):
            return ()
        return [claim.raw for claim in claims]

    def _send_claim(self, raw: bytes) -> None:
        """A node that does not take it (fees, no ether at the hub) leaves it to the next round, and
        what can be posted is posted."""
        try:
            (sent,) = self.chain.send([raw])
        except Rejected:
            return
        ask_until(lambda: self.chain.receipt(sent), patience=Patience(_CLAIM_PATIENCE_S))

    def _post_credit(self, channel: ChannelId) -> None:
        credit, earned = self._credits.get(channel), self._word(channel).earned
        if credit is not None and credit.earned > earned:
            data = calls.post_credit(
                channel,
                earned=credit.earned,
                bill_head=credit.bill_head,
                signature=credit.signature,
            )
            self._send("credit", data)

    def _post_vouchers(self, channels: Sequence[ChannelId]) -> None:
        """An item that raised `earned` would be skipped: its credit comes first."""
        items = []
        for channel in channels[: calls.MAX_CLAIM_ITEMS]:
            voucher, word = self._vouchers.get(channel), self._word(channel)
            if voucher is None or voucher.earned > word.earned or voucher.spent <= word.spent:
                continue
            counters = voucher.spent, voucher.earned
            items.append(calls.ClaimItem(voucher.cfg, *counters, voucher.signature))
        if items:
            self._send("vouchers", calls.post_vouchers(items))

    def _send(self, what: str, data: bytes) -> None:
        """What the vault refuses today (no credit left, less than a cap) is asked again later."""
        call = Call(self.promises.domain.contract, data)
        try:
            self.sender.transact(self.sender.fresh_name(what), call)
        except Reverted:
            return
