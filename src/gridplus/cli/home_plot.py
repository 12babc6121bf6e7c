"""A home's plan as a picture: prices, power, and what every device holds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gridplus.cli.home_plan import Planned
from gridplus.failures import InputError
from gridplus.planner import Track
from gridplus.units import HOUR_S

ABOLT_PER_CENT = 10_000_000_000_000
KINDS = (".png", ".svg", ".pdf")
_UNITS = {"climate": ("°C", 1e6)}


def draw(planned: Planned, path: Path) -> None:
    """Write a .png, .svg or .pdf. Raises InputError for another kind, or without matplotlib."""
    if path.suffix.lower() not in KINDS:
        raise InputError(f"--plot {path}: write a file that ends with {', '.join(KINDS)}")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("a plot needs matplotlib; install gridplus[plot]") from None
    levels = list(dict.fromkeys(track.device for track in planned.plan.tracks))
    figure = Figure(figsize=(9, 5 + 1.4 * len(levels)), layout="constrained")
    axes = figure.subplots(2 + len(levels), sharex=True, squeeze=False)[:, 0]
    hours = [i * planned.ahead.length_s / HOUR_S for i in range(planned.ahead.count + 1)]
    _prices(axes[0], planned, hours=hours)
    _power(axes[1], planned, hours=hours)
    for axis, device in zip(axes[2:], levels, strict=True):
        tracks = [track for track in planned.plan.tracks if track.device == device]
        _level(axis, tracks, hours=hours)
    axes[-1].set_xlabel(f"hours from {planned.labels[0]}, {planned.ahead.zone}")
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error}") from None


def _prices(axis: Any, planned: Planned, *, hours: Sequence[float]) -> None:
    for column, name in enumerate(("import", "export")):
        cents = [pair[column] / ABOLT_PER_CENT for pair in planned.ahead.prices]
        axis.step(hours, [*cents, cents[-1]], where="post", label=name)
    _finish(axis, "¢/kWh")


def _power(axis: Any, planned: Planned, *, hours: Sequence[float]) -> None:
    per_hour = HOUR_S / planned.ahead.length_s / 1_000
    flows = planned.plan.flows
    for name, energies in (
        ("home without devices", planned.ahead.net_wh),
        ("at the meter", [flow.import_wh - flow.export_wh for flow in flows]),
    ):
        powers = [wh * per_hour for wh in energies]
        axis.step(hours, [*powers, powers[-1]], where="post", label=name)
    _finish(axis, "kW")


def _level(axis: Any, tracks: Sequence[Track], *, hours: Sequence[float]) -> None:
    unit, micro = _UNITS.get(tracks[0].device, ("kWh", 1e9))
    for track in tracks:
        levels = [move.level / micro for move in track.moves]
        axis.plot(hours[track.first + 1 : track.end + 1], levels, color="C2", label=track.device)
    _finish(axis, unit)


def _finish(axis: Any, unit: str) -> None:
    axis.set_ylabel(unit)
    axis.grid(visible=True, alpha=0.3)
    handles, labels = axis.get_legend_handles_labels()
    named = dict(zip(labels, handles, strict=True))
    axis.legend(named.values(), named.keys(), loc="upper right", fontsize="small")
