import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from gridplus.cli.commands import gridplus
from gridplus.failures import GridPlusError
from gridplus.journal import Fact, SqliteJournal


def told(*arguments: object) -> str:
    result = CliRunner().invoke(
        gridplus, ["journal", *map(str, arguments)], standalone_mode=False, catch_exceptions=False
    )
    return result.output


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "agent.journal"
    with SqliteJournal.open(path, now_s=lambda: 7) as journal:
        journal.append([Fact("ReadMade", b"home", b"1"), Fact("ReadMade", b"home", b"2")])
    return path


def test_a_copy_is_made_verified_and_has_the_checksum_of_its_source(
    path: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    assert f"{copy}: 2 facts, sha256 " in told("copy", path, copy)
    sums = [re.search(r"2 facts, sha256 [0-9a-f]{64}", told("verify", at)) for at in (path, copy)]
    assert sums[0] is not None
    assert sums[1] is not None
    assert sums[0][0] == sums[1][0]


def test_a_journal_goes_to_an_older_version_and_comes_back_when_it_is_opened(path: Path) -> None:
    before = told("verify", path)
    assert told("migrate", path, "--to", 1) == f"{path}: its schema is 1\n"
    assert told("verify", path) == before
    with pytest.raises(GridPlusError, match="1 to 3, not 4"):
        told("migrate", path, "--to", 4)


@pytest.mark.parametrize("command", [("verify",), ("copy",), ("migrate", "--to", "1")])
def test_what_is_not_there_is_not_made(command: tuple[str, ...], tmp_path: Path) -> None:
    absent, to = tmp_path / "absent", tmp_path / "to"
    name, *options = command
    with pytest.raises(GridPlusError, match="does not exist"):
        told(name, absent, *([to] if name == "copy" else []), *options)
    assert list(tmp_path.iterdir()) == []
