"""What energy fed into the grid is paid: the index, one price, or the home's own use first."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from gridplus.tariff.components.component import Component, Effect, Marginal, Slot, Stepwise, Use
from gridplus.tariff.fields import Fields
from gridplus.tariff.line import Code, per_wh
from gridplus.tariff.moment import Moment
from gridplus.tariff.quantity import Measure, read_quantity, read_signed
from gridplus.tariff.tally import Memory


@dataclass(frozen=True, slots=True)
class ExportIndex(Component):
    """The plan's index, within its floor and cap, plus an adder that may be negative; never below
    zero: nobody pays for feeding in."""

    kind = "export_index"
    is_export = True
    adder: int

    @property
    def needs_index(self) -> bool:
        return True

    def slot(self, moment: Moment) -> Slot:
        price = max(moment.require_index() + self.adder, 0)
        return Slot(export_prices=((Code.EXPORT, price),))

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        return cls(read_signed(fields, "adder", measure=Measure.PRICE_UBOLT_PER_MWH))


@dataclass(frozen=True, slots=True)
class ExportFixed(Component):
    """One price for every Wh fed in (µBOLT/MWh)."""

    kind = "export_fixed"
    is_export = True
    price: int

    def slot(self, moment: Moment) -> Slot:
        return Slot(export_prices=((Code.EXPORT, self.price),))

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        return cls(read_quantity(fields, "price", measure=Measure.PRICE_UBOLT_PER_MWH))


@dataclass(frozen=True, slots=True)
class OwnUseFirst(Stepwise):
    """What is fed in and taken in the same interval is netted at the energy price, with its taxes;
    the rest is paid `price` (µBOLT/MWh)."""

    kind = "own_use_first"
    is_export = True
    price: int

    def step(self, use: Use, memory: Memory) -> Effect:
        own_wh = min(use.read.import_wh, use.read.export_wh)
        return Effect(
            returns=(per_wh(Code.OWN_USE, own_wh, price=use.energy_price),),
            credits=(per_wh(Code.EXPORT, use.read.export_wh - own_wh, price=self.price),),
        )

    def marginal(self, use: Use, memory: Memory) -> Marginal:
        """The next Wh of a home that only takes or only feeds in."""
        return Marginal(export_credit=self.price)

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        return cls(read_quantity(fields, "price", measure=Measure.PRICE_UBOLT_PER_MWH))


@dataclass(frozen=True, slots=True)
class NetMetering(Stepwise):
    """Energy fed in pays back energy taken in the same month, Wh for Wh at the energy price with
    its taxes; what is left is banked and pays back later use, in later months too.

    The price is that of the interval in which Wh meet Wh. At the end of a month the bank rolls over
    (`surplus` is None), or is paid `surplus` (µBOLT/MWh) per Wh. Use that was not paid back in its
    month stays paid. Memory: Wh banked, Wh of the month not paid back yet.
    """

    kind = "net_metering"
    is_export = True
    surplus: int | None

    def turn(self, memory: Memory) -> Memory:
        bank_wh, _open_wh = memory or (0, 0)
        return bank_wh, 0

    def step(self, use: Use, memory: Memory) -> Effect:
        bank_wh, open_wh = memory or (0, 0)
        bank_wh, open_wh = bank_wh + use.read.export_wh, open_wh + use.read.import_wh
        met_wh = min(bank_wh, open_wh)
        bank_wh, open_wh = bank_wh - met_wh, open_wh - met_wh
        paid_wh = bank_wh if self.surplus is not None and use.moment.ends_month else 0
        return Effect(
            memory=(bank_wh - paid_wh, open_wh),
            returns=(per_wh(Code.NET_METERING, met_wh, price=use.energy_price),),
            credits=(per_wh(Code.NET_SURPLUS, paid_wh, price=self.surplus or 0),),
        )

    def marginal(self, use: Use, memory: Memory) -> Marginal:
        """The next Wh taken is paid back while the bank holds; the next Wh fed in pays back while
        use stands open, and else waits in the bank, which a planner cannot see."""
        bank_wh, open_wh = memory or (0, 0)
        return Marginal(
            import_return=use.energy_price if bank_wh else 0,
            export_return=use.energy_price if open_wh else 0,
        )

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        if not fields.has("surplus"):
            return cls(None)
        return cls(read_quantity(fields, "surplus", measure=Measure.PRICE_UBOLT_PER_MWH))
