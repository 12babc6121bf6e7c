import shutil
from pathlib import Path

import pytest

from tests.audit.planted import FIRST_DAY, Street
from tests.lived import lived_street


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two homes leave behind that lived two days, with every service a process: once for all
    workers of the run."""
    asked = ("--homes", "2", "--days", "2", "--day", str(FIRST_DAY), "--restate")
    return lived_street(tmp_path_factory, "audited-street", *asked)


@pytest.fixture
def street(lived: Path, tmp_path: Path) -> Street:
    """A copy of it, in which a fault may be planted."""
    return Street(Path(shutil.copytree(lived, tmp_path / "street")))
