"""The framed stream between homes and their hub: bytes to frames and back, without a socket.

A frame is its size (u32, of all that follows), a kind (u8), the number of a request (u32) and a
payload; integers are big-endian. An answer bears its request's number. docs/protocol.md, "The
stream", says it for who writes another client.
"""

import struct
from enum import IntEnum
from typing import Any, Protocol, TypeAlias

from gridplus.channel import Counters, Voucher
from gridplus.failures import InputError
from gridplus.meter import IntervalRead, SignedRead
from gridplus.tariff import GroupEvidence, unpack_path
from gridplus.units import Interval
from gridplus.wallet import Cfg, ChannelId
from gridplus.wire.message import Message
from gridplus.wire.payments import Acknowledgement

VERSION = 1
WINDOW = 64
"""Requests of one connection that may wait for their answers."""
_MAGIC = b"gridplus.stream"
_HEAD = struct.Struct(">IBI")
_BESIDE = _HEAD.size - 4
_HELLO = struct.Struct(f">{len(_MAGIC)}sBB")
_WELCOME = struct.Struct(f">{len(_MAGIC)}sBH")
_VOUCHER = struct.Struct(">32s6s6s64s")
_READ = struct.Struct(">32sQIQQQQ64s")
_TOLD = struct.Struct(">6s6sIQ64s")
_STATUS = struct.Struct(">H")
_TROUBLE_LIMIT = 1_000


class FrameKind(IntEnum):
    """What a payload is."""

    HELLO = 1
    MESSAGE = 2
    READ = 3
    VOUCHER = 4
    ACKNOWLEDGEMENT = 5
    TROUBLE = 6
    PING = 7
    PONG = 8
    NEWS = 9


Frame: TypeAlias = tuple[int, int, bytes]
"""Kind, number of the request, payload."""


def frame(kind: int, number: int, *, payload: bytes = b"") -> bytes:
    return _HEAD.pack(_BESIDE + len(payload), kind, number) + payload


class FrameReader:
    """Cuts what arrives into frames, and never holds more than one that is not whole. A payload has
    at most `most` bytes."""

    def __init__(self, most: int = Message.LIMIT) -> None:
        self._rest = b""
        self._most = _BESIDE + most

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole by now. Raises InputError for one that is larger than any
        message, after which nothing of this stream can be understood."""
        data = self._rest + data if self._rest else data
        found, at, end = list[Frame](), 0, len(data)
        while end - at >= _HEAD.size:
            size, kind, number = _HEAD.unpack_from(data, at)
            if not _BESIDE <= size <= self._most:
                raise InputError(f"a frame of {size} bytes; it has {_BESIDE} beside its payload")
            stop = at + 4 + size
            if stop > end:
                break
            found.append((kind, number, data[at + _HEAD.size : stop]))
            at = stop
        self._rest = data[at:]
        return found


def pack_hello(lowest: int = VERSION, highest: int = VERSION) -> bytes:
    """What whoever connects says first: the versions that it speaks."""
    return _HELLO.pack(_MAGIC, lowest, highest)


def choose_version(payload: bytes) -> int:
    """The version to speak with who says this hello. Raises InputError when there is none."""
    magic, lowest, highest = _unpacked(_HELLO, payload, what="a hello")
    if magic != _MAGIC or not lowest <= VERSION <= highest:
        raise InputError(f"this hub speaks version {VERSION} of {_MAGIC.decode()}")
    return VERSION


def pack_welcome(version: int = VERSION, window: int = WINDOW) -> bytes:
    """The answer to a hello: the version spoken, and how many requests may wait."""
    return _WELCOME.pack(_MAGIC, version, window)


def unpack_welcome(payload: bytes) -> int:
    """The window. Raises InputError for the welcome of something else."""
    magic, version, window = _unpacked(_WELCOME, payload, what="a welcome")
    if magic != _MAGIC or version != VERSION or window == 0:
        raise InputError(f"whoever answers does not speak version {VERSION}")
    return int(window)


def pack_voucher(channel: ChannelId, voucher: Voucher) -> bytes:
    """108 bytes; the channel says which cfg it is."""
    spent, earned = voucher.spent.to_bytes(6, "big"), voucher.earned.to_bytes(6, "big")
    return _VOUCHER.pack(channel, spent, earned, voucher.signature)


def voucher_channel(payload: bytes) -> ChannelId:
    """Whose voucher it is. Raises InputError for what cannot be one."""
    if len(payload) != _VOUCHER.size:
        raise InputError(f"a voucher has {_VOUCHER.size} bytes, not {len(payload)}")
    return ChannelId(payload[:32])


def unpack_voucher(payload: bytes, cfg: Cfg) -> Voucher:
    """The voucher of the channel that is known by `cfg`; `voucher_channel` comes first."""
    _channel, spent, earned, signature = _VOUCHER.unpack(payload)
    return Voucher(cfg, int.from_bytes(spent, "big"), int.from_bytes(earned, "big"), signature)


def pack_read(signed: SignedRead) -> bytes:
    """140 bytes: what the device signs, without its kind, and the signature."""
    read = signed.read
    return _READ.pack(
        signed.channel,
        read.interval.start_s,
        read.interval.length_s,
        read.import_wh,
        read.export_wh,
        read.register_import_wh,
        read.register_export_wh,
        signed.signature,
    )


def unpack_read(payload: bytes) -> SignedRead:
    """Raises InputError for what cannot be a read."""
    channel, start_s, length_s, *registers, signature = _unpacked(_READ, payload, what="a read")
    read = IntervalRead(Interval(start_s, length_s), *registers)
    return SignedRead(ChannelId(channel), read, signature)


class Sealed(Protocol):
    """The seal of a commit group: its size, when it was closed, the hub's signature."""

    @property
    def count(self) -> int: ...
    @property
    def closed_at_s(self) -> int: ...
    @property
    def signature(self) -> bytes: ...


def pack_receipt(spent: int, earned: int, *, sealed: Sealed, path: bytes) -> bytes:
    """An acknowledgement (µBOLT) without its channel, which is known; `path` is packed."""
    counters = (spent.to_bytes(6, "big"), earned.to_bytes(6, "big"))
    return _TOLD.pack(*counters, sealed.count, sealed.closed_at_s, sealed.signature) + path


def unpack_receipt(payload: bytes, channel: ChannelId) -> Acknowledgement:
    """Raises InputError for what cannot be a receipt."""
    head, path = payload[: _TOLD.size], payload[_TOLD.size :]
    spent, earned, count, closed_at_s, signature = _unpacked(_TOLD, head, what="a receipt")
    counters = Counters(int.from_bytes(spent, "big"), int.from_bytes(earned, "big"))
    group = GroupEvidence(count, closed_at_s, unpack_path(path), signature)
    return Acknowledgement(channel, counters, group)


def pack_trouble(status: int, sentence: str) -> bytes:
    """Why a request could not be answered: a status of HTTP, and a sentence."""
    return _STATUS.pack(status) + sentence.encode()[:_TROUBLE_LIMIT]


def unpack_trouble(payload: bytes) -> tuple[int, str]:
    """Raises InputError for what cannot be one."""
    (status,) = _unpacked(_STATUS, payload[:2], what="a trouble")
    return int(status), payload[2 : 2 + _TROUBLE_LIMIT].decode(errors="replace")


def _unpacked(layout: struct.Struct, payload: bytes, *, what: str) -> tuple[Any, ...]:
    if len(payload) != layout.size:
        raise InputError(f"{what} has {layout.size} bytes, not {len(payload)}")
    return layout.unpack(payload)
