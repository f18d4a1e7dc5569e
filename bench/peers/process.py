"""Foreground child processes: started on chosen cores, watched through /proc, always ended."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Self


def share_of(ports: range) -> range:
    """The part of ``ports`` that is this process's own, where several test processes run beside each other."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    size = len(ports) // workers // 2 * 2
    return range(ports.start + worker * size, ports.start + (worker + 1) * size)


PORTS = share_of(range(20_000, 27_000))
"""Below the kernel's ephemeral range, so no outgoing connection takes a port between choosing and binding it."""

CLOCK_TICKS_HZ = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

_handed_out: set[int] = set()
_choosing = threading.Lock()  # tests run phones in threads
_random = random.Random(os.getpid() * 7919 + time.time_ns())


class PeerFailed(Exception):
    """A peer program did not start, ended early or did not do what was asked within its time."""


def free_port(host: str = "127.0.0.1", *, adjacent: int = 1) -> int:
    """The first of ``adjacent`` consecutive ports, free for UDP and TCP and not handed out before; it is even."""
    for _ in range(1000):
        port = _random.randrange(PORTS.start, PORTS.stop - adjacent, 2)
        wanted = range(port, port + adjacent)
        with _choosing:
            if _handed_out.isdisjoint(wanted) and all(is_free(host, each) for each in wanted):
                _handed_out.update(wanted)
                return port
    raise PeerFailed(f"no {adjacent} free ports in {PORTS}")


def is_free(host: str, port: int) -> bool:
    """Whether nobody has the port, for UDP or for TCP."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(family, kind) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def wait_until(
    condition: Callable[[], bool], timeout_s: float, what: str, *, check: Callable[[], None] | None = None
) -> None:
    """Poll ``condition`` until it holds; for conditions outside this process that cannot notify us.

    Raises ``PeerFailed`` naming ``what`` after ``timeout_s``. ``check`` may raise earlier, e.g. on a dead process.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if check is not None:
            check()
        if time.monotonic() > deadline:
            raise PeerFailed(f"{what}: not within {timeout_s:g} s")
        time.sleep(0.01)


class Daemon:
    """One program in the foreground with its output in a log file; a context manager that always ends it.

    ``core`` pins it and all its children to a processor core (None: wherever the kernel likes). ``ports`` were handed
    out to it by ``free_port`` and may be handed out again once it has ended.
    """

    def __init__(
        self,
        name: str,
        args: Iterable[str | Path],
        *,
        cwd: Path,
        core: int | None = None,
        env: Mapping[str, str] | None = None,
        ports: Iterable[int] = (),
    ) -> None:
        self.name = name
        self.args = [str(arg) for arg in args]
        self.cwd = cwd
        self.core = core
        self.env = {**os.environ, "TERM": "xterm", **(env or {})}
        self.log_path = cwd / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._ports = frozenset(ports)

    def start(self) -> Self:
        """Start the program; it leads a process group of its own."""
        command = self.args if self.core is None else ["taskset", "-c", str(self.core), *self.args]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.cwd,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    @property
    def pid(self) -> int:
        """The process id; raises ``PeerFailed`` before the start."""
        if self.process is None:
            raise PeerFailed(f"{self.name} was not started")
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process is not None and self.process.poll() is None

    def check_alive(self) -> None:
        """Raise ``PeerFailed`` with the end of the log when the program has ended."""
        if not self.alive:
            code = self.process.returncode if self.process else None
            raise PeerFailed(f"{self.name} ended with {code}:\n{self.log_tail()}")

    def log_tail(self, lines: int = 30) -> str:
        """The last lines it printed."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])
        return ""

    def wait(self, timeout_s: float) -> int:
        """Wait for the program to end by itself; kills it and raises ``PeerFailed`` after ``timeout_s``."""
        assert self.process is not None
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.stop()
            raise PeerFailed(f"{self.name} still ran after {timeout_s:g} s:\n{self.log_tail()}") from None

    def wait_until(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Poll until the program has brought ``condition`` about. Raises ``PeerFailed``, at once when it has ended."""

        def check() -> None:
            if not self.alive and not condition():  # it may have ended right after it did what was waited for
                self.check_alive()

        wait_until(condition, timeout_s, what, check=check)

    def signal(self, number: int) -> None:
        """Send a signal to the program alone, when it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the program and its children: SIGTERM, then SIGKILL for the whole group."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        _handed_out.difference_update(self._ports)
        self._ports = frozenset()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def cpu_s(self) -> float:
        """Processor time used so far by the program and its living descendants, in seconds."""
        return sum(cpu_s(pid) for pid in process_tree(self.pid))

    def rss_bytes(self) -> int:
        """Resident memory of the program and its living descendants (shared pages counted in each)."""
        return sum(rss_bytes(pid) for pid in process_tree(self.pid))


class Peer(ABC):
    """A program that others speak with; a context manager: in service on entry, ended on exit."""

    daemon: Daemon

    @abstractmethod
    def start(self) -> Self:
        """Start it and wait until it is in service. Raises ``PeerFailed``."""

    def stop(self) -> None:
        """End it with all its processes."""
        self.daemon.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


class SipPeer(Peer):
    """A peer that listens for SIP on one port."""

    host: str
    port: int

    @property
    def address(self) -> tuple[str, int]:
        """Where it speaks SIP, whatever the transport."""
        return self.host, self.port


def process_tree(root: int) -> list[int]:
    """``root`` and its living descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat_fields(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo.extend(children.get(pid, ()))
    return found


def children_of(parent: int) -> list[int]:
    """The processes it has started itself, by number."""
    running = sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in running if (fields := _stat_fields(pid)) and int(fields[1]) == parent]


def _stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name (proc(5) counts from 1 and calls the first of these 3)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def cpu_s(pid: int) -> float:
    """User and system time of one process in seconds, 0.0 when it is gone."""
    fields = _stat_fields(pid)
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_HZ if fields else 0.0


def rss_bytes(pid: int) -> int:
    """Resident set of one process, 0 when it is gone."""
    fields = _stat_fields(pid)
    return int(fields[21]) * PAGE_BYTES if fields else 0


def debian_version(package: str) -> str:
    """The installed version of a Debian package, "" when it is not installed."""
    done = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
