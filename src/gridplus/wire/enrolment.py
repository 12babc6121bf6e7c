"""A home's VEN gets its OAuth2 client: bound to the device key that the channel's id contains."""

from dataclasses import dataclass
from typing import ClassVar, Self

from gridplus.digest import Document, canonical_json
from gridplus.tariff import ChannelIdentity, Fields, format_octets, identity_document, identity_from
from gridplus.wire.message import Message

_SECONDS_MAX = 1 << 33


@dataclass(frozen=True, slots=True)
class EnrolVen(Message):
    """The home chose a secret; here is its SHA-256. `signature` is the device's over `signed`."""

    identity: ChannelIdentity
    secret_hash: bytes
    signed_at_s: int
    signature: bytes
    KIND: ClassVar[str] = "gridplus.enrol-ven/1"

    def document(self) -> dict[str, Document]:
        return {**self._claim(), "signature": format_octets(self.signature)}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            identity_from(fields),
            fields.octets("secret_hash", 32),
            fields.integer("signed_at_s", high=_SECONDS_MAX),
            fields.octets("signature", 64),
        )

    @property
    def signed(self) -> bytes:
        """What the device signs: everything else in this message."""
        return canonical_json({"kind": self.KIND, **self._claim()})

    def _claim(self) -> dict[str, Document]:
        return {
            **identity_document(self.identity),
            "secret_hash": format_octets(self.secret_hash),
            "signed_at_s": self.signed_at_s,
        }


@dataclass(frozen=True, slots=True)
class VenEnrolled(Message):
    """The home's client id and its ven at the VTN."""

    client_id: str
    ven_id: str
    KIND: ClassVar[str] = "gridplus.ven-enrolled/1"

    def document(self) -> dict[str, Document]:
        return {"client_id": self.client_id, "ven_id": self.ven_id}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.text("client_id"), fields.text("ven_id"))
