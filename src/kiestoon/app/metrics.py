"""Figures of the control process as plain values; the web process renders them for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec


class Metric(msgspec.Struct, frozen=True, gc=False):
    """One sample. ``name`` is without the ``kiestoon_`` prefix; counters carry no ``_total`` suffix."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    value: float
    labels: dict[str, str] = {}


MetricSource = Callable[[], Iterable[Metric]]


class Metrics:
    """Whoever has figures adds a source; ``collect`` asks them all."""

    def __init__(self) -> None:
        self._sources: list[MetricSource] = []

    def add(self, source: MetricSource) -> None:
        self._sources.append(source)

    def collect(self) -> list[dict[str, Any]]:
        """All samples, for the admin socket."""
        return [msgspec.structs.asdict(metric) for source in self._sources for metric in source()]
