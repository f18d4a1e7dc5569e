"""Benchmarks run seldom; that they still can is seen here."""

from __future__ import annotations

from importlib import import_module

import pytest
from bench.lib.memory_exchange import MemoryExchange
from bench.run import discover


@pytest.mark.parametrize("name", [benchmark.name for benchmark in discover()])
def test_every_benchmark_finds_what_it_measures(name: str) -> None:
    assert callable(import_module(f"bench.{name}").main)


def test_the_exchange_in_memory_makes_calls_and_records() -> None:
    exchange = MemoryExchange(2)
    exchange.run(0, 3)
    assert (exchange.records, len(exchange.exchange.calls)) == (3, 0)
    assert exchange.journal_bytes > 0
