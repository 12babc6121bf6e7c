"""A home at rest in one row of bytes, and back: what it holds, beside what it adds to the figures.

A row says nothing that the facts do not; another version of this program may not read it, and does
not try (`ROWS`). All numbers are big endian; µBOLT of counters fit 48 bits, sums in aBOLT 128.
"""

import struct
from functools import lru_cache
from itertools import chain
from typing import Final

from gridplus.channel import (
    NOTHING,
    Bill,
    ChainSeen,
    ChannelView,
    Claimed,
    Counters,
    Credit,
    ExitStarted,
    Payee,
    Stop,
    Stopped,
    Terms,
    Voucher,
)
from gridplus.contracts.word import ChannelWord
from gridplus.digest import canonical_json, parse_document
from gridplus.failures import InputError, invariant
from gridplus.hub.facts import (
    GroupSealed,
    Kind,
    NoticeTold,
    OrderSigned,
    notice_fact,
    order_fact,
    parse_notice,
    parse_order_signed,
)
from gridplus.hub.figures import Figure, figure_of
from gridplus.hub.home import Home, Paid, RestatedAt
from gridplus.hub.marks import Mark, Marks
from gridplus.hub.sealing import Receipt
from gridplus.journal import Fact, Stored
from gridplus.meter import IntervalRead
from gridplus.tariff import ChannelIdentity, Fields, JoinedRequest, Tally, Tip
from gridplus.tariff.evidence_file import joined_document, joined_from
from gridplus.tariff.tally import MonthToDate, month_from
from gridplus.units import Interval
from gridplus.wallet import Address, Cfg, ChannelId, Descriptor, Domain, vault_domain

ROWS: Final = 1
"""The version of a row. Another one is not read: the facts are."""
_FIGURE = struct.Struct(">32s5q6?")
_PROMISE = struct.Struct(">32s?QQ64s")
_SEEN = struct.Struct(">32sBIQ")
_WHO = struct.Struct(">Q20s20s20s20s32s32s32sH20s")
_BILL = struct.Struct(">?QI32s32sQQQ")
_CREDIT = struct.Struct(">?Q32s64s")
_REST = struct.Struct(">BQQQQQQQQ16s16s")
_SEAL = struct.Struct(">IQ64s")
_SIZES = struct.Struct(">HBHHIHH")
_MARK = struct.Struct(">BIHIHI")
_RESTATED = struct.Struct(">Q32s32sQ")
_PROMISE_AT = _FIGURE.size
_SEEN_AT = _PROMISE_AT + _PROMISE.size
_WHO_AT = _SEEN_AT + _SEEN.size
_BILL_AT = _WHO_AT + _WHO.size
_CREDIT_AT = _BILL_AT + _BILL.size
_REST_AT = _CREDIT_AT + _CREDIT.size
_SEAL_AT = _REST_AT + _REST.size
_SIZES_AT = _SEAL_AT + _SEAL.size
_LOGGED: tuple[type[ChainSeen], ...] = (ChainSeen, ExitStarted, Claimed)
_STOPS = tuple(Stop)
_NO_SIGNATURE, _NO_HEAD = bytes(64), bytes(32)
_LIMIT = 1_000_000


def pack_home(home: Home) -> bytes:
    """What `unpack_home` takes again. Nothing of the home is on its way to the disk."""
    invariant(home.flying == 0, "a home is put away when nothing of it is under way")
    payee, paid, identity = home.payee, home.paid, home.identity
    _require_rest(home, payee)
    voucher = None if paid is None else paid.voucher
    path = b"" if paid is None else paid.receipt.path
    since = home.tip.total.month
    month = b"" if since is None else canonical_json(since.document())
    joined = b"" if not home.joined else canonical_json(list(map(joined_document, home.joined)))
    told = b"\n".join(notice_fact(home.channel, each).body for each in home.notices.values())
    hold = b"" if home.hold is None else order_fact(home.hold).body
    return b"".join(
        (
            _FIGURE.pack(home.channel, *figure_of(home)),
            _PROMISE.pack(
                payee.terms.cfg,
                voucher is not None,
                *((0, 0, _NO_SIGNATURE) if voucher is None else _said(voucher)),
            ),
            _SEEN.pack(
                payee.view.word.pack().to_bytes(32, "big"),
                _LOGGED.index(type(payee.seen)),
                payee.view.today,
                payee.seen.block,
            ),
            _pack_who(identity),
            _pack_bill(payee),
            _pack_credit(payee.credit),
            _pack_rest(home, payee.stopped),
            _pack_seal(paid),
            _SIZES.pack(
                len(path),
                len(home.marks),
                len(home.restated),
                len(month),
                len(joined),
                len(told),
                len(hold),
            ),
            path,
            *(_pack_mark(mark) for mark in home.marks),
            *(_pack_restated(each) for each in home.restated),
            month,
            joined,
            told,
            hold,
        )
    )


