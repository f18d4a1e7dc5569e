"""Messages of the admin socket: 4-byte big-endian length, then MessagePack."""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias

import msgspec

MAX_MESSAGE = 64 * 1024 * 1024
Result: TypeAlias = Any
"""What a command answers: anything MessagePack can hold."""


class AdminRequest(msgspec.Struct, frozen=True):
    """One command with its arguments by name."""

    command: str
    arguments: dict[str, Any] = {}


class AdminReply(msgspec.Struct, frozen=True):
    """``error`` "" means it worked."""

    result: Any = None
    error: str = ""


_encoder = msgspec.msgpack.Encoder()


def encode_message(message: AdminRequest | AdminReply) -> bytes:
    """Frame and encode."""
    data = _encoder.encode(message)
    return len(data).to_bytes(4, "big") + data


async def read_message(reader: asyncio.StreamReader, limit: int = MAX_MESSAGE) -> bytes:
    """One message's MessagePack; raises ``asyncio.IncompleteReadError`` at the end, ``ValueError`` above ``limit``."""
    length = int.from_bytes(await reader.readexactly(4), "big")
    if length > limit:
        raise ValueError(f"a message of {length} bytes")
    return await reader.readexactly(length)
