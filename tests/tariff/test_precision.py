"""The error of what is paid never exceeds 1 µBOLT, however long a channel lives."""

import random
from datetime import timedelta
from fractions import Fraction

from gridplus.market import operating_day_intervals
from gridplus.tariff import Line, Rates, Tally, rate, rates_at
from gridplus.units import ABOLT_PER_UBOLT, ubolt_down, ubolt_up
from tests.tariff.examples import PLAIN, plan_with, prices_of, read_of

SEED = 20210215
INTERVALS = 1_000_000
MAX_WH = 24_000


def random_rates(dice: random.Random) -> list[Rates]:
    """Rates of a month of random prices, from far below zero to far above the cap."""
    plan = plan_with()
    days = [PLAIN + timedelta(at) for at in range(20)]
    return [
        rates_at(
            plan, prices_of(day, lambda _: dice.randint(-(10**8), 9 * 10**9)), interval=interval
        )
        for day in days
        for interval in operating_day_intervals(day)
    ]


def test_over_a_million_random_intervals_the_error_stays_below_one_ubolt() -> None:
    """I-BI-1."""
    dice = random.Random(SEED)
    rates = [
        (r.import_abolt_per_wh, r.fixed_abolt, r.export_abolt_per_wh) for r in random_rates(dice)
    ]
    dice.shuffle(rates)
    spent = earned = charges = credited = 0
    for at in range(INTERVALS):
        import_abolt, fixed_abolt, export_abolt = rates[at % len(rates)]
        draw = dice.getrandbits(30)
        charges += (draw & 0x7FFF) % MAX_WH * import_abolt + fixed_abolt
        credited += (draw >> 15) % MAX_WH * export_abolt
        now_spent = ubolt_down(charges)
        now_earned = ubolt_up(credited)
        owed = charges - now_spent * ABOLT_PER_UBOLT
        given = now_earned * ABOLT_PER_UBOLT - credited
        if not (0 <= owed < ABOLT_PER_UBOLT and 0 <= given < ABOLT_PER_UBOLT):
            raise AssertionError(f"interval {at}, seed {SEED}: off by {owed}, {given} aBOLT")
        if now_spent < spent or now_earned < earned:
            raise AssertionError(f"interval {at}, seed {SEED}: a counter fell")
        spent, earned = now_spent, now_earned
    total = Tally(charges, credited)
    assert (total.spent_ubolt, total.earned_ubolt) == (spent, earned)


def exact_ubolt(lines: list[Line]) -> Fraction:
    return Fraction(sum(line.amount_abolt for line in lines), ABOLT_PER_UBOLT)


def test_the_rater_itself_adds_up_and_never_lets_a_counter_fall() -> None:
    dice, plan, total = random.Random(SEED), plan_with(), Tally()
    charged, credited = Fraction(0), Fraction(0)
    for at in range(60):
        prices = prices_of(PLAIN + timedelta(at), lambda _: dice.randint(-(10**8), 9 * 10**9))
        for interval in operating_day_intervals(prices.operating_day):
            read = read_of(interval, dice.randrange(MAX_WH), export_wh=dice.randrange(MAX_WH))
            rated = rate(plan, prices, read=read, before=total)
            *charges, export = rated.lines
            charged += exact_ubolt(charges)
            credited += exact_ubolt([export])
            assert rated.after.spent_ubolt >= total.spent_ubolt
            assert rated.after.earned_ubolt >= total.earned_ubolt
            total = rated.after
            assert 0 <= charged - total.spent_ubolt < 1
            assert 0 <= total.earned_ubolt - credited < 1
