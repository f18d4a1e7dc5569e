"""Figures of the control process as plain values; the web process renders them for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from kiestoon.api.samples import Metric

__all__ = ["Metric", "MetricSource", "Metrics"]

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
