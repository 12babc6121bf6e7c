"""Block and index: a profile bought at a fixed price, and what deviates from it at the index."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from gridplus.tariff.calendar import Cell, Holidays, read_cells, read_holidays
from gridplus.tariff.components.component import Effect, Marginal, Slot, Stepwise, Use
from gridplus.tariff.fields import Fields
from gridplus.tariff.line import Code, Line, per_wh
from gridplus.tariff.moment import Moment
from gridplus.tariff.quantity import Measure, read_quantity
from gridplus.tariff.tally import Memory
from gridplus.units import HOUR_S

MAX_BLOCKS = 24


@dataclass(frozen=True, slots=True)
class Block:
    """Constant power in some cells of the calendar, bought at a price (µBOLT/MWh)."""

    power_w: int
    price: int
    cells: frozenset[Cell]

    def wh_in(self, moment: Moment) -> int:
        """The block's energy in the interval; an hour's parts sum to the hour, rounded down."""
        length_s = moment.interval.length_s
        place_s = moment.interval.start_s % HOUR_S
        return self.power_w * (place_s + length_s) // HOUR_S - self.power_w * place_s // HOUR_S


@dataclass(frozen=True, slots=True)
class BlockAndIndex(Stepwise):
    """The blocks are paid for whether used or not. More use costs the index; what is left over is
    credited at it, without tax. An index below zero counts as zero."""

    kind = "block_and_index"
    is_energy = True
    blocks: tuple[Block, ...]
    holidays: Holidays

    @property
    def needs_index(self) -> bool:
        return True

    def slot(self, moment: Moment) -> Slot:
        return Slot(fixed=self.bought(moment) or (per_wh(Code.BLOCK, 0, price=0),))

    def step(self, use: Use, memory: Memory) -> Effect:
        index = max(use.moment.require_index(), 0)
        bought_wh = sum(line.quantity_wh for line in self.bought(use.moment))
        over_wh = use.read.import_wh - bought_wh
        return Effect(
            charges=(per_wh(Code.ENERGY, max(over_wh, 0), price=index),),
            credits=(per_wh(Code.BLOCK_CREDIT, max(-over_wh, 0), price=index),),
        )

    def marginal(self, use: Use, memory: Memory) -> Marginal:
        """The price of one Wh above the block; below it a Wh forgoes the same index untaxed."""
        return Marginal(import_charge=max(use.moment.require_index(), 0))

    def bought(self, moment: Moment) -> tuple[Line, ...]:
        """A line for each block of the interval."""
        cell = moment.day.month, self.holidays.kind_of(moment.day), moment.hour
        return tuple(
            per_wh(Code.BLOCK, block.wh_in(moment), price=block.price)
            for block in self.blocks
            if cell in block.cells
        )

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        holidays = read_holidays(fields)
        blocks = tuple(_block(item) for item in fields.objects("blocks", limit=MAX_BLOCKS))
        if not blocks:
            fields.fail("blocks", "must hold at least one block")
        return cls(blocks, holidays)


def _block(fields: Fields) -> Block:
    block = Block(
        power_w=read_quantity(fields, "power", measure=Measure.POWER_W),
        price=read_quantity(fields, "price", measure=Measure.PRICE_UBOLT_PER_MWH),
        cells=read_cells(fields),
    )
    fields.close()
    return block
