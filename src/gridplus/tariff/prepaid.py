"""Prepaid service under the law: who may be served so, and when a home may be cut off.

Rules are data, each with its law and source; one function judges a request and names every rule
that it breaks. It is a guard against breaking them by mistake, not legal advice. Software never
disconnects: only the wires company does, on a request that this engine does not forbid.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, StrEnum

from gridplus.tariff.calendar import DayKind, Holidays
from gridplus.units import UBOLT_PER_BOLT

CONNECTION_MOST_UBOLT = 75 * UBOLT_PER_BOLT
DISCONNECTION_MOST_UBOLT = 10 * UBOLT_PER_BOLT
WARNING_DAYS_MIN, WARNING_DAYS_MAX = 1, 7
FREEZING_F = 32
HEAT_ADVISORY_DAYS = 2
_PREPAID = (
    "https://regulations.justia.com/states/texas/title-16/part-2/chapter-25/subchapter-r/"
    "section-25-498"
)
_DISCONNECTION = (
    "https://texreg.sos.state.tx.us/public/readtac$ext.TacPage?sl=T&app=9&p_dir=F&p_rloc=164786"
    "&p_tloc=14567&p_ploc=1&pg=2&p_tac=&ti=16&pt=2&ch=25&rl=483"
)


class Care(StrEnum):
    """What the wires company says of the people in a home."""

    NONE = "none"
    CRITICAL_CARE = "critical_care"
    CHRONIC_CONDITION = "chronic_condition"


@dataclass(frozen=True, slots=True)
class PrepaidTerms:
    """What a prepaid contract says: the balances (µBOLT) to connect, and to disconnect below."""

    customer_class: str
    connection_ubolt: int
    disconnection_ubolt: int


@dataclass(frozen=True, slots=True)
class Weather:
    """A county's day as the National Weather Service tells it: the previous day's highest
    temperature (°F), the highest predicted for the next 24 hours, and the days of its newest heat
    advisories. None where it is not known."""

    previous_high_f: int | None
    predicted_high_f: int | None
    heat_advisories: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class PrepaidHome:
    """A prepaid home at a local moment. `warned_on` is when it was last warned that its balance was
    about to fall below the disconnection balance, None if it was not since it last stood above;
    `disputed_ubolt` is what it was charged and disputes; `deferred_plan_kept` says that it keeps a
    deferred payment plan for what it owes; `payment_possible` that somebody takes its payment."""

    terms: PrepaidTerms
    balance_ubolt: int
    care: Care
    warned_on: date | None
    disputed_ubolt: int
    deferred_plan_kept: bool
    payment_possible: bool


class Breach(Enum):
    """What a contract or a disconnection would break, in the order of the rules."""

    CONNECTION_BALANCE_TOO_HIGH = "more than 75 $ is asked for to connect or reconnect a home"
    DISCONNECTION_BALANCE_TOO_HIGH = "a home would be cut off with more than 10 $ left"
    CARE_NEEDS_POSTPAID = (
        "the home is designated critical care or chronic condition: move it to postpaid service, "
        "without a fee and without an interruption"
    )
    BALANCE_NOT_BELOW = "the balance is not below the contract's disconnection balance"
    CHARGES_DISPUTED = "without the charges in dispute the balance would not be below"
    NOT_WARNED = "the home was not warned at least one and at most seven days before"
    DEFERRED_PLAN_KEPT = "the home keeps a deferred payment plan for what it owes"
    EXTREME_COLD = "it froze all day yesterday and will go on so for the next 24 hours"
    HEAT_ADVISORY = "a heat advisory stands for the county, or stood on one of the last two days"
    WEATHER_UNKNOWN = "the weather of the county is not known, so a moratorium cannot be excluded"
    DAY_OFF = "it is a weekend, a holiday, or the day before one"
    PAYMENT_IMPOSSIBLE = "the home cannot pay at this moment: nobody takes payments"


@dataclass(frozen=True, slots=True)
class PrepaidRule:
    """One rule of a jurisdiction: what it is broken by, and where it stands."""

    breach: Breach
    law: str
    source: str


LAWS = {
    rule.breach: rule
    for rule in (
        PrepaidRule(Breach.CONNECTION_BALANCE_TOO_HIGH, "16 TAC 25.498(b)(1)", _PREPAID),
        PrepaidRule(Breach.DISCONNECTION_BALANCE_TOO_HIGH, "16 TAC 25.498(b)(4)", _PREPAID),
        PrepaidRule(Breach.CARE_NEEDS_POSTPAID, "16 TAC 25.498(k)", _PREPAID),
        PrepaidRule(Breach.BALANCE_NOT_BELOW, "16 TAC 25.498(b)(4)", _PREPAID),
        PrepaidRule(Breach.CHARGES_DISPUTED, "16 TAC 25.483(e)", _DISCONNECTION),
        PrepaidRule(Breach.NOT_WARNED, "16 TAC 25.498", _PREPAID),
        PrepaidRule(Breach.DEFERRED_PLAN_KEPT, "16 TAC 25.498", _PREPAID),
        PrepaidRule(Breach.EXTREME_COLD, "16 TAC 25.483(j)(1)(A)", _DISCONNECTION),
        PrepaidRule(Breach.HEAT_ADVISORY, "16 TAC 25.483(j)(1)(B)", _DISCONNECTION),
        PrepaidRule(Breach.WEATHER_UNKNOWN, "16 TAC 25.483(j)", _DISCONNECTION),
        PrepaidRule(Breach.DAY_OFF, "house rule, stricter than the law", "docs/law.md"),
        PrepaidRule(Breach.PAYMENT_IMPOSSIBLE, "house rule, stricter than the law", "docs/law.md"),
    )
}
"""Where each rule stands. Residential limits of 75 $ and 10 $; other classes have none."""


def check_prepaid_offer(terms: PrepaidTerms, care: Care) -> tuple[Breach, ...]:
    """Everything for which a home may not be offered, or kept on, prepaid service on these terms.
    Empty: it may."""
    limited = terms.customer_class == "residential"
    found = (
        (
            Breach.CONNECTION_BALANCE_TOO_HIGH,
            limited and terms.connection_ubolt > CONNECTION_MOST_UBOLT,
        ),
        (
            Breach.DISCONNECTION_BALANCE_TOO_HIGH,
            limited and terms.disconnection_ubolt > DISCONNECTION_MOST_UBOLT,
        ),
        (Breach.CARE_NEEDS_POSTPAID, care is not Care.NONE),
    )
    return tuple(breach for breach, broken in found if broken)


def check_disconnection(
    home: PrepaidHome, weather: Weather, *, today: date, holidays: Holidays
) -> tuple[Breach, ...]:
    """Everything for which the wires company may not be asked to disconnect the home on the local
    day `today`. Empty: it may be asked."""
    floor_ubolt = home.terms.disconnection_ubolt
    below = home.balance_ubolt < floor_ubolt
    undisputed = home.balance_ubolt + home.disputed_ubolt
    found = (
        (Breach.BALANCE_NOT_BELOW, not below),
        (Breach.CHARGES_DISPUTED, below and undisputed >= floor_ubolt),
        (Breach.NOT_WARNED, not _was_warned(home, today)),
        (Breach.DEFERRED_PLAN_KEPT, home.deferred_plan_kept),
        (Breach.EXTREME_COLD, _freezes(weather)),
        (Breach.HEAT_ADVISORY, _is_hot(weather, today)),
        (Breach.WEATHER_UNKNOWN, None in (weather.previous_high_f, weather.predicted_high_f)),
        (Breach.DAY_OFF, _is_day_off(today, holidays)),
        (Breach.PAYMENT_IMPOSSIBLE, not home.payment_possible),
    )
    of_case = tuple(breach for breach, broken in found if broken)
    return (*check_prepaid_offer(home.terms, home.care), *of_case)


def _was_warned(home: PrepaidHome, today: date) -> bool:
    if home.warned_on is None:
        return False
    return WARNING_DAYS_MIN <= (today - home.warned_on).days <= WARNING_DAYS_MAX


def _freezes(weather: Weather) -> bool:
    highs = weather.previous_high_f, weather.predicted_high_f
    return all(high is not None and high <= FREEZING_F for high in highs)


def _is_hot(weather: Weather, today: date) -> bool:
    return any(0 <= (today - day).days <= HEAT_ADVISORY_DAYS for day in weather.heat_advisories)


def _is_day_off(today: date, holidays: Holidays) -> bool:
    days = today, today + timedelta(1)
    return any(holidays.kind_of(day) is not DayKind.WEEKDAYS for day in days)
