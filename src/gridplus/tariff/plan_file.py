"""Plan files: TOML as people write it, or the same content as canonical JSON -> Plan.

Every error names the file, the place in it and what to do. Unknown keys are refused.
"""

import tomllib
from collections import Counter
from datetime import date, datetime
from typing import get_args
from zoneinfo import ZoneInfo

from gridplus.digest import Document, canonical_json, document_digest, parse_document
from gridplus.failures import InputError
from gridplus.market.prices import Market
from gridplus.tariff.components import (
    KINDS,
    Adder,
    Component,
    MarkupWaiver,
    NetMetering,
    OwnUseFirst,
    Stepwise,
)
from gridplus.tariff.fields import Fields
from gridplus.tariff.jurisdiction import (
    CUSTOMER_CLASSES,
    JURISDICTIONS,
    Offer,
    find_prohibition,
)
from gridplus.tariff.plan import PLAN_KIND, Index, Plan
from gridplus.tariff.quantity import Measure, read_signed
from gridplus.tariff.texas import filled

MAX_BYTES = 65_536
MAX_COMPONENTS = 24
MAX_DEPTH = 8


def parse_plan(data: bytes, *, what: str) -> Plan:
    """TOML or JSON bytes -> Plan. `what` names the file in errors.

    Facts of Texas that the file only names become rows of the plan: its digest holds them.
    Raises InputError for anything that is not a plan we can bill lawfully and exactly.
    """
    return plan_from(filled(_load(data, what), what=what), what=what)


def plan_from(document: Document, *, what: str) -> Plan:
    """A document of kind 'gridplus.plan/2' -> Plan. Raises InputError as `parse_plan` does."""
    fields = Fields(document, what)
    if (found := fields.take("format")) != PLAN_KIND:
        fields.fail("format", f"is {found!r}; this program reads {PLAN_KIND!r}")
    begins, ends = _term(fields)
    index = _index(fields)
    components = _components(fields, start=begins)
    _require_whole(fields, components, index=index)
    plan = Plan(
        id=fields.text("id"),
        version=fields.integer("version", high=1_000_000),
        name=fields.text("name"),
        time_zone=_time_zone(fields),
        jurisdiction=fields.choice("jurisdiction", JURISDICTIONS),
        customer_class=fields.choice("customer_class", CUSTOMER_CLASSES),
        effective_from=begins,
        effective_until=ends,
        as_of=fields.day("as_of"),
        settlement_point=fields.text("settlement_point"),
        index=index,
        components=components,
        canonical=canonical_json(document),
        digest=document_digest(PLAN_KIND, document),
    )
    fields.close()
    _require_lawful(plan, what)
    return plan


def _load(data: bytes, what: str) -> Document:
    if data.lstrip()[:1] == b"{":
        return parse_document(data, limit=MAX_BYTES, what=what)
    if len(data) > MAX_BYTES:
        raise InputError(f"{what} has {len(data)} bytes; at most {MAX_BYTES} are accepted")
    try:
        return _plain(tomllib.loads(data.decode()), what)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} is not TOML: {error}") from None


def _plain(value: object, where: str, *, depth: int = 0) -> Document:
    """TOML values as document values: a day becomes its ISO text; times and floats are refused."""
    if depth > MAX_DEPTH:
        raise InputError(f"{where}: is nested too deep")
    if isinstance(value, dict):
        return {key: _plain(item, f"{where}.{key}", depth=depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, f"{where}[{i}]", depth=depth + 1) for i, item in enumerate(value)]
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str | int):
        return value
    raise InputError(f"{where}: write a text, an integer or a day, not {value}")


def _term(fields: Fields) -> tuple[date, date | None]:
    begins = fields.day("effective_from")
    ends = fields.day("effective_until") if fields.has("effective_until") else None
    if ends is not None and ends <= begins:
        fields.fail("effective_until", "must be later than effective_from")
    return begins, ends


def _time_zone(fields: Fields) -> str:
    name = fields.text("time_zone")
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        fields.fail("time_zone", f"is {name!r}; write an IANA name, like 'America/Chicago'")
    return name


def _index(fields: Fields) -> Index | None:
    if not fields.has("index"):
        return None
    terms = fields.object("index")
    market: Market = "DAM" if terms.choice("market", get_args(Market)) == "DAM" else "RTM"
    floor, cap = (_bound(terms, key) for key in ("floor", "cap"))
    terms.close()
    if floor is not None and cap is not None and cap < floor:
        terms.fail("cap", "must not be below the floor")
    return Index(market, floor, cap)


def _bound(terms: Fields, key: str) -> int | None:
    if not terms.has(key):
        return None
    return read_signed(terms, key, measure=Measure.PRICE_UBOLT_PER_MWH)


def _components(fields: Fields, *, start: date) -> tuple[Component, ...]:
    components = []
    for item in fields.objects("components", limit=MAX_COMPONENTS):
        components.append(KINDS[item.choice("kind", KINDS)].read(item, start=start))
        item.close()
    return tuple(components)


def _require_whole(
    fields: Fields, components: tuple[Component, ...], *, index: Index | None
) -> None:
    """The components fit together. Raises InputError that says which do not."""
    energy = [part for part in components if part.is_energy]
    if len(energy) != 1:
        known = ", ".join(kind for kind, part in KINDS.items() if part.is_energy)
        fields.fail("components", f"price the energy {len(energy)} times; keep one of {known}")
    if sum(part.is_export for part in components) > 1:
        fields.fail("components", "pay for export twice; keep one")
    for name, count in Counter(part.name for part in components).items():
        if count > 1:
            fields.fail("components", f"hold {name!r} {count} times; keep one, or name them apart")
    asking = [part.name for part in components if part.needs_index]
    if asking and index is None:
        fields.fail("index", f"is missing, and {asking[0]!r} needs it; add it")
    if index is not None and not asking:
        fields.fail("index", "is not used by any component; remove it")
    netting = [part for part in components if isinstance(part, NetMetering | OwnUseFirst)]
    if netting and isinstance(energy[0], Stepwise):
        fields.fail("components", f"{netting[0].kind!r} needs one energy price in each interval")
    kinds = {type(part) for part in components}
    if MarkupWaiver in kinds and Adder not in kinds:
        fields.fail("components", "waive a mark-up that the plan does not have; add an 'adder'")


def _require_lawful(plan: Plan, what: str) -> None:
    priced = next(part for part in plan.components if part.is_energy)
    real_time = plan.index is not None and plan.index.market == "RTM"
    offer = Offer(
        jurisdiction=plan.jurisdiction,
        customer_class=plan.customer_class,
        kind="real_time_index" if priced.needs_index and real_time else priced.kind,
        effective_from=plan.effective_from,
        effective_until=plan.effective_until,
    )
    rule = find_prohibition(offer)
    if rule is not None:
        raise InputError(
            f"{what}.index.market: real-time prices are forbidden for a {offer.customer_class} "
            f"customer from {rule.since} on by {rule.law}: {rule.text} ({rule.source}). Choose "
            "'DAM', end the plan before that day, or write jurisdiction 'simulation'"
        )
