"""A hub that bills something else than the home computes: refused by name, kept, never paid."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gridplus.agent import BillRefused
from gridplus.agent.memory import Kind
from gridplus.channel import PayerPhase
from gridplus.digest import canonical_json
from gridplus.failures import RemoteError
from gridplus.hub.facts import GroupSealed
from gridplus.hub.sealing import receipts_of
from gridplus.keystore import Secp256k1Key
from gridplus.tariff import (
    format_octets,
    group_document,
    group_leaf,
    merkle_tree,
    parse_statement,
    root_from_path,
)
from gridplus.wallet import bill_group_digest, credit_digest, is_signed_by
from gridplus.wire import Acknowledgement, BillOffer
from tests.agent.box import Box, agent_box
from tests.hub.town import Town

Lie = Callable[[dict[str, Any], Box], None]


def changed(field: str, by: int = 1) -> Lie:
    """A number of the statement that is not right."""

    def lie(offer: dict[str, Any], _box: Box) -> None:
        old = offer["statement"][field]
        offer["statement"][field] = old + by if isinstance(old, int) else str(int(old) + by)

    return lie


def one_abolt_more(offer: dict[str, Any], _box: Box) -> None:
    after = offer["statement"]["after"]
    after["charges_abolt"] = str(int(after["charges_abolt"]) + 1)


def a_month_that_never_was(offer: dict[str, Any], _box: Box) -> None:
    month = {"month": "2021-02", "since_s": 0, "import_wh": 9, "export_wh": 0, "memory": {}}
    offer["statement"]["month_before"] = month


def other_digest(field: str) -> Lie:
    def lie(offer: dict[str, Any], _box: Box) -> None:
        offer["statement"][field] = format_octets(b"\x5a" * 32)

    return lie


def line_amount(offer: dict[str, Any], _box: Box) -> None:
    line = offer["statement"]["lines"][0]
    line["amount_abolt"] = str(int(line["amount_abolt"]) + 1)


def line_dropped(offer: dict[str, Any], _box: Box) -> None:
    offer["statement"]["lines"].pop()


def a_baseline_nobody_asked_for(offer: dict[str, Any], _box: Box) -> None:
    called = {"request": format_octets(b"\x5a" * 32), "baseline_wh": 9, "reward_ubolt_per_mwh": 1}
    offer["statement"]["given"] = {"called": called, "waived_wh": 0}


def no_group_signature(offer: dict[str, Any], _box: Box) -> None:
    offer["group"]["signature"] = format_octets(bytes(64))


def another_group(offer: dict[str, Any], _box: Box) -> None:
    offer["group"]["path"] = [{"hand": "left", "hash": format_octets(b"\x01" * 32)}]


def group_of_two(offer: dict[str, Any], _box: Box) -> None:
    offer["group"]["count"] += 1


def group_by_another(offer: dict[str, Any], box: Box) -> None:
    offer["group"] = seal(offer, box.town.keys["publisher"], box)


def no_credit(offer: dict[str, Any], _box: Box) -> None:
    offer["credit_signature"] = None


def credit_by(role: str, more_ubolt: int = 0) -> Lie:
    def lie(offer: dict[str, Any], box: Box) -> None:
        statement = parse_statement(offer["statement"], what="the offer")
        digest = credit_digest(
            box.house.identity.domain,
            statement.channel,
            earned=statement.earned_ubolt + more_ubolt,
            bill_head=statement.head,
        )
        offer["credit_signature"] = format_octets(box.town.keys[role].sign(digest))

    return lie


def seal(offer: dict[str, Any], key: Secp256k1Key, box: Box) -> Any:
    """The group evidence that `key` makes of the offer's statement."""
    statement = parse_statement(offer["statement"], what="the offer")
    leaf = group_leaf(statement.channel, statement.head)
    digest = bill_group_digest(
        box.house.identity.domain, merkle_tree([leaf]).root, count=1, closed_at_s=1
    )
    return group_document(receipts_of([leaf], GroupSealed(1, 1, key.sign(digest)))[0].evidence)


