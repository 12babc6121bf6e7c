"""The certificate profile: what every certificate of a retailer's two-level authority looks like.

| field      | root              | issuing           | device              | endpoint         |
|------------|-------------------|-------------------|---------------------|------------------|
| key        | P-256             | P-256             | P-256               | P-256            |
| signature  | ECDSA, SHA-256    | same              | same                | same             |
| subject    | CN, a sentence    | CN, a sentence    | CN, the device id   | CN, host         |
| SAN        | none              | none              | URI, id and epoch   | DNS name or IP   |
| basic      | CA, path length 1 | CA, path length 0 | not a CA            | not a CA         |
| key usage  | certificates, CRL | certificates, CRL | digital signature   | same             |
| extended   | none              | none              | clientAuth          | serverAuth       |
| life       | 20 years          | 5 years           | 30 days             | 90 days          |

Source: RFC 5280, sections 4.1 and 4.2; the life of a device certificate is our choice.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from gridplus.digest import keccak256

ROOT_LIFE = timedelta(days=20 * 365)
ISSUING_LIFE = timedelta(days=5 * 365)
DEVICE_LIFE = timedelta(days=30)
ENDPOINT_LIFE = timedelta(days=90)
CLOCK_SKEW = timedelta(minutes=5)
"""A certificate begins this much before it is made, for devices whose clocks run behind."""

_DEVICE_URI = re.compile(r"urn:gridplus:device:([0-9a-f]{64}):(0|[1-9][0-9]{0,9})")
_MAX_EPOCH = (1 << 32) - 1


class Purpose(Enum):
    """What the holder of a certificate does in a TLS handshake."""

    CLIENT = "client"
    SERVER = "server"

    @property
    def usage(self) -> x509.ObjectIdentifier:
        """The extended key usage that says so."""
        if self is Purpose.CLIENT:
            return ExtendedKeyUsageOID.CLIENT_AUTH
        return ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True, slots=True)
class DeviceName:
    """A device as the registry knows it: `id` of 32 bytes, and the epoch it was enrolled in."""

    id: bytes
    epoch: int

    @property
    def uri(self) -> str:
        """The URI that stands in the certificate's subject alternative name."""
        return f"urn:gridplus:device:{self.id.hex()}:{self.epoch}"


def parse_device_uri(uri: str) -> DeviceName | None:
    """The inverse of `DeviceName.uri`; None for every other text."""
    found = _DEVICE_URI.fullmatch(uri)
    if found is None or int(found[2]) > _MAX_EPOCH:
        return None
    return DeviceName(bytes.fromhex(found[1]), int(found[2]))


def device_public(key: object) -> bytes | None:
    """64 bytes x || y of a P-256 public key; None for every other kind of key."""
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != ec.SECP256R1.name:
        return None
    numbers = key.public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def device_id(public: bytes) -> bytes:
    """The registry's name of a device, 32 bytes: keccak of its public key, 64 bytes x || y."""
    return keccak256(public)
