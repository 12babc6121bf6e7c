"""A TOML table, read field by field: what is wrong is refused with the line in which it stands."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NoReturn, TypeVar

from gridplus.failures import InputError
from gridplus.planner.devices import DAY_MIN

Path = tuple[str | int, ...]
"""Keys from the root, with the place of an item in a list: ('car', 'stays', 0, 'from')."""
MAX_ITEMS = 32
MadeT = TypeVar("MadeT")
_HEADING = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\s\"'-]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')\s*=")


class TomlLines:
    """In which line of a TOML file a field stands.

    The file is TOML already; this only looks for headings and keys at the beginnings of lines. What
    stands inside an inline table has the line of the whole.
    """

    def __init__(self, text: str) -> None:
        self._line_of: dict[Path, int] = {}
        table: Path = ()
        counts: dict[Path, int] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            if heading := _HEADING.match(line):
                table = self._opened(heading, counts)
                self._line_of.setdefault(table, number)
                if heading[1] == "[[":
                    self._line_of.setdefault(table[:-1], number)
            elif key := _KEY.match(line):
                self._line_of.setdefault((*table, key[1].strip("\"'")), number)

    @staticmethod
    def _opened(heading: re.Match[str], counts: dict[Path, int]) -> Path:
        path: Path = ()
        *above, last = (name.strip().strip("\"'") for name in heading[2].split("."))
        for name in above:
            path = (*path, name)
            if path in counts:
                path = (*path, counts[path] - 1)
        path = (*path, last)
        if heading[1] == "[[":
            counts[path] = counts.get(path, 0) + 1
            path = (*path, counts[path] - 1)
        return path

    def at(self, path: Path) -> str:
        """'line 12, ' for a field, or for the table around it; nothing when neither is found."""
        while path and path not in self._line_of:
            path = path[:-1]
        return f"line {self._line_of[path]}, " if path else ""


class Table:
    """A table of the file; a field is taken by name, and a table's fields are all known."""

    def __init__(self, value: object, path: Path, *, lines: TomlLines) -> None:
        self.path, self.lines = path, lines
        if not isinstance(value, dict):
            raise InputError(f"{lines.at(path)}{path[-1]} is {value!r}; write a [{path[-1]}] table")
        self._value: Mapping[str, object] = value

    def known(self, *names: str) -> None:
        """Refuse a field with another name."""
        for name in sorted(set(self._value) - set(names)):
            self.fail(name, f"is not known; the fields are {', '.join(names)}")

    def fail(self, name: str, why: str) -> NoReturn:
        raise InputError(f"{self.lines.at((*self.path, name))}{name} {why}")

    def has(self, name: str) -> bool:
        return name in self._value

    def get(self, name: str) -> object:
        return self._value.get(name)

    def count(self, name: str, default: int | None = None) -> int:
        """A whole number."""
        value = self._value.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            found = "is missing" if value is None else f"is {value}"
            self.fail(name, f"{found}; write a whole number")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        value = self._value.get(name, default)
        if not isinstance(value, bool):
            self.fail(name, f"is {value!r}; write true or false")
        return value

    def milli(self, name: str, default: int | None = None) -> int:
        """A number of degrees, in thousandths."""
        value = self._value.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.fail(name, f"is {value!r}; write a number of degrees Celsius, like 20.5")
        exact = Decimal(value) * 1_000
        if not exact.is_finite() or exact != exact.to_integral_value():
            self.fail(name, f"is {value}; write degrees Celsius with three decimals at most")
        return int(exact)

    def minute(self, name: str) -> int:
        """A time of day."""
        value = self._value.get(name)
        minute = _minute(value) if isinstance(value, str) else None
        if minute is None:
            self.fail(name, f"is {value!r}; write a time of day like '07:30'")
        return minute

    def span(self, name: str) -> tuple[int, int]:
        """From one time of day until another."""
        value = self._value.get(name)
        ends = [_minute(part) for part in value.split("-")] if isinstance(value, str) else []
        if len(ends) != 2 or ends[0] is None or ends[1] is None:
            self.fail(name, f"is {value!r}; write a span like '22:00-06:00'")
        return ends[0], ends[1]

    def table(self, name: str) -> "Table | None":
        value = self._value.get(name)
        return None if value is None else Table(value, (*self.path, name), lines=self.lines)

    def tables(self, name: str) -> "list[Table]":
        value = self._value.get(name, [])
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            self.fail(name, f"is not a list of at most {MAX_ITEMS} [[{name}]] tables")
        return [
            Table(item, (*self.path, name, at), lines=self.lines) for at, item in enumerate(value)
        ]

    def contradicts(self, here: str, other: "Table", *, there: str, why: str) -> NoReturn:
        """Refuse two fields that contradict each other, both lines named."""
        one, two = (*self.path, here), (*other.path, there)
        left = f"{self.lines.at(one)}{here} is {self.get(here)}, which contradicts "
        raise InputError(f"{left}{self.lines.at(two)}{there} = {other.get(there)}; {why}")

    def make(self, build: Callable[[], MadeT]) -> MadeT:
        """What `build` makes of the table; what it refuses has the table's line."""
        try:
            return build()
        except InputError as error:
            said = str(error)
            name = next((key for key in self._value if said.startswith(f"{key} ")), None)
            path = self.path if name is None else (*self.path, name)
            raise InputError(f"{self.lines.at(path)}{said}") from None


def _minute(text: str) -> int | None:
    """'07:30' -> 450; '24:00' is midnight."""
    hours, colon, minutes = text.strip().partition(":")
    if not colon or len(minutes) != 2 or not (hours + minutes).isdecimal() or len(hours) > 2:
        return None
    minute = int(hours) * 60 + int(minutes)
    return minute % DAY_MIN if int(minutes) < 60 and minute <= DAY_MIN else None
