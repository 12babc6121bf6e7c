"""What a crash leaves behind of a process with keys: no core file, no secret in its last words."""

import subprocess
import sys
from pathlib import Path

import pytest

from gridplus.demo.processes import start_service
from gridplus.keystore import KeyStore, Secp256k1Key
from tests.agent.test_secrets import secrets_of

DUMPABLE = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
CRASH = """
import faulthandler, sys, traceback
from pathlib import Path
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key
faulthandler.enable()
store = KeyStore(Path(sys.argv[1]))
keys = {"account": store.load("account", Secp256k1Key), "device": store.load("device", DeviceKey)}
def bug(account, device):
    account.sign(b"short")
try:
    bug(**keys)
except Exception as error:
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    sys.stderr.write("".join(told.format()) + repr(error.__dict__) + str(error.args))
bug(**keys)
"""


def python(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-c", *arguments]
    return subprocess.run(command, capture_output=True, timeout=60, cwd=cwd)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_only_who_asked_for_it_is_beyond_core_files_and_debuggers(tmp_path: Path) -> None:
    ask = "from gridplus.cli.no_core import leave_no_core; leave_no_core(); "
    assert python(ask + DUMPABLE, cwd=tmp_path).stdout == b"0\n"
    assert python(DUMPABLE, cwd=tmp_path).stdout == b"1\n"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_service_has_no_room_for_a_core_file(tmp_path: Path) -> None:
    (tmp_path / "clock").write_bytes((1_800_000_000).to_bytes(8, "big"))
    arguments = ["chain", "serve", "--state", str(tmp_path / "chain.sqlite")]
    arguments += ["--chain-id", "31337", "--clock", str(tmp_path / "clock")]
    service = start_service("chain", arguments, log=tmp_path / "log")
    try:
        limits = Path(f"/proc/{service.process.pid}/limits").read_text().splitlines()
    finally:
        service.stop()
    (row,) = (line.split() for line in limits if line.startswith("Max core file size"))
    assert row[4:6] == ["0", "0"]


def test_the_last_words_of_a_crash_show_every_local_and_no_secret(tmp_path: Path) -> None:
    made = python(
        "import sys; from pathlib import Path; from gridplus.keystore import *; "
        "s = KeyStore(Path(sys.argv[1])); s.create('account', Secp256k1Key); "
        "[s.create(n, DeviceKey) for n in ('device', *'abcdef')]",
        str(tmp_path / "keys"),
        cwd=tmp_path,
    )
    assert made.returncode == 0, made.stderr
    crashed = python(CRASH, str(tmp_path / "keys"), cwd=tmp_path)
    assert crashed.returncode == 1
    address = KeyStore(tmp_path / "keys").load("account", Secp256k1Key).address
    assert crashed.stderr.count(address.hex().encode()) >= 1  # locals were shown: names, that is
    for secret in secrets_of(tmp_path):
        assert secret not in crashed.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]
