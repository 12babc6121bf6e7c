"""Transition tables: what a machine may do, as data that is checked at each step and drawn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product
from typing import Generic, TypeVar

from gridplus.channel.counters import Counters
from gridplus.failures import invariant

State = TypeVar("State")
Effect = TypeVar("Effect")
Reason = TypeVar("Reason", bound=Enum)


@dataclass(frozen=True, slots=True)
class Step(Generic[State, Effect]):
    """The state after a fact, and what is to be done, in this order."""

    state: State
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal(Generic[Reason]):
    """Nothing changed. `newest` tells a peer that has fallen behind where the channel stands."""

    reason: Reason
    newest: Counters | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """`fact` takes the machine from any phase of `before` to any of `after` with these effects.

    An empty `after` says: the phase stays.
    """

    fact: type
    before: tuple[Enum, ...]
    after: tuple[Enum, ...]
    effects: tuple[type, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Table:
    """One protocol. `anywhere` are effects that may come with each row."""

    title: str
    phases: type[Enum]
    rows: tuple[Row, ...]
    anywhere: tuple[type, ...]
    refusals: type[Enum]

    def require(
        self, before: Enum, fact: object, *, after: Enum, effects: Sequence[object]
    ) -> None:
        """Crash unless a row allows this step (I-CH-8)."""
        made = {type(effect) for effect in effects}.difference(self.anywhere)
        allowed = any(
            isinstance(fact, row.fact)
            and before in row.before
            and (after in row.after if row.after else after is before)
            and made.issubset(row.effects)
            for row in self.rows
        )
        told = f"{before.name} -> {after.name} on {type(fact).__name__}"
        invariant(allowed, f"{self.title}: {told} stands in the transition table")


def draw(table: Table) -> str:
    """The protocol as Markdown: a Mermaid diagram of the moves, the table, the refusals."""
    return "\n".join(
        [f"### {table.title}", "", *_diagram(table), "", *_rows(table), "", *_refusals(table), ""]
    )


def _diagram(table: Table) -> list[str]:
    edges: dict[tuple[str, str], list[str]] = {}
    for row in table.rows:
        if len(row.before) == len(table.phases):
            continue
        for before, after in product(row.before, row.after):
            if before is not after:
                edges.setdefault((before.name, after.name), []).append(row.fact.__name__)
    first = next(iter(table.phases)).name
    arrows = (f"    {a} --> {b}: {', '.join(facts)}" for (a, b), facts in edges.items())
    return ["```mermaid", "stateDiagram-v2", f"    [*] --> {first}", *arrows, "```"]


def _rows(table: Table) -> list[str]:
    lines = ["| fact | from | to | effects | why |", "|---|---|---|---|---|"]
    for row in table.rows:
        before, after = _phases(table, row.before), _phases(table, row.after) or "same"
        cells = (f"`{row.fact.__name__}`", before, after, _names(row.effects), row.why)
        lines.append("| " + " | ".join(cells) + " |")
    return lines if not table.anywhere else [*lines, "", f"With any row: {_names(table.anywhere)}."]


def _refusals(table: Table) -> list[str]:
    lines = ["| refusal | because |", "|---|---|"]
    return [*lines, *(f"| `{reason.name}` | {reason.value} |" for reason in table.refusals)]


def _phases(table: Table, phases: tuple[Enum, ...]) -> str:
    whole = len(phases) == len(table.phases)
    return "any" if whole else ", ".join(phase.name for phase in phases)


def _names(types: Iterable[type]) -> str:
    return ", ".join(kind.__name__ for kind in types)
