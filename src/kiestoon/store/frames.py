"""Framing of append-only files: 4-byte length, 4-byte CRC-32, data; both numbers big-endian.

A crash can leave an unfinished frame at the end of a file, never a wrong one in the middle; the CRC tells a torn or
damaged frame from a whole one.
"""

from __future__ import annotations

from struct import Struct
from typing import Literal, TypeAlias
from zlib import crc32

HEADER = Struct(">II")
HEADER_BYTES = HEADER.size
MAX_FRAME = 4 * 1024 * 1024
"""The largest data of one frame; a length of 0 or above it is damage, not data."""

Tail: TypeAlias = Literal["whole", "torn", "damaged"]


def encode_frame(data: bytes) -> bytes:
    """One frame; raises ``ValueError`` for no data (zeros after a power cut must not look like frames) or too much."""
    if not 0 < len(data) <= MAX_FRAME:
        raise ValueError(f"{len(data)} bytes do not make a frame")
    return HEADER.pack(len(data), crc32(data)) + data


def parse_frames(buffer: bytes | bytearray | memoryview, limit: int = 0) -> tuple[list[bytes], int, Tail]:
    """Read whole frames from the start of ``buffer`` (at most ``limit``, 0 = all).

    Returns the data of each, the number of bytes they took, and what follows: "whole" (nothing, or more frames that
    ``limit`` left), "torn" (the start of a frame), "damaged" (bytes that are no frame).
    """
    frames: list[bytes] = []
    position, end = 0, len(buffer)
    view = memoryview(buffer)
    while position < end:
        if limit and len(frames) >= limit:
            break
        start = position + HEADER_BYTES
        if start > end:
            return frames, position, "torn"
        length, checksum = HEADER.unpack_from(view, position)
        if not 0 < length <= MAX_FRAME:
            return frames, position, "damaged"
        if start + length > end:
            return frames, position, "torn"
        data = bytes(view[start : start + length])
        if crc32(data) != checksum:
            return frames, position, "damaged"
        frames.append(data)
        position = start + length
    return frames, position, "whole"
