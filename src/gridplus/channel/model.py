"""The vault as a pure model: the rules of the contract, without signatures, tokens or gas.

Who may do what is the contract's affair; here an item is either some channel's or nobody's. Tests
drive this model and the real vault side by side. Source: DESIGN, "Contracts"; IVault.vyi.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from gridplus.channel.view import RETIRED, ChannelView
from gridplus.contracts.word import DAY_S, ChannelWord, exit_hour_of
from gridplus.units import HOUR_S, U48_MAX, UBOLT_PER_BOLT
from gridplus.wallet import ChannelId


class VaultRefusal(Enum):
    """Why the vault reverts; the value is its reason."""

    ZERO_AMOUNT = "zero amount"
    CAP_MEANS_RETIRED = "cap means retired"
    COUNTER_OVERFLOW = "counter overflow"
    UNKNOWN_CHANNEL = "unknown channel"
    NOTHING_TO_POST = "nothing to post"
    POOL_IS_EMPTY = "pool is empty"
    EXIT_IS_UNDER_WAY = "exit is under way"
    NO_EXIT = "no exit"
    EXIT_IS_NOT_MATURE = "exit is not mature"
    EXIT_HAS_LAPSED = "exit has lapsed"


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
class VaultModel:
    """The vault at `now_s` (seconds since 1970, the chain's clock)."""

    now_s: int
    pool: int = 0
    words: Mapping[ChannelId, ChannelWord] = field(default_factory=dict)

    @property
    def today(self) -> int:
        return self.now_s // DAY_S

    @property
    def held(self) -> int:
        """The tokens (µBOLT) that the vault must hold: each headroom, and the pool (I-CH-9)."""
        return self.pool + sum(word.headroom for word in self.words.values())

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
        word = self.words.get(channel)
        if word is None:
            if opening_cap == RETIRED:
                return VaultRefusal.CAP_MEANS_RETIRED
            word = ChannelWord(cap_day=self.today - 1, daily_cap=opening_cap)
        if word.deposited + amount > U48_MAX:
            return VaultRefusal.COUNTER_OVERFLOW
        return self._write(channel, replace(word, deposited=word.deposited + amount))

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
        """A credit signed by the hub: saturates at the pool, may be repeated."""
        word = self.words.get(channel)
        if word is None:
            return VaultRefusal.UNKNOWN_CHANNEL
        if earned <= word.earned:
            return VaultRefusal.NOTHING_TO_POST
        raised = min(earned - word.earned, self.pool)
        if raised == 0:
            return VaultRefusal.POOL_IS_EMPTY
        after = self._write(channel, replace(word, earned=word.earned + raised))
        return replace(after, pool=self.pool - raised)

    def start_exit(self, channel: ChannelId) -> "VaultModel | VaultRefusal":
        """The owner starts to leave: 14 days, rounded up to a full hour."""
        word = self.words.get(channel)
        if word is None:
            return VaultRefusal.UNKNOWN_CHANNEL
        if word.has_exit(self.now_s):
            return VaultRefusal.EXIT_IS_UNDER_WAY
        return self._write(channel, replace(word, exit_hour=exit_hour_of(self.now_s)))

    def cancel_exit(self, channel: ChannelId) -> "VaultModel | VaultRefusal":
        word = self.words.get(channel)
        if word is None:
            return VaultRefusal.UNKNOWN_CHANNEL
        if word.exit_hour == 0:
            return VaultRefusal.NO_EXIT
        return self._write(channel, replace(word, exit_hour=0))

    def finish_exit(self, channel: ChannelId) -> "VaultModel | VaultRefusal":
        """The owner takes the whole headroom, within 48 hours of maturity."""
        word = self.words.get(channel)
        if word is None:
            return VaultRefusal.UNKNOWN_CHANNEL
        if word.exit_hour == 0:
            return VaultRefusal.NO_EXIT
        if self.now_s < word.exit_hour * HOUR_S:
            return VaultRefusal.EXIT_IS_NOT_MATURE
        if not word.is_armed(self.now_s):
            return VaultRefusal.EXIT_HAS_LAPSED
        withdrawn = word.withdrawn + word.headroom
        return self._write(channel, replace(word, withdrawn=withdrawn, exit_hour=0))

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
            vault = replace(vault._write(item.channel, word), pool=vault.pool + paid - credited)
            left -= item.top_up
        return Batch(vault, fund - left)

    def _claimed(self, item: Item, *, fund: int, by_hub: bool) -> ChannelWord | None:
        """The word after this item, or None when the item is skipped whole."""
        if item.channel is None or item.channel not in self.words or item.top_up > fund:
            return None
        before = self.words[item.channel]
        deposited, earned = before.deposited + item.top_up, max(before.earned, item.earned)
        if deposited > U48_MAX:
            return None
        word = replace(before, deposited=deposited, earned=earned)
        taken = self._takeable(word, item.spent, whole_caps=not by_hub)
        raised = earned - before.earned
        if raised > self.pool + taken or (raised and not by_hub):
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
