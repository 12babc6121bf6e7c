from pathlib import Path

import pytest

from gridplus.failures import GridPlusError, InputError, StorageError
from gridplus.keystore import read_token

TOKEN = "0123456789abcdef0123456789abcdef"


def test_a_token_is_read_from_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text(f"{TOKEN}\n")
    assert read_token(path) == TOKEN


@pytest.mark.parametrize(
    ("mode", "text", "error", "why"),
    [
        (0o644, TOKEN, StorageError, "can be read by others; run: chmod 600"),
        (0o600, "short", InputError, "32 or more characters"),
        (0o600, TOKEN + "\nsecond line", InputError, "32 or more characters"),
        (0o600, None, StorageError, "No such file"),
    ],
)
def test_a_token_that_others_know_or_may_guess_is_refused(
    tmp_path: Path, mode: int, text: str | None, error: type[GridPlusError], why: str
) -> None:
    path = tmp_path / "token"
    if text is not None:
        path.touch(mode=mode)
        path.write_text(text)
        path.chmod(mode)
    with pytest.raises(error, match=why):
        read_token(path)
