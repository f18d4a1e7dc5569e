"""The process: jobs come in as lines of JSON over a socket, one at a time, and each is answered by a line.

It ends when the socket does. Files appear whole or not at all.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
from setproctitle import setproctitle

from kiestoon.media.audio.preparing import TooLong, UnplayableFile, prepare_speech
from kiestoon.speech.rendering.engines import synthesise
from kiestoon.speech.rendering.jobs import Done, Job
from kiestoon.speech.rendering.problems import SpeechFailed

_NICENESS = 5  # speech comes first


def render(job: Job) -> Done:
    """Do one job."""
    target = Path(job.target)
    # Two renderers may do the same text: one for a caller, one ahead.
    spoken, ready = target.with_suffix(f".{os.getpid()}.spoken"), target.with_suffix(f".{os.getpid()}.part")
    try:
        target.parent.mkdir(mode=0o700, exist_ok=True)  # somebody may have cleared the cache
        spoken.write_bytes(synthesise(job.engines, job.voice, job.text))
        prepare_speech(spoken, ready)
        size = ready.stat().st_size
        ready.replace(target)
    except Exception as error:  # whatever an engine answers, the next text is spoken all the same
        expected = isinstance(error, SpeechFailed | UnplayableFile | TooLong | OSError)
        return Done(problem=f"{job.voice.engine}: {error if expected else repr(error)}"[:300])
    finally:
        for path in (spoken, ready):
            with suppress(OSError):
                path.unlink()
    return Done(size)


def serve(connection: socket.socket) -> None:
    """Do jobs until the other side hangs up."""
    with connection, connection.makefile("rb") as lines:
        for line in lines:
            job = msgspec.json.decode(line, type=Job)
            connection.sendall(msgspec.json.encode(render(job)) + b"\n")


def main(descriptor: int, *, idle: bool) -> None:
    """The process. SIGTERM ends it, and the engine that is running."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    setproctitle("kiestoon: speech")
    with suppress(OSError):
        if idle:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        else:
            os.nice(_NICENESS)
    try:
        with suppress(BrokenPipeError, ConnectionResetError):
            serve(socket.socket(fileno=descriptor))
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends already; leaving once more would be told as a fault
