"""Ledger, newest vouchers and chain say the same, or every difference is told by name.

Three sides know a home's money: the ledger what was posted, the newest voucher what the home has
signed for, the chain what was paid. They are compared counter by counter, so that the differences
of a home add up to its deposit in the ledger less its headroom on chain: no sum hides anything.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from gridplus.digest import Document
from gridplus.ledger.book import Ledger
from gridplus.ledger.chart import POOL, TRUST_CASH, Account, home_of, is_deposit
from gridplus.ledger.transfer import Code, Phase
from gridplus.units import format_ubolt


class Reason(Enum):
    """Why two sides differ, most likely: a sentence, and whether the ledger holds more for it."""

    DEPOSIT_NOT_FINAL = ("a deposit is on chain and not final yet", False)
    UNPOSTED_DEPOSIT = ("the chain has a deposit that the books do not have", False)
    DEPOSIT_NOT_ON_CHAIN = ("the books have a deposit that the chain does not have", True)
    UNPOSTED_WITHDRAWAL = ("the chain has paid out what the books do not know of", True)
    WITHDRAWAL_NOT_ON_CHAIN = ("the books have paid out what the chain still holds", False)
    UNPOSTED_BILL = ("the home has signed for more than the books have billed", True)
    UNPAID_BILL = ("the books have billed more than the home has signed for", False)
    UNCLAIMED_VOUCHER = ("the newest voucher is not claimed", False)
    CLAIMED_AHEAD = (
        "more is claimed than the voucher says: it is lost, or of a later day",
        True,
    )
    UNCLAIMED_CREDIT = ("the credit of the newest voucher is not on chain", True)
    CREDITED_AHEAD = ("more is credited on chain than the voucher says", False)
    TRUST_HOLDS_MORE = (
        "the trust in the books is more than the chain holds: an unposted claim",
        True,
    )
    TRUST_HOLDS_LESS = ("the trust in the books is less than the chain holds", False)
    POOL_HOLDS_MORE = ("the pool in the books is more than the chain holds", True)
    POOL_HOLDS_LESS = (
        "the pool in the books is less than the chain holds: an unposted claim",
        False,
    )

    @property
    def sentence(self) -> str:
        return self.value[0]

    @property
    def ledger_holds_more(self) -> bool:
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Posted:
    """A home's money as the ledger has it; `billed_ubolt` is all charges less all credits."""

    deposited_ubolt: int = 0
    billed_ubolt: int = 0
    withdrawn_ubolt: int = 0


@dataclass(frozen=True, slots=True)
class Signed:
    """The counters of a home's newest voucher."""

    spent_ubolt: int = 0
    earned_ubolt: int = 0


@dataclass(frozen=True, slots=True)
class OnChain:
    """A home's counters in the vault; of `deposited_ubolt`, `arriving_ubolt` is not final yet."""

    deposited_ubolt: int = 0
    spent_ubolt: int = 0
    earned_ubolt: int = 0
    withdrawn_ubolt: int = 0
    arriving_ubolt: int = 0

    @property
    def headroom_ubolt(self) -> int:
        held = self.deposited_ubolt + self.earned_ubolt
        return held - self.spent_ubolt - self.withdrawn_ubolt


@dataclass(frozen=True, slots=True)
class Vault:
    """The chain's side: every home it knows, and the retailer's pool."""

    homes: Mapping[bytes, OnChain]
    pool_ubolt: int


