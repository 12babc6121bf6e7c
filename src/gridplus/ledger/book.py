"""The ledger: transfers that were posted, and the balances they leave.

Amounts are in µBOLT. A balance is debits minus credits: cash and expenses are positive when there
are some, what is owed and what was earned are negative, and all balances together are zero.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from gridplus.failures import invariant
from gridplus.ledger.chart import (
    CHART,
    DEPOSITS,
    TRUST_CASH,
    Account,
    AccountType,
    deposits_of,
    heading_of,
    is_deposit,
)
from gridplus.ledger.refusals import Refusal, Refused
from gridplus.ledger.transfer import Transfer, TransferId

MAX_AMOUNT_UBOLT = (1 << 53) - 1


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One transfer as its account saw it: the change, and the balance after it."""

    transfer: Transfer
    change_ubolt: int
    balance_ubolt: int


class Ledger:
    """Grows only by `post`; equal when the same transfers were posted, in whatever order."""

    def __init__(self) -> None:
        self._posted: dict[TransferId, Transfer] = {}
        self._balances: Counter[Account] = Counter()
        self._owed_to_homes = 0

    @classmethod
    def replay(cls, batches: Iterable[Sequence[Transfer]]) -> Self:
        """The ledger after batches that were once accepted in this order."""
        ledger = cls()
        for batch in batches:
            refused = ledger.post(batch)
            invariant(not isinstance(refused, Refused), f"accepted once, refused now: {refused}")
        return ledger

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ledger) and self._posted == other._posted

    __hash__ = None  # type: ignore[assignment]

    @property
    def transfers(self) -> tuple[Transfer, ...]:
        """All transfers, in the order of posting."""
        return tuple(self._posted.values())

    def post(self, batch: Sequence[Transfer]) -> tuple[Transfer, ...] | Refused:
        """Post all of `batch` or nothing; returns the transfers that were new.

        What was posted before, or stands twice in the batch, counts once. Balances are judged
        after the whole batch, so its order does not matter.
        """
        new: dict[TransferId, Transfer] = {}
        for transfer in batch:
            refused = _refusal_of(transfer)
            known = self._posted.get(transfer.id) or new.setdefault(transfer.id, transfer)
            if refused is None and known != transfer:
                refused = Refusal.ID_OF_ANOTHER_TRANSFER
            if refused is not None:
                return Refused(refused, f"transfer 0x{transfer.id.hex()}", transfer.amount_ubolt)
        changes = _changes(new.values())
        owed_more = -sum(change for account, change in changes.items() if is_deposit(account))
        if overdrawn := self._overdrawn(changes, owed_more):
            return overdrawn
        self._posted |= new
        self._balances.update(changes)
        self._owed_to_homes += owed_more
        return tuple(new.values())

    def balance(self, account: Account) -> int:
        """Debits minus credits of `account`; 0 when nothing was posted to it."""
        return self._balances[account]

    def deposit(self, home: bytes) -> int:
        """What is owed to the home with this channel id: its headroom after its newest voucher."""
        return -self._balances[deposits_of(home)]

    @property
    def owed_to_homes_ubolt(self) -> int:
        """All deposits together; trust cash is never below it."""
        return self._owed_to_homes

    @property
    def profit_ubolt(self) -> int:
        """Income minus expenses."""
        results = (AccountType.INCOME, AccountType.EXPENSE)
        return -sum(
            balance
            for account, balance in self._balances.items()
            if (heading := heading_of(account)) and heading.type in results
        )

    def trial_balance(self) -> dict[Account, int]:
        """Each account that was posted to, in the order of the chart; the sum is zero."""
        order = {account: place for place, account in enumerate(CHART)}
        accounts = sorted(
            self._balances, key=lambda at: (order[DEPOSITS if is_deposit(at) else at], at)
        )
        balances = {account: self._balances[account] for account in accounts}
        invariant(sum(balances.values()) == 0, "every transfer debits what it credits")
        return balances

    def statement(self, account: Account) -> tuple[StatementLine, ...]:
        """Every transfer that touched `account`, in the order of posting."""
        return tuple(self._statement_lines(account))

    def _statement_lines(self, account: Account) -> Iterator[StatementLine]:
        balance = 0
        for transfer in self._posted.values():
            if account in (transfer.debit, transfer.credit):
                sign = 1 if account == transfer.debit else -1
                balance += sign * transfer.amount_ubolt
                yield StatementLine(transfer, sign * transfer.amount_ubolt, balance)

    def _overdrawn(self, changes: "Counter[Account]", owed_more: int) -> Refused | None:
        after = {account: self._balances[account] + changes[account] for account in sorted(changes)}
        for account, balance in after.items():
            if is_deposit(account) and balance > 0:
                return Refused(Refusal.DEPOSIT_OVERDRAWN, account, balance)
        for account, balance in after.items():
            if balance < 0 and account in CHART and CHART[account].type is AccountType.CASH:
                return Refused(Refusal.CASH_OVERDRAWN, account, -balance)
        surplus = (
            after.get(TRUST_CASH, self._balances[TRUST_CASH]) - self._owed_to_homes - owed_more
        )
        if surplus < 0:
            return Refused(Refusal.TRUST_BELOW_DEPOSITS, TRUST_CASH, -surplus)
        return None


def _refusal_of(transfer: Transfer) -> Refusal | None:
    if not 1 <= transfer.amount_ubolt <= MAX_AMOUNT_UBOLT:
        return Refusal.AMOUNT_OUT_OF_RANGE
    if heading_of(transfer.debit) is None or heading_of(transfer.credit) is None:
        return Refusal.ACCOUNT_NOT_IN_CHART
    if transfer.debit == transfer.credit:
        return Refusal.SAME_ACCOUNT_ON_BOTH_SIDES
    return None


def _changes(transfers: Iterable[Transfer]) -> "Counter[Account]":
    changes: Counter[Account] = Counter()
    for transfer in transfers:
        changes[transfer.debit] += transfer.amount_ubolt
        changes[transfer.credit] -= transfer.amount_ubolt
    return changes