def unpack_home(row: bytes, *, hub: Address, unsigned_limit_ubolt: int) -> Home:
    """The home as it was. Raises struct.error or InputError for what is no row."""
    channel, identity = channel_in(row), _identity(row)
    cfg, has_paid, spent, earned, signature = _PROMISE.unpack_from(row, _PROMISE_AT)
    voucher = Voucher(Cfg(cfg), spent, earned, signature) if has_paid else None
    rest = _REST.unpack_from(row, _REST_AT)
    stop, since_s, unclaimed, day_ubolt, held_until_s, *counted, charged, credited = rest
    tail = _Tail(row)
    path, marks, restated = tail.path, tail.marks, tail.restated
    has_bill, start_s, length_s, before, head, asked, gained, more = _BILL.unpack_from(
        row, _BILL_AT
    )
    interval = Interval(start_s, length_s) if has_bill else None
    durable = NOTHING if voucher is None else voucher.counters
    machine = Payee(
        terms=Terms(_domain_of(identity), Cfg(cfg), identity.voucher_key, hub),
        seen=_seen(row),
        unsigned_limit_ubolt=unsigned_limit_ubolt,
        bill=Bill(interval, before, head, Counters(asked, gained)),
        interval_ubolt=more,
        metered=interval,
        credit=_credit(row, channel),
        accepted=voucher,
        durable=voucher,
        acknowledged=durable,
        stopped=Stopped(_STOPS[stop - 1], since_s) if stop else None,
    )
    total = Tally(int.from_bytes(charged, "big"), int.from_bytes(credited, "big"), tail.month)
    return Home(
        identity,
        machine,
        Tip(channel, head, total),
        marks=marks,
        day_ubolt=day_ubolt,
        restated=restated,
        joined=tail.joined,
        last_read=None if interval is None else IntervalRead(interval, *counted),
        unclaimed_since_s=unclaimed - 1 if unclaimed else None,
        paid=None if voucher is None else Paid(voucher, _receipt(row, path)),
        notices=tail.notices(channel),
        hold=tail.hold(channel),
        held_until_s=held_until_s,
    )


def channel_in(row: bytes) -> ChannelId:
    """Whose row it is."""
    return ChannelId(row[:32])


def figure_in(row: bytes) -> Figure:
    """What the home adds to the figures."""
    return Figure._make(_FIGURE.unpack_from(row)[1:])


def voucher_in(row: bytes) -> Voucher | None:
    """The newest durable voucher of the home."""
    cfg, has_paid, spent, earned, signature = _PROMISE.unpack_from(row, _PROMISE_AT)
    return Voucher(Cfg(cfg), spent, earned, signature) if has_paid else None


def credit_in(row: bytes) -> Credit | None:
    """The newest credit of the home."""
    return _credit(row, channel_in(row))


def word_in(row: bytes) -> ChannelWord:
    """What the chain says of the home, as far as it knows."""
    return ChannelWord.unpack(int.from_bytes(row[_SEEN_AT : _SEEN_AT + 32], "big"))


def _require_rest(home: Home, payee: Payee) -> None:
    """What is not in a row because it follows from the rest does follow from it."""
    voucher = None if home.paid is None else home.paid.voucher
    newest = None if home.last_read is None else home.last_read.interval
    durable = NOTHING if voucher is None else voucher.counters
    invariant(
        (payee.accepted, payee.durable, payee.acknowledged) == (voucher, voucher, durable),
        "a home at rest has accepted, stored and acknowledged the same voucher",
    )
    invariant(
        (payee.metered, payee.bill.interval, home.tip.head) == (newest, newest, payee.bill.head),
        "a home at rest was billed for its newest read",
    )


def _said(voucher: Voucher) -> tuple[int, int, bytes]:
    return voucher.spent, voucher.earned, voucher.signature


def _pack_who(identity: ChannelIdentity) -> bytes:
    who = identity.descriptor
    return _WHO.pack(
        identity.chain_id,
        identity.vault,
        identity.anchor,
        who.owner,
        who.guardian,
        who.device_x.to_bytes(32, "big"),
        who.device_y.to_bytes(32, "big"),
        who.salt,
        identity.opening_cap,
        identity.voucher_key,
    )


def _identity(row: bytes) -> ChannelIdentity:
    chain_id, vault, anchor, owner, guardian, x, y, salt, cap, key = _WHO.unpack_from(row, _WHO_AT)
    device = int.from_bytes(x, "big"), int.from_bytes(y, "big")
    descriptor = Descriptor(Address(owner), Address(guardian), *device, salt)
    return ChannelIdentity(chain_id, Address(vault), Address(anchor), descriptor, cap, Address(key))


def _domain_of(identity: ChannelIdentity) -> Domain:
    return _domain(identity.chain_id, identity.vault)


@lru_cache(maxsize=16)
def _domain(chain_id: int, vault: Address) -> Domain:
    return vault_domain(chain_id, vault)


