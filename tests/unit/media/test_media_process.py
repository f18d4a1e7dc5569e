"""The media process as a whole: its control socket, adoption, starting and stopping."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_rig import PCMA, Phone, Rig
from port_slices import PortSlice

from kiestoon.media.framing import MAX_FRAME, BadFrame, Framer, encode_batch, parse_commands, parse_events
from kiestoon.media.ports import MediaAddress, PortPool
from kiestoon.media.protocol import (
    VERSION,
    Add,
    Audit,
    Audited,
    Command,
    CommandFailed,
    Event,
    Hello,
    Lease,
    Leased,
    Measure,
    Shutdown,
    Stream,
    Topology,
    Welcome,
)
from kiestoon.media.server import ORPHANED_S, Server


class Control:
    """A bare control connection to a server in this process."""

    def __init__(self, rig: Rig, path: Path) -> None:
        self.rig = rig
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(path))
        self.sock.setblocking(False)
        self.framer = Framer()
        rig.turn()

    def send(self, *commands: Command) -> list[Event]:
        self.sock.sendall(encode_batch(commands))
        return self.read()

    def read(self) -> list[Event]:
        self.rig.turn()
        found: list[Event] = []
        while True:
            try:
                data = self.sock.recv(65536)
            except BlockingIOError:
                return found
            if not data:
                raise EOFError
            for frame in self.framer.feed(data):
                found += parse_events(frame)

    @property
    def closed(self) -> bool:
        try:
            self.read()
        except (EOFError, ConnectionError):
            return True
        return False


class ServerRig(Rig):
    """A rig behind a real control socket; events go there."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.server = Server(self.engine, self.loop, str(path))
        self.controls: list[Control] = []

    def _take(self) -> None:
        """The server has the events."""

    def control(self) -> Control:
        made = Control(self, self.path)
        self.controls.append(made)
        return made

    def close(self) -> None:
        self.server.close()
        for control in self.controls:
            control.sock.close()
        self._slice.close()
        self.loop.close()
        for phone in self.phones:
            phone.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerRig]:
    made = ServerRig(tmp_path / "media.sock")
    yield made
    made.close()


def hello(*, keep: bool = False, version: int = VERSION) -> Hello:
    return Hello(version, keep)


def test_the_socket_is_for_its_owner_only(server: ServerRig) -> None:
    assert stat.S_IMODE(os.stat(server.path).st_mode) == 0o600


def test_hello_is_answered_with_welcome_first(server: ServerRig) -> None:
    (welcome,) = server.control().send(hello())
    assert isinstance(welcome, Welcome)
    assert (welcome.version, welcome.capacity, welcome.hosts) == (VERSION, 50, ("127.0.0.1",))
    assert welcome.incarnation


def test_another_protocol_version_is_refused(server: ServerRig) -> None:
    control = server.control()
    with pytest.raises((EOFError, ConnectionError)):
        control.send(hello(version=VERSION + 1))


def test_commands_before_hello_close_the_connection(server: ServerRig) -> None:
    control = server.control()
    with pytest.raises((EOFError, ConnectionError)):
        control.send(Lease(1))


def test_the_newest_connection_wins(server: ServerRig) -> None:
    first, second = server.control(), server.control()
    assert first.closed
    assert isinstance(second.send(hello())[0], Welcome)


def _one_call(server: ServerRig, control: Control) -> tuple[Phone, Phone]:
    one, other = Phone(), Phone()
    server.phones += [one, other]
    (leased,) = control.send(Lease(2))
    assert isinstance(leased, Leased)
    for number, (phone, port) in enumerate(zip((one, other), leased.ports, strict=True), 1):
        phone.port, phone.number = port.rtp, number
        control.send(Add(1, number, port.rtp, Stream(phone.address, None, PCMA, (PCMA,))))
    control.send(Topology(1, ((1, 2), (2, 1))))
    return one, other


def test_speech_goes_on_while_control_is_away_and_the_calls_are_adopted(server: ServerRig) -> None:
    control = server.control()
    control.send(hello())
    one, other = _one_call(server, control)
    control.sock.close()
    server.turn()
    server.talk(one, other, packets=100)
    assert len(one.heard()) == 100
    again = server.control()
    again.send(hello(keep=True))
    (audited,) = again.send(Audit())
    assert isinstance(audited, Audited)
    assert [each.termination for each in audited.contexts[0].terminations] == [1, 2]
    server.step(ORPHANED_S + 1)
    assert len(server.engine.terminations) == 2


def test_contexts_nobody_adopts_end_after_a_minute(server: ServerRig) -> None:
    control = server.control()
    control.send(hello())
    _one_call(server, control)
    control.sock.close()
    server.turn()
    server.now += ORPHANED_S - 1
    server.turn()
    assert len(server.engine.terminations) == 2
    server.now += 2
    server.turn()
    assert not server.engine.terminations


def test_a_control_process_that_starts_afresh_finds_nothing(server: ServerRig) -> None:
    control = server.control()
    control.send(hello())
    _one_call(server, control)
    again = server.control()
    again.send(hello(keep=False))
    (audited,) = again.send(Audit())
    assert audited == Audited(())