@dataclass(frozen=True, slots=True)
class Difference:
    """`amount_ubolt` > 0 apart since `since`; `home` is a channel id, empty for trust and pool."""

    reason: Reason
    home: bytes
    amount_ubolt: int
    since: date

    @property
    def ledger_more_ubolt(self) -> int:
        """What the ledger holds more than the chain for it; below zero, less."""
        return self.amount_ubolt if self.reason.ledger_holds_more else -self.amount_ubolt

    def __str__(self) -> str:
        what = f"home 0x{self.home.hex()}" if self.home else "the vault"
        amount = format_ubolt(self.amount_ubolt)
        said = f"{self.reason.name} {amount} BOLT since {self.since}: {self.reason.sentence}"
        return f"{what}: {said}"

    def document(self) -> Document:
        return {
            "reason": self.reason.name,
            "sentence": self.reason.sentence,
            "home": f"0x{self.home.hex()}",
            "amount_ubolt": self.amount_ubolt,
            "ledger_more_ubolt": self.ledger_more_ubolt,
            "since": self.since.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """How the three sides stood at the end of `day`: how many homes, and all that differs."""

    day: date
    homes: int
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        return not self.differences

    def document(self) -> dict[str, Document]:
        return {
            "day": self.day.isoformat(),
            "homes": self.homes,
            "agrees": self.agrees,
            "differences": [difference.document() for difference in self.differences],
        }


def posted_by_home(ledger: Ledger) -> dict[bytes, Posted]:
    """Every home of the ledger, with what was posted to its deposit."""
    sums: dict[Account, list[int]] = defaultdict(lambda: [0, 0, 0])
    place = {Code.DEPOSIT: 0, Code.WITHDRAWAL: 2}
    for transfer in ledger.transfers:
        if transfer.phase is Phase.POSTED:
            counter = place.get(transfer.code, 1)
            for account, change in (
                (transfer.debit, transfer.amount_ubolt),
                (transfer.credit, -transfer.amount_ubolt),
            ):
                if is_deposit(account):
                    sums[account][counter] += change
    return {
        home_of(account): Posted(-deposited, billed, withdrawn)
        for account, (deposited, billed, withdrawn) in sums.items()
    }


def reconcile(
    day: date,
    ledger: Ledger,
    *,
    vouchers: Mapping[bytes, Signed],
    vault: Vault,
    before: Collection[Difference] = (),
) -> Report:
    """Compare the three sides as they stand at the end of `day`.

    `before` are the differences of the report before this one: what is still apart for the same
    reason has been since then.
    """
    posted = posted_by_home(ledger)
    known = {(apart.reason, apart.home): apart.since for apart in before}
    homes = sorted(posted.keys() | vouchers.keys() | vault.homes.keys())
    found = [
        (reason, home, amount)
        for home in homes
        for reason, amount in _of_home(
            posted.get(home, Posted()),
            vouchers.get(home, Signed()),
            chain=vault.homes.get(home, OnChain()),
        )
    ]
    found += ((reason, b"", amount) for reason, amount in _of_vault(ledger, vault))
    return Report(
        day,
        len(homes),
        tuple(
            Difference(reason, home, amount, known.get((reason, home), day))
            for reason, home, amount in found
        ),
    )


_Apart = tuple[Reason, int]


def _of_home(books: Posted, signed: Signed, *, chain: OnChain) -> Iterator[_Apart]:
    coming = chain.deposited_ubolt - books.deposited_ubolt
    late = Reason.DEPOSIT_NOT_FINAL if coming == chain.arriving_ubolt else Reason.UNPOSTED_DEPOSIT
    yield from _apart(coming, late, less=Reason.DEPOSIT_NOT_ON_CHAIN)
    yield from _apart(
        chain.withdrawn_ubolt - books.withdrawn_ubolt,
        Reason.UNPOSTED_WITHDRAWAL,
        less=Reason.WITHDRAWAL_NOT_ON_CHAIN,
    )
    yield from _apart(
        signed.spent_ubolt - signed.earned_ubolt - books.billed_ubolt,
        Reason.UNPOSTED_BILL,
        less=Reason.UNPAID_BILL,
    )
    yield from _apart(
        signed.spent_ubolt - chain.spent_ubolt, Reason.UNCLAIMED_VOUCHER, less=Reason.CLAIMED_AHEAD
    )
    yield from _apart(
        signed.earned_ubolt - chain.earned_ubolt,
        Reason.UNCLAIMED_CREDIT,
        less=Reason.CREDITED_AHEAD,
    )


def _of_vault(ledger: Ledger, vault: Vault) -> Iterator[_Apart]:
    headroom = sum(home.headroom_ubolt for home in vault.homes.values())
    trust, pool = ledger.balance(TRUST_CASH) - headroom, ledger.balance(POOL) - vault.pool_ubolt
    yield from _apart(trust, Reason.TRUST_HOLDS_MORE, less=Reason.TRUST_HOLDS_LESS)
    yield from _apart(pool, Reason.POOL_HOLDS_MORE, less=Reason.POOL_HOLDS_LESS)


def _apart(difference_ubolt: int, more: Reason, *, less: Reason) -> Iterator[_Apart]:
    if difference_ubolt:
        yield more if difference_ubolt > 0 else less, abs(difference_ubolt)
