"""Bill files: one JSON document per home and operating day <-> BillDocument.

Reading checks shape and spelling only, and names the place of what is wrong; what the values must
be to one another is the business of `gridplus.verify`.
"""

from gridplus.digest import Document, canonical_json, parse_document
from gridplus.failures import InputError
from gridplus.market import PriceVersion, price_version_from
from gridplus.tariff.bill import (
    BILL_KIND,
    BillDocument,
    BilledInterval,
    ChannelIdentity,
    DayTotals,
    RestatedLink,
)
from gridplus.tariff.evidence_file import (
    MAX_STEPS,
    evidence_document,
    evidence_from,
    hand_from,
    link_document,
    link_from,
    settled_document,
    settled_from,
)
from gridplus.tariff.fields import Fields, format_octets
from gridplus.tariff.liabilities import Inclusion
from gridplus.tariff.line import RANK
from gridplus.tariff.plan_file import plan_from
from gridplus.tariff.proofs import Sibling, SumNode, SumPath
from gridplus.tariff.restatement import parse_restatement
from gridplus.tariff.statement import Tip, parse_statement
from gridplus.tariff.tally import tally_from
from gridplus.wallet import MAX_DAILY_CAP, Address, ChannelId, Descriptor

MAX_BYTES = 8_000_000
MAX_INTERVALS = 400
MAX_RESTATED = 400
_SHARES = ("first", "second")
_SUM_MAX = (1 << 53) - 1


def format_bill(bill: BillDocument) -> bytes:
    """The bill as the bytes of its file."""
    return canonical_json(bill_document(bill)) + b"\n"


def parse_bill(data: bytes, *, what: str = "the bill") -> BillDocument:
    """The bytes of a bill file -> BillDocument; white space does not matter.

    Raises InputError that names `what`, the place and the mend.
    """
    document = parse_document(data, limit=MAX_BYTES, what=what)
    bill = _bill(Fields(document, what))
    if bill_document(bill) != document:
        raise InputError(f"{what}: a value is not written as a bill is written; ask for it again")
    return bill


def bill_document(bill: BillDocument) -> dict[str, Document]:
    """The bill as a document."""
    restated: dict[str, Document] = {
        "restatements": [
            {"restatement": link.restatement.document(), **link_document(link.evidence)}
            for link in bill.restated
        ],
        "restated_prices": [prices.document() for prices in bill.restated_prices],
    }
    return {
        "format": BILL_KIND,
        **identity_document(bill.identity),
        "channel": format_octets(bill.channel),
        "plan": bill.plan.document(),
        "prices": bill.prices.document(),
        "opening": {
            "head": format_octets(bill.opening.head),
            **bill.opening.total.document(),
        },
        "intervals": [_interval_document(billed) for billed in bill.intervals],
        "totals": _totals_document(bill.totals),
        "inclusion": inclusion_document(bill.inclusion),
        **(restated if bill.restated else {}),
        **({"settled": settled_document(bill.settled)} if bill.settled else {}),
    }


def _bill(fields: Fields) -> BillDocument:
    if (found := fields.take("format")) != BILL_KIND:
        fields.fail("format", f"is {found!r}; this program reads {BILL_KIND!r}")
    where = fields.where
    opening = fields.object("opening")
    channel = ChannelId(fields.octets("channel", 32))
    bill = BillDocument(
        identity=identity_from(fields),
        plan=plan_from(fields.take("plan"), what=f"{where}.plan"),
        prices=price_version_from(fields.take("prices"), what=f"{where}.prices"),
        opening=Tip(
            channel,
            opening.octets("head", 32),
            tally_from(opening),
        ),
        intervals=tuple(_interval(i) for i in fields.objects("intervals", limit=MAX_INTERVALS)),
        totals=_totals(fields.object("totals")),
        inclusion=inclusion_from(fields.object("inclusion")),
        restated=_restated(fields),
        restated_prices=_restated_prices(fields),
        settled=settled_from(fields, channel) if fields.has("settled") else (),
    )
    opening.close()
    fields.close()
    if not bill.intervals:
        fields.fail("intervals", "must hold at least one interval")
    return bill


def _restated(fields: Fields) -> tuple[RestatedLink, ...]:
    """A bill without restatements does not speak of them."""
    if not fields.has("restatements"):
        return ()
    links = []
    for item in fields.objects("restatements", limit=MAX_RESTATED):
        links.append(link_of(item))
        item.close()
    return tuple(links)


def link_of(fields: Fields) -> RestatedLink:
    """Take a restatement with its evidence. Raises InputError that names the field."""
    found = fields.take("restatement")
    restatement = parse_restatement(found, what=f"{fields.where}.restatement")
    return RestatedLink(restatement, link_from(fields))