LIES: dict[str, tuple[str, Lie]] = {
    "one µBOLT more": ("TOTAL_DIFFERS", changed("spent_ubolt")),
    "one µBOLT less": ("TOTAL_DIFFERS", changed("spent_ubolt", -1)),
    "one µBOLT less earned": ("TOTAL_DIFFERS", changed("earned_ubolt", -1)),
    "one aBOLT more": ("TOTAL_DIFFERS", one_abolt_more),
    "a month that never was": ("TOTAL_DIFFERS", a_month_that_never_was),
    "a request nobody joined": ("RESPONSE_DIFFERS", a_baseline_nobody_asked_for),
    "one aBOLT on a line": ("CHARGE_DIFFERS", line_amount),
    "a line less": ("CHARGE_DIFFERS", line_dropped),
    "one Wh more": ("READ_DIFFERS", changed("import_wh")),
    "one Wh less sold": ("READ_DIFFERS", changed("export_wh", -1)),
    "the interval before": ("READ_DIFFERS", changed("start_s", -900)),
    "another price version": ("PRICE_NOT_PUBLISHED", other_digest("prices")),
    "another plan": ("PLAN_DIFFERS", other_digest("plan")),
    "another past": ("HEAD_DIFFERS", other_digest("previous_head")),
    "another channel's bill": ("CHANNEL_DIFFERS", other_digest("channel")),
    "no credit": ("CREDIT_MISSING", no_credit),
    "a credit by somebody else": ("CREDIT_FOREIGN", credit_by("publisher")),
    "a credit for another amount": ("CREDIT_FOREIGN", credit_by("hub", -1)),
    "a group nobody signed": ("GROUP_UNSIGNED", no_group_signature),
    "a group by somebody else": ("GROUP_UNSIGNED", group_by_another),
    "a path to another root": ("GROUP_UNSIGNED", another_group),
    "a group of another size": ("GROUP_UNSIGNED", group_of_two),
}


@pytest.mark.parametrize("what", LIES)
async def test_a_wrong_bill_is_refused_by_name_kept_and_not_paid(
    town: Town, tmp_path: Path, what: str
) -> None:
    name, lie = LIES[what]
    async with agent_box(town, tmp_path) as box:
        await box.live(400, 50)
        signed, vouchers = box.agent.memory.payer.signed, box.line.asked.count("/v1/vouchers")
        box.line.meddle = lambda document: lie(document, box)
        with pytest.raises(BillRefused) as refused:
            await box.live(300, 70)
        assert refused.value.name == name
        (evidence,) = box.facts(Kind.BILL_REFUSED)
        assert evidence["name"] == name
        assert evidence["sentence"] in str(refused.value)
        assert box.agent.memory.payer.signed == signed
        assert box.line.asked.count("/v1/vouchers") == vouchers
        box.line.meddle = None
        honest = await box.retry()
        assert honest is not None
        assert honest.voucher.counters == box.hub_home.durable


async def test_the_evidence_of_a_lie_holds_the_hubs_own_signature(
    town: Town, tmp_path: Path
) -> None:
    def lie(offer: dict[str, Any]) -> None:
        one_abolt_more(offer, box)
        offer["group"] = seal(offer, town.hub_key, box)

    async with agent_box(town, tmp_path) as box:
        box.line.meddle = lie
        with pytest.raises(BillRefused):
            await box.live()
        (evidence,) = box.facts(Kind.BILL_REFUSED)
    document = canonical_json({"kind": BillOffer.KIND, **evidence["offer"]})
    offer = BillOffer.parse(document)
    root = root_from_path(group_leaf(box.house.channel, offer.statement.head), offer.group.path)
    digest = bill_group_digest(town.vault.domain, root, count=1, closed_at_s=1)
    assert is_signed_by(town.hub_key.address, digest, signature=offer.group.signature)


