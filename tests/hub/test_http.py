"""The hub on HTTP: what a home may send, what the back office may ask, and what nobody may."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from gridplus.chain import FeeRules
from gridplus.clock import Clock
from gridplus.digest import canonical_json
from gridplus.failures import Bug, RemoteError
from gridplus.hub import Hub, HubParts, HubRefusal
from gridplus.hub.app import HubApp
from gridplus.hub.claim_desk import ClaimDesk
from gridplus.hub.supply import Supply
from gridplus.journal import SqliteJournal
from gridplus.wire import (
    Acknowledgement,
    BilledDay,
    BillOffer,
    Channels,
    ChannelStatus,
    OpenChannel,
    RefusalMessage,
    SubmitRead,
    SubmitVoucher,
)
from tests.hub.board import Board
from tests.hub.town import DAY, PRICES, START_S, UNSIGNED_LIMIT, HandClock, House, Town

TOKEN = "0123456789abcdef" * 2
BACK_OFFICE = {"authorization": f"Bearer {TOKEN}"}


@dataclass
class Door:
    """A hub's app without a socket, and the board it looks at."""

    hub: Hub
    supply: Supply
    board: Board
    client: httpx.AsyncClient
    app: Starlette

    async def open(self, house: House) -> None:
        answer = await self.client.post(
            "/v1/channels", content=OpenChannel(house.identity).to_bytes()
        )
        assert answer.status_code == 200, answer.text

    async def bill(self, house: House, import_wh: int = 400, export_wh: int = 0) -> BillOffer:
        read = SubmitRead(house.meter(import_wh, export_wh))
        answer = await self.client.post("/v1/reads", content=read.to_bytes())
        assert answer.status_code == 200, answer.text
        return BillOffer.parse(answer.content)

    async def pay(self, house: House, offer: BillOffer) -> Acknowledgement:
        statement = offer.statement
        voucher = house.voucher(statement.spent_ubolt, statement.earned_ubolt)
        content = SubmitVoucher(house.channel, voucher).to_bytes()
        answer = await self.client.post("/v1/vouchers", content=content)
        assert answer.status_code == 200, answer.text
        return Acknowledgement.parse(answer.content)


@asynccontextmanager
async def hub_door(
    town: Town,
    folder: Path,
    *,
    token: str = TOKEN,
    page_limit: int | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Door]:
    """A hub that learns plan and prices from the board when a read needs them."""
    board, clock = Board(), clock or HandClock()
    board.publish(PRICES)
    path = folder / "hub.journal"
    with SqliteJournal.open(path, now_s=clock.now_s, page_limit=page_limit) as journal:
        hub = Hub(HubParts(town.hub_key, town.vault, journal, clock, UNSIGNED_LIMIT))
        hub.start()
        async with board.client() as retailer:
            supply = Supply(retailer, hub)
            claims = ClaimDesk(town.claimer(hub, journal, clock=clock))
            app = HubApp(hub, supply, admin_token=token, claims=claims).starlette()
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
                yield Door(hub, supply, board, client, app)
        await hub.aclose()


def sentence(answer: httpx.Response) -> str:
    document = answer.json()
    assert set(document) == {"error"}
    return str(document["error"])


