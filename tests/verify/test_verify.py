import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from gridplus.digest import canonical_json
from gridplus.failures import InputError
from gridplus.tariff import (
    BillDocument,
    Evidence,
    SumNode,
    build_bill,
    format_bill,
    parse_bill,
)
from gridplus.verify import ChainTruth, verify_bill
from tests.tariff.examples import AUTUMN, PLAIN, SPRING
from tests.verify.signed_day import (
    HUB,
    MALLORY,
    PLAN,
    PRICES,
    signed_day,
)

BILL, TRUTH = signed_day()
NAMES = [
    "chain", "channel", "plan", "prices", "day", "reads", "registers", "responses", "statements",
    "restated", "heads", "groups", "credits", "vouchers", "totals", "inclusion", "claimed",
]  # fmt: skip


def failures(bill: BillDocument, truth: ChainTruth = TRUTH) -> dict[str, str]:
    return {check.name: check.detail for check in verify_bill(bill, truth) if not check.ok}


def tampered(change: Callable[[dict], None]) -> BillDocument:  # type: ignore[type-arg]
    document = json.loads(format_bill(BILL))
    change(document)
    return parse_bill(json.dumps(document).encode())


@pytest.mark.parametrize(("day", "count"), [(SPRING, 92), (PLAIN, 96), (AUTUMN, 100)])
def test_a_right_bill_passes_every_check_on_each_kind_of_day(day: date, count: int) -> None:
    bill, truth = signed_day(day)
    checks = verify_bill(bill, truth)
    assert [check.name for check in checks] == NAMES
    assert all(check.ok and not check.detail for check in checks)
    assert len(bill.intervals) == count


def test_a_bill_file_is_read_back_as_it_was() -> None:
    data = format_bill(BILL)
    assert parse_bill(data) == BILL
    assert format_bill(parse_bill(json.dumps(json.loads(data), indent=2).encode())) == data


def test_one_ubolt_more_fails_and_says_which_line() -> None:
    def change(document: dict) -> None:  # type: ignore[type-arg]
        document["intervals"][1]["statement"]["spent_ubolt"] += 1
        document["totals"]["lines_ubolt"]["energy"] += 1

    found = failures(tampered(change))
    assert found["statements"].startswith("2021-03-14T06:15:00Z: the counters are not the sums")
    assert "2021-03-14T06:15:00Z" in found["heads"]
    assert "2021-03-14T06:15:00Z" in found["vouchers"]
    assert found["totals"].startswith("line energy is ")


def test_one_wh_more_fails_and_says_which_line() -> None:
    def change(document: dict) -> None:  # type: ignore[type-arg]
        document["intervals"][2]["statement"]["import_wh"] += 1

    found = failures(tampered(change))
    assert found["reads"] == "2021-03-14T06:30:00Z: the read is not signed by the device key"
    assert found["registers"].startswith("2021-03-14T06:30:00Z: the registers moved by another")
    assert found["statements"].startswith("2021-03-14T06:30:00Z: line energy says energy, ")


def test_one_signature_byte_fails_and_says_which_line() -> None:
    def change(document: dict) -> None:  # type: ignore[type-arg]
        signature = document["intervals"][3]["group"]["signature"]
        document["intervals"][3]["group"]["signature"] = signature[:-2] + (
            "00" if signature[-2:] != "00" else "01"
        )

    assert set(found := failures(tampered(change))) == {"groups"}
    assert found["groups"].startswith("2021-03-14T06:45:00Z: ")


def test_another_price_version_fails_and_says_which_line() -> None:
    corrected = replace(PRICES, version=2)
    found = failures(replace(BILL, prices=corrected))
    assert found["prices"].startswith(
        "LZ_HOUSTON DAM final prices of 2021-03-14, version 2 are not"
    )
    assert found["statements"].startswith("2021-03-14T06:00:00Z: the bill uses prices")


def test_a_line_that_is_wrong_is_named_with_what_is_due() -> None:
    def change(document: dict) -> None:  # type: ignore[type-arg]
        line = document["intervals"][50]["statement"]["lines"][7]
        line["amount_abolt"] = str(int(line["amount_abolt"]) - 5)

    found = failures(tampered(change))["statements"]
    due = next(iter(BILL.intervals[50].statement.lines[7:]))
    assert f"line export says export, {due.amount_abolt - 5} aBOLT" in found
    assert f"recomputed {due.amount_abolt} aBOLT for {due.quantity_wh} Wh" in found


