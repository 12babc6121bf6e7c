"""Who may do what at a VTN: OAuth2 clients in two roles, and the scopes of a token.

Source: RFC 6749 (sections 2.3.1, 4.4, 5.1, 5.2); OpenADR 3.1.0, securitySchemes and Definitions,
"Object Privacy". Secrets are compared by their SHA-256, so that the time taken tells nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

TOKEN_LIFE_S = 3_600
_FIELD_LIMIT = 4_096


class Role(Enum):
    """Business logic writes programs and events; a VEN reads what is meant for it and reports."""

    BL = "BL"
    VEN = "VEN"

    @property
    def scopes(self) -> frozenset[str]:
        """All that a token of this role may hold."""
        return _SCOPES[self]


_SHARED = frozenset({"read_targets", "read_ven_objects", "write_subscriptions", "write_vens"})
_SCOPES = {
    Role.BL: _SHARED | {"read_all", "read_bl", "write_programs", "write_events"},
    Role.VEN: _SHARED | {"write_reports"},
}


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody who may ask for tokens. `secret_hash` is the SHA-256 of the secret; a VEN that
    enrolled by its device is asked for by that device alone, where lines are mutual."""

    client_id: str
    role: Role
    secret_hash: bytes
    device: bytes | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """What a token says: this client, with these scopes, until `expires_s` (exclusive)."""

    client_id: str
    role: Role
    scopes: frozenset[str]
    expires_s: int


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for a token: who says they ask, with which secret, for which scopes."""

    client_id: str
    secret: str
    scopes: frozenset[str]


class TokenRefusal(Enum):
    """RFC 6749, section 5.2: (HTTP status, error code, sentence)."""

    NO_FORM = (400, "invalid_request", "send an application/x-www-form-urlencoded body")
    REPEATED_FIELD = (400, "invalid_request", "a field stands twice")
    TWO_WAYS = (400, "invalid_request", "authenticate by header or by body, not by both")
    BAD_BASIC = (400, "invalid_request", "the Authorization header is no HTTP Basic credential")
    NO_GRANT = (400, "invalid_request", "grant_type is missing")
    OTHER_GRANT = (400, "unsupported_grant_type", "only client_credentials is known here")
    NO_CLIENT = (400, "invalid_request", "client_id and client_secret are missing or too long")
    UNKNOWN_CLIENT = (401, "invalid_client", "no such client, or not its secret")
    NO_SCOPE = (400, "invalid_scope", "this client may have none of the scopes it asks for")

    @property
    def status(self) -> int:
        return self.value[0]

    @property
    def code(self) -> str:
        return self.value[1]

    @property
    def sentence(self) -> str:
        return self.value[2]


def read_ask(
    form: Sequence[tuple[str, str]], *, basic: tuple[str, str] | None
) -> Ask | TokenRefusal:
    """What a POST to the token endpoint asks for; credentials in the form or by HTTP Basic."""
    fields = dict(form)
    if len(fields) != len(form):
        return TokenRefusal.REPEATED_FIELD
    if basic is not None and fields.get("client_secret"):
        return TokenRefusal.TWO_WAYS
    wanted = fields.get("grant_type", "")
    if not wanted:
        return TokenRefusal.NO_GRANT
    if wanted != "client_credentials":
        return TokenRefusal.OTHER_GRANT
    named = basic or (fields.get("client_id", ""), fields.get("client_secret", ""))
    if not all(0 < len(part) <= _FIELD_LIMIT for part in named):
        return TokenRefusal.NO_CLIENT
    return Ask(*named, frozenset(fields.get("scope", "").split()))


def grant(
    ask: Ask, clients: Mapping[str, Client], *, secret_hash: bytes, now_s: int
) -> Session | TokenRefusal:
    """The session for `ask`, whose secret hashes to `secret_hash`.

    Scopes beyond the client's role are left out; without any, all of the role's are given.
    """
    client = clients.get(ask.client_id)
    if client is None or client.secret_hash != secret_hash:
        return TokenRefusal.UNKNOWN_CLIENT
    scopes = ask.scopes & client.role.scopes if ask.scopes else client.role.scopes
    if not scopes:
        return TokenRefusal.NO_SCOPE
    return Session(client.client_id, client.role, scopes, now_s + TOKEN_LIFE_S)
