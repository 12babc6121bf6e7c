"""The same bill on paper, as PDF. reportlab takes 0.2 s to load: imported only when it is asked.

The file holds no date of its making, so that the same bill gives the same bytes.
"""

from io import BytesIO
from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)

from gridplus.paper.chart import HEIGHT, WIDTH, chart_of
from gridplus.paper.html import SLOT_TITLES
from gridplus.paper.story import Story, title_of
from gridplus.paper.words import cents, kwh, percent, short
from gridplus.tariff import Side
from gridplus.units import format_ubolt as bolt

_INK, _SOFT, _RULE = (
    colors.HexColor("#16202a"),
    colors.HexColor("#5b6875"),
    colors.HexColor("#dde3e8"),
)
_COLORS = {"import": colors.HexColor("#1f6feb"), "export": colors.HexColor("#2e9e5b")}
_BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9, leading=12.5, textColor=_INK)
_QUIET = ParagraphStyle("soft", parent=_BODY, textColor=_SOFT)
_TITLE = ParagraphStyle("title", parent=_BODY, fontName="Helvetica-Bold", fontSize=14, leading=18)
_DUE = ParagraphStyle("due", parent=_TITLE, fontSize=25, leading=31)
_SECTION = ParagraphStyle(
    "section", parent=_TITLE, fontSize=11, leading=15, spaceBefore=12, spaceAfter=4
)
_CODE = ParagraphStyle("code", parent=_BODY, fontName="Courier", fontSize=7, leading=10)
_PAGE_WIDTH = A4[0] - 36 * mm
_GRID = [
    ("FONT", (0, 0), (-1, -1), "Helvetica", 8.5),
    ("TEXTCOLOR", (0, 0), (-1, 0), _SOFT),
    ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
    ("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
]


def pdf_bill(story: Story) -> bytes:
    """The whole file, A4."""
    out = BytesIO()
    title = f"Electricity bill, {story.period}"
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        title=title,
        author="Grid+",
        invariant=1,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=16 * mm,
    )
    document.build([*_head(story), *_why(story), *_who(story), *_check(story), *_slots(story)])
    return out.getvalue()


def _head(story: Story) -> list[Flowable]:
    word = "to pay" if story.due_ubolt >= 0 else "earned"
    energy = f"{kwh(story.import_wh)} kWh taken, {kwh(story.export_wh)} kWh fed in"
    small = f"<font size=9 color='#5b6875'>{word}; paid as used</font>"
    due = f"{bolt(abs(story.due_ubolt))} BOLT {small}"
    return [
        Paragraph(f"Your electricity, {escape(story.period)}", _TITLE),
        Paragraph(f"{escape(story.plan_name)}, home {_ascii(short(story.channel))}", _QUIET),
        Spacer(0, 4),
        Paragraph(due, _DUE),
        Paragraph(energy, _BODY),
        Paragraph("When you used it", _SECTION),
        _drawing(story),
        Paragraph("Blue: taken from the grid. Green: fed into it.", _QUIET),
    ]


def _drawing(story: Story) -> Drawing:
    """The chart of the page, its y turned over: paper counts from below."""
    chart, scale, top = chart_of(story.slots), _PAGE_WIDTH / WIDTH, HEIGHT // 2 + 14
    drawing = Drawing(_PAGE_WIDTH, top)
    for bar in chart.bars:
        y = top - (bar.y + bar.height) / 2
        drawing.add(
            Rect(
                bar.x * scale,
                y,
                bar.width * scale,
                bar.height / 2,
                fillColor=_COLORS[bar.kind],
                strokeColor=None,
            )
        )
    axis = top - chart.axis_y / 2
    drawing.add(Line(0, axis, _PAGE_WIDTH, axis, strokeColor=_SOFT, strokeWidth=0.5))
    for x, text in chart.labels:
        drawing.add(String(x * scale, 2, text, fontName="Helvetica", fontSize=7, fillColor=_SOFT))
    return drawing


