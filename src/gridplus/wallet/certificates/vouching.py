"""What a device says in its certificate and in its request for one.

A device's key may be in a token that signs and does nothing else, so TLS gets a key of its own, the
line key, which lives in memory. The device vouches for it: a `LineVoucher` stands in the request
and, copied, in the certificate, so that every verifier sees the device's own signature. The first
request also carries the `Claim`: the claim key and the device agree that the device gets an owner.

Both are extensions below 2.25 (ITU-T X.667: object identifiers from UUIDs, registered nowhere),
each an octet string of fixed length.
"""

from dataclasses import astuple, dataclass
from typing import Final, Self

from cryptography import x509

from gridplus.failures import InputError, invariant
from gridplus.wallet.names import Address
from gridplus.wallet.signatures import verify_device

LINE_VOUCHER: Final = x509.ObjectIdentifier("2.25.187210496517418318226735617105470213357")
CLAIM: Final = x509.ObjectIdentifier("2.25.96427093317714063280812341150926113502")
_LINE = b"gridplus.line-key/1\n"
_KEY, _SIGNATURE, _SECONDS, _ADDRESS, _EPOCH = 64, 64, 8, 20, 4


@dataclass(frozen=True, slots=True)
class LineVoucher:
    """`device_key` (64 bytes x || y) vouched at `made_at_s` for the key that is certified."""

    device_key: bytes
    made_at_s: int
    signature: bytes

    @property
    def octets(self) -> bytes:
        return self.device_key + self.made_at_s.to_bytes(_SECONDS, "big") + self.signature

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Raises InputError."""
        key, made_at, signature = _split(data, _KEY, _SECONDS, _SIGNATURE)
        return cls(key, int.from_bytes(made_at, "big"), signature)

    def vouches_for(self, line_key: bytes) -> bool:
        """Whether the device signed this line key, 64 bytes x || y."""
        message = line_message(line_key, made_at_s=self.made_at_s)
        return verify_device(self.device_key, message, signature=self.signature)


@dataclass(frozen=True, slots=True)
class Claim:
    """`wallet.Enrolment` with both its signatures; the device is that of the `LineVoucher`."""

    claim_key: Address
    owner: Address
    epoch: int
    claim_signature: bytes
    device_signature: bytes

    @property
    def octets(self) -> bytes:
        key, owner, epoch, *signatures = astuple(self)
        return b"".join([key, owner, epoch.to_bytes(_EPOCH, "big"), *signatures])

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Raises InputError."""
        key, owner, epoch, by_claim, by_device = _split(
            data, _ADDRESS, _ADDRESS, _EPOCH, _SIGNATURE, _SIGNATURE
        )
        number = int.from_bytes(epoch, "big")
        return cls(Address(key), Address(owner), number, by_claim, by_device)


def line_message(line_key: bytes, *, made_at_s: int) -> bytes:
    """What a device signs (P-256 over SHA-256) to vouch for a line key, 64 bytes x || y."""
    invariant(len(line_key) == _KEY, "a line key has 64 bytes")
    return _LINE + line_key + made_at_s.to_bytes(_SECONDS, "big")


def extension(value: LineVoucher | Claim) -> x509.UnrecognizedExtension:
    """As it stands in a request or a certificate, never critical."""
    oid = LINE_VOUCHER if isinstance(value, LineVoucher) else CLAIM
    octets = value.octets
    # DER: an OCTET STRING of 128 to 255 bytes (X.690, 8.1.3.5).
    return x509.UnrecognizedExtension(oid, b"\x04\x81" + bytes([len(octets)]) + octets)


def line_voucher(extensions: x509.Extensions) -> LineVoucher | None:
    """The voucher among `extensions`, if there is one. Raises InputError for one that is none."""
    data = _octets(extensions, LINE_VOUCHER)
    return None if data is None else LineVoucher.parse(data)


def claim(extensions: x509.Extensions) -> Claim | None:
    """The claim among `extensions`, if there is one. Raises InputError for one that is none."""
    data = _octets(extensions, CLAIM)
    return None if data is None else Claim.parse(data)


def _octets(extensions: x509.Extensions, oid: x509.ObjectIdentifier) -> bytes | None:
    for each in extensions:
        if each.oid == oid and isinstance(each.value, x509.UnrecognizedExtension):
            der = each.value.value
            if der[:2] != b"\x04\x81" or der[2:3] != bytes([len(der) - 3]):
                raise InputError("an extension of ours is no octet string")
            return der[3:]
    return None


def _split(data: bytes, *sizes: int) -> list[bytes]:
    if len(data) != sum(sizes):
        raise InputError(f"an extension of ours has {sum(sizes)} bytes, not {len(data)}")
    parts, start = [], 0
    for size in sizes:
        parts.append(data[start : start + size])
        start += size
    return parts
