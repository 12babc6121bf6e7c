"""Bytes from outside -> certificates, requests and revocation lists, each within its size.

Whatever the library raises for hostile bytes becomes an InputError that names what was read.
"""

import warnings
from collections.abc import Callable
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.utils import CryptographyDeprecationWarning

from gridplus.failures import InputError

MAX_REQUEST_BYTES = 8_192
MAX_CERTIFICATES_BYTES = 65_536
MAX_LIST_BYTES = 8 << 20

LIBRARY_ERRORS = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    CryptographyDeprecationWarning,
)
"""What the library raises for bytes that are no certificate, at once or when a field is read."""

# The library still reads serial numbers that RFC 5280 forbids, and says so. We do not read them.
warnings.filterwarnings("error", "Parsed a", category=CryptographyDeprecationWarning)

_PEM = b"-----BEGIN "
T = TypeVar("T")


def parse_certificates(data: bytes, *, what: str) -> tuple[x509.Certificate, ...]:
    """One or more certificates in PEM, or one in DER. Raises InputError."""
    if data.lstrip().startswith(_PEM):
        return tuple(_parsed(x509.load_pem_x509_certificates, data, what=what))
    return (_parsed(x509.load_der_x509_certificate, data, what=what),)


def parse_request(data: bytes, *, what: str) -> x509.CertificateSigningRequest:
    """A certificate signing request in PEM or DER, signed by the key that it names.

    Raises InputError, also when that signature (the proof of possession) is not right.
    """
    pem = data.lstrip().startswith(_PEM)
    load = x509.load_pem_x509_csr if pem else x509.load_der_x509_csr
    request = _parsed(load, data, what=what, limit=MAX_REQUEST_BYTES)
    _parsed(lambda _: list(request.extensions), data, what=what)
    if not _parsed(lambda _: request.is_signature_valid, data, what=what):
        raise InputError(f"{what} is not signed by the key that it names")
    return request


def parse_list(data: bytes, *, what: str) -> x509.CertificateRevocationList:
    """A certificate revocation list in PEM or DER. Raises InputError."""
    load = x509.load_pem_x509_crl if data.lstrip().startswith(_PEM) else x509.load_der_x509_crl
    return _parsed(load, data, what=what, limit=MAX_LIST_BYTES)


def _parsed(
    load: Callable[[bytes], T], data: bytes, *, what: str, limit: int = MAX_CERTIFICATES_BYTES
) -> T:
    if len(data) > limit:
        raise InputError(f"{what} has {len(data)} bytes; at most {limit} are read")
    try:
        return load(data)
    except LIBRARY_ERRORS:
        raise InputError(f"{what} cannot be read as X.509, neither as PEM nor as DER") from None
