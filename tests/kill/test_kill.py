"""A small share of `make kill`, and that it finds what it looks for."""

import random
import re
import subprocess
import sys

import pytest

NOTHING = "lost: 0, doubled: 0, broken: 0"


def killed(*arguments: str) -> "subprocess.CompletedProcess[str]":
    seed = random.SystemRandom().randrange(1 << 32)
    command = [sys.executable, "-m", "tests.kill", "--seed", str(seed), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    sys.stdout.write(done.stdout + done.stderr)
    return done


def test_no_point_of_writing_loses_or_doubles_a_payment_in_a_file() -> None:
    """I-ST-1, I-ST-2."""
    done = killed("--points", "30")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, NOTHING)
    assert re.search(r"^ +30  points in \d+ days", done.stdout, re.M)


def test_no_kill_of_hub_or_server_loses_or_doubles_a_payment_in_a_database() -> None:
    """I-ST-1."""
    done = killed("--points", "6", "--store", "postgres")
    if done.returncode == 2:
        pytest.skip(done.stdout.splitlines()[-1])
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, NOTHING)


def test_a_disk_that_does_not_sync_is_found_out() -> None:
    done = killed("--points", "60", "--lying-disk", "--seed", "1")
    assert done.returncode == 1
    assert NOTHING not in done.stdout
