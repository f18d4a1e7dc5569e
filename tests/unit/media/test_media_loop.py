"""The media process's loop: sockets that can wait, and when what they received had arrived."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest
from media_rig import G722, Rig

from kiestoon.media.loop import Ancillary, Loop
from kiestoon.media.protocol import Topology

SO_TIMESTAMPNS = 35


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.setblocking(False)
    yield one, other
    one.close()
    other.close()


def test_a_patient_socket_is_read_when_somebody_catches_up(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    loop = Loop()
    got: list[bytes] = []
    loop.register(one.fileno(), lambda: got.append(one.recv(10)))
    loop.set_patience(one.fileno(), patient=True)
    other.send(b"a")
    assert loop.turn(0.0) == 0
    assert got == []
    assert loop.catch_up(8)
    assert got == [b"a"]
    loop.set_patience(one.fileno(), patient=False)
    other.send(b"b")
    assert loop.turn(0.0) == 1
    assert got == [b"a", b"b"]
    loop.unregister(one.fileno())
    loop.close()


def test_catching_up_ends_after_as_many_packets_as_are_wanted(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    loop = Loop()
    got: list[bytes] = []
    loop.register(one.fileno(), lambda: got.append(one.recv(10)))
    loop.set_patience(one.fileno(), patient=True)
    for _ in range(3):
        other.send(b"a")
    assert not loop.catch_up(1)
    assert len(got) == 1
    loop.set_patience(one.fileno(), patient=True)  # once more changes nothing
    loop.unregister(one.fileno())
    assert loop.catch_up(1)
    assert len(got) == 1
    loop.close()


def test_the_kernels_time_stamp_tells_when_a_packet_arrived(pair: tuple[socket.socket, socket.socket]) -> None:
    one, _ = pair
    loop = Loop(lambda: 50.0, wall=lambda: 1000.0)
    loop.register(one.fileno(), lambda: None)
    loop.set_patience(one.fileno(), patient=True)
    loop.catch_up(1)

    def stamped(seconds: int, nanoseconds: int) -> float:
        return loop.arrival([(socket.SOL_SOCKET, SO_TIMESTAMPNS, struct.pack("@ll", seconds, nanoseconds))])

    assert stamped(999, 990_000_000) == pytest.approx(49.99)
    for nonsense in (stamped(999, 0), stamped(1000, 5), stamped(0, 0), loop.arrival([]), loop.arrival([(1, 35, b"")])):
        assert nonsense == 50.0  # then it counts as arrived when it is read
    loop.close()


def test_packets_wait_for_the_tick_only_where_nobody_but_the_mixer_wants_them(rig: Rig) -> None:
    def patient() -> list[bool]:
        return [each.patient for each in rig.engine.terminations.values()]

    phones = [rig.phone() for _ in range(3)]
    rig.confer(*phones)
    assert patient() == [True, True, True]
    sockets = [each.pair.rtp for each in rig.engine.terminations.values()]
    assert [sock.getsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS) for sock in sockets] == [1, 1, 1]
    rig.do(Topology(1, edges=((1, 2), (2, 1), (1, 3))))  # relayed, the third one listening
    assert patient() == [False, False, False]
    assert [sock.getsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS) for sock in sockets] == [0, 0, 0]


def test_a_transcoded_party_is_timed_by_its_packets_arrival(rig: Rig) -> None:
    one, other = rig.phone(), rig.phone(send=G722)
    rig.join(one, other)
    arrivals: list[float] = []

    def arrival(ancillary: Ancillary) -> float:
        assert ancillary  # the kernel did stamp it
        arrivals.append(rig.now - 0.015 + 0.01 * (len(arrivals) % 2))
        return arrivals[-1]

    rig.loop.arrival = arrival  # type: ignore[method-assign]
    rig.talk(one, packets=200)
    assert len(arrivals) >= 50
    # Every fourth packet is timed, its arrival shaken by 10 ms: that much jitter, though all are read on the tick.
    assert 8.0 < rig.engine.terminations[1].rx.jitter_ms < 12.0
