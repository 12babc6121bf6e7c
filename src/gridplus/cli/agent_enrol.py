"""`gridplus agent enrol`: from an empty folder to the first paid interval."""

import asyncio
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gridplus.cli.agent_box import BoxFile, box_keys, octets, pin, pinned_root, put
from gridplus.cli.serving import FILE
from gridplus.failures import InputError

if TYPE_CHECKING:
    from gridplus.agent.moving_in import Family, NewHome
    from gridplus.wallet import Address

FOLDER = click.Path(file_okay=False, path_type=Path)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@click.command(name="enrol")
@click.argument("folder", type=FOLDER)
@click.option("--retailer", "url", required=True, help="The retailer's enrolment door, https://…")
@click.option("--claim-code", required=True, help="The code from the box, typed or scanned.")
@click.option("--owner", required=True, help="The owner's address, 0x and 40 hex digits.")
@click.option("--guardian", required=True, help="The guardian's address.")
@click.option("--salt", help="Of the descriptor, 64 hex digits; drawn when it is not given.")
@click.option("--daily-cap", default=60, show_default=True, type=click.IntRange(1, 65_534))
@click.option("--root", help="SHA-256 of the retailer's root; else the first one seen is pinned.")
@click.option("--rpc", help="A node of the chain; by default the one that the retailer names.")
@click.option("--token-module", type=FILE, help="PKCS#11 library of the device's token.")
@click.option("--token-label", default="agent", show_default=True)
@click.option("--unsealed", is_flag=True, help="Keys in open files (tests only).")
@click.option("--home", type=FILE, help="What stands in the home (TOML), to pay at once.")
@click.option("--meter", type=FILE, help="A meter file; its newest interval is paid for.")
@click.option("--wait", "patience_s", default=600, show_default=True, help="Seconds for a deposit.")
@click.option("--clock", type=FILE, help="A clock file, for a time that is not now.")
def command(folder: Path, **asked: Any) -> None:
    """Claim this box for its owner, and let it pay.

    FOLDER gets keys, the retailer's root, the home's papers (copy them to owner and guardian) and
    the journal. The same command again goes on where the last one stopped.
    """
    began = time.monotonic()
    for sentence in _steps(folder, asked):
        click.echo(f"{time.monotonic() - began:5.2f} s  {sentence}")


def _steps(folder: Path, asked: dict[str, Any]) -> Iterator[str]:
    from gridplus.agent.identity import meet
    from gridplus.agent.moving_in import NewHome, channel_of, claim_box
    from gridplus.chain import RpcChain
    from gridplus.clock import FileClock, SystemClock
    from gridplus.files import read_file
    from gridplus.keystore import claim_key
    from gridplus.owner import write_papers
    from gridplus.planner import parse_home

    if asked["meter"] is not None and asked["home"] is None:
        raise InputError("--meter goes with --home: a plan is made of what stands in the home")
    owner, code = _address(asked["owner"]), claim_key(asked["claim_code"])
    clock = SystemClock() if asked["clock"] is None else FileClock(asked["clock"])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now_s = SystemClock().now_s
    with ExitStack() as opened:
        module, label = asked["token_module"], asked["token_label"]
        sealed = not asked["unsealed"]
        keys = opened.enter_context(box_keys(folder, module, label=label, sealed=sealed, make=True))
        yield f"keys: device 0x{keys.device.public.hex()[:16]}…"
        root = pinned_root(folder, asked["root"])
        retailer = asyncio.run(meet(asked["url"], root=root, now_s=now_s))
        rpc = asked["rpc"] or retailer.chain
        file = BoxFile(asked["url"], rpc, retailer.registry, module, label)
        pin(folder, retailer, file=file)
        yield f"retailer: root {retailer.fingerprint}"
        chain = opened.enter_context(RpcChain(rpc))
        retailer.deployment.require_on(chain)
        identity = asyncio.run(
            claim_box(asked["url"], retailer, keys=keys, claim=(code, owner), ground=(chain, now_s))
        )
        until = f"{identity.certificate.not_valid_after_utc:%Y-%m-%d %H:%M}Z"
        yield f"enrolled and certified until {until}"
        channel = channel_of(retailer.deployment, keys, family=_family(folder, asked))
        put(folder / "home.papers", write_papers(channel))
        yield f"channel 0x{channel.channel.hex()}; papers in {folder / 'home.papers'}"
        if asked["home"] is not None:
            put(folder / "home.toml", read_file(asked["home"]))
        if asked["meter"] is not None:
            what = parse_home(read_file(asked["home"]), what=str(asked["home"]))
            home = NewHome(identity, channel, keys, what, chain, clock)
            yield from _first_payment(home, folder, asked=asked)


def _first_payment(home: "NewHome", folder: Path, *, asked: dict[str, Any]) -> Iterator[str]:
    from gridplus.agent.meter_file import FileMeter
    from gridplus.files import read_file
    from gridplus.journal import SqliteJournal
    from gridplus.units import format_ubolt

    seen = asyncio.run(home.await_deposit(patience_s=asked["patience_s"]))
    yield f"deposit: {format_ubolt(seen.view.word.headroom)} BOLT to pay with"
    meter = FileMeter([read_file(asked["meter"])], what=str(asked["meter"]))
    with SqliteJournal.open(folder / "agent.journal", now_s=home.clock.now_s) as journal:
        payment = asyncio.run(
            home.pay_first(meter.newest, seen=seen, journal=journal, devices=meter)
        )
    yield f"paid for {meter.newest}: {format_ubolt(payment.voucher.spent)} BOLT in all"


def _family(folder: Path, asked: dict[str, Any]) -> "Family":
    """With the salt of earlier papers, so that a second try is the same channel."""
    from gridplus.agent.moving_in import Family
    from gridplus.owner import parse_papers

    papers = folder / "home.papers"
    if papers.exists():
        salt = parse_papers(papers.read_bytes(), what=str(papers)).descriptor.salt
    else:
        salt = octets(asked["salt"], "--salt") or secrets.token_bytes(32)
    guardian = _address(asked["guardian"])
    return Family(_address(asked["owner"]), guardian, salt, asked["daily_cap"])


def _address(text: str) -> "Address":
    from gridplus.wallet import Address

    if not _ADDRESS.fullmatch(text):
        raise InputError(f"{text!r} is no address: 0x and 40 hex digits")
    return Address(bytes.fromhex(text[2:]))
