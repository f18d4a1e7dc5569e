"""For all tests: Python's garbage collector need not walk over everything that has been imported, again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


def pytest_collection_finish(session: pytest.Session) -> None:
    """What has been loaded by now lives as long as the tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def thaws() -> Iterator[None]:
    """For tests with an exchange in their own process: when that ends, its collector walks over everything again."""
    yield
    gc.freeze()
