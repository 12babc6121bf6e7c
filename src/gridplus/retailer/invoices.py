"""Invoices that the office is given: journaled as they are, posted as the ledger derives them."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from gridplus.digest import Document
from gridplus.ledger import Invoice, Ledger, Payee, accrued_ubolt
from gridplus.tariff import Fields
from gridplus.units import U48_MAX


@dataclass(frozen=True, slots=True)
class ReceivedInvoice:
    """What `payee` asks on `day` for everything up to and with day `until`; a credit note is below
    zero. `number` is his own, used once."""

    payee: Payee
    number: str
    day: date
    until: date
    amount_ubolt: int

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Raises InputError that names the field."""
        payees = {payee.name.lower(): payee for payee in Payee}
        found = cls(
            payees[fields.choice("payee", payees)],
            fields.text("number"),
            fields.day("day"),
            fields.day("until"),
            _amount(fields, "amount_ubolt"),
        )
        fields.close()
        if found.until > found.day:
            fields.fail("until", f"is {found.until}, after the invoice's own day")
        return found

    @property
    def key(self) -> tuple[Payee, str]:
        """What one invoice is known by."""
        return self.payee, self.number

    def document(self) -> dict[str, Document]:
        return {
            "payee": self.payee.name.lower(),
            "number": self.number,
            "day": self.day.isoformat(),
            "until": self.until.isoformat(),
            "amount_ubolt": self.amount_ubolt,
        }

    def settled(self, ledger: Ledger) -> Invoice:
        """The invoice beside what `ledger` has accrued for it."""
        accrued = accrued_ubolt(ledger, self.payee, until=self.until)
        return Invoice(self.payee, self.number, self.day, accrued, self.amount_ubolt)


def _amount(fields: Fields, key: str) -> int:
    value = fields.take(key)
    if type(value) is not int or abs(value) > U48_MAX:
        fields.fail(key, f"must be an integer from -{U48_MAX} to {U48_MAX}")
    return value
