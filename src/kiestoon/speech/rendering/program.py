"""Running a synthesiser: the text goes to its standard input, speech comes from its standard output. No shell."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress

from kiestoon.speech.rendering.problems import SpeechFailed

_KEPT_ENVIRONMENT = ("PATH", "HOME", "LD_LIBRARY_PATH", "ESPEAK_DATA_PATH")
"""Our own environment has the settings in it, passwords included."""


def run_program(command: Sequence[str], text: str, timeout_s: float, most_bytes: int) -> bytes:
    """What a program makes of a text. Raises SpeechFailed; the program is gone afterwards, with all it has started."""
    environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    with tempfile.TemporaryFile() as complaints:
        try:
            process = subprocess.Popen(  # noqa: S603 - the program is the operator's choice, the text goes to its input
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env={**environment, "LANG": "C.UTF-8"},
                start_new_session=True,
            )
        except OSError as error:
            raise SpeechFailed(f"{command[0]} cannot be started: {error.strerror}") from None
        overdue = threading.Event()
        output = _converse(process, text, timeout_s, most_bytes, overdue)
        complaints.seek(0)
        said = complaints.read(300).decode(errors="replace").strip()
    if overdue.is_set():
        raise SpeechFailed(f"{command[0]} took longer than {timeout_s:g} s")
    if len(output) > most_bytes:
        raise SpeechFailed(f"{command[0]} gave more than {most_bytes} bytes")
    if process.returncode:
        raise SpeechFailed(f"{command[0]} ended with {process.returncode}: {said or 'without a word'}")
    return output


def _converse(
    process: subprocess.Popen[bytes], text: str, timeout_s: float, most_bytes: int, overdue: threading.Event
) -> bytes:
    def end() -> None:
        overdue.set()
        _kill(process)

    clock = threading.Timer(timeout_s, end)
    clock.start()
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    output = b""
    try:
        with suppress(BrokenPipeError), process.stdin:
            process.stdin.write(text.encode())
        output = process.stdout.read(most_bytes + 1)
        if len(output) <= most_bytes:
            process.wait()
    finally:
        clock.cancel()
        _kill(process)
        process.stdout.close()
        process.wait()
    return output


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the program and whatever it has started: they are a session of their own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
