"""The other end of the admin socket: for the command line (blocking) and the web process (asyncio)."""

from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path
from typing import Any

import msgspec

from kiestoon.app.framing import AdminReply, AdminRequest, encode_message, read_message
from kiestoon.operator_error import OperatorError

_decoder = msgspec.msgpack.Decoder(AdminReply)


class ExchangeUnreachableError(OperatorError):
    """No control process answers."""

    exit_code = 69  # EX_UNAVAILABLE


class CommandRefusedError(OperatorError):
    """The control process answered with an error."""


def ask(path: Path, command: str, *, timeout_s: float = 5.0, **arguments: Any) -> Any:
    """Run one command and wait for its answer; raises ``ExchangeUnreachableError`` or ``CommandRefusedError``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(path))
            connection.sendall(encode_message(AdminRequest(command, arguments)))
            length = int.from_bytes(_receive(connection, 4), "big")
            data = _receive(connection, length)
        except OSError as error:
            raise _unreachable(path, error) from None
    return _result(command, data)


async def ask_async(path: Path, command: str, *, timeout_s: float = 5.0, **arguments: Any) -> Any:
    """``ask`` for asyncio."""
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_unix_connection(str(path))
            try:
                writer.write(encode_message(AdminRequest(command, arguments)))
                data = await read_message(reader)
            finally:
                writer.close()
    except (OSError, asyncio.IncompleteReadError) as error:
        raise _unreachable(path, error) from None
    return _result(command, data)


def _receive(connection: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        part = connection.recv(min(length - len(data), 1 << 20))
        if not part:
            raise ConnectionResetError(errno.ECONNRESET, "connection closed")
        data += part
    return bytes(data)


def _result(command: str, data: bytes) -> Any:
    reply = _decoder.decode(data)
    if reply.error:
        raise CommandRefusedError(
            f"The exchange did not carry out {command.replace('_', '-')}: {reply.error}", "Correct it, or try again"
        )
    return reply.result


def _unreachable(path: Path, error: Exception) -> OperatorError:
    if isinstance(error, PermissionError):
        return ExchangeUnreachableError(
            f"This user may not talk to the exchange at {path}", "Run as the exchange's user"
        )
    if isinstance(error, TimeoutError):
        return ExchangeUnreachableError(
            "The exchange does not answer in time", "Look at its log; try again in a moment"
        )
    return ExchangeUnreachableError(
        f"No exchange is running here (nothing answers at {path})", "Start it with: kiestoon serve, or make demo"
    )
