"""The plots of a run: what is drawn, and the same in words and in a table for who cannot see it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from gridplus.demo.figures import Figures
from gridplus.demo.readout import (
    UBOLT_PER_MWH_PER_CENT_PER_KWH,
    format_bolt,
    format_kwh,
    format_price,
    share_rounded,
    what_the_cap_did,
)
from gridplus.units import HOUR_S, SETTLEMENT_INTERVAL_S, UBOLT_PER_BOLT

QUARTERS_PER_HOUR = HOUR_S // SETTLEMENT_INTERVAL_S
WH_PER_KWH = 1_000


@dataclass(frozen=True, slots=True)
class Line:
    """A value per point of time; `style` is a name that charts.js knows.

    A stepped line holds each value until the next point, any other joins the points.
    """

    label: str
    style: str
    stepped: bool
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A plot; `caption` says all that is worth seeing in it."""

    name: str
    title: str
    caption: str
    unit: str
    digits: int
    lines: tuple[Line, ...]


def charts(figures: Figures) -> tuple[Chart, ...]:
    """Prices, power, battery and money over the run."""
    return _prices(figures), _power(figures), _battery(figures), _money(figures)


def chart_document(figures: Figures, drawn: Sequence[Chart]) -> dict[str, Any]:
    """What charts.js reads: the points of time (the last is the end of the run), and the charts."""
    starts_s = figures.series.start_s
    return {
        "zone": figures.time_zone,
        "at_s": [*starts_s, starts_s[-1] + SETTLEMENT_INTERVAL_S],
        "charts": [asdict(chart) for chart in drawn],
    }


HOURS_HEAD = (
    "from",
    "wholesale ¢/kWh",
    "charged ¢/kWh",
    "load kWh",
    "solar kWh",
    "net kWh",
    "net without control kWh",
    "stored at end kWh",
    "paid so far BOLT",
)


def hours(figures: Figures) -> tuple[tuple[str, ...], ...]:
    """The plots as rows under `HOURS_HEAD`: an hour each, or a day each when there are several.

    Prices are averages over time.
    """
    series = figures.series
    prices = (series.index_ubolt_per_mwh, series.billed_ubolt_per_mwh)
    energies = (series.load_wh, series.solar_wh, series.net_wh, series.net_without_control_wh)
    return tuple(
        (
            _clock(figures, series.start_s[places[0]]),
            *(format_price(_mean(column, places)) for column in prices),
            *(format_kwh(sum(column[i] for i in places)) for column in energies),
            format_kwh(series.stored_wh[places[-1]]),
            format_bolt(series.paid_ubolt[places[-1]]),
        )
        for places in _groups(figures)
    )


def _groups(figures: Figures) -> Iterable[list[int]]:
    zone, starts_s = ZoneInfo(figures.time_zone), figures.series.start_s

    def part(place: int) -> int:
        if figures.days == 1:
            return starts_s[place] // HOUR_S
        return datetime.fromtimestamp(starts_s[place], zone).toordinal()

    return (list(places) for _, places in groupby(range(len(starts_s)), part))


def _mean(column: Sequence[int], places: Sequence[int]) -> int:
    return share_rounded([sum(column[i] for i in places)], len(places))[0]


def _clock(figures: Figures, at_s: int) -> str:
    """Local time; with the day when the run has several."""
    moment = datetime.fromtimestamp(at_s, ZoneInfo(figures.time_zone))
    return f"{moment:%H:%M}" if figures.days == 1 else f"{moment.day} {moment:%b %H:%M}"


def _peak(figures: Figures, column: Sequence[int], *, after_s: int = 0) -> tuple[int, str]:
    """The highest value and when it first was, `after_s` from the start of its interval."""
    place = max(range(len(column)), key=lambda i: (column[i], -i))
    return column[place], _clock(figures, figures.series.start_s[place] + after_s)


def _held(label: str, style: str, *, values: Iterable[float]) -> Line:
    """What is true of whole intervals: the last one lasts until the end of the run."""
    points = tuple(round(value, 4) for value in values)
    return Line(label, style, True, (*points, points[-1]))


