"""Shards that are killed, handed over and served twice by mistake, and claims that are cut off:
nothing that was acknowledged is lost, nothing is done twice on chain."""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from gridplus.agent.links import Link
from gridplus.agent.stream import HubLink
from gridplus.cli.hub import command
from gridplus.demo.founding import make_role_keys
from gridplus.demo.processes import ServiceProcess
from gridplus.failures import GridPlusError
from gridplus.wire import Acknowledgement, BillOffer, ChannelStatus, SubmitRead, SubmitVoucher
from tests.hub.process import make_hub_folder
from tests.hub.signed import CONFIRMATIONS, node_with
from tests.hub.town import SEED, House, Town, found_town
from tests.shards.hall import BACK_OFFICE, Hall, Pages, hall, start

PATIENCE_S = 60


@pytest.fixture
def at(town: Town, pages: Pages, tmp_path: Path) -> Iterator[Hall]:
    with hall(town, tmp_path / "hub", pages, shards=2) as served:
        yield served


def pid_of(hub: Hall, shard: int) -> int:
    """The process of a shard that the coordinator has started."""
    parent = hub.service.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    for child in map(int, children):
        words = Path(f"/proc/{child}/cmdline").read_text().split("\0")
        if words[words.index("--shard") + 1 :][:1] == [str(shard)]:
            return child
    raise AssertionError(f"shard {shard} does not live")


async def until_well(hub: Hall, *, well: bool = True) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            health: dict[str, Any] = (await asyncio.to_thread(hub.client.get, "/health")).json()
            if health["ok"] is well:
                return health
            await asyncio.sleep(0.05)


@dataclass
class Payer:
    """A home that pays one interval after the other and asks again what was not answered."""

    house: House
    client: httpx.AsyncClient
    told: list[int] = field(default_factory=list)
    asked_again: int = 0

    async def live(self, intervals: int) -> None:
        for _ in range(intervals):
            read = SubmitRead(self.house.meter(400)).to_bytes()
            bill = BillOffer.parse(await self._ask("/v1/reads", read)).statement
            voucher = self.house.voucher(bill.spent_ubolt, bill.earned_ubolt)
            content = SubmitVoucher(self.house.channel, voucher).to_bytes()
            answer = Acknowledgement.parse(await self._ask("/v1/vouchers", content))
            self.told.append(answer.counters.spent_ubolt)

    async def _ask(self, path: str, content: bytes) -> bytes:
        while True:
            answer = await self.client.post(path, content=content)
            if answer.status_code == 200:
                return answer.content
            assert answer.status_code == 502, answer.text
            self.asked_again += 1
            await asyncio.sleep(0.02)


async def test_a_shard_killed_under_load_loses_nothing_and_the_other_goes_on(at: Hall) -> None:
    """I-ST-1."""
    killed, spared = [at.house(0) for _ in range(3)], [at.house(1) for _ in range(3)]
    async with httpx.AsyncClient(base_url=at.service.url, timeout=60, trust_env=False) as client:
        payers = [Payer(house, client) for house in (*killed, *spared)]
        living = [asyncio.create_task(payer.live(40)) for payer in payers]
        for round_ in range(2):
            while min(len(payer.told) for payer in payers[:3]) < 5 * (round_ + 1):
                await asyncio.sleep(0.01)
            os.kill(pid_of(at, 0), signal.SIGKILL)
            health = await until_well(at, well=False)
            assert "shard 0" in health["faults"]
            assert health["shards"][1]["ok"]
            await until_well(at)
        await asyncio.gather(*living)
    assert sum(payer.asked_again for payer in payers[:3]) > 0
    assert sum(payer.asked_again for payer in payers[3:]) == 0, "homes of the other shard felt it"
    for payer in payers:
        assert payer.told == sorted(set(payer.told))
        status = at.client.get(f"/v1/channels/0x{payer.house.channel.hex()}").content
        assert ChannelStatus.parse(status).durable.spent_ubolt == payer.told[-1]
    page = at.client.get("/metrics", headers=BACK_OFFICE).text
    assert 'gridplus_hub_shard_restarts_total{shard="0"} 2.0' in page
    claimed = at.claim()
    assert claimed["homes"] == len(payers)
    for payer in payers:
        assert at.town.word(payer.house).spent == payer.told[-1]


