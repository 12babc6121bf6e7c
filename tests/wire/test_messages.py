"""Messages survive the wire unchanged; everything else is refused with one kind of error."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.channel import Counters, PayeeRefusal
from gridplus.failures import InputError
from gridplus.wire import MESSAGE_LIMIT, PriceEvents, RefusalMessage, StreamPlace, SubmitVoucher
from gridplus.wire.message import Message
from tests.wire.messages import EXAMPLES, messages

Place = tuple[str | int, ...]
ALIENS: tuple[Any, ...] = (
    None, True, 0, -1, 1 << 80, 0.5, "", "x", "0x", "0X" + "0a" * 32, "0x" + "0A" * 32,
    "0x" + "0a" * 31, "0x" + "0a" * 33, " 1", "1e3", "\x1b[2J", "\ud800", [], [1], {}, {"a": 1},
)  # fmt: skip
NULLABLE = {"newest", "port", "successor"} | {
    f"{who}_signature" for who in ("credit", "voucher", "hub", "owner", "guardian", "device")
}
NULLABLE |= {"energy", "prices"}
named = pytest.mark.parametrize("message", EXAMPLES, ids=lambda m: type(m).__name__)


def paths(document: Any, at: Place = ()) -> Iterator[Place]:
    """Every place in a document, the whole first."""
    yield at
    if isinstance(document, dict | list):
        items = document.items() if isinstance(document, dict) else enumerate(document)
        for key, value in items:
            yield from paths(value, (*at, key))


def at(document: Any, path: Place) -> Any:
    for key in path:
        document = document[key]
    return document


def changed(message: Message, path: Place, value: Any) -> bytes:
    document = json.loads(message.to_bytes())
    if not path:
        return json.dumps(value).encode()
    at(document, path[:-1])[path[-1]] = value
    return json.dumps(document).encode()


@settings(max_examples=150, deadline=None)
@given(message=messages)
def test_a_message_comes_back_as_it_was_sent(message: Message) -> None:
    assert type(message).parse(message.to_bytes()) == message


@named
def test_no_message_is_taken_for_one_of_another_kind(message: Message) -> None:
    for other in EXAMPLES:
        if type(other) is not type(message):
            with pytest.raises(InputError, match="kind"):
                type(other).parse(message.to_bytes())


@named
def test_each_key_is_needed_and_no_other_is_known(message: Message) -> None:
    document = json.loads(message.to_bytes())
    for path in paths(document):
        if path and isinstance(path[-1], str):
            without = json.loads(message.to_bytes())
            del at(without, path[:-1])[path[-1]]
            with pytest.raises(InputError, match=str(path[-1])):
                type(message).parse(json.dumps(without).encode())
        if isinstance(at(document, path), dict):
            with pytest.raises(InputError, match="surplus"):
                type(message).parse(changed(message, (*path, "surplus"), 1))


@named
def test_a_value_of_another_type_or_out_of_range_is_refused(message: Message) -> None:
    document = json.loads(message.to_bytes())
    for path in paths(document):
        for alien in ALIENS:
            data = changed(message, path, alien)
            try:
                taken = type(message).parse(data)
            except InputError:
                continue
            # What is taken is another valid message, in the one spelling that it has.
            assert json.loads(taken.to_bytes()) == json.loads(data)
            nullable = alien is None and path[-1] in NULLABLE
            assert nullable or type(alien) is type(at(document, path)), (path, alien)


@named
def test_a_message_cut_short_is_refused(message: Message) -> None:
    whole = message.to_bytes()
    for length in range(0, len(whole), 1 + len(whole) // 200):
        with pytest.raises(InputError):
            type(message).parse(whole[:length])


@named
def test_an_oversized_message_is_refused_before_it_is_read(message: Message) -> None:
    padded = message.to_bytes() + b" " * type(message).LIMIT
    with pytest.raises(InputError, match="at most"):
        type(message).parse(padded)
    assert type(message).parse(b" " + message.to_bytes()) == message


@settings(max_examples=300, deadline=None)
@given(
    message=st.sampled_from(EXAMPLES),
    place=st.integers(0, 10_000),
    byte=st.integers(0, 255),
)
def test_a_changed_byte_is_refused_or_is_another_valid_message(
    message: Message, place: int, byte: int
) -> None:
    data = bytearray(message.to_bytes())
    data[place % len(data)] = byte
    try:
        taken = type(message).parse(bytes(data))
    except InputError:
        return
    assert json.loads(taken.to_bytes()) == json.loads(bytes(data))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(message=st.sampled_from(EXAMPLES), noise=st.binary(max_size=200) | json_values)
def test_noise_is_refused_and_nothing_else_happens(message: Message, noise: Any) -> None:
    data = noise if isinstance(noise, bytes) else json.dumps(noise).encode()
    with pytest.raises(InputError):
        type(message).parse(data)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 10_000,
        b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
        b'{"kind":"gridplus.submit-voucher/1","kind":"gridplus.submit-voucher/1"}',
        b'{"spent_ubolt":' + b"9" * 8_000 + b"}",
        b"\xff\xfe{}",
        b"NaN",
        b"",
    ],
)
def test_hostile_json_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        SubmitVoucher.parse(data)


def test_a_refusal_carries_the_name_the_sentence_and_the_newest_counters() -> None:
    message = RefusalMessage.of(PayeeRefusal.SPENT_FELL, Counters(7, 1))
    assert message.name == "SPENT_FELL"
    assert RefusalMessage.parse(message.to_bytes()) == message
    assert RefusalMessage.parse(RefusalMessage.of(PayeeRefusal.WRONG_SIGNER).to_bytes()) == (
        RefusalMessage("WRONG_SIGNER", PayeeRefusal.WRONG_SIGNER.value, None)
    )


@pytest.mark.parametrize("sentence", ["\x1b[2Jpaid in full", "two\nlines", "\u202egnihton"])
def test_a_hub_cannot_write_to_the_owners_terminal(sentence: str) -> None:
    forged = changed(RefusalMessage("PAST_BILL", "x"), ("sentence",), sentence)
    with pytest.raises(InputError, match="sentence"):
        RefusalMessage.parse(forged)


def test_a_stream_elsewhere_names_its_host_and_one_here_is_told_as_ever() -> None:
    assert b"host" not in StreamPlace(4_433).to_bytes()
    there = json.loads(StreamPlace(4_433, "hub-1.example").to_bytes())
    for host in ("", "-", "a b", "a/b", "x" * 254, None, 7):
        with pytest.raises(InputError, match="host"):
            StreamPlace.parse(json.dumps({**there, "host": host}).encode())


def test_price_events_come_in_order_and_once() -> None:
    page = next(m for m in EXAMPLES if isinstance(m, PriceEvents))
    document = json.loads(page.to_bytes())
    document["events"] *= 2
    with pytest.raises(InputError, match="events"):
        PriceEvents.parse(json.dumps(document).encode())


def test_the_docs_name_each_message() -> None:
    docs = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
    assert all(f"`{message.KIND}`" in docs for message in EXAMPLES)
    assert {message.KIND for message in EXAMPLES} == {m.KIND for m in Message.__subclasses__()}


def test_no_message_of_a_home_comes_near_the_limit() -> None:
    assert all(
        len(message.to_bytes()) < MESSAGE_LIMIT // 4
        for message in EXAMPLES
        if type(message).LIMIT == MESSAGE_LIMIT
    )
