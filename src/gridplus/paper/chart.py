"""When energy was taken and fed in: bars on whole units, for HTML and PDF alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from gridplus.paper.story import Slot

WIDTH, HEIGHT = 960, 180
"""Of the drawing, in its own units; y grows downwards from 0."""
_MOST_LABELS = 12
_WIDEST_BAR = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `kind` is 'import' above the axis, 'export' below it."""

    kind: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Chart:
    """`axis_y` is where nothing flows; `labels` are (x, text); `highest_wh` is the tallest bar."""

    bars: tuple[Bar, ...]
    labels: tuple[tuple[int, str], ...]
    axis_y: int
    highest_wh: int


def chart_of(slots: Sequence[Slot]) -> Chart:
    """Both directions on one scale."""
    most_in = max((slot.import_wh for slot in slots), default=0)
    most_out = max((slot.export_wh for slot in slots), default=0)
    span = max(1, most_in + most_out)
    axis_y = HEIGHT * most_in // span
    bars, labels = [], []
    step = -(-len(slots) // _MOST_LABELS)
    for place, slot in enumerate(slots):
        left, right = (WIDTH * at // len(slots) for at in (place, place + 1))
        width = min(_WIDEST_BAR, max(1, right - left - (2 if len(slots) <= 31 else 1)))
        up, down = HEIGHT * slot.import_wh // span, HEIGHT * slot.export_wh // span
        if up:
            bars.append(Bar("import", left, axis_y - up, width, up))
        if down:
            bars.append(Bar("export", left, axis_y, width, down))
        if place % step == 0:
            labels.append((left, slot.label))
    return Chart(tuple(bars), tuple(labels), axis_y, max(most_in, most_out))
