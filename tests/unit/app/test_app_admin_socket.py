"""The admin socket: commands by name, errors as text, nobody else gets in."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiestoon.app.admin_client import CommandRefusedError, ExchangeUnreachableError, ask, ask_async
from kiestoon.app.admin_socket import AdminServer, CommandError, Commands
from kiestoon.app.framing import AdminRequest, encode_message, read_message

SOCKET = "admin.sock"


async def later(number: int) -> int:
    return number + 1


def refuse() -> None:
    raise CommandError("not now")


@pytest.fixture
async def path(tmp_path: Path) -> AsyncIterator[Path]:
    commands = Commands()
    commands.add("echo", lambda **arguments: arguments)
    commands.add("later", later)
    commands.add("refuse", refuse)
    commands.add("break", lambda: 1 / 0)
    commands.add("unspeakable", object)
    commands.add("surrogate", lambda: "\udcff")
    server = AdminServer(tmp_path / SOCKET, commands)
    await server.start()
    yield tmp_path / SOCKET
    await server.stop()


async def test_a_command_gets_its_arguments_and_answers(path: Path) -> None:
    assert await ask_async(path, "echo", a=1, b=["x"]) == {"a": 1, "b": ["x"]}
    assert await ask_async(path, "later", number=1) == 2


async def test_the_blocking_client_speaks_the_same(path: Path) -> None:
    assert await asyncio.to_thread(ask, path, "echo", a="é" * 100_000) == {"a": "é" * 100_000}


ERRORS: dict[str, tuple[str, dict[str, Any]]] = {
    "unknown command nothing; known: break, echo": ("nothing", {}),
    "not now": ("refuse", {}),
    "break failed; the log says why": ("break", {}),
    "missing a required argument": ("later", {"wrong": 1}),
    "cannot be sent": ("unspeakable", {}),
    "cannot be sent ": ("surrogate", {}),
}


@pytest.mark.parametrize("message", ERRORS)
async def test_errors_come_back_as_text_and_the_server_goes_on(path: Path, message: str) -> None:
    command, arguments = ERRORS[message]
    with pytest.raises(CommandRefusedError, match=message.strip()):
        await ask_async(path, command, **arguments)
    assert await ask_async(path, "echo") == {}


async def test_only_the_own_user_may_connect(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("junk", [b"\x00\x00\x00\x01\xc1", b"\xff\xff\xff\xff", b"GET / HTTP/1.0\r\n\r\n"])
async def test_junk_disturbs_nobody(path: Path, junk: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(junk)
    writer.write_eof()
    await reader.read()
    writer.close()
    assert await ask_async(path, "echo") == {}


async def test_a_dead_socket_is_replaced(tmp_path: Path) -> None:
    (tmp_path / SOCKET).touch()
    server = AdminServer(tmp_path / SOCKET, Commands())
    await server.start()
    with pytest.raises(CommandRefusedError):
        await ask_async(tmp_path / SOCKET, "x")
    await server.stop()
    assert not (tmp_path / SOCKET).exists()


async def test_no_exchange_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ExchangeUnreachableError, match="kiestoon serve"):
        await ask_async(tmp_path / "none.sock", "echo")
    with pytest.raises(ExchangeUnreachableError, match="kiestoon serve"):
        await asyncio.to_thread(ask, tmp_path / "none.sock", "echo")


def test_a_name_is_given_once() -> None:
    commands = Commands()
    commands.add("x", dict)
    with pytest.raises(ValueError, match="exists already"):
        commands.add("x", dict)


async def test_a_stream_sends_values_until_the_caller_leaves(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def count(start: int = 0) -> AsyncIterator[int]:
        try:
            while True:
                yield start
                start += 1
                await asyncio.sleep(0)
        finally:
            ended.set()

    commands = Commands()
    commands.add_stream("count", count)
    with pytest.raises(ValueError, match="exists already"):
        commands.add_stream("count", count)
    server = AdminServer(tmp_path / SOCKET, commands)
    await server.start()
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / SOCKET))
    writer.write(encode_message(AdminRequest("count", {"start": 7})))
    heard = [msgspec.msgpack.decode(await read_message(reader))["result"] for _ in range(3)]
    assert heard == [7, 8, 9]
    writer.close()
    await asyncio.wait_for(ended.wait(), 5)
    await server.stop()
