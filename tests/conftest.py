"""For all tests: Python's garbage collector need not walk over everything that has been imported, again and again."""

from __future__ import annotations

import gc

import pytest


def pytest_collection_finish(session: pytest.Session) -> None:
    """What has been loaded by now lives as long as the tests."""
    gc.collect()
    gc.freeze()


def pytest_runtest_logfinish() -> None:
    """Once an exchange in the same process has ended, its collector walks over everything again."""
    if not gc.get_freeze_count():
        gc.freeze()
