"""The control process' Unix socket for the command line and the web process; only the own user may connect.

Commands are functions registered by name: ``commands.add("registrations", function)``. A function takes keyword
arguments and returns plain values (or an awaitable of them); ``CommandError`` becomes the caller's error text.

A function added by ``add_stream`` returns an asynchronous iterator: each of its values is a reply of its own, until the
caller closes the connection.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import msgspec
import structlog

from kiestoon.app.framing import AdminReply, AdminRequest, encode_message, read_message
from kiestoon.unreadable import UNREADABLE

log = structlog.get_logger(__name__)

Command = Callable[..., Any]
Stream = Callable[..., AsyncGenerator[Any, None]]
_MAX_REQUEST = 1024 * 1024
_decoder = msgspec.msgpack.Decoder(AdminRequest)


class CommandError(Exception):
    """A command could not be carried out; the text is for the person who asked."""


class Commands:
    """The registry of commands."""

    def __init__(self) -> None:
        self._commands: dict[str, Command] = {}
        self._streams: dict[str, Stream] = {}

    def add(self, name: str, command: Command) -> None:
        """Make a command known; each name once."""
        if name in self._commands:
            raise ValueError(f"the command {name} exists already")
        self._commands[name] = command

    def add_stream(self, name: str, stream: Stream) -> None:
        """Make a command known whose answers never end."""
        if name in self._streams or name in self._commands:
            raise ValueError(f"the command {name} exists already")
        self._streams[name] = stream

    def names(self) -> list[str]:
        return sorted((*self._commands, *self._streams))

    def open_stream(self, request: AdminRequest) -> AsyncGenerator[Any, None] | None:
        """The values of a command that streams; None: it is an ordinary one, or its arguments are wrong."""
        stream = self._streams.get(request.command)
        if stream is None:
            return None
        try:
            inspect.signature(stream).bind(**request.arguments)
        except TypeError:
            return None
        return stream(**request.arguments)

    async def run(self, request: AdminRequest) -> AdminReply:
        """Carry out one request; never raises for what a command does."""
        command = self._commands.get(request.command)
        if command is None:
            return AdminReply(error=f"unknown command {request.command}; known: {', '.join(self.names())}")
        try:
            inspect.signature(command).bind(**request.arguments)
        except TypeError as error:
            return AdminReply(error=f"{request.command}: {error}")
        try:
            result = command(**request.arguments)
            if inspect.isawaitable(result):
                result = await result
        except CommandError as error:
            return AdminReply(error=str(error))
        except Exception:
            log.exception("admin command failed", command=request.command)
            return AdminReply(error=f"{request.command} failed; the log says why")
        return AdminReply(result=result)


class AdminServer:
    """Serves ``commands`` on the socket. One request at a time on each connection."""

    def __init__(self, path: Path, commands: Commands) -> None:
        self._path = path
        self._commands = commands
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._stopping = asyncio.Event()
        self._streams: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the socket with mode 0600; a dead one in its place is replaced. Raises ``OSError``."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, str(self._path))
        finally:
            os.umask(before)

    async def stop(self) -> None:
        """Close the socket and every connection."""
        if self._server is None:
            return
        self._server.close()
        self._stopping.set()
        await asyncio.gather(*self._streams, return_exceptions=True)
        for writer in list(self._connections):
            writer.close()
        self._server = None
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while True:
                data = await read_message(reader, _MAX_REQUEST)
                try:
                    request = _decoder.decode(data)
                    values = self._commands.open_stream(request)
                    if values is not None:
                        sending = asyncio.create_task(_send_stream(values, reader, writer, self._stopping))
                        self._streams.add(sending)
                        sending.add_done_callback(self._streams.discard)
                        await sending
                        return
                    reply = await self._commands.run(request)
                except UNREADABLE as error:
                    reply = AdminReply(error=f"bad request: {error}")
                writer.write(_encoded(reply))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass  # the other side has gone, or does not speak our language
        finally:
            self._connections.discard(writer)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def _send_stream(
    values: AsyncGenerator[Any, None],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    stopping: asyncio.Event,
) -> None:
    """Send until the values end, the caller has gone or the server stops; a caller who does not read only delays his
    own stream."""

    async def send() -> None:
        async with aclosing(values):
            async for value in values:
                writer.write(_encoded(AdminReply(result=value)))
                await writer.drain()

    sending = asyncio.create_task(send())
    leaving = asyncio.create_task(reader.read(1))  # nothing more is to be said: anything ends it
    tasks = (sending, leaving, asyncio.create_task(stopping.wait()))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, Exception) and not isinstance(outcome, ConnectionError):
                log.error("admin stream failed", exc_info=outcome)


def _encoded(reply: AdminReply) -> bytes:
    try:
        return encode_message(reply)
    except (TypeError, OverflowError, UnicodeEncodeError) as error:
        log.error("admin reply cannot be encoded", error=str(error))
        return encode_message(AdminReply(error="the answer cannot be sent; the log says why"))
