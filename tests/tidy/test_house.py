"""The written style, held; and a planted violation of each kind turns red."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.rules import complaints

ROOT = Path(__file__).parents[2]

PLANTED = {
    "a long file": ("channel/planted.py", "x = 1\n" * 401, "401 lines"),
    "a long function": (
        "channel/planted.py",
        "def f() -> None:\n" + "    x = 1\n" * 60,
        "f has 61 lines",
    ),
    "many by position": (
        "channel/planted.py",
        "def f(a: int, b: int, c: int) -> None: ...\n",
        "f takes 3 by position",
    ),
    "many parameters": (
        "channel/planted.py",
        "def f(a: int, *, b: int, c: int, d: int, e: int, g: int) -> None: ...\n",
        "more than 5 parameters",
    ),
    "a bare assert": ("hub/planted.py", "assert True\n", "bare assert"),
    "a clock in a pure room": (
        "tariff/planted.py",
        "from datetime import datetime\n\nNOW = datetime.now()\n",
        "reads the clock",
    ),
    "a file in a pure room": ("meter/planted.py", "X = open('f')\n", "calls open()"),
    "a float by money": ("ledger/planted.py", "def f(a: float) -> None: ...\n", "a float"),
    "a drawer": ("hub/utils.py", "x = 1\n", "a room is a noun"),
}


def test_the_house_keeps_its_own_rules() -> None:
    assert complaints(ROOT / "src") == []


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_violation_is_named(kind: str, tmp_path: Path) -> None:
    place, text, expected = PLANTED[kind]
    target = tmp_path / "gridplus" / place
    target.parent.mkdir(parents=True)
    target.write_text(text)
    assert any(expected in complaint for complaint in complaints(tmp_path))


def _run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, timeout=240
    )


@pytest.fixture
def copied_house(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


LINT = (
    "import sys; sys.path.insert(0, 'src');"
    "from importlinter.cli import lint_imports; sys.exit(lint_imports())"
)


def _lint_imports(house: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINT], cwd=house, capture_output=True, text=True, timeout=240
    )


def test_the_ladder_holds_and_an_import_that_points_up_breaks_it(copied_house: Path) -> None:
    kept = _lint_imports(copied_house)
    assert kept.returncode == 0, kept.stdout
    (copied_house / "src/gridplus/channel/planted.py").write_text("import gridplus.hub\n")
    (copied_house / "src/gridplus/meter/planted.py").write_text("import sqlite3\n")
    broken = _lint_imports(copied_house)
    assert broken.returncode == 1
    assert "gridplus.channel.planted -> gridplus.hub" in broken.stdout
    assert "gridplus.meter.planted -> sqlite3" in broken.stdout


def test_a_room_outside_the_ladder_breaks_it(copied_house: Path) -> None:
    room = copied_house / "src/gridplus/drawer"
    room.mkdir()
    (room / "__init__.py").write_text("")
    broken = _lint_imports(copied_house)
    assert broken.returncode == 1
    assert "drawer" in broken.stdout


def test_ruff_refuses_a_planted_naive_clock(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text("from datetime import datetime\n\nNOW = datetime.now()\n")
    config = str(ROOT / "pyproject.toml")
    run = _run("ruff", "check", "--no-cache", "--config", config, str(planted), cwd=tmp_path)
    assert run.returncode == 1
    assert "DTZ005" in run.stdout


def test_mypy_refuses_a_planted_mixture_of_types(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text("def f(amount_ubolt: int) -> str:\n    return amount_ubolt\n")
    run = _run("mypy", "--strict", "--no-incremental", str(planted), cwd=tmp_path)
    assert run.returncode == 1
    assert "Incompatible return value" in run.stdout


@pytest.mark.parametrize(("page", "limit"), [("README.md", 120), ("ARCHITECTURE.md", 200)])
def test_the_front_pages_stay_short(page: str, limit: int) -> None:
    lines = (ROOT / page).read_text().splitlines()
    assert 20 < len(lines) <= limit
