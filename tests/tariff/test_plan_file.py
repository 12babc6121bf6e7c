from datetime import date

import pytest

from gridplus.digest import canonical_json
from gridplus.failures import InputError
from gridplus.tariff import Index, parse_plan
from gridplus.tariff.components import Adder, ErcotFee, row_on
from tests.tariff.examples import PLAN_TEXT, plan_text_with, plan_with


def test_the_bundled_plan_is_what_its_file_says() -> None:
    plan = plan_with()
    assert plan.index == Index("DAM", floor=0, cap=300_000_000)
    assert plan.find(Adder) == Adder(15_000_000)
    assert plan.effective_until is None
    assert plan.delivery is not None
    in_2021 = row_on(plan.delivery.rows, date(2021, 2, 15))
    assert (in_2021.monthly_ubolt, in_2021.price) == (5_470_000, 34_815_000)
    assert row_on(plan.delivery.rows, date(2023, 9, 1)).price == 54_694_000
    fees = plan.find(ErcotFee)
    assert fees is not None
    assert row_on(fees.rows, date(2023, 12, 31)).price == 555_000
    assert row_on(fees.rows, date(2024, 1, 1)).price == 630_000
    assert plan.tax_on(date(2022, 1, 1)).gross_up_ppm == 1_021_637


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
    terms = Index("DAM", floor=10_000_000, cap=300_000_000)
    assert terms.bounded(-250_000_000) == 10_000_000
    assert terms.bounded(25_130_000) == 25_130_000
    assert terms.bounded(9_000_000_000) == 300_000_000
    open_ended = Index("RTM", floor=None, cap=None)
    assert [open_ended.bounded(price) for price in (-7, 9_000_000_000)] == [-7, 9_000_000_000]


BROKEN = [
    ("gridplus.plan/2", "gridplus.plan/1", r"plan\.toml\.format: .* reads 'gridplus\.plan/2'"),
    ("version = 1", "version = -1", r"plan\.toml\.version: must be an integer"),
    ("version = 1", "version = true", r"plan\.toml\.version: must be an integer"),
    ("version = 1", "version = 1.5", r"plan\.toml\.version: write a text, an integer or a day"),
    ("version = 1", "", r"plan\.toml\.version: is missing; add it"),
    ("version = 1", "version = 1\nversion = 2", r"plan\.toml is not TOML: .*line 8"),
    ("version = 1", "version = ", r"plan\.toml is not TOML: .*line 7"),
    ('name = "', 'nmae = "x"\nname = "', r"plan\.toml\.nmae: is not a known key"),
    ('name = "', 'name = "\\u001b[31m', r"plan\.toml\.name: must be a text of .* printable"),
    ("cap = ", "kap = ", r"plan\.toml\.index\.kap: is not a known key"),
    ("tdsp = ", "x = 1\ntdsp = ", r"plan\.toml\.components\[3\]\.x: is not a known key"),
    ("monthly = ", "yearly = ", r"components\[3\]\.rows\[0\]\.monthly: is missing"),
    ("America/Chicago", "America/Chicagoo", r"plan\.toml\.time_zone: .*IANA"),
    ("America/Chicago", "../etc/passwd", r"plan\.toml\.time_zone: .*IANA"),
    ("US-TX", "US-XX", r"plan\.toml\.jurisdiction: is 'US-XX'; known are US-TX, simulation"),
    ('"residential"', '"alien"', r"plan\.toml\.customer_class: .*known are residential"),
    ("2021-01-01", "2021-13-01", r"plan\.toml is not TOML"),
    ("2021-01-01", '"20210101"', r"plan\.toml\.effective_from: must be a day"),
    ("2021-01-01", "2021-01-01T00:00:00Z", r"plan\.toml\.effective_from: write a text"),
    ("as_of", "effective_until = 2021-01-01\nas_of", r"effective_until: must be later"),
    (
        "from = 2020-03-01",
        "from = 2021-03-01",
        r"plan\.toml\.components\[3\]\.rows: must cover 2021-01-01",
    ),
    (
        "from = 2024-03-01",
        "from = 2023-09-01",
        r"plan\.toml\.components\[3\]\.rows: must stand in order",
    ),
    ("300.00 $/MWh", "300.00 USD", r"plan\.toml\.index\.cap: '300.00 USD' is not a quantity"),
    ('"0.00 $/MWh', '"400.00 $/MWh', r"plan\.toml\.index\.cap: must not be below the floor"),
    ("1.50 ¢/kWh", "-1.50 ¢/kWh", r"plan\.toml\.components\[1\]\.price: must not be negative"),
    (
        '"index_price"',
        '"index_prize"',
        r"components\[0\]\.kind: is 'index_prize'; known are fixed_",
    ),
    ('"index_price"', '"adder"\nprice = "1.00 ¢/kWh"', r"components: price the energy 0 times"),
    ('"adder"\n', '"fixed_price"\n', r"components: price the energy 2 times"),
    ('"adder"\nprice', '"export_fixed"\nprice', r"components: pay for export twice"),
    (
        '"ercot_fee"',
        '"adder"\nprice = "1.00 ¢/kWh"\n\n[[components]]\nkind = "ercot_fee"',
        r"components: hold 'adder' 2 times",
    ),
    ('[index]\nmarket = "DAM"', "[index]", r"plan\.toml\.index\.market: is missing"),
    ('"DAM"', '"day_ahead"', r"plan\.toml\.index\.market: is 'day_ahead'; known are DAM, RTM"),
    ('"adder"\nprice = "1.50 ¢/kWh"', '"markup_waiver"', r"components: waive a mark-up that"),
    ("5.47 $/month", "-5.47 $/month", r"rows\[0\]\.monthly: must not be negative"),
    ("1.997 %", "101 %", r"components\[5\]\.rows\[0\]\.gross_receipts: .* too large"),
]


@pytest.mark.parametrize(("old", "new", "says"), BROKEN)
def test_a_broken_plan_says_where_and_what_to_do(old: str, new: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        plan_with((old, new))


def test_an_index_stands_where_it_is_needed_and_only_there() -> None:
    index = PLAN_TEXT[PLAN_TEXT.index("[index]") : PLAN_TEXT.index("[[components]]")]
    with pytest.raises(InputError, match=r"plan\.toml\.index: is missing, and 'index_price' needs"):
        plan_with((index, ""))
    fixed = ('"index_price"', '"fixed_price"\nprice = "9.00 ¢/kWh"')
    no_export = ('"export_index"\nadder = "0.00 ¢/kWh"', '"markup_waiver"')
    with pytest.raises(InputError, match=r"plan\.toml\.index: is not used by any component"):
        plan_with(fixed, no_export)
    assert plan_with(fixed, no_export, (index, "")).index is None


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", r"plan\.toml\.format: is missing"),
        (b"\xff", r"plan\.toml is not TOML"),
        (b"{", r"plan\.toml is not a document"),
        (b"a = " + b"[" * 3000 + b"]" * 3000, r"plan\.toml is not TOML|nested too deep"),
        (b"a = [[[[[[[[[[1]]]]]]]]]]", r"plan\.toml.*nested too deep"),
        (b"#" * 70_000, r"plan\.toml has 70000 bytes; at most 65536"),
        (
            b'format = "gridplus.plan/2"\neffective_from = 2021-01-01\nindex = 3',
            r"plan\.toml\.index: must be an object",
        ),
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
