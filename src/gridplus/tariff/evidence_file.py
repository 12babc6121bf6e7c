"""The signatures around a bill's links as documents: reads, groups, credits, requests joined."""

from collections.abc import Iterable

from gridplus.digest import Document
from gridplus.failures import InputError
from gridplus.meter import IntervalRead, SignedRead
from gridplus.tariff.bill import (
    Evidence,
    GroupEvidence,
    JoinedRequest,
    LinkEvidence,
    SettledRequest,
)
from gridplus.tariff.fields import Fields, format_octets
from gridplus.tariff.proofs import Hand, Path, Sibling
from gridplus.tariff.response import request_from
from gridplus.units import HOUR_S, Interval
from gridplus.wallet import ChannelId

MAX_STEPS = 64
MOST_SETTLED = 100
MOST_READS = 4_400
_U32_MAX = (1 << 32) - 1
_START_MAX_S = 1 << 33
_REGISTERS = ("import_wh", "export_wh", "register_import_wh", "register_export_wh")


def evidence_document(evidence: Evidence) -> dict[str, Document]:
    """The fields of the signatures around one statement; `evidence_from` takes them again."""
    return {
        "read_signature": format_octets(evidence.read),
        "group": group_document(evidence.group),
        "credit_signature": _signature_document(evidence.credit),
        "voucher_signature": _signature_document(evidence.voucher),
    }


def group_document(group: GroupEvidence) -> dict[str, Document]:
    """The fields of a head's place in its commit group; `group_from` takes them again."""
    return {
        "count": group.count,
        "closed_at_s": group.closed_at_s,
        "path": [
            {"hand": step.hand.value, "hash": format_octets(step.node)} for step in group.path
        ],
        "signature": format_octets(group.signature),
    }


def link_document(evidence: LinkEvidence) -> dict[str, Document]:
    """The fields of the signatures around a restatement; `link_from` takes them again."""
    return {
        "group": group_document(evidence.group),
        "credit_signature": _signature_document(evidence.credit),
        "voucher_signature": _signature_document(evidence.voucher),
    }


def link_from(fields: Fields) -> LinkEvidence:
    """Take the fields of a restatement's evidence. Raises InputError that names the field."""
    return LinkEvidence(
        group=group_from(fields.object("group")),
        credit=fields.octets_or_none("credit_signature", 64),
        voucher=fields.octets_or_none("voucher_signature", 64),
    )


def _signature_document(signature: bytes | None) -> Document:
    return None if signature is None else format_octets(signature)


def evidence_from(fields: Fields) -> Evidence:
    """Take the fields of an interval's evidence. Raises InputError that names the field."""
    return Evidence(
        read=fields.octets("read_signature", 64),
        group=group_from(fields.object("group")),
        credit=fields.octets_or_none("credit_signature", 64),
        voucher=fields.octets_or_none("voucher_signature", 64),
    )


def group_from(fields: Fields) -> GroupEvidence:
    """Take all fields of a group's evidence. Raises InputError that names the field."""
    group = GroupEvidence(
        count=fields.integer("count", high=_U32_MAX),
        closed_at_s=fields.integer("closed_at_s"),
        path=_path(fields),
        signature=fields.octets("signature", 64),
    )
    fields.close()
    return group


def _path(fields: Fields) -> Path:
    path = []
    for step in fields.objects("path", limit=MAX_STEPS):
        path.append(Sibling(hand_from(step), step.octets("hash", 32)))
        step.close()
    return tuple(path)


def hand_from(fields: Fields) -> Hand:
    return Hand(fields.choice("hand", Hand))


def joined_document(joined: JoinedRequest) -> dict[str, Document]:
    """A home's word that it takes part; `joined_from` takes it again."""
    return {
        "request": joined.request.document(),
        "join_signature": format_octets(joined.signature),
        "group": group_document(joined.group),
    }


def joined_from(fields: Fields) -> JoinedRequest:
    """Take the fields of a joined request. Raises InputError that names the field."""
    return JoinedRequest(
        request_from(fields.object("request")),
        fields.octets("join_signature", 64),
        group_from(fields.object("group")),
    )


def settled_document(settled: Iterable[SettledRequest]) -> list[Document]:
    """Requests with the reads under their baselines; `settled_from` takes them again."""
    return [
        {**joined_document(each.joined), "reads": [_read_document(read) for read in each.reads]}
        for each in settled
    ]


def settled_from(fields: Fields, channel: ChannelId) -> tuple[SettledRequest, ...]:
    """Take `settled`. Raises InputError that names the field."""
    found = []
    for item in fields.objects("settled", limit=MOST_SETTLED):
        reads = tuple(_read(each, channel) for each in item.objects("reads", limit=MOST_READS))
        found.append(SettledRequest(joined_from(item), reads))
        item.close()
    return tuple(found)


def _read_document(signed: SignedRead) -> Document:
    read = signed.read
    return {
        "start_s": read.interval.start_s,
        "length_s": read.interval.length_s,
        **{name: getattr(read, name) for name in _REGISTERS},
        "signature": format_octets(signed.signature),
    }


def _read(fields: Fields, channel: ChannelId) -> SignedRead:
    start_s = fields.integer("start_s", high=_START_MAX_S)
    length_s = fields.integer("length_s", high=HOUR_S)
    registers = [fields.integer(name) for name in _REGISTERS]
    signature = fields.octets("signature", 64)
    fields.close()
    try:
        read = IntervalRead(Interval(start_s, length_s), *registers)
    except InputError as error:
        raise InputError(f"{fields.where}: {error}") from None
    return SignedRead(channel, read, signature)