def _why(story: Story) -> list[Flowable]:
    rows = [["What", "kWh", "average c/kWh", "BOLT"]]
    sums = []
    for side, title, total in (
        (Side.CHARGE, "Charges", story.charges_ubolt),
        (Side.CREDIT, "Credits", story.credits_ubolt),
    ):
        for amount in story.amounts:
            if amount.code.side is side:
                known = amount.average is not None
                average = cents(amount.average) if amount.average is not None else ""
                energy = kwh(amount.quantity_wh) if known else ""
                rows.append([title_of(amount.code), energy, average, bolt(amount.amount_ubolt)])
        sums.append(len(rows))
        rows.append([title, "", "", bolt(total)])
    sums.append(len(rows))
    rows.append(["Charges less credits", "", "", bolt(story.due_ubolt)])
    return [_together("What it cost, and why", _table(rows, sums))]


def _who(story: Story) -> list[Flowable]:
    rows = [["", "BOLT", "share"]]
    for phase, (amount_ubolt, tenths) in story.phases.items():
        rows.append([phase.value, bolt(amount_ubolt), f"{percent(tenths)} %"])
    rows.append(["Charges", bolt(story.charges_ubolt), "100.0 %"])
    return [_together("Who got it", _table(rows, [len(rows) - 1]))]


def _check(story: Story) -> list[Flowable]:
    files = " ".join(proof.file for proof in story.proofs)
    lines = [
        f"gridplus verify {files}",
        f"home 0x{story.channel.hex()}",
        f"plan 0x{story.plan_digest.hex()}",
    ]
    for proof in story.proofs:
        lines.append(f"{proof.day} head 0x{proof.head.hex()}")
        if proof.root is not None:
            lines.append(f"{proof.day} root 0x{proof.root.hex()}")
        if proof.transaction is not None:
            lines.append(f"{proof.day} anchored by 0x{proof.transaction.hex()}")
    told = (
        "Every number follows from your meter's signed reads, the published prices and your plan. "
        "The command recomputes all of it and compares it with the chain. Your counters after it: "
        f"spent {bolt(story.spent_ubolt)}, earned {bolt(story.earned_ubolt)} BOLT."
    )
    parts = [Paragraph("Check it yourself", _SECTION), Paragraph(told, _BODY)]
    return [KeepTogether(parts), *(Paragraph(escape(line), _CODE) for line in lines)]


def _slots(story: Story) -> list[Flowable]:
    title = SLOT_TITLES[story.view]
    rows = [[title, "kWh taken", "kWh fed in", "charges", "credits"]]
    for slot in story.slots:
        energy = [slot.label, kwh(slot.import_wh), kwh(slot.export_wh)]
        rows.append([*energy, bolt(slot.charges_ubolt), bolt(slot.credits_ubolt)])
    energy = ["Together", kwh(story.import_wh), kwh(story.export_wh)]
    rows.append([*energy, bolt(story.charges_ubolt), bolt(story.credits_ubolt)])
    heading = Paragraph(f"{title} by {title.lower()}, local time", _SECTION)
    return [PageBreak(), heading, _table(rows, [len(rows) - 1])]


def _together(title: str, table: Table) -> KeepTogether:
    return KeepTogether([Paragraph(title, _SECTION), table])


def _table(rows: list[list[str]], sums: list[int]) -> Table:
    columns = len(rows[0])
    first = _PAGE_WIDTH * (8 - columns) // 8
    widths = [first] + [(_PAGE_WIDTH - first) / (columns - 1)] * (columns - 1)
    bold = [("FONT", (0, row), (-1, row), "Helvetica-Bold", 8.5) for row in sums]
    return Table(rows, colWidths=widths, repeatRows=1, style=[*_GRID, *bold])


def _ascii(text: str) -> str:
    """Helvetica of PDF has no ellipsis in every reader."""
    return text.replace("…", "...")
