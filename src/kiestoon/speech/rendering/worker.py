"""A renderer process as its users see it: started when it is needed, replaced when it dies or hangs."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from contextlib import suppress

import msgspec
import structlog

from kiestoon.speech.rendering.jobs import Done, Job
from kiestoon.unreadable import UNREADABLE

log = structlog.get_logger("speech")

_MORE_S = 5.0  # beyond the engine's own time limit, for converting on a busy machine
_PATIENCE_S = 1.0
_MOST_BYTES = 64 * 1024


class Worker:
    """One process, one job at a time. ``idle``: it works only while the machine has nothing else to do."""

    def __init__(self, *, idle: bool = False) -> None:
        self._arguments = ("idle",) if idle else ()
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def start(self) -> None:
        """Start the process, so that the first job need not wait for it. Raises OSError."""
        if self._process is not None:
            return
        ours, theirs = socket.socketpair()
        try:
            # Popen, not the loop's own: a fork of a process with ten thousand phones in memory would hold up calls.
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - vfork: a millisecond; our own program
                [sys.executable, "-m", "kiestoon.speech.rendering", str(theirs.fileno()), *self._arguments],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        self._reader, self._writer = await asyncio.open_unix_connection(sock=ours, limit=_MOST_BYTES)

    async def do(self, job: Job) -> Done:
        """Have a job done. Never raises but when cancelled."""
        try:
            await self.start()
            async with asyncio.timeout(job.engines.timeout_s + _MORE_S):
                return await self._ask(job)
        except TimeoutError:
            problem = f"{job.voice.engine}: no answer in time"
        except (OSError, EOFError, *UNREADABLE) as error:
            problem = f"the renderer died ({error or type(error).__name__})"
        await self.stop()
        return Done(problem=problem)

    async def stop(self) -> None:
        """End the process. The next job starts another."""
        process, writer = self._process, self._writer
        self._process = self._reader = self._writer = None
        if writer is not None:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        if process is not None:
            await asyncio.to_thread(_end, process)

    async def _ask(self, job: Job) -> Done:
        if self._reader is None or self._writer is None:
            raise EOFError("it is not running")
        self._writer.write(msgspec.json.encode(job) + b"\n")
        await self._writer.drain()
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            raise EOFError("it hung up")
        return msgspec.json.decode(line, type=Done)


def _end(process: subprocess.Popen[bytes]) -> None:
    """In a thread: let it end its engine, unless it does nothing any more."""
    process.terminate()
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