def test_unused_leases_of_a_lost_connection_come_back(server: ServerRig) -> None:
    control = server.control()
    control.send(hello(), Lease(50))
    server.turn(5)
    assert server.pool.free == 0
    control.sock.close()
    server.turn()
    assert server.pool.free == 50


def test_a_flood_of_commands_is_worked_off_in_slices_between_packets(server: ServerRig) -> None:
    control = server.control()
    control.send(hello())
    one, other = _one_call(server, control)
    server.talk(one, other, packets=2)
    other.heard()
    ticks = itertools.count()
    server.loop.clock = lambda: server.now + next(ticks) * 0.0005  # every look at the clock finds it moved on
    control.sock.sendall(encode_batch([Measure(1)] * 100))
    one.speak()
    server.loop.turn(0.0)
    assert len(other.heard()) == 1
    connection = server.server._connection
    assert connection is not None
    assert 0 < len(connection.commands) < 100
    while connection.commands:
        server.turn()
    server.loop.clock = lambda: server.now
    assert [type(event).__name__ for event in control.read()].count("QualityMeasured") == 100


def test_unreadable_commands_are_answered_and_the_others_carried_out(server: ServerRig) -> None:
    import msgspec

    control = server.control()
    control.send(hello())
    body = msgspec.msgpack.encode([["Nonsense", 1], ["Lease", "many"], ["Lease", 1], 7, ["Subtract", 3]])
    control.sock.sendall(len(body).to_bytes(4, "big") + body)
    events = control.read()
    assert [type(event).__name__ for event in events].count("CommandFailed") == 4
    assert [len(event.ports) for event in events if isinstance(event, Leased)] == [1]


@pytest.mark.parametrize("data", [b"\xff" * 64, (MAX_FRAME + 1).to_bytes(4, "big")])
def test_broken_framing_closes_the_connection(server: ServerRig, data: bytes) -> None:
    control = server.control()
    control.send(hello())
    control.sock.sendall(data)
    assert control.closed
    assert isinstance(server.control().send(hello())[0], Welcome)


def test_a_frame_that_is_no_list_is_answered(server: ServerRig) -> None:
    control = server.control()
    control.send(hello())
    control.sock.sendall(b"\0\0\0\1\xc1")
    (failed,) = control.read()
    assert isinstance(failed, CommandFailed)


def test_shutdown_stops_the_loop(server: ServerRig) -> None:
    server.control().send(hello(), Shutdown())
    assert server.loop.stopped


def test_a_socket_left_by_a_crash_is_replaced_a_live_one_is_not(server: ServerRig, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="another media process"):
        Server(server.engine, server.loop, str(server.path))
    left = tmp_path / "left.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(left))
    second = ServerRig(left)
    assert isinstance(second.control().send(hello())[0], Welcome)
    second.close()
    assert not left.exists()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=10), st.integers(1, 9))
def test_frames_come_out_whole_however_they_arrive(bodies: list[bytes], chunk: int) -> None:
    data = b"".join(len(body).to_bytes(4, "big") + body for body in bodies)
    framer = Framer()
    found = [frame for at in range(0, len(data), chunk) for frame in framer.feed(data[at : at + chunk])]
    assert found == bodies


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_arbitrary_frames_are_complained_about_at_most(data: bytes) -> None:
    parse_commands(data)
    try:
        parse_events(data)
    except BadFrame:
        return


@pytest.mark.parametrize(("first", "last"), [(20000, 10000), (80, 90), (65000, 70000), (20001, 20002)])
def test_an_impossible_port_range_is_refused(first: int, last: int) -> None:
    with pytest.raises(ValueError, match="port range"):
        PortPool(first, last, [MediaAddress("127.0.0.1")])


def test_the_advertised_host_is_what_ports_are_known_by() -> None:
    ports = PortSlice(["127.0.0.1", "::1"])
    pool = PortPool(ports.first, ports.first + 9, [MediaAddress("127.0.0.1", "192.0.2.1"), MediaAddress("::1")])
    outside = pool.lease("192.0.2.1", 0.0)
    inside = pool.lease("::1", 0.0)
    assert outside is not None
    assert inside is not None
    assert (outside.host, outside.rtp.getsockname()[0]) == ("192.0.2.1", "127.0.0.1")
    assert inside.rtp.family == socket.AF_INET6
    assert outside.port != inside.port
    for pair in (outside, inside):
        pool.give_back(pair, 0.0, used=False)
    pool.close()
    ports.close()


def test_the_program_serves_and_ends_on_sigterm(tmp_path: Path) -> None:
    path = tmp_path / "media.sock"
    ports = PortSlice()
    process = subprocess.Popen(
        [sys.executable, "-m", "kiestoon.media", str(path), f"{ports.first}-{ports.last}", "127.0.0.1"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "media_started" in process.stderr.readline()
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(path))
        control.sendall(encode_batch([hello()]))
        (welcome,) = parse_events(Framer().feed(control.recv(65536))[0])
        assert isinstance(welcome, Welcome)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    ports.close()
    assert not path.exists()
    process.stderr.close()


def test_the_program_says_why_it_cannot_start(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kiestoon.media", str(tmp_path / "m.sock"), "14020-14021", "192.0.2.77"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert "media_not_started" in done.stderr
