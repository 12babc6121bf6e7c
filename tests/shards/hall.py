"""A hub as its operator runs it: processes of its own, in one form or the other, and what homes and
the back office ask of it over HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from gridplus.clock import set_clock
from gridplus.demo.processes import ServiceProcess, start_service
from gridplus.hub.shard import shard_of
from gridplus.serving import LOOPBACK, bound_listener
from gridplus.tariff import Statement
from gridplus.units import DAY_S
from gridplus.wire import (
    Acknowledgement,
    BillOffer,
    OpenChannel,
    SubmitRead,
    SubmitVoucher,
)
from tests.hub.board import Board
from tests.hub.process import make_hub_folder
from tests.hub.town import PRICES, START_S, House, Town

TOKEN = "0123456789abcdef" * 2
SAVED_DAYS = 10
BACK_OFFICE = {"authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True)
class Pages:
    url: str


@contextmanager
def served_board() -> Iterator[Pages]:
    board, listener = Board(), bound_listener(LOOPBACK, 0)
    board.publish(PRICES)
    config = uvicorn.Config(board.app(), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield Pages(f"http://{LOOPBACK}:{listener.getsockname()[1]}")
    server.should_exit = True
    thread.join()
    listener.close()


@dataclass
class Hall:
    """A served hub. `shards` is None for one process."""

    town: Town
    config: Path
    shards: int | None
    service: ServiceProcess
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.service.url, trust_env=False, timeout=60)

    def restart(self) -> None:
        """After a stop or a kill of the process that answers."""
        self.client.close()
        self.service = start(self.config)
        self.__post_init__()

    def close(self) -> None:
        self.client.close()
        self.service.stop()

    def planned(self, shard: int) -> House:
        """A home that the second of two shards would serve, or the first."""
        while True:
            house = self.town.plan_house()
            if shard_of(house.channel, 2) == shard:
                return house

    def house(self, shard: int) -> House:
        """The same, whose deposit stands and whose channel is open."""
        house = self.planned(shard)
        self.town.deposit(house, 75)
        self.open(house)
        return house

    def open(self, house: House) -> None:
        self.post("/v1/channels", OpenChannel(house.identity).to_bytes())

    def post(self, path: str, content: bytes) -> bytes:
        answer = self.client.post(path, content=content)
        assert answer.status_code == 200, answer.text
        return answer.content

    def bill(self, house: House, import_wh: int = 400, export_wh: int = 0) -> Statement:
        read = SubmitRead(house.meter(import_wh, export_wh))
        return BillOffer.parse(self.post("/v1/reads", read.to_bytes())).statement

    def pay(self, house: House, bill: Statement) -> Acknowledgement:
        voucher = house.voucher(bill.spent_ubolt, bill.earned_ubolt)
        content = SubmitVoucher(house.channel, voucher).to_bytes()
        return Acknowledgement.parse(self.post("/v1/vouchers", content))

    def asked(self, path: str) -> Any:
        """What the administrator is told."""
        answer = self.client.get(path, headers=BACK_OFFICE)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def claim(self) -> Any:
        answer = self.client.post("/v1/admin/claims", headers=BACK_OFFICE)
        assert answer.status_code == 200, answer.text
        return answer.json()


def start(config: Path, *arguments: str) -> ServiceProcess:
    command = ["hub", "serve", "--config", str(config), *arguments]
    return start_service("hub", command, log=config.with_name("log"))


@contextmanager
def hall(
    town: Town, folder: Path, pages: Pages, *, shards: int | None, **changes: Any
) -> Iterator[Hall]:
    usual = {"retailer_url": pages.url, "claim_after_s": 2 * SAVED_DAYS * DAY_S}
    form = {} if shards is None else {"shards": shards}
    config = make_hub_folder(town, folder, **usual, **form, **changes)
    # Homes have saved up caps, so that they are served after a claim too, whoever comes first.
    set_clock(folder / "clock", START_S + SAVED_DAYS * DAY_S)
    made = Hall(town, config, shards, start(config))
    try:
        yield made
    finally:
        made.close()
