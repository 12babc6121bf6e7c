"""The ledger: transfers that were posted, and the balances they leave.

Amounts are in µBOLT. A balance is debits minus credits: cash and expenses are positive when there
are some, what is owed and what was earned are negative, and all balances together are zero. What is
pending moves no balance, but counts against every limit as if its worse side were posted.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from gridplus.failures import invariant
from gridplus.ledger.chart import (
    CHART,
    DEPOSITS,
    TRUST_CASH,
    Account,
    AccountType,
    Limit,
    belongs_to_customers,
    deposits_of,
    heading_of,
    is_deposit,
    limit_of,
)
from gridplus.ledger.refusals import Refusal, Refused
from gridplus.ledger.transfer import Phase, Transfer, TransferId

MAX_AMOUNT_UBOLT = (1 << 53) - 1
_Sums = defaultdict[Account, int]
_BEYOND = {
    Limit.CREDITS_WITHIN_DEBITS: Refusal.CREDITS_BEYOND_DEBITS,
    Limit.DEBITS_WITHIN_CREDITS: Refusal.DEBITS_BEYOND_CREDITS,
}


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One transfer as its account saw it: the change, and the balance after it."""

    transfer: Transfer
    change_ubolt: int
    balance_ubolt: int


@dataclass(frozen=True, slots=True)
class Statement:
    """An account over some days: what it held, what moved it, what it holds, what is set aside."""

    account: Account
    opening_ubolt: int
    lines: tuple[StatementLine, ...]
    closing_ubolt: int
    pending: tuple[Transfer, ...]


def _no_sums() -> _Sums:
    return defaultdict(int)


@dataclass(slots=True)
class _Sheet:
    """What is posted and what is pending, by account: a ledger's own, or how a batch changes it.

    `surplus_ubolt` is what the trust holds beyond the deposits, `leaving_ubolt` what of it is
    pending to go to the retailer.
    """

    balances: _Sums = field(default_factory=_no_sums)
    pending_debits: _Sums = field(default_factory=_no_sums)
    pending_credits: _Sums = field(default_factory=_no_sums)
    surplus_ubolt: int = 0
    leaving_ubolt: int = 0

    def add(self, transfer: Transfer) -> None:
        debit, credit, amount_ubolt = transfer.debit, transfer.credit, transfer.amount_ubolt
        comes, goes = belongs_to_customers(debit), belongs_to_customers(credit)
        if transfer.phase is Phase.POSTED:
            self.balances[debit] += amount_ubolt
            self.balances[credit] -= amount_ubolt
            self.surplus_ubolt += (comes - goes) * amount_ubolt
            if transfer.resolves is None:
                return
        if transfer.phase is not Phase.PENDING:
            amount_ubolt = -amount_ubolt
        self.pending_debits[debit] += amount_ubolt
        self.pending_credits[credit] += amount_ubolt
        if goes and not comes:
            self.leaving_ubolt += amount_ubolt

    def merge(self, other: "_Sheet") -> None:
        for mine, others in (
            (self.balances, other.balances),
            (self.pending_debits, other.pending_debits),
            (self.pending_credits, other.pending_credits),
        ):
            for account, change in others.items():
                mine[account] += change
        self.surplus_ubolt += other.surplus_ubolt
        self.leaving_ubolt += other.leaving_ubolt

    def accounts(self) -> set[Account]:
        """Every account whose room to its limit may have changed."""
        return self.balances.keys() | self.pending_debits.keys() | self.pending_credits.keys()

    def room_ubolt(self, account: Account, limit: Limit) -> int:
        """How far `account` still is from `limit`, or by how much it is beyond when negative."""
        if limit is Limit.CREDITS_WITHIN_DEBITS:
            return self.balances.get(account, 0) - self.pending_credits.get(account, 0)
        return -self.balances.get(account, 0) - self.pending_debits.get(account, 0)


