"""A hub that bills something else than the home computes: refused by name, kept, never paid."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gridplus.agent import BillRefused
from gridplus.agent.agent import GROUP_UNSIGNED
from gridplus.agent.memory import Kind
from gridplus.failures import RemoteError
from gridplus.tariff import (
    format_octets,
    group_document,
    group_leaf,
    merkle_tree,
    parse_statement,
    root_from_path,
)
from gridplus.hub.facts import GroupSealed
from gridplus.hub.sealing import group_evidence
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import bill_group_digest, credit_digest, is_signed_by
from gridplus.wire import BillOffer
from tests.agent.box import Box, agent_box
from tests.hub.town import Town

Lie = Callable[[dict[str, Any], Box], None]


def changed(field: str, by: int = 1) -> Lie:
    """A number of the statement that is not right."""

    def lie(offer: dict[str, Any], _box: Box) -> None:
        old = offer["statement"][field]
        offer["statement"][field] = old + by if isinstance(old, int) else str(int(old) + by)

    return lie


def other_digest(field: str) -> Lie:
    def lie(offer: dict[str, Any], _box: Box) -> None:
        offer["statement"][field] = format_octets(b"\x5a" * 32)

    return lie


def line_amount(offer: dict[str, Any], _box: Box) -> None:
    line = offer["statement"]["lines"][0]
    line["amount_abolt"] = str(int(line["amount_abolt"]) + 1)


def line_dropped(offer: dict[str, Any], _box: Box) -> None:
    offer["statement"]["lines"].pop()


def no_group_signature(offer: dict[str, Any], _box: Box) -> None:
    offer["group"]["signature"] = format_octets(bytes(64))


def another_group(offer: dict[str, Any], _box: Box) -> None:
    offer["group"]["path"] = [{"hand": "left", "node": format_octets(b"\x01" * 32)}]


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
    return group_document(group_evidence([leaf], GroupSealed(1, 1, key.sign(digest)))[0])


LIES: dict[str, tuple[str, Lie]] = {
    "one µBOLT more": ("TOTAL_DIFFERS", changed("spent_ubolt")),
    "one µBOLT less": ("TOTAL_DIFFERS", changed("spent_ubolt", -1)),
    "one µBOLT less earned": ("TOTAL_DIFFERS", changed("earned_ubolt", -1)),
    "one aBOLT more": ("TOTAL_DIFFERS", changed("charges_abolt")),
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
        paid = await box.live(400, 50)
        assert paid is not None
        signed = box.agent.memory.payer.signed
        asked = box.line.asked.count("/v1/vouchers")
        box.line.meddle = lambda document: lie(document, box)
        with pytest.raises(BillRefused) as refused:
            await box.live(300, 70)
        assert refused.value.name == name
        (evidence,) = box.facts(Kind.BILL_REFUSED)
        assert evidence["name"] == name
        assert evidence["sentence"] in str(refused.value)
        offer = BillOffer.parse(canonical({"kind": BillOffer.KIND, **evidence["offer"]}))
        assert offer.statement.head != box.life.book.homes[box.house.channel].tip.head or name in (
            "CREDIT_MISSING",
            "CREDIT_FOREIGN",
            "GROUP_UNSIGNED",
        )
        assert box.agent.memory.payer.signed == signed
        assert box.line.asked.count("/v1/vouchers") == asked
        box.line.meddle = None
        honest = await box.retry()
        assert honest is not None
        assert honest.voucher.spent == box.life.book.homes[box.house.channel].durable.spent_ubolt
