"""A home joins a paid request in time, and its bills are given the baseline of its own reads."""

from dataclasses import replace
from pathlib import Path

from gridplus.hub.refusals import HubRefusal, Refused
from gridplus.tariff import (
    Code,
    JoinedRequest,
    PaidRequest,
    is_sealed,
    join_leaf,
    join_message,
)
from gridplus.wallet import anchor_domain
from gridplus.wire import JoinRequest, OpenChannel
from tests.hub.town import DAY, House, Life, Town, living_hub

ASKED = PaidRequest("request 1", 1, DAY[20].start_s, DAY[22].start_s, 500_000_000, "3-hours-before")


def published(town: Town, request: PaidRequest = ASKED, *, by: str = "publisher") -> PaidRequest:
    where = town.deployment
    digest = request.digest(anchor_domain(where.chain_id, where.anchor))
    return replace(request, signature=town.keys[by].sign(digest))


def word(town: Town, house: House, request: PaidRequest) -> JoinRequest:
    where = town.deployment
    digest = request.digest(anchor_domain(where.chain_id, where.anchor))
    signature = house.device.sign(join_message(house.channel, digest))
    return JoinRequest(house.channel, request, signature)


async def bill_until(life: Life, house: House, place: int, *, import_wh: int = 400) -> None:
    while len(house.reads) < place:
        signed = house.meter(import_wh)
        life.clock.shown_s = signed.read.interval.end_s
        record = await life.hub.submit_read(signed)
        assert not isinstance(record, Refused), record
        assert not isinstance(
            await life.hub.submit_voucher(house.channel, house.voucher_for(record)), Refused
        )


async def join(life: Life, town: Town, house: House, request: PaidRequest) -> object:
    answer = await life.hub.joiner.join(word(town, house, request))
    return answer.reason if isinstance(answer, Refused) else answer


async def test_a_request_that_was_joined_is_a_line_of_its_intervals_and_of_no_other(
    town: Town, tmp_path: Path
) -> None:
    """I-BI-12."""
    (house,) = town.move_in(1)
    journal = tmp_path / "hub.journal"
    async with living_hub(town, journal) as life:
        assert not isinstance(await life.hub.open_channel(OpenChannel(house.identity)), Refused)
        request = published(town)
        joined = await join(life, town, house, request)
        assert isinstance(joined, JoinedRequest)
        digest = request.digest(life.hub.joiner.domain)
        leaf = join_leaf(house.channel, digest)
        assert is_sealed(joined.group, leaf, domain=life.hub.domain, hub=town.hub_key.address)
        assert joined.group.closed_at_s < request.start_s
        await bill_until(life, house, 20)
        await bill_until(life, house, 21, import_wh=150)
    async with living_hub(town, journal) as life:  # all of it is in the journal
        assert await join(life, town, house, request) == joined, "as the first time"
        await bill_until(life, house, 22, import_wh=900)
        await bill_until(life, house, 23)
        home = life.book.homes[house.channel]
        day = life.hub.joiner.day(home, start_s=0, end_s=DAY[-1].end_s)
        rewards = [
            [line for line in record.statement.lines if line.code is Code.DEMAND_RESPONSE]
            for record in day.records
        ]
        assert not any(rewards[:20] + rewards[22:])
        assert [line.quantity_wh for (line,) in rewards[20:22]] == [250, 0], "and never below zero"
        (settled,) = day.settled
        assert [each.read for each in settled.reads] == house.reads[4:16]
        before = life.hub.joiner.day(home, start_s=0, end_s=ASKED.start_s)
        assert before.settled == ()
        home.joined = ()  # as some days later
        assert life.hub.joiner.day(home, start_s=0, end_s=DAY[-1].end_s).settled == day.settled


async def test_a_request_is_joined_in_time_by_its_home_and_once(town: Town, tmp_path: Path) -> None:
    house, other = town.move_in(2)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        for each in (house, other):
            await life.hub.open_channel(OpenChannel(each.identity))
        request = published(town)
        stolen = replace(word(town, other, request), channel=house.channel)
        found = await life.hub.joiner.join(stolen)
        assert found == Refused(HubRefusal.FOREIGN_DEVICE)
        forged = published(town, by="minter")
        assert await join(life, town, house, forged) is HubRefusal.UNSIGNED_REQUEST
        assert isinstance(await join(life, town, house, request), JoinedRequest)
        beside = published(town, replace(ASKED, name="request 2", end_s=DAY[23].start_s))
        assert await join(life, town, house, beside) is HubRefusal.REQUEST_OVERLAPS
        newer = published(town, replace(ASKED, version=2, reward_ubolt_per_mwh=1))
        assert isinstance(await join(life, town, house, newer), JoinedRequest)
        assert await join(life, town, house, request) is HubRefusal.REQUEST_REPLACED
        life.clock.shown_s = ASKED.start_s - 59
        late = published(town, replace(ASKED, name="request 3"))
        assert await join(life, town, other, late) is HubRefusal.JOINED_TOO_LATE
        assert await join(life, town, other, request) is HubRefusal.JOINED_TOO_LATE
