"""Owner and guardian ask a hub that is served, with the orders they pass to each other."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from gridplus.channel import Counters
from gridplus.demo.processes import start_service
from gridplus.failures import InputError
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key
from gridplus.owner import Desk, HubDoor, Order, ask_hub, ask_word, with_hub
from gridplus.wallet import Close, StartExit, ask_word_digest
from gridplus.wire import AskWord, OpenChannel
from tests.hub.process import make_hub_folder
from tests.hub.town import START_S, Town


def test_an_order_is_signed_by_a_served_hub_and_paid_by_the_vault(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    keys = KeyStore(town.folder / f"home-{town.homes:03d}")
    config = make_hub_folder(town, tmp_path / "hub", notices="notices")
    arguments = ["hub", "serve", "--config", str(config), "--exit-with-parent"]
    service = start_service("hub", arguments, log=tmp_path / "log")
    try:
        opened = httpx.post(
            f"{service.url}/v1/channels", content=OpenChannel(house.identity).to_bytes()
        )
        assert opened.status_code == 200, opened.text
        until_s, door = START_S + 86_400, HubDoor(service.url)

        def signed(spent: int) -> Order:
            order = Order(house.identity, Close(house.channel, spent, 0, 0, until_s))
            for role in ("owner", "guardian"):
                order = order.signed(role, keys.load(role, Secp256k1Key).sign(order.digest))
            return order

        waits = ask_hub(door, signed(0), successor=None)
        assert (waits.signature, waits.signs_at_s) == (None, START_S + 86_400)
        assert len(list((tmp_path / "hub" / "notices").iterdir())) == 1
        with pytest.raises(InputError, match=r"FINAL_DIFFERS.*it says 0 and 0 µBOLT"):
            ask_hub(door, signed(1), successor=None)
        question = AskWord(house.channel, START_S, "owner", bytes(64))
        digest = ask_word_digest(house.identity.domain, house.channel, asked_at_s=START_S)
        mine = replace(question, signature=keys.load("owner", Secp256k1Key).sign(digest))
        assert ask_word(door, mine).final == Counters(0, 0)
        for other in (question, replace(mine, role="guardian"), replace(mine, asked_at_s=0)):
            with pytest.raises(InputError, match="NOT_YOURS"):
                ask_word(door, other)
        leave = StartExit(house.channel, house.owner.address, 0, until_s)
        with pytest.raises(InputError, match="nothing else"):
            ask_hub(door, Order(house.identity, leave), successor=None)
        order = signed(0)
        order = order.signed("device", keys.load("device", DeviceKey).sign(order.digest))
        order = with_hub(order, ask_hub(door, order, successor=None))
        assert Desk(town.chain, house.identity).refusal(order) is None
    finally:
        service.stop()
