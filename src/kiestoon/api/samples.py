"""What is measured, as the processes pass it on and Prometheus is told."""

from __future__ import annotations

from typing import Literal

import msgspec


class Metric(msgspec.Struct, frozen=True, gc=False):
    """One sample. ``name`` is without the ``kiestoon_`` prefix; counters carry no ``_total`` suffix."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    value: float
    labels: dict[str, str] = {}
