"""Nothing that leaves the box, is written in it, or is said about it, holds a secret."""

import base64
import logging
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gridplus.agent import AgentKeys
from tests.agent.box import agent_box
from tests.hub.town import Town


def secrets_of(folder: Path) -> list[bytes]:
    """The private numbers of all keys below `folder`, in every spelling one might leak them in."""
    spellings = []
    for path in folder.rglob("*.pem"):
        key = load_pem_private_key(path.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        number = key.private_numbers().private_value
        raw = number.to_bytes(32, "big")
        spellings += [raw, raw.hex().encode(), base64.b64encode(raw), str(number).encode()]
    assert len(spellings) > 20
    return spellings


async def test_no_key_is_in_logs_journals_messages_or_representations(
    town: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with agent_box(town, tmp_path) as box:
        await box.live(400, 50)
        await box.live(300)
        agent, keys = box.agent, AgentKeys(box.house.device, box.house.voucher_key)
        shown = [repr(thing) for thing in (keys, agent, agent.memory, box.hub_home, vars(agent))]
    said = "".join([caplog.text, *shown]).encode()
    written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert len(written) > 10_000
    for secret in secrets_of(town.folder):
        assert secret not in said
        assert secret not in written
