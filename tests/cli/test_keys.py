"""`gridplus keys`: made, listed, rotated, backed up; the passphrase comes by a descriptor."""

import json
import os
import subprocess
import sys
from pathlib import Path

PASSPHRASE, BACKUP = "correct horse battery", "another good passphrase"


def keys(
    *arguments: object, passphrase: str = PASSPHRASE, backup: str = BACKUP
) -> "subprocess.CompletedProcess[str]":
    """Run `gridplus keys` with its secrets in pipes, as a service manager would hand them over."""
    pipes = {}
    for variable, secret in (("PASSPHRASE", passphrase), ("BACKUP", backup)):
        read, write = os.pipe()
        os.write(write, secret.encode() + b"\n")
        os.close(write)
        pipes[f"GRIDPLUS_{variable}_FD"] = read
    try:
        return subprocess.run(
            [sys.executable, "-m", "gridplus.cli", "keys", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=100,
            stdin=subprocess.DEVNULL,
            pass_fds=tuple(pipes.values()),
            env={**os.environ, **{name: str(read) for name, read in pipes.items()}},
        )
    finally:
        for read in pipes.values():
            os.close(read)


def listed(store: Path) -> dict[str, str]:
    told = json.loads(keys("list", store, "--json").stdout)
    assert told["sealed"] is True
    return {row["name"]: row["public"] for row in told["keys"]}


def test_keys_live_through_rotation_backup_and_restore(tmp_path: Path) -> None:
    store, file = tmp_path / "keys", tmp_path / "keys.backup"
    assert keys("new", store, "owner").returncode == 0
    assert keys("new", store, "meter", "--kind", "device").returncode == 0
    before = listed(store)
    assert set(before) == {"owner", "meter"}
    assert keys("rotate", store, "owner").returncode == 0
    after = listed(store)
    assert after["owner"] != before["owner"]
    (kept,) = set(after) - set(before)
    assert after[kept] == before["owner"]
    assert keys("backup", store, file).returncode == 0
    assert keys("restore", file, tmp_path / "again").returncode == 0
    assert listed(tmp_path / "again") == after


def test_a_wrong_passphrase_is_one_sentence(tmp_path: Path) -> None:
    store, file = tmp_path / "keys", tmp_path / "keys.backup"
    keys("new", store, "owner")
    for run in (
        keys("list", store, passphrase="not the passphrase"),
        keys("backup", store, file, passphrase="not the passphrase"),
    ):
        assert run.returncode == 1
        assert "the passphrase does not open" in run.stderr
        assert "Traceback" not in run.stderr
    assert not file.exists()
    assert keys("backup", store, file).returncode == 0
    wrong = keys("restore", file, tmp_path / "again", backup="not the passphrase")
    assert wrong.returncode == 1
    assert "the passphrase does not open" in wrong.stderr


def test_a_restore_that_would_overwrite_changes_nothing(tmp_path: Path) -> None:
    store, file = tmp_path / "keys", tmp_path / "keys.backup"
    keys("new", store, "a")
    keys("new", store, "b")
    keys("backup", store, file)
    keys("new", tmp_path / "other", "b")
    before = listed(tmp_path / "other")
    run = keys("restore", file, tmp_path / "other")
    assert run.returncode == 1
    assert "never overwritten" in run.stderr
    assert listed(tmp_path / "other") == before


def test_nobody_there_to_type_is_said_so(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "gridplus.cli", "keys", "new", str(tmp_path / "keys"), "owner"],
        capture_output=True,
        text=True,
        timeout=100,
        stdin=subprocess.DEVNULL,
    )
    assert run.returncode == 1
    assert "GRIDPLUS_PASSPHRASE_FD" in run.stderr
