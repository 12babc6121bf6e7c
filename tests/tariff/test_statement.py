from dataclasses import replace

import pytest

from gridplus.digest import keccak256
from gridplus.failures import InputError
from gridplus.market import operating_day_intervals
from gridplus.tariff import (
    Called,
    Code,
    Given,
    Line,
    Mismatch,
    MonthToDate,
    Statement,
    Tally,
    Tip,
    find_mismatch,
    next_statement,
    parse_statement,
)
from gridplus.units import ABOLT_PER_UBOLT, U48_MAX
from gridplus.wallet import ChannelId
from tests.tariff.examples import PLAIN, plan_with, prices_of, read_of

CHANNEL = ChannelId(bytes(range(32)))
GENESIS = Tip.genesis(CHANNEL)
PLAN, PRICES = plan_with(), prices_of(PLAIN)
FIRST, SECOND = (
    read_of(interval, 400, export_wh=30) for interval in operating_day_intervals(PLAIN)[40:42]
)
STATEMENT = next_statement(GENESIS, plan=PLAN, prices=PRICES, read=FIRST)


def check(statement: Statement, tip: Tip = GENESIS) -> Mismatch | None:
    return find_mismatch(statement, next_statement(tip, plan=PLAN, prices=PRICES, read=FIRST))


def with_line(code: Code, **changes: object) -> Statement:
    lines = tuple(
        line._replace(**changes) if line.code is code else line for line in STATEMENT.lines
    )
    return replace(STATEMENT, lines=lines)


def test_a_right_bill_has_no_mismatch() -> None:
    assert check(STATEMENT) is None
    tip = STATEMENT.tip
    second = next_statement(tip, plan=PLAN, prices=PRICES, read=SECOND)
    right = next_statement(tip, plan=PLAN, prices=PRICES, read=SECOND)
    assert find_mismatch(second, right) is None


WRONG = [
    (replace(STATEMENT, channel=ChannelId(bytes(32))), Mismatch.CHANNEL_DIFFERS),
    (replace(STATEMENT, read=SECOND), Mismatch.READ_DIFFERS),
    (replace(STATEMENT, read=replace(FIRST, import_wh=401)), Mismatch.READ_DIFFERS),
    (replace(STATEMENT, read=replace(FIRST, register_export_wh=31)), Mismatch.READ_DIFFERS),
    (replace(STATEMENT, plan_digest=bytes(32)), Mismatch.PLAN_DIFFERS),
    (replace(STATEMENT, price_digest=bytes(32)), Mismatch.PRICE_NOT_PUBLISHED),
    (with_line(Code.ENERGY, amount_abolt=STATEMENT.lines[0].amount_abolt + 1),
     Mismatch.CHARGE_DIFFERS),
    (with_line(Code.EXPORT, price_ubolt_per_mwh=1), Mismatch.CHARGE_DIFFERS),
    (with_line(Code.TAX_PUC, quantity_wh=1), Mismatch.CHARGE_DIFFERS),
    (replace(STATEMENT, lines=STATEMENT.lines[:-1]), Mismatch.CHARGE_DIFFERS),
    (replace(STATEMENT, lines=STATEMENT.lines[::-1]), Mismatch.CHARGE_DIFFERS),
    (replace(STATEMENT, lines=(*STATEMENT.lines, Line(Code.ADDER, 0, 0, 0))),
     Mismatch.CHARGE_DIFFERS),
    (replace(STATEMENT, after=replace(STATEMENT.after, charges_abolt=0)), Mismatch.TOTAL_DIFFERS),
    (replace(STATEMENT, spent_ubolt=STATEMENT.spent_ubolt + 1), Mismatch.TOTAL_DIFFERS),
    (replace(STATEMENT, earned_ubolt=STATEMENT.earned_ubolt - 1), Mismatch.TOTAL_DIFFERS),
    (replace(STATEMENT, given=Given(Called(bytes(32), 500, 1))), Mismatch.RESPONSE_DIFFERS),
    (replace(STATEMENT, month=MonthToDate(24_258, FIRST.interval.start_s, 0, 0)),
     Mismatch.TOTAL_DIFFERS),
    (replace(STATEMENT, previous_head=bytes(32)), Mismatch.HEAD_DIFFERS),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "mismatch"), WRONG)
