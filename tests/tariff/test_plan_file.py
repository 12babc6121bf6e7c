from datetime import date

import pytest

from gridplus.digest import canonical_json
from gridplus.failures import InputError
from gridplus.tariff import parse_plan
from gridplus.tariff.plan import row_on
from tests.tariff.examples import PLAN_TEXT, plan_text_with, plan_with


def test_the_bundled_plan_is_what_its_file_says() -> None:
    plan = plan_with()
    assert plan.energy.cap_ubolt_per_mwh == 300_000_000
    assert plan.energy.adder_ubolt_per_mwh == 15_000_000
    assert plan.effective_until is None
    in_2021 = row_on(plan.delivery, date(2021, 2, 15))
    assert (in_2021.monthly_ubolt, in_2021.energy_ubolt_per_mwh) == (5_470_000, 34_815_000)
    assert row_on(plan.delivery, date(2023, 9, 1)).energy_ubolt_per_mwh == 54_694_000
    assert row_on(plan.fees, date(2023, 12, 31)).energy_ubolt_per_mwh == 555_000
    assert row_on(plan.fees, date(2024, 1, 1)).energy_ubolt_per_mwh == 630_000
    assert row_on(plan.taxes, date(2022, 1, 1)).gross_up_ppm == 1_021_637


def test_toml_and_its_document_are_the_same_plan() -> None:
    plan = plan_with()
    again = parse_plan(canonical_json(plan.document()), what="plan.json")
    assert again == plan
    assert again.digest == plan.digest


def test_any_change_of_the_terms_changes_the_digest() -> None:
    changes = ("1.50 ¢/kWh", "1.51 ¢/kWh"), ("version = 1", "version = 2"), ("30 ¢", "31 ¢")
    digests = {plan_with(change).digest for change in changes} | {plan_with().digest}
    assert len(digests) == 4


def test_comments_and_spaces_do_not_change_the_digest() -> None:
    assert plan_with(("# ERCOT system", "\n#")).digest == plan_with().digest


def test_the_index_is_bounded_by_floor_and_cap() -> None:
    terms = plan_with(('"0.00 $/MWh', '"10.00 $/MWh')).energy
    assert terms.bounded(-250_000_000) == 10_000_000
    assert terms.bounded(25_130_000) == 25_130_000
    assert terms.bounded(9_000_000_000) == 300_000_000


BROKEN = [
    ("gridplus.plan/1", "gridplus.plan/2", r"plan\.toml\.format: .* reads 'gridplus\.plan/1'"),
    ("version = 1", "version = -1", r"plan\.toml\.version: must be an integer"),
    ("version = 1", "version = true", r"plan\.toml\.version: must be an integer"),
    ("version = 1", "version = 1.5", r"plan\.toml\.version: write a text, an integer or a day"),
    ("version = 1", "", r"plan\.toml\.version: is missing; add it"),
    ("version = 1", "version = 1\nversion = 2", r"plan\.toml is not TOML: .*line 8"),
    ("version = 1", "version = ", r"plan\.toml is not TOML: .*line 7"),
    ('name = "', 'nmae = "x"\nname = "', r"plan\.toml\.nmae: is not a known key"),
    ('name = "', 'name = "\\u001b[31m', r"plan\.toml\.name: must be a text of .* printable"),
    ("cap = ", "kap = ", r"plan\.toml\.energy\.cap: is missing"),
    ("tdsp = ", "x = 1\ntdsp = ", r"plan\.toml\.delivery\.x: is not a known key"),
    ("monthly = ", "yearly = ", r"plan\.toml\.delivery\.rows\[0\]\.monthly: is missing"),
    ("America/Chicago", "America/Chicagoo", r"plan\.toml\.time_zone: .*IANA"),
    ("America/Chicago", "../etc/passwd", r"plan\.toml\.time_zone: .*IANA"),
    ("US-TX", "US-XX", r"plan\.toml\.jurisdiction: is 'US-XX'; known are US-TX"),
    ('"residential"', '"alien"', r"plan\.toml\.customer_class: .*known are residential"),
    ("2021-01-01", "2021-13-01", r"plan\.toml is not TOML"),
    ("2021-01-01", '"20210101"', r"plan\.toml\.effective_from: must be a day"),
    ("2021-01-01", "2021-01-01T00:00:00Z", r"plan\.toml\.effective_from: write a text"),
    ("as_of", "effective_until = 2021-01-01\nas_of", r"effective_until: must be later"),
    (
        "from = 2020-03-01",
        "from = 2021-03-01",
        r"plan\.toml\.delivery\.rows: must cover 2021-01-01",
    ),
    ("from = 2024-03-01", "from = 2023-09-01", r"plan\.toml\.delivery\.rows: must stand in order"),
    ("300.00 $/MWh", "300.00 USD", r"plan\.toml\.energy\.cap: '300.00 USD' is not a quantity"),
    ("300.00 $/MWh", "-1.00 $/MWh", r"plan\.toml\.energy\.cap: must not be negative"),
    ('"0.00 $/MWh', '"-1.00 $/MWh', r"plan\.toml\.energy\.floor: must not be negative"),
    ('"0.00 $/MWh', '"400.00 $/MWh', r"plan\.toml\.energy\.cap: must not be below the floor"),
    ("1.50 ¢/kWh", "-1.50 ¢/kWh", r"plan\.toml\.energy\.adder: must not be negative"),
    ("0.00 ¢/kWh", "-0.01 ¢/kWh", r"export_adder: makes the export price negative"),
    ("5.47 $/month", "-5.47 $/month", r"rows\[0\]\.monthly: must not be negative"),
    ("1.997 %", "101 %", r"plan\.toml\.taxes\.rows\[0\]\.gross_receipts: .* too large"),
    ("day_ahead_index", "fixed", r"plan\.toml\.energy\.kind: 'fixed' is not offered yet"),
]


