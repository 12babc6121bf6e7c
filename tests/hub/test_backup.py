"""A running hub is backed up; the copy alone brings it back."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner

from gridplus.cli.commands import gridplus
from gridplus.failures import GridPlusError, StorageError
from tests.hub.process import make_hub_folder
from tests.hub.test_kill import client_of, moved_in, pay, require_all, served
from tests.hub.town import Town


def told(*arguments: object) -> str:
    result = CliRunner().invoke(
        gridplus, ["hub", *map(str, arguments)], standalone_mode=False, catch_exceptions=False
    )
    return result.output


async def test_a_hub_is_backed_up_while_it_serves_and_restored_from_the_copy(
    town: Town, tmp_path: Path
) -> None:
    place, copy = tmp_path / "hub" / "hub.journal", tmp_path / "copy"
    config = make_hub_folder(town, tmp_path / "hub")
    house, paid = await moved_in(town, place), []
    hub = served(config)
    async with client_of(hub) as client:
        backup = ("backup", "--config", config, "--url", hub.url, "--out", copy)
        for _ in range(2):
            paid.append(await pay(client, house))
            saving = asyncio.create_task(asyncio.to_thread(told, *backup))
            paid.append(await pay(client, house))
            assert " facts, sha256 " in await saving
        last = await asyncio.to_thread(told, *backup)
        with pytest.raises(StorageError, match="another process has it open"):
            told("restore", "--config", config, copy)
    hub.kill()
    place.unlink()
    for left in place.parent.glob("hub.journal-*"):
        left.unlink()
    restored = told("restore", "--config", config, copy)
    assert last.split(": ")[1].strip() in restored
    assert "1 home" in restored
    again = served(config)
    async with client_of(again) as client:
        paid.append(await pay(client, house))
    again.stop()
    require_all(town, place, house, paid)


async def test_a_copy_of_something_else_is_neither_continued_nor_restored(
    town: Town, tmp_path: Path
) -> None:
    places = [tmp_path / name / "hub.journal" for name in ("one", "two")]
    configs = [make_hub_folder(town, place.parent) for place in places]
    for place in places:
        await moved_in(town, place)
    before = told("restore", "--config", configs[0], places[0].rename(tmp_path / "copy"))
    assert "1 home" in before
    with pytest.raises(GridPlusError, match="a copy of another journal"):
        told("restore", "--config", configs[1], tmp_path / "copy")
