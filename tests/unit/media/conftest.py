"""Fixtures of the media tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from media_rig import Rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    """A media engine on a stepped clock; checks at the end that nothing is left over."""
    made = Rig()
    yield made
    made.close()
    assert not made.engine.contexts
    assert not made.engine.terminations
    assert not made.shared.active
