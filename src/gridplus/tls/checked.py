"""A TLS connection whose peer our own verifier has judged before a byte is exchanged.

Our verifier (`wallet.certificates`) sees the chain when it has come, and before OpenSSL looks at
it: it has tighter bounds, knows devices and their epochs, and names a reason. Then OpenSSL judges,
since it alone can send an alert. What only ours refuses is handed over to a context that takes no
key, and so ends with `bad_certificate`.
"""

import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

from gridplus.tls.words import Refusals, said, why
from gridplus.wallet.certificates import DeviceName, Distrust, Refused, Trust, Verified

JUDGED_AGAIN_S: Final = 60
"""A connection that stays open is judged again after so long, or when the trust has changed."""
MOST_SWALLOWED: Final = 1 << 20
"""What a peer may still send after its alert, in bytes."""
_CERTIFICATE: Final = 11
_HANDSHAKE: Final = 22
_OURS: Final = frozenset(
    {
        Distrust.TOO_MANY,
        Distrust.TOO_LARGE,
        Distrust.UNREADABLE,
        Distrust.WEAK_KEY,
        Distrust.WEAK_SIGNATURE,
        Distrust.OTHER_PURPOSES_TOO,
        Distrust.NOT_A_DEVICE,
        Distrust.OLD_EPOCH,
        Distrust.UNSOUND,
    }
)
"""OpenSSL has no alert for these, or the same one; what it refuses too, it says better."""


class Judge(Protocol):
    """What a context knows of the peers that it lets in."""

    refusals: Refusals
    asks: bool
    between: list[bytes]
    refusing: ssl.SSLContext
    quiet: ssl.SSLContext

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
    _refused: Refused | None = None
    _presented: list[bytes] | None = None
    _judge: Judge
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
            self._judge.refusals.tell(why(error) if self._refused is None else said(self._refused))
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

    def taken_on(self, judge: Judge) -> None:
        """By the context that wraps."""
        self._judge = judge

    @property
    def has_peer(self) -> bool:
        """Whether the other end was asked who it is."""
        return self._judge.asks

    def see(self, message: bytes, *, is_tls_1_3: bool) -> None:
        """The peer's Certificate message, before OpenSSL judges it."""
        try:
            presented = presented_in(message, is_tls_1_3=is_tls_1_3)
        except ValueError:
            return  # OpenSSL says what is wrong with it
        judge = self._judge
        verdict = judge.verdict(presented)
        if isinstance(verdict, Refused) and verdict.reason in _OURS:
            self._refused = verdict
            self.context = self._judge.refusing
        self._presented = presented
        self._judged = judge.trust(), judge.now_s(), verdict

    def _require_good(self) -> None:
        """A session that was resumed shows no chain and is judged when the handshake is done: there
        is no alert after that, only the end."""
        if not self._judge.asks:
            return
        if self._presented is None:
            self._presented = self._remembered()
            self._judge_now()
        verdict = self.verdict()
        self.context = self._judge.quiet
        if isinstance(verdict, Refused):
            with suppress(ssl.SSLError):
                self.unwrap()
            raise ssl.SSLCertVerificationError(said(verdict))

    def _remembered(self) -> list[bytes]:
        """Of a session: the leaf, which was judged with our own issuing authority above it."""
        leaf = self.getpeercert(binary_form=True) if self.session_reused else None
        return [] if leaf is None else [leaf, *self._judge.between]

    def _judge_now(self) -> Verified | Refused:
        judge = self._judge
        verdict = judge.verdict(self._presented or [])
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
    if isinstance(connection, CheckedObject) and connection.has_peer:
        return Peer(connection)
    return None


def listen_in(connection: ssl.SSLObject, *told: Any) -> None:
    """What OpenSSL calls with each message (direction, version, content, kind, bytes), once it has
    come whole and before it acts on it."""
    direction, version, content, kind, message = told
    if (direction, content, kind) != ("read", _HANDSHAKE, _CERTIFICATE):
        return
    if isinstance(connection, CheckedObject):
        connection.see(message, is_tls_1_3=version == ssl.TLSVersion.TLSv1_3)


def presented_in(message: bytes, *, is_tls_1_3: bool) -> list[bytes]:
    """The certificates of a Certificate message, leaf first, each in DER (RFC 8446, section 4.4.2;
    RFC 5246, section 7.4.2). Raises ValueError for a message that is cut short."""
    at, found = 4, list[bytes]()
    if is_tls_1_3:
        at += 1 + message[at] if len(message) > at else 1
    end = at + 3 + int.from_bytes(message[at : at + 3], "big")
    at += 3
    while at < end:
        size = int.from_bytes(message[at : at + 3], "big")
        found.append(message[at + 3 : at + 3 + size])
        at += 3 + size
        if is_tls_1_3:
            at += 2 + int.from_bytes(message[at : at + 2], "big")
    if at != end or end != len(message):
        raise ValueError("a Certificate message that is not whole")
    return found
