"""The vault as a pure model: the rules of the contract, without signatures, tokens or gas.

Who may do what is the contract's affair; here an item is either some channel's or nobody's. Tests
drive this model and the real vault side by side. Source: DESIGN, "Contracts"; IVault.vyi.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Generic, TypeVar

from gridplus.channel.view import ChannelView
from gridplus.contracts.word import DAY_S, RETIRED, ChannelWord, ExitKind, exit_hour_of
from gridplus.units import HOUR_S, U48_MAX, UBOLT_PER_BOLT
from gridplus.wallet import Address, ChannelId

T = TypeVar("T")
TREASURER_DELAY_S = 15 * DAY_S
TREASURER_LAPSE_S = DAY_S
CREDIT_SHARE = 15
"""A day's net credit is at most this part of the pool: emptying it takes longer than a new hub."""


class VaultRefusal(Enum):
    """Why the vault reverts; the value is its reason."""

    ZERO_AMOUNT = "zero amount"
    CAP_MEANS_RETIRED = "cap means retired"
    CHANNEL_IS_RETIRED = "channel is retired"
    COUNTER_OVERFLOW = "counter overflow"
    UNKNOWN_CHANNEL = "unknown channel"
    NOTHING_TO_POST = "nothing to post"
    NO_CREDIT_LEFT = "no credit left today"
    OVER_CREDIT = "over today's credit"
    OVER_HEADROOM = "over headroom"
    EXIT_IS_UNDER_WAY = "exit is under way"
    NO_EXIT = "no exit"
    TWO_KEYS_STARTED_IT = "two keys started it"
    EXIT_IS_NOT_MATURE = "exit is not mature"
    EXIT_HAS_LAPSED = "exit has lapsed"
    ONE_REQUEST_AT_A_TIME = "one request at a time"
    NO_REQUEST = "no request"
    OVER_POOL = "over pool"
    REQUEST_IS_NOT_MATURE = "request is not mature"
    REQUEST_HAS_LAPSED = "request has lapsed"


@dataclass(frozen=True, slots=True)
class Item:
    """One voucher of a batch (µBOLT). `channel` is None when its signature is nobody's."""

    channel: ChannelId | None
    spent: int
    earned: int
    top_up: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """What a claim did, and what it pulled from the hub for top-ups (µBOLT)."""

    vault: "VaultModel"
    pulled: int


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """What the treasurer has announced, and when he may have it; a day later it lapses."""

    wish: T
    matures_at_s: int


