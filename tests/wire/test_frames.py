"""Frames come out as they went in, however the bytes are cut; what is none is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.tariff import pack_path
from gridplus.wire import Acknowledgement, SubmitRead, SubmitVoucher
from gridplus.wire import frames as wire
from gridplus.wire.frames import FrameKind, FrameReader, frame
from gridplus.wire.message import Message
from tests.wire.messages import acknowledgements, read_messages, vouchers

frames = st.lists(
    st.tuples(st.sampled_from(FrameKind), st.integers(0, (1 << 32) - 1), st.binary(max_size=300)),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(frames, st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_frames_come_out_whole_however_they_arrive(
    sent: list[tuple[FrameKind, int, bytes]], cuts: list[int]
) -> None:
    data = b"".join(frame(kind, number, payload=payload) for kind, number, payload in sent)
    reader, found, at, turn = FrameReader(), [], 0, 0
    while at < len(data):
        size = cuts[turn % len(cuts)]
        found += reader.feed(data[at : at + size])
        at, turn = at + size, turn + 1
    assert found == sent


@pytest.mark.parametrize("size", [0, 4, 5 + Message.LIMIT + 1, (1 << 32) - 1])
def test_a_frame_of_an_impossible_size_is_refused_before_it_is_read(size: int) -> None:
    with pytest.raises(InputError, match="a frame of"):
        FrameReader().feed(size.to_bytes(4, "big") + b"\x04" + bytes(4))
    largest = frame(FrameKind.MESSAGE, 1, payload=bytes(Message.LIMIT))
    assert len(FrameReader().feed(largest)) == 1


@settings(max_examples=40, deadline=None)
@given(vouchers, st.binary(max_size=120))
def test_a_voucher_comes_back_for_the_channel_that_it_is_of(
    message: SubmitVoucher, noise: bytes
) -> None:
    packed = wire.pack_voucher(message.channel, message.voucher)
    assert wire.voucher_channel(packed) == message.channel
    assert wire.unpack_voucher(packed, message.voucher.cfg) == message.voucher
    if len(noise) != len(packed):
        with pytest.raises(InputError, match="108 bytes"):
            wire.voucher_channel(noise)


@settings(max_examples=40, deadline=None)
@given(read_messages)
def test_a_read_comes_back_and_one_byte_more_or_less_is_none(message: SubmitRead) -> None:
    packed = wire.pack_read(message.signed)
    assert wire.unpack_read(packed) == message.signed
    for wrong in (packed[:-1], packed + b"\0", b""):
        with pytest.raises(InputError, match="140 bytes"):
            wire.unpack_read(wrong)
    with pytest.raises(InputError):
        wire.unpack_read(packed[:44] + b"\xff" * 8 + packed[52:])


@settings(max_examples=40, deadline=None)
@given(acknowledgements)
def test_a_receipt_comes_back_with_its_path(told: Acknowledgement) -> None:
    counters, group = told.counters, told.group
    packed = wire.pack_receipt(
        counters.spent_ubolt, counters.earned_ubolt, sealed=group, path=pack_path(group.path)
    )
    assert wire.unpack_receipt(packed, told.channel) == told
    for wrong in (packed[:-1], packed + b"\0", b""):
        with pytest.raises(InputError):
            wire.unpack_receipt(wrong, told.channel)


def test_versions_are_agreed_or_refused() -> None:
    assert wire.choose_version(wire.pack_hello(0, 9)) == wire.VERSION
    for hello in (wire.pack_hello(2, 9), wire.pack_hello(0, 0), b"GET / HTTP/1.1\r\n\r\n"):
        with pytest.raises(InputError):
            wire.choose_version(hello)
    assert wire.unpack_welcome(wire.pack_welcome()) == wire.WINDOW
    for welcome in (wire.pack_welcome(2), wire.pack_welcome(1, 0), wire.pack_hello()):
        with pytest.raises(InputError):
            wire.unpack_welcome(welcome)


@given(st.integers(0, 999), st.text(max_size=50), st.binary(max_size=1))
def test_a_trouble_says_its_status_and_its_sentence(status: int, why: str, short: bytes) -> None:
    why = why.encode(errors="replace").decode()
    assert wire.unpack_trouble(wire.pack_trouble(status, why)) == (status, why)
    with pytest.raises(InputError):
        wire.unpack_trouble(short)
