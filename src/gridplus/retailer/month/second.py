"""The second engine: DuckDB rates the same files by SQL on HUGEINT and compares every home.

It shares with the first what `rates_at` says of an interval, and nothing of the arithmetic: DuckDB
raises on overflow. Its integers are fetched as Python's, never as floats.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from gridplus.failures import InputError
from gridplus.market import operating_day_intervals
from gridplus.retailer.month.files import Job
from gridplus.tariff import Code, Side, rates_at
from gridplus.units import ABOLT_PER_PBOLT

Rows = Sequence[Sequence[Any]]
_RATES = pa.schema(
    [("day", pa.date32()), ("place", pa.int64()), ("code", pa.string()), ("charge", pa.bool_())]
    + [(name, pa.int64()) for name in ("import_price", "export_price", "fixed_pbolt")]
)
_TAXES = pa.schema([("day", pa.date32()), ("code", pa.string()), ("ppm", pa.int64())])
_THEIRS = """
WITH flow AS (
    SELECT home, day, unnest(import_wh)::HUGEINT AS import_wh,
           unnest(export_wh)::HUGEINT AS export_wh, generate_subscripts(import_wh, 1) - 1 AS place
    FROM read_parquet($reads)
), priced AS (
    SELECT home, day, code, charge,
           sum(import_wh * import_price + export_wh * export_price + fixed_pbolt) AS pbolt
    FROM flow JOIN rates USING (day, place) GROUP BY ALL
)
SELECT home, code, sum(pbolt * 1000000)::HUGEINT FROM priced GROUP BY ALL
UNION ALL
SELECT home, taxes.code, sum(pbolt * ppm)::HUGEINT
FROM priced JOIN taxes USING (day) WHERE charge GROUP BY ALL
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A home's line of the month that the engines do not agree on, in aBOLT."""

    home: str
    code: Code
    rated_abolt: int
    audited_abolt: int


def differences(job: Job) -> list[Difference]:
    """Every home and line on which the written file and DuckDB differ; empty when they agree.

    Raises InputError for a plan that looks at the month (the second engine rates interval by
    interval only), and when DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise InputError("DuckDB is not installed: pip install gridplus[scale]") from None
    if job.plan.stepwise:
        raise InputError(f"plan {job.plan.id} looks at the month: the second engine cannot rate it")
    with duckdb.connect() as engine:
        engine.execute("SET threads = 2")
        days = engine.execute(
            "SELECT DISTINCT day FROM read_parquet($reads)", {"reads": str(job.source)}
        ).fetchall()
        rates, taxes = _tables(job, [day for (day,) in days])
        engine.register("rates", rates)
        engine.register("taxes", taxes)
        theirs = engine.execute(_THEIRS, {"reads": str(job.source)}).fetchall()
        ours = engine.execute(_ours(), {"lines": str(job.target)}).fetchall()
    return list(_compared(ours, theirs))


def _ours() -> str:
    codes = ", ".join(f'sum("{code.value}")' for code in Code)
    return f"SELECT home, {codes} FROM read_parquet($lines) GROUP BY home"  # noqa: S608


def _compared(
    ours: list[tuple[object, ...]], theirs: list[tuple[object, ...]]
) -> Iterator[Difference]:
    rated = {
        (str(home), code): int(str(amount))
        for home, *amounts in ours
        for code, amount in zip(Code, amounts, strict=True)
    }
    audited = {(str(home), Code(str(code))): int(str(amount)) for home, code, amount in theirs}
    for home, code in sorted(rated.keys() | audited.keys()):
        found = rated.get((home, code), 0), audited.get((home, code), 0)
        if found[0] != found[1]:
            yield Difference(home, code, *found)


def _tables(job: Job, days: list[date]) -> tuple[pa.Table, pa.Table]:
    rates, taxes = [], []
    for day in days:
        for place, interval in enumerate(operating_day_intervals(day, job.plan.time_zone)):
            asked = rates_at(job.plan, job.prices.get(day), interval=interval)
            each = [(code, price, 0, 0) for code, price in asked.import_prices]
            each += [(code, price, 0, 0) for code, price in asked.import_credits]
            each += [(code, 0, price, 0) for code, price in asked.export_prices]
            each += [
                (line.code, 0, 0, line.amount_abolt // ABOLT_PER_PBOLT) for line in asked.fixed
            ]
            for code, *numbers in each:
                rates.append((day, place, code.value, code.side is Side.CHARGE, *numbers))
        tax = job.plan.tax_on(day)
        taxes.append((day, Code.TAX_PUC.value, tax.puc_ppm))
        taxes.append((day, Code.TAX_GROSS_RECEIPTS.value, tax.gross_receipts_ppm))
    return _table(rates, _RATES), _table(taxes, _TAXES)


def _table(rows: Rows, schema: pa.Schema) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=schema)
