"""From a run and its audit to its figures: sums over bills, meters and the day results."""

import shutil
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from gridplus.demo.audit import Audit
from gridplus.demo.baselines import Flat, Uncontrolled, flat_plan, without_control
from gridplus.demo.conductor import Run
from gridplus.demo.device import Measured
from gridplus.demo.diary import Deed, deeds
from gridplus.demo.figures import (
    CostPart,
    EnergyFigures,
    Figures,
    GasFigures,
    HomeFigures,
    OutputFiles,
    PaymentFigures,
    RetailerFigures,
    Series,
)
from gridplus.demo.heeded import asks_of
from gridplus.demo.street import Resident
from gridplus.demo.street_data import available_days, day_ahead_prices
from gridplus.failures import invariant
from gridplus.ledger import Code
from gridplus.market import PriceVersion, operating_day_intervals
from gridplus.planner import UWH_PER_WH
from gridplus.tariff import BillDocument, energy_prices, facts_label
from gridplus.units import ABOLT_PER_PBOLT, WH_PER_MWH, Interval, mul_div_up

_FEES = (Code.ERCOT_FEE, Code.TAX)
_Day = tuple[PriceVersion, Sequence[Measured]]


def figures_of(run: Run, audit: Audit, *, elapsed_ms: int) -> Figures:
    """Everything that is shown of a run."""
    days = run.options.operating_days
    alone = [without_control(run.plan, _days_of(run, home)) for home in run.residents]
    flat = flat_plan(alone)
    retailer = _retailer(run, audit)
    return Figures(
        first_day=days[0],
        days=len(days),
        time_zone=run.plan.time_zone,
        settlement_point=run.plan.settlement_point,
        plan=run.plan.name,
        cap_ubolt_per_mwh=run.plan.require_cap(),
        facts_label=_facts_label(run),
        energy=_energy(run),
        stack=_stack(run, audit, retailer=retailer),
        homes=_homes(run, audit, alone=alone, flat=flat),
        metered=0 if run.options.meter is None else 1,
        flat_price_ubolt_per_mwh=flat.price_ubolt_per_mwh,
        asks=asks_of(run, audit),
        payments=_payments(run),
        gas=_gas(run),
        retailer=retailer,
        bills_verified=audit.bills_verified,
        ledger_balanced=sum(audit.ledger.trial_balance().values()) == 0,
        elapsed_ms=elapsed_ms,
        files=_files(run),
        series=_series(run, audit, alone=alone),
    )


def _intervals(run: Run) -> list[Interval]:
    return [i for day in run.options.operating_days for i in operating_day_intervals(day)]


def _days_of(run: Run, home: Resident) -> list[_Day]:
    return [
        (
            day_ahead_prices(day),
            [home.devices.measured[i.start_s] for i in operating_day_intervals(day)],
        )
        for day in run.options.operating_days
    ]


def _lived(run: Run) -> list[Measured]:
    """Every home's every interval of the run's days."""
    return [home.devices.measured[i.start_s] for i in _intervals(run) for home in run.residents]


def _energy(run: Run) -> EnergyFigures:
    lived = _lived(run)
    return EnergyFigures(
        load_wh=sum(was.load_wh for was in lived),
        solar_wh=sum(was.solar_wh for was in lived),
        import_wh=sum(was.read.import_wh for was in lived),
        export_wh=sum(was.read.export_wh for was in lived),
        charged_wh=sum(was.battery.charge_wh for was in lived),
        discharged_wh=sum(was.battery.discharge_wh for was in lived),
    )


def _bills(audit: Audit) -> list[BillDocument]:
    return [bill for bills in audit.bills.values() for bill in bills]


def _billed_ubolt(run: Run, *codes: Code) -> int:
    """What the homes were billed under `codes`, by the ledger."""
    results = run.closed.values()
    return sum(int(result["revenue_ubolt"][code.value]) for result in results for code in codes)


def _restated_fees_ubolt(run: Run, audit: Audit) -> int:
    """What restatements moved of fees and taxes: all but what became the retailer's own."""
    own_ubolt = 0
    for transfer in audit.ledger.transfers:
        if transfer.code is Code.RESTATEMENT:
            for account, sign in ((transfer.credit, 1), (transfer.debit, -1)):
                if account.startswith(("income:", "expenses:")):
                    own_ubolt += sign * transfer.amount_ubolt
    restated = [int(result["restated_ubolt"]) for result in run.closed.values()]
    return sum(restated) - own_ubolt


