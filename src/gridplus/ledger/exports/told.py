"""What both formats tell of a transfer: its amount in BOLT, its memo on one line."""

from gridplus.ledger.book import Ledger
from gridplus.ledger.transfer import Phase, Transfer
from gridplus.units import UBOLT_PER_BOLT


def posted_by_day(ledger: Ledger) -> list[Transfer]:
    """What moved a balance, by day and then in the order of posting."""
    moved = (t for t in ledger.transfers if t.phase is Phase.POSTED)
    return sorted(moved, key=lambda transfer: transfer.day)


def pending_lines(ledger: Ledger) -> list[str]:
    """A comment for each transfer that is pending."""
    return [
        f"; pending since {t.day} ({t.code}): {t.debit} {bolt(t.amount_ubolt)} from {t.credit}, "
        f"0x{t.id.hex()}"
        for t in ledger.pending
    ]


def bolt(amount_ubolt: int) -> str:
    """-1234567 -> '-1.234567 BOLT'"""
    sign = "-" if amount_ubolt < 0 else ""
    whole, part = divmod(abs(amount_ubolt), UBOLT_PER_BOLT)
    return f"{sign}{whole}.{part:06d} BOLT"


def one_line(memo: str) -> str:
    return " ".join(memo.split())
