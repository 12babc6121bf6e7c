"""What came of what the retailer asked: who followed, by whose leave, who did not and why, and the
reward on the bill."""

from collections import Counter

from gridplus.demo.asks import DailyAsk
from gridplus.demo.audit import Audit
from gridplus.demo.conductor import Asked, Run
from gridplus.demo.figures import AskFigures, HeedFigures
from gridplus.planner import format_cents
from gridplus.tariff import Code
from gridplus.units import ABOLT_PER_PBOLT

_REQUEST = "request"


def asks_of(run: Run, audit: Audit) -> tuple[AskFigures, ...]:
    """In the order in which they were told."""
    return tuple(_figures(run, asked, audit=audit) for asked in run.asked)


def _figures(run: Run, asked: Asked, *, audit: Audit) -> AskFigures:
    order = asked.ask.order(asked.day)
    return AskFigures(
        asked.ask.kind,
        asked.ask.told_s(asked.day),
        order["start_s"],
        order["end_s"],
        _text(asked.ask),
        tuple(Counter(asked.ways.values()).items()),
        tuple(_heed(asked, home.name, audit=audit) for home in run.residents),
    )


def _heed(asked: Asked, home: str, *, audit: Audit) -> HeedFigures:
    followed = asked.followed.get(home, {})
    reward_ubolt = sum(
        dict(bill.totals.lines_ubolt).get(Code.DEMAND_RESPONSE, 0)
        for bill in audit.bills[home]
        if asked.ask.kind == _REQUEST and bill.operating_day == asked.day
    )
    why_not = "" if followed else asked.declined.get(home, "nothing was left to do")
    return HeedFigures(home, tuple(followed.items()), why_not, reward_ubolt)


def _text(ask: DailyAsk) -> str:
    said = dict(ask.said)
    if ask.kind == "limit":
        return f"take at most {said['import_w']} W from the grid"
    if ask.kind != _REQUEST:
        return f"{said['text']}"
    cents = format_cents(said["reward_ubolt_per_mwh"] * ABOLT_PER_PBOLT)
    return f"use less for {cents} a kWh, against {said['baseline']}"
