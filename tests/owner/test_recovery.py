"""Eight stories in which something goes wrong in a home, and what its people do then.

Each runs on the embedded chain and on anvil. The two laws behind all of them: any two keys beat
one, and the voucher key can only pay this retailer, within the daily cap.
"""

from pathlib import Path

import pytest

from gridplus.chain import Account, Reverted
from gridplus.failures import InputError
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key
from gridplus.owner import say_standing
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wallet import CancelExit, Close, Rotate, StartExit
from tests.owner.place import DAILY_CAP, DAY_S, DEPOSIT, Home, Retailer, move_in, with_keys

BOLT = UBOLT_PER_BOLT


def successor(home: Home, folder: Path, **changed: object) -> Home:
    """The same home with some keys replaced by fresh ones of a new store."""
    keys = KeyStore(folder)
    kinds = {"owner": Secp256k1Key, "guardian": Secp256k1Key, "device": DeviceKey}
    now: dict[str, object] = {
        "owner": home.owner,
        "guardian": home.guardian,
        "device": home.device,
        "voucher": keys.create("voucher", Secp256k1Key),
    }
    for role in changed:
        now[role] = keys.create(role, kinds[role])
    owner = now.pop("owner")
    return with_keys(home.retailer, owner, **now)  # type: ignore[arg-type]


def rotate(home: Home, to: Home, *roles: str, spent: int = 0) -> None:
    action = Rotate(
        home.identity.channel, to.identity.voucher_key, to.identity.cfg, spent, 0, *home.terms()
    )
    home.send(home.order(action, *roles, "hub"))


def exit_order(home: Home, to: bytes, *roles: str) -> None:
    home.send(home.order(StartExit(home.identity.channel, to, *home.terms()), *roles))  # type: ignore[arg-type]


def test_the_phone_with_the_owners_key_is_lost(home: Home, tmp_path: Path) -> None:
    """Guardian and device move the home to a new owner's key, with the hub, at once."""
    fresh = successor(home, tmp_path / "new phone", owner=True)
    with pytest.raises(InputError, match="two of owner, guardian and device"):
        rotate(home, fresh, "guardian")
    rotate(home, fresh, "guardian", "device")
    assert home.headroom == 0
    assert fresh.headroom == DEPOSIT
    # Whoever finds the phone holds the key of a channel in which nothing is left, for ever.
    assert say_standing(home.desk.standing().view, now_s=0) == (
        "This account was moved to new keys; nothing is left here.",
    )
    assert home.retailer.claim(home, 5 * BOLT) == 0


def test_the_box_is_stolen(home: Home, tmp_path: Path) -> None:
    """The thief holds device and voucher key: he can pay the retailer within the cap, and no one
    else; owner and guardian move the rest to a new box."""
    thief = home.voucher_key
    assert home.retailer.claim(home, 150 * BOLT, by=thief) == DAILY_CAP * BOLT
    assert home.retailer.balance(thief.address) == 0
    to = StartExit(home.identity.channel, thief.address, *home.terms())
    with pytest.raises(InputError, match="not by the key whose place it takes"):
        home.send(home.order(to, "device", "guardian", guardian=thief))
    fresh = successor(home, tmp_path / "new box", device=True)
    rotate(home, fresh, "owner", "guardian", spent=DAILY_CAP * BOLT)
    assert fresh.headroom == DEPOSIT - DAILY_CAP * BOLT
    assert home.retailer.claim(home, 200 * BOLT, by=thief) == DAILY_CAP * BOLT


def test_a_couple_divorces_and_each_has_a_key(home: Home) -> None:
    """The owner leaves alone and slowly; the guardian, who has the device in the house, takes that
    back; one alone never decides. Together they are paid out in a week, to the owner."""
    account = Account(home.owner, home.retailer.chain)
    home.desk.exit_alone(account)
    home.send(home.order(CancelExit(home.identity.channel, *home.terms()), "guardian", "device"))
    with pytest.raises(Reverted, match="no exit"):
        home.desk.finish_exit(account)
    exit_order(home, home.owner.address, "owner", "guardian")
    home.retailer.pass_time(7 * DAY_S + 3_600)
    home.desk.finish_exit(account)
    assert home.retailer.balance(home.owner.address) == DEPOSIT


