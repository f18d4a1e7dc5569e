"""The message trace: every SIP message both ways in a few rotating files, to be read back by Call-ID.

A record is its length (4 bytes, big endian) and a MessagePack array ``[wall time, way, flow, bytes]``; secrets are
taken out before they are written. Writing is buffered; a full disk stops the trace, never the exchange.
"""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
import structlog

from kiestoon.net.intake import Way
from kiestoon.net.redact import has_secrets, redact
from kiestoon.sip.flow import Flow

log = structlog.get_logger(__name__)
_LENGTH = struct.Struct(">I")
_LARGEST_RECORD = 1 << 20
_CALL_ID = re.compile(rb"\r\n(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)


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


class TraceWriter:
    """A ``Tap``. Keeps ``files`` files of about ``file_bytes`` each: ``path``, ``path.1``, ``path.2``, …

    Call ``flush`` every second or so, and ``close`` in the end. ``also`` are further taps to feed (HEP).
    """

    def __init__(
        self, path: Path, *, file_bytes: int = 32 << 20, files: int = 4, buffer_bytes: int = 256 << 10
    ) -> None:
        self._path = path
        self._file_bytes = file_bytes
        self._files = files
        self._buffer_bytes = buffer_bytes
        # As TracedMessage travels: an array. Making the struct for each message would cost more than writing it.
        self._pending: list[tuple[float, Way, Flow, bytes]] = []
        self._pending_bytes = 0
        self._file: BinaryIO | None = None
        self._written = 0
        self._encode = msgspec.msgpack.Encoder().encode
        self.broken = False
        """Writing failed (disk full, no permission); nothing more is traced until ``resume``."""

    def __call__(self, way: Way, data: bytes, flow: Flow, wall_time: float) -> None:
        if self.broken:
            return
        self._pending.append((wall_time, way, flow, data))
        self._pending_bytes += len(data)
        if self._pending_bytes >= self._buffer_bytes:
            self.flush()

    def flush(self) -> None:
        """Write what is pending. Errors are logged and break the trace; they are not raised."""
        if not self._pending:
            return
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        if has_secrets(b"".join([message[3] for message in pending])):
            pending = [(wall_time, way, flow, redact(data)) for wall_time, way, flow, data in pending]
        chunks: list[bytes] = []
        for record in map(self._encode, pending):
            chunks.append(_LENGTH.pack(len(record)))
            chunks.append(record)
        try:
            self._write(b"".join(chunks))
        except OSError as error:
            self.broken = True
            log.error("trace_stopped", path=str(self._path), error=str(error))
            self._close_file()

    def resume(self) -> None:
        """Try again after a failure."""
        self.broken = False

    def close(self) -> None:
        self.flush()
        self._close_file()

    def _write(self, data: bytes) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600, exist_ok=True)
            self._file = self._path.open("ab", buffering=0)
            self._written = self._file.tell()
        elif self._written >= self._file_bytes:
            self._rotate()
        self._file.write(data)
        self._written += len(data)

    def _rotate(self) -> None:
        self._close_file()
        for number in range(self._files - 1, 0, -1):
            older = _numbered(self._path, number)
            newer = _numbered(self._path, number - 1)
            if newer.exists():
                newer.replace(older)
        self._path.touch(mode=0o600, exist_ok=True)
        self._file = self._path.open("ab", buffering=0)
        self._written = 0

    def _close_file(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None


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
        except msgspec.DecodeError:
            return


def fan_out(*taps: Callable[[Way, bytes, Flow, float], None]) -> Callable[[Way, bytes, Flow, float], None]:
    """One tap that feeds several."""

    def tap(way: Way, data: bytes, flow: Flow, wall_time: float) -> None:
        for each in taps:
            each(way, data, flow, wall_time)

    return tap
