"""What all messages share: one object of known fields, a kind, a size limit, one spelling."""

from abc import ABC, abstractmethod
from typing import ClassVar, Self

from gridplus.digest import Document, canonical_json, parse_document
from gridplus.failures import InputError
from gridplus.tariff import Fields


class Message(ABC):
    """A frozen dataclass that travels as one JSON object.

    A subclass names its `KIND` and `LIMIT` (bytes), writes its fields with `document` and reads
    them with `read`. `parse(x.to_bytes()) == x`; whatever is not written exactly so is refused.
    """

    KIND: ClassVar[str]
    LIMIT: ClassVar[int] = 16_384

    @abstractmethod
    def document(self) -> dict[str, Document]:
        """All fields but the kind."""

    @classmethod
    @abstractmethod
    def read(cls, fields: Fields) -> Self:
        """Take every field but the kind."""

    def to_bytes(self) -> bytes:
        return canonical_json({"kind": self.KIND, **self.document()})

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Raises InputError that names the message, the field and the reason."""
        document = parse_document(data, limit=cls.LIMIT, what=cls.KIND)
        fields = Fields(document, cls.KIND)
        if (kind := fields.take("kind")) != cls.KIND:
            fields.fail("kind", f"is {kind!r}; it must be {cls.KIND!r}")
        message = cls.read(fields)
        fields.close()
        if {"kind": cls.KIND, **message.document()} != document:
            raise InputError(f"{cls.KIND}: a value is not written in its one spelling")
        return message
