"""A run on the console: progress while it lasts, and what came of it."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.box import Box
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as LiveDisplay
from rich.table import Table
from rich.text import Text

from gridplus.demo import readout
from gridplus.demo.figures import Figures
from gridplus.demo.readout import format_cents, format_scaled, printable

MARGIN = "  "
RULED = Box("    \n    \n ── \n    \n ── \n    \n    \n    \n")
"""A line under the head and one above the total, and nothing else."""
TOLD_HOMES = 4
"""One of each kind; result.json and the summary page tell of all."""
INTERVALS_PER_LINE = 16
"""Four simulated hours: how often a progress that is not a terminal says a line."""


class Progress(Protocol):
    """What a run tells while it lasts."""

    def phase(self, name: str) -> None:
        """`name` begins ("deploying contracts"); what was before has ended."""

    def interval(self, done: int, total: int, *, label: str) -> None:
        """`done` of `total` settlement intervals are over; `label` is the street's clock."""


class _Silence:
    def phase(self, name: str) -> None:
        """Nothing."""

    def interval(self, done: int, total: int, *, label: str) -> None:
        """Nothing."""


class _Lines:
    """For a pipe or a log: whole lines, and few."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def phase(self, name: str) -> None:
        self._say(name)

    def interval(self, done: int, total: int, *, label: str) -> None:
        if done == total or done % INTERVALS_PER_LINE == 0:
            self._say(f"  {done} of {total} intervals, {label}")

    def _say(self, line: str) -> None:
        self._console.print(Text(printable(line)), soft_wrap=True)


class _Bars:
    """For a terminal: a line per phase, the running one with a bar."""

    def __init__(self, live: LiveDisplay) -> None:
        self._live = live
        self._running: TaskID | None = None

    def phase(self, name: str) -> None:
        self.close()
        self._running = self._live.add_task(printable(name), total=None, label="")

    def interval(self, done: int, total: int, *, label: str) -> None:
        if self._running is not None:
            shown = printable(label)
            self._live.update(self._running, completed=done, total=total, label=shown)

    def close(self) -> None:
        """The running phase is over."""
        if self._running is not None:
            self._live.update(self._running, total=1, completed=1, label="")
            self._live.stop_task(self._running)
            self._running = None


@contextmanager
def progress(console: Console, *, enabled: bool) -> Iterator[Progress]:
    """Show a run's progress on `console`, which should write to stderr so that stdout stays clean.

    Bars on a terminal; elsewhere a line per phase and per four simulated hours.
    """
    if not enabled:
        yield _Silence()
    elif not console.is_terminal:
        yield _Lines(console)
    else:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[label]}", markup=False),
            TimeElapsedColumn(),
        )
        with LiveDisplay(*columns, console=console) as live:
            bars = _Bars(live)
            yield bars
            bars.close()


def print_figures(figures: Figures, console: Console) -> None:
    """Print what happened, what it cost whom, what agreed, and what to try next."""
    page = _Page(console)
    _print_run(figures, page)
    _print_stack(figures, page)
    _print_homes(figures, page)
    _print_deeds(figures, page)
    _print_asks(figures, page)
    _print_retailer(figures, page)
    _print_proof(figures, page)
    _print_files(figures, page)


class _Page:
    """Headings, paragraphs and tables in one style, all text taken literally."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def heading(self, text: str) -> None:
        self._console.print()
        self._console.print(Text(text, style="bold green"))

    def say(self, text: str, *, style: str = "", hang: int = 0) -> None:
        width, under = self._console.width, MARGIN + " " * hang
        filled = textwrap.fill(text, width, initial_indent=MARGIN, subsequent_indent=under)
        self._console.print(Text(filled, style=style))

    def show(self, table: Table) -> None:
        self._console.print(Padding(table, (0, 0, 0, len(MARGIN)), expand=False))

    def command(self, text: str) -> None:
        """One line whatever its length, so that it can be copied."""
        self._console.print(Text(f"{MARGIN}{text}", style="bold"), soft_wrap=True)