def _stack(run: Run, audit: Audit, *, retailer: RetailerFigures) -> tuple[CostPart, ...]:
    """What homes paid for the energy they took, from the market outward; 'retail' is the rest."""
    prices = {day: day_ahead_prices(day) for day in run.options.operating_days}
    wholesale_pbolt = sum(
        statement.statement.read.import_wh
        * prices[bill.operating_day].price_at(statement.statement.interval)
        for bill in _bills(audit)
        for statement in bill.intervals
    )
    wholesale_ubolt = mul_div_up(wholesale_pbolt, 1, divisor=WH_PER_MWH)
    delivery_ubolt = _billed_ubolt(run, Code.DELIVERY)
    fees_ubolt = _billed_ubolt(run, *_FEES) + _restated_fees_ubolt(run, audit)
    known = wholesale_ubolt + delivery_ubolt + fees_ubolt + retailer.payment_cost_ubolt
    return (
        CostPart("wholesale energy", wholesale_ubolt, "taken, at the day-ahead price"),
        CostPart("delivery", delivery_ubolt, _tdsp(run) + ", passed through"),
        CostPart("taxes and fees", fees_ubolt, "ERCOT, PUC, city"),
        CostPart("payment cost", retailer.payment_cost_ubolt, _gas_assumption(run)),
        CostPart("retail", retailer.revenue_ubolt - known, "what is left for the retailer"),
    )


def _tdsp(run: Run) -> str:
    delivery = run.plan.delivery
    return "none" if delivery is None else delivery.tdsp


def _homes(
    run: Run, audit: Audit, *, alone: Sequence[Uncontrolled], flat: Flat
) -> tuple[HomeFigures, ...]:
    found = []
    for home, idle, flat_ubolt in zip(run.residents, alone, flat.homes_ubolt, strict=True):
        totals = [bill.totals for bill in audit.bills[home.name]]
        money = audit.money[home.name]
        found.append(
            HomeFigures(
                name=home.name,
                import_wh=sum(day.import_wh for day in totals),
                export_wh=sum(day.export_wh for day in totals),
                paid_ubolt=sum(day.charges_ubolt - day.credits_ubolt for day in totals),
                without_control_ubolt=idle.net_ubolt[-1],
                flat_ubolt=flat_ubolt,
                chain_headroom_ubolt=money.chain_ubolt,
                ledger_deposit_ubolt=money.ledger_ubolt,
                voucher_headroom_ubolt=money.voucher_ubolt,
                deeds=_deeds(run, home),
            )
        )
    return tuple(found)


def _deeds(run: Run, home: Resident) -> tuple[Deed, ...]:
    return deeds(
        [
            (i, home.devices.measured[i.start_s], run.reasons[home.name, i.start_s])
            for i in _intervals(run)
        ]
    )


