"""The Atom feed of Green Button (NAESB ESPI): bytes -> its entries, nothing yet understood.

The parser is expat, fed piece by piece. A document type is refused, so there are no entities to
expand and nothing to fetch; depth, texts and the number of entries are bounded.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.parsers import expat

from gridplus.failures import InputError
from gridplus.meter.file import Problems

ESPI = "http://naesb.org/espi"
DEPTH_LIMIT = 32
TEXT_LIMIT = 4_096
ENTRY_LIMIT = 200_000
"""A block a day: more than 500 home-years."""
LINK_LIMIT, LINKS_LIMIT = 1_024, 64
ABSENT = -(1 << 62)

_RESOURCES = {"UsagePoint", "MeterReading", "ReadingType", "IntervalBlock", "LocalTimeParameters"}
_READING = {
    ("timePeriod", "start"): 0,
    ("timePeriod", "duration"): 1,
    ("IntervalReading", "value"): 2,
    ("ReadingQuality", "quality"): 3,
}


@dataclass(slots=True)
class Entry:
    """A resource of the feed: its kind, links by relation, plain values, and interval readings as
    rows of (start, duration, value, quality, line), `ABSENT` where it does not say."""

    line: int
    kind: str = ""
    links: dict[str, list[str]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    readings: "array[int]" = field(default_factory=lambda: array("q"))

    def integer(self, name: str, default: int) -> int:
        """Raises InputError when the value is no integer of 48 bits."""
        text = self.values.get(name)
        return default if text is None else _integer(text, name)

    @property
    def href(self) -> str:
        return next(iter(self.links.get("self", ())), "")


def parse_feed(pieces: Iterable[bytes], problems: Problems) -> list[Entry]:
    """The feed's entries of the kinds that meter data needs, in order; bad readings are reported.

    Raises InputError with the line where the bytes are no such feed, or exceed a limit.
    """
    feed = _Feed(problems)
    try:
        for piece in pieces:
            feed.parser.Parse(piece, False)
        feed.parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        line = feed.parser.CurrentLineNumber
        raise InputError(f"{problems.what}, line {line}: not XML: {error}") from None
    return feed.entries


class _Feed:
    def __init__(self, problems: Problems) -> None:
        self.entries: list[Entry] = []
        self._problems = problems
        self._path: list[str] = []
        self._text: list[str] = []
        self._entry: Entry | None = None
        self._reading = [ABSENT] * 4
        self._fault: str | None = None
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _refuse(self, reason: str) -> InputError:
        return InputError(f"{self._problems.what}, line {self.parser.CurrentLineNumber}: {reason}")

    def _refuse_doctype(self, *_: object) -> None:
        raise self._refuse("a document type is refused; a meter feed needs none")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        self._text.clear()
        if len(self._path) >= DEPTH_LIMIT:
            raise self._refuse(f"elements are nested more than {DEPTH_LIMIT} deep")
        if not self._path and local != "feed":
            raise self._refuse(f"the document is <{local[:40]}>, not an Atom feed")
        self._path.append(local)
        entry = self._entry
        if local == "entry":
            if len(self.entries) >= ENTRY_LIMIT:
                raise self._refuse(f"more than {ENTRY_LIMIT} entries; split the feed")
            self._entry = Entry(self.parser.CurrentLineNumber)
        elif entry is None:
            return
        elif local == "link":
            self._link(entry, attributes)
        elif local in _RESOURCES and self._path[-2] == "content":
            entry.kind = local
        elif local == "IntervalReading":
            self._reading = [ABSENT] * 4
            self._fault = None

    def _link(self, entry: Entry, attributes: dict[str, str]) -> None:
        href = attributes.get("href", "").strip()
        links = entry.links.setdefault(attributes.get("rel", "")[:LINK_LIMIT], [])
        if len(href) > LINK_LIMIT or len(links) + len(entry.links) > LINKS_LIMIT:
            raise self._refuse(
                f"an entry has {LINKS_LIMIT} links of {LINK_LIMIT} characters at most"
            )
        links.append(href)

    def _characters(self, text: str) -> None:
        self._text.append(text)
        if len(self._text) > 1 and sum(map(len, self._text)) > TEXT_LIMIT:
            del self._text[1:]  # a title or a comment of the sender; numbers are short

    def _end(self, name: str) -> None:
        local = self._path.pop()
        entry = self._entry
        if entry is None:
            return
        parent = self._path[-1]
        if local == "IntervalReading":
            self._finish_reading(entry)
        elif (parent, local) in _READING:
            self._take(_READING[parent, local], local)
        elif local == "entry":
            self._entry = None
            if entry.kind:
                self.entries.append(entry)
        elif parent == entry.kind:
            entry.values[local] = "".join(self._text).strip()[:TEXT_LIMIT]

    def _take(self, place: int, name: str) -> None:
        try:
            self._reading[place] = _integer("".join(self._text).strip(), name)
        except InputError as error:
            self._fault = str(error)

    def _finish_reading(self, entry: Entry) -> None:
        line = self.parser.CurrentLineNumber
        start_s, _, value, _ = self._reading
        if self._fault is None and (start_s == ABSENT or value == ABSENT):
            self._fault = "an IntervalReading without a start or a value"
        if self._fault is not None:
            self._problems.add(line, self._fault)
        else:
            entry.readings.extend((*self._reading, line))


def _integer(text: str, name: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 15):
        raise InputError(f"{name} {text[:40]!r} is not an integer")
    return int(text)
