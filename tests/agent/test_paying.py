"""An agent and an honest hub: payment, silence on the line, and power cuts in the home."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from gridplus.agent.memory import Kind
from gridplus.channel import ChainSeen, ChannelView, PayerPhase
from gridplus.failures import RemoteError, StorageError
from gridplus.hub.archive import Record
from gridplus.journal import Fact
from gridplus.units import Interval
from gridplus.wire import BillOffer
from tests.agent.box import Box, agent_box
from tests.hub.town import DAY, START_S, Town


async def test_a_home_pays_each_interval_with_a_voucher_of_its_own_result(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        for import_wh, export_wh in ((400, 0), (0, 800), (0, 0), (2_500, 30)):
            payment = await box.live(import_wh, export_wh)
            assert payment is not None
            assert payment.latency_us > 0
            assert payment.voucher.counters == box.hub_home.durable
            assert payment.voucher.spent == box.agent.memory.tip.total.spent_ubolt
        assert box.agent.memory.payer.phase is PayerPhase.ACKNOWLEDGED
        assert box.agent.memory.agreed == 4


async def test_while_the_hub_is_away_reads_are_kept_and_one_voucher_covers_all(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        await box.live()
        box.line.open = False
        before = box.agent.memory.payer.signed
        for _ in range(5):
            assert await box.live(300, 20) is None
        assert box.agent.memory.payer.phase is PayerPhase.GRACE
        assert box.agent.memory.payer.signed == before
        assert len(box.agent.memory.unpaid) == 5
        box.line.open = True
        box.line.asked.clear()
        payment = await box.retry()
        assert payment is not None
        assert box.line.asked == ["/v1/reads"] * 5 + ["/v1/vouchers"]
        assert payment.voucher.counters == box.hub_home.durable
        assert box.agent.memory.unpaid == []
        assert len(box.facts(Kind.VOUCHER_SIGNED)) == 2


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_hub_that_is_out_of_order_is_a_hub_that_is_away(
    town: Town, tmp_path: Path, status: int
) -> None:
    async with agent_box(town, tmp_path) as box:
        box.line.instead = httpx.Response(status, content=b"full")
        assert await box.live() is None
        box.line.instead = None
        assert await box.live() is not None
        assert len(box.life.records(box.house)) == 2


@pytest.mark.parametrize("deaf", ["/v1/reads", "/v1/vouchers"])
async def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_is_paid_twice(
    town: Town, tmp_path: Path, deaf: str
) -> None:
    async with agent_box(town, tmp_path) as box:
        box.line.deaf = deaf
        assert await box.live(600, 40) is None
        box.line.deaf = ""
        payment = await box.retry()
        assert payment is not None
        check_one_interval_is_paid(box, 600, 40)


def check_one_interval_is_paid(box: Box, import_wh: int, export_wh: int) -> None:
    """Billed once, paid once, to the right amount."""
    (record,) = box.life.records(box.house)
    statement = record.statement
    assert (statement.read.import_wh, statement.read.export_wh) == (import_wh, export_wh)
    assert box.hub_home.durable.spent_ubolt == statement.spent_ubolt
    assert box.hub_home.durable.earned_ubolt == statement.earned_ubolt
    assert box.agent.memory.tip == statement.tip
    assert box.agent.memory.unpaid == []
    assert len(box.facts(Kind.BILL_AGREED)) == len(box.facts(Kind.READ_TAKEN)) == 1


@pytest.mark.parametrize("cut", ["before the bill", "/v1/reads", "/v1/vouchers", "after all"])
async def test_after_a_power_cut_anywhere_the_box_goes_on_from_its_journal(
    town: Town, tmp_path: Path, cut: str
) -> None:
    async with agent_box(town, tmp_path) as box:
        box.line.open, box.line.deaf = cut != "before the bill", cut
        await box.live(600, 40)
        await box.restart()
        box.line.open, box.line.deaf = True, ""
        interval = box.house.reads[0].interval
        await box.agent.pay(interval, now_s=interval.end_s)
        check_one_interval_is_paid(box, 600, 40)
        assert await box.agent.pay(interval, now_s=interval.end_s) is None
        check_one_interval_is_paid(box, 600, 40)
        assert await box.live(100) is not None
        assert box.facts(Kind.BILL_REFUSED) == []


async def test_a_power_cut_between_agreeing_and_signing_leaves_a_bill_to_sign_for(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        box.line.deaf = "/v1/reads"
        await box.live(600, 40)
        (record,) = box.life.records(box.house)
        box.line.deaf = ""
        await box.agent.memory.agree(offer_of(record), now_s=DAY[0].end_s)
        await box.restart()
        assert box.agent.memory.payer.phase is PayerPhase.CHECKED
        assert await box.retry() is not None
        check_one_interval_is_paid(box, 600, 40)


async def test_an_agent_knows_again_what_it_knew(town: Town, tmp_path: Path) -> None:
    async with agent_box(town, tmp_path) as box:
        await box.live(400, 90)
        box.line.open = False
        await box.live(500)
        before = box.agent.memory
        await box.restart()
        after = box.agent.memory
        assert (after.tip, after.unpaid) == (before.tip, before.unpaid)
        for name in ("bill", "credit", "signed"):
            assert getattr(after.payer, name) == getattr(before.payer, name)
        assert (after.agreed, after.refused) == (before.agreed, before.refused)


async def test_a_journal_of_a_newer_version_is_refused_with_its_place(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        await box.live()
        box.journal.append([Fact("BatteryMarried", b"", b"{}")])
        with pytest.raises(StorageError, match=r"fact 4 is of kind BatteryMarried"):
            await box.restart()


async def test_a_bill_that_the_chain_would_not_pay_is_refused(town: Town, tmp_path: Path) -> None:
    async with agent_box(town, tmp_path) as box:
        payer = box.agent.memory.payer
        poor = replace(payer.view.word, deposited=10_000)
        box.agent.memory.see(
            ChainSeen(ChannelView(poor, payer.view.today), payer.seen.block), now_s=START_S
        )
        with pytest.raises(RemoteError, match="the bill passes what the deposit holds"):
            await box.live(2_000)
        assert box.agent.memory.payer.signed is None


async def test_a_node_that_shows_less_than_before_is_not_believed(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        await box.agent.see_chain(now_s=START_S)
        payer = box.agent.memory.payer
        box.agent.memory.see(ChainSeen(payer.view, 1_000_000), now_s=START_S)
        with pytest.raises(RemoteError, match="seen at a later block"):
            await box.agent.see_chain(now_s=START_S)
        assert box.agent.memory.payer.seen.block == 1_000_000


async def test_the_battery_is_told_what_the_plan_says_for_the_interval_that_begins(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        rule = box.agent.decide(DAY[0])
        assert box.agent.plan is not None
        assert len(box.agent.plan.rules) == len(DAY)
        assert rule == box.agent.plan.rules[0]
        box.agent.decide(DAY[60])
        assert len(box.agent.plan.rules) == len(DAY) - 60


async def test_without_the_days_prices_a_home_plans_by_its_own_forecast_and_says_so(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        box.agent.decide(DAY[0])
        assert box.agent.price_kind == "final"
        box.agent.decide(Interval(DAY[-1].end_s, 900))
        assert box.agent.price_kind == "forecast"
        assert box.agent.plan is not None


async def test_a_home_that_never_knew_prices_plans_nothing(town: Town, tmp_path: Path) -> None:
    async with agent_box(town, tmp_path) as box:
        box.board.events.clear()
        await box.restart()
        with pytest.raises(RemoteError, match="no published prices for"):
            box.agent.decide(DAY[0])


def offer_of(record: Record) -> BillOffer:
    return BillOffer(record.statement, record.group, record.billed.credit_signature)
