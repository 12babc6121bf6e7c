"""Owner and guardian ask a hub that is served, with the orders they pass to each other."""

from pathlib import Path

import httpx
import pytest

from gridplus.demo.processes import start_service
from gridplus.failures import InputError
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key
from gridplus.owner import Desk, Order, ask_hub, with_hub
from gridplus.wallet import Close, StartExit
from gridplus.wire import OpenChannel
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
        until_s = START_S + 86_400

        def signed(spent: int) -> Order:
            order = Order(house.identity, Close(house.channel, spent, 0, 0, until_s))
            for role in ("owner", "guardian"):
                order = order.signed(role, keys.load(role, Secp256k1Key).sign(order.digest))
            return order

        waits = ask_hub(service.url, signed(0), successor=None)
        assert (waits.signature, waits.signs_at_s) == (None, START_S + 86_400)
        assert len(list((tmp_path / "hub" / "notices").iterdir())) == 1
        with pytest.raises(InputError, match=r"FINAL_DIFFERS.*it says 0 and 0 µBOLT"):
            ask_hub(service.url, signed(1), successor=None)
        leave = StartExit(house.channel, house.owner.address, 0, until_s)
        with pytest.raises(InputError, match="nothing else"):
            ask_hub(service.url, Order(house.identity, leave), successor=None)
        order = signed(0)
        order = order.signed("device", keys.load("device", DeviceKey).sign(order.digest))
        order = with_hub(order, ask_hub(service.url, order, successor=None))
        assert Desk(town.chain, house.identity).refusal(order) is None
    finally:
        service.stop()
