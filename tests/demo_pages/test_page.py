"""The summary page stands alone, says every number, and lets nothing from outside act."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from gridplus.demo.figures import Figures
from gridplus.demo.page import summary_page
from gridplus.demo.readout import format_cents, format_scaled, home_rows
from gridplus.units import format_ubolt
from tests.demo_pages.street import calm_day, storm_day, with_text

VOID = {"meta", "br", "hr", "link", "img", "input", "col"}


class Outline(HTMLParser):
    """Open tags, headings, and what would load from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.loads: list[str] = []
        self.wrong: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.loads += [f"{k}={v}" for k, v in attrs if k in ("src", "href", "action", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text.append(data)


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    return found


@pytest.mark.parametrize("figures", [calm_day(), storm_day(), calm_day(homes=2, days=2)])
def test_the_page_is_well_formed_and_loads_nothing_from_elsewhere(figures: Figures) -> None:
    found = outline(summary_page(figures))
    assert found.wrong == []
    assert found.open == []
    assert [load for load in found.loads if not load.startswith("href=#")] == []


def test_the_only_addresses_in_it_are_those_of_licences_and_namespaces() -> None:
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", summary_page(calm_day())))
    assert all("w3.org" in a or "github.com/leeoniya" in a for a in addresses), addresses


def test_every_home_is_in_the_table_and_every_plot_has_words() -> None:
    figures = calm_day()
    found = outline(summary_page(figures))
    text = " ".join(found.text)
    assert all(home.name in text for home in figures.homes)
    assert found.seen.count("figcaption") + found.seen.count("caption") >= 5
    assert found.seen.count("h1") == 1


def _rows(page: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row.replace("−", "-")) for row in rows]


@pytest.mark.parametrize("figures", [calm_day(), storm_day()])
def test_every_number_of_every_home_is_on_the_page(figures: Figures) -> None:
    rows = _rows(summary_page(figures))
    for row in home_rows(figures):
        money = map(format_cents, (row.paid, row.without_control, row.saved, row.flat))
        energy = (format_scaled(row.taken, 1), format_scaled(row.fed_in, 1))
        assert [row.name, *money, *energy] in rows
    for home in figures.homes:
        assert [home.name, *[format_ubolt(home.chain_headroom_ubolt)] * 3, "agree"] in rows


def test_a_home_that_disagrees_is_named_and_alarms() -> None:
    figures = calm_day()
    assert '<p class="good">' in summary_page(figures)
    first, *others = figures.homes
    broken = replace(first, voucher_headroom_ubolt=first.voucher_headroom_ubolt - 1)
    page = summary_page(replace(figures, homes=(broken, *others)))
    assert '<p class="bad">' in page
    assert "16 of 17 homes agree to the µBOLT: chain, ledger, voucher; not home 1." in page
    assert page.count("DIFFER") == 1


def test_what_a_kwh_cost_is_drawn_back_where_a_part_is_negative() -> None:
    assert 'class="bar less"' in summary_page(storm_day())
    assert 'class="bar less"' not in summary_page(calm_day())


def test_a_street_that_took_nothing_has_no_cost_of_a_kwh() -> None:
    figures = calm_day()
    page = summary_page(replace(figures, energy=replace(figures.energy, import_wh=0)))
    assert "The homes took no energy from the grid." in page


def test_the_vendored_files_are_those_of_their_provenance() -> None:
    assets = files("gridplus.demo") / "assets"
    said = dict(
        re.findall(r"^\| (\S+) \| ([0-9a-f]{64}) \|$", (assets / "PROVENANCE.md").read_text(), re.M)
    )
    assert set(said) == {"uPlot.iife.min.js", "uPlot.min.css", "LICENSE.uPlot"}
    for name, digest in said.items():
        assert hashlib.sha256((assets / name).read_bytes()).hexdigest() == digest


def test_hostile_text_stays_text() -> None:
    evil = '</script><script>alert("x")</script><img src=x onerror=alert(1)>'
    plain, attacked = (
        outline(summary_page(figures)) for figures in (calm_day(), with_text(calm_day(), evil))
    )
    assert attacked.seen.count("script") == plain.seen.count("script")
    assert attacked.seen.count("img") == plain.seen.count("img")
    assert attacked.wrong == []


def test_the_pages_own_policy_lets_only_its_own_scripts_run() -> None:
    page = summary_page(calm_day())
    policy = re.search(r'http-equiv="Content-Security-Policy"\s+content="([^"]+)"', page)
    assert policy is not None
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert scripts
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"sha256-{digest}" in policy.group(1)
    assert "unsafe-inline" not in policy.group(1).partition("script-src")[2].partition(";")[0]


def test_the_plotted_numbers_are_the_runs() -> None:
    figures = calm_day()
    page = summary_page(figures)
    data = re.search(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert data is not None
    document = json.loads(data.group(1))
    assert str(figures.series.start_s[0]) in json.dumps(document)
