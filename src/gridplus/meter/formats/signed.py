"""Reads that a Smart Agent's device key signed: a JSON document a line, as it goes to the hub.

    {"channel": "0x..", "start_s": 1628658000, "length_s": 900, "import_wh": 145, "export_wh": 0,
     "register_import_wh": 145, "register_export_wh": 0, "signature": "0x.."}

With the device's public key every signature is checked; without it none is, and a note says so.
"""

from collections.abc import Iterable

from gridplus.digest import Document, parse_document
from gridplus.failures import InputError
from gridplus.meter.file import MeterFile, RegisterRead
from gridplus.meter.formats.options import Options
from gridplus.meter.gather import Gathered, parse_zone
from gridplus.meter.metered import Direction, Quality, Source
from gridplus.meter.read import IntervalRead, SignedRead
from gridplus.meter.series import UWH_PER_WH
from gridplus.rows import text_lines
from gridplus.units import Interval
from gridplus.wallet import verify_device
from gridplus.wallet.names import ChannelId

LINE_BYTES = 4_096
_INTEGERS = (
    "start_s", "length_s", "import_wh", "export_wh", "register_import_wh", "register_export_wh",
)  # fmt: skip


def parse_signed(pieces: Iterable[bytes], *, what: str, options: Options) -> MeterFile:
    """Each channel's reads and registers. Raises InputError when there is no good line."""
    gathered = Gathered(what)
    unchecked = 0
    for line, text in enumerate(text_lines(pieces, what), 1):
        if not text.strip():
            continue
        try:
            signed = _parse_line(text)
            if options.device_key is None:
                unchecked += 1
            elif not verify_device(options.device_key, signed.message, signature=signed.signature):
                raise InputError("the signature is not the device key's")
            _take(gathered, signed, line=line, meter=options.meter)
        except InputError as error:
            gathered.problems.add(line, str(error))
    gathered.note(unchecked, "signatures were not checked: no device key was given")
    return gathered.finish("signed", source=Source.AGENT, zone=parse_zone(options.zone or "UTC"))


def _parse_line(text: str) -> SignedRead:
    document = parse_document(text.encode(), limit=LINE_BYTES, what="the read")
    if not isinstance(document, dict):
        raise InputError("the read is not an object")
    numbers = [_integer(document, name) for name in _INTEGERS]
    read = IntervalRead(Interval(*numbers[:2]), *numbers[2:])
    channel = ChannelId(_octets(document, "channel", size=32))
    return SignedRead(channel, read, _octets(document, "signature", size=64))


def _take(gathered: Gathered, signed: SignedRead, *, line: int, meter: str | None) -> None:
    read = signed.read
    name = meter or f"0x{signed.channel.hex()}"
    energies = (read.import_wh, read.export_wh)
    for direction, energy_wh in zip(Direction, energies, strict=True):
        gathered.rows(name, direction).extend(
            (
                read.interval.start_s,
                read.interval.length_s,
                min(energy_wh, 1 << 40) * UWH_PER_WH,
                Quality.ACTUAL,
                0,
                line,
            )
        )
    stands = (read.register_import_wh, read.register_export_wh)
    gathered.registers.setdefault(name, []).extend(
        RegisterRead(read.interval.end_s, direction, wh)
        for direction, wh in zip(Direction, stands, strict=True)
    )


def _integer(document: dict[str, Document], name: str) -> int:
    value = document.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 48:
        raise InputError(f"{name} is not an integer from 0 to 2^48 - 1")
    return value


def _octets(document: dict[str, Document], name: str, *, size: int) -> bytes:
    text = document.get(name)
    if not isinstance(text, str) or not text.startswith("0x") or len(text) != 2 + 2 * size:
        raise InputError(f"{name} is not 0x and {2 * size} hex digits")
    try:
        return bytes.fromhex(text[2:])
    except ValueError:
        raise InputError(f"{name} is not 0x and {2 * size} hex digits") from None