class Ledger:
    """Grows only by `post`; equal when the same transfers were posted, in whatever order."""

    def __init__(self) -> None:
        self._transfers: dict[TransferId, Transfer] = {}
        self._resolutions: dict[TransferId, Transfer] = {}
        """By the pending transfer that each resolves."""
        self._sheet = _Sheet()
        self._limits: dict[Account, Limit | None] = {}
        """Of every account that was posted to: the chart is asked once for each."""

    @classmethod
    def replay(cls, batches: Iterable[Sequence[Transfer]]) -> Self:
        """The ledger after batches that were once accepted in this order."""
        ledger = cls()
        for batch in batches:
            refused = ledger.post(batch)
            invariant(not isinstance(refused, Refused), f"accepted once, refused now: {refused}")
        return ledger

    def fork(self) -> Self:
        """A ledger that begins with all of this one and goes its own way."""
        other = type(self)()
        other._transfers, other._resolutions = self._transfers.copy(), self._resolutions.copy()
        other._sheet.merge(self._sheet)
        other._limits = self._limits.copy()
        return other

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ledger) and self._transfers == other._transfers

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self._transfers)

    @property
    def transfers(self) -> tuple[Transfer, ...]:
        """All transfers, in the order of posting."""
        return tuple(self._transfers.values())

    @property
    def pending(self) -> tuple[Transfer, ...]:
        """What is set aside and neither posted nor voided yet."""
        return tuple(
            transfer
            for transfer in self._transfers.values()
            if transfer.phase is Phase.PENDING and transfer.id not in self._resolutions
        )

    def post(self, batch: Sequence[Transfer]) -> tuple[Transfer, ...] | Refused:
        """Post all of `batch` or nothing; returns it as it stands on the books, each id once.

        What was posted before counts once, and gets the same answer. Balances are judged after the
        whole batch, so its order does not matter.
        """
        asked: dict[TransferId, Transfer] = {}
        new: list[Transfer] = []
        for transfer in batch:
            known = self._transfers.get(transfer.id) or asked.get(transfer.id)
            refusal = self._malformed(transfer)
            if known is None:
                new.append(transfer)
            elif refusal is None and known != transfer:
                refusal = Refusal.ID_OF_ANOTHER_TRANSFER
            if refusal is not None:
                return _refused(refusal, transfer)
            asked[transfer.id] = transfer
        resolutions = {t.resolves: t for t in new if t.resolves is not None}
        changes = _Sheet()
        for transfer in new:
            if transfer.resolves is not None and (
                refusal := self._unresolvable(transfer, asked, resolutions=resolutions)
            ):
                return _refused(refusal, transfer)
            changes.add(transfer)
        limits = {account: self._limit_of(account) for account in changes.accounts()}
        if overdrawn := self._overdrawn(changes, limits):
            return overdrawn
        self._transfers.update((transfer.id, transfer) for transfer in new)
        self._resolutions |= resolutions
        self._sheet.merge(changes)
        self._limits |= limits
        return tuple(asked.values())

    def balance(self, account: Account) -> int:
        """Debits minus credits of `account`; 0 when nothing was posted to it."""
        return self._sheet.balances.get(account, 0)

    def deposit(self, home: bytes) -> int:
        """What is owed to the home with this channel id: its headroom after its newest voucher."""
        return -self.balance(deposits_of(home))

    @property
    def owed_to_homes_ubolt(self) -> int:
        """All deposits together; trust cash is never below it."""
        return self.balance(TRUST_CASH) - self._sheet.surplus_ubolt

    @property
    def profit_ubolt(self) -> int:
        """Income minus expenses."""
        results = (AccountType.INCOME, AccountType.EXPENSE)
        return -sum(
            balance
            for account, balance in self._sheet.balances.items()
            if (heading := CHART.get(account)) and heading.type in results
        )

    def trial_balance(self) -> dict[Account, int]:
        """Each account that was posted to, in the order of the chart; the sum is zero."""
        order = {account: place for place, account in enumerate(CHART)}
        accounts = sorted(
            self._sheet.balances,
            key=lambda at: (order[DEPOSITS if is_deposit(at) else at], at),
        )
        balances = {account: self._sheet.balances[account] for account in accounts}
        invariant(sum(balances.values()) == 0, "every transfer debits what it credits")
        return balances

    def statement(
        self, account: Account, *, first: date = date.min, last: date = date.max
    ) -> Statement:
        """What moved `account` from day `first` to day `last`, by day and order of posting."""
        touched = [t for t in self._transfers.values() if account in (t.debit, t.credit)]
        moved = sorted((t for t in touched if t.phase is Phase.POSTED), key=lambda t: t.day)
        opening = sum(_change(t, account) for t in moved if t.day < first)
        lines = tuple(
            _lines([t for t in moved if first <= t.day <= last], account, opening_ubolt=opening)
        )
        return Statement(
            account,
            opening_ubolt=opening,
            lines=lines,
            closing_ubolt=lines[-1].balance_ubolt if lines else opening,
            pending=tuple(t for t in self.pending if account in (t.debit, t.credit)),
        )

    def _malformed(self, transfer: Transfer) -> Refusal | None:
        if not 1 <= transfer.amount_ubolt <= MAX_AMOUNT_UBOLT:
            return Refusal.AMOUNT_OUT_OF_RANGE
        for account in (transfer.debit, transfer.credit):
            if account not in self._limits and heading_of(account) is None:
                return Refusal.ACCOUNT_NOT_IN_CHART
        if transfer.debit == transfer.credit:
            return Refusal.SAME_ACCOUNT_ON_BOTH_SIDES
        if transfer.phase is (Phase.VOIDED if transfer.resolves is None else Phase.PENDING):
            return Refusal.PHASE_DOES_NOT_FIT
        return None

    def _unresolvable(
        self,
        transfer: Transfer,
        asked: dict[TransferId, Transfer],
        *,
        resolutions: dict[TransferId, Transfer],
    ) -> Refusal | None:
        at = transfer.resolves
        if at is None:
            return None
        pending = self._transfers.get(at) or asked.get(at)
        if pending is None or pending.phase is not Phase.PENDING:
            return Refusal.PENDING_NOT_FOUND
        if _what(pending) != _what(transfer):
            return Refusal.PENDING_IS_ANOTHER
        resolved = self._resolutions.get(at, resolutions[at])
        if resolved.id == transfer.id:
            return None
        if resolved.phase is Phase.POSTED:
            return Refusal.PENDING_ALREADY_POSTED
        return Refusal.PENDING_ALREADY_VOIDED

    def _limit_of(self, account: Account) -> Limit | None:
        return self._limits[account] if account in self._limits else limit_of(account)

    def _overdrawn(self, changes: _Sheet, limits: dict[Account, Limit | None]) -> Refused | None:
        for account in sorted(limits):
            if limit := limits[account]:
                room = self._sheet.room_ubolt(account, limit) + changes.room_ubolt(account, limit)
                if room < 0:
                    return Refused(_BEYOND[limit], account, -room)
        covered = self._sheet.surplus_ubolt + changes.surplus_ubolt
        leaving = self._sheet.leaving_ubolt + changes.leaving_ubolt
        if covered < leaving:
            return Refused(Refusal.TRUST_BELOW_DEPOSITS, TRUST_CASH, leaving - covered)
        return None


def _refused(refusal: Refusal, transfer: Transfer) -> Refused:
    return Refused(refusal, f"transfer 0x{transfer.id.hex()}", transfer.amount_ubolt)


def _what(transfer: Transfer) -> tuple[object, ...]:
    return transfer.debit, transfer.credit, transfer.amount_ubolt, transfer.code


def _change(transfer: Transfer, account: Account) -> int:
    return transfer.amount_ubolt if account == transfer.debit else -transfer.amount_ubolt


def _lines(
    moved: Iterable[Transfer], account: Account, *, opening_ubolt: int
) -> Iterator[StatementLine]:
    balance_ubolt = opening_ubolt
    for transfer in moved:
        change_ubolt = _change(transfer, account)
        balance_ubolt += change_ubolt
        yield StatementLine(transfer, change_ubolt, balance_ubolt)
