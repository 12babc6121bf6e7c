"""What was lost on ours in drafts and is not any more, shown lost on peers that a registry ships.

`GRIDPLUS_PEERS` names the folder that `python bench/peers/installed.py FOLDER` has filled. A test's
name begins with that of ours in tests/contracts/attacks and ends with the peer's.
"""

import os

import pytest

from peers.ground import Ground


@pytest.fixture
def ground() -> Ground:
    if "GRIDPLUS_PEERS" not in os.environ:
        pytest.skip("GRIDPLUS_PEERS names no folder of installed peers")
    return Ground()
