"""The papers of a home: what its channel id is the hash of, and where the channel lives.

Owner, guardian and device each keep a copy before the first deposit: without it nobody can leave.
They are no secret key; they tell who is behind a channel.
"""

from typing import Final

from gridplus.digest import canonical_json, parse_document
from gridplus.failures import InputError
from gridplus.tariff import ChannelIdentity, Fields, identity_document, identity_from

PAPERS_FORMAT: Final = "gridplus.papers/1"
_LIMIT = 4_096


def write_papers(identity: ChannelIdentity) -> bytes:
    """One line of JSON that `parse_papers` reads."""
    return canonical_json({"format": PAPERS_FORMAT, **identity_document(identity)}) + b"\n"


def parse_papers(data: bytes, *, what: str) -> ChannelIdentity:
    """Raises InputError that names `what`, the field and the mend."""
    fields = Fields(parse_document(data, limit=_LIMIT, what=what), what)
    if fields.text("format") != PAPERS_FORMAT:
        raise InputError(f"{what} holds no papers of a home (format {PAPERS_FORMAT})")
    identity = identity_from(fields)
    fields.close()
    return identity
