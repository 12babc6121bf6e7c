"""`gridplus agent run`: the daemon of a box."""

import asyncio
import logging
import os
import signal
import socket
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gridplus.cli.agent_box import box_keys, pinned_root, read_box_file
from gridplus.cli.agent_folder import AGENT_FOLDER, identity_in
from gridplus.cli.serving import FILE
from gridplus.failures import InputError, StorageError

if TYPE_CHECKING:
    from gridplus.agent.living import Box, Life

_PRIORITIES = {logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6}


@click.command(name="run")
@click.argument("folder", type=AGENT_FOLDER)
@click.option("--meter", type=click.Path(dir_okay=False, path_type=Path), help="A file that grows.")
@click.option("--rpc", help="Another node of the chain than the one that box.toml names.")
@click.option("--clock", type=FILE, help="A clock file, for a time that is not now.")
def command(folder: Path, *, meter: Path | None, rpc: str | None, clock: Path | None) -> None:
    """Live in FOLDER, which `gridplus agent enrol` made, until SIGTERM or SIGINT.

    \b
    reads    FOLDER/meter.csv     rows as they are metered: append a line each quarter hour
             FOLDER/devices.json  how the devices stand, by their driver: {"battery_wh": 5200}
    writes   FOLDER/told.json     what each device is to do now, and why
    obeys    the owner's word: gridplus agent prefer, consent, override

    Each read is kept, sent over the line, its bill made again here, and paid. Without a network
    reads are kept and paid for later in one voucher. The certificate is renewed before two thirds
    of its life, revocation lists are fetched daily; what fails is tried again after 5 seconds, then
    10, up to 5 minutes.

    The passphrase or PIN is the systemd credential gridplus-passphrase or gridplus-pin, or comes
    from the file descriptor in GRIDPLUS_PASSPHRASE_FD or GRIDPLUS_PIN_FD, or is typed.

    \b
    [Service]
    Type=notify
    ExecStart=gridplus agent run /var/lib/gridplus
    LoadCredentialEncrypted=gridplus-passphrase
    Restart=always
    """
    from gridplus.agent.box_devices import BoxDevices
    from gridplus.agent.living import Life
    from gridplus.journal import SqliteJournal
    from gridplus.market.prices import ERCOT_ZONE

    log = _log()
    with ExitStack() as opened:
        box = _box(folder, rpc=rpc, clock=clock, opened=opened)
        journal = opened.enter_context(
            SqliteJournal.open(folder / "agent.journal", now_s=box.clock.now_s)
        )
        devices = BoxDevices(folder, box.home, zone=ERCOT_ZONE, meter=meter)
        life = Life(box, journal, devices=devices, log=log, ready=lambda: _notify("READY=1"))
        log.info(
            "box of channel 0x%s; the meter is %s", box.channel.channel.hex(), devices.meter_path
        )
        asyncio.run(_until_told(life))
        log.info("stopped; everything is in %s", folder)


def _box(folder: Path, *, rpc: str | None, clock: Path | None, opened: ExitStack) -> "Box":
    from gridplus.agent.living import Box
    from gridplus.chain import RpcChain
    from gridplus.chain.deployment import Deployment
    from gridplus.clock import FileClock, SystemClock
    from gridplus.files import read_file
    from gridplus.planner import parse_home

    file, channel = read_box_file(folder), identity_in(folder)
    root, home = pinned_root(folder), folder / "home.toml"
    if root is None:
        raise StorageError(f"{folder} pins no root; enrol again: gridplus agent enrol")
    if not home.exists():
        raise InputError(f"{home} is missing: write down what stands in the home (docs/planner.md)")
    keys = opened.enter_context(box_keys(folder, file.token_module, label=file.token_label))
    return Box(
        folder,
        file.door,
        root,
        Deployment.load(folder / "deployment.json"),
        file.registry,
        keys,
        channel,
        parse_home(read_file(home), what=str(home)),
        opened.enter_context(RpcChain(rpc or file.rpc)),
        SystemClock() if clock is None else FileClock(clock),
        SystemClock().now_s,
    )


async def _until_told(life: "Life") -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def told() -> None:
        _notify("STOPPING=1")
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    await life.live(stop)


class _Lines(logging.Formatter):
    """One line a fact; before it the priority that systemd takes, where it listens."""

    def format(self, record: logging.LogRecord) -> str:
        said = super().format(record).replace("\n", " ")
        if "JOURNAL_STREAM" in os.environ:
            return f"<{_PRIORITIES.get(record.levelno, 6)}>{said}"
        return f"{self.formatTime(record, '%Y-%m-%d %H:%M:%S')} {said}"


def _log() -> logging.Logger:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines("%(message)s"))
    log = logging.getLogger("gridplus")
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    return log


def _notify(state: str) -> None:
    """Tell systemd, where it asks to be told (sd_notify, Type=notify)."""
    place = os.environ.get("NOTIFY_SOCKET")
    if place is None:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect("\0" + place[1:] if place.startswith("@") else place)
        line.sendall(state.encode())
