"""What a user may say about a file that it does not say itself."""

from dataclasses import dataclass

from gridplus.meter.formats.mapping import CsvMapping
from gridplus.meter.metered import Source


@dataclass(frozen=True, slots=True)
class Options:
    """`zone` of local times, the `meter`'s name, who read it (`source`), the `mapping` of a CSV's
    columns, and the `device_key` (64 bytes) that signed. None leaves it to the format's rule."""

    zone: str | None = None
    meter: str | None = None
    source: Source | None = None
    mapping: CsvMapping | None = None
    device_key: bytes | None = None


NO_OPTIONS = Options()
