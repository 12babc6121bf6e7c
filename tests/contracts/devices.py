"""P-256 keys made from names, which sign as a Smart Agent's device does."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from gridplus.digest import keccak256

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class Device:
    """A device key. `public` is 64 bytes x || y."""

    private: ec.EllipticCurvePrivateKey
    public: bytes

    @property
    def x(self) -> int:
        return int.from_bytes(self.public[:32], "big")

    @property
    def y(self) -> int:
        return int.from_bytes(self.public[32:], "big")

    def sign(self, message: bytes, *, high_s: bool = False) -> bytes:
        """64 bytes r || s over SHA-256 of `message`."""
        der = self.private.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(der)
        if (s > ORDER // 2) != high_s:
            s = ORDER - s
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def device(name: str) -> Device:
    """The device whose key is the hash of `name`."""
    private = ec.derive_private_key(int.from_bytes(keccak256(name.encode()), "big"), ec.SECP256R1())
    point = private.public_key().public_numbers()
    return Device(private, point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big"))
