"""A street's working day in the ledger, drawn at random: batches that are all accepted in order."""

from dataclasses import dataclass
from datetime import date

from hypothesis import strategies as st

from gridplus.ledger import BilledDay, Code, Lot, Transfer, bill, claim, energy, movement

DAY = date(2021, 2, 15)
HOMES = tuple(bytes([n]) * 32 for n in range(1, 4))
BOLT = 1_000_000

Batch = tuple[Transfer, ...]


def deposit(home: bytes, amount_ubolt: int, source: bytes = b"log 1") -> Batch:
    return movement(Code.DEPOSIT, source + home, day=DAY, amount_ubolt=amount_ubolt, home=home)


def capital(amount_ubolt: int) -> Batch:
    """The owners' money, all of it in the vault's pool."""
    return movement(Code.CAPITAL, b"", day=DAY, amount_ubolt=amount_ubolt) + movement(
        Code.POOL_FUNDING, b"", day=DAY, amount_ubolt=amount_ubolt
    )


def billed(home: bytes, lines_ubolt: dict[Code, int], earned_ubolt: int = 0) -> BilledDay:
    return BilledDay(home, DAY, sum(lines_ubolt.values()), earned_ubolt, lines_ubolt)


@dataclass(frozen=True)
class StreetDay:
    """Batches in the order a retailer posts them, and what each home was billed."""

    batches: tuple[Batch, ...]
    bills: tuple[BilledDay, ...]


CHARGES = st.fixed_dictionaries(
    {
        code: st.integers(0, 3 * BOLT)
        for code in (Code.ENERGY, Code.ADDER, Code.DELIVERY, Code.ERCOT_FEE, Code.TAX)
    }
)
LOTS = st.lists(
    st.builds(Lot, st.integers(-40_000, 40_000), st.integers(-250 * BOLT, 9_000 * BOLT)),
    max_size=24,
)


@st.composite
def street_days(draw: st.DrawFn) -> StreetDay:
    bills = tuple(billed(home, draw(CHARGES), draw(st.integers(0, 20 * BOLT))) for home in HOMES)
    spent, earned = sum(b.spent_ubolt for b in bills), sum(b.earned_ubolt for b in bills)
    sold = tuple(transfer for b in bills for transfer in bill(b))
    return StreetDay(
        batches=(
            capital(100 * BOLT),
            *(deposit(home, draw(st.integers(20 * BOLT, 50 * BOLT))) for home in HOMES),
            energy(Code.DAY_AHEAD, b"award", day=DAY, lots=draw(LOTS)),
            sold + claim(b"transaction", day=DAY, spent_ubolt=spent, earned_ubolt=earned),
            energy(Code.IMBALANCE, b"", day=DAY, lots=draw(LOTS)),
        ),
        bills=bills,
    )
