"""A bill as one HTML page: no script, nothing loaded from anywhere, dark where the reader is."""

from collections.abc import Iterable
from html import escape

from gridplus.paper.chart import HEIGHT, WIDTH, Chart, chart_of
from gridplus.paper.story import Amount, Phase, Proof, Slot, Story, View, title_of
from gridplus.paper.words import cents, kwh, percent, short
from gridplus.tariff import Side
from gridplus.units import format_ubolt as bolt

SLOT_TITLES = {View.INTERVAL: "Quarter hour", View.DAY: "Hour", View.MONTH: "Day"}
_STYLE = """
:root { color-scheme: light dark; --ink: #16202a; --soft: #5b6875; --line: #dde3e8; --paper: #fff;
  --in: #1f6feb; --out: #2e9e5b; --band: #f4f7f9; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf2; --soft: #9aa7b4; --line: #2c3640;
  --paper: #11171d; --in: #58a6ff; --out: #56d364; --band: #182028; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2.5rem 1.5rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.35rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2.2rem 0 .6rem; }
p { margin: .3rem 0; } .soft { color: var(--soft); } .due { font-size: 2.6rem; font-weight: 650;
  letter-spacing: -.02em; line-height: 1.1; margin: .8rem 0 .2rem; }
.due small { font-size: 1rem; font-weight: 400; color: var(--soft); letter-spacing: 0; }
.facts { display: flex; flex-wrap: wrap; gap: .4rem 2.2rem; margin-top: .8rem; }
.facts b { display: block; font-size: 1.15rem; }
.facts span { color: var(--soft); font-size: .85rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .32rem .4rem; border-bottom: 1px solid var(--line); }
th { font-weight: 500; color: var(--soft); font-size: .85rem; }
td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; }
tr.sum td { font-weight: 650; }
td i { display: inline-block; height: .6rem; background: var(--in); border-radius: 2px; }
.chart { margin: .4rem 0 0; } svg { width: 100%; height: auto; display: block; }
.import { fill: var(--in); } .export { fill: var(--out); }
text { fill: var(--soft); font-size: 15px; }
line { stroke: var(--soft); stroke-width: 1; }
.key i { display: inline-block; width: .7rem; height: .7rem; border-radius: 2px;
  margin: 0 .35rem 0 .9rem; }
.key i:first-child { margin-left: 0; } code { font: .85em ui-monospace, Menlo, Consolas, monospace;
  overflow-wrap: anywhere; }
.check { background: var(--band); border-radius: 8px; padding: .8rem 1rem; }
@media (max-width: 34rem) { body { padding: 1.2rem .8rem; } .wide { display: none; } }
@media print { :root { --ink: #000; --soft: #444; --line: #ccc; --paper: #fff; --band: #fff;
  --in: #1f6feb; --out: #2e9e5b; } body { padding: 0; max-width: none; font-size: 11pt; }
  h2 { break-after: avoid; } tr, .chart, .check { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def html_bill(story: Story) -> str:
    """The whole page. Every text that came from outside is escaped."""
    title = f"Electricity bill, {story.period}"
    parts = (
        _head(story),
        _when(story),
        _why(story),
        _who(story),
        _slots(story),
        _check(story),
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _head(story: Story) -> str:
    word = "to pay" if story.due_ubolt >= 0 else "earned"
    facts = [
        ("taken from the grid", f"{kwh(story.import_wh)} kWh"),
        ("fed into it", f"{kwh(story.export_wh)} kWh"),
        ("charges", f"{bolt(story.charges_ubolt)} BOLT"),
        ("credits", f"{bolt(story.credits_ubolt)} BOLT"),
    ]
    if story.import_wh:
        average = 1_000_000 * story.charges_ubolt // story.import_wh
        facts.append(("average, all in", f"{cents(average)} ¢/kWh"))
    told = "".join(f"<div><b>{value}</b><span>{name}</span></div>" for name, value in facts)
    return (
        f"<h1>Your electricity, {escape(story.period)}</h1>"
        f'<p class="soft">{escape(story.plan_name)} · home {short(story.channel)}</p>'
        f'<p class="due">{bolt(abs(story.due_ubolt))} <small>BOLT {word}, 1 BOLT = 1 dollar; '
        f"paid as you used it</small></p>"
        f'<div class="facts">{told}</div>'
    )


def _when(story: Story) -> str:
    drawn = _svg(chart_of(story.slots), story)
    return (
        f'<h2>When you used it</h2><div class="chart">{drawn}</div>'
        '<p class="soft key"><i style="background:var(--in)"></i>taken from the grid'
        '<i style="background:var(--out)"></i>fed into the grid</p>'
    )


def _svg(chart: Chart, story: Story) -> str:
    bars = "".join(
        f'<rect class="{bar.kind}" x="{bar.x}" y="{bar.y}" width="{bar.width}" '
        f'height="{bar.height}" rx="1"/>'
        for bar in chart.bars
    )
    labels = "".join(
        f'<text x="{x}" y="{HEIGHT + 22}">{escape(text)}</text>' for x, text in chart.labels
    )
    top = (
        f'<text x="{WIDTH}" y="-8" text-anchor="end">highest bar {kwh(chart.highest_wh)} kWh</text>'
    )
    told = f"Energy by {SLOT_TITLES[story.view].lower()}"
    return (
        f'<svg viewBox="0 -26 {WIDTH} {HEIGHT + 56}" role="img" aria-label="{told}">{bars}'
        f'<line x1="0" y1="{chart.axis_y}" x2="{WIDTH}" y2="{chart.axis_y}"/>{labels}{top}</svg>'
    )


def _why(story: Story) -> str:
    rows = [_amount_row(amount) for amount in story.amounts if amount.code.side is Side.CHARGE]
    rows.append(_sum_row("Charges", story.charges_ubolt))
    credited = [a for a in story.amounts if a.code.side is Side.CREDIT]
    if credited:
        rows += [_amount_row(amount) for amount in credited]
        rows.append(_sum_row("Credits", story.credits_ubolt))
    rows.append(_sum_row("Charges less credits", story.due_ubolt))
    head = ("What", "kWh", "average ¢/kWh", "BOLT")
    return f"<h2>What it cost, and why</h2>{_table(head, rows)}"


def _amount_row(amount: Amount) -> str:
    energy = kwh(amount.quantity_wh) if amount.average is not None else ""
    average = "" if amount.average is None else cents(amount.average)
    return _row((title_of(amount.code), energy, average, bolt(amount.amount_ubolt)))


def _sum_row(title: str, amount_ubolt: int) -> str:
    return _row((title, "", "", bolt(amount_ubolt)), kind=' class="sum"')


def _who(story: Story) -> str:
    rows = []
    for phase, (amount_ubolt, tenths) in story.phases.items():
        bar = f'<i style="width:{percent(tenths)}%"></i>'
        rows.append(_bar_row(phase, bolt(amount_ubolt), share=percent(tenths), bar=bar))
    rows.append(_row(("Charges", bolt(story.charges_ubolt), "100.0 %", ""), kind=' class="sum"'))
    head = ("", "BOLT", "share", "")
    return f"<h2>Who got it</h2>{_table(head, rows)}"


def _bar_row(phase: Phase, amount: str, *, share: str, bar: str) -> str:
    cell = f'<td class="wide" style="width:40%;text-align:left">{bar}</td>'
    return f"<tr><td>{escape(phase)}</td><td>{amount}</td><td>{share} %</td>{cell}</tr>"


def _slots(story: Story) -> str:
    head = (f"{SLOT_TITLES[story.view]}", "kWh taken", "kWh fed in", "charges", "credits")
    rows = [_slot_row(slot) for slot in story.slots]
    sums = (
        "Together",
        kwh(story.import_wh),
        kwh(story.export_wh),
        bolt(story.charges_ubolt),
        bolt(story.credits_ubolt),
    )
    rows.append(_row(sums, kind=' class="sum"'))
    note = f'<p class="soft">Local time, {escape(story.zone)}; money in BOLT.</p>'
    return f"<h2>{head[0]} by {head[0].lower()}</h2>{note}{_table(head, rows)}"


def _slot_row(slot: Slot) -> str:
    energy = (slot.label, kwh(slot.import_wh), kwh(slot.export_wh))
    return _row((*energy, bolt(slot.charges_ubolt), bolt(slot.credits_ubolt)))


def _check(story: Story) -> str:
    files = " ".join(proof.file for proof in story.proofs)
    proofs = "".join(_proof(proof) for proof in story.proofs)
    return (
        '<h2>Check it yourself</h2><div class="check">'
        "<p>Every number above follows from your meter's signed reads, the published prices and "
        "your plan. This recomputes all of it and compares it with the chain:</p>"
        f"<p><code>gridplus verify {escape(files)}</code></p>"
        f"<p>Your counters after it: spent {bolt(story.spent_ubolt)}, "
        f"earned {bolt(story.earned_ubolt)} BOLT.</p>"
        f"<p>Home <code>0x{story.channel.hex()}</code></p>"
        f"<p>Plan <code>0x{story.plan_digest.hex()}</code></p>{proofs}</div>"
    )


def _proof(proof: Proof) -> str:
    root = "leads to no root" if proof.root is None else f"root <code>0x{proof.root.hex()}</code>"
    sent = (
        ""
        if proof.transaction is None
        else f", anchored by <code>0x{proof.transaction.hex()}</code>"
    )
    return f"<p>{proof.day}: head <code>0x{proof.head.hex()}</code>, {root}{sent}</p>"


def _table(head: Iterable[str], rows: Iterable[str]) -> str:
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row(cells: Iterable[str], *, kind: str = "") -> str:
    return f"<tr{kind}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
