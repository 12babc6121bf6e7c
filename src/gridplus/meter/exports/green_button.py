"""Green Button (NAESB ESPI 4.0, Atom): reads as a feed that any other reader takes.

A usage point a meter; a MeterReading and a ReadingType for each direction and length; an
IntervalBlock a local day. Values are whole Wh. Version, rule and source have no place in ESPI.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

from gridplus.digest import keccak256
from gridplus.meter.blocks import Block, opening_s
from gridplus.meter.exports.rows import MeterReads
from gridplus.meter.formats.espi import FORWARD, REVERSE
from gridplus.meter.formats.espi_feed import ESPI
from gridplus.meter.formats.local_time import local_time_of
from gridplus.meter.metered import Direction, MeterRead, Quality
from gridplus.meter.vee.estimation import Rule
from gridplus.units import DAY_S, HOUR_S, format_utc, utc_from_s

_ATOM = "http://www.w3.org/2005/Atom"
_CLOCK = "LocalTimeParameters/1"
_FLOWS = {Direction.IMPORT: FORWARD, Direction.EXPORT: REVERSE}
_QUALITIES = {Quality.ACTUAL: 17, Quality.ESTIMATED: 8, Quality.EDITED: 7}
"""Validated; estimated using a reference day; manually edited."""


@dataclass(frozen=True, slots=True)
class _Feed:
    zone: ZoneInfo
    updated: str
    kinds: set[str] = field(default_factory=set)
    """Reading types that stand in the feed already; meters share them."""

    def entry(
        self, href: str, content: str, *, related: Sequence[str] = (), title: str = ""
    ) -> str:
        links = [f'<link rel="self" href={quoteattr(href)}/>']
        links += [f'<link rel="up" href={quoteattr(href.rpartition("/")[0])}/>']
        links += [f'<link rel="related" href={quoteattr(other)}/>' for other in related]
        return (
            f"<entry><id>{_uuid(href)}</id>{''.join(links)}<title>{escape(title)}</title>"
            f"<content>{content}</content><published>{self.updated}</published>"
            f"<updated>{self.updated}</updated></entry>\n"
        )


def to_espi(meters: Iterable[MeterReads], *, zone: ZoneInfo, made_at_s: int) -> Iterator[bytes]:
    """The feed, entry by entry. `zone` is the home's: it says where a local day begins."""
    feed = _Feed(zone, format_utc(utc_from_s(made_at_s)))
    yield (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="{_ATOM}">'
        f"<id>{_uuid(f'feed {feed.updated}')}</id><title>Green Button: interval reads</title>"
        f"<updated>{feed.updated}</updated>\n"
    ).encode()
    yield feed.entry(_CLOCK, _clock(zone, utc_from_s(made_at_s).year)).encode()
    for meter, reads in meters:
        for text in _meter(feed, meter, reads=reads):
            yield text.encode()
    yield b"</feed>\n"


def _meter(feed: _Feed, meter: str, *, reads: Sequence[MeterRead]) -> Iterator[str]:
    point = f"UsagePoint/{meter}"
    series = sorted({(_nominal_s(read), direction) for read in reads for direction in Direction})
    if not any(read.export_wh for read in reads):
        series = [key for key in series if key[1] is Direction.IMPORT]
    yield feed.entry(
        point,
        _espi("UsagePoint", "<ServiceCategory><kind>0</kind></ServiceCategory>"),
        related=[_CLOCK, f"{point}/MeterReading"],
        title=meter,
    )
    for length_s, direction in series:
        name = f"{direction.name.lower()}-{length_s}"
        reading, kind = f"{point}/MeterReading/{name}", f"ReadingType/{name}"
        of_length = [read for read in reads if _nominal_s(read) == length_s]
        yield feed.entry(
            reading, f'<MeterReading xmlns="{ESPI}"/>', related=[f"{reading}/IntervalBlock", kind]
        )
        if kind not in feed.kinds:
            feed.kinds.add(kind)
            yield feed.entry(kind, _reading_type(length_s, direction))
        for day_s, group in groupby(
            of_length, key=lambda read: opening_s(read.start_s, Block.DAY, zone=feed.zone)
        ):
            block = _block(list(group), direction)
            yield feed.entry(f"{reading}/IntervalBlock/{day_s}", block)


def _reading_type(length_s: int, direction: Direction) -> str:
    values = {
        "accumulationBehaviour": 4,
        "commodity": 1,
        "dataQualifier": 12,
        "flowDirection": _FLOWS[direction],
        "intervalLength": length_s,
        "kind": 12,
        "phase": 769,
        "powerOfTenMultiplier": 0,
        "uom": 72,
    }
    return _espi("ReadingType", "".join(f"<{k}>{v}</{k}>" for k, v in values.items()))


def _block(reads: Sequence[MeterRead], direction: Direction) -> str:
    start_s, end_s = reads[0].start_s, reads[-1].end_s
    span = f"<interval><duration>{end_s - start_s}</duration><start>{start_s}</start></interval>"
    return _espi("IntervalBlock", span + "".join(_reading(read, direction) for read in reads))


def _reading(read: MeterRead, direction: Direction) -> str:
    value = read.import_wh if direction is Direction.IMPORT else read.export_wh
    quality = _QUALITIES[read.quality]
    if read.rule == Rule.STRAIGHT_LINE:
        quality = 9  # estimated using linear interpolation
    return (
        f"<IntervalReading><ReadingQuality><quality>{quality}</quality></ReadingQuality>"
        f"<timePeriod><duration>{read.length_s}</duration><start>{read.start_s}</start>"
        f"</timePeriod><value>{value}</value></IntervalReading>\n"
    )


def _clock(zone: ZoneInfo, year: int) -> str:
    local = local_time_of(zone, year)
    return _espi(
        "LocalTimeParameters",
        f"<dstEndRule>{local.dst_end:08X}</dstEndRule><dstOffset>{local.dst_offset_s}</dstOffset>"
        f"<dstStartRule>{local.dst_start:08X}</dstStartRule><tzOffset>{local.offset_s}</tzOffset>",
    )


def _espi(name: str, content: str) -> str:
    return f'<{name} xmlns="{ESPI}">{content}</{name}>'


def _nominal_s(read: MeterRead) -> int:
    """A local day counts as 24 hours, also when the clocks change."""
    return DAY_S if read.length_s >= 23 * HOUR_S else read.length_s


def _uuid(name: str) -> str:
    """A name-based UUID (RFC 9562, version 8: by our own hash), the same for the same name."""
    digits = keccak256(name.encode()).hex()
    return f"urn:uuid:{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"
