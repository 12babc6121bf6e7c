import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.tariff.quantity import Measure, parse_quantity


@pytest.mark.parametrize(
    ("text", "measure", "exact"),
    [
        ("250.00 $/MWh", Measure.PRICE_UBOLT_PER_MWH, 250_000_000),
        ("3.4815 ¢/kWh", Measure.PRICE_UBOLT_PER_MWH, 34_815_000),
        ("0.555 $/MWh", Measure.PRICE_UBOLT_PER_MWH, 555_000),
        ("-5 $/MWh", Measure.PRICE_UBOLT_PER_MWH, -5_000_000),
        ("5.47 $/month", Measure.MONTHLY_UBOLT, 5_470_000),
        ("1.997 %", Measure.RATIO_PPM, 19_970),
        ("0.1667 %", Measure.RATIO_PPM, 1_667),
        ("100 %", Measure.RATIO_PPM, 1_000_000),
    ],
)
def test_a_written_quantity_is_an_exact_integer(text: str, measure: Measure, exact: int) -> None:
    assert parse_quantity(text, measure, where="plan.toml") == exact


@pytest.mark.parametrize(
    ("text", "measure", "why"),
    [
        ("250.00 $/kWh", Measure.PRICE_UBOLT_PER_MWH, "write it like"),
        ("5.47 $/month", Measure.PRICE_UBOLT_PER_MWH, "write it like"),
        ("250", Measure.PRICE_UBOLT_PER_MWH, "write it like"),
        ("250$/MWh", Measure.PRICE_UBOLT_PER_MWH, "write it like"),
        ("250  $/MWh", Measure.PRICE_UBOLT_PER_MWH, "write it like"),
        ("+250 $/MWh", Measure.PRICE_UBOLT_PER_MWH, "write it like"),
        ("2,50 $/MWh", Measure.PRICE_UBOLT_PER_MWH, "write it like"),
        ("1e3 $/MWh", Measure.PRICE_UBOLT_PER_MWH, "write it like"),
        ("NaN $/MWh", Measure.PRICE_UBOLT_PER_MWH, "write it like"),
        ("Infinity $/MWh", Measure.PRICE_UBOLT_PER_MWH, "write it like"),
        ("٢٥ $/MWh", Measure.PRICE_UBOLT_PER_MWH, "write it like"),
        ("250 $/MWh\n", Measure.PRICE_UBOLT_PER_MWH, "write it like"),
        ("", Measure.PRICE_UBOLT_PER_MWH, "write it like"),
        ("3.48151234 ¢/kWh", Measure.PRICE_UBOLT_PER_MWH, "more decimals"),
        ("1.99705 %", Measure.RATIO_PPM, "more decimals"),
        ("100000.01 $/MWh", Measure.PRICE_UBOLT_PER_MWH, "too large"),
        ("100.0001 %", Measure.RATIO_PPM, "too large"),
    ],
)
def test_what_is_not_exact_or_not_meant_is_refused(text: str, measure: Measure, why: str) -> None:
    with pytest.raises(InputError, match=rf"plan\.toml\.cap: .*{why}"):
        parse_quantity(text, measure, where="plan.toml.cap")


@given(st.integers(-99_999_999_999, 99_999_999_999))
def test_every_ubolt_per_mwh_can_be_written(exact: int) -> None:
    whole, part = divmod(abs(exact), 1_000_000)
    text = f"{'-' if exact < 0 else ''}{whole}.{part:06d} $/MWh"
    assert parse_quantity(text, Measure.PRICE_UBOLT_PER_MWH, where="plan.toml") == exact
