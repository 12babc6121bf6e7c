"""Restatements: what was billed is never touched, and what should have been is reached exactly."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.market import PriceVersion, operating_day_intervals
from gridplus.tariff import (
    LIMITS,
    Cause,
    Correction,
    History,
    Plan,
    Restatement,
    Side,
    Stated,
    Tip,
    next_statement,
    restate,
    restated_ubolt,
)
from gridplus.units import SETTLEMENT_INTERVAL_S, Interval
from gridplus.wallet import ChannelId
from tests.tariff.examples import (
    NET_METERING,
    PLAIN,
    TAXES,
    TIERS,
    plan_of,
    plan_with,
    prices_of,
    read_of,
)

CHANNEL = ChannelId(b"\x07" * 32)
DAY = operating_day_intervals(PLAIN)
PRICES = prices_of(PLAIN)
INDEXED = plan_with()
SOON_S = DAY[-1].end_s + 3_600
Energies = Sequence[tuple[int, int]]


def history_of(plan: Plan, energies: Energies, prices: PriceVersion = PRICES) -> History:
    tip, stated = Tip.genesis(CHANNEL), []
    for interval, (import_wh, export_wh) in zip(DAY, energies, strict=False):
        read = read_of(interval, import_wh, export_wh=export_wh)
        statement = next_statement(tip, plan=plan, prices=prices, read=read)
        stated.append(Stated(statement, plan, prices))
        tip = statement.tip
    return History.of(Tip.genesis(CHANNEL), stated)


def done(found: tuple[Restatement, History] | None) -> tuple[Restatement, History]:
    assert found is not None
    return found


def owed_abolt(history: History) -> int:
    """What the lines of all intervals come to: charges less credits."""
    return sum(
        line.amount_abolt if line.side is Side.CHARGE else -line.amount_abolt
        for version in history.versions.values()
        for line in version.lines
    )


energies = st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 900)), min_size=4, max_size=12)
PLANS = {
    "day-ahead": INDEXED,
    "tiers": plan_of(TIERS.replace("500 kWh", "3 kWh").replace("1000 kWh", "6 kWh"), TAXES),
    "net metering": plan_of('kind = "fixed_price"\nprice = "10.00 ¢/kWh"', NET_METERING, TAXES),
}


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@settings(max_examples=25, deadline=None)
@given(energies=energies, data=st.data())
def test_corrected_reads_lead_to_the_bill_that_would_have_been(
    plan: Plan, energies: Energies, data: st.DataObject
) -> None:
    """I-BI-7, also where a price depends on what was used before."""
    history = history_of(plan, energies)
    at = data.draw(st.integers(0, len(energies) - 1))
    better = data.draw(st.tuples(st.integers(0, 3_000), st.integers(0, 900)))
    corrected = [*energies[:at], better, *energies[at + 1 :]]
    right = history_of(plan, corrected)
    found = restate(
        history, [Correction(DAY[at], energy_wh=better)], cause=Cause.READ, decided_at_s=SOON_S
    )
    if found is None:
        assert better == energies[at]
        return
    restatement, after = found
    assert [v.lines for v in after.versions.values()] == [v.lines for v in right.versions.values()]
    assert restatement.after.month == right.tip.total.month
    total = restatement.after
    assert total.charges_abolt - total.credits_abolt == owed_abolt(right)
    assert restatement.spent_ubolt >= history.tip.total.spent_ubolt
    assert restatement.earned_ubolt >= history.tip.total.earned_ubolt
    assert sum(restated_ubolt(restatement).values()) == restatement.owed_ubolt
    untouched = [r for r in restatement.revisions if r.interval.start_s < DAY[at].start_s]
    assert untouched == []


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@settings(max_examples=15, deadline=None)
@given(energies=energies, data=st.data())
def test_corrections_one_after_the_other_lead_to_the_same_sum(
    plan: Plan, energies: Energies, data: st.DataObject
) -> None:
    history, right = history_of(plan, energies), list(energies)
    for _ in range(3):
        at = data.draw(st.integers(0, len(energies) - 1))
        right[at] = data.draw(st.tuples(st.integers(0, 3_000), st.integers(0, 900)))
        fix = Correction(DAY[at], energy_wh=right[at])
        found = restate(history, [fix], cause=Cause.READ, decided_at_s=SOON_S)
        history = history if found is None else found[1]
    due = history_of(plan, right)
    total = history.tip.total
    assert total.charges_abolt - total.credits_abolt == owed_abolt(due) == owed_abolt(history)
    assert total.month == due.tip.total.month
    assert [v.month for v in history.versions.values()] == [v.month for v in due.versions.values()]


def test_only_the_corrected_intervals_of_a_plan_without_memory_are_restated() -> None:
    history = history_of(INDEXED, [(400, 0)] * 8)
    dearer = replace(PRICES, version=2, prices_ubolt_per_mwh=(999_000_000,) * 24)
    restatement, after = done(
        restate(
            history, [Correction(DAY[3], prices=dearer)], cause=Cause.PRICES, decided_at_s=SOON_S
        )
    )
    (revision,) = restatement.revisions
    assert revision.interval == DAY[3]
    assert revision.replaces == history.versions[DAY[3].start_s].digest
    assert revision.price_digest == dearer.digest
    assert {delta.code.value for delta in revision.deltas} == {
        "energy", "tax_puc", "tax_gross_receipts",
    }  # fmt: skip
    assert restatement.previous_head == history.tip.head
    assert after.tip.head == restatement.head != history.tip.head
    again = restate(
        after, [Correction(DAY[3], prices=PRICES)], cause=Cause.PRICES, decided_at_s=SOON_S
    )
    back, _ = done(again)
    assert back.revisions[0].replaces == restatement.digest
    assert abs(back.owed_ubolt + restatement.owed_ubolt) <= 1
    assert back.earned_ubolt > restatement.earned_ubolt


def test_a_correction_that_says_the_same_restates_nothing() -> None:
    history = history_of(INDEXED, [(400, 20)] * 4)
    same = Correction(DAY[1], energy_wh=(400, 20), prices=PRICES, plan=INDEXED)
    assert restate(history, [same], cause=Cause.READ, decided_at_s=SOON_S) is None
    assert restate(history, [], cause=Cause.READ, decided_at_s=SOON_S) is None


def test_new_inputs_at_the_same_cost_are_told_and_move_no_money() -> None:
    history = history_of(INDEXED, [(0, 0)] * 4)
    other = replace(PRICES, version=2)
    restatement, _ = done(
        restate(
            history, [Correction(DAY[1], prices=other)], cause=Cause.PRICES, decided_at_s=SOON_S
        )
    )
    assert [r.deltas for r in restatement.revisions] == [()]
    assert restatement.owed_ubolt == 0


def test_an_error_in_the_plan_is_restated_like_any_other_input() -> None:
    history = history_of(INDEXED, [(1_000, 0)] * 4)
    cheaper = (
        plan_with(('adder = "1.50 ¢/kWh"', 'adder = "1.40 ¢/kWh"'))
        if ('adder = "1.50 ¢/kWh"' in INDEXED.canonical.decode())
        else plan_with(("1.50 ¢/kWh", "1.40 ¢/kWh"))
    )
    fixes = [Correction(interval, plan=cheaper) for interval in DAY[:4]]
    restatement, after = done(restate(history, fixes, cause=Cause.PLAN, decided_at_s=SOON_S))
    right = history_of(cheaper, [(1_000, 0)] * 4)
    assert owed_abolt(after) == owed_abolt(right)
    assert restatement.owed_ubolt < 0
    assert restatement.spent_ubolt == history.tip.total.spent_ubolt


def test_a_charge_that_comes_too_late_is_waived_and_a_credit_never_is() -> None:
    """16 TAC 25.480(e)."""
    (limit,) = LIMITS
    history = history_of(INDEXED, [(400, 0)] * 4)
    last_s = DAY[2].end_s + limit.within_s
    for decided_at_s, waived in ((last_s, False), (last_s + 1, True)):
        more = Correction(DAY[2], energy_wh=(500, 0))
        restatement, after = done(
            restate(history, [more], cause=Cause.READ, decided_at_s=decided_at_s)
        )
        assert [r.waived for r in restatement.revisions] == [waived]
        assert (restatement.owed_ubolt > 0) is not waived
        assert (owed_abolt(after) > owed_abolt(history)) is not waived
        less = Correction(DAY[2], energy_wh=(300, 0))
        credit, _ = done(restate(history, [less], cause=Cause.READ, decided_at_s=decided_at_s))
        assert credit.owed_ubolt < 0
        assert not credit.revisions[0].waived


def test_an_interval_that_was_never_billed_is_refused() -> None:
    history = history_of(INDEXED, [(400, 0)] * 4)
    for start_s in (DAY[10].start_s, DAY[0].start_s - 900):
        late = Correction(Interval(start_s, SETTLEMENT_INTERVAL_S), energy_wh=(1, 1))
        with pytest.raises(InputError, match="was never billed"):
            restate(history, [late], cause=Cause.READ, decided_at_s=SOON_S)


def test_prices_of_another_day_cannot_restate() -> None:
    history = history_of(INDEXED, [(400, 0)] * 4)
    wrong = Correction(DAY[1], prices=prices_of(date(2021, 7, 5)))
    with pytest.raises(InputError, match="no single price"):
        restate(history, [wrong], cause=Cause.PRICES, decided_at_s=SOON_S)


def test_every_field_of_a_restatement_is_bound_by_its_head() -> None:
    history = history_of(INDEXED, [(400, 0)] * 4)
    restatement, _ = done(
        restate(
            history, [Correction(DAY[1], energy_wh=(500, 0))], cause=Cause.READ, decided_at_s=SOON_S
        )
    )
    revision = restatement.revisions[0]
    heads = {restatement.head}
    for other in (
        replace(restatement, cause=Cause.PLAN),
        replace(restatement, decided_at_s=SOON_S + 1),
        replace(restatement, previous_head=bytes(32)),
        replace(restatement, revisions=(replace(revision, waived=True),)),
        replace(restatement, revisions=(replace(revision, replaces=bytes(32)),)),
        replace(restatement, revisions=(replace(revision, deltas=revision.deltas[:-1]),)),
        replace(restatement, after=replace(restatement.after, credits_abolt=1)),
    ):
        assert other.head not in heads
        heads.add(other.head)
