"""A TLS connection whose peer our own verifier has judged before a byte is exchanged.

OpenSSL judges first, since it alone can send the alert that fits. What it lets pass is judged by
`wallet.certificates`, which has tighter bounds, knows devices and their epochs, and names a reason.
"""

import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

from gridplus.tls.words import Refusals, why
from gridplus.wallet.certificates import DeviceName, Refused, Trust, Verified

JUDGED_AGAIN_S: Final = 60
"""A connection that stays open is judged again after so long, or when the trust has changed."""
MOST_SWALLOWED: Final = 1 << 20
"""What a peer may still send after its alert, in bytes."""
_DER: Final = 2  # _ssl.ENCODING_DER


class Judge(Protocol):
    """What a context knows of the peers that it lets in."""

    refusals: Refusals

    def now_s(self) -> int: ...

    def trust(self) -> Trust: ...

    def verdict(self, presented: list[bytes]) -> Verified | Refused: ...


class CheckedObject(ssl.SSLObject):
    """Handshakes, judges, and shuts the door with a word in the log. See `ssl.SSLObject`."""

    incoming: ssl.MemoryBIO
    outgoing: ssl.MemoryBIO
    """Both are set by the context that wraps."""
    _swallowed = 0
    _failed: ssl.SSLError | None = None
    _presented: list[bytes]
    _judged: tuple[Trust, int, Verified | Refused]

    def do_handshake(self) -> None:
        """As `ssl.SSLObject.do_handshake`. A handshake that fails with an alert to be sent, which
        the loop would drop, asks for more until the peer has had the alert and hangs up."""
        if self._failed is not None:
            self._swallowed += len(self.incoming.read())
            if self.incoming.eof or self._swallowed > MOST_SWALLOWED:
                raise self._failed
            raise ssl.SSLWantReadError
        try:
            super().do_handshake()
            self._require_good()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            self._failed = error
            self._judge.refusals.tell(why(error))
            if not self.outgoing.pending:
                raise
            raise ssl.SSLWantReadError from None

    def verdict(self) -> Verified | Refused:
        """On the peer, now."""
        trust, judged_s, verdict = self._judged
        judge = self._judge
        now_s = judge.now_s()
        if judge.trust() is trust and judged_s <= now_s < judged_s + JUDGED_AGAIN_S:
            return verdict
        return self._judge_now()

    @property
    def _judge(self) -> Judge:
        judge: Judge = self.context.judge  # type: ignore[attr-defined]
        return judge

    def _require_good(self) -> None:
        if self.context.verify_mode == ssl.CERT_NONE:
            return
        self._presented = _chain(self)
        verdict = self._judge_now()
        if isinstance(verdict, Refused):
            with suppress(ssl.SSLError):
                self.unwrap()
            raise ssl.SSLCertVerificationError(f"{verdict.reason.name}: {verdict}")

    def _judge_now(self) -> Verified | Refused:
        judge = self._judge
        verdict = judge.verdict(self._presented)
        self._judged = (judge.trust(), judge.now_s(), verdict)
        return verdict


class Peer:
    """The device at the other end of a mutual connection, as long as it is to be believed."""

    def __init__(self, connection: CheckedObject) -> None:
        self._connection = connection

    def device(self) -> DeviceName | None:
        """Whose certificate it is; None when it is not believed any more, or is no device's."""
        verdict = self._connection.verdict()
        return None if isinstance(verdict, Refused) else verdict.device

    def is_device(self, name: bytes | None) -> bool:
        """Whether the device of this id, 32 bytes, is at the other end."""
        device = self.device()
        return device is not None and device.id == name


def peer_at(scope: Mapping[str, Any]) -> Peer | None:
    """The peer behind an ASGI scope, whose state `serving.Door` fills."""
    state = scope.get("state", {})
    return peer_of(state["extra"]) if "extra" in state else None


def peer_of(extra: Callable[[str], Any]) -> Peer | None:
    """The peer behind `transport.get_extra_info` or `StreamWriter.get_extra_info`; None where the
    peer was asked for no certificate."""
    connection = extra("ssl_object")
    if isinstance(connection, CheckedObject) and connection.context.verify_mode != ssl.CERT_NONE:
        return Peer(connection)
    return None


def _chain(connection: ssl.SSLObject) -> list[bytes]:
    """What the peer presented, leaf first. A resumed session keeps the leaf alone, which was judged
    with our own issuing authority above it, or with none."""
    leaf = connection.getpeercert(binary_form=True)
    if leaf is None:
        return []
    if connection.session_reused:
        between: list[bytes] = connection.context.between  # type: ignore[attr-defined]
        return [leaf, *between]
    public = getattr(connection, "get_unverified_chain", None)
    if public is not None:  # since Python 3.13
        return list(public())
    held = connection._sslobj.get_unverified_chain()  # type: ignore[attr-defined]
    return [each.public_bytes(_DER) for each in held]