def _reached(label: str, style: str, *, values: Iterable[float], first: float | None) -> Line:
    """What is true at the end of intervals; `first` at the beginning, None where unknown."""
    return Line(label, style, False, (first, *(round(value, 4) for value in values)))


def _scaled(column: Iterable[int], divisor: float) -> Iterable[float]:
    return (value / divisor for value in column)


def _prices(figures: Figures) -> Chart:
    series, cents = figures.series, UBOLT_PER_MWH_PER_CENT_PER_KWH
    index, billed = series.index_ubolt_per_mwh, series.billed_ubolt_per_mwh
    cap = [figures.cap_ubolt_per_mwh] * len(index)
    when = _peak(figures, index)[1]
    caption = (
        f"The wholesale price was {_span(index)} ¢/kWh, highest at {when}. "
        f"With adder, delivery, fees and taxes the plan charged {_span(billed)} ¢ for a kWh "
        f"taken. {what_the_cap_did(figures)}"
    )
    lines = (
        _held("wholesale", "plain", values=_scaled(index, cents)),
        _held("plan, all in", "accent", values=_scaled(billed, cents)),
        _held("cap on wholesale", "dashed", values=_scaled(cap, cents)),
    )
    return Chart("prices", "Wholesale price and what the plan charged", caption, "¢/kWh", 2, lines)


def _span(prices: Sequence[int]) -> str:
    lowest, highest = format_price(min(prices)), format_price(max(prices))
    return lowest if lowest == highest else f"{lowest} to {highest}"


def _power(figures: Figures) -> Chart:
    series, to_kw = figures.series, WH_PER_KWH / QUARTERS_PER_HOUR
    (drawn_wh, when), (idle_wh, idle_when) = (
        _peak(figures, column) for column in (series.net_wh, series.net_without_control_wh)
    )
    caption = (
        "Average power of each quarter hour; below zero the street feeds into the grid. It drew "
        f"{_kw(drawn_wh)} kW at most, at {when}; without control {_kw(idle_wh)} kW, at {idle_when}."
    )
    lines = (
        _held("load", "plain", values=_scaled(series.load_wh, to_kw)),
        _held("solar", "area", values=_scaled(series.solar_wh, to_kw)),
        _held("net", "accent", values=_scaled(series.net_wh, to_kw)),
        _held(
            "net without control", "dashed", values=_scaled(series.net_without_control_wh, to_kw)
        ),
    )
    return Chart("power", "What the street used and made", caption, "kW", 1, lines)


def _kw(quarter_wh: int) -> str:
    return format_kwh(quarter_wh * QUARTERS_PER_HOUR)


def _battery(figures: Figures) -> Chart:
    stored = figures.series.stored_wh
    highest, when = _peak(figures, stored, after_s=SETTLEMENT_INTERVAL_S)
    caption = (
        f"Energy in the batteries of all homes: {format_kwh(min(stored))} kWh at least, "
        f"{format_kwh(highest)} kWh at most, at {when}; {format_kwh(stored[-1])} kWh at the end."
    )
    line = _reached("stored", "accent-area", values=_scaled(stored, WH_PER_KWH), first=None)
    return Chart("battery", "What the batteries held", caption, "kWh", 1, (line,))


def _money(figures: Figures) -> Chart:
    series = figures.series
    caption = (
        "The street's bill since the beginning, charges less credits: "
        f"{format_bolt(series.paid_ubolt[-1])} BOLT at the end, "
        f"{format_bolt(series.without_control_ubolt[-1])} without control."
    )
    paid, without = (
        _scaled(column, UBOLT_PER_BOLT)
        for column in (series.paid_ubolt, series.without_control_ubolt)
    )
    lines = (
        _reached("paid", "accent", values=paid, first=0),
        _reached("without control", "dashed", values=without, first=0),
    )
    return Chart("money", "Paid so far", caption, "BOLT", 2, lines)
