"""Many requests in one: each item is answered as if it had come alone."""

import json
from pathlib import Path

import httpx

from gridplus.channel import Counters, PayeeRefusal, Voucher
from gridplus.digest import canonical_json
from gridplus.hub.refusals import HubRefusal
from gridplus.meter import SignedRead
from gridplus.tariff import Tip, next_statement
from gridplus.wire import (
    Acknowledgement,
    BatchAnswer,
    BillOffer,
    RefusalMessage,
    SubmitBatch,
    SubmitRead,
    SubmitVoucher,
)
from gridplus.wire.batches import BATCH_ITEMS, Item
from tests.hub.test_http import Door, hub_door
from tests.hub.town import PLAN, PRICES, House, Town


async def send(door: Door, *items: Item) -> BatchAnswer:
    batch = SubmitBatch(items)
    answer = await door.client.post("/v1/batches", content=batch.to_bytes())
    assert answer.status_code == 200, answer.text
    return BatchAnswer.parse(answer.content)


def own_bills(house: House, reads: list[SignedRead]) -> list[Voucher]:
    """What a home that computes its bills itself pays for each of its reads."""
    tip, vouchers = Tip.genesis(house.channel), []
    for signed in reads:
        statement = next_statement(tip, plan=PLAN, prices=PRICES, read=signed.read)
        vouchers.append(house.voucher(statement.spent_ubolt, statement.earned_ubolt))
        tip = statement.tip
    return vouchers


async def test_a_home_that_was_offline_is_billed_and_pays_in_one_request(
    town: Town, tmp_path: Path
) -> None:
    (house, other) = town.move_in(2)
    async with hub_door(town, tmp_path) as door:
        await door.open(house)
        await door.open(other)
        reads = [house.meter(300 + n, 20 * n) for n in range(5)]
        paid = own_bills(house, reads)
        items: list[Item] = []
        for signed, voucher in zip(reads, paid, strict=True):
            items += [SubmitRead(signed), SubmitVoucher(house.channel, voucher)]
        items.insert(3, SubmitRead(other.meter(100)))
        first = await send(door, *items)
        kinds = [type(answer) for answer in first.answers]
        in_pairs = [BillOffer, Acknowledgement] * 5
        assert kinds == [*in_pairs[:3], BillOffer, *in_pairs[3:]]
        told = [a.counters for a in first.answers if isinstance(a, Acknowledgement)]
        assert told == [voucher.counters for voucher in paid]
        again = await send(door, items[0], items[-2], items[-1])
        assert again.answers == (first.answers[0], *first.answers[-2:]), "as the first time"


async def test_what_is_refused_in_a_batch_is_named_and_changes_no_other(
    town: Town, tmp_path: Path
) -> None:
    (house, stranger) = town.move_in(2)
    async with hub_door(town, tmp_path) as door:
        await door.open(house)
        spent = (await door.bill(house)).statement.spent_ubolt
        forged = house.voucher(spent, by=stranger.voucher_key)
        answers = (
            await send(
                door,
                SubmitVoucher(house.channel, house.voucher(spent + 1)),
                SubmitVoucher(house.channel, forged),
                SubmitVoucher(stranger.channel, stranger.voucher(5)),
                SubmitVoucher(house.channel, house.voucher(spent)),
                SubmitVoucher(house.channel, house.voucher(spent - 1)),
            )
        ).answers
        names = [a.name if isinstance(a, RefusalMessage) else None for a in answers]
        assert names == [
            PayeeRefusal.PAST_BILL.name,
            PayeeRefusal.WRONG_SIGNER.name,
            HubRefusal.UNKNOWN_CHANNEL.name,
            None,
            PayeeRefusal.SPENT_FELL.name,
        ]
        last = answers[4]
        assert isinstance(last, RefusalMessage)
        assert last.newest == Counters(spent, 0)


async def test_a_batch_of_nothing_too_much_or_something_else_is_refused_whole(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with hub_door(town, tmp_path) as door:
        await door.open(house)
        offer = await door.bill(house)
        good = {"kind": SubmitVoucher.KIND}
        good |= SubmitVoucher(house.channel, house.voucher(offer.statement.spent_ubolt)).document()
        bad = {
            "must hold 1 to 50": [],
            "at most 50": [good] * (BATCH_ITEMS + 1),
            "kind": [good, {**good, "kind": "gridplus.open-channel/1"}],
            "items.1.": [good, {**good, "spent_ubolt": -1}],
        }
        for why, items in bad.items():
            answer = await post(door, items)
            assert answer.status_code == 400, why
            assert why in answer.json()["error"].replace("[", ".").replace("]", "."), why
        assert door.hub.book.homes[house.channel].durable == Counters(0, 0)
        assert (await post(door, [good])).status_code == 200


async def post(door: Door, items: object) -> httpx.Response:
    content = canonical_json(json.loads(json.dumps({"kind": SubmitBatch.KIND, "items": items})))
    return await door.client.post("/v1/batches", content=content)
