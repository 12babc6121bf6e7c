"""A home takes part in what its owner lets it follow, and knows by itself what that earns."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from gridplus.agent import BillRefused
from gridplus.agent.memory import Kind
from gridplus.failures import RemoteError
from gridplus.hub.refusals import HubRefusal
from gridplus.tariff import Code, PaidRequest
from gridplus.wire import BillOffer
from tests.agent.box import Box, agent_box
from tests.hub.test_joining import ASKED, published
from tests.hub.town import DAY, Town

SOON = replace(ASKED, start_s=DAY[16].start_s, end_s=DAY[17].start_s)


@asynccontextmanager
async def box_at(town: Town, folder: Path, place: int = 15) -> AsyncIterator[Box]:
    """A home that has lived `place` quarter hours."""
    async with agent_box(town, folder) as box:
        for _ in range(place):
            await box.live(400)
        yield box


async def take_part(box: Box, *requests: PaidRequest) -> None:
    await box.agent.joins.take_part(requests, now_s=box.life.clock.shown_s)


def rewarded(box: Box) -> list[int]:
    lines = [line for record in box.life.records(box.house) for line in record.statement.lines]
    return [line.quantity_wh for line in lines if line.code is Code.DEMAND_RESPONSE]


async def test_a_home_joins_once_and_agrees_to_the_reward_that_it_reckons_itself(
    town: Town, tmp_path: Path
) -> None:
    async with box_at(town, tmp_path) as box:
        await take_part(box, published(town, SOON))
        await take_part(box, published(town, SOON))
        assert box.line.asked.count("/v1/joins") == 1
        await box.live(400)
        await box.restart()
        assert await box.live(100) is not None
        await box.live(400)
        assert rewarded(box) == [300]
        assert box.agent.memory.refused == 0


@pytest.mark.parametrize("field", ["baseline_wh", "reward_ubolt_per_mwh"])
async def test_a_baseline_or_reward_that_the_home_does_not_reckon_is_refused_by_name(
    field: str, town: Town, tmp_path: Path
) -> None:
    """I-BI-12."""

    def lie(offer: dict[str, Any]) -> None:
        if offer["kind"] == BillOffer.KIND:
            offer["statement"]["given"]["called"][field] -= 1

    async with box_at(town, tmp_path) as box:
        await take_part(box, published(town, SOON))
        await box.live(400)
        box.line.meddle = lie
        with pytest.raises(BillRefused, match="billed otherwise than it was promised"):
            await box.live(100)
        assert [fact["name"] for fact in box.facts(Kind.BILL_REFUSED)] == ["RESPONSE_DIFFERS"]
        box.line.meddle = None
        assert await box.retry() is not None


async def test_a_forgotten_request_is_refused_when_the_hub_has_confirmed_it(
    town: Town, tmp_path: Path
) -> None:
    async with box_at(town, tmp_path) as box:
        await take_part(box, published(town, SOON))
        await box.live(400)
        box.hub_home.joined = ()
        with pytest.raises(BillRefused, match="billed otherwise than it was promised"):
            await box.live(100)


@pytest.mark.parametrize("lost", ["word", "receipt"])
async def test_a_word_or_receipt_that_was_lost_leaves_a_bill_that_holds_either_way(
    lost: str, town: Town, tmp_path: Path
) -> None:
    async with box_at(town, tmp_path) as box:
        box.line.open, box.line.deaf = lost == "receipt", "/v1/joins"
        await take_part(box, published(town, SOON))
        box.line.open = True
        await box.live(400)
        assert await box.live(100) is not None
        assert rewarded(box) == ([300] if lost == "receipt" else [])
        assert box.agent.memory.refused == 0


async def test_a_lost_receipt_is_asked_for_again_and_one_that_is_none_is_told(
    town: Town, tmp_path: Path
) -> None:
    def later(answer: dict[str, Any]) -> None:
        answer["group"]["closed_at_s"] = SOON.start_s

    async with box_at(town, tmp_path) as box:
        box.line.deaf = "/v1/joins"
        await take_part(box, published(town, SOON))
        box.line.deaf, box.line.meddle = "", later
        with pytest.raises(RemoteError, match="did not sign that this home takes part"):
            await take_part(box, published(town, SOON))
        box.line.meddle = None
        await take_part(box, published(town, SOON))
        assert len(box.facts(Kind.REQUEST_JOINED)) == len(box.facts(Kind.JOIN_SIGNED)) == 1
        box.line.instead = httpx.Response(503)
        await take_part(box, published(town, replace(SOON, name="request 9")))


async def test_what_the_hub_does_not_let_it_join_is_kept_with_its_sentence(
    town: Town, tmp_path: Path
) -> None:
    async with box_at(town, tmp_path) as box:
        await take_part(box, published(town, SOON, by="minter"))
        assert box.agent.joins.refused == {"request 1": HubRefusal.UNSIGNED_REQUEST.value}
        begun = replace(SOON, start_s=DAY[15].start_s)
        before = box.line.asked.count("/v1/joins")
        await take_part(box, published(town, begun))
        assert box.line.asked.count("/v1/joins") == before, "it is too late to ask"