ROOT = TRUTH.bill_root or SumNode(b"", 0, 0)

OTHER_TRUTHS = [
    ({"chain_id": 1}, "chain", "the bill is for chain 1337, this is chain 1"),
    ({"vault": b"\x01" * 20}, "chain", "the bill names vault 0xaaaa"),
    ({"anchor": b"\x01" * 20}, "chain", "the bill names anchor 0xbbbb"),
    ({"hub": MALLORY.address}, "groups", "is not signed by the hub"),
    ({"hub": MALLORY.address}, "credits", "is not signed by the hub"),
    ({"price_digest": None}, "prices", "no prices of 2021-03-14 are anchored"),
    ({"price_digest": bytes(32)}, "prices", "are not the anchored version"),
    ({"bill_root": None}, "inclusion", "no bills of 2021-03-14 are anchored"),
    ({"bill_root": replace(ROOT, hash=bytes(32))}, "inclusion", "do not lead to the anchored"),
    ({"bill_root": replace(ROOT, spent_ubolt=0)}, "inclusion", "do not lead to the anchored"),
    ({"bill_root": replace(ROOT, earned_ubolt=0)}, "inclusion", "do not lead to the anchored"),
    ({"spent_ubolt": TRUTH.spent_ubolt - 1}, "claimed", "spent is "),
    ({"earned_ubolt": TRUTH.earned_ubolt - 1}, "claimed", "earned is "),
    ({"deposited_ubolt": 0}, "claimed", "more is spent on chain than"),
]


@pytest.mark.parametrize(("changes", "name", "says"), OTHER_TRUTHS)
def test_a_bill_that_the_chain_does_not_bear_out_fails(
    changes: dict[str, object], name: str, says: str
) -> None:
    assert says in failures(BILL, replace(TRUTH, **changes))[name]


def test_a_chain_that_has_moved_on_still_bears_out_the_bill() -> None:
    later = replace(
        TRUTH, spent_ubolt=TRUTH.spent_ubolt + 5_000_000, earned_ubolt=TRUTH.earned_ubolt + 1
    )
    assert failures(BILL, later) == {}


def rebuilt(changed: Callable[[Evidence], Evidence]) -> BillDocument:
    pairs = [(billed.statement, changed(billed.evidence)) for billed in BILL.intervals]
    bill = build_bill(
        BILL.identity, plan=PLAN, prices=PRICES, intervals=pairs, inclusion=BILL.inclusion
    )
    return replace(bill, settled=BILL.settled)


def test_a_credit_stands_exactly_where_earned_rose() -> None:
    spare = HUB.sign(bytes(32))
    assert rebuilt(lambda evidence: replace(evidence, credit=evidence.credit or spare)) == BILL
    found = failures(rebuilt(lambda evidence: replace(evidence, credit=None)))
    assert set(found) == {"credits"}
    assert "a credit must stand where earned rose" in found["credits"]


def test_a_first_bill_must_open_with_nothing_billed() -> None:
    opening = replace(BILL.opening, total=replace(BILL.opening.total, charges_abolt=7))
    assert "must open with nothing billed" in failures(replace(BILL, opening=opening))["heads"]


def test_a_bill_without_its_last_interval_is_not_the_days() -> None:
    shorter = replace(BILL, intervals=BILL.intervals[:-1])
    assert failures(shorter)["day"] == "2021-03-14 has 92 intervals, the bill 91"


def test_terms_that_cannot_rate_the_day_fail_instead_of_crashing() -> None:
    abroad = replace(PLAN, settlement_point="HB_NORTH")
    found = failures(replace(BILL, plan=abroad))
    assert "is billed at final HB_NORTH DAM prices" in found["statements"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is not a document"),
        (b"[]", "must be an object"),
        (b'{"format": "gridplus.bill/1"}', "reads 'gridplus.bill/2'"),
        (b'{"format": "gridplus.bill/2"}', "opening: is missing"),
        (b" " * 8_000_001, "at most 8000000 are accepted"),
        (format_bill(BILL).replace(b"2021-03-14", b"20210314"), "not written as|operating_day"),
        (canonical_json({**json.loads(format_bill(BILL)), "intervals": []}), "at least one"),
    ],
)
def test_what_is_no_bill_is_refused_with_its_place(data: bytes, says: str) -> None:
    with pytest.raises(InputError, match=f"x.json.*({says})"):
        parse_bill(data, what="x.json")
