"""Plan files: TOML as people write it, or the same content as canonical JSON -> Plan.

Every error names the file, the place in it and what to do. Unknown keys are refused.
"""

import tomllib
from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from gridplus.digest import Document, canonical_json, document_digest, parse_document
from gridplus.failures import InputError
from gridplus.tariff.fields import Fields
from gridplus.tariff.jurisdiction import (
    CUSTOMER_CLASSES,
    JURISDICTIONS,
    Offer,
    find_prohibition,
)
from gridplus.tariff.plan import (
    DAY_AHEAD_INDEX,
    PLAN_KIND,
    DeliveryRow,
    EnergyTerms,
    FeeRow,
    Plan,
    RowT,
    TaxRow,
    row_on,
)
from gridplus.tariff.quantity import Measure, parse_quantity
from gridplus.units import PPM

MAX_BYTES = 65_536
MAX_ROWS = 200
MAX_DEPTH = 4


def parse_plan(data: bytes, *, what: str) -> Plan:
    """TOML or JSON bytes -> Plan. `what` names the file in errors.

    Raises InputError for anything that is not a plan we can bill lawfully and exactly.
    """
    return plan_from(_load(data, what), what=what)


def plan_from(document: Document, *, what: str) -> Plan:
    """A document of kind 'gridplus.plan/1' -> Plan. Raises InputError as `parse_plan` does."""
    fields = Fields(document, what)
    if (found := fields.take("format")) != PLAN_KIND:
        fields.fail("format", f"is {found!r}; this program reads {PLAN_KIND!r}")
    terms = fields.object("energy")
    offer = _offer(fields, terms)
    as_of = fields.day("as_of")
    delivery = fields.object("delivery")
    plan = Plan(
        id=fields.text("id"),
        version=fields.integer("version", high=1_000_000),
        name=fields.text("name"),
        time_zone=_time_zone(fields),
        jurisdiction=offer.jurisdiction,
        customer_class=offer.customer_class,
        effective_from=offer.effective_from,
        effective_until=offer.effective_until,
        as_of=as_of,
        energy=_energy(terms, offer.kind),
        tdsp=delivery.text("tdsp"),
        delivery=_rows(delivery, _delivery_row, start=offer.effective_from),
        fees=_rows(fields.object("fees"), _fee_row, start=offer.effective_from),
        taxes=_rows(fields.object("taxes"), _tax_row, start=offer.effective_from),
        canonical=canonical_json(document),
        digest=document_digest(PLAN_KIND, document),
    )
    fields.close()
    _require_convex(plan, what)
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


def _offer(fields: Fields, terms: Fields) -> Offer:
    """What the law looks at, read and judged before anything else of the plan."""
    effective_from = fields.day("effective_from")
    until = fields.day("effective_until") if fields.has("effective_until") else None
    if until is not None and until <= effective_from:
        fields.fail("effective_until", "must be later than effective_from")
    offer = Offer(
        jurisdiction=fields.choice("jurisdiction", JURISDICTIONS),
        customer_class=fields.choice("customer_class", CUSTOMER_CLASSES),
        kind=terms.text("kind"),
        effective_from=effective_from,
        effective_until=until,
    )
    rule = find_prohibition(offer)
    if rule is not None:
        terms.fail(
            "kind",
            f"{offer.kind!r} is forbidden for a {offer.customer_class} customer from {rule.since} "
            f"on by {rule.law}: {rule.text} ({rule.source}). Choose {DAY_AHEAD_INDEX!r}",
        )
    if offer.kind != DAY_AHEAD_INDEX:
        terms.fail("kind", f"{offer.kind!r} is not offered yet; choose {DAY_AHEAD_INDEX!r}")
    return offer


def _time_zone(fields: Fields) -> str:
    name = fields.text("time_zone")
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        fields.fail("time_zone", f"is {name!r}; write an IANA name, like 'America/Chicago'")
    return name


