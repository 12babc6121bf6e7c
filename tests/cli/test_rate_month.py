"""`gridplus retailer rate-month`: Parquet to Parquet, with its audit and its exit status."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from gridplus.cli.retailer import command
from gridplus.retailer.month import write_reads
from gridplus.tariff.batch import Flows
from tests.tariff.examples import PLAN_FILE

DAY = date(2021, 7, 4)
FLOWS = Flows(DAY, np.full((2, 96), 425), np.full((2, 96), 7))


def run(folder: Path, *arguments: str) -> tuple[int, list[dict[str, object]]]:
    required = ["--plan", str(PLAN_FILE), "--reads", str(folder / "reads")]
    required += ["--out", str(folder / "out")]
    done = CliRunner().invoke(command, ["rate-month", *required, *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()]


def test_a_month_is_rated_and_audited_and_a_bad_file_only_stops_itself(tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="DuckDB is not installed")
    folder = tmp_path / "reads" / "zone=LZ_HOUSTON" / "month=2021-07"
    write_reads(folder / "bucket-00.parquet", [(["a", "b"], FLOWS)])
    status, told = run(tmp_path, "--audit")
    assert (status, len(told)) == (0, 2)
    assert (told[0]["rows"], told[0]["differences"]) == (2, [])
    assert told[1]["intervals"] == 192
    (folder / "bucket-01.parquet").write_bytes(b"PAR1")
    status, again = run(tmp_path)
    assert status == 1
    assert "refused" in again[1]
    assert again[2] == told[1]
    assert (tmp_path / "out/zone=LZ_HOUSTON/month=2021-07/bucket-00.parquet").exists()
