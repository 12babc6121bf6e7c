"""From an empty box to the first paid interval, and what a line lets its device say."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gridplus.agent import HubLink, Link, meet
from gridplus.agent.links import LineRefused
from gridplus.cli import agent_enrol
from gridplus.demo.options import bundled
from gridplus.failures import InputError, RemoteError
from gridplus.keystore import KeyStore, Secp256k1Key
from gridplus.owner import parse_papers
from gridplus.tls import ClientContext
from gridplus.wire import (
    Acknowledgement,
    ChannelStatus,
    OpenChannel,
    RefusalMessage,
    SubmitVoucher,
)
from tests.first_day.retailer import Retailer, now_s
from tests.hub.town import DAY
from tests.keystore.softhsm import LABEL, PIN, new_token

METER = """meter,interval_start_utc,seconds,import_wh,export_wh,quality
home,2021-07-04T05:00Z,900,400,0,ACTUAL
"""
PATIENCE_S = 30


@contextmanager
def handed(secret: bytes) -> Iterator[int]:
    """The number of a descriptor from which a child reads a secret."""
    reading, writing = os.pipe()
    os.write(writing, secret)
    os.close(writing)
    try:
        yield reading
    finally:
        os.close(reading)


def enrol_command(retailer: Retailer, box: Path, *more: str | Path, pays: bool = True) -> list[str]:
    keys = KeyStore(box.parent / "family")
    owner, guardian = (keys.create(name, Secp256k1Key) for name in ("owner", "guardian"))
    (box.parent / "home.toml").write_bytes(bundled("home.toml"))
    (box.parent / "meter.csv").write_text(METER)
    asked = {
        "--retailer": retailer.urls["enrol"],
        "--claim-code": retailer.new_code(),
        "--owner": f"0x{owner.address.hex()}",
        "--guardian": f"0x{guardian.address.hex()}",
        "--home": box.parent / "home.toml",
        **({"--meter": box.parent / "meter.csv"} if pays else {}),
        "--clock": retailer.town.folder / "retailer" / "hub" / "clock",
    }
    options = [str(part) for pair in asked.items() for part in pair]
    return [
        sys.executable,
        "-m",
        "gridplus.cli",
        "agent",
        "enrol",
        str(box),
        *options,
        *map(str, more),
    ]


def deposit_when_asked(retailer: Retailer, box: Path, said: Iterable[str]) -> None:
    """What the owner does on his own computer, as soon as the box has told him of the papers."""
    papers = box / "home.papers"
    told = next((line for line in said if str(papers) in line), "nothing of papers")
    assert str(papers) in told
    owner = KeyStore(box.parent / "family").load("owner", Secp256k1Key)
    retailer.deposit(parse_papers(papers.read_bytes(), what="papers"), owner)


@pytest.mark.parametrize("store", ["sealed files", "token"])
def test_one_command_takes_an_empty_box_to_its_first_paid_interval(
    store: str, retailer: Retailer, tmp_path: Path
) -> None:
    box = tmp_path / "box"
    more: list[str | Path] = []
    secret, variable = b"a passphrase of the box", "GRIDPLUS_PASSPHRASE_FD"
    if store == "token":
        more = ["--token-module", new_token(tmp_path), "--token-label", LABEL]
        secret, variable = PIN, "GRIDPLUS_PIN_FD"
    command = enrol_command(retailer, box, *more)
    with handed(secret) as number:
        process = subprocess.Popen(
            command,
            env={**os.environ, variable: str(number)},
            pass_fds=[number],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            deposit_when_asked(retailer, box, process.stdout)
        finally:
            said, complaint = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, complaint
    assert f"paid for {DAY[0]}: 0.030634 BOLT in all" in said.splitlines()[-1]


def test_a_mistyped_code_is_told_in_a_sentence_and_makes_no_keys(
    retailer: Retailer, tmp_path: Path
) -> None:
    command = enrol_command(retailer, tmp_path / "box")
    command[command.index("--claim-code") + 1] = "0000-0000"
    with pytest.raises(InputError, match="a claim code has 24 letters and digits"):
        agent_enrol.command.main(command[5:], standalone_mode=False)
    assert not (tmp_path / "box").exists()


async def test_a_device_speaks_for_its_own_channel_alone(retailer: Retailer) -> None:
    mine, other = retailer.town.move_in(2)
    identity = await retailer.enrol(mine)
    plain = Link("hub", retailer.urls["hub"], tls=identity.context)
    stream = HubLink(plain, retailer.urls["hub"], tls=identity.context)
    for way in (plain, stream):
        opened = await way.ask("/v1/channels", OpenChannel(mine.identity), answer=ChannelStatus)
        assert isinstance(opened, ChannelStatus)
        foreign = OpenChannel(other.identity)
        assert_other_line(await way.ask("/v1/channels", foreign, answer=ChannelStatus))
    assert stream.is_streaming
    own = await retailer.enrol(other)
    theirs = Link("hub", retailer.urls["hub"], tls=own.context)
    await theirs.ask("/v1/channels", OpenChannel(other.identity), answer=ChannelStatus)
    stolen = SubmitVoucher(other.channel, other.voucher(1))
    for way in (plain, stream):
        assert_other_line(await way.ask("/v1/vouchers", stolen, answer=Acknowledgement))
    own_status, other_status = f"/v1/channels/0x{mine.channel.hex()}", other.channel.hex()
    assert ChannelStatus.parse(await plain.get(own_status)).channel == mine.channel
    with pytest.raises(RemoteError, match="OTHER_LINE"):
        await plain.get(f"/v1/channels/0x{other_status}")
    await stream.aclose()
    await theirs.aclose()


async def test_a_hub_with_a_line_hears_homes_nowhere_else(retailer: Retailer) -> None:
    (house,) = retailer.town.move_in(1)
    plain = Link("hub", retailer.urls["plain"])
    assert b'"ok":true' in await plain.get("/health")
    with pytest.raises(RemoteError, match=r"403.*mutual TLS"):
        await plain.ask("/v1/channels", OpenChannel(house.identity), answer=ChannelStatus)
    for path in ("/v1/stream", f"/v1/channels/0x{house.channel.hex()}"):
        with pytest.raises(RemoteError, match=r"403.*mutual TLS"):
            await plain.get(path)
    await plain.aclose()


async def test_administration_is_not_for_lines(retailer: Retailer) -> None:
    (house,) = retailer.town.move_in(1)
    identity = await retailer.enrol(house)
    link = Link("hub", retailer.urls["hub"], tls=identity.context)
    for path in ("/v1/admin/channels", "/v1/admin/promises", "/metrics"):
        with pytest.raises(RemoteError, match="403"):
            await link.get(path)
    await link.aclose()


async def test_nobody_without_a_certificate_reaches_the_hub(retailer: Retailer) -> None:
    found = await meet(retailer.urls["enrol"], root=None, now_s=now_s)
    nameless = ClientContext(credentials=None, trust=found.trust, now_s=now_s)
    link = Link("hub", retailer.urls["hub"], tls=nameless)
    with pytest.raises(LineRefused, match="CERTIFICATE_REQUIRED"):
        await link.get("/health")
    await link.aclose()


def assert_other_line(answer: object) -> None:
    assert isinstance(answer, RefusalMessage)
    assert answer.name == "OTHER_LINE"