def _energy(fields: Fields, kind: str) -> EnergyTerms:
    terms = EnergyTerms(
        kind=kind,
        settlement_point=fields.text("settlement_point"),
        cap_ubolt_per_mwh=_quantity(fields, "cap", measure=Measure.PRICE_UBOLT_PER_MWH),
        floor_ubolt_per_mwh=_quantity(fields, "floor", measure=Measure.PRICE_UBOLT_PER_MWH),
        adder_ubolt_per_mwh=_quantity(fields, "adder", measure=Measure.PRICE_UBOLT_PER_MWH),
        export_adder_ubolt_per_mwh=_signed(
            fields, "export_adder", measure=Measure.PRICE_UBOLT_PER_MWH
        ),
    )
    if terms.cap_ubolt_per_mwh < terms.floor_ubolt_per_mwh:
        fields.fail("cap", "must not be below the floor")
    if terms.floor_ubolt_per_mwh + terms.export_adder_ubolt_per_mwh < 0:
        fields.fail("export_adder", "makes the export price negative when the index is at floor")
    fields.close()
    return terms


def _signed(fields: Fields, key: str, *, measure: Measure) -> int:
    return parse_quantity(fields.text(key), measure, where=f"{fields.where}.{key}")


def _quantity(fields: Fields, key: str, *, measure: Measure) -> int:
    value = _signed(fields, key, measure=measure)
    if value < 0:
        fields.fail(key, "must not be negative")
    return value


def _rows(fields: Fields, read: Callable[[Fields], RowT], *, start: date) -> tuple[RowT, ...]:
    """Rows by the day they begin, oldest first; the first must have begun when the plan does."""
    rows = tuple(read(row) for row in fields.objects("rows", limit=MAX_ROWS))
    fields.close()
    if not rows or rows[0].since > start:
        fields.fail("rows", f"must cover {start}, the plan's first day; add a row from then")
    if any(later.since <= earlier.since for earlier, later in pairwise(rows)):
        fields.fail("rows", "must stand in order of their first day, each day once")
    return rows


def _delivery_row(fields: Fields) -> DeliveryRow:
    row = DeliveryRow(
        since=fields.day("from"),
        monthly_ubolt=_quantity(fields, "monthly", measure=Measure.MONTHLY_UBOLT),
        energy_ubolt_per_mwh=_quantity(fields, "energy", measure=Measure.PRICE_UBOLT_PER_MWH),
        source=fields.text("source"),
    )
    fields.close()
    return row


def _fee_row(fields: Fields) -> FeeRow:
    row = FeeRow(
        since=fields.day("from"),
        energy_ubolt_per_mwh=_quantity(fields, "ercot", measure=Measure.PRICE_UBOLT_PER_MWH),
        source=fields.text("source"),
    )
    fields.close()
    return row


def _tax_row(fields: Fields) -> TaxRow:
    row = TaxRow(
        since=fields.day("from"),
        puc_ppm=_quantity(fields, "puc_assessment", measure=Measure.RATIO_PPM),
        gross_receipts_ppm=_quantity(fields, "gross_receipts", measure=Measure.RATIO_PPM),
        source=fields.text("source"),
    )
    fields.close()
    return row


def _require_convex(plan: Plan, what: str) -> None:
    """Import may never be cheaper than export, on any day of the plan and at any index.

    Import rises at least as fast with the index as export does, so the floor is the worst case.
    """
    for day in _changes(plan):
        delivery, fee = row_on(plan.delivery, day), row_on(plan.fees, day)
        floor = plan.energy.floor_ubolt_per_mwh
        before_tax = (
            floor
            + plan.energy.adder_ubolt_per_mwh
            + delivery.energy_ubolt_per_mwh
            + fee.energy_ubolt_per_mwh
        )
        import_price = before_tax * row_on(plan.taxes, day).gross_up_ppm
        export_price = (floor + plan.energy.export_adder_ubolt_per_mwh) * PPM
        if import_price < export_price:
            raise InputError(
                f"{what}.energy.export_adder: from {day} on the plan pays more for export than it "
                "charges for import; only a non-convex planner could plan for that, and it does "
                "not exist yet. Lower export_adder or raise adder"
            )


def _changes(plan: Plan) -> Sequence[date]:
    """The days of the plan's term on which one of its rows begins to hold."""
    begun: set[date] = {plan.effective_from}
    for rows in (plan.delivery, plan.fees, plan.taxes):
        begun |= {row.since for row in rows if row.since > plan.effective_from}
    return sorted(day for day in begun if plan.holds_on(day))
