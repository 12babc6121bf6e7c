"""Plant one fault at a time into vault and token, and see that the contracts' tests notice.

python tools/mutants.py [--jobs 2]   prints the table; exits 1 when a mutant survives

Each mutant is one edit of a source, compiled in a copy of the project. The test that the committed
artifacts are fresh is left out: it would notice them all.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = Path("src/gridplus/contracts")
SUITE = (
    "tests/contracts",
    "--ignore=tests/contracts/test_artifacts.py",
    "--ignore=tests/contracts/test_beside.py",
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: in `source`, the only `text` becomes `fault`."""

    lost: str
    source: str
    text: str
    fault: str

    def plant(self, contracts: Path) -> None:
        """Edit the source in a copy of the contracts' folder."""
        source = contracts / f"{self.source}.vy"
        text = source.read_text()
        if text.count(self.text) != 1:
            raise SystemExit(f"{source.name} has not one {self.text!r}")
        source.write_text(text.replace(self.text, self.fault))


MUTANTS = (
    Mutant("anybody claims", "vault", 'assert msg.sender == hub, "not the hub"', "pass"),
    Mutant("a claim replays", "vault", 'assert seq == next, "not the next seq"', "pass"),
    Mutant("a top-up beyond fund", "vault", " or top_up > left:", ":"),
    Mutant("a high s", "vault", " or s > convert(eip712.HALF_ORDER, uint256)", ""),
    Mutant(
        "credit without a limit",
        "vault",
        "credit > retailer._credit_allowance(pool, credited)",
        "credit > pool",
    ),
    Mutant("credit is not counted", "vault", "credited = unsafe_add(credited, credit)", "pass"),
    Mutant(
        "a credit by anybody",
        "vault",
        'assert signer == retailer.hub, "not the hub\'s credit"',
        "pass",
    ),
    Mutant("dust burns the allowance", "vault", "spent, earned, True)", "spent, earned, False)"),
    Mutant("a deposit carries", "channels", 'assert deposited <= U48, "counter overflow"', "pass"),
    Mutant("a retired channel lives", "channels", " or cap == RETIRED:", ":"),
    Mutant("more than the headroom", "channels", "if taken > headroom:", "if False:"),
    Mutant(
        "a cap per claim",
        "channels",
        "        if taken != 0:\n            if whole_caps",
        "        if taken > 2**48:\n            if whole_caps",
    ),
    Mutant("days saved for ever", "channels", "unsafe_sub(today, MAX_CAP_DAYS)", "cap_day"),
    Mutant("an armed exit stops nobody", "channels", " and armed_for >= EXIT_LAPSE_HOURS", ""),
    Mutant("the nonce stands still", "channels", "(c.op_nonce + 1) & U8", "c.op_nonce"),
    Mutant(
        "one key cancels what two started",
        "homes",
        'assert c.exit_kind == channels.OWNER_ALONE, "two keys started it"',
        "pass",
    ),
    Mutant(
        "an exit without window",
        "homes",
        'assert block.timestamp >= c.exit_hour * channels.HOUR_S, "exit is not mature"',
        "pass",
    ),
    Mutant("an exit for ever", "homes", 'assert channels._has_exit(c), "exit has lapsed"', "pass"),
    Mutant("two keys pay a thief", "homes", 'assert to == home.owner, "not the owner"', "pass"),
    Mutant("close without the hub", "homes", "== retailer.hub, ", "!= empty(address), "),
    Mutant("a new cap pays saved days", "homes", "block.timestamp // channels.DAY_S - 1)", "0)"),
    Mutant("a signature for ever", "roles", 'assert block.timestamp <= until, "expired"', "pass"),
    Mutant(
        "a device that nobody asks",
        "roles",
        'assert signed, "bad second signature"',
        "pass",
    ),
    Mutant(
        "a contract says no",
        "roles",
        "convert(answer, bytes32) == convert",
        "convert(answer, bytes32) != convert",
    ),
    Mutant(
        "a standing request",
        "retailer",
        'assert block.timestamp < matures_at + LAPSE_S, "request has lapsed"',
        "pass",
    ),
    Mutant("anybody withdraws", "retailer", "msg.sender == treasurer", "True"),
    Mutant("minted twice", "bolt", "self.consumed + self.queued", "self.queued"),
    Mutant("an old attestation", "bolt", 'assert at > self.attested_at, "not newer"', "pass"),
    Mutant(
        "spent over balance",
        "dollar",
        'assert amount <= held, "over balance"\n    self.balanceOf[owner]',
        "self.balanceOf[owner]",
    ),
    Mutant("a nonce used twice", "dollar", 'assert used & bit == 0, "nonce used"', "pass"),
)


def verdict(mutant: Mutant) -> str:
    """The first test that notices the mutant, or nothing."""
    with tempfile.TemporaryDirectory(prefix="gridplus-mutant-") as name:
        house = Path(name)
        for part in ("src", "tests", "tools"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, house / part, ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", house)
        mutant.plant(house / CONTRACTS)
        place = {**os.environ, "PYTHONPATH": str(house / "src")}
        compiled = _run(["tools/compile_contracts.py"], house, place)
        if compiled.returncode:
            raise SystemExit(f"no mutant, it does not compile: {mutant.lost}")
        options = ["-m", "pytest", "-q", "-x", "--tb=no", "-p", "no:cacheprovider", *SUITE]
        lines = _run(options, house, place).stdout.splitlines()
    failed = next((line for line in lines if line.startswith("FAILED")), "")
    return failed.rpartition("::")[2].partition("[")[0].partition(" ")[0]


def _run(
    arguments: list[str], house: Path, place: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=house, env=place, capture_output=True, text=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Faults that the contracts' tests must notice.")
    parser.add_argument("--jobs", type=int, default=2)
    with ThreadPoolExecutor(parser.parse_args().jobs) as pool:
        found = list(pool.map(verdict, MUTANTS))
    print("| what would be lost | in | noticed by |\n|---|---|---|")
    for mutant, by in zip(MUTANTS, found, strict=True):
        print(f"| {mutant.lost} | `{mutant.source}.vy` | {by or 'NOBODY'} |")
    killed = sum(bool(by) for by in found)
    print(f"\n{killed} of {len(found)} killed", flush=True)
    return int(killed != len(found))


if __name__ == "__main__":
    sys.exit(main())
