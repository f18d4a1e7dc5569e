"""What a rule looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from kiestoon.store.problems import Problem
from kiestoon.store.rules.peek import Peek

Check: TypeAlias = Callable[[Any, Peek], Iterator[Problem]]
"""Looks at a row, and through ``Peek`` at its company's others; yields what is wrong."""
