from pathlib import Path

import pytest

from gridplus.market import operating_day_intervals
from gridplus.tariff import Line, Tally, rate, rates_at
from tests.tariff.examples import PLAIN, plan_with, prices_of, read_of

PAGE = (Path(__file__).parents[2] / "docs" / "bills.md").read_text()
PLAN, PRICES, NOON = plan_with(), prices_of(PLAIN), operating_day_intervals(PLAIN)[48]
RATED = rate(PLAN, PRICES, read=read_of(NOON, 425, export_wh=7), before=Tally())


@pytest.mark.parametrize("line", RATED.lines, ids=lambda line: line.code)
def test_the_worked_interval_in_the_docs_is_what_the_rater_gives(line: Line) -> None:
    (row,) = (row for row in PAGE.splitlines() if row.startswith(f"| {line.code} "))
    assert f"{line.amount_abolt:,}" in row


def test_the_sums_and_marginal_prices_in_the_docs_are_the_raters() -> None:
    rates = rates_at(PLAN, PRICES, interval=NOON)
    assert f"**{RATED.after.charges_abolt:,}**" in PAGE
    assert f"`spent` would be {RATED.after.spent_ubolt:,} µBOLT" in PAGE
    assert f"`earned` {RATED.after.earned_ubolt:,} µBOLT" in PAGE
    before_tax = sum(price for _, price in rates.import_prices)
    assert rates.import_abolt_per_wh == before_tax * 1_021_637
    assert "(35,960,000 + 15,000,000 + 34,815,000 + 555,000) x 1,021,637" in PAGE
