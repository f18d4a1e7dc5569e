"""One range of RTP ports for several addresses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from port_slices import PortSlice

from kiestoon.media.ports import MediaAddress, PortPair, PortPool

HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")


@pytest.fixture
def pool() -> Iterator[PortPool]:
    """Ten pairs."""
    ports = PortSlice(HOSTS)
    pool = PortPool(ports.first, ports.first + 19, [MediaAddress(host) for host in HOSTS], quarantine_s=0.0)
    yield pool
    pool.close()
    ports.close()


def leased(pool: PortPool, host: str, count: int) -> list[PortPair]:
    pairs = [pair for _ in range(count) if (pair := pool.lease(host, 0.0)) is not None]
    for pair in pairs:
        pool.give_back(pair, 0.0, used=False)
    return pairs


def test_binding_ahead_leaves_every_host_its_share(pool: PortPool) -> None:
    pool.prepare(256, 0.0)
    assert all(pool.lease_bound(host, 0.0) is not None for host in HOSTS)


def test_what_rests_for_one_host_serves_another_when_all_is_bound(pool: PortPool) -> None:
    assert len(leased(pool, HOSTS[0], 10)) == 10
    assert len(leased(pool, HOSTS[1], 10)) == 10
    assert pool.free == 10


def test_what_is_in_use_stays_in_use(pool: PortPool) -> None:
    held = [pair for _ in range(10) if (pair := pool.lease(HOSTS[0], 0.0)) is not None]
    assert len(held) == 10
    assert pool.lease(HOSTS[1], 0.0) is None
    for pair in held:
        pool.give_back(pair, 0.0, used=False)