def test_the_guardian_turns_hostile(home: Home, tmp_path: Path) -> None:
    """Alone he starts nothing. With the owner's box for an hour he starts a slow exit to himself:
    the owner has 21 days to take it back with the box, and then changes guardians."""
    villain = home.guardian
    theft = StartExit(home.identity.channel, villain.address, *home.terms())
    with pytest.raises(InputError, match="two of owner, guardian and device"):
        home.send(home.order(theft, "guardian"))
    exit_order(home, villain.address, "guardian", "device")
    assert home.desk.standing().receiver == villain.address
    with pytest.raises(Reverted, match="two keys started it"):
        home.desk.cancel_alone(Account(home.owner, home.retailer.chain))
    home.retailer.pass_time(20 * DAY_S)
    home.send(home.order(CancelExit(home.identity.channel, *home.terms()), "owner", "device"))
    fresh = successor(home, tmp_path / "new guardian", guardian=True)
    rotate(home, fresh, "owner", "device")
    assert (home.headroom, fresh.headroom) == (0, DEPOSIT)
    assert home.retailer.balance(villain.address) == 0


def test_the_device_dies_on_a_friday(home: Home, tmp_path: Path) -> None:
    """Nothing is lost over the weekend: what was signed is claimed, what was not is not. On Monday
    owner and guardian put a new device in its place."""
    home.retailer.pass_time(3 * DAY_S)
    assert home.retailer.claim(home, 12 * BOLT) == 12 * BOLT
    fresh = successor(home, tmp_path / "new device", device=True)
    rotate(home, fresh, "owner", "guardian", spent=12 * BOLT)
    assert fresh.headroom == DEPOSIT - 12 * BOLT
    assert home.retailer.claim(fresh, 3 * BOLT) == 3 * BOLT


def test_the_house_is_sold(home: Home) -> None:
    """Two keys and the hub close at the last bill: the seller has his money at once."""
    final = Close(home.identity.channel, 9 * BOLT, 0, *home.terms())
    with pytest.raises(InputError, match="hub must sign"):
        home.send(home.order(final, "owner", "guardian"))
    home.send(home.order(final, "owner", "guardian", "hub"))
    assert home.headroom == 0
    assert home.retailer.balance(home.owner.address) == DEPOSIT - 9 * BOLT
    with pytest.raises(InputError, match="another order of this home"):
        home.send(home.order(final, "owner", "guardian", "hub"))


def test_there_is_no_network_for_a_week(home: Home) -> None:
    """The agent signs one voucher for the week when it is back; the cap has saved the days."""
    home.retailer.pass_time(7 * DAY_S)
    week = 7 * DAILY_CAP * BOLT
    assert home.retailer.claim(home, week) == week
    assert home.headroom == DEPOSIT - week


def test_the_retailer_disappears(home: Home) -> None:
    """The owner leaves by his own key, with nobody's word: 14 days, and 48 hours to collect."""
    account = Account(home.owner, home.retailer.chain)
    home.desk.exit_alone(account)
    with pytest.raises(Reverted, match="not mature"):
        home.desk.finish_exit(account)
    home.retailer.pass_time(14 * DAY_S + 3_600)
    # Armed, the headroom is nobody's but his: a hub that wakes up now comes too late.
    assert home.retailer.claim(home, 5 * BOLT) == 0
    home.desk.finish_exit(account)
    assert home.retailer.balance(home.owner.address) == DEPOSIT
    assert home.headroom == 0


def test_who_comes_too_late_starts_again(home: Home) -> None:
    account = Account(home.owner, home.retailer.chain)
    home.desk.exit_alone(account)
    home.retailer.pass_time(17 * DAY_S)
    with pytest.raises(Reverted, match="lapsed"):
        home.desk.finish_exit(account)
    home.desk.exit_alone(account)
    home.retailer.pass_time(14 * DAY_S + 3_600)
    home.desk.finish_exit(account)
    assert home.retailer.balance(home.owner.address) == DEPOSIT


def test_a_voucher_key_moves_45_daily_caps_and_not_one_more(
    retailer: Retailer, tmp_path: Path
) -> None:

    rich = move_in(retailer, tmp_path / "rich", deposit=1_000 * BOLT)
    retailer.pass_time(60 * DAY_S)
    assert retailer.claim(rich, 999 * BOLT) == 45 * DAILY_CAP * BOLT
    assert rich.headroom == (1_000 - 45 * DAILY_CAP) * BOLT
