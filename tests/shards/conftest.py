from collections.abc import Iterator

import pytest

from tests.hub.conftest import pytest_pyfunc_call, town
from tests.journal.conftest import server
from tests.shards.hall import Pages, served_board

__all__ = ["pytest_pyfunc_call", "server", "town"]


@pytest.fixture(scope="session")
def pages() -> Iterator[Pages]:
    """The retailer's public pages, with the day's plan and prices, on a socket."""
    with served_board() as served:
        yield served
