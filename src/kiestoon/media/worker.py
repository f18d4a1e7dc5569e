"""One thread for what may block: opening audio files, writing and syncing recordings.

The loop hands over small jobs; results come back through a pipe into the loop. The thread spends its life in system
calls, which let the loop run; jobs must stay short or release the interpreter lock.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog

from kiestoon.media.loop import Loop

log = structlog.get_logger(__name__)

Job = Callable[[], Any]
Done = Callable[[Any, Exception | None], None]


class Worker:
    """Runs jobs one after the other, in order of submission."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._jobs: queue.SimpleQueue[tuple[Job, Done | None] | None] = queue.SimpleQueue()
        self._results: deque[tuple[Done, Any, Exception | None]] = deque()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        loop.register(self._wake_read, self._deliver)

    def submit(self, job: Job, done: Done | None = None) -> None:
        """Run ``job`` in the thread, then ``done(result, error)`` in the loop."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="media-worker", daemon=True)
            self._thread.start()
        self._jobs.put((job, done))

    def close(self) -> None:
        """Finish the queued jobs and end the thread; their ``done`` callbacks have run on return."""
        if self._closed:
            return
        self._closed = True
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None
        self._deliver()
        self._loop.unregister(self._wake_read)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _run(self) -> None:
        while (item := self._jobs.get()) is not None:
            job, done = item
            result, failure = None, None
            try:
                result = job()
            except Exception as error:  # handed to whoever asked
                failure = error
            if done is None:
                if failure is not None:
                    log.error("media_job_failed", exc_info=failure)
                continue
            self._results.append((done, result, failure))
            with contextlib.suppress(BlockingIOError):  # the pipe is full of wake-ups already
                os.write(self._wake_write, b"\0")

    def _deliver(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 4096)
        while self._results:
            done, result, failure = self._results.popleft()
            done(result, failure)
