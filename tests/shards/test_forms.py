"""One suite for both forms of a hub: one process, and a coordinator with two shards."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from gridplus.agent.links import Link
from gridplus.agent.stream import HubLink
from gridplus.hub.description import openapi
from gridplus.hub.shard import shard_of
from gridplus.wire import (
    Acknowledgement,
    BatchAnswer,
    BilledDay,
    BillOffer,
    Channels,
    ChannelStatus,
    OpenChannel,
    Promises,
    RefusalMessage,
    StreamPlace,
    SubmitBatch,
    SubmitRead,
    SubmitVoucher,
)
from tests.hub.town import House, Town
from tests.shards.hall import BACK_OFFICE, Hall, Pages, hall


@pytest.fixture(scope="module", params=[None, 2], ids=["one process", "two shards"])
def at(
    request: pytest.FixtureRequest,
    town: Town,
    pages: Pages,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Hall]:
    folder = tmp_path_factory.mktemp("forms") / "hub"
    with hall(town, folder, pages, shards=request.param) as served:
        yield served


@pytest.fixture(scope="module")
def pair(at: Hall) -> tuple[House, House]:
    """A home of each shard."""
    return at.house(0), at.house(1)


def test_the_back_office_lists_reads_claims_once_and_sees_how_all_stand(
    at: Hall, pair: tuple[House, House]
) -> None:
    paid = [at.town.word(house).spent for house in pair]
    bills = [at.bill(house, 600) for house in pair]
    before = at.asked("/v1/admin/status")
    assert before["unsigned"] > 0
    for house, bill in zip(pair, bills, strict=True):
        at.pay(house, bill)
    listed = at.client.get("/v1/admin/channels", headers=BACK_OFFICE)
    known = [identity.channel for identity in Channels.parse(listed.content).identities]
    assert {house.channel for house in pair} <= {*known}
    assert len(known) == len({*known}) == at.asked("/health")["homes"] == before["homes"]
    for house, bill in zip(pair, bills, strict=True):
        path = f"/v1/admin/channels/0x{house.channel.hex()}/records"
        read = house.reads[-1].interval
        asked = {"start_s": read.start_s, "end_s": read.end_s}
        answer = at.client.get(path, params=asked, headers=BACK_OFFICE)
        (record,) = BilledDay.parse(answer.content).records
        assert record.statement == bill
    signed = sum(bill.spent_ubolt for bill in bills) - sum(paid)
    assert at.asked("/v1/admin/status")["unclaimed"] == signed
    exported = at.client.get("/v1/admin/promises", headers=BACK_OFFICE).content
    promises = Promises.parse(exported, what="the export")
    assert {channel for channel, _ in promises.owners()} == {house.channel for house in pair}
    assert len(promises.claims) == 1
    height = at.town.chain.head().number
    claimed = at.claim()
    assert (claimed["homes"], claimed["block"]) == (2, height + 1), "one transaction"
    for house, bill in zip(pair, bills, strict=True):
        assert at.town.word(house).spent == bill.spent_ubolt
    assert at.claim()["transaction"] is None
    assert at.asked("/v1/admin/status")["unclaimed"] == 0


def test_homes_open_meter_pay_and_ask_where_they_stand(at: Hall, pair: tuple[House, House]) -> None:
    for house in pair:
        bill = at.bill(house, 500, 80)
        told = at.pay(house, bill)
        assert told.is_signed_by(at.town.hub_key.address, domain=at.town.vault.domain)
        answer = at.client.get(f"/v1/channels/0x{house.channel.hex()}")
        assert ChannelStatus.parse(answer.content) == ChannelStatus(
            house.channel, told.counters, bill.head
        )
        assert at.pay(house, bill) == told, "as the first time"


def test_a_batch_of_many_homes_is_answered_item_by_item_in_its_order(
    at: Hall, pair: tuple[House, House]
) -> None:
    first, second = pair
    bills = [at.bill(house) for house in pair]
    paid = [
        SubmitVoucher(house.channel, house.voucher(bill.spent_ubolt, bill.earned_ubolt))
        for house, bill in zip(pair, bills, strict=True)
    ]
    wrong = SubmitVoucher(
        second.channel, second.voucher(bills[1].spent_ubolt + 1, bills[1].earned_ubolt)
    )
    reads = [SubmitRead(house.meter(300)) for house in (second, first)]
    batch = SubmitBatch((wrong, paid[0], reads[0], paid[1], reads[1]))
    answers = BatchAnswer.parse(at.post("/v1/batches", batch.to_bytes())).answers
    refused, one, bill, two, other = answers
    assert isinstance(refused, RefusalMessage)
    assert refused.name == "PAST_BILL"
    assert isinstance(one, Acknowledgement)
    assert isinstance(two, Acknowledgement)
    assert (one.channel, two.channel) == (first.channel, second.channel)
    assert isinstance(bill, BillOffer)
    assert isinstance(other, BillOffer)
    assert (bill.statement.channel, other.statement.channel) == (second.channel, first.channel)


@pytest.mark.parametrize(
    "path", ["/v1/channels", "/v1/reads", "/v1/vouchers", "/v1/batches", "/v1/orders"]
)
def test_bodies_that_are_no_message_are_explained(at: Hall, path: str) -> None:
    bodies = (b"", b"{", b"[]", b'{"kind":1.5}', b"\xff\xfe", b'{"channel":"0xzz"}', b"[" * 10_000)
    for body in bodies:
        answer = at.client.post(path, content=body)
        assert answer.status_code == 400, body[:20]
        assert len(answer.json()["error"]) > 10
    assert at.client.post(path, content=b" " * 65_537).status_code == 413


def test_a_stranger_and_a_home_without_a_deposit_are_refused_by_name(at: Hall) -> None:
    for _ in range(3):
        stranger = at.town.plan_house()
        path = f"/v1/channels/0x{stranger.channel.hex()}"
        read = SubmitRead(stranger.meter(400)).to_bytes()
        opening = OpenChannel(stranger.identity).to_bytes()
        for answer, name in (
            (at.client.get(path), "UNKNOWN_CHANNEL"),
            (at.client.post("/v1/reads", content=read), "UNKNOWN_CHANNEL"),
            (at.client.post("/v1/channels", content=opening), "NO_DEPOSIT"),
        ):
            assert answer.status_code == 409
            assert RefusalMessage.parse(answer.content).name == name
    assert at.client.get("/v1/channels/0xzz").status_code == 400


async def test_a_home_finds_its_stream_and_whoever_names_no_channel_asks_over_http(
    at: Hall, pair: tuple[House, House]
) -> None:
    ports = set()
    for house in pair:
        link = HubLink(Link("hub", at.service.url), at.service.url)
        read = SubmitRead(house.meter(400))
        offer = await link.ask("/v1/reads", read, answer=BillOffer)
        assert isinstance(offer, BillOffer)
        assert link.is_streaming
        bill = offer.statement
        voucher = SubmitVoucher(house.channel, house.voucher(bill.spent_ubolt, bill.earned_ubolt))
        told = await link.ask("/v1/vouchers", voucher, answer=Acknowledgement)
        assert isinstance(told, Acknowledgement)
        await link.aclose()
        answer = await asyncio.to_thread(
            at.client.get, "/v1/stream", params={"channel": f"0x{house.channel.hex()}"}
        )
        ports.add(StreamPlace.parse(answer.content).port)
    anybody = StreamPlace.parse(at.client.get("/v1/stream").content)
    assert len(ports) == (at.shards or 1)
    assert anybody.port in ({None} if at.shards else ports)
    assert at.client.get("/v1/stream", params={"channel": "0x"}).status_code == 400


async def test_a_stream_that_a_foreign_channel_came_to_is_left_for_the_right_one(
    at: Hall, pair: tuple[House, House]
) -> None:
    link = HubLink(Link("hub", at.service.url), at.service.url)
    for house in (*pair, *pair):
        offer = await link.ask("/v1/reads", SubmitRead(house.meter(400)), answer=BillOffer)
        assert isinstance(offer, BillOffer), "whoever speaks for both is answered"
    await link.aclose()


def test_health_metrics_and_exposure_speak_of_all_homes(at: Hall) -> None:
    health = at.asked("/health")
    assert (health["ok"], health["faults"]) == (True, {})
    assert health["chain"]["standing"] == "SETTLED"
    assert at.asked("/v1/admin/exposure")["count"] >= 0
    page = at.client.get("/metrics", headers=BACK_OFFICE).text
    rows = [row.rsplit(" ", 1) for row in page.splitlines() if not row.startswith("#")]
    homes = {name: float(value) for name, value in rows if "gridplus_hub_homes" in name}
    assert sum(homes.values()) == health["homes"]
    assert len({row[0] for row in rows}) == len(rows), "no series twice"
    if at.shards:
        assert {f'gridplus_hub_homes{{shard="{n}"}}' for n in range(2)} == homes.keys()
        assert page.count("gridplus_hub_shard_up{") == 2
        assert [each["ok"] for each in health["shards"]] == [True, True]


def test_what_is_described_is_served_and_the_administrators_stays_shut(at: Hall) -> None:
    described = at.client.get("/openapi.json").json()
    assert described == json.loads(json.dumps(openapi()))
    for path, operations in described["paths"].items():
        where = path.replace("{channel}", "0x" + "ab" * 32)
        for method in operations.keys() - {"parameters"}:
            answer = at.client.request(method, where)
            shut = "security" in operations[method]
            assert (answer.status_code == 401) == shut, path
            assert answer.status_code != 404, path


def test_a_shard_serves_its_own_channels_and_names_the_place_of_others(
    at: Hall, pair: tuple[House, House]
) -> None:
    if at.shards is None:  # one process is the right place of all
        for house in pair:
            assert at.asked(f"/v1/stream?channel=0x{house.channel.hex()}")["port"]
        return
    shards = at.asked("/health")["shards"]
    for house in pair:
        right = shard_of(house.channel, 2)
        wrong = shards[1 - right]["url"]
        read = SubmitRead(house.meter(400)).to_bytes()
        asked = f"/v1/stream?channel=0x{house.channel.hex()}"
        for answer in (
            at.client.get(f"{wrong}/v1/channels/0x{house.channel.hex()}"),
            at.client.post(f"{wrong}/v1/reads", content=read),
            at.client.post(f"{wrong}/v1/channels", content=OpenChannel(house.identity).to_bytes()),
            at.client.get(f"{wrong}{asked}"),
        ):
            assert answer.status_code == 409
            refusal = RefusalMessage.parse(answer.content)
            assert refusal.name == "OTHER_SHARD"
            assert refusal.sentence.endswith(f": shard {right} of 2")
        told = at.client.post(wrong + "/v1/reads", content=read, headers={"gridplus-device": ""})
        assert told.status_code == 400
        assert "for the coordinator" in told.json()["error"]
