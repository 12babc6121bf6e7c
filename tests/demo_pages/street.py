"""Plausible figures for tests of what a run shows: a calm summer day, and a day far above the cap.

A small street in closed form: 17 homes, each with its own share of one load and one solar curve,
and batteries that charge at noon and at night and help in the evening. All sums are exact.
"""

import math
from dataclasses import replace
from datetime import date

from gridplus.demo.diary import Deed
from gridplus.demo.figures import (
    AskFigures,
    CostPart,
    EnergyFigures,
    Figures,
    GasFigures,
    HeedFigures,
    HomeFigures,
    OutputFiles,
    PaymentFigures,
    RetailerFigures,
    Series,
)
from gridplus.units import share_by_largest_remainder

CAP = 300_000_000
FIRST_STORED_WH = 60_000
CALM = (27, 24, 22, 21, 22, 22, 27, 27, 28, 29, 32, 36, 46, 65, 84, 109, 99, 62, 54, 50, 47, 41)
STORM = (3056, 3319, 2995, 4111, 4495, 7488, 7862, 7545, 7768, 7754, 7697, 7769, 7551, 7497, 7495)
DELIVERY, ADDER, TAX_PPM = 34_815_000 + 555_000, 15_000_000, 21_637
HOMES = 17
DEEDS = (
    Deed("car", 1_628_755_200, 1_628_762_400, 13_300, "charging the car at 03:00: 7.1 ¢ now"),
    Deed("battery", 1_628_802_000, 1_628_809_200, -2_200, "covering the home at 16:00: 10.2 ¢"),
)


def _curves(days: int, *, sun_wh: int) -> tuple[list[int], list[int], list[int]]:
    """Load, solar and battery (positive charges) of the street, Wh per quarter hour."""
    load, solar, battery = [], [], []
    for quarter in range(96 * days):
        hour = quarter % 96 / 4
        load.append(int(3_900 + 3_500 * math.exp(-((hour - 19) ** 2) / 8) + 600 * math.cos(hour)))
        solar.append(int(max(0.0, sun_wh * math.sin(math.pi * (hour - 6.5) / 13))))
        charging = 4_200 if 9 <= hour < 13 else 1_200 if 2 <= hour < 5 else 0
        battery.append(charging - (3_600 if 15 <= hour < 20 else 0))
    return load, solar, battery


def _running(amounts: list[int]) -> tuple[int, ...]:
    return tuple(sum(amounts[: i + 1]) for i in range(len(amounts)))


def _net_bill(index: list[int], net: list[int]) -> list[int]:
    """µBOLT per interval, rounded down."""
    bounded = [min(max(price, 0), CAP) for price in index]
    return [
        wh * price // 1_000_000
        if wh < 0
        else wh * (price + ADDER + DELIVERY) * (1_000_000 + TAX_PPM) // 10**12
        for wh, price in zip(net, bounded, strict=True)
    ]


