"""Mutual TLS: who is at the other end of a line, judged by our own verifier at both ends."""

from gridplus.tls.checked import CheckedObject, Peer, peer_at, peer_of
from gridplus.tls.contexts import (
    HANDSHAKE_S,
    ClientContext,
    Credentials,
    ServerContext,
    new_credentials_key,
)

__all__ = [
    "HANDSHAKE_S",
    "CheckedObject",
    "ClientContext",
    "Credentials",
    "Peer",
    "ServerContext",
    "new_credentials_key",
    "peer_at",
    "peer_of",
]