def _table(*columns: str) -> Table:
    """The first column is text, the others are numbers."""
    table = Table(box=RULED, show_edge=False, pad_edge=False, header_style="dim")
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", overflow="fold")
    return table


def _add_row(table: Table, *cells: str, total: bool = False) -> None:
    if total:
        table.add_section()
    table.add_row(*(Text(cell, overflow="fold") for cell in cells), style="bold" if total else "")


def _print_run(figures: Figures, page: _Page) -> None:
    page.heading(f"{readout.who_bought(figures)}: {readout.period(figures)}.")
    page.say(f"Plan: {printable(figures.plan)}. {readout.what_label_says(figures)}")
    page.say(readout.where_homes_come_from(figures), style="dim")
    page.heading("Energy")
    page.say(readout.what_energy_moved(figures))


def _print_stack(figures: Figures, page: _Page) -> None:
    rows = readout.stack_rows(figures)
    if not rows:
        return
    page.heading("What a kWh cost")
    table = _table("", "¢/kWh", "BOLT")
    table.add_column("", overflow="fold")
    for row in rows:
        price, bolt = format_scaled(row.price, 3), format_cents(row.cents)
        _add_row(table, row.name, price, bolt, row.note, total=row is rows[-1])
    page.show(table)


def _print_homes(figures: Figures, page: _Page) -> None:
    page.heading("What each home paid (BOLT, net of credits)")
    page.say(readout.what_was_paid(figures))
    page.say(readout.what_flat_means(figures))
    page.say(readout.what_the_cap_did(figures))
    table = _table("", "taken kWh", "fed in kWh", "paid", "without control", "saved", "flat plan")
    rows = readout.home_rows(figures)
    for row in rows:
        energies = (format_scaled(row.taken, 1), format_scaled(row.fed_in, 1))
        money = (row.paid, row.without_control, row.saved, row.flat)
        cells = (row.name, *energies, *map(format_cents, money))
        _add_row(table, *cells, total=row is rows[-1])
    page.show(table)


def _print_deeds(figures: Figures, page: _Page) -> None:
    page.heading("What the Smart Agents did, and why")
    page.say(readout.who_has_what(figures))
    for row in readout.deed_rows(figures, homes=TOLD_HOMES, each=1):
        page.say(f"{row.home} {row.when}: {row.what}. {row.why}", hang=len(row.home) + 1)


def _print_asks(figures: Figures, page: _Page) -> None:
    if not figures.asks:
        return
    page.heading("What the retailer asked, and who followed")
    for row in readout.ask_rows(figures):
        page.say(f"{row.home}, {row.when}: {row.what}. {row.why}", hang=2)
    for row in readout.heed_rows(figures, homes=TOLD_HOMES):
        if row.when == "request":
            page.say(f"{row.home} {row.what}: {row.why}", style="dim", hang=2)


def _print_retailer(figures: Figures, page: _Page) -> None:
    page.heading("The retailer")
    lost = figures.retailer.profit_ubolt < 0
    page.say(readout.what_was_earned(figures), style="bold yellow" if lost else "")
    page.say(readout.what_was_bought_ahead(figures))
    table = _table("", "BOLT")
    rows = readout.account_rows(figures)
    for row in rows:
        _add_row(table, row[0], format_cents(row[1]), total=row is rows[-1])
    page.show(table)


def _print_proof(figures: Figures, page: _Page) -> None:
    page.heading("Payments and proof")
    page.say(readout.what_payments_took(figures))
    page.say(readout.what_gas_it_took(figures))
    page.say(readout.who_agrees(figures), style=_verdict(all(h.agrees for h in figures.homes)))
    page.say(readout.what_was_verified(figures), style=_verdict(figures.ledger_balanced))


def _verdict(good: bool) -> str:
    return "bold green" if good else "bold red"


def _print_files(figures: Figures, page: _Page) -> None:
    files = figures.files
    took_s = format_scaled(figures.elapsed_ms // 100, 1)
    page.heading(f"Done in {took_s} s. Everything is in {printable(files.folder)}/; try next:")
    page.command(f"{printable(files.program)} verify {printable(files.bill)}")
    if files.summary:
        page.command(f"open {printable(files.summary)}")
