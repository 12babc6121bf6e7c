"""Payment providers: how one is asked for money, and how it says what became of it.

A notice is a POST with `Gridplus-Signature: t=SECONDS,v1=HEX`, where HEX is HMAC-SHA256 with the
shared secret over SECONDS, a full stop and the body. It must be fresh, and of its own id it is
taken once.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import httpx

from gridplus.agreement import Notice, TopUp
from gridplus.digest import canonical_json, parse_document
from gridplus.failures import InputError, RemoteError
from gridplus.tariff import Fields, format_octets

SIGNATURE_HEADER = "gridplus-signature"
NOTICE_LIMIT = 4_096
_FRESH_S = 300
_SIGNATURE = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")
UBOLT_PER_CENT = 10_000
"""One BOLT is one dollar."""
_CENTS_MAX = 10_000_000
_TIMEOUT_S = 20


class NoticeRefusedError(InputError):
    """A notice that nobody who knows the secret has signed just now."""


@dataclass(frozen=True, slots=True)
class Payment:
    """One notice: the provider's own id of it, and which top-up it is about."""

    event: str
    top_up: int
    notice: Notice
    amount_ubolt: int

    def to_bytes(self) -> bytes:
        return canonical_json(
            {
                "kind": "gridplus.payment/1",
                "event": self.event,
                "top_up": self.top_up,
                "notice": self.notice.name,
                "currency": "USD",
                "cents": self.amount_ubolt // UBOLT_PER_CENT,
            }
        )

    @classmethod
    def parse(cls, body: bytes) -> "Payment":
        """Raises InputError that names the field."""
        what = "the payment notice"
        fields = Fields(parse_document(body, limit=NOTICE_LIMIT, what=what), what)
        fields.choice("kind", ["gridplus.payment/1"])
        event, top_up = fields.text("event"), fields.integer("top_up")
        notice = Notice[fields.choice("notice", [notice.name for notice in Notice])]
        fields.choice("currency", ["USD"])
        cents = fields.integer("cents", high=_CENTS_MAX)
        fields.close()
        return cls(event, top_up, notice, cents * UBOLT_PER_CENT)


def sign_notice(secret: bytes, body: bytes, *, now_s: int) -> str:
    """The value of the signature's header."""
    return f"t={now_s},v1={_mac(secret, body, at_s=now_s)}"


def open_notice(secret: bytes, body: bytes, *, header: str, now_s: int) -> Payment:
    """What a notice says. Raises NoticeRefusedError unless its signature is ours and fresh, then
    InputError as `Payment.parse`."""
    found = _SIGNATURE.fullmatch(header)
    if found is None:
        raise NoticeRefusedError("the notice carries no signature like t=SECONDS,v1=HEX")
    if not hmac.compare_digest(found[2], _mac(secret, body, at_s=int(found[1]))):
        raise NoticeRefusedError("the notice is not signed with the secret we share")
    if abs(now_s - int(found[1])) > _FRESH_S:
        raise NoticeRefusedError(f"the notice was signed more than {_FRESH_S} s ago, or ahead")
    return Payment.parse(body)


def _mac(secret: bytes, body: bytes, *, at_s: int) -> str:
    return hmac.new(secret, b"%d." % at_s + body, "sha256").hexdigest()


class Provider(Protocol):
    """Whoever takes the customer's money."""

    @property
    def secret(self) -> bytes: ...

    async def charge(self, top_up: TopUp, *, now_s: int) -> Sequence[tuple[bytes, str]]:
        """Ask for the money of a top-up; asked again it charges nothing twice. Notices that come
        back at once, each body with its signature's header. Raises RemoteError."""
        ...


class WebhookProvider:
    """A provider of its own: asked at `url`, signed as it signs, it answers later by notices."""

    def __init__(self, url: str, client: httpx.AsyncClient, *, secret: bytes) -> None:
        self._url = url
        self._client = client
        self.secret = secret

    async def charge(self, top_up: TopUp, *, now_s: int) -> Sequence[tuple[bytes, str]]:
        asked = canonical_json(
            {
                "kind": "gridplus.charge/1",
                "top_up": top_up.number,
                "channel": format_octets(top_up.channel),
                "currency": "USD",
                "cents": top_up.amount_ubolt // UBOLT_PER_CENT,
                "automatic": top_up.automatic,
            }
        )
        headers = {
            "content-type": "application/json",
            "idempotency-key": f"top-up-{top_up.number}",
            SIGNATURE_HEADER: sign_notice(self.secret, asked, now_s=now_s),
        }
        try:
            answer = await self._client.post(
                self._url, content=asked, headers=headers, timeout=_TIMEOUT_S
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise RemoteError(f"the payment provider does not answer: {error!r}") from None
        return ()


@dataclass(frozen=True, slots=True)
class SandboxProvider:
    """Play money for demonstrations and tests: everything is paid and final at once."""

    secret: bytes

    async def charge(self, top_up: TopUp, *, now_s: int) -> Sequence[tuple[bytes, str]]:
        number, amount = top_up.number, top_up.amount_ubolt
        bodies = [
            Payment(f"sandbox-{number}-{notice.name}", number, notice, amount).to_bytes()
            for notice in (Notice.PAID, Notice.SETTLED)
        ]
        return [(body, sign_notice(self.secret, body, now_s=now_s)) for body in bodies]