@dataclass(frozen=True, slots=True)
class VaultModel:
    """The vault at `now_s` (seconds since 1970, the chain's clock).

    `credited` is the net credit (µBOLT) of `credit_day`; `receivers` are the addresses that exits
    without their owner name.
    """

    now_s: int
    pool: int = 0
    words: Mapping[ChannelId, ChannelWord] = field(default_factory=dict)
    receivers: Mapping[ChannelId, Address] = field(default_factory=dict)
    credited: int = 0
    credit_day: int = 0
    withdrawal: Request[int] | None = None
    replacement: Request[Address] | None = None

    @property
    def today(self) -> int:
        return self.now_s // DAY_S

    @property
    def held(self) -> int:
        """The tokens (µBOLT) that the vault must hold: each headroom, and the pool (I-CH-9)."""
        return self.pool + sum(word.headroom for word in self.words.values())

    @property
    def credited_today(self) -> int:
        return self.credited if self.credit_day == self.today else 0

    @property
    def credit_allowance(self) -> int:
        """What may still be credited today beyond what homes spend themselves (µBOLT)."""
        allowed = (self.pool + self.credited_today) // CREDIT_SHARE
        return max(0, allowed - self.credited_today)

    def view(self, channel: ChannelId) -> ChannelView:
        """What the chain shows of a channel; all zero for an unknown one."""
        return ChannelView(self.words.get(channel, ChannelWord()), self.today)

    def pass_time(self, seconds: int) -> "VaultModel":
        return replace(self, now_s=self.now_s + seconds)

    def deposit(
        self, channel: ChannelId, amount: int, *, opening_cap: int
    ) -> "VaultModel | VaultRefusal":
        """Add to a channel; the first deposit opens it, and the opening day counts one cap."""
        if amount == 0:
            return VaultRefusal.ZERO_AMOUNT
        return self._added(channel, amount, opening_cap=opening_cap)

    def fund_pool(self, amount: int) -> "VaultModel | VaultRefusal":
        if amount == 0:
            return VaultRefusal.ZERO_AMOUNT
        return replace(self, pool=self.pool + amount)

    def claim(self, items: Sequence[Item], *, fund: int) -> Batch:
        """The hub's batch; `fund` (µBOLT) bounds what its top-ups pull."""
        return self._fold(items, fund=fund, by_hub=True)

    def post_vouchers(self, items: Sequence[Item]) -> "VaultModel | VaultRefusal":
        """Anybody's batch: no top-up, no more `earned`, `spent` by whole daily caps."""
        after = self._fold(items, fund=0, by_hub=False).vault
        return VaultRefusal.NOTHING_TO_POST if after.pool == self.pool else after

    def post_credit(self, channel: ChannelId, earned: int) -> "VaultModel | VaultRefusal":
        """A credit signed by the hub: saturates at the day's credit, may be repeated."""
        word = self._live(channel)
        if isinstance(word, VaultRefusal):
            return word
        if earned <= word.earned:
            return VaultRefusal.NOTHING_TO_POST
        raised = min(earned - word.earned, self.credit_allowance)
        if raised == 0:
            return VaultRefusal.NO_CREDIT_LEFT
        after = self._write(channel, replace(word, earned=word.earned + raised))
        return after._moved(0, raised)

    def start_exit(
        self, channel: ChannelId, kind: ExitKind, *, to: Address
    ) -> "VaultModel | VaultRefusal":
        """Start to leave. The owner alone must wait for what is under way; two keys replace it."""
        word = self._live(channel)
        if isinstance(word, VaultRefusal):
            return word
        if kind is ExitKind.OWNER_ALONE:
            if word.has_exit(self.now_s):
                return VaultRefusal.EXIT_IS_UNDER_WAY
        else:
            word = _operated(word)
        word = replace(word, exit_kind=kind, exit_hour=exit_hour_of(self.now_s, kind))
        after = self._forget_receiver(channel)._write(channel, word)
        if kind is not ExitKind.WITHOUT_OWNER:
            return after
        return replace(after, receivers={**after.receivers, channel: to})

    def cancel_exit(self, channel: ChannelId, *, by_two: bool) -> "VaultModel | VaultRefusal":
        """Stay. The owner alone takes back only what he started alone."""
        word = self._live(channel)
        if isinstance(word, VaultRefusal):
            return word
        if word.exit_hour == 0:
            return VaultRefusal.NO_EXIT
        if not by_two and word.exit_kind != ExitKind.OWNER_ALONE:
            return VaultRefusal.TWO_KEYS_STARTED_IT
        word = replace(_operated(word) if by_two else word, exit_kind=0, exit_hour=0)
        return self._forget_receiver(channel)._write(channel, word)

    def finish_exit(self, channel: ChannelId) -> "VaultModel | VaultRefusal":
        """Pay the whole headroom, within 48 hours of maturity."""
        word = self._live(channel)
        if isinstance(word, VaultRefusal):
            return word
        if word.exit_hour == 0:
            return VaultRefusal.NO_EXIT
        if self.now_s < word.exit_hour * HOUR_S:
            return VaultRefusal.EXIT_IS_NOT_MATURE
        if not word.is_armed(self.now_s):
            return VaultRefusal.EXIT_HAS_LAPSED
        return self._paid_out(channel, word)

    def close(self, channel: ChannelId, *, spent: int, earned: int) -> "VaultModel | VaultRefusal":
        """Hub and home agree on the final pair: it is posted, and the headroom paid at once."""
        posted = self._with_final(channel, spent=spent, earned=earned)
        if isinstance(posted, VaultRefusal):
            return posted
        return posted._paid_out(channel, posted.words[channel])

    def rotate(
        self, channel: ChannelId, successor: ChannelId, *, opening_cap: int, spent: int, earned: int
    ) -> "VaultModel | VaultRefusal":
        """As close, but the headroom is a deposit of `successor`, and this channel is retired."""
        posted = self._with_final(channel, spent=spent, earned=earned)
        if isinstance(posted, VaultRefusal):
            return posted
        word = posted.words[channel]
        left = posted._paid_out(channel, replace(word, daily_cap=RETIRED))
        if isinstance(left, VaultRefusal):
            return left
        return left._added(successor, word.headroom, opening_cap=opening_cap)

    def set_cap(self, channel: ChannelId, daily_cap: int) -> "VaultModel | VaultRefusal":
        """Another daily cap, of which one counts for today unless today's was used."""
        word = self._live(channel)
        if isinstance(word, VaultRefusal):
            return word
        if daily_cap == RETIRED:
            return VaultRefusal.CAP_MEANS_RETIRED
        cap_day = max(word.cap_day, self.today - 1)
        return self._write(channel, replace(_operated(word), daily_cap=daily_cap, cap_day=cap_day))

    def request_withdrawal(self, amount: int) -> "VaultModel | VaultRefusal":
        if self._is_pending(self.withdrawal):
            return VaultRefusal.ONE_REQUEST_AT_A_TIME
        if amount == 0:
            return VaultRefusal.ZERO_AMOUNT
        if amount > self.pool:
            return VaultRefusal.OVER_POOL
        return replace(self, withdrawal=Request(amount, self.now_s + TREASURER_DELAY_S))

    def cancel_withdrawal(self) -> "VaultModel | VaultRefusal":
        if self.withdrawal is None:
            return VaultRefusal.NO_REQUEST
        return replace(self, withdrawal=None)

    def finish_withdrawal(self) -> "VaultModel | VaultRefusal":
        request = self._mature(self.withdrawal)
        if isinstance(request, VaultRefusal):
            return request
        if request.wish > self.pool:
            return VaultRefusal.OVER_POOL
        return replace(self, withdrawal=None, pool=self.pool - request.wish)

    def request_hub(self, hub: Address) -> "VaultModel | VaultRefusal":
        if self._is_pending(self.replacement):
            return VaultRefusal.ONE_REQUEST_AT_A_TIME
        return replace(self, replacement=Request(hub, self.now_s + TREASURER_DELAY_S))

    def cancel_hub(self) -> "VaultModel | VaultRefusal":
        if self.replacement is None:
            return VaultRefusal.NO_REQUEST
        return replace(self, replacement=None)

    def finish_hub(self) -> "VaultModel | VaultRefusal":
        request = self._mature(self.replacement)
        if isinstance(request, VaultRefusal):
            return request
        return replace(self, replacement=None)

    def _is_pending(self, request: Request[T] | None) -> bool:
        return request is not None and self.now_s < request.matures_at_s + TREASURER_LAPSE_S

    def _mature(self, request: Request[T] | None) -> Request[T] | VaultRefusal:
        if request is None:
            return VaultRefusal.NO_REQUEST
        if self.now_s < request.matures_at_s:
            return VaultRefusal.REQUEST_IS_NOT_MATURE
        if not self._is_pending(request):
            return VaultRefusal.REQUEST_HAS_LAPSED
        return request

    def _live(self, channel: ChannelId) -> ChannelWord | VaultRefusal:
        word = self.words.get(channel)
        if word is None:
            return VaultRefusal.UNKNOWN_CHANNEL
        return VaultRefusal.CHANNEL_IS_RETIRED if word.is_retired else word

    def _added(
        self, channel: ChannelId, amount: int, *, opening_cap: int
    ) -> "VaultModel | VaultRefusal":
        word = self.words.get(channel)
        if word is None:
            word = ChannelWord(cap_day=self.today - 1, daily_cap=opening_cap)
        if word.is_retired:
            return VaultRefusal.CHANNEL_IS_RETIRED
        if word.deposited + amount > U48_MAX:
            return VaultRefusal.COUNTER_OVERFLOW
        return self._write(channel, replace(word, deposited=word.deposited + amount))

    def _with_final(
        self, channel: ChannelId, *, spent: int, earned: int
    ) -> "VaultModel | VaultRefusal":
        """The vault with the final pair, merged by the larger of each, and the next nonce."""
        before = self._live(channel)
        if isinstance(before, VaultRefusal):
            return before
        word = replace(
            _operated(before), spent=max(before.spent, spent), earned=max(before.earned, earned)
        )
        if word.headroom < 0:
            return VaultRefusal.OVER_HEADROOM
        taken, raised = word.spent - before.spent, word.earned - before.earned
        if raised - taken > self.credit_allowance:
            return VaultRefusal.OVER_CREDIT
        return self._write(channel, word)._moved(taken, raised)

    def _moved(self, taken: int, raised: int) -> "VaultModel":
        """What one channel pays into the pool and is credited out of it."""
        credited = self.credited_today + max(0, raised - taken)
        pool = self.pool + taken - raised
        return replace(self, pool=pool, credited=credited, credit_day=self.today)

    def _paid_out(self, channel: ChannelId, word: ChannelWord) -> "VaultModel | VaultRefusal":
        withdrawn = word.withdrawn + word.headroom
        if withdrawn > U48_MAX:
            return VaultRefusal.COUNTER_OVERFLOW
        word = replace(word, withdrawn=withdrawn, exit_kind=0, exit_hour=0)
        return self._forget_receiver(channel)._write(channel, word)

    def _forget_receiver(self, channel: ChannelId) -> "VaultModel":
        kept = {key: to for key, to in self.receivers.items() if key != channel}
        return replace(self, receivers=kept)

    def _write(self, channel: ChannelId, word: ChannelWord) -> "VaultModel":
        return replace(self, words={**self.words, channel: word})

    def _fold(self, items: Sequence[Item], *, fund: int, by_hub: bool) -> Batch:
        vault, left = self, fund
        for item in items:
            word = vault._claimed(item, fund=left, by_hub=by_hub)
            if word is None or item.channel is None:
                continue
            before = vault.words[item.channel]
            paid, credited = word.spent - before.spent, word.earned - before.earned
            vault = vault._write(item.channel, word)._moved(paid, credited)
            left -= item.top_up
        return Batch(vault, fund - left)

    def _claimed(self, item: Item, *, fund: int, by_hub: bool) -> ChannelWord | None:
        """The word after this item, or None when the item is skipped whole."""
        if item.channel is None or item.channel not in self.words or item.top_up > fund:
            return None
        before = self.words[item.channel]
        if before.is_retired:
            return None
        deposited, earned = before.deposited + item.top_up, max(before.earned, item.earned)
        if deposited > U48_MAX:
            return None
        word = replace(before, deposited=deposited, earned=earned)
        taken = self._takeable(word, item.spent, whole_caps=not by_hub)
        raised = earned - before.earned
        if raised - taken > self.credit_allowance or (raised and not by_hub):
            return None
        if not taken:
            return word
        days = -(-taken // (word.daily_cap * UBOLT_PER_BOLT))
        return replace(word, spent=word.spent + taken, cap_day=word.cap_start(self.today) + days)

    def _takeable(self, word: ChannelWord, spent: int, *, whole_caps: bool) -> int:
        """What of a voucher's `spent` may move now, if asked in whole daily caps only."""
        if word.is_armed(self.now_s):
            return 0
        allowance = word.cap_allowance(self.today)
        taken = min(max(0, spent - word.spent), word.headroom, allowance)
        return taken - taken % (word.daily_cap * UBOLT_PER_BOLT) if whole_caps and taken else taken


def _operated(word: ChannelWord) -> ChannelWord:
    return replace(word, op_nonce=(word.op_nonce + 1) & 0xFF)
