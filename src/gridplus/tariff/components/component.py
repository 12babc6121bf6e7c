"""What a plan is made of: small pure objects, each with one job.

A component says what it asks of an interval before anything is read (`slot`). One that depends on
what was used, now or before (`Stepwise`), also looks at the read and the month so far, and says
what it remembers. Amounts are charges before tax; a *return* gives a charge back with its taxes; a
*credit* has nothing to do with tax. Every amount is 0 or more, so that money only grows.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import date
from typing import ClassVar, NamedTuple, Self

from gridplus.meter import IntervalRead
from gridplus.tariff.fields import Fields
from gridplus.tariff.given import Given
from gridplus.tariff.line import Code, Line
from gridplus.tariff.moment import Moment
from gridplus.tariff.tally import Memory

Price = tuple[Code, int]
"""A line's code and its price, µBOLT/MWh, 0 or more."""


class Slot(NamedTuple):
    """What a component asks of one interval, whatever was used before: charges per Wh taken, fixed
    charges, credits per Wh taken, credits per Wh fed in."""

    import_prices: tuple[Price, ...] = ()
    fixed: tuple[Line, ...] = ()
    import_credits: tuple[Price, ...] = ()
    export_prices: tuple[Price, ...] = ()


class Use(NamedTuple):
    """What a stepwise component looks at. `month_import_wh` is the local month's before this
    interval; `whole_month` says that the month was billed from its first interval; `prices` are
    the charges per Wh of import in this interval by code, µBOLT/MWh."""

    read: IntervalRead
    moment: Moment
    prices: Mapping[Code, int]
    month_import_wh: int
    whole_month: bool
    given: Given

    @property
    def energy_price(self) -> int:
        """What the retailer charges for one more Wh: energy and adder, µBOLT/MWh."""
        return self.prices.get(Code.ENERGY, 0) + self.prices.get(Code.ADDER, 0)


class Effect(NamedTuple):
    """What a stepwise component does in one interval, and what it remembers after it."""

    memory: Memory = ()
    charges: tuple[Line, ...] = ()
    returns: tuple[Line, ...] = ()
    credits: tuple[Line, ...] = ()


class Marginal(NamedTuple):
    """The next Wh, µBOLT/MWh: charged or given back for import, given back or credited for
    export."""

    import_charge: int = 0
    import_return: int = 0
    export_return: int = 0
    export_credit: int = 0


class Component(ABC):
    """One part of a plan. `is_energy`: it prices the energy itself; a plan has exactly one.
    `is_export`: it pays for energy fed in; a plan has at most one."""

    __slots__ = ()
    kind: ClassVar[str]
    is_energy: ClassVar[bool] = False
    is_export: ClassVar[bool] = False
    several: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """What tells it from the plan's other components; its memory is kept under it."""
        return self.kind

    @property
    def needs_index(self) -> bool:
        return False

    def slot(self, moment: Moment) -> Slot:
        """Raises InputError when it cannot price the moment."""
        return Slot()

    @classmethod
    @abstractmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        """Take its fields from a plan that begins on `start`; InputError names what is wrong."""


class Stepwise(Component):
    """A component whose lines depend on what is used in the interval or was before it."""

    __slots__ = ()

    def turn(self, memory: Memory) -> Memory:
        """What it remembers when a local month begins."""
        return memory

    @abstractmethod
    def step(self, use: Use, memory: Memory) -> Effect:
        """Its lines, the same codes in every interval, and its memory after it."""

    def marginal(self, use: Use, memory: Memory) -> Marginal:
        """What the next Wh costs or pays where the month stands; `use` has an empty read."""
        return Marginal()
