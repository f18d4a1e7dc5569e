"""The message trace: every SIP message both ways in a few rotating files, to be read back by Call-ID.

A record is its length (4 bytes, big endian) and a MessagePack array ``[wall time, way, flow, bytes]``; secrets are
taken out before they are written. ``trace_writer`` writes them from a thread.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TypeAlias

import msgspec

from kiestoon.net.intake import Way
from kiestoon.net.redact import has_secrets, redact
from kiestoon.sip.flow import Flow
from kiestoon.unreadable import UNREADABLE

_LENGTH = struct.Struct(">I")
_LARGEST_RECORD = 1 << 20
_CALL_ID = re.compile(rb"\r\n(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)


Traced: TypeAlias = tuple[float, Way, Flow, bytes]
"""As ``TracedMessage`` travels. Making the struct for each message would cost more than writing it."""


class TracedMessage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One message as it passed. ``wall_time`` in seconds since the epoch; ``way`` "in" or "out" as we see it."""

    wall_time: float
    way: Way
    flow: Flow
    data: bytes

    @property
    def call_id(self) -> str:
        return call_id_of(self.data)


def call_id_of(data: bytes) -> str:
    """The Call-ID read from raw bytes, "" when there is none."""
    found = _CALL_ID.search(data, 0, max(data.find(b"\r\n\r\n"), 0) or len(data))
    return found.group(1).rstrip(b" \t").decode("utf-8", "replace") if found else ""


class TraceFiles:
    """A few rotating files: keeps ``files`` of about ``file_bytes`` each, ``path``, ``path.1``, ``path.2``, …"""

    def __init__(self, path: Path, *, file_bytes: int, files: int) -> None:
        self.path = path
        self._file_bytes = file_bytes
        self._files = files
        self._file: io.FileIO | None = None
        self._written = 0
        self._encode = msgspec.msgpack.Encoder().encode

    def write(self, messages: Sequence[Traced]) -> None:
        """Take the secrets out and append. Raises ``OSError``."""
        if has_secrets(b"".join([message[3] for message in messages])):
            messages = [(wall_time, way, flow, redact(data)) for wall_time, way, flow, data in messages]
        chunks: list[bytes] = []
        for record in map(self._encode, messages):
            chunks.append(_LENGTH.pack(len(record)))
            chunks.append(record)
        self._append(b"".join(chunks))

    def close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _append(self, data: bytes) -> None:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._open()
        elif self._written >= self._file_bytes:
            self._rotate()
        rest = memoryview(data)
        while rest and self._file is not None:
            rest = rest[self._file.write(rest) :]
        self._written += len(data)

    def _rotate(self) -> None:
        self.close()
        for number in range(self._files - 1, 0, -1):
            older = _numbered(self.path, number)
            newer = _numbered(self.path, number - 1)
            if newer.exists():
                newer.replace(older)
        self._open()

    def _open(self) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._written = os.fstat(descriptor).st_size


def _numbered(path: Path, number: int) -> Path:
    return path if number == 0 else path.with_name(f"{path.name}.{number}")


def read_trace(path: Path, wanted: Callable[[TracedMessage], bool] = lambda _message: True) -> Iterator[TracedMessage]:
    """All messages still kept, oldest first. A record cut off by a crash ends its file quietly."""
    numbers = [0]
    while _numbered(path, numbers[-1] + 1).exists():
        numbers.append(numbers[-1] + 1)
    decoder = msgspec.msgpack.Decoder(TracedMessage)
    for number in reversed(numbers):
        with contextlib.suppress(FileNotFoundError), _numbered(path, number).open("rb") as file:
            for message in _records(file, decoder):
                if wanted(message):
                    yield message


def read_calls(path: Path, call_ids: set[str]) -> list[TracedMessage]:
    """The messages of the given Call-IDs in the order they passed."""
    found = list(read_trace(path, lambda message: message.call_id in call_ids))
    return sorted(found, key=lambda message: message.wall_time)


def _records(file: BinaryIO, decoder: msgspec.msgpack.Decoder[TracedMessage]) -> Iterator[TracedMessage]:
    while len(head := file.read(_LENGTH.size)) == _LENGTH.size:
        (length,) = _LENGTH.unpack(head)
        if length > _LARGEST_RECORD:
            return
        try:
            yield decoder.decode(file.read(length))
        except UNREADABLE:
            return


def fan_out(*taps: Callable[[Way, bytes, Flow, float], None]) -> Callable[[Way, bytes, Flow, float], None]:
    """One tap that feeds several."""

    def tap(way: Way, data: bytes, flow: Flow, wall_time: float) -> None:
        for each in taps:
            each(way, data, flow, wall_time)

    return tap
