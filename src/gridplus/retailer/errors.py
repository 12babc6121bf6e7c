"""Why the back office cannot do what it was asked, as things stand. Nothing has changed then."""

from gridplus.failures import GridPlusError


class OfficeError(GridPlusError):
    """Asked too early, or against what is already fixed. Ask again when the reason is gone."""


class PricesNotPostedError(OfficeError):
    """The market has not posted the day's prices, or not yet."""


class DayNotOpenError(OfficeError):
    """A day is closed only after its prices were published and its position was bought."""


class DayIncompleteError(OfficeError):
    """A home's day has a hole, a stranger in it, or is not paid to its end."""


class NothingToRestateError(OfficeError):
    """The bills are not closed yet, or what is said to be right is what they were billed with."""


class AnchorConflictError(OfficeError):
    """Something else is anchored for the day, and what is anchored cannot be changed."""


class LedgerRefusedError(OfficeError):
    """The ledger refuses the day's transfers, or would no longer agree with the chain."""


class InvoiceConflictError(OfficeError):
    """Another invoice of this payee was received under the same number."""