async def test_a_home_opens_meters_pays_and_asks_where_it_stands(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with hub_door(town, tmp_path) as door:
        await door.open(house)
        offer = await door.bill(house, 500, 80)
        acknowledged = await door.pay(house, offer)
        status = await door.client.get(f"/v1/channels/0x{house.channel.hex()}")
        assert ChannelStatus.parse(status.content) == ChannelStatus(
            house.channel, acknowledged.counters, offer.statement.head
        )
        assert acknowledged.counters.spent_ubolt == offer.statement.spent_ubolt
        health = await door.client.get("/health")
        settled = {"standing": "SETTLED", "sentence": "everything sent is final"}
        owed = {"unposted_ubolt": offer.statement.earned_ubolt, "payable_ubolt": None}
        told = {"ok": True, "homes": 1, "chain": settled, "credit": owed, "faults": {}}
        assert health.json() == told


async def test_a_claim_above_the_fee_ceiling_waits_says_so_and_is_made_later(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with hub_door(replace(town, fees=FeeRules(ceiling_wei=1)), tmp_path) as door:
        await door.open(house)
        await door.pay(house, await door.bill(house, 500))
        answer = await door.client.post("/v1/admin/claims", headers=BACK_OFFICE)
        assert answer.status_code == 502
        assert "fee above ceiling, waiting: a unit of gas costs" in answer.json()["error"]
        chain = (await door.client.get("/health")).json()["chain"]
        assert chain == {"standing": "FEE_ABOVE_CEILING", "sentence": "fee above ceiling, waiting"}
        assert town.word(house).spent == 0
    async with hub_door(town, tmp_path) as door:
        answer = await door.client.post("/v1/admin/claims", headers=BACK_OFFICE)
        assert answer.json()["homes"] == 1


async def test_a_refusal_names_itself_and_tells_where_the_channel_stands(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with hub_door(town, tmp_path) as door:
        unknown = await door.client.get(f"/v1/channels/0x{house.channel.hex()}")
        assert unknown.status_code == 409
        assert RefusalMessage.parse(unknown.content).name == HubRefusal.UNKNOWN_CHANNEL.name
        await door.open(house)
        acknowledged = await door.pay(house, await door.bill(house))
        lower = SubmitVoucher(house.channel, house.voucher(1))
        answer = await door.client.post("/v1/vouchers", content=lower.to_bytes())
        assert answer.status_code == 409
        refusal = RefusalMessage.parse(answer.content)
        assert (refusal.name, refusal.newest) == ("SPENT_FELL", acknowledged.counters)


@pytest.mark.parametrize("path", ["/v1/channels", "/v1/reads", "/v1/vouchers"])
async def test_bodies_that_are_no_message_are_explained(
    town: Town, tmp_path: Path, path: str
) -> None:
    async with hub_door(town, tmp_path) as door:
        bodies = {
            b"": 400,
            b"{": 400,
            b"[]": 400,
            b'{"kind":"gridplus.hello/1"}': 400,
            b'{"kind":1.5}': 400,
            b"\xff\xfe": 400,
            b"[" * 10_000: 400,
            b" " * 16_385: 413,
        }
        for body, status in bodies.items():
            answer = await door.client.post(path, content=body)
            assert answer.status_code == status, body[:20]
            assert len(sentence(answer)) > 10
        assert door.hub.book.homes == {}


async def test_a_message_with_a_field_too_many_or_out_of_range_is_explained(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with hub_door(town, tmp_path) as door:
        await door.open(house)
        document = {"kind": SubmitRead.KIND, **SubmitRead(house.meter(400)).document()}
        for change in (
            {"gift": 1},
            {"import_wh": -1},
            {"import_wh": 1 << 48},
            {"import_wh": "400"},
            {"start_s": START_S + 1},
            {"channel": "0x" + house.channel.hex().upper()},
        ):
            body = canonical_json({**document, **change})
            answer = await door.client.post("/v1/reads", content=body)
            assert answer.status_code == 400, change
            (name,) = change
            assert name.partition("_")[0] in sentence(answer)


async def test_unknown_paths_and_methods_are_not_answered(town: Town, tmp_path: Path) -> None:
    async with hub_door(town, tmp_path) as door:
        for path in ("/", "/v1", "/v1/withdraw", "/v1/admin"):
            assert (await door.client.get(path)).status_code == 404
        for method, path in (
            ("GET", "/v1/reads"),
            ("PUT", "/v1/vouchers"),
            ("DELETE", "/v1/channels"),
            ("GET", "/v1/admin/claims"),
            ("POST", "/health"),
        ):
            assert (await door.client.request(method, path)).status_code == 405, path


@pytest.mark.parametrize(
    "name", ["0x", "ab" * 32, "0x" + "zz" * 32, "0x" + "ab" * 33, "ä" * 66, " " * 66]
)
async def test_a_channel_is_named_by_its_hex_digits_only(
    town: Town, tmp_path: Path, name: str
) -> None:
    async with hub_door(town, tmp_path) as door:
        answer = await door.client.get(f"/v1/channels/{name}")
        assert answer.status_code == 400
        assert "64 lowercase hex digits" in sentence(answer)


ADMIN = [
    ("GET", "/v1/admin/channels"),
    ("GET", f"/v1/admin/channels/0x{'00' * 32}/records?start_s=0&end_s=1"),
    ("POST", "/v1/admin/claims"),
]
FALSE_TOKENS = [
    {},
    {"authorization": TOKEN},
    {"authorization": f"Bearer {TOKEN}0"},
    {"authorization": f"Bearer {TOKEN[:-1]}"},
    {"authorization": f"bearer {TOKEN}"},
    {"authorization": "Bearer "},
    {"authorization": "Bearer \xff"},
]


@pytest.mark.parametrize(("method", "path"), ADMIN)
async def test_the_back_offices_questions_need_its_token(
    town: Town, tmp_path: Path, method: str, path: str
) -> None:
    async with hub_door(town, tmp_path) as door:
        for headers in FALSE_TOKENS:
            encoded = {name: value.encode("latin-1") for name, value in headers.items()}
            answer = await door.client.request(method, path, headers=encoded)
            assert answer.status_code == 401, headers
        allowed = await door.client.request(method, path, headers=BACK_OFFICE)
        assert allowed.status_code != 401
    (tmp_path / "hub.journal").unlink()
    async with hub_door(town, tmp_path, token="") as shut:
        answer = await shut.client.request(method, path, headers={"authorization": "Bearer "})
        assert answer.status_code == 401


async def test_the_back_office_reads_a_day_and_has_it_claimed(town: Town, tmp_path: Path) -> None:
    (house,) = town.move_in(1)
    async with hub_door(town, tmp_path) as door:
        await door.open(house)
        offers = [await door.bill(house, 300 + at, at) for at in range(4)]
        acknowledged = await door.pay(house, offers[-1])
        ask = f"/v1/admin/channels/0x{house.channel.hex()}/records"
        query = {"start_s": DAY[1].start_s, "end_s": DAY[3].start_s}
        answer = await door.client.get(ask, params=query, headers=BACK_OFFICE)
        day = BilledDay.parse(answer.content)
        assert day.identity == house.identity
        assert [r.statement for r in day.records] == [o.statement for o in offers[1:3]]
        listed = await door.client.get("/v1/admin/channels", headers=BACK_OFFICE)
        assert Channels.parse(listed.content).identities == (house.identity,)
        claimed = (await door.client.post("/v1/admin/claims", headers=BACK_OFFICE)).json()
        assert claimed["homes"] == 1
        assert town.word(house).spent == acknowledged.counters.spent_ubolt
        again = (await door.client.post("/v1/admin/claims", headers=BACK_OFFICE)).json()
        assert again["homes"] == 0
        for bad in ({}, {"start_s": "-1", "end_s": "1"}, {"start_s": "1e3", "end_s": "1"}):
            answer = await door.client.get(ask, params=bad, headers=BACK_OFFICE)
            assert answer.status_code == 400
            assert "must be seconds since 1970" in sentence(answer)


async def test_prices_are_fetched_when_a_read_of_a_known_home_needs_them_and_not_before(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with hub_door(town, tmp_path) as door:
        read = SubmitRead(house.meter(400)).to_bytes()
        assert (await door.client.post("/v1/reads", content=read)).status_code == 409
        assert door.board.asked == []
        await door.open(house)
        assert (await door.client.post("/v1/reads", content=read)).status_code == 200
        assert door.board.asked[0] == "/v1/plan"
        asked = len(door.board.asked)
        await door.bill(house)
        assert len(door.board.asked) == asked


async def test_a_hub_whose_retailer_is_away_says_so_and_goes_on_when_it_is_back(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with hub_door(town, tmp_path) as door:
        await door.open(house)
        door.board.open = False
        read = SubmitRead(house.meter(400)).to_bytes()
        answer = await door.client.post("/v1/reads", content=read)
        assert answer.status_code == 502
        assert "the retailer does not answer" in sentence(answer)
        door.board.open = True
        assert (await door.client.post("/v1/reads", content=read)).status_code == 200


class TornClock:
    """Shows the time until it is torn; then looking at it is a bug."""

    torn = False

    def now_s(self) -> int:
        if self.torn:
            raise Bug("a clock shows the time")
        return START_S


async def test_after_a_bug_nothing_more_is_acknowledged(town: Town, tmp_path: Path) -> None:
    (house,) = town.move_in(1)
    clock = TornClock()
    async with hub_door(town, tmp_path, clock=clock) as door:
        await door.open(house)
        acknowledged = await door.pay(house, await door.bill(house))
        waiting = SubmitRead(house.meter(400)).to_bytes()
        clock.torn = True
        assert (await door.client.post("/v1/reads", content=waiting)).status_code == 500
        clock.torn = False
        assert (await door.client.post("/v1/reads", content=waiting)).status_code == 503
        known = await door.client.get(f"/v1/channels/0x{house.channel.hex()}")
        assert ChannelStatus.parse(known.content).durable == acknowledged.counters


async def test_a_retailer_that_talks_nonsense_is_not_believed(town: Town, tmp_path: Path) -> None:
    async with hub_door(town, tmp_path) as door:
        true_plan = door.board.plan
        lies = {
            "is not a document": ("plan", b"{"),
            "with more than": ("plan", b" " * 65_537),
            "other prices than it published": ("prices", changed_prices()),
            "what the protocol forbids": ("prices", b"[]"),
        }
        for why, (where, lie) in lies.items():
            door.board.plan = lie if where == "plan" else true_plan
            if where == "prices":
                door.board.documents[PRICES.digest.hex()] = lie
            with pytest.raises(RemoteError, match=why):
                await door.supply.refresh()
        assert door.hub.book.prices == {}
        door.board.documents[PRICES.digest.hex()] = canonical_json(PRICES.document())
        await door.supply.refresh()
        assert list(door.hub.book.prices.values()) == [PRICES]


def changed_prices() -> bytes:
    document = PRICES.document()
    return canonical_json({**document, "version": 2})
