"""The summary of a run as one HTML page: no network, light and dark, paper and phone.

Everything that is not markup of our own is escaped; the page's own policy lets only the two
scripts run whose hashes it names.
"""

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from string import Template

from gridplus.demo import readout
from gridplus.demo.charts import HOURS_HEAD, Chart, chart_document, charts, hours
from gridplus.demo.figures import Figures
from gridplus.demo.readout import format_cents, format_scaled, printable, share_rounded
from gridplus.units import format_ubolt

UPLOT = "uPlot.iife.min.js"


class Markup(str):
    """HTML that this module has made; any other text is escaped where it enters a page."""

    __slots__ = ()


def _escaped(text: str) -> Markup:
    return text if isinstance(text, Markup) else Markup(html.escape(text))


def _fill(template: str, **texts: str) -> Markup:
    escaped = {name: _escaped(text) for name, text in texts.items()}
    return Markup(Template(template).substitute(escaped))


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("\n".join(parts))


def summary_page(figures: Figures) -> str:
    """The whole page of one run."""
    drawn = charts(figures)
    library = f"/*\n{_asset('LICENSE.uPlot')}\n*/\n{_asset(UPLOT)}"
    drawing = _asset("charts.js")
    return _fill(
        _asset("page.html"),
        policy=_policy(library, drawing),
        style=Markup(_asset("uPlot.min.css") + _asset("page.css")),
        library=Markup(library),
        drawing=Markup(drawing),
        document=_embedded(chart_document(figures, drawn)),
        plots=_joined(_plot(chart) for chart in drawn),
        hours=_table(HOURS_HEAD, hours(figures), caption="Plotted values", kind="hours"),
        **_sentences(figures),
        **_tables(figures),
    )


def _asset(name: str) -> str:
    return (files("gridplus.demo") / "assets" / name).read_text(encoding="utf-8")


def _policy(*scripts: str) -> str:
    """A content security policy under which nothing is fetched and only `scripts` run."""
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src {allowed}"


