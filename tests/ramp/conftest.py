from tests.hub.conftest import pytest_pyfunc_call, town

__all__ = ["pytest_pyfunc_call", "town"]
