"""Writes the message trace from a thread: a slow disk must not make calls wait.

The thread works in small portions, each ended by a write: so it never keeps the interpreter from the loop for more than
a fraction of a millisecond. What it does not keep up with is dropped and counted.
"""

from __future__ import annotations

import queue
import threading
from pathlib import Path

import structlog

from kiestoon.net.intake import Way
from kiestoon.net.trace import Traced, TraceFiles
from kiestoon.sip.flow import Flow

log = structlog.get_logger(__name__)
PORTION = 64
"""Messages treated between two writes."""


class TraceWriter:
    """A ``Tap``. Call ``flush`` every second or so, and ``close`` in the end; before reading ``flush`` and ``settle``.

    ``buffer_bytes`` are handed to the thread at once; ``most_bytes`` is what may wait for it. ``dropped`` counts
    messages that found no room.
    """

    def __init__(
        self, path: Path, *, file_bytes: int = 32 << 20, files: int = 4, buffer_bytes: int = 128 << 10,
        most_bytes: int = 32 << 20,
    ) -> None:  # fmt: skip
        self.dropped = 0
        self.broken = False
        """Writing failed (disk full, no permission); nothing more is traced until ``resume``."""
        self._files = TraceFiles(path, file_bytes=file_bytes, files=files)
        self._buffer_bytes = buffer_bytes
        self._most_bytes = most_bytes
        self._pending: list[Traced] = []
        self._pending_bytes = 0
        # Bytes handed over (counted by the loop) and bytes dealt with (counted by the thread): each has one writer.
        self._handed = 0
        self._done = 0
        self._queue: queue.SimpleQueue[tuple[list[Traced], int] | threading.Event | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def __call__(self, way: Way, data: bytes, flow: Flow, wall_time: float) -> None:
        if self.broken:
            return
        self._pending.append((wall_time, way, flow, data))
        self._pending_bytes += len(data)
        if self._pending_bytes >= self._buffer_bytes:
            self.flush()

    @property
    def waiting_bytes(self) -> int:
        """What the thread has not dealt with."""
        return self._handed - self._done

    def flush(self) -> None:
        """Hand over what is pending; never waits for the disk."""
        if not self._pending:
            return
        pending, size = self._pending, self._pending_bytes
        self._pending, self._pending_bytes = [], 0
        if self.waiting_bytes + size > self._most_bytes:
            if not self.dropped:
                log.warning("trace_dropped", path=str(self._files.path), reason="the disk is too slow")
            self.dropped += len(pending)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="trace", daemon=True)
            self._thread.start()
        self._handed += size
        self._queue.put((pending, size))

    def settle(self, timeout_s: float = 5.0) -> bool:
        """Wait until what was flushed so far is in the files. Blocks: call it from a thread. False: it takes longer."""
        if self._thread is None:
            return True
        written = threading.Event()
        self._queue.put(written)
        return written.wait(timeout_s)

    def resume(self) -> None:
        """Try again after a failure."""
        self.broken = False

    def close(self) -> None:
        """Write what there is, for a few seconds at most."""
        self.flush()
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(5.0)
            self._thread = None

    # --- in the thread -----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            if isinstance(work, threading.Event):
                work.set()
                continue
            messages, size = work
            self._write(messages)
            self._done += size
        self._files.close()

    def _write(self, messages: list[Traced]) -> None:
        """Errors are logged and break the trace; nobody here could treat them."""
        try:
            for start in range(0, len(messages), PORTION):
                if self.broken:
                    return
                self._files.write(messages[start : start + PORTION])
        except OSError as error:
            self.broken = True
            log.error("trace_stopped", path=str(self._files.path), error=str(error))
            self._files.close()
