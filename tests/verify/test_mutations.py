"""Nothing in a bill is decoration: change any one value of its file and it fails, by name.

Every leaf of the header, the plan, the prices, the totals, the inclusion path, the paid request and
three intervals (first, one with export, last) and what another is given is changed one at a time,
and every object and list is torn.
"""

import copy
import json
import random
from collections.abc import Iterator

import pytest

from gridplus.digest import Document
from gridplus.failures import InputError
from gridplus.tariff import Code, Hand, format_bill, parse_bill
from gridplus.units import format_utc, utc_from_s
from gridplus.verify import inspections
from tests.verify.signed_day import ASKED, signed_day

BILL, TRUTH = signed_day()
DOCUMENT = json.loads(format_bill(BILL))
WITH_EXPORT, LAST = 47, len(BILL.intervals) - 1
SEED = 7
Place = tuple[str | int, ...]
Change = tuple[Place, Document]


def leaves(node: Document, place: Place = ()) -> Iterator[tuple[Place, Document]]:
    """Every object, list and leaf below `node` with its place, in order."""
    yield place, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*place, key))
    elif isinstance(node, list):
        for at, value in enumerate(node):
            if place[-1:] == ("reads",) and at not in (0, len(node) - 1):
                continue
            if place != ("intervals",) or at in (0, WITH_EXPORT, ASKED.start, LAST):
                yield from leaves(value, (*place, at))


def changes_of(node: Document, dice: random.Random) -> Iterator[Document]:
    """What may stand there instead: a neighbour of a number, a text with one character changed."""
    if isinstance(node, int):
        yield from (node + 1, node - 1)
    elif isinstance(node, str) and node.isdigit():
        yield from (str(int(node) + 1), str(int(node) - 1))
    elif isinstance(node, str):
        yield from texts_beside(node, dice)
    elif node is None:
        yield "0x" + "00" * 64
        yield DOCUMENT["intervals"][WITH_EXPORT]["credit_signature"]
    elif isinstance(node, list):
        yield from lists_beside(node, dice)
    elif isinstance(node, dict):
        torn = dice.choice(sorted(node))
        yield {key: value for key, value in node.items() if key != torn}
        yield {**node, "note": "x"}


def texts_beside(text: str, dice: random.Random) -> Iterator[str]:
    at = dice.randrange(2 if text.startswith("0x") else 0, len(text))
    yield text[:at] + ("1" if text[at] != "1" else "2") + text[at + 1 :]
    if text.startswith("0x"):
        return
    yield text[:-1]
    if text in list(Hand):
        yield Hand.LEFT if text == Hand.RIGHT else Hand.RIGHT
    if text in list(Code):
        yield Code.EXPORT if text != Code.EXPORT else Code.ENERGY


def lists_beside(items: list[Document], dice: random.Random) -> Iterator[list[Document]]:
    if not items:
        return
    at = dice.randrange(len(items))
    yield items[:at] + items[at + 1 :]
    yield items[: at + 1] + items[at:]
    if len(items) > 1:
        at = dice.randrange(len(items) - 1)
        yield [*items[:at], items[at + 1], items[at], *items[at + 2 :]]


def all_changes() -> list[Change]:
    dice = random.Random(SEED)
    return [
        (place, changed)
        for place, node in leaves(DOCUMENT)
        if place[:2] != ("intervals", ASKED.start) or "given" in place
        for changed in changes_of(node, dice)
        if changed != node and place
    ]


def changed_bill(place: Place, changed: Document) -> bytes:
    document = copy.copy(DOCUMENT)
    node = document
    for step in place[:-1]:
        node[step] = copy.copy(node[step])
        node = node[step]
    node[place[-1]] = changed
    return json.dumps(document, ensure_ascii=False).encode()


def complaint(data: bytes) -> str | None:
    """Why the bill fails: the first thing that is wrong, or None when all of it holds."""
    try:
        bill = parse_bill(data, what="bill.json")
    except InputError as error:
        return str(error)
    failed = (check for check in inspections(bill, TRUTH) if not check.ok)
    return next((f"{check.name}: {check.detail}" for check in failed), None)


CHANGES = all_changes()
SLICES = 8


def test_the_unchanged_bill_holds() -> None:
    assert complaint(changed_bill(("chain_id",), DOCUMENT["chain_id"])) is None
    assert len(CHANGES) > 600


@pytest.mark.parametrize("part", range(SLICES))
def test_every_changed_value_fails_by_name(part: int) -> None:
    """I-BI-4."""
    for place, changed in CHANGES[part::SLICES]:
        said = complaint(changed_bill(place, changed))
        assert said, f"{place} -> {str(changed)[:80]!r} went unnoticed (seed {SEED})"
        assert len(said.split(": ", 1)) == 2
        if place[0] == "settled" and len(place) > 1:
            assert "request" in said or "settled" in said, (place, said)
        if place[0] == "intervals" and len(place) > 1:
            at = int(place[1])
            start = format_utc(utc_from_s(BILL.intervals[at].statement.interval.start_s))
            assert start in said or f"intervals[{at}]" in said, (place, said)


def test_an_interval_that_was_paid_later_may_lack_its_own_voucher_but_not_the_last() -> None:
    for at, says in ((WITH_EXPORT, None), (LAST, "the last voucher is absent")):
        said = complaint(changed_bill(("intervals", at, "voucher_signature"), None))
        assert said == says or (says is not None and said is not None and says in said)
    assert complaint(changed_bill(("intervals", WITH_EXPORT, "credit_signature"), None))
