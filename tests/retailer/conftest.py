from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.retailer.ground import Ground, make_ground
from tests.retailer.scene import Scene


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return make_ground(tmp_path_factory.mktemp("ground"))


@pytest.fixture
def scene(ground: Ground, tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path / "world", ground)
    yield made
    made.chain.stop()
