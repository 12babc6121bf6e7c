"""Prices that the retailer publishes, held against what is anchored on chain."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gridplus.agent import Link, Unreachable, fetch_plan
from gridplus.digest import canonical_json
from gridplus.failures import RemoteError
from gridplus.wire import PriceEvent
from tests.agent.box import Box, agent_box
from tests.hub.town import DAY, PLAN, PRICES, Town
from tests.tariff.examples import SPRING, prices_of

CHEAPER = replace(PRICES, version=2, prices_ubolt_per_mwh=(1,) * 24)


async def box_without_prices(box: Box) -> None:
    box.board.events.clear()
    await box.restart()


async def test_prices_that_are_not_the_anchored_ones_are_refused(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        await box_without_prices(box)
        box.board.publish(CHEAPER)
        with pytest.raises(RemoteError, match="are not the ones anchored on chain"):
            await box.agent.learn_prices()
        with pytest.raises(RemoteError, match="no published prices"):
            box.agent.decide(DAY[0])


async def test_prices_of_a_day_that_nobody_anchored_are_refused(town: Town, tmp_path: Path) -> None:
    async with agent_box(town, tmp_path) as box:
        await box_without_prices(box)
        box.board.publish(prices_of(SPRING))
        with pytest.raises(RemoteError, match="the prices of 2021-03-14 are not the ones"):
            await box.agent.learn_prices()


async def test_a_lie_does_not_hide_the_truth_that_is_published_after_it(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        await box_without_prices(box)
        box.board.publish(CHEAPER)
        box.board.publish(PRICES)
        with pytest.raises(RemoteError, match="anchored"):
            await box.agent.learn_prices()
        box.agent.decide(DAY[0])
        assert await box.live() is not None


async def test_prices_that_could_not_be_fetched_come_the_next_time(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        await box_without_prices(box)
        box.board.publish(PRICES, document=b"{}")
        with pytest.raises(RemoteError, match="sends prices that are none"):
            await box.agent.learn_prices()
        box.board.open = False
        with pytest.raises(Unreachable):
            await box.agent.learn_prices()
        box.board.open = True
        box.board.documents[PRICES.digest.hex()] = canonical_json(PRICES.document())
        await box.agent.learn_prices()
        box.agent.decide(DAY[0])


async def test_other_prices_than_the_event_names_are_refused(town: Town, tmp_path: Path) -> None:
    async with agent_box(town, tmp_path) as box:
        await box_without_prices(box)
        box.board.publish(PRICES, document=canonical_json(CHEAPER.document()))
        with pytest.raises(RemoteError, match="other prices than it published"):
            await box.agent.learn_prices()
        box.board.events[0] = replace(box.board.events[0], operating_day=date(2021, 7, 5))
        box.board.documents[PRICES.digest.hex()] = canonical_json(PRICES.document())
        with pytest.raises(RemoteError, match="other prices than it published"):
            await box.agent.learn_prices()


async def test_prices_of_another_plan_are_no_affair_of_this_home(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        await box_without_prices(box)
        box.board.events.append(PriceEvent(1, "another-plan", SPRING, bytes(32), 1))
        box.board.asked.clear()
        await box.agent.learn_prices()
        await box.agent.learn_prices()
        assert box.board.asked == ["/v1/price-events"] * 2


async def test_the_plan_is_fetched_and_one_that_is_none_is_refused(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        retailer = Link("retailer", "http://retailer", transport=box.board.transport())
        assert await fetch_plan(retailer) == PLAN
        for lie in (b"", b"[]", PLAN.canonical[:-1], b" " * 70_000):
            box.board.plan = lie
            with pytest.raises(RemoteError):
                await fetch_plan(retailer)
        await retailer.aclose()
