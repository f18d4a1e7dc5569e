"""The media process's control socket: one connection at a time, commands in, events out."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import socket
from collections import deque
from pathlib import Path

import structlog

from kiestoon.media.engine import Engine
from kiestoon.media.framing import BadFrame, Framer, encode_batch, parse_commands
from kiestoon.media.loop import Loop, Timer
from kiestoon.media.protocol import VERSION, Command, CommandFailed, Event, Hello, Shutdown, Welcome

log = structlog.get_logger(__name__)

ORPHANED_S = 60.0
"""Contexts outlive their control connection by this long."""
MAX_BACKLOG = 64 * 1024 * 1024
"""Events for a control process that does not read; then it is taken for dead."""
SLICE_S = 0.002
"""Commands are carried out for so long per turn of the loop."""
_READ = 64 * 1024


class Connection:
    """One control connection. ``greeted`` after its Hello."""

    __slots__ = ("commands", "framer", "greeted", "out", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.framer = Framer()
        self.commands: deque[Command] = deque()
        """Read and not carried out yet."""
        self.out = bytearray()
        self.greeted = False


class Server:
    """Joins an ``Engine`` to a Unix socket. The newest connection wins: a restarted control process must get in."""

    def __init__(self, engine: Engine, loop: Loop, socket_path: str) -> None:
        self.engine = engine
        self.incarnation = secrets.token_hex(8)
        self._loop = loop
        self._path = Path(socket_path)
        self._listener = _listen(self._path)
        self._connection: Connection | None = None
        self._orphaned: Timer | None = None
        loop.register(self._listener.fileno(), self._accept)
        loop.after_turn = self.flush

    def close(self) -> None:
        """End every context, say so, and remove the socket."""
        self.engine.end_all()
        self.engine.shared.close()
        self.flush()
        connection = self._connection
        if connection is not None:
            connection.sock.setblocking(True)
            connection.sock.settimeout(1.0)
            with contextlib.suppress(OSError):  # it is gone; nobody is left to tell
                connection.sock.sendall(connection.out)
            self._drop(connection, "shutting down")
        self._loop.unregister(self._listener.fileno())
        self._listener.close()
        self._path.unlink(missing_ok=True)
        self.engine.return_leases()
        self.engine.pool.close()

    def flush(self) -> None:
        """Send the events of this turn in one frame."""
        events = self.engine.shared.events
        connection = self._connection
        if events:
            batch: list[Event] = events[:]
            events.clear()
            if connection is not None and connection.greeted:
                connection.out += encode_batch(batch)
                self._write()
            else:
                log.info("events_lost", count=len(batch))

    # --- connection ----------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError as error:
            log.warning("control_accept_failed", error=str(error))
            return
        sock.setblocking(False)
        if self._connection is not None:
            self._drop(self._connection, "replaced by a newer connection")
        self._connection = Connection(sock)
        self._loop.register(sock.fileno(), self._read)
        log.info("control_connected")

    def _drop(self, connection: Connection, reason: str) -> None:
        self._loop.unregister(connection.sock.fileno())
        connection.sock.close()
        self._connection = None
        log.warning("control_lost", reason=reason, contexts=len(self.engine.contexts))
        self.engine.return_leases()
        if self._orphaned is None:
            self._orphaned = self._loop.call_at(self._loop.now + ORPHANED_S, self._end_orphans)

    def _end_orphans(self) -> None:
        self._orphaned = None
        log.warning("orphaned_contexts_ended", contexts=len(self.engine.contexts))
        self.engine.end_all()

    def _read(self) -> None:
        connection = self._connection
        if connection is None:
            return
        if connection.out:
            self._write()
        if connection.commands:
            return  # these first; the socket stays readable
        try:
            data = connection.sock.recv(_READ)
        except BlockingIOError:
            return
        except OSError as error:
            self._drop(connection, str(error))
            return
        if not data:
            self._drop(connection, "closed by control")
            return
        try:
            frames = connection.framer.feed(data)
        except BadFrame as error:
            self._drop(connection, str(error))
            return
        for frame in frames:
            commands, complaints = parse_commands(frame)
            connection.commands += commands
            for complaint in complaints:
                log.warning("command_unreadable", reason=complaint)
                self.engine.shared.failed_commands += 1
                self.engine.shared.report(CommandFailed("?", 0, complaint))
        self._work(connection)

    def _work(self, connection: Connection) -> None:
        """Carry commands out for a slice of time; packets come first, the rest in the next turn."""
        stop_at = self._loop.clock() + SLICE_S
        commands = connection.commands
        while commands and self._connection is connection:
            self._command(connection, commands.popleft())
            if self._loop.clock() >= stop_at:
                break
        self.engine.settle()
        if commands and self._connection is connection:
            self._loop.call_at(self._loop.now, lambda: self._work(connection))

    def _command(self, connection: Connection, command: Command) -> None:
        if isinstance(command, Hello):
            self._greet(connection, command)
        elif not connection.greeted:
            self._drop(connection, "command before Hello")
        elif isinstance(command, Shutdown):
            log.info("shutdown_asked")
            self._loop.stopped = True
        else:
            self.engine.execute(command)

    def _greet(self, connection: Connection, hello: Hello) -> None:
        if hello.version != VERSION:
            self._drop(connection, f"protocol version {hello.version}, this process speaks {VERSION}")
            return
        if self._orphaned is not None:
            self._orphaned.cancel()
            self._orphaned = None
        shared = self.engine.shared
        if not hello.keep:
            self.engine.end_all()
        shared.events.clear()  # of an earlier connection, or of contexts this one does not know
        connection.greeted = True
        pool = self.engine.pool
        shared.report(Welcome(VERSION, self.incarnation, pool.capacity, pool.hosts, shared.identity.fingerprint))

    def _write(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            while connection.out:
                sent = connection.sock.send(connection.out)
                del connection.out[:sent]
        except BlockingIOError:
            pass
        except OSError as error:
            self._drop(connection, str(error))
            return
        if len(connection.out) > MAX_BACKLOG:
            self._drop(connection, "does not read its events")
            return
        wanted = select.EPOLLIN | (select.EPOLLOUT if connection.out else 0)
        self._loop.modify(connection.sock.fileno(), wanted)


def _listen(path: Path) -> socket.socket:
    """A listening Unix socket only this user may use. A socket left behind by a crash is replaced, a live one is not.

    Raises OSError.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        if path.is_socket():
            _remove_stale(path)
        before = os.umask(0o177)
        try:
            sock.bind(str(path))
        finally:
            os.umask(before)
        sock.listen(4)
    except OSError:
        sock.close()
        raise
    return sock


def _remove_stale(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
    raise OSError(f"another media process serves {path}")
