"""Length-prefixed MessagePack frames on the control socket (the framing of ``protocol``), both directions."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import msgspec

from kiestoon.media.protocol import Command, Event
from kiestoon.unreadable import UNREADABLE

LENGTH = struct.Struct("!I")
MAX_FRAME = 16 * 1024 * 1024
"""A frame holds one batch; the largest real one (an audit of a full process) stays far below this many bytes."""

_encoder = msgspec.msgpack.Encoder()
_commands = msgspec.msgpack.Decoder(list[Command])
_raw_list = msgspec.msgpack.Decoder(list[msgspec.Raw])
_command = msgspec.msgpack.Decoder(Command)
_events = msgspec.msgpack.Decoder(list[Event])


class BadFrame(Exception):
    """The peer broke the framing; the connection cannot be used any more."""


class Framer:
    """Collects bytes and yields the whole frames in them. Amortised linear in the bytes fed."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Return the frames completed by ``data``. Raises ``BadFrame`` for an absurd length."""
        buffer = self._buffer
        buffer += data
        frames = []
        start = 0
        while len(buffer) - start >= LENGTH.size:
            (length,) = LENGTH.unpack_from(buffer, start)
            if length > MAX_FRAME:
                raise BadFrame(f"frame of {length} bytes")
            end = start + LENGTH.size + length
            if len(buffer) < end:
                break
            frames.append(bytes(buffer[start + LENGTH.size : end]))
            start = end
        if start:
            del buffer[:start]
        return frames


def encode_batch(batch: Sequence[Command] | Sequence[Event]) -> bytes:
    """One frame with these commands or events."""
    body = _encoder.encode(batch)
    return LENGTH.pack(len(body)) + body


def parse_commands(frame: bytes) -> tuple[list[Command], list[str]]:
    """The commands of a frame and a complaint for each one that cannot be read; the readable ones still count."""
    try:
        return _commands.decode(frame), []
    except UNREADABLE:
        pass
    commands: list[Command] = []
    complaints: list[str] = []
    try:
        parts = _raw_list.decode(frame)
    except UNREADABLE as error:
        return [], [str(error)]
    for part in parts:
        try:
            commands.append(_command.decode(part))
        except UNREADABLE as error:
            complaints.append(str(error))
    return commands, complaints


def parse_events(frame: bytes) -> list[Event]:
    """The events of a frame. Raises ``BadFrame``."""
    try:
        return _events.decode(frame)
    except UNREADABLE as error:
        raise BadFrame(str(error)) from error
