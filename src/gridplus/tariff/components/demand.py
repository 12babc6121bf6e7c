"""Demand charge: the month's highest power, charged as it rises, with a ratchet."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from gridplus.failures import InputError
from gridplus.tariff.calendar import Cell, Holidays, read_cells, read_holidays
from gridplus.tariff.components.component import Effect, Stepwise, Use
from gridplus.tariff.fields import Fields
from gridplus.tariff.line import Code, flat
from gridplus.tariff.moment import Moment
from gridplus.tariff.quantity import Measure, read_quantity
from gridplus.tariff.tally import Memory
from gridplus.units import HOUR_S, PPM

MAX_RATCHET_MONTHS = 24
WINDOWS_S = {"15 min": 900, "30 min": 1_800, "60 min": 3_600}
PBOLT_PER_UBOLT_W_PER_KW = 1_000
"""1 µBOLT per kW, for 1 W: a thousandth of a µBOLT."""


@dataclass(frozen=True, slots=True)
class DemandCharge(Stepwise):
    """The billed power of a month is the highest average over a window, in the hours that count,
    but no less than `ratchet_ppm` of the highest peak of the last `ratchet_months` months. Each
    time it rises, the rise is charged at once, so the month's lines sum to price x billed power.

    Memory: the window's start (s), Wh in it, billed W, peak W, then past months' peaks, newest
    first.
    """

    kind = "demand_charge"
    several = True
    label: str
    price_ubolt_per_kw: int
    window_s: int
    cells: frozenset[Cell]
    holidays: Holidays
    ratchet_ppm: int
    ratchet_months: int

    @property
    def name(self) -> str:
        return self.label

    def turn(self, memory: Memory) -> Memory:
        """The peak joins the past; nothing is billed yet of the new month."""
        start_s, wh, _billed_w, peak_w, *past_w = memory or (0, 0, 0, 0)
        return start_s, wh, 0, 0, *[peak_w, *past_w][: self.ratchet_months]

    def step(self, use: Use, memory: Memory) -> Effect:
        """Raises InputError when the interval is longer than the window of the demand."""
        start_s, wh, billed_w, peak_w, *past_w = memory or (0, 0, 0, 0)
        interval = use.read.interval
        if interval.length_s > self.window_s:
            raise InputError(
                f"{self.label}: demand over {self.window_s} s cannot be seen in {interval}; "
                "rate shorter intervals"
            )
        window_s = interval.start_s - interval.start_s % self.window_s
        wh = use.read.import_wh + (wh if start_s == window_s else 0)
        if self.cell_of(use.moment) in self.cells:
            peak_w = max(peak_w, wh * HOUR_S // self.window_s)
        floor_w = max(past_w[: self.ratchet_months], default=0) * self.ratchet_ppm // PPM
        now_w = max(billed_w, peak_w, floor_w)
        rise_pbolt = (now_w - billed_w) * self.price_ubolt_per_kw * PBOLT_PER_UBOLT_W_PER_KW
        after = window_s, wh, now_w, peak_w, *past_w[: self.ratchet_months]
        return Effect(memory=after, charges=(flat(Code.DEMAND, rise_pbolt),))

    def cell_of(self, moment: Moment) -> Cell:
        return moment.day.month, self.holidays.kind_of(moment.day), moment.hour

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        ratchet_ppm = months = 0
        if fields.has("ratchet"):
            ratchet_ppm = read_quantity(fields, "ratchet", measure=Measure.RATIO_PPM)
            months = fields.integer("ratchet_months", high=MAX_RATCHET_MONTHS)
        return cls(
            label=fields.text("name"),
            price_ubolt_per_kw=read_quantity(fields, "price", measure=Measure.DEMAND_UBOLT_PER_KW),
            window_s=WINDOWS_S[fields.choice("window", WINDOWS_S)],
            holidays=read_holidays(fields),
            cells=read_cells(fields),
            ratchet_ppm=ratchet_ppm,
            ratchet_months=months,
        )