def _payments(run: Run) -> PaymentFigures:
    latencies = sorted(run.latencies_us)
    return PaymentFigures(
        count=len(latencies),
        p50_us=int(statistics.median(latencies)) if latencies else 0,
        p99_us=latencies[len(latencies) * 99 // 100] if latencies else 0,
        refused=run.refused,
    )


def _gas(run: Run) -> GasFigures:
    by_kind: Counter[str] = Counter()
    for kind, used in run.gas:
        by_kind[kind] += used
    for result in run.closed.values():
        for kind in ("claim", "anchor-prices", "anchor-bills", "anchor-corrections"):
            used = result["gas"]["kinds"][kind]["gas_used"]
            if used or kind != "anchor-corrections":
                by_kind[kind.replace("-", " ")] += used
    opened = [used for kind, used in run.gas if kind == "open"]
    return GasFigures(
        by_kind=tuple(by_kind.items()),
        per_home_opening=sum(opened) // len(opened),
        per_home_day=by_kind["claim"] // (len(run.residents) * len(run.closed)),
        assumption=_gas_assumption(run),
    )


def _gas_assumption(run: Run) -> str:
    return f"assuming {run.terms.gas_price} and {run.terms.ether_price}"


def _retailer(run: Run, audit: Audit) -> RetailerFigures:
    results = list(run.closed.values())
    imbalances = [result["imbalance"] for result in results]
    positions = [result["position"] for result in results]
    costs = [result["cost_ubolt"] for result in results]
    return RetailerFigures(
        position_wh=sum(position["energy_wh"] for position in positions),
        position_cost_ubolt=sum(cost["day-ahead"] for cost in costs),
        imbalance_wh=sum(imbalance["energy_wh"] for imbalance in imbalances),
        imbalance_absolute_wh=sum(imbalance["absolute_wh"] for imbalance in imbalances),
        imbalance_cost_ubolt=sum(cost["imbalance"] for cost in costs),
        imbalance_value=imbalances[0]["valued_at"],
        revenue_ubolt=sum(bill.totals.charges_ubolt for bill in _bills(audit))
        + sum(result["restated_ubolt"] for result in results),
        export_credit_ubolt=sum(bill.totals.credits_ubolt for bill in _bills(audit)),
        passed_on_ubolt=_billed_ubolt(run, Code.DELIVERY, *_FEES)
        + _restated_fees_ubolt(run, audit),
        payment_cost_ubolt=sum(cost["gas"] for cost in costs),
        profit_ubolt=sum(result["profit_ubolt"] for result in results),
    )


def _facts_label(run: Run) -> tuple[tuple[int, int], ...]:
    """At the prices of the last whole month before the run, or of its own where that is first."""
    month = (run.options.first_day.replace(day=1) - timedelta(1)).replace(day=1)
    if month < available_days()[0]:
        month = run.options.first_day.replace(day=1)
    label = facts_label(
        run.plan, month=month, prices=[day_ahead_prices(day) for day in _month(month)]
    )
    return tuple((row.use_kwh, row.average_hundredths) for row in label.rows)


def _month(first: date) -> list[date]:
    days = [first + timedelta(i) for i in range(31)]
    return [day for day in days if day.month == first.month]


def _files(run: Run) -> OutputFiles:
    folder = _typed(run.stage.out)
    bill = f"{folder}/bills/{run.residents[0].name}-{run.options.first_day}.json"
    return OutputFiles(
        _program(), folder, bill, "" if run.options.fast else f"{folder}/summary.html"
    )


def _program() -> str:
    """This program as a person would call it: by name where the shell finds that one."""
    called = Path(sys.argv[0])
    return "gridplus" if shutil.which("gridplus") == str(called) else _typed(called.absolute())


def _typed(path: Path) -> str:
    """As a person would type it from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _series(run: Run, audit: Audit, *, alone: Sequence[Uncontrolled]) -> Series:
    intervals = _intervals(run)
    street = [[home.devices.measured[i.start_s] for home in run.residents] for i in intervals]
    index, billed = [], []
    for day in run.options.operating_days:
        prices, those = day_ahead_prices(day), operating_day_intervals(day)
        index += [prices.price_at(interval) for interval in those]
        marginal = energy_prices(run.plan, prices, intervals=those)
        billed += [import_abolt // ABOLT_PER_PBOLT for import_abolt, _ in marginal]
    return Series(
        start_s=tuple(interval.start_s for interval in intervals),
        index_ubolt_per_mwh=tuple(index),
        billed_ubolt_per_mwh=tuple(billed),
        load_wh=tuple(sum(was.load_wh for was in homes) for homes in street),
        solar_wh=tuple(sum(was.solar_wh for was in homes) for homes in street),
        net_wh=tuple(sum(w.read.import_wh - w.read.export_wh for w in homes) for homes in street),
        net_without_control_wh=tuple(
            sum(w.alone_wh - w.solar_wh for w in homes) for homes in street
        ),
        stored_wh=tuple(sum(w.battery.stored_uwh for w in homes) // UWH_PER_WH for homes in street),
        paid_ubolt=_paid(audit, len(intervals)),
        without_control_ubolt=tuple(
            sum(home.net_ubolt[i] for home in alone) for i in range(len(intervals))
        ),
    )


def _paid(audit: Audit, count: int) -> tuple[int, ...]:
    """The street's net bill after each interval."""
    totals = [0] * count
    for bills in audit.bills.values():
        statements = [billed.statement for bill in bills for billed in bill.intervals]
        invariant(len(statements) == count, "each home is billed for each interval once")
        for i, statement in enumerate(statements):
            totals[i] += statement.spent_ubolt - statement.earned_ubolt
    return tuple(totals)
