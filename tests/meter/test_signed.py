import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gridplus.failures import InputError
from gridplus.keystore import DeviceKey
from gridplus.meter import IntervalRead, Source, read_message
from gridplus.meter.file import MeterFile
from gridplus.meter.formats import Options, parse_meter_file
from gridplus.units import Interval
from gridplus.wallet.names import ChannelId
from tests.meter.files import START_S, energies, rows

CHANNEL = ChannelId(b"\x11" * 32)
KEY = DeviceKey(ec.derive_private_key(7, ec.SECP256R1()))
OTHER = DeviceKey(ec.derive_private_key(8, ec.SECP256R1()))


def line(place: int, **changed: object) -> str:
    read = IntervalRead(Interval(START_S + 900 * place, 900), 10 + place, place, 100, 50)
    document = {
        "channel": f"0x{CHANNEL.hex()}",
        "start_s": read.interval.start_s,
        "length_s": 900,
        "import_wh": read.import_wh,
        "export_wh": read.export_wh,
        "register_import_wh": 100,
        "register_export_wh": 50,
        "signature": f"0x{KEY.sign(read_message(CHANNEL, read)).hex()}",
    }
    return json.dumps(document | changed) + "\n"


def parse(text: str, key: DeviceKey | None = KEY) -> MeterFile:
    options = Options(device_key=None if key is None else key.public)
    return parse_meter_file([text.encode()], what="s.jsonl", options=options)


def test_reads_that_the_device_signed_are_the_agents() -> None:
    found = parse(line(0) + line(1))
    assert (found.format, found.source, found.problems.count) == ("signed", Source.AGENT, 0)
    assert energies(rows(found, f"0x{CHANNEL.hex()}")) == [(0, 10, 0), (1, 11, 1)]
    stands = found.registers[f"0x{CHANNEL.hex()}"]
    assert [(r.at_s - START_S, r.energy_wh) for r in stands[:2]] == [(900, 100), (900, 50)]


def test_without_a_key_nothing_is_checked_and_a_note_says_so() -> None:
    assert "2 signatures were not checked" in parse(line(0) + line(1), None).notes[0]
    assert parse(line(0)).notes == ()


def test_another_keys_signature_is_refused() -> None:
    with pytest.raises(InputError, match="the signature is not the device key's"):
        parse(line(0), OTHER)


BAD_LINES = {
    "one Wh more": (line(1, import_wh=12), "the signature is not the device key's"),
    "a fraction": (line(1, import_wh=1.5), "1.5 is not an integer"),
    "below zero": (line(1, export_wh=-1), "export_wh is not an integer from 0"),
    "a truth": (line(1, export_wh=True), "export_wh is not an integer from 0"),
    "no channel": (line(1, channel="0x11"), "channel is not 0x and 64 hex digits"),
    "no hex": (line(1, signature="0x" + "zz" * 64), "signature is not 0x and 128 hex digits"),
    "off the grid": (line(1, start_s=START_S + 7), "must be a multiple of its length"),
    "a list": ("[1]\n", "the read is not an object"),
    "no JSON": ("{x\n", "the read is not a document"),
}


@pytest.mark.parametrize("kind", BAD_LINES)
def test_a_bad_line_is_reported_and_the_good_ones_go_on(kind: str) -> None:
    text, reason = BAD_LINES[kind]
    found = parse(line(0) + text + line(2))
    assert [place for place, *_ in energies(rows(found))] == [0, 2]
    (sentence,) = found.problems.sentences
    assert sentence.startswith("s.jsonl, line 2: ")
    assert reason in sentence
