"""A home's plan for people: a table with reasons; and as a document."""

from collections.abc import Iterator
from itertools import groupby

from gridplus.cli.home_plan import Planned
from gridplus.digest import Document
from gridplus.planner import Source, format_cents, reasons
from gridplus.units import ABOLT_PER_UBOLT, format_ubolt, format_utc, utc_from_s

_LABEL, _PRICE, _METER = 11, 9, 10
_WIDTH = _LABEL + _PRICE + _METER + 2


def plan_text(planned: Planned) -> str:
    """What it costs, what is left undone, then a block for each stretch in which the devices do the
    same: when, the price, what passes the meter, and why."""
    return "\n".join([*_summary(planned), "", *_rows(planned)]) + "\n"


def plan_document(planned: Planned) -> Document:
    """Every figure: the sums, what is undone, and each interval with its reasons."""
    plan, ahead = planned.plan, planned.ahead
    said = reasons(planned.home, ahead, plan=plan, labels=planned.labels)
    document: dict[str, Document] = {
        "source": plan.source.name,
        "cost_ubolt": _ubolt(plan.cost_abolt),
        "bill_ubolt": _ubolt(plan.bill_abolt),
        "wear_ubolt": _ubolt(plan.wear_abolt),
        "bound_ubolt": _ubolt(plan.bound_abolt),
        "without_a_plan_ubolt": _ubolt(planned.safe.cost_abolt),
        "unmet": [unmet.sentence for unmet in plan.unmet],
        "begins": dict(plan.begins),
        "intervals": [_interval(planned, i, said=said[i]) for i in range(ahead.count)],
    }
    if planned.billed_ubolt is not None:
        document["charged_ubolt"], document["credited_ubolt"] = planned.billed_ubolt
    return document


def _interval(planned: Planned, i: int, *, said: tuple[str, ...]) -> Document:
    plan, ahead = planned.plan, planned.ahead
    moves = {track.device: track.at(i) for track in plan.tracks if track.at(i) is not None}
    taken, fed = ahead.prices[i]
    return {
        "start": format_utc(utc_from_s(ahead.start_of(i))),
        "import_abolt_per_wh": str(taken),
        "export_abolt_per_wh": str(fed),
        "load_wh": ahead.load_wh[i],
        "solar_wh": ahead.solar_wh[i],
        "appliances_wh": plan.fixed_wh[i],
        **{f"{name}_take_wh": move.take_wh for name, move in moves.items() if move},
        **{f"{name}_give_wh": move.give_wh for name, move in moves.items() if move},
        **{f"{name}_level": move.level for name, move in moves.items() if move},
        **plan.flows[i]._asdict(),
        "why": list(said),
    }


def _summary(planned: Planned) -> Iterator[str]:
    plan, ahead = planned.plan, planned.ahead
    first, last = planned.labels[0], planned.labels[-1]
    yield f"{ahead.count} quarter hours from {first} to the end of {last}, {ahead.zone}"
    yield f"{plan.source.value}: {_bolt(plan.cost_abolt)} BOLT, of it wear {_bolt(plan.wear_abolt)}"
    if planned.billed_ubolt is not None:
        charged, credited = (format_ubolt(amount) for amount in planned.billed_ubolt)
        yield f"the bill of it: {charged} BOLT charged, {credited} credited, fixed charges in"
    yield f"without a plan, doing what is safe: {_bolt(planned.safe.cost_abolt)} BOLT"
    if plan.source is Source.OPTIMAL:
        yield f"no plan that leaves as much undone costs less than {_bolt(plan.bound_abolt)} BOLT"
    for unmet in plan.unmet:
        yield f"undone: {unmet.sentence}, worst at {planned.labels[unmet.at]}"


def _rows(planned: Planned) -> Iterator[str]:
    plan, ahead, labels = planned.plan, planned.ahead, planned.labels
    said = reasons(planned.home, ahead, plan=plan, labels=labels)
    yield "from".ljust(_LABEL) + "price".rjust(_PRICE) + "kWh".rjust(_METER) + "  what, and why"
    for _, group in groupby(range(ahead.count), lambda i: _acts(said[i])):
        places = list(group)
        net_wh = sum(plan.flows[i].import_wh - plan.flows[i].export_wh for i in places)
        first = places[0]
        lead = labels[first].ljust(_LABEL) + format_cents(ahead.prices[first][0]).rjust(_PRICE)
        lead += f"{net_wh / 1_000:+z.2f}".rjust(_METER) + "  "
        for sentence in said[first] or ("nothing to do",):
            yield lead + sentence
            lead = " " * _WIDTH


def _acts(sentences: tuple[str, ...]) -> tuple[str, ...]:
    """What is done, without when and why."""
    return tuple(sentence.partition(" at ")[0] for sentence in sentences)


def _ubolt(amount_abolt: int) -> int:
    return amount_abolt // ABOLT_PER_UBOLT


def _bolt(amount_abolt: int) -> str:
    return format_ubolt(_ubolt(amount_abolt))