async def test_more_credit_than_the_home_lets_stand_is_refused(town: Town, tmp_path: Path) -> None:
    async with agent_box(town, tmp_path, unposted_limit=10_000) as box:
        await box.live(400, 100)
        with pytest.raises(BillRefused, match="more credit that is not on chain") as refused:
            await box.live(400, 900)
        assert refused.value.name == "UNPOSTED_PAST_LIMIT"


async def test_a_bill_that_is_refused_does_not_keep_the_home_from_paying_the_one_before(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        box.line.open = False
        assert await box.live(300) is None
        assert await box.live(500) is None
        box.line.open, first = True, box.house.reads[0].interval.start_s

        def lie(offer: dict[str, Any]) -> None:
            if "statement" in offer and offer["statement"]["start_s"] != first:
                line_amount(offer, box)

        box.line.meddle = lie
        with pytest.raises(BillRefused, match="a line of the bill"):
            await box.retry()
        record = box.life.records(box.house)[0]
        assert box.hub_home.durable.spent_ubolt == record.statement.spent_ubolt > 0
        assert [read.import_wh for read in box.agent.memory.unpaid] == [500]


@pytest.mark.parametrize("field", ["spent_ubolt", "earned_ubolt"])
@pytest.mark.parametrize("by", [1, -1])
async def test_an_acknowledgement_of_something_else_is_none(
    town: Town, tmp_path: Path, field: str, by: int
) -> None:
    def lie(answer: dict[str, Any]) -> None:
        if answer["kind"] == Acknowledgement.KIND:
            answer[field] += by

    async with agent_box(town, tmp_path) as box:
        box.line.meddle = lie
        with pytest.raises(RemoteError, match="acknowledges another voucher"):
            await box.live(400, 100)
        assert box.agent.memory.payer.phase is PayerPhase.SIGNED
        box.line.meddle = None
        assert await box.retry() is not None
        assert box.agent.memory.payer.phase is PayerPhase.ACKNOWLEDGED


async def test_a_receipt_that_the_hub_did_not_sign_is_none_and_the_true_one_is_kept(
    town: Town, tmp_path: Path
) -> None:
    def lie(answer: dict[str, Any]) -> None:
        if answer["kind"] == Acknowledgement.KIND:
            answer["group"]["closed_at_s"] += 1

    async with agent_box(town, tmp_path) as box:
        box.line.meddle = lie
        with pytest.raises(RemoteError, match="did not sign what it acknowledges"):
            await box.live(400, 100)
        assert box.agent.memory.receipt is None
        box.line.meddle = None
        assert await box.retry() is not None
        assert await box.live(300) is not None
        kept = box.facts(Kind.ACKNOWLEDGED)
        await box.restart()
        receipt = box.agent.memory.receipt
        assert receipt is not None
        assert receipt.document() == {k: v for k, v in kept[-1].items() if k != "kind"}
        assert len(kept) == 1, "the newest reaches the disk with the next fact"
        assert receipt.is_signed_by(town.hub_key.address, domain=town.vault.domain)
        assert not receipt.is_signed_by(box.house.owner.address, domain=town.vault.domain)


NONSENSE = {
    "answers what the protocol forbids": httpx.Response(200, content=b"{}"),
    "is not a document": httpx.Response(200, content=b"<html>"),
    "answers with more than": httpx.Response(200, content=b" " * 20_000),
    "answers 404": httpx.Response(404, content=b"\x1b[31mnothing here"),
    "answers 302": httpx.Response(302, headers={"location": "http://elsewhere"}),
    "gridplus.refusal/1": httpx.Response(409, content=b"no"),
}


@pytest.mark.parametrize("why", NONSENSE)
async def test_nonsense_on_the_line_is_named_and_the_read_is_kept(
    town: Town, tmp_path: Path, why: str
) -> None:
    async with agent_box(town, tmp_path) as box:
        box.line.instead = NONSENSE[why]
        with pytest.raises(RemoteError, match=why) as error:
            await box.live()
        assert str(error.value).isprintable()
        assert len(box.agent.memory.unpaid) == 1
        box.line.instead = None
        assert await box.retry() is not None
