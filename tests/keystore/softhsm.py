"""A token in software, in a folder of its own. CI installs SoftHSM 2, so that it never skips."""

import os
import subprocess
from pathlib import Path

import pytest

LABEL, PIN = "agent", b"123456"
_PLACES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"),
)


def module() -> Path:
    """The library of SoftHSM 2; skips the test where there is none."""
    found = next((path for path in _PLACES if path.is_file()), None)
    if found is None:
        pytest.skip("SoftHSM 2 is not installed (Debian: apt install softhsm2)")
    return found


def new_token(folder: Path) -> Path:
    """Initialise a token in `folder` and return the module. The library reads its configuration
    once a process, so all tests of a process share one folder of tokens."""
    library = module()
    if "SOFTHSM2_CONF" not in os.environ:
        (folder / "tokens").mkdir()
        configuration = folder / "softhsm2.conf"
        configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(configuration)
        subprocess.run(
            [
                "softhsm2-util",
                "--init-token",
                "--free",
                "--label",
                LABEL,
                "--so-pin",
                "00000000",
                "--pin",
                PIN.decode(),
            ],
            check=True,
            capture_output=True,
        )
    return library