def said(*arguments: object) -> str:
    """What `gridplus hub` says; an error comes through."""
    result = CliRunner().invoke(
        command, [str(each) for each in arguments], standalone_mode=False, catch_exceptions=False
    )
    return result.output


def name_place(config: Path, service: ServiceProcess) -> None:
    with config.open("a") as file:
        table = {"index": 1, "url": service.url, "stream_host": "127.0.0.1"}
        file.write("[[shard]]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in table.items()))


@contextmanager
def elsewhere(at: Hall, folder: Path, pages: Pages, *, journal: Path) -> Iterator[ServiceProcess]:
    """Shard 1 on another machine: a folder of its own, with a copy of the journal."""
    config = make_hub_folder(at.town, folder, retailer_url=pages.url, shards=2)
    shutil.copy(journal, folder / "hub.1.journal")
    service = start(config, "--shard", "1")
    try:
        yield service
    finally:
        service.stop()


async def test_a_shard_is_handed_over_while_homes_of_the_other_pay(
    at: Hall, pages: Pages, tmp_path: Path
) -> None:
    stays, moves = at.house(0), at.house(1)
    paid = [at.pay(house, at.bill(house)).counters for house in (stays, moves)]
    link = HubLink(Link("hub", at.service.url), at.service.url)
    offer = await link.ask("/v1/reads", SubmitRead(moves.meter(400)), answer=BillOffer)
    assert isinstance(offer, BillOffer)
    there = ("--config", at.config, "--url", at.service.url)
    told = await asyncio.to_thread(said, "drain", *there, "--shard", 1)
    assert told == "shard 1 has ended\n"
    health = await until_well(at, well=False)
    assert "it was drained; start it elsewhere" in health["faults"]["shard 1"]
    assert at.client.get(f"/v1/channels/0x{moves.channel.hex()}").status_code == 502
    at.pay(stays, at.bill(stays))
    journal = at.config.with_name("hub.1.journal")
    with elsewhere(at, tmp_path / "there", pages, journal=journal) as service:
        name_place(at.config, service)
        health = await until_well(at)
        assert health["shards"][1]["url"] == service.url
        bill = offer.statement
        voucher = SubmitVoucher(moves.channel, moves.voucher(bill.spent_ubolt, bill.earned_ubolt))
        acknowledged = await link.ask("/v1/vouchers", voucher, answer=Acknowledgement)
        assert isinstance(acknowledged, Acknowledgement), "a home finds its shard again"
        assert acknowledged.counters.covers(paid[1])
        assert at.claim()["homes"] == 2
        assert at.town.word(moves).spent == bill.spent_ubolt
        await link.aclose()
    health = await until_well(at, well=False)
    assert "does not answer" in health["faults"]["shard 1"]


async def test_of_two_owners_of_a_shard_the_higher_voucher_is_claimed_once(
    at: Hall, pages: Pages, tmp_path: Path
) -> None:
    """And what the one has billed the other bills the same, when it is given the reads."""
    here, there = at.house(1), at.house(1)
    for house in (here, there):
        at.pay(house, at.bill(house))
    asked = ("--config", at.config, "--url", at.service.url, "--shard", 1)
    said("backup", *asked, "--out", tmp_path / "first")
    said("drain", *asked)
    copies = elsewhere(at, tmp_path / "first.d", pages, journal=tmp_path / "first")
    mistake = elsewhere(at, tmp_path / "second.d", pages, journal=tmp_path / "first")
    with copies as first, mistake as second:
        name_place(at.config, first)
        await until_well(at)
        bills = {house.channel: at.bill(house) for house in (here,)}
        at.pay(here, bills[here.channel])
        other = Hall(at.town, at.config, 2, second)
        with other.client as door:
            bills[there.channel] = other.bill(there, 900)
            other.pay(there, bills[there.channel])
            lost = door.post("/v1/reads", content=SubmitRead(here.meter(10)).to_bytes())
            assert lost.status_code == 409, "a read after a gap is not billed"
            here.reads.pop()
        name_place(at.config, second)
        async with asyncio.timeout(PATIENCE_S):
            while "it is at two places" not in at.asked("/health")["faults"].get("shard 1", ""):
                await asyncio.sleep(0.05)
        at.claim()
        for house in (here, there):
            assert at.town.word(house).spent == bills[house.channel].spent_ubolt
        assert at.claim()["transaction"] is None
        again = at.post("/v1/reads", SubmitRead(there.sign(there.reads[-1])).to_bytes())
        assert BillOffer.parse(again).statement == bills[there.channel], "the same, heads and all"
        at.pay(there, bills[there.channel])


def test_a_journal_knows_whose_it_is(town: Town, pages: Pages, tmp_path: Path) -> None:
    with hall(town, tmp_path / "hub", pages, shards=None) as one:
        houses = [one.house(shard) for shard in (0, 1, 0, 1)]
        bills = {house.channel: one.bill(house) for house in houses}
    config = tmp_path / "hub" / "hub.toml"
    single = config.read_text()
    with pytest.raises(GridPlusError, match="names no number of shards"):
        said("split", "--config", config)
    config.write_text("shards = 2\n" + single)
    with pytest.raises(GridPlusError, match="run: gridplus hub split"):
        start(config)
    assert said("split", "--config", config).count(" facts, sha256 ") == 2
    with pytest.raises(GridPlusError, match="holds no homes that could be split"):
        said("split", "--config", config)
    two = Hall(town, config, 2, start(config))
    assert two.asked("/health")["homes"] == 4
    for house in houses:
        two.pay(house, bills[house.channel])
    two.close()
    one_file, other = (config.with_name(f"hub.{n}.journal") for n in (0, 1))
    for text, journal, why in (
        (single, None, "holds the claims of a hub that has shards, and no homes"),
        (single, one_file, "is the journal of shard 0 of 2, not of shard 0 of 1"),
        ("shards = 3\n" + single, one_file, "is the journal of shard 0 of 2, not of shard 0 of 3"),
    ):
        there = config.with_name("other.toml")
        there.write_text(text if journal is None else text.replace("hub.journal", journal.name))
        if "shards" in text:
            there.write_text(text)
        arguments = ("--shard", "0") if "shards" in text else ()
        with pytest.raises(GridPlusError, match=why):
            start(there, *arguments)
    for index, journal in ((2, one_file), (3, other)):
        shutil.copy(journal, config.with_name(f"hub.{index}.journal"))
    config.write_text("shards = 4\n" + single)
    four = Hall(town, config, 4, start(config))
    assert four.asked("/health")["homes"] == 4
    for house in houses:
        four.pay(house, four.bill(house))
    assert four.claim()["homes"] == 4
    four.close()


async def test_a_coordinator_killed_in_the_middle_of_a_claim_has_it_once(
    pages: Pages, tmp_path: Path
) -> None:
    keys = make_role_keys(tmp_path / "keys", SEED)
    with node_with(keys) as node:
        town = found_town(tmp_path, node.chain, keys, url=node.url, patience_s=0)
        folder = tmp_path / "hub"
        with hall(town, folder, pages, shards=2, confirmations=CONFIRMATIONS) as at:
            houses = [at.planned(shard) for shard in (0, 1)]
            for house in houses:
                town.deposit(house, 75)
            node.mine(CONFIRMATIONS + 1)
            for house in houses:
                at.open(house)
            bills = [at.bill(house) for house in houses]
            for house, bill in zip(houses, bills, strict=True):
                at.pay(house, bill)
            before = node.chain.nonce(keys["hub"].address)
            claiming = asyncio.create_task(asyncio.to_thread(lambda: suppressed(at.claim)))
            async with asyncio.timeout(PATIENCE_S):
                while node.chain.nonce(keys["hub"].address) == before:
                    await asyncio.sleep(0.02)
            at.service.kill()
            await claiming
            at.restart()
            node.mine(CONFIRMATIONS + 1)
            assert at.claim()["transaction"] is None, "it was sent in another life"
            for house, bill in zip(houses, bills, strict=True):
                assert town.word(house).spent == bill.spent_ubolt
            assert node.chain.nonce(keys["hub"].address) == before + 1
            assert at.asked("/health")["chain"]["standing"] == "SETTLED"


def suppressed(work: Any) -> None:
    with suppress(httpx.HTTPError):
        work()
