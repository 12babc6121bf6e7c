"""Earlier bills are restated over the same channel: made again by the home, or refused by name."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gridplus.agent import RestatementRefused
from gridplus.agent.memory import Kind
from gridplus.channel import Counters
from gridplus.digest import canonical_json
from gridplus.hub.archive import RestatedRecord
from gridplus.hub.refusals import HubRefusal, Refused
from gridplus.tariff import Cause
from gridplus.wire import FetchRestatement, OrderRestatement, RightInputs
from tests.agent.box import Box, agent_box
from tests.hub.town import DAY, PRICES, Town, durable_parts, replayed

Energies = dict[int, tuple[int, int]]


def order(box: Box, reads: Energies, *, prices: bytes | None = None, late: int = 0) -> Any:
    """The back office decides it now: `reads` by the place of their interval."""
    inputs = tuple(RightInputs(DAY[at], energy, prices) for at, energy in sorted(reads.items()))
    decided_at_s = box.life.clock.shown_s - late
    return OrderRestatement(box.house.channel, Cause.READ, decided_at_s, inputs)


async def restated(box: Box, reads: Energies, *, late: int = 0) -> RestatedRecord:
    found = await box.life.hub.restater.restate(order(box, reads, late=late))
    assert isinstance(found, RestatedRecord), found
    return found


async def lived(box: Box, *, intervals: int = 4) -> None:
    for _ in range(intervals):
        assert await box.live(600, 10) is not None


@pytest.mark.parametrize("energy", [(400, 10), (605, 10)], ids=["credit", "charge"])
async def test_a_corrected_read_comes_back_as_credit_or_charge_and_a_voucher(
    town: Town, tmp_path: Path, energy: tuple[int, int]
) -> None:
    async with agent_box(town, tmp_path) as box:
        await lived(box)
        before = box.hub_home.durable
        told = (await restated(box, {1: energy})).restatement
        asked = Counters(told.spent_ubolt, told.earned_ubolt)
        assert (told.owed_ubolt > 0) == (energy[0] > 600)
        payment = await box.agent.take_restatements(now_s=box.life.clock.shown_s)
        assert payment is not None
        assert payment.voucher.counters == box.hub_home.durable == asked != before
        assert box.agent.memory.tip == told.tip
        await box.restart()
        assert (box.agent.memory.restated, box.agent.memory.tip) == (1, told.tip)
        await lived(box, intervals=2)
        assert box.agent.memory.agreed == 6
        assert await box.agent.take_restatements(now_s=box.life.clock.shown_s) is None


async def test_a_home_that_was_not_told_learns_of_it_by_its_next_bill(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        await lived(box)
        first = await restated(box, {0: (500, 10), 2: (590, 10)})
        payment = await box.live(700)
        assert payment is not None
        assert box.agent.memory.restated == 1
        again = await restated(box, {0: (450, 10)})
        assert again.restatement.revisions[0].replaces == first.restatement.digest
        box.line.open = False
        assert await box.live(800) is None
        box.line.open = True
        assert await box.retry() is not None
        assert (box.agent.memory.restated, box.agent.memory.agreed) == (2, 6)
        assert box.agent.memory.refused == 0


async def test_what_the_home_cannot_know_to_be_right_is_refused_by_name_and_kept(
    town: Town, tmp_path: Path
) -> None:
    cases: list[tuple[Energies, int, str]] = [
        ({1: (900, 10)}, 0, "READ_DIFFERS"),
        ({1: (605, 10)}, 200_000, "DATE_DIFFERS"),
    ]
    for place, (reads, late, name) in enumerate(cases):
        folder = tmp_path / str(place)
        folder.mkdir()
        async with agent_box(town, folder) as box:
            await lived(box)
            paid = box.hub_home.durable
            await restated(box, reads, late=late)
            for ask in (box.agent.take_restatements, box.agent.pay_unpaid):
                if ask == box.agent.pay_unpaid:
                    await box.agent.memory.take_read(box.house.next_read(500, 0))
                with pytest.raises(RestatementRefused) as refused:
                    await ask(now_s=box.life.clock.shown_s)
                assert refused.value.name == name
            assert box.hub_home.durable == paid
            kept = box.facts(Kind.RESTATEMENT_REFUSED)
            assert [fact["name"] for fact in kept] == [name, name]


async def test_prices_that_are_not_anchored_restate_nothing(town: Town, tmp_path: Path) -> None:
    other = replace(PRICES, version=2, source="nobody's")
    async with agent_box(town, tmp_path) as box:
        await lived(box)
        box.board.publish(other)
        await box.life.hub.adopt_prices(other, canonical_json(other.document()))
        inputs = (RightInputs(DAY[0], None, other.digest),)
        asked = OrderRestatement(box.house.channel, Cause.PRICES, DAY[4].end_s, inputs)
        assert isinstance(await box.life.hub.restater.restate(asked), RestatedRecord)
        with pytest.raises(RestatementRefused) as refused:
            await box.agent.take_restatements(now_s=box.life.clock.shown_s)
        assert refused.value.name == "PRICE_NOT_PUBLISHED"


def lie_about(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    def meddle(answer: dict[str, Any]) -> None:
        if "restatement" in answer:
            change(answer)

    return meddle


def one_ubolt_less_credit(answer: dict[str, Any]) -> None:
    told = answer["restatement"]
    delta = next(iter(told["revisions"][0]["deltas"]))
    delta["owed_abolt"] = str(int(delta["owed_abolt"]) + 10**12)
    told["after"]["credits_abolt"] = str(int(told["after"]["credits_abolt"]) - 10**12)
    told["earned_ubolt"] -= 1


def another_channel(answer: dict[str, Any]) -> None:
    answer["restatement"]["channel"] = "0x" + "5a" * 32


def another_plan(answer: dict[str, Any]) -> None:
    answer["restatement"]["revisions"][0]["plan"] = "0x" + "5a" * 32


def no_credit(answer: dict[str, Any]) -> None:
    answer["credit_signature"] = None


def unsealed(answer: dict[str, Any]) -> None:
    answer["group"]["count"] += 1


LIES = {
    one_ubolt_less_credit: "CHARGE_DIFFERS",
    another_channel: "CHANNEL_DIFFERS",
    another_plan: "PLAN_DIFFERS",
    no_credit: "CREDIT_MISSING",
    unsealed: "GROUP_UNSIGNED",
}


async def test_a_restatement_that_was_changed_is_refused_and_the_right_one_taken(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        await lived(box)
        await restated(box, {1: (400, 10)})
        for lie, name in LIES.items():
            box.line.meddle = lie_about(lie)
            with pytest.raises(RestatementRefused) as refused:
                await box.agent.take_restatements(now_s=box.life.clock.shown_s)
            assert refused.value.name == name
        box.line.meddle = None
        assert await box.agent.take_restatements(now_s=box.life.clock.shown_s) is not None


async def test_the_hub_restates_once_and_knows_it_again_from_its_journal(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        restater, house = box.life.hub.restater, box.house
        assert (await restater.restate(order(box, {0: (1, 1)}))) == Refused(
            HubRefusal.BILL_UNPAID, Counters(0, 0)
        )
        await lived(box)
        lower = order(box, {1: (400, 10)})
        first = await restater.restate(lower)
        assert isinstance(first, RestatedRecord)
        assert await restater.restate(lower) == first
        unpaid = await restater.restate(order(box, {1: (401, 10)}))
        assert isinstance(unpaid, Refused)
        assert unpaid.reason is HubRefusal.BILL_UNPAID
        await box.agent.take_restatements(now_s=box.life.clock.shown_s)
        for reads, why in (
            ({1: (400, 10)}, HubRefusal.NOTHING_RESTATED),
            ({9: (400, 10)}, HubRefusal.INPUTS_NOT_USABLE),
        ):
            again = replace(order(box, reads), decided_at_s=DAY[5].end_s)
            answer = await restater.restate(again)
            assert isinstance(answer, Refused)
            assert answer.reason is why
        unknown = order(box, {1: (400, 10)}, prices=b"\x01" * 32)
        assert await restater.restate(unknown) == Refused(HubRefusal.PRICES_NOT_PUBLISHED)
        head = first.restatement.previous_head
        stranger = FetchRestatement(house.channel, head, b"\x01" * 64)
        assert await restater.after(stranger) == Refused(HubRefusal.FOREIGN_DEVICE)
        known = durable_parts(box.life.book)
        await box.life.hub.aclose()
        box.life.journal.close()
        rebuilt = replayed(town.hub_key.address, box.folder / "hub.journal")
        assert durable_parts(rebuilt) == known
        assert len(rebuilt.homes[house.channel].restated) == 1