def _embedded(document: object) -> Markup:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(document, separators=(",", ":"))
    return Markup(text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e"))


def _sentences(figures: Figures) -> dict[str, str]:
    return {
        "period": readout.period(figures),
        "bought": readout.who_bought(figures),
        "paid": readout.what_was_paid(figures),
        "plan": printable(figures.plan),
        "label": readout.what_label_says(figures),
        "homes_note": readout.where_homes_come_from(figures),
        "energy": readout.what_energy_moved(figures),
        "flat": readout.what_flat_means(figures),
        "devices": readout.who_has_what(figures),
        "earned": readout.what_was_earned(figures),
        "ahead": readout.what_was_bought_ahead(figures),
        "payments": readout.what_payments_took(figures),
        "gas": readout.what_gas_it_took(figures),
        "verdict": "good" if figures.agrees else "bad",
        "agrees": readout.who_agrees(figures),
        "verified": readout.what_was_verified(figures),
        "folder": printable(figures.files.folder),
        "bill": printable(figures.files.bill),
        "program": printable(figures.files.program),
        "took": format_scaled(figures.elapsed_ms // 100, 1),
    }


def _tables(figures: Figures) -> dict[str, Markup]:
    return {
        "key": _key(figures),
        "stack": _stack(figures),
        "homes": _homes(figures),
        "deeds": _deeds(figures),
        "asks": _told(readout.ask_rows(figures), caption="What was asked, and what came of it"),
        "heeds": _told(
            readout.heed_rows(figures, homes=len(figures.homes)), caption="What each home did"
        ),
        "account": _account(figures),
        "gas_table": _gas(figures),
        "channels": _channels(figures),
    }


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str, kind: str
) -> Markup:
    """Rows of a name and numbers; a cell that is Markup is a whole element. In a table of kind
    "sum" or "sum ..." the last row is the total."""
    body, foot = (rows[:-1], rows[-1:]) if kind.startswith("sum") else (rows, ())
    return _fill(
        '<div class="scroll" role="region" tabindex="0" aria-label="$caption">\n'
        '<table class="$kind"><caption>$caption</caption>\n<thead><tr>$head</tr></thead>\n'
        "<tbody>\n$body\n</tbody><tfoot>\n$foot\n</tfoot></table></div>",
        caption=caption,
        kind=kind,
        head=_joined(_head_cell(name) for name in head),
        body=_joined(_row(row) for row in body),
        foot=_joined(_row(row) for row in foot),
    )


def _head_cell(name: str) -> Markup:
    return _fill('<th scope="col">$name</th>', name=name) if name else Markup("<td></td>")


def _row(cells: Sequence[str]) -> Markup:
    name, *rest = cells
    shown = [_fill('<th scope="row">$name</th>', name=name)]
    for cell in rest:
        if isinstance(cell, Markup):
            shown.append(cell)
        else:
            shown.append(_fill("<td>$number</td>", number=_typeset(cell)))
    return _fill("<tr>$cells</tr>", cells=_joined(shown))


def _typeset(number: str) -> str:
    """With a true minus sign."""
    return number.replace("-", "\N{MINUS SIGN}") if number.startswith("-") else number


def _key(figures: Figures) -> Markup:
    street, stack = readout.home_rows(figures)[-1], readout.stack_rows(figures)
    agreeing = sum(home.agrees for home in figures.homes)
    price = share_rounded([stack[-1].price], 10)[0] if stack else 0
    facts = (
        ("The street paid", format_cents(street.paid), "BOLT"),
        ("Saved by control", format_cents(street.saved), "BOLT"),
        ("A kWh taken cost", format_scaled(price, 2), "¢"),
        ("Agree to the µBOLT", f"{agreeing} of {len(figures.homes)}", "homes"),
    )
    return _joined(
        _fill(
            "<div><dt>$name</dt><dd>$number <small>$unit</small></dd></div>",
            name=name,
            number=_typeset(number),
            unit=unit,
        )
        for name, number, unit in facts
    )


def _stack(figures: Figures) -> Markup:
    rows = readout.stack_rows(figures)
    if not rows:
        return Markup("<p>The homes took no energy from the grid.</p>")
    tops = [sum(row.price for row in rows[:i]) for i in range(len(rows))]
    bars = [(top, row.price) for top, row in zip(tops[:-1], rows[:-1], strict=True)]
    bars.append((0, rows[-1].price))
    low = min(0, *tops)
    whole = max(0, *tops) - low or 1
    cells = (
        (
            row.name,
            format_scaled(row.price, 3),
            format_cents(row.cents),
            _bar((start - low) / whole, price / whole),
            _fill('<td class="text">$note</td>', note=row.note),
        )
        for row, (start, price) in zip(rows, bars, strict=True)
    )
    head = ("part", "¢/kWh", "BOLT", "", "")
    return _table(head, tuple(cells), caption="Cost of a kWh, by part", kind="sum stack")


def _bar(start: float, length: float) -> Markup:
    """Of a length of 1, from `start` on; backwards when `length` is negative."""
    return _fill(
        '<td class="bar $way">'
        '<svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">'
        '<rect x="$x" width="$width" height="1"/></svg></td>',
        way="less" if length < 0 else "more",
        x=f"{100 * min(start, start + length):.2f}",
        width=f"{max(100 * abs(length), 0.4):.2f}",
    )


def _homes(figures: Figures) -> Markup:
    head = ("home", "paid", "without control", "saved", "flat plan", "taken kWh", "fed in kWh")
    rows = [
        (
            row.name,
            *map(format_cents, (row.paid, row.without_control, row.saved, row.flat)),
            *(format_scaled(tenths, 1) for tenths in (row.taken, row.fed_in)),
        )
        for row in readout.home_rows(figures)
    ]
    return _table(head, rows, caption="Every home; money in BOLT", kind="sum homes")


def _deeds(figures: Figures) -> Markup:
    told = readout.deed_rows(figures, homes=len(figures.homes), each=2)
    return _told(told, caption="The greatest stretches of each device")


def _told(told: Sequence[readout.DeedRow], *, caption: str) -> Markup:
    texts = ("when", "what", "why")
    rows = [
        (row.home, *(_fill('<td class="text">$text</td>', text=getattr(row, k)) for k in texts))
        for row in told
    ]
    return _table(("", *texts), rows, caption=caption, kind="deeds")


def _account(figures: Figures) -> Markup:
    rows = [(name, format_cents(cents)) for name, cents in readout.account_rows(figures)]
    return _table(("", "BOLT"), rows, caption="The retailer's account", kind="sum narrow")


def _gas(figures: Figures) -> Markup:
    rows = [(printable(kind), f"{gas:,}") for kind, gas in figures.gas.by_kind]
    return _table(("transaction", "gas"), rows, caption="Gas of the whole run", kind="narrow")


def _channels(figures: Figures) -> Markup:
    rows = [
        (
            printable(home.name),
            format_ubolt(home.chain_headroom_ubolt),
            format_ubolt(home.ledger_deposit_ubolt),
            format_ubolt(home.voucher_headroom_ubolt),
            "agree" if home.agrees else "DIFFER",
        )
        for home in figures.homes
    ]
    head = ("home", "chain", "ledger", "newest voucher", "")
    return _table(head, rows, caption="What each home has left, in BOLT", kind="channels")


def _plot(chart: Chart) -> Markup:
    return _fill(
        '<figure>\n<figcaption id="$name-caption"><h3>$title</h3><p>$caption</p></figcaption>\n'
        '<div class="plot" id="$name" role="img" aria-labelledby="$name-caption"></div>\n</figure>',
        name=chart.name,
        title=f"{chart.title} ({chart.unit})",
        caption=chart.caption,
    )