def _series(hourly: tuple[int, ...], *, first_s: int, days: int, sun_wh: int) -> Series:
    load, solar, battery = _curves(days, sun_wh=sun_wh)
    index = [hourly[min(i // 4 % 24, len(hourly) - 1)] * 1_000_000 for i in range(96 * days)]
    without = [a - b for a, b in zip(load, solar, strict=True)]
    net = [a + b for a, b in zip(without, battery, strict=True)]
    return Series(
        start_s=tuple(first_s + 900 * i for i in range(96 * days)),
        index_ubolt_per_mwh=tuple(index),
        billed_ubolt_per_mwh=tuple(
            (min(price, CAP) + ADDER + DELIVERY) * (1_000_000 + TAX_PPM) // 1_000_000
            for price in index
        ),
        load_wh=tuple(load),
        solar_wh=tuple(solar),
        net_wh=tuple(net),
        net_without_control_wh=tuple(without),
        stored_wh=tuple(FIRST_STORED_WH + level for level in _running(battery)),
        paid_ubolt=_running(_net_bill(index, net)),
        without_control_ubolt=_running(_net_bill(index, without)),
    )


def _retailer(series: Series, *, revenue: int, credit: int, passed_on: int) -> RetailerFigures:
    """Buys 97 % of the street's need ahead; pays for all of it at the index."""
    pairs = list(zip(series.index_ubolt_per_mwh, series.net_wh, strict=True))
    position_cost = sum(price * wh * 97 // 100 for price, wh in pairs) // 1_000_000
    imbalance_cost = sum(price * wh for price, wh in pairs) // 1_000_000 - position_cost
    payments = 4_213
    profit = revenue - credit - position_cost - imbalance_cost - passed_on - payments
    return RetailerFigures(
        position_wh=sum(series.net_wh) * 97 // 100,
        position_cost_ubolt=position_cost,
        imbalance_wh=sum(series.net_wh) * 3 // 100,
        imbalance_absolute_wh=14_230,
        imbalance_cost_ubolt=imbalance_cost,
        imbalance_value="the day-ahead price",
        revenue_ubolt=revenue,
        export_credit_ubolt=credit,
        passed_on_ubolt=passed_on,
        payment_cost_ubolt=payments,
        profit_ubolt=profit,
    )


def _homes(series: Series, *, taken_wh: int, fed_in_wh: int, count: int) -> tuple[HomeFigures, ...]:
    weights = [5 + i * 7 % 11 for i in range(count)]
    columns = [
        share_by_largest_remainder(total, weights)
        for total in (
            taken_wh,
            fed_in_wh,
            series.paid_ubolt[-1],
            series.without_control_ubolt[-1],
            series.without_control_ubolt[-1] * 108 // 100,
        )
    ]
    left = [150_000_000 - paid for paid in columns[2]]
    rows = zip(*columns, left, left, left, strict=True)
    return tuple(HomeFigures(f"home {i + 1}", *row, DEEDS) for i, row in enumerate(rows))


def calm_day(*, homes: int = HOMES, days: int = 1) -> Figures:
    """Thursday, 12 August 2021."""
    return _figures(CALM, first_day=date(2021, 8, 12), homes=homes, days=days)


def storm_day() -> Figures:
    """Monday, 15 February 2021: the index is ten times the cap and more, all day."""
    return _figures(STORM, first_day=date(2021, 2, 15), homes=HOMES, days=1)


def _figures(hourly: tuple[int, ...], *, first_day: date, homes: int, days: int) -> Figures:
    utc_midnight_s = (first_day - date(1970, 1, 1)).days * 86_400
    offset_h = 5 if 3 < first_day.month < 11 else 6
    sun_wh = 9_000 if offset_h == 5 else 5_000
    first_s = utc_midnight_s + 3_600 * offset_h
    series = _series(hourly, first_s=first_s, days=days, sun_wh=sun_wh)
    taken = sum(wh for wh in series.net_wh if wh > 0)
    fed_in = -sum(wh for wh in series.net_wh if wh < 0)
    pairs = list(zip(series.index_ubolt_per_mwh, series.net_wh, strict=True))
    market = sum(price * wh for price, wh in pairs if wh > 0) // 1_000_000
    credit = -sum(min(price, CAP) * wh // 1_000_000 for price, wh in pairs if wh < 0)
    revenue = series.paid_ubolt[-1] + credit
    taxes = revenue * TAX_PPM // (1_000_000 + TAX_PPM)
    delivery = taken * DELIVERY // 1_000_000
    load, solar, battery = _curves(days, sun_wh=sun_wh)
    return Figures(
        first_day=first_day,
        days=days,
        time_zone="America/Chicago",
        settlement_point="LZ_HOUSTON",
        plan="Houston Day-Ahead, capped at 30 ¢",
        cap_ubolt_per_mwh=CAP,
        facts_label=((500, 1_043), (1_000, 988), (2_000, 960)),
        energy=EnergyFigures(
            load_wh=sum(load),
            solar_wh=sum(solar),
            import_wh=taken,
            export_wh=fed_in,
            charged_wh=sum(wh for wh in battery if wh > 0),
            discharged_wh=-sum(wh for wh in battery if wh < 0),
        ),
        stack=(
            CostPart("wholesale energy", market, "day-ahead price, hour by hour"),
            CostPart("delivery", delivery, "CenterPoint and ERCOT, handed on unchanged"),
            CostPart("taxes and fees", taxes, "PUC assessment and gross receipts tax"),
            CostPart("retail", revenue - market - delivery - taxes - 4_213, "adder less the cap"),
            CostPart("payments", 4_213, "gas of the claims and the anchor"),
        ),
        homes=_homes(series, taken_wh=taken, fed_in_wh=fed_in, count=homes),
        metered=0,
        flat_price_ubolt_per_mwh=131_400_000,
        asks=(
            AskFigures(
                "request",
                series.start_s[0],
                series.start_s[0] + 3_600,
                series.start_s[0] + 7_200,
                "use less for 50.0 ¢ a kWh",
                (("poll", homes),),
                tuple(
                    HeedFigures(f"home {i + 1}", (("battery", "request 1"),), "", 12_345)
                    if i % 2 == 0
                    else HeedFigures(f"home {i + 1}", (), "your preferences join no requests", 0)
                    for i in range(homes)
                ),
            ),
        ),
        payments=PaymentFigures(count=96 * homes * days, p50_us=8_140, p99_us=23_420, refused=0),
        gas=GasFigures(
            by_kind=(
                ("deploy bolt, vault and anchor", 7_412_338),
                ("open and deposit", 1_083_451),
                ("claim", 312_087),
                ("anchor", 51_204),
            ),
            per_home_opening=63_732,
            per_home_day=18_358,
            assumption="at 0.01 gwei and 3,000 $ a coin",
        ),
        retailer=_retailer(series, revenue=revenue, credit=credit, passed_on=delivery + taxes),
        bills_verified=homes * days,
        ledger_balanced=True,
        elapsed_ms=38_214,
        files=OutputFiles(
            "gridplus", "demo-out", "demo-out/bills/home-1-2021-08-12.json", "demo-out/summary.html"
        ),
        series=series,
    )


def with_text(figures: Figures, text: str) -> Figures:
    """The same run with `text` wherever a name comes from outside."""
    return replace(
        figures,
        plan=text,
        settlement_point=text,
        homes=tuple(replace(home, name=text) for home in figures.homes),
        stack=tuple(replace(part, name=text, note=text) for part in figures.stack),
        gas=replace(figures.gas, by_kind=((text, 1),), assumption=text),
        retailer=replace(figures.retailer, imbalance_value=text),
        files=OutputFiles(text, text, text, text),
    )
