"""Contexts for servers and clients: TLS 1.3, or 1.2 with AEAD only; both ends name themselves.

A server's context lives as long as its listener; `renew` gives the next connection new credentials
and a new trust. Each renewal makes new ticket keys, so that no session outlives a revocation list.
"""

import ssl
import tempfile
from asyncio import sslproto
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gridplus.failures import InputError, invariant
from gridplus.tls.checked import CheckedObject, listen_in
from gridplus.tls.words import Refusals
from gridplus.wallet.certificates import (
    Purpose,
    Refused,
    Trust,
    Verified,
    parse_certificates,
    verify_chain,
)

_CURVE: Final = "prime256v1"
"""Of the key exchange. Python sets one or leaves all; both ends here offer this one at once."""
sslproto.SSLProtocol.max_size = 16_384
"""What the loop holds ready for each connection: a record, not sixteen of them as is its custom."""
HANDSHAKE_S: Final = 10
"""A peer that has not shaken hands by then is let go; give it to the listener as its limit."""
_CIPHERS: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:@SECLEVEL=3"
)
"""Of TLS 1.2. Those of TLS 1.3 are AEAD all of them."""


_NO_KEY_WILL_DO: Final = "ECDHE-ECDSA-AES256-GCM-SHA384:@SECLEVEL=5"
"""Of a context that takes over a handshake to refuse it: P-256 has 128 bits, level 5 asks 256."""


def new_credentials_key() -> ec.EllipticCurvePrivateKey:
    """A fresh P-256 key for the life of a process or a certificate; it is never written down."""
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class Credentials:
    """What this end presents: a chain in PEM, leaf first, and the leaf's key."""

    chain: bytes
    key: ec.EllipticCurvePrivateKey

    @property
    def between(self) -> list[bytes]:
        """The chain above the leaf, each in DER."""
        found = parse_certificates(self.chain, what="the chain of this end")
        return [each.public_bytes(Encoding.DER) for each in found[1:]]

    def __repr__(self) -> str:
        return "Credentials()"


class _Context(ssl.SSLContext):
    """One set of credentials, one trust; see `checked.Judge`. `refusing` takes over the handshakes
    of peers that only our own verifier refuses, `quiet` those that are done: it hears nothing."""

    sslobject_class = CheckedObject
    asks = False
    refusing: ssl.SSLContext
    quiet: ssl.SSLContext

    def __new__(cls, protocol: int, **_parts: Any) -> Self:
        return super().__new__(cls, protocol)

    def __init__(
        self,
        _protocol: int,
        *,
        credentials: Credentials | None,
        trust: Callable[[], Trust],
        now_s: Callable[[], int],
        refusals: Refusals,
    ) -> None:
        self.refusals = refusals
        self.between = [] if credentials is None else credentials.between
        self.now_s = now_s
        self.trust = trust
        self.minimum_version = ssl.TLSVersion.TLSv1_2
        self.set_ciphers(_CIPHERS)
        self.set_ecdh_curve(_CURVE)
        self.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
        if credentials is not None:
            _load(self, credentials)

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *a: Any, **k: Any) -> Any:
        made = super().wrap_bio(incoming, outgoing, *a, **k)
        invariant(isinstance(made, CheckedObject), "a context wraps in its own class")
        made.incoming, made.outgoing = incoming, outgoing  # type: ignore[attr-defined]
        made.taken_on(self)  # type: ignore[attr-defined]
        return made

    def verdict(self, presented: list[bytes]) -> Verified | Refused:
        purpose = Purpose.CLIENT if self.protocol == ssl.PROTOCOL_TLS_SERVER else Purpose.SERVER
        at = datetime.fromtimestamp(self.now_s(), UTC)
        return verify_chain(presented, trust=self.trust(), at=at, purpose=purpose)

    def require_peer(self) -> None:
        """Ask the other end for its certificate, and judge it."""
        self.verify_mode = ssl.CERT_REQUIRED
        self.verify_flags |= ssl.VERIFY_X509_STRICT
        self.asks = True
        self.refusing, self.quiet = ssl.SSLContext(self.protocol), ssl.SSLContext(self.protocol)
        self.refusing.set_ciphers(_NO_KEY_WILL_DO)
        self._msg_callback = listen_in
        trust = self.trust()
        if trust.revocation:
            self.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
        pem = b"".join(root.public_bytes(Encoding.PEM) for root in trust.roots)
        pem += b"".join(crl.public_bytes(Encoding.PEM) for crl in trust.lists)
        with tempfile.TemporaryDirectory() as folder:  # lists are read from files only
            path = Path(folder, "trust.pem")
            path.write_bytes(pem)
            for context in (self, self.refusing):
                context.load_verify_locations(path)


class _Renewed(ssl.SSLContext):
    """Hands each new connection to the newest of its contexts."""

    _protocol: int

    def __new__(cls, **_parts: Any) -> Self:
        return super().__new__(cls, cls._protocol)

    def __init__(self, *, now_s: Callable[[], int], asks: bool) -> None:
        self._asks = asks
        self._now_s = now_s
        self._refusals = Refusals()
        self._alpn: list[str] = []
        self._trust: Trust
        self._newest: _Context

    def renew(self, credentials: Credentials | None, trust: Trust) -> None:
        """From now on: connections that are open are judged again by the new trust."""
        self._trust = trust
        made = _Context(
            self._protocol,
            credentials=credentials,
            trust=lambda: self._trust,
            now_s=self._now_s,
            refusals=self._refusals,
        )
        if self._asks:
            made.require_peer()
        if self._alpn:
            made.set_alpn_protocols(self._alpn)
        self._newest = made

    def set_alpn_protocols(self, alpn_protocols: Any) -> None:
        self._alpn = list(alpn_protocols)
        self._newest.set_alpn_protocols(self._alpn)

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *a: Any, **k: Any) -> Any:
        """A new connection, under what is newest."""
        return self._newest.wrap_bio(incoming, outgoing, *a, **k)


class ServerContext(_Renewed):
    """For a listener, all its life. `mutual` asks every peer for a device's certificate."""

    _protocol = ssl.PROTOCOL_TLS_SERVER

    def __init__(
        self, *, credentials: Credentials, trust: Trust, mutual: bool, now_s: Callable[[], int]
    ) -> None:
        super().__init__(now_s=now_s, asks=mutual)
        self.renew(credentials, trust)


class ClientContext(_Renewed):
    """For a client, all its life: it believes the endpoints of `trust`, and presents `credentials`
    if it has any."""

    _protocol = ssl.PROTOCOL_TLS_CLIENT

    def __init__(
        self, *, credentials: Credentials | None, trust: Trust, now_s: Callable[[], int]
    ) -> None:
        super().__init__(now_s=now_s, asks=True)
        self.renew(credentials, trust)


def _load(context: ssl.SSLContext, credentials: Credentials) -> None:
    """The library reads keys from files only: it gets one under a passphrase of the moment."""
    passphrase = token_hex(16)
    closed = credentials.key.private_bytes(
        Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "presented.pem")
        path.write_bytes(closed + credentials.chain)
        try:
            context.load_cert_chain(path, password=passphrase)
        except ssl.SSLError as error:
            raise InputError(f"a certificate and a key that do not fit: {error.reason}") from None
    invariant(not path.exists(), "nothing of a key stays on the disk")