@pytest.mark.parametrize(("old", "new", "says"), BROKEN)
def test_a_broken_plan_says_where_and_what_to_do(old: str, new: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        plan_with((old, new))


def test_a_plan_that_pays_more_for_export_than_it_charges_is_refused() -> None:
    charged = "0.00 ¢/kWh", "5.0370 ¢/kWh"  # adder 1.50, delivery 3.4815, fee 0.0555
    assert plan_with(charged).energy.export_adder_ubolt_per_mwh == 50_370_000
    paid_more = "0.00 ¢/kWh", "5.2 ¢/kWh"
    with pytest.raises(InputError, match=r"from 2021-01-01 on the plan pays more .*non-convex"):
        plan_with(paid_more)


def test_a_later_row_that_makes_import_cheaper_than_export_is_found() -> None:
    changes = ("0.00 ¢/kWh", "5.00 ¢/kWh"), ("3.8957 ¢/kWh", "3.00 ¢/kWh")
    with pytest.raises(InputError, match="from 2024-03-01 on the plan pays more"):
        plan_with(*changes)
    plan_with(*changes, ("as_of", "effective_until = 2024-03-01\nas_of"))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", r"plan\.toml\.format: is missing"),
        (b"\xff", r"plan\.toml is not TOML"),
        (b"{", r"plan\.toml is not a document"),
        (b"a = " + b"[" * 3000 + b"]" * 3000, r"plan\.toml is not TOML|nested too deep"),
        (b"a = [[[[[[1]]]]]]", r"plan\.toml.*nested too deep"),
        (b"#" * 70_000, r"plan\.toml has 70000 bytes; at most 65536"),
        (b'format = "gridplus.plan/1"\nenergy = 3', r"plan\.toml\.energy must be an object"),
    ],
)
def test_what_is_no_plan_at_all_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        parse_plan(data, what="plan.toml")


def test_a_plan_holds_on_the_days_it_names_only() -> None:
    plan = plan_with(("as_of", "effective_until = 2022-01-01\nas_of"))
    plan.require_effective(date(2021, 12, 31))
    for day in (date(2020, 12, 31), date(2022, 1, 1)):
        with pytest.raises(InputError, match=f"from 2021-01-01 until 2022-01-01, not on {day}"):
            plan.require_effective(day)


def test_the_plan_file_names_a_source_for_each_fact() -> None:
    assert PLAN_TEXT.count("\nsource = ") == PLAN_TEXT.count(".rows]]")
    assert plan_text_with() == PLAN_TEXT.encode()
