"""The tables that the bench prints, and puts into the docs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from peers import beside

BENCH = Path(__file__).parents[2] / "bench"
OURS = (
    "deposit (open)", "deposit (top-up)", "claim, 1 homes", "claim, 200 homes", "close, owner",
    "close, two keys", "exit, owner", "top-up + claim, a home of 200",
)  # fmt: skip
PRINT = f"""
from peers.beside import tables
from peers.ground import Cost
print(tables(dict.fromkeys({OURS}, Cost(65_000, 128))))
"""


def test_without_npm_and_network_ours_is_shown_beside_the_reason(tmp_path: Path) -> None:
    alone = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "GRIDPLUS_PEERS": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PRINT],
        env={"PATH": "", "PYTHONPATH": str(BENCH), **alone},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    rows = done.stdout.splitlines()
    peers = [*beside.CHANNELS, *beside.PAYMENTS]
    months = [row for row in rows if row.startswith(tuple(peers))]
    assert len(months) == len(peers)
    assert all("not measured: " in row for row in months)
    assert months[-1].endswith("not measured: there is no npm")
    assert rows[1].split()[:2] == ["open", "65,000"]


def test_the_docs_take_the_tables_between_their_marks_only(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- peers -->\nold\n<!-- end of peers -->\nafter\n")
    for text in ("new", "newer"):
        beside.write(text, page)
    assert page.read_text() == (
        "before\n<!-- peers -->\n```\nnewer\n```\n<!-- end of peers -->\nafter\n"
    )
    page.write_text("no marks\n")
    with pytest.raises(SystemExit, match="has no <!-- peers -->"):
        beside.write("new", page)
    assert page.read_text() == "no marks\n"
