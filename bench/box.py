"""A Smart Agent's process beside its limits: seconds until it is on the line and has planned and
paid, CPU for that, and the memory it holds.

A box is enrolled at a real retailer (authority, registry on a chain, hub behind its line), its
owner has consented that prices move its devices, its meter has said a quarter hour, and `gridplus
agent run` goes from cold start to the first plan and the first paid interval. `python bench/box.py`
prints a table. Seconds on the clock grow on a busy machine; those of CPU do not.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.first_day.retailer import Retailer, retailer_of  # noqa: E402
from tests.first_day.test_first_day import enrol_command  # noqa: E402
from tests.hub.town import DAY, founded_town  # noqa: E402

from gridplus.cli import agent_consent, agent_enrol  # noqa: E402 - tests are no installed package
from gridplus.keystore import KeyStore, Secp256k1Key  # noqa: E402
from gridplus.owner import parse_papers  # noqa: E402
from gridplus.units import format_utc, utc_from_s  # noqa: E402

START_LIMIT_S, MEMORY_LIMIT_MB = 2, 120
HOMES = {
    "battery": ("home.toml", ("battery",)),
    "battery and car, by the solver": ("home-car.toml", ("battery", "car")),
}


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the start of the process until each was said or done; its CPU and memory."""

    on_line_s: float
    paid_s: float
    cpu_s: float
    peak_mb: float


def enrolled(retailer: Retailer, folder: Path, home: str, *, devices: tuple[str, ...]) -> Path:
    """A box with a deposit, consents and one read that is not paid yet."""
    folder.mkdir()
    box = folder / "box"
    command = enrol_command(retailer, box, "--unsealed", pays=False)
    data = ROOT / "src" / "gridplus" / "demo" / "data" / home
    (folder / "home.toml").write_bytes(data.read_bytes())
    agent_enrol.command.main(command[5:], standalone_mode=False)
    owner = KeyStore(folder / "family").load("owner", Secp256k1Key)
    retailer.deposit(parse_papers((box / "home.papers").read_bytes(), what="papers"), owner)
    start = format_utc(utc_from_s(DAY[0].start_s))
    header = "meter,interval_start_utc,seconds,import_wh,export_wh,quality"
    (box / "meter.csv").write_text(f"{header}\nhome,{start},900,400,0,ACTUAL\n")
    (box / "devices.json").write_text('{"battery_wh": 3200}')
    asked = [str(box), "--signal", "price", "--key", f"{folder / 'family'}:owner", "--yes"]
    asked += ["--clock", str(clock_of(retailer))]
    for device in devices:
        asked += ["--device", device]
    agent_consent.command.main(asked, standalone_mode=False)
    return box


def clock_of(retailer: Retailer) -> Path:
    return retailer.town.folder / "retailer" / "hub" / "clock"


def started(retailer: Retailer, box: Path) -> Start:
    """The box from cold start to its first plan and its first payment."""
    command = [sys.executable, "-m", "gridplus.cli", "agent", "run", str(box), "--clock"]
    begin_s = time.monotonic()
    process = subprocess.Popen(
        [*command, str(clock_of(retailer))], stderr=subprocess.PIPE, text=True
    )
    if process.stderr is None:
        raise SystemExit("the box has no voice")
    try:
        seen: dict[str, float] = {}
        for line in process.stderr:
            for words in ("line: certified until", "paid for"):
                if words in line:
                    seen[words] = time.monotonic() - begin_s
            if "paid for" in seen or "paid for" in line:
                break
        cpu_s, peak_mb = spent(process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=30)
    told = json.loads((box / "told.json").read_text())
    if "battery_uwh" not in told:
        raise SystemExit(f"the box has planned nothing: {told['why']}")
    return Start(seen["line: certified until"], seen["paid for"], cpu_s, peak_mb)


def spent(pid: int) -> tuple[float, float]:
    """(CPU seconds, MB at the peak) of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    peak_kb = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return ticks / os.sysconf("SC_CLK_TCK"), peak_kb / 1_024


def imported() -> tuple[float, float]:
    """(CPU seconds, MB) of a process that imports the agent and does nothing."""
    code = (
        "import time; import gridplus.agent; spent_s = time.process_time(); "
        "peak = next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1]; "
        "print(spent_s, peak)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    cpu_s, peak_kb = map(float, done.stdout.split())
    return cpu_s, peak_kb / 1_024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="one start of one home")
    quick = parser.parse_args().quick
    homes = dict(list(HOMES.items())[: 1 if quick else None])
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with founded_town(folder) as town, retailer_of(town, folder / "retailer") as retailer:
            for what, (home, devices) in homes.items():
                with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
                    box = enrolled(retailer, folder / home, home, devices=devices)
                rows.append((what, started(retailer, box)))
    print(f"{'gridplus agent run':34} {'on the line':>12} {'paid':>9} {'CPU':>9} {'peak':>9}")
    for what, found in rows:
        print(
            f"{what:34} {found.on_line_s:10.2f} s {found.paid_s:7.2f} s {found.cpu_s:7.2f} s "
            f"{found.peak_mb:6.0f} MB"
        )
    cpu_s, peak_mb = imported()
    print(f"{'its code alone, imported':34} {'':>12} {'':>9} {cpu_s:7.2f} s {peak_mb:6.0f} MB")
    print(f"{'limit':34} {START_LIMIT_S:10} s {'':>9} {'':>9} {MEMORY_LIMIT_MB:6} MB")


if __name__ == "__main__":
    main()