def _pack_bill(payee: Payee) -> bytes:
    bill, asked = payee.bill, payee.bill.counters
    interval = bill.interval
    when = (False, 0, 0) if interval is None else (True, interval.start_s, interval.length_s)
    counters = asked.spent_ubolt, asked.earned_ubolt, payee.interval_ubolt
    return _BILL.pack(*when, bill.previous_head, bill.head, *counters)


def _pack_credit(credit: Credit | None) -> bytes:
    if credit is None:
        return _CREDIT.pack(False, 0, _NO_HEAD, _NO_SIGNATURE)
    return _CREDIT.pack(True, credit.earned, credit.bill_head, credit.signature)


def _credit(row: bytes, channel: ChannelId) -> Credit | None:
    given, earned, head, signature = _CREDIT.unpack_from(row, _CREDIT_AT)
    return Credit(channel, earned, head, signature) if given else None


def _pack_rest(home: Home, stopped: Stopped | None) -> bytes:
    read, total, since_s = home.last_read, home.tip.total, home.unclaimed_since_s
    return _REST.pack(
        0 if stopped is None else _STOPS.index(stopped.reason) + 1,
        0 if stopped is None else stopped.since_s,
        0 if since_s is None else since_s + 1,
        home.day_ubolt,
        home.held_until_s,
        *(
            (0, 0, 0, 0)
            if read is None
            else (
                read.import_wh,
                read.export_wh,
                read.register_import_wh,
                read.register_export_wh,
            )
        ),
        total.charges_abolt.to_bytes(16, "big"),
        total.credits_abolt.to_bytes(16, "big"),
    )


def _pack_seal(paid: Paid | None) -> bytes:
    if paid is None:
        return bytes(_SEAL.size)
    sealed = paid.receipt.sealed
    return _SEAL.pack(sealed.count, sealed.closed_at_s, sealed.signature)


def _receipt(row: bytes, path: bytes) -> Receipt:
    return Receipt(GroupSealed(*_SEAL.unpack_from(row, _SEAL_AT)), path)


def _seen(row: bytes) -> ChainSeen:
    word, kind, today, block = _SEEN.unpack_from(row, _SEEN_AT)
    view = ChannelView(ChannelWord.unpack(int.from_bytes(word, "big")), today)
    seen: ChainSeen = _LOGGED[kind](view, block)
    return seen


def _pack_restated(each: RestatedAt) -> bytes:
    return _RESTATED.pack(each.sequence, each.order, each.previous_head, each.since_s)


def _pack_mark(mark: Mark) -> bytes:
    numbers = (mark.start_s, mark.spent, mark.earned)
    return _MARK.pack(*chain.from_iterable((each >> 32, each & 0xFFFFFFFF) for each in numbers))


class _Tail:
    """What of a row has no fixed size."""

    def __init__(self, row: bytes) -> None:
        path, marks, restated, month, joined, told, hold = _SIZES.unpack_from(row, _SIZES_AT)
        sizes = (path, marks * _MARK.size, restated * _RESTATED.size, month, joined, told, hold)
        at, parts = _SIZES_AT + _SIZES.size, list[bytes]()
        for size in sizes:
            parts.append(row[at : at + size])
            at += size
        if at != len(row):
            raise InputError(f"a row of {len(row)} bytes says that it has {at}")
        self.path, self._marks, self._restated, self._month, *others = parts
        self._joined, self._told, self._hold = others

    @property
    def marks(self) -> Marks:
        return tuple(
            Mark(a << 32 | b, c << 32 | d, e << 32 | f)
            for a, b, c, d, e, f in _MARK.iter_unpack(self._marks)
        )

    @property
    def restated(self) -> tuple[RestatedAt, ...]:
        return tuple(RestatedAt(*each) for each in _RESTATED.iter_unpack(self._restated))

    @property
    def month(self) -> MonthToDate | None:
        if not self._month:
            return None
        document = parse_document(self._month, limit=_LIMIT, what="the month of a row")
        return month_from(Fields({"month": document}, "a row"), "month")

    @property
    def joined(self) -> tuple[JoinedRequest, ...]:
        if not self._joined:
            return ()
        document = parse_document(self._joined, limit=_LIMIT, what="the requests of a row")
        found = Fields({"joined": document}, "a row").objects("joined", limit=_LIMIT)
        return tuple(map(joined_from, found))

    def notices(self, channel: ChannelId) -> dict[str, NoticeTold]:
        facts = (Fact(Kind.NOTICE_TOLD.value, channel, body) for body in self._told.splitlines())
        told = [parse_notice(Stored(0, 0, fact)) for fact in facts]
        return {each.kind: each for each in told}

    def hold(self, channel: ChannelId) -> OrderSigned | None:
        if not self._hold:
            return None
        return parse_order_signed(Stored(0, 0, Fact(Kind.ORDER_SIGNED.value, channel, self._hold)))
