from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal.server import NoServerError, Server, running_server
from tests.journal.stores import PostgresStore, SqliteStore, Store


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    try:
        with running_server() as server:
            yield server
    except NoServerError as error:
        pytest.skip(str(error))


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A journal's place; every promise of the port is tested on each kind."""
    if request.param == "sqlite":
        return SqliteStore(tmp_path / "hub.journal")
    server: Server = request.getfixturevalue("server")
    return PostgresStore(server, server.new_place())
