"""A device key as the certificate library wants to see one: it signs, and shows nothing."""

from typing import Never, Protocol, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

from gridplus.failures import invariant


class P256Signer(Protocol):
    """A P-256 key, wherever it is kept."""

    @property
    def public(self) -> bytes: ...

    def sign(self, message: bytes) -> bytes: ...


class CertificateKey(ec.EllipticCurvePrivateKey):
    """Signs certificates, requests and revocation lists with a key that stays where it is."""

    def __init__(self, signer: P256Signer) -> None:
        self._signer = signer

    @property
    def curve(self) -> ec.EllipticCurve:
        return ec.SECP256R1()

    @property
    def key_size(self) -> int:
        return 256

    def public_key(self) -> ec.EllipticCurvePublicKey:
        public = self._signer.public
        x, y = int.from_bytes(public[:32], "big"), int.from_bytes(public[32:], "big")
        return ec.EllipticCurvePublicNumbers(x, y, self.curve).public_key()

    def sign(self, data: object, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """DER of ECDSA over SHA-256(data), low s."""
        algorithm = signature_algorithm.algorithm
        plain = isinstance(algorithm, SHA256) and not isinstance(algorithm, Prehashed)
        invariant(plain, "certificates are signed over SHA-256")
        signature = self._signer.sign(bytes(data))  # type: ignore[call-overload]
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        return encode_dss_signature(r, s)

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> Never:
        raise TypeError("this key signs and does nothing else")

    def private_numbers(self) -> Never:
        raise TypeError("this key does not leave its store")

    def private_bytes(self, *_form: object, **_options: object) -> Never:
        raise TypeError("this key does not leave its store")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self
