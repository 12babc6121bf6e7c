"""A bill for people says the numbers of the bill, to the last µBOLT, and nothing that is not so."""

import base64
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from gridplus.cli.bill import command
from gridplus.failures import InputError
from gridplus.paper import Story, View, html_bill, phase_of, story_of
from gridplus.paper.pdf import pdf_bill
from gridplus.paper.story import Proof, title_of
from gridplus.paper.words import cents, kwh
from gridplus.tariff import BillDocument, Code, Side, format_bill
from gridplus.units import format_ubolt
from tests.verify.signed_day import signed_day

BILL, _ = signed_day()
PROOF = Proof("bill.json", BILL.operating_day, BILL.intervals[-1].head, bytes(32))


def story(view: View = View.DAY, bill: BillDocument = BILL) -> Story:
    return story_of([bill], [PROOF], view=view)


class Cells(HTMLParser):
    """The text of each table cell, row by row, and every tag that was met."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        self._inside = tag == "td" or (self._inside and tag != "tr")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._inside and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def cells(page: str) -> Cells:
    parser = Cells()
    parser.feed(page)
    return parser


@pytest.mark.parametrize(("view", "count"), [(View.INTERVAL, 92), (View.DAY, 23), (View.MONTH, 1)])
def test_slots_and_lines_sum_to_the_bill_in_every_view(view: View, count: int) -> None:
    told, totals = story(view), BILL.totals
    assert len(told.slots) == count
    for name in ("import_wh", "export_wh", "charges_ubolt", "credits_ubolt"):
        assert sum(getattr(slot, name) for slot in told.slots) == getattr(totals, name)
        assert getattr(told, name) == getattr(totals, name)
    by_side = dict.fromkeys(Side, 0)
    for amount in told.amounts:
        by_side[amount.code.side] += amount.amount_ubolt
    assert (by_side[Side.CHARGE], by_side[Side.CREDIT]) == (
        totals.charges_ubolt,
        totals.credits_ubolt,
    )
    assert sum(amount for amount, _ in told.phases.values()) == totals.charges_ubolt
    assert sum(tenths for _, tenths in told.phases.values()) == 1_000


def test_every_line_that_a_bill_can_have_has_a_name_and_somebody_who_gets_it() -> None:
    assert all(phase_of(code) and title_of(code) for code in Code)
    assert len({title_of(code) for code in Code}) == len(Code)


def test_the_page_prints_the_amounts_of_the_bill_and_loads_nothing() -> None:
    page = html_bill(story())
    found = cells(page)
    printed = {row[0]: row[-1] for row in found.rows if len(row) == 4 and row[0]}
    for code, amount_ubolt in BILL.totals.lines_ubolt:
        assert printed[title_of(code)] == format_ubolt(amount_ubolt)
    together = next(row for row in found.rows if row[:1] == ["Together"])
    assert together[1:] == [
        kwh(BILL.totals.import_wh),
        kwh(BILL.totals.export_wh),
        format_ubolt(BILL.totals.charges_ubolt),
        format_ubolt(BILL.totals.credits_ubolt),
    ]
    assert found.tags.isdisjoint({"script", "link", "img", "iframe"})
    assert not re.search(r"https?://|url\(", page)
    assert f"0x{BILL.intervals[-1].head.hex()}" in page


def test_a_hostile_plan_name_and_file_name_stay_text() -> None:
    evil = '<script>alert("x")</script>&'
    plan = replace(BILL.plan, name=evil)
    bill = replace(BILL, plan=plan)
    told = story_of([bill], [replace(PROOF, file=evil)], view=View.DAY)
    page = html_bill(told)
    assert "script" not in cells(page).tags
    assert "&lt;script&gt;" in page
    assert pdf_bill(told).startswith(b"%PDF")


def pdf_text(data: bytes) -> str:
    """What the pages draw: reportlab writes streams as base 85 of deflate."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", data, re.S)
    drawn = b"".join(
        zlib.decompress(base64.a85decode(b"<~" + stream.strip(), adobe=True)) for stream in streams
    )
    return drawn.decode("latin-1")


def test_the_paper_says_the_same_and_the_same_bill_gives_the_same_bytes() -> None:
    data = pdf_bill(story())
    assert data == pdf_bill(story())
    text = pdf_text(data)
    for amount_ubolt in [amount for _, amount in BILL.totals.lines_ubolt if amount] + [
        BILL.totals.charges_ubolt,
        BILL.totals.credits_ubolt,
    ]:
        assert f"({format_ubolt(amount_ubolt)})" in text
    assert f"{BILL.intervals[-1].head.hex()}" in text


def test_bills_that_do_not_follow_each_other_are_not_one_bill() -> None:
    with pytest.raises(InputError, match="does not continue the one of"):
        story_of([BILL, BILL], [PROOF, PROOF], view=View.MONTH)
    other = replace(BILL, opening=replace(BILL.opening, channel=bytes(32)))
    with pytest.raises(InputError, match="not of one home and plan"):
        story_of([BILL, other], [PROOF, PROOF], view=View.MONTH)


def test_a_day_on_which_nothing_flowed_is_a_bill_too() -> None:
    quiet = replace(BILL.totals, import_wh=0, export_wh=0, charges_ubolt=0, credits_ubolt=0)
    told = replace(story(bill=replace(BILL, totals=quiet)), amounts=(), charges_ubolt=0)
    assert all(share == (0, 0) for share in told.phases.values())
    assert "average, all in" not in html_bill(replace(told, import_wh=0))


@pytest.mark.parametrize(
    ("price", "said"),
    [(21_537_000, "2.15"), (21_550_000, "2.16"), (-5_000_000, "-0.50"), (0, "0.00")],
)
def test_an_average_price_is_told_in_cents(price: int, said: str) -> None:
    assert cents(price) == said


def test_the_command_writes_both_files_and_refuses_what_is_no_bill(tmp_path: Path) -> None:
    path = tmp_path / "bill.json"
    path.write_bytes(format_bill(BILL))
    out = tmp_path / "out.html", tmp_path / "out.pdf"
    run = CliRunner().invoke(
        command, [str(path), "--html", str(out[0]), "--pdf", str(out[1]), "--view", "interval"]
    )
    assert run.exit_code == 0, run.output
    assert format_ubolt(BILL.totals.charges_ubolt) in run.output
    assert "Quarter hour by quarter hour" in out[0].read_text()
    assert out[1].read_bytes().startswith(b"%PDF")
    path.write_text("{}")
    run = CliRunner().invoke(command, [str(path)])
    assert isinstance(run.exception, InputError)
