"""Telegrams of a P1 port (DSMR 4 and 5, and the Belgian and Luxembourg profiles): registers, and
the energy of each quarter hour between them.

A telegram runs from '/' to '!' and four hex digits: CRC-16/ARC of everything up to the '!', with
lines that end in CR LF. Its time carries S for summer and W for winter time. Where a quarter hour
begins counts the first telegram of its first minute: the energies sum to the registers' difference.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gridplus.failures import InputError
from gridplus.meter.file import MeterFile, RegisterRead
from gridplus.meter.formats.options import Options
from gridplus.meter.gather import UWH_PER, Gathered, parse_uwh, parse_zone
from gridplus.meter.metered import Direction, Quality, Source
from gridplus.meter.series import UWH_PER_WH
from gridplus.rows import text_lines
from gridplus.units import SETTLEMENT_INTERVAL_S

ZONE = "Europe/Amsterdam"
TELEGRAM_LINES = 512
PROMPT_S = 60
"""A register counts for a quarter hour's begin within this many seconds of it."""
_TIME = re.compile(r"0-0:1\.0\.0\((\d{12})([SW])\)", re.ASCII)
_METER = re.compile(r"0-0:96\.1\.1\(((?:[0-9A-Fa-f]{2}){1,40})\)", re.ASCII)
_ENERGY = re.compile(r"1-[01]:([12])\.8\.([0-4])\((\d{1,12}(?:\.\d{1,6})?)\*(k?Wh)\)", re.ASCII)
_END = re.compile(r"!([0-9A-Fa-f]{4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Telegram:
    """Registers (Wh) at `at_s`; `line` is where it begins."""

    line: int
    meter: str | None
    at_s: int
    import_wh: int
    export_wh: int


def parse_p1(pieces: Iterable[bytes], *, what: str, options: Options) -> MeterFile:
    """Each meter's quarter hours and registers. Raises InputError when no telegram is good."""
    gathered = Gathered(what)
    zone = parse_zone(options.zone or ZONE)
    last: dict[str, Telegram] = {}
    for line, lines in _telegrams(text_lines(pieces, what), gathered):
        try:
            telegram = parse_telegram(lines, line=line, zone=zone)
            _take(gathered, telegram, last=last, meter=options.meter)
        except InputError as error:
            gathered.problems.add(line, str(error))
    return gathered.finish("p1", source=Source.AGENT, zone=zone)


def parse_telegram(lines: list[str], *, line: int, zone: ZoneInfo) -> Telegram:
    """The lines from '/' to '!CRC'. Raises InputError with the reason why it counts for nothing."""
    end = _END.fullmatch(lines[-1].strip())
    if end is None or end[1] is None:
        raise InputError("a telegram without a checksum (before DSMR 4, or cut off) is not used")
    covered = "\r\n".join(lines[:-1]) + "\r\n!"
    if (found := crc16(covered.encode())) != int(end[1], 16):
        raise InputError(f"the checksum is {found:04X}, not {end[1].upper()} as the telegram says")
    registers = {(m[1], m[2]): _wh(m[3], m[4]) for m in map(_ENERGY.match, lines) if m}
    time = next((m for m in map(_TIME.match, lines) if m), None)
    meter = next((m for m in map(_METER.match, lines) if m), None)
    if time is None or not any(side == "1" for side, _ in registers):
        raise InputError("the telegram has no time (1.0.0) or no import register (1.8)")
    name = None if meter is None else bytes.fromhex(meter[1]).decode("ascii", "replace").strip()
    at_s = _instant_s(time[1], time[2], zone=zone)
    return Telegram(line, name, at_s, _total(registers, "1"), _total(registers, "2"))


def crc16(data: bytes) -> int:
    """CRC-16/ARC: polynomial 0x8005 reflected, initial value 0."""
    crc = 0
    for octet in data:
        crc = crc >> 8 ^ _CRC[(crc ^ octet) & 0xFF]
    return crc


def _crc_entry(octet: int) -> int:
    for _ in range(8):
        octet = octet >> 1 ^ (0xA001 if octet & 1 else 0)
    return octet


_CRC = tuple(map(_crc_entry, range(256)))


def _telegrams(lines: Iterable[str], gathered: Gathered) -> Iterator[tuple[int, list[str]]]:
    """(first line's number, lines) of each telegram; what stands between them is reported."""
    first, found = 0, list[str]()
    for number, text in enumerate(lines, 1):
        if text.startswith("/"):
            if found:
                gathered.problems.add(first, "the telegram is cut off: another begins in it")
            first, found = number, [text]
        elif found:
            found.append(text)
            if text.startswith("!"):
                yield first, found
                found = []
            elif len(found) > TELEGRAM_LINES:
                gathered.problems.add(first, f"a telegram of more than {TELEGRAM_LINES} lines")
                found = []
        elif text.strip():
            gathered.problems.add(number, "the line belongs to no telegram")
    if found:
        gathered.problems.add(first, "the telegram is cut off: the file ends in it")


def _take(
    gathered: Gathered, telegram: Telegram, *, last: dict[str, Telegram], meter: str | None
) -> None:
    """Keep the telegram if it opens a quarter hour, and the energy since the one before."""
    begin_s = telegram.at_s - telegram.at_s % SETTLEMENT_INTERVAL_S
    if telegram.at_s - begin_s > PROMPT_S:
        return
    name = meter or telegram.meter or "meter"
    before = last.get(name)
    if before is not None and before.at_s >= begin_s:
        return
    sides = [gathered.rows(name, direction) for direction in Direction]
    now = (telegram.import_wh, telegram.export_wh)
    last[name] = telegram
    registers = gathered.registers.setdefault(name, [])
    registers += [RegisterRead(begin_s, side, wh) for side, wh in zip(Direction, now, strict=True)]
    if before is None or begin_s - before.at_s > SETTLEMENT_INTERVAL_S:
        return
    then = (before.import_wh, before.export_wh)
    if now[0] < then[0] or now[1] < then[1]:
        raise InputError(f"a register fell: it stood higher at line {before.line}")
    start_s = begin_s - SETTLEMENT_INTERVAL_S
    for rows, low, high in zip(sides, then, now, strict=True):
        energy_uwh = (high - low) * UWH_PER_WH
        rows.extend((start_s, SETTLEMENT_INTERVAL_S, energy_uwh, Quality.ACTUAL, 0, telegram.line))


def _wh(number: str, unit: str) -> int:
    return parse_uwh(number, UWH_PER[unit]) // UWH_PER_WH


def _total(registers: dict[tuple[str, str], int], side: str) -> int:
    """The register of all tariffs where there is one, else the sum over the tariffs."""
    tariffs = {tariff: wh for (found, tariff), wh in registers.items() if found == side}
    return tariffs["0"] if "0" in tariffs else sum(tariffs.values())


def _instant_s(text: str, season: str, *, zone: ZoneInfo) -> int:
    try:
        wall = datetime.strptime(text, "%y%m%d%H%M%S").replace(tzinfo=zone, fold=season == "W")
    except ValueError:
        raise InputError(f"{text} is not a time YYMMDDhhmmss") from None
    if bool(wall.dst() or timedelta()) != (season == "S"):
        raise InputError(f"{text}{season} is no time of {zone}: name the meter's zone")
    return int(wall.timestamp())
