"""Every test of this room starts from its own copy of the deployed street."""

import pytest

from tests.contracts.street import Street, new_street


@pytest.fixture
def street() -> Street:
    return new_street()
