"""A month of homes in Parquet files: every engine writes the same integers, DuckDB agrees."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from gridplus.failures import InputError
from gridplus.market import operating_day_intervals
from gridplus.retailer.month import (
    Job,
    RatedFile,
    differences,
    jobs_of,
    rate_file,
    run_jobs,
    write_reads,
)
from gridplus.tariff import Code, Side, Tally, rate
from gridplus.tariff.batch import Flows
from tests.tariff.examples import (
    FIXED,
    TAXES,
    TIERS,
    USAGE_CREDIT,
    plan_of,
    plan_with,
    prices_of,
    read_of,
)

DAYS = [date(2021, 11, 5) + timedelta(i) for i in range(4)]
"""With the autumn day of 100 intervals."""
PRICES = {day: prices_of(day) for day in DAYS}
TIERED = plan_of(TIERS, USAGE_CREDIT, TAXES)


def flows_on(day: date, homes: int, seed: int) -> Flows:
    shape = (homes, len(operating_day_intervals(day)))
    random = np.random.default_rng(seed * 1_000 + day.toordinal())
    return Flows(day, random.integers(0, 9_000, shape), random.integers(0, 900, shape))


def written(folder: Path) -> Path:
    """Two buckets; one home of the first moves in on the second day."""
    for bucket in (0, 1):
        names = [f"home-{bucket}-{number}" for number in range(3)]
        days = [
            (names[: 2 if day == DAYS[0] else 3], flows_on(day, 2 if day == DAYS[0] else 3, bucket))
            for day in DAYS
        ]
        write_reads(folder / f"zone=LZ_HOUSTON/month=2021-11/bucket-{bucket:02d}.parquet", days)
    return folder


def amounts(path: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = parquet.ParquetFile(path).read().to_pylist()
    return rows


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Job], list[RatedFile]]:
    folder = tmp_path_factory.mktemp("month")
    jobs = jobs_of(TIERED, {}, reads=written(folder / "reads"), out=folder / "here")
    return jobs, run_jobs(jobs)


def test_written_lines_are_the_exact_raters(rated: tuple[list[Job], list[RatedFile]]) -> None:
    """I-BI-11. Home by home and day by day, also of the one that moves in later."""
    jobs, found = rated
    tallies: dict[str, Tally] = {}
    for bucket, job in enumerate(jobs):
        rows = amounts(job.target)
        assert len(rows) == found[bucket].rows == 11
        for row in rows:
            day, home = row["day"], str(row["home"])
            assert isinstance(day, date)
            flows = flows_on(day, 2 if day == DAYS[0] else 3, bucket)
            place, sums = int(home[-1]), dict.fromkeys(Code, 0)
            for at, interval in enumerate(operating_day_intervals(day)):
                wh = int(flows.import_wh[place, at]), int(flows.export_wh[place, at])
                one = rate(
                    TIERED,
                    None,
                    read=read_of(interval, wh[0], export_wh=wh[1]),
                    before=tallies.get(home, Tally()),
                )
                tallies[home] = one.after
                for line in one.lines:
                    sums[line.code] += line.amount_abolt
            assert {code: int(str(row[code.value])) for code in Code} == sums
            assert (row["plan"], row["prices"]) == (TIERED.digest.hex(), None)
    assert sum(one.charges_abolt for one in found) == sum(t.charges_abolt for t in tallies.values())
    assert sum(one.credits_abolt for one in found) == sum(t.credits_abolt for t in tallies.values())


@pytest.mark.parametrize("engine", ["processes", "dask"])
def test_every_engine_writes_the_same_integers(
    engine: str, rated: tuple[list[Job], list[RatedFile]], tmp_path: Path
) -> None:
    if engine == "dask":
        pytest.importorskip("distributed", reason="Dask is not installed")
    jobs, here = rated
    again = [Job(job.plan, job.prices, job.source, tmp_path / job.target.name) for job in jobs]
    assert run_jobs(again, engine=engine, workers=1) == here
    for job, other in zip(jobs, again, strict=True):
        assert amounts(other.target) == amounts(job.target)


def test_a_dask_scheduler_that_runs_already_is_used_by_its_address(
    rated: tuple[list[Job], list[RatedFile]], tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    jobs, here = rated
    again = [Job(job.plan, job.prices, job.source, tmp_path / job.target.name) for job in jobs]
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        assert run_jobs(again, engine="dask", address=cluster.scheduler_address) == here
    for job, other in zip(jobs, again, strict=True):
        assert amounts(other.target) == amounts(job.target)


def test_an_engine_that_is_not_known_is_refused() -> None:
    with pytest.raises(InputError, match="no engine 'abacus'; known are here, processes, dask"):
        run_jobs([], engine="abacus")
    with pytest.raises(InputError, match="engine 'here' takes no scheduler's address"):
        run_jobs([], address="tcp://127.0.0.1:1")


@pytest.fixture(params=["day-ahead with cap", "fixed"])
def audited(request: pytest.FixtureRequest, tmp_path: Path) -> Job:
    pytest.importorskip("duckdb", reason="DuckDB is not installed")
    plan = plan_with() if request.param != "fixed" else plan_of(FIXED, TAXES)
    jobs = jobs_of(plan, PRICES, reads=written(tmp_path / "reads"), out=tmp_path / "out")
    assert [found.refused for found in run_jobs(jobs)] == [None, None]
    return jobs[0]


def test_the_second_engine_finds_the_same_amounts_and_a_changed_wh(audited: Job) -> None:
    assert differences(audited) == []
    days = [(amounts_of[0], amounts_of[1]) for amounts_of in _reads_again(audited.source)]
    days[1][1].import_wh[1, 7] += 1
    write_reads(audited.source, days)
    found = differences(audited)
    assert {one.home for one in found} == {"home-0-1"}
    assert all(one.audited_abolt > one.rated_abolt for one in found)
    assert Code.ENERGY in {one.code for one in found}
    assert {one.code.side for one in found} == {Side.CHARGE}


def _reads_again(path: Path) -> list[tuple[list[str], Flows]]:
    found = []
    file = parquet.ParquetFile(path)
    for group in range(file.num_row_groups):
        table = file.read_row_group(group).to_pydict()
        flows = (np.array(table[name]) for name in ("import_wh", "export_wh"))
        found.append((table["home"], Flows(table["day"][0], *flows)))
    return found


def test_the_second_engine_refuses_a_plan_that_looks_at_the_month(
    rated: tuple[list[Job], list[RatedFile]],
) -> None:
    pytest.importorskip("duckdb", reason="DuckDB is not installed")
    with pytest.raises(InputError, match="looks at the month"):
        differences(rated[0][0])


def test_a_file_that_is_wrong_is_refused_with_its_reason_and_leaves_nothing(tmp_path: Path) -> None:
    day, plan = DAYS[0], plan_of(FIXED)
    good = flows_on(day, 2, 1)
    negative = flows_on(day, 2, 1)
    negative.import_wh[1, 3] = -1
    cases = {
        "twice": ([(["a", "a"], good)], "home a: 2021-11-05 stands twice"),
        "later": ([(["a", "b"], good)] * 2, "home a: 2021-11-05 stands twice or after"),
        "negative": ([(["a", "b"], negative)], "row 1: import beyond"),
        "short": (
            [(["a", "b"], Flows(day, good.import_wh[:, :92], good.export_wh[:, :92]))],
            "has 96 intervals, the rows 92",
        ),
        "empty": ([], "holds no reads"),
    }
    for name, (days, reason) in cases.items():
        source, target = tmp_path / f"{name}.parquet", tmp_path / "out" / f"{name}.parquet"
        write_reads(source, days)
        found = rate_file(Job(plan, {}, source, target))
        assert found.refused is not None
        assert reason in found.refused
    garbage = tmp_path / "garbage.parquet"
    garbage.write_bytes(b"PAR1 no")
    assert rate_file(Job(plan, {}, garbage, tmp_path / "out" / "garbage.parquet")).refused
    assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(InputError, match="no Parquet file"):
        jobs_of(plan, {}, reads=tmp_path / "out", out=tmp_path)


def test_a_day_without_prices_refuses_the_file(tmp_path: Path) -> None:
    (tmp_path / "reads").mkdir()
    write_reads(tmp_path / "reads" / "a.parquet", [(["a"], flows_on(DAYS[0], 1, 1))])
    (job,) = jobs_of(plan_with(), {}, reads=tmp_path / "reads", out=tmp_path / "out")
    found = rate_file(job)
    assert found.refused is not None
    assert "there are none for" in found.refused
