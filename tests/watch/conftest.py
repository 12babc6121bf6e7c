from collections.abc import Iterator

import pytest

from tests.hub.town import Town, founded_town, run_coroutine_test


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    return run_coroutine_test(pyfuncitem)


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with founded_town(tmp_path_factory.mktemp("town")) as founded:
        yield founded
