from collections.abc import Iterator

import pytest

from tests.first_day.retailer import Retailer, retailer_of
from tests.hub.town import founded_town, run_coroutine_test


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    return run_coroutine_test(pyfuncitem)


@pytest.fixture(scope="session")
def retailer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retailer]:
    folder = tmp_path_factory.mktemp("first-day")
    with founded_town(folder) as town, retailer_of(town, folder / "retailer") as retailer:
        yield retailer
