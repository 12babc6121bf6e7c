"""Reading a document key by key: every key is known, every value has its type and its limits.

What a reader finds wrong is one InputError: the file, the place in it, what to do.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NoReturn

from gridplus.digest import Document
from gridplus.failures import InputError
from gridplus.units import U48_MAX

_EXACT = re.compile(r"0|[1-9][0-9]{0,39}")
_SIGNED = re.compile(r"0|-?[1-9][0-9]{0,39}")
MAX_TEXT = 500


class Fields:
    """One object of a document. `where` names file and place, as in 'bill.json: totals'.

    Each key is taken once by name; `close` refuses what nobody asked for.
    """

    def __init__(self, document: Document, where: str) -> None:
        if not isinstance(document, dict):
            raise InputError(f"{where}: must be an object with named fields")
        self.where = where
        self._left = dict(document)

    def fail(self, key: str, why: str) -> NoReturn:
        """Raise InputError for the field `key`."""
        raise InputError(f"{self.where}.{key}: {why}")

    def has(self, key: str) -> bool:
        return key in self._left

    def peek(self, key: str) -> Document:
        """The raw value of `key`, None when it is absent; it stays to be taken."""
        return self._left.get(key)

    def take(self, key: str) -> Document:
        """The raw value of `key`, once."""
        if key not in self._left:
            self.fail(key, "is missing; add it")
        return self._left.pop(key)

    def close(self) -> None:
        """Refuse keys that nobody took: a misspelt key must not be a silent default."""
        for key in self._left:
            self.fail(key, "is not a known key; remove it or correct its spelling")

    def text(self, key: str) -> str:
        """A text that is safe to show: control characters and half surrogates are refused."""
        value = self.take(key)
        if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT or not value.isprintable():
            self.fail(key, f"must be a text of 1 to {MAX_TEXT} printable characters")
        return value

    def choice(self, key: str, known: Iterable[str]) -> str:
        """One of the texts that are known."""
        value = self.text(key)
        if value not in (texts := list(known)):
            self.fail(key, f"is {value!r}; known are {', '.join(texts)}")
        return value

    def integer(self, key: str, *, high: int = U48_MAX) -> int:
        """An integer, 0 to `high`."""
        value = self.take(key)
        if type(value) is not int or not 0 <= value <= high:
            self.fail(key, f"must be an integer from 0 to {high}")
        return value

    def integer_or_none(self, key: str) -> int | None:
        """An integer from 0, or null."""
        if self.has(key) and self.peek(key) is None:
            self.take(key)
            return None
        return self.integer(key)

    def abolt(self, key: str) -> int:
        """An exact amount: a decimal string, because JSON readers lose digits above 2**53."""
        value = self.take(key)
        if not isinstance(value, str) or not _EXACT.fullmatch(value):
            self.fail(key, "must be a whole number of aBOLT (1e-18 BOLT), written as a text")
        return int(value)

    def signed_abolt(self, key: str) -> int:
        """An exact amount, which may be below zero."""
        value = self.take(key)
        if not isinstance(value, str) or not _SIGNED.fullmatch(value):
            self.fail(key, "must be a whole number of aBOLT (1e-18 BOLT), written as a text")
        return int(value)

    def flag(self, key: str) -> bool:
        value = self.take(key)
        if not isinstance(value, bool):
            self.fail(key, "must be true or false")
        return value

    def octets(self, key: str, size: int) -> bytes:
        """Exactly `size` bytes, written as lowercase hex after 0x."""
        return self._octets(key, self.take(key), size=size)

    def octets_or_none(self, key: str, size: int) -> bytes | None:
        value = self.take(key)
        return None if value is None else self._octets(key, value, size=size)

    def day(self, key: str) -> date:
        """A calendar day, written 2021-02-15."""
        value = self.take(key)
        try:
            found = date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            self.fail(key, "must be a day, like 2021-02-15")
        if found.isoformat() != value:
            self.fail(key, "must be a day, like 2021-02-15")
        return found

    def object(self, key: str) -> "Fields":
        return Fields(self.take(key), f"{self.where}.{key}")

    def object_or_none(self, key: str) -> "Fields | None":
        value = self.take(key)
        return None if value is None else Fields(value, f"{self.where}.{key}")

    def texts(self, key: str, *, limit: int) -> list[str]:
        """A list of at most `limit` texts."""
        value = self.take(key)
        if not isinstance(value, list) or len(value) > limit:
            self.fail(key, f"must be a list of at most {limit}")
        items = Fields({str(i): item for i, item in enumerate(value)}, f"{self.where}.{key}")
        return [items.text(str(i)) for i in range(len(value))]

    def objects(self, key: str, *, limit: int) -> Iterator["Fields"]:
        """The objects of a list of at most `limit`."""
        value = self.take(key)
        if not isinstance(value, list) or len(value) > limit:
            self.fail(key, f"must be a list of at most {limit}")
        return (Fields(item, f"{self.where}.{key}[{i}]") for i, item in enumerate(value))

    def _octets(self, key: str, value: Document, *, size: int) -> bytes:
        if not isinstance(value, str) or not re.fullmatch(f"0x[0-9a-f]{{{2 * size}}}", value):
            self.fail(key, f"must be {size} bytes: 0x and {2 * size} lowercase hex digits")
        return bytes.fromhex(value[2:])


def format_octets(value: bytes) -> str:
    """b'\\x01' -> '0x01'."""
    return "0x" + value.hex()
