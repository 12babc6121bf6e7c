"""The file of provisioned OAuth2 clients, and tokens that nobody else can make."""

import hashlib
import hmac
import json
import os
import secrets
import tomllib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

from gridplus.failures import InputError, StorageError
from gridplus.signals import Client, Role, Session
from gridplus.tariff import Fields

MOST_CLIENTS = 1_000
SECRET_CHARACTERS = 32
_KEY_BYTES = 32
_HEAD = b'{"alg":"HS256","typ":"JWT"}'


def secret_hash(secret: str) -> bytes:
    """SHA-256: enough for a secret that no person chose."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


def load_clients(path: Path, *, test_mode: bool) -> dict[str, Client]:
    """The clients in a TOML file of `[[client]]` tables with id, secret and role (BL or VEN).

    In normal use the file is for its owner alone, secrets have 32 characters or more, and every
    client is business logic: a home's VEN enrols with its device key. Raises InputError that names
    file, place and mend; StorageError for a file that others can read.
    """
    try:
        mode, table = path.stat().st_mode, tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as a file of clients: {error}") from None
    if mode & 0o077 and not test_mode:
        raise StorageError(f"{path} can be read by others; run: chmod 600 {path}")
    fields = Fields(table, str(path))
    found: dict[str, Client] = {}
    for item in fields.objects("client", limit=MOST_CLIENTS) if fields.has("client") else ():
        client = _client(item, test_mode=test_mode)
        if client.client_id in found:
            item.fail("id", f"{client.client_id} stands twice; each client has its own")
        found[client.client_id] = client
    fields.close()
    return found


def _client(item: Fields, *, test_mode: bool) -> Client:
    client_id, secret = item.text("id"), item.text("secret")
    role = Role[item.choice("role", [role.name for role in Role])]
    if not test_mode and len(secret) < SECRET_CHARACTERS:
        item.fail("secret", f"must have {SECRET_CHARACTERS} characters or more")
    if not test_mode and role is Role.VEN:
        item.fail("role", "a VEN enrols with its device key; only business logic stands here")
    item.close()
    return Client(client_id, role, secret_hash(secret))


class TokenSeal:
    """Makes and opens bearer tokens: JSON Web Tokens (RFC 7519), HMAC-SHA-256, one key a VTN."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def load(cls, path: Path) -> "TokenSeal":
        """The seal whose key is in `path`, made when it is absent. Raises StorageError."""
        try:
            if not path.exists():
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(secrets.token_bytes(_KEY_BYTES))
            key = path.read_bytes()
        except OSError as error:
            raise StorageError(f"{path} cannot be used: {error.strerror}") from None
        if len(key) != _KEY_BYTES:
            raise StorageError(f"{path} is no token key; remove it to void all tokens")
        return cls(key)

    def close(self, session: Session) -> str:
        """The token that says `session`."""
        claims = {
            "sub": session.client_id,
            "role": session.role.name,
            "scope": " ".join(sorted(session.scopes)),
            "exp": session.expires_s,
        }
        content = _encode(_HEAD) + b"." + _encode(json.dumps(claims).encode())
        return (content + b"." + _encode(self._sign(content))).decode()

    def open(self, token: str) -> Session | None:
        """What a token says, None for one that this VTN did not make. Look at its `expires_s`."""
        content, _dot, signature = token.encode(errors="replace").rpartition(b".")
        if not hmac.compare_digest(_encode(self._sign(content)), signature):
            return None
        claims = json.loads(urlsafe_b64decode(content.partition(b".")[2] + b"=="))
        scopes = frozenset(claims["scope"].split())
        return Session(claims["sub"], Role[claims["role"]], scopes, claims["exp"])

    def _sign(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, "sha256")


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
