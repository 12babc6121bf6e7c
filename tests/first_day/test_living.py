"""A box that lives: `gridplus agent run` in a process of its own, in front of a real retailer."""

import json
import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from gridplus.agent.chores import RETRY_MOST_S, Chore
from gridplus.cli import agent_enrol, agent_run
from gridplus.failures import InputError, RemoteError
from gridplus.keystore import KeyStore, Secp256k1Key
from gridplus.owner import parse_papers
from gridplus.units import format_utc, utc_from_s
from tests.first_day.retailer import Retailer
from tests.first_day.test_first_day import enrol_command
from tests.hub.town import DAY

HEADER = "meter,interval_start_utc,seconds,import_wh,export_wh,quality\n"


@pytest.fixture
def box(retailer: Retailer, tmp_path: Path) -> Path:
    """Enrolled, with a deposit; its meter has said nothing yet."""
    folder = tmp_path / "box"
    command = enrol_command(retailer, folder, "--unsealed", pays=False)
    agent_enrol.command.main(command[5:], standalone_mode=False)
    owner = KeyStore(tmp_path / "family").load("owner", Secp256k1Key)
    retailer.deposit(parse_papers((folder / "home.papers").read_bytes(), what="papers"), owner)
    (folder / "meter.csv").write_text(HEADER)
    (folder / "devices.json").write_text('{"battery_wh": 5000}')
    return folder


def meter(box: Path, *numbers: int, import_wh: int = 400) -> None:
    """The meter says what the intervals of these numbers were."""
    with (box / "meter.csv").open("a") as file:
        for number in numbers:
            start = format_utc(utc_from_s(DAY[number].start_s))
            file.write(f"home,{start},900,{import_wh},0,ACTUAL\n")


@contextmanager
def living(retailer: Retailer, box: Path) -> Iterator[Iterator[str]]:
    """What the box says, line by line, while it lives; it ends by SIGTERM, and well."""
    clock = retailer.town.folder / "retailer" / "hub" / "clock"
    command = [sys.executable, "-m", "gridplus.cli", "agent", "run", str(box), "--clock"]
    process = subprocess.Popen([*command, str(clock)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        yield iter(process.stderr.readline, "")
    finally:
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 0, said
    assert "stopped; everything is in" in said


def heard(said: Iterator[str], words: str) -> str:
    lines = []
    for line in said:
        lines.append(line)
        if words in line:
            return line
    raise AssertionError(f"{words!r} was not said: {''.join(lines)}")


def test_a_box_pays_for_what_its_meter_says_and_goes_on_after_a_rest(
    retailer: Retailer, box: Path
) -> None:
    meter(box, 0)
    with living(retailer, box) as said:
        heard(said, "line: certified until")
        assert (
            heard(said, "paid for")
            .rstrip()
            .endswith("2021-07-04T05:00:00Z+900s: 0.030634 BOLT in all")
        )
    meter(box, 1, 2)
    with living(retailer, box) as said:
        first = heard(said, "paid for")
        meter(box, 3)
        second = heard(said, "paid for")
    assert f"{DAY[2]}" in first
    assert f"{DAY[3]}" in second


def test_a_read_that_is_missing_is_named_and_nothing_after_it_is_paid_until_it_comes(
    retailer: Retailer, box: Path
) -> None:
    meter(box, 0, 2)
    with living(retailer, box) as said:
        heard(said, f"the read of {DAY[1]} is missing")
        heard(said, f"paid for {DAY[0]}")
        rows = (box / "meter.csv").read_text().splitlines(keepends=True)
        (box / "meter.csv").write_text("".join(rows[:2]))
        meter(box, 1, 2)
        heard(said, f"paid for {DAY[2]}")


def test_a_box_tells_its_devices_what_to_do_and_leaves_them_alone_without_consent(
    retailer: Retailer, box: Path
) -> None:
    meter(box, 0)
    with living(retailer, box) as said:
        heard(said, "paid for")
    told = json.loads((box / "told.json").read_text())
    assert told["format"] == "gridplus.told/1"
    assert told["why"] == {"battery": "you have not consented that prices move it"}


def test_a_folder_that_is_no_box_is_told_how_to_become_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gridplus agent enrol"):
        agent_run.command.main([str(tmp_path)], standalone_mode=False)


def test_a_box_without_a_network_waits_and_stops_when_it_is_told(
    retailer: Retailer, box: Path
) -> None:
    file = box / "box.toml"
    file.write_text(file.read_text().replace(retailer.town.chain_url, "http://127.0.0.1:9"))
    with living(retailer, box) as said:
        heard(said, "chain: ")


async def test_what_fails_waits_longer_each_time_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = list[int]()
    now_s, well = 0, False

    async def work() -> None:
        asked.append(now_s)
        if not well:
            raise RemoteError("nobody answers")

    chore = Chore("payment", work, 60, spread=0)
    while now_s < 1_200:
        await chore.do(now_s, log=logging.getLogger("box"))
        now_s += 1
    assert asked[:5] == [0, 5, 15, 35, 75]
    assert max(after - before for before, after in pairwise(asked)) == RETRY_MOST_S
    assert [each.getMessage() for each in caplog.records] == ["payment: nobody answers"]
    well = True
    with caplog.at_level(logging.INFO):
        await chore.do(now_s + RETRY_MOST_S, log=logging.getLogger("box"))
    assert caplog.records[-1].getMessage() == "payment: well again"
    assert chore.fault is None


async def test_what_is_not_ready_is_done_as_soon_as_it_is() -> None:
    done, ready = list[int](), False

    async def work() -> None:
        done.append(now_s)

    chore = Chore("restatements", work, 86_400, ready=lambda: ready)
    for now_s in range(10):
        ready = now_s >= 7
        await chore.do(now_s, log=logging.getLogger("box"))
    assert done == [7]
