"""The fact that a home takes part in a paid request, as bytes and back."""

from dataclasses import dataclass

from gridplus.digest import Document, canonical_json, parse_document
from gridplus.hub.facts import Kind
from gridplus.journal import Fact, Stored
from gridplus.tariff import Fields, PaidRequest, format_octets, join_leaf, request_from
from gridplus.wallet import ChannelId

_LIMIT = 16_384


@dataclass(frozen=True, slots=True)
class RequestTaken:
    """A home takes part in a paid request; `signature` is its device's, `digest` (32 bytes) the
    request's."""

    channel: ChannelId
    request: PaidRequest
    signature: bytes
    digest: bytes

    @property
    def leaf(self) -> bytes:
        """Its leaf in its commit group."""
        return join_leaf(self.channel, self.digest)


def joined_fact(taken: RequestTaken) -> Fact:
    document: Document = {
        "request": taken.request.document(),
        "signature": format_octets(taken.signature),
        "digest": format_octets(taken.digest),
    }
    return Fact(Kind.REQUEST_JOINED.value, taken.channel, canonical_json(document))


def parse_joined(stored: Stored) -> RequestTaken:
    """Raises InputError for one that this version does not write."""
    what = f"fact {stored.sequence} ({stored.fact.kind})"
    fields = Fields(parse_document(stored.fact.body, limit=_LIMIT, what=what), what)
    return RequestTaken(
        ChannelId(stored.fact.subject),
        request_from(fields.object("request")),
        fields.octets("signature", 64),
        fields.octets("digest", 32),
    )
