"""The suite of both forms, with journals in a PostgreSQL database: a schema for each shard."""

from collections.abc import Iterator

import pytest

from tests.hub.town import Town
from tests.journal.server import Server
from tests.shards.hall import Hall, Pages, hall
from tests.shards.test_forms import *  # noqa: F403 - the same tests, with another fixture


@pytest.fixture(scope="module", params=[None, 2], ids=["one process", "two shards"])
def at(
    request: pytest.FixtureRequest,
    town: Town,
    pages: Pages,
    server: Server,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Hall]:
    place, folder = server.new_place(), tmp_path_factory.mktemp("forms") / "hub"
    for index in range(request.param or 0):
        server.execute(f"CREATE SCHEMA {place.part(index).url.rpartition('%3D')[2]}")
    with hall(town, folder, pages, shards=request.param, journal=str(place)) as served:
        yield served
