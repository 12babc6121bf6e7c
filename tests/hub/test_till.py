"""Vouchers that overtake the disk: many of one home under way at once, and what meets them."""

import asyncio
from pathlib import Path

import pytest

from gridplus.channel import Counters, PayeeRefusal
from gridplus.failures import StorageError
from gridplus.hub import Refused
from gridplus.hub.desk import acknowledgement
from gridplus.hub.facts import Kind, parse_vouchers
from gridplus.hub.home import Paid
from tests.hub.town import Town, durable_parts, living_hub, replayed


async def test_vouchers_of_one_home_fly_together_and_each_gets_a_receipt_of_its_own(
    town: Town, tmp_path: Path
) -> None:
    """I-ST-1"""
    (house, other) = town.move_in(2)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house, other])
        record, beside = await asyncio.gather(life.bill(house), life.bill(other))
        spent = record.statement.spent_ubolt
        steps = [house.voucher(spent * n // 9) for n in range(1, 10)]
        paid = await asyncio.gather(
            *(life.hub.submit_voucher(house.channel, step) for step in steps),
            life.pay(other, beside),
        )
        for step, kept in zip(steps, paid, strict=False):
            assert isinstance(kept, Paid)
            assert kept.voucher == step
            receipt = acknowledgement(house.channel, kept)
            assert receipt.is_signed_by(town.hub_key.address, domain=town.vault.domain)
        again = await life.hub.submit_voucher(house.channel, steps[-1])
        assert again == paid[8], "answered as the first time"
        stored = [s for s in life.journal.replay() if s.fact.kind == Kind.VOUCHERS_STORED]
        live = durable_parts(life.book)
    assert sum(len(parse_vouchers(fact)) for fact in stored) == 10 > len(stored)
    book = replayed(town.hub_key.address, tmp_path / "hub.journal")
    assert durable_parts(book) == live
    assert book.homes[house.channel].paid == paid[8]


async def test_a_voucher_that_comes_again_while_it_flies_is_answered_when_it_is_durable(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        promise = house.voucher_for(await life.bill(house))
        twice = await asyncio.gather(
            *(life.hub.submit_voucher(house.channel, promise) for _ in range(2))
        )
        assert twice[0] == twice[1]
        assert isinstance(twice[0], Paid)
        stored = [s for s in life.journal.replay() if s.fact.kind == Kind.VOUCHERS_STORED]
        assert len(stored) == 1


async def test_a_read_that_meets_flying_vouchers_is_billed_after_them(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        record = await life.bill(house)
        paid, billed = await asyncio.gather(life.pay(house, record), life.bill(house, 300, 50))
        home = life.book.homes[house.channel]
        assert home.durable == paid
        assert home.payee.acknowledged == paid
        assert home.payee.bill.head == billed.statement.head
        live = durable_parts(life.book)
    assert durable_parts(replayed(town.hub_key.address, tmp_path / "hub.journal")) == live


async def test_what_the_gate_does_not_admit_gets_the_machines_own_answer(
    town: Town, tmp_path: Path
) -> None:
    (house, thief) = town.move_in(2)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        spent = (await life.bill(house)).statement.spent_ubolt
        forged = house.voucher(spent, by=thief.voucher_key)
        good, told = house.voucher(spent - 1), list[object]()
        assert not life.hub.till.quick(house.channel, forged, told=told.append)
        assert not life.hub.till.quick(thief.channel, good, told=told.append)
        assert not life.hub.till.quick(house.channel, house.voucher(spent + 1), told=told.append)
        assert told == []
        refused = await life.hub.submit_voucher(house.channel, forged)
        assert refused == Refused(PayeeRefusal.WRONG_SIGNER, None)
        refused = await life.hub.submit_voucher(house.channel, house.voucher(spent + 1))
        assert refused == Refused(PayeeRefusal.PAST_BILL, Counters(0, 0))
        assert life.hub.till.quick(house.channel, good, told=told.append)
        assert told == [], "not before it is durable"
        assert isinstance(await life.hub.submit_voucher(house.channel, good), Paid)
        assert len(told) == 1


async def test_vouchers_that_fly_when_the_journal_is_full_are_told_so_and_none_is_kept(
    town: Town, tmp_path: Path
) -> None:
    """I-ST-2"""
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal", page_limit=40) as life:
        await life.open([house])
        spent = (await life.bill(house)).statement.spent_ubolt
        kept = Counters(0, 0)
        while True:
            flight = [house.voucher(kept.spent_ubolt + n) for n in range(1, 60)]
            assert flight[-1].spent < spent, "the journal has fewer pages than that"
            told = await asyncio.gather(
                *(life.hub.submit_voucher(house.channel, each) for each in flight),
                return_exceptions=True,
            )
            if not all(isinstance(answer, Paid) for answer in told):
                break
            kept = flight[-1].counters
        assert {str(answer) for answer in told} == {str(told[0])}
        assert "page limit is full" in str(told[0])
        with pytest.raises(StorageError, match="stopped"):
            await life.hub.submit_voucher(house.channel, house.voucher(spent))
        assert life.book.homes[house.channel].durable == kept
    assert (
        replayed(town.hub_key.address, tmp_path / "hub.journal").homes[house.channel].durable
        == kept
    )
