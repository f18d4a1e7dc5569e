"""Rendering the control process' figures in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

PREFIX = "kiestoon_"


class _Samples:
    """Plain samples as a Prometheus collector. Samples of one name must have the same label names."""

    def __init__(self, samples: Iterable[Mapping[str, Any]]) -> None:
        self._samples = samples

    def collect(self) -> Iterator[Metric]:
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for sample in self._samples:
            name, labels = PREFIX + sample["name"], dict(sample["labels"])
            family = families.get(name)
            if family is None:
                kind = CounterMetricFamily if sample["kind"] == "counter" else GaugeMetricFamily
                family = families[name] = kind(name, sample["help"], labels=sorted(labels))
            family.add_metric([labels[key] for key in sorted(labels)], sample["value"])
        yield from families.values()


def render_metrics(samples: Iterable[Mapping[str, Any]]) -> bytes:
    """The text to answer a scrape with."""
    registry = CollectorRegistry()
    registry.register(_Samples(samples))
    return generate_latest(registry)
