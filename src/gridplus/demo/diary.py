"""What a home's devices did, stretch by stretch, and the agent's reason for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gridplus.demo.device import Measured
from gridplus.units import Interval

BATTERY = "battery"
LIVE = "its rule met load and sun as they were, not as they were foreseen"
_WAITS = ("idle", "car waits", "car rests", "house left alone")
_STORES = ("charging", "storing")
Lived = tuple[Interval, Measured, Mapping[str, str]]
"""An interval as it was, and the sentence that the agent had for each device before it."""


@dataclass(frozen=True, slots=True)
class Deed:
    """A device took (above zero) or gave so many Wh from `start_s` to `end_s` without a pause;
    `why` is the first sentence of that stretch that was about it."""

    device: str
    start_s: int
    end_s: int
    energy_wh: int
    why: str


def deeds(lived: Sequence[Lived]) -> tuple[Deed, ...]:
    """In order of time."""
    found = list[Deed]()
    running: dict[str, Deed] = {}
    for interval, measured, why in lived:
        moved = {BATTERY: measured.battery.charge_wh - measured.battery.discharge_wh}
        for device, wh in (moved | dict(measured.devices_wh)).items():
            before = running.get(device)
            if before is not None and (wh == 0 or (before.energy_wh > 0) != (wh > 0)):
                found.append(running.pop(device))
                before = None
            if wh:
                now = Deed(device, interval.start_s, interval.end_s, wh, why.get(device, ""))
                now = now if _tells(now) else replace(now, why="")
                running[device] = now if before is None else _joined(before, now)
    found += running.values()
    told = (deed if deed.why else replace(deed, why=LIVE) for deed in found)
    return tuple(sorted(told, key=lambda deed: (deed.start_s, deed.device)))


def greatest(done: Sequence[Deed], *, each: int) -> list[Deed]:
    """The `each` greatest stretches of every device and direction, in order of time."""
    kinds: dict[tuple[str, bool], list[Deed]] = {}
    for deed in done:
        kinds.setdefault((deed.device, deed.energy_wh > 0), []).append(deed)
    kept = [
        deed
        for of_kind in kinds.values()
        for deed in sorted(of_kind, key=lambda deed: -abs(deed.energy_wh))[:each]
    ]
    return sorted(kept, key=lambda deed: (deed.start_s, deed.device))


def _joined(before: Deed, now: Deed) -> Deed:
    energy_wh = before.energy_wh + now.energy_wh
    return replace(before, end_s=now.end_s, energy_wh=energy_wh, why=before.why or now.why)


def _tells(deed: Deed) -> bool:
    """Whether the sentence is about what was done: a battery's rule may do more than was planned,
    or the opposite."""
    if deed.why.startswith(_WAITS):
        return False
    return deed.device != BATTERY or deed.why.startswith(_STORES) == (deed.energy_wh > 0)