def test_a_wrong_bill_is_refused_by_name(statement: Statement, mismatch: Mismatch) -> None:
    assert check(statement) is mismatch


def test_the_first_of_several_mismatches_is_named() -> None:
    statement = replace(STATEMENT, spent_ubolt=0, plan_digest=bytes(32), previous_head=bytes(32))
    assert check(statement) is Mismatch.PLAN_DIFFERS


def test_each_mismatch_has_a_case_and_a_sentence() -> None:
    of_statements = set(Mismatch) - {Mismatch.DATE_DIFFERS}
    assert {mismatch for _, mismatch in WRONG} == of_statements
    starts = ("the bill", "a paid request", "a line", "the counters")
    assert all(mismatch.value.startswith(starts) for mismatch in of_statements)


def test_a_bill_repeated_from_before_is_refused() -> None:
    assert check(STATEMENT, STATEMENT.tip) is Mismatch.TOTAL_DIFFERS


def test_the_head_is_the_hash_of_four_words() -> None:
    words = (
        CHANNEL,
        STATEMENT.digest,
        STATEMENT.spent_ubolt.to_bytes(32, "big"),
        STATEMENT.earned_ubolt.to_bytes(32, "big"),
    )
    assert STATEMENT.head == keccak256(b"".join(words))
    assert STATEMENT.tip == Tip(CHANNEL, STATEMENT.head, STATEMENT.after)


def test_every_field_changes_the_head() -> None:
    heads = {statement.head for statement, _ in WRONG} | {STATEMENT.head}
    assert len(heads) == len(WRONG) + 1


def test_a_document_is_read_back_as_it_was() -> None:
    assert parse_statement(STATEMENT.document(), what="bill") == STATEMENT


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("channel", "0x00", "channel: must be 32 bytes"),
        ("channel", "0x" + "AB" * 32, "lowercase hex"),
        ("start_s", 1, "multiple of its length"),
        ("start_s", -900, "start_s: must be an integer from 0"),
        ("length_s", 0, "multiple of its length"),
        ("import_wh", True, "import_wh: must be an integer"),
        ("import_wh", "7", "import_wh: must be an integer"),
        ("spent_ubolt", U48_MAX + 1, "spent_ubolt: must be an integer"),
        ("after", {"charges_abolt": 7}, "charges_abolt: must be a whole number of aBOLT"),
        ("after", {"charges_abolt": "07"}, "charges_abolt: must be a whole number of aBOLT"),
        ("after", {"charges_abolt": "-7"}, "charges_abolt: must be a whole number of aBOLT"),
        ("given", {"called": None, "waived_wh": 0}, "given: gives nothing; write null"),
        ("month_before", {"month": "2021-13"}, "month_before.month: is '2021-13'"),
        ("lines", [{}], r"lines\[0\]\.code: is missing"),
        ("lines", [{"code": "gift"}], r"lines\[0\]\.code: is 'gift'; known are energy, adder"),
        ("lines", [{}] * 65, "lines: must be a list of at most 64"),
        ("lines", {}, "lines: must be a list"),
        ("note", "hello", "note: is not a known key"),
    ],
)
def test_a_document_that_is_not_canonical_is_refused(key: str, value: object, says: str) -> None:
    with pytest.raises(InputError, match=f"bill.*{says}"):
        parse_statement({**STATEMENT.document(), key: value}, what="bill")


def test_a_counter_that_passes_48_bits_is_refused() -> None:
    full = Tip(CHANNEL, CHANNEL, Tally((U48_MAX - 2000) * ABOLT_PER_UBOLT, 0))
    next_statement(full, plan=PLAN, prices=PRICES, read=read_of(FIRST.interval, 0))
    with pytest.raises(InputError, match="what a channel can carry"):
        next_statement(full, plan=PLAN, prices=PRICES, read=FIRST)