def _restated_prices(fields: Fields) -> tuple[PriceVersion, ...]:
    if not fields.has("restated_prices"):
        return ()
    found = fields.take("restated_prices")
    if not isinstance(found, list) or len(found) > MAX_RESTATED:
        fields.fail("restated_prices", f"must be a list of at most {MAX_RESTATED}")
    where = f"{fields.where}.restated_prices"
    return tuple(price_version_from(each, what=f"{where}[{i}]") for i, each in enumerate(found))


def identity_document(who: ChannelIdentity) -> dict[str, Document]:
    """The fields that name a channel; `identity_from` takes them again."""
    return {
        "chain_id": who.chain_id,
        "vault": format_octets(who.vault),
        "anchor": format_octets(who.anchor),
        "voucher_key": format_octets(who.voucher_key),
        "opening_cap_bolt": who.opening_cap,
        "descriptor": _descriptor_document(who.descriptor),
    }


def identity_from(fields: Fields) -> ChannelIdentity:
    """Take the fields of a channel's identity. Raises InputError that names the field."""
    return ChannelIdentity(
        chain_id=fields.integer("chain_id"),
        vault=Address(fields.octets("vault", 20)),
        anchor=Address(fields.octets("anchor", 20)),
        descriptor=_descriptor(fields.object("descriptor")),
        opening_cap=fields.integer("opening_cap_bolt", high=MAX_DAILY_CAP),
        voucher_key=Address(fields.octets("voucher_key", 20)),
    )


def _descriptor_document(descriptor: Descriptor) -> dict[str, Document]:
    return {
        "owner": format_octets(descriptor.owner),
        "guardian": format_octets(descriptor.guardian),
        "device_x": format_octets(descriptor.device_x.to_bytes(32, "big")),
        "device_y": format_octets(descriptor.device_y.to_bytes(32, "big")),
        "salt": format_octets(descriptor.salt),
    }


def _descriptor(fields: Fields) -> Descriptor:
    owner, guardian = (Address(fields.octets(name, 20)) for name in ("owner", "guardian"))
    x, y, salt = (fields.octets(name, 32) for name in ("device_x", "device_y", "salt"))
    fields.close()
    try:
        return Descriptor(owner, guardian, int.from_bytes(x, "big"), int.from_bytes(y, "big"), salt)
    except InputError as error:
        raise InputError(f"{fields.where}: {error}") from None


def _interval_document(billed: BilledInterval) -> Document:
    return {
        "statement": billed.statement.document(),
        "head": format_octets(billed.head),
        **evidence_document(billed.evidence),
    }


def _interval(fields: Fields) -> BilledInterval:
    where = f"{fields.where}.statement"
    billed = BilledInterval(
        statement=parse_statement(fields.take("statement"), what=where),
        head=fields.octets("head", 32),
        evidence=evidence_from(fields),
    )
    fields.close()
    return billed


def inclusion_document(inclusion: Inclusion) -> Document:
    """The salt, and the ways of both shares; `inclusion_from` takes them again."""
    paths = zip(_SHARES, inclusion.paths, strict=True)
    return {
        "salt": format_octets(inclusion.salt),
        **{share: _sum_path_document(path) for share, path in paths},
    }


def inclusion_from(fields: Fields) -> Inclusion:
    """Take all fields of an inclusion. Raises InputError that names the field."""
    first, second = (_sum_path(fields, share) for share in _SHARES)
    inclusion = Inclusion(fields.octets("salt", 32), (first, second))
    fields.close()
    return inclusion


def _sum_path_document(path: SumPath) -> list[Document]:
    return [
        {
            "hand": step.hand.value,
            "hash": format_octets(step.node.hash),
            "spent_ubolt": step.node.spent_ubolt,
            "earned_ubolt": step.node.earned_ubolt,
        }
        for step in path
    ]


def _sum_path(fields: Fields, share: str) -> SumPath:
    path = []
    for step in fields.objects(share, limit=MAX_STEPS):
        node = SumNode(
            step.octets("hash", 32),
            spent_ubolt=step.integer("spent_ubolt", high=_SUM_MAX),
            earned_ubolt=step.integer("earned_ubolt", high=_SUM_MAX),
        )
        path.append(Sibling(hand_from(step), node))
        step.close()
    return tuple(path)


def _totals_document(totals: DayTotals) -> dict[str, Document]:
    return {
        "import_wh": totals.import_wh,
        "export_wh": totals.export_wh,
        "charges_ubolt": totals.charges_ubolt,
        "credits_ubolt": totals.credits_ubolt,
        "lines_ubolt": {code.value: amount for code, amount in totals.lines_ubolt},
    }


def _totals(fields: Fields) -> DayTotals:
    lines = fields.object("lines_ubolt")
    totals = DayTotals(
        import_wh=fields.integer("import_wh"),
        export_wh=fields.integer("export_wh"),
        charges_ubolt=fields.integer("charges_ubolt"),
        credits_ubolt=fields.integer("credits_ubolt"),
        lines_ubolt=tuple(
            (code, lines.integer(code.value)) for code in RANK if lines.has(code.value)
        ),
    )
    lines.close()
    fields.close()
    return totals
