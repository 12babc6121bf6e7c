"""Keys are stolen: what the thief gets, what the people still save, on the vault itself."""

import re
from pathlib import Path

import pytest

from gridplus.contracts import calls, home_calls
from gridplus.wallet import Role
from tests.contracts.street import BOLT, DAY_S, STRANGER
from tests.drill.runs import in_turn, taken, together
from tests.drill.scene import CAP_BOLT, DEPOSIT, KEYS, THIEF, answer, attack, new_scene

PAGE = Path(__file__).parents[2] / "docs" / "theft.md"
CAPS_45 = 45 * CAP_BOLT
PHONE, BOX = ("owner",), ("device", "voucher")
OWNER_GUARDIAN = Role.OWNER | Role.GUARDIAN


def test_all_that_is_on_the_box_moves_45_daily_caps_at_most_and_only_to_the_retailer() -> None:
    """Device key, voucher key, and time: 60 days since the last claim."""
    scene = new_scene()
    scene.held = set(BOX)
    street, pool = scene.street, scene.street.pool()
    attack(scene)
    attack(scene)
    moved = street.pool() - pool
    assert moved == scene.to_retailer == CAPS_45 * BOLT
    assert scene.headroom == DEPOSIT - moved
    for name in ("voucher_key", "owner"):
        assert street.balance(getattr(scene.own, name).address) == 0
    assert street.balance(THIEF.address) == 0
    over = scene.home.voucher(street.word(scene.home).spent + BOLT)
    assert not scene.tried(STRANGER, calls.post_vouchers([over])).ok
    street.evm.pass_time(DAY_S)
    attack(scene)
    assert scene.to_retailer == (CAPS_45 + CAP_BOLT) * BOLT  # one cap a day, until he is shut out
    answer(scene)
    street.evm.pass_time(DAY_S)
    attack(scene)
    assert scene.to_retailer == (CAPS_45 + CAP_BOLT) * BOLT
    assert scene.held == set()


def test_the_phone_is_taken_and_guardian_and_device_save_everything() -> None:
    scene = new_scene()
    scene.held = set(PHONE)
    attack(scene)
    assert scene.street.word(scene.home).has_exit(scene.now_s)
    answer(scene)  # the hub tells both
    assert scene.held == set(PHONE)
    scene.street.evm.pass_time(DAY_S)
    answer(scene)
    assert scene.held == set()
    assert scene.headroom == DEPOSIT
    assert not scene.street.word(scene.home).has_exit(scene.now_s)


def test_without_a_hub_guardian_and_device_cancel_what_the_phone_started() -> None:
    scene = new_scene()
    scene.held = set(PHONE)
    attack(scene)
    scene.street.evm.pass_time(13 * DAY_S)
    data = scene.street.cancel_by_two(scene.home, Role.GUARDIAN | Role.DEVICE)
    assert scene.tried(STRANGER, data).ok
    scene.street.evm.pass_time(DAY_S + 3_600)
    assert not scene.tried(STRANGER, home_calls.finish_exit(scene.home.named)).ok
    assert scene.headroom == DEPOSIT


def test_box_and_phone_together_cost_the_home_unless_a_copy_of_the_owners_key_is_left() -> None:
    """The day's notice saves what the cap has not paid away; without a copy it saves nothing."""
    gone = taken((0, (*BOX, *PHONE)))
    assert (gone.home, gone.day, gone.to_retailer) == (DEPOSIT // BOLT - CAPS_45, 1, CAPS_45)
    saved = taken((0, (*BOX, *PHONE)), copies=PHONE)
    assert (saved.home, saved.to_retailer) == (0, CAPS_45)


@pytest.mark.parametrize("has_copy", [True, False])
def test_without_a_hub_the_window_of_a_week_saves_as_much(has_copy: bool) -> None:
    """The thief starts the exit of two keys; the guardian and a copy of the owner's key cancel."""
    scene = new_scene()
    to = scene.home.owner.address
    data = scene.street.start_by_two(scene.home, to, Role.OWNER | Role.DEVICE)
    assert scene.tried(STRANGER, data).ok
    scene.street.evm.pass_time(6 * DAY_S)
    if has_copy:
        cancel = scene.street.cancel_by_two(scene.home, OWNER_GUARDIAN)
        assert scene.tried(STRANGER, cancel).ok
    scene.street.evm.pass_time(DAY_S + 3_600)
    finished = scene.tried(STRANGER, home_calls.finish_exit(scene.home.named)).ok
    assert finished is not has_copy
    assert scene.headroom == (DEPOSIT if has_copy else 0)


SHOWN = (("owner", "device"), ("voucher", "guardian"), ("minter", "attestor"))


@pytest.mark.parametrize(("first", "second"), SHOWN)
def test_the_page_shows_what_a_run_gives(first: str, second: str) -> None:
    """The whole of it: make drill."""
    in_turn_table, together_table = re.findall(r"(?:^\|.*\n)+", PAGE.read_text(), re.MULTILINE)[:2]
    assert cell(in_turn_table, first, second) == str(in_turn(first, second))
    early, late = sorted((first, second), key=KEYS.index)
    assert cell(together_table, early, late) == str(together(first, second))


def cell(table: str, row: str, column: str) -> str:
    rows = [[text.strip() for text in line.split("|")[1:-1]] for line in table.splitlines()]
    found = next(cells for cells in rows if cells[0] == row)
    return found[rows[0].index(column)]
