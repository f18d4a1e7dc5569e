"""Hostile input on the real sockets: the exchange keeps running, telephones on, and logs no traceback."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from softphones import TOWN, Phones, TestExchange, exchange_in, hears, hears_something_else, phones_on, until
from websockets.asyncio.client import connect as websocket
from websockets.exceptions import WebSocketException

from kiestoon.app.softphone.phone import SoftPhone
from kiestoon.app.softphone.rtp import Sine
from kiestoon.media.audio.g711 import encode
from kiestoon.media.audio.measure import tone_level
from kiestoon.sip.flow import Target

STRANGER = "127.0.0.3"
VANDAL = "127.0.0.5"
SCANNER = "127.0.0.6"

# The unit tests' messages; that folder is on nobody's path.
_TORTURE = Path(__file__).parents[1] / "unit" / "sip" / "torture" / "loader.py"
_spec = spec_from_file_location("torture_loader", _TORTURE)
assert _spec is not None
assert _spec.loader is not None
torture = module_from_spec(_spec)
_spec.loader.exec_module(torture)


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestExchange]:
    with exchange_in(tmp_path_factory.mktemp("hostile"), sip={"never_banned": ["127.0.0.1"]}) as running:
        yield running
        running.expect_clean_log()


@pytest.fixture(autouse=True)
async def still_works(exchange: TestExchange) -> AsyncIterator[None]:
    """After every attack: the same processes, SIP answered, a call with speech both ways, nothing left."""
    before = exchange.children()
    yield
    assert exchange.children() == before
    async with phones_on(exchange) as phones:
        await phones.phone("101")
        await phones.phone("102")
        line = await phones.connect("101", "102")
        for end, hz in line.ends:
            await hears(end, hz, window_s=0.3)
        await line.caller.hang_up()
        await line.called.until("ended")
    # Whoever was refused and does not acknowledge it keeps a session for 32 s (timer H); nothing else may stay.
    await exchange.empty(but=("sessions",))


def options(host: str, *, user_agent: str = "test", call_id: str = "probe", via: str = "UDP") -> bytes:
    return (
        f"OPTIONS sip:{TOWN.domain} SIP/2.0\r\nVia: SIP/2.0/{via} {host}:5060;branch=z9hG4bK{call_id};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:a@{TOWN.domain}>;tag=1\r\nTo: <sip:{TOWN.domain}>\r\nCall-ID: {call_id}\r\n"
        f"CSeq: 1 OPTIONS\r\nUser-Agent: {user_agent}\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def datagrams_from(host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((host, 0))
    sock.settimeout(2.0)
    return sock


async def test_garbage_datagrams(exchange: TestExchange) -> None:
    rng = random.Random(4475)
    whole = options(VANDAL)
    with datagrams_from(VANDAL) as sock:
        for number in range(1500):
            kind = number % 5
            if kind == 0:
                data = rng.randbytes(rng.randrange(1500))
            elif kind == 1:
                data = whole[: rng.randrange(len(whole))]
            elif kind == 2:
                spoiled = bytearray(whole)
                for _ in range(8):
                    spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
                data = bytes(spoiled)
            elif kind == 3:
                data = b"INVITE " + b"a" * rng.randrange(60000)
            else:
                data = whole.replace(b"Call-ID", rng.choice([b"Via", b"CSeq", b"To", b"Contact", b"\0"]))
            sock.sendto(data, exchange.address)
            if number % 100 == 0:
                await asyncio.sleep(0)


async def test_torture_messages(exchange: TestExchange) -> None:
    messages = [*torture.RFC4475.values(), *torture.RFC5118.values()]
    assert len(messages) > 40
    with datagrams_from(VANDAL) as sock:
        for message in messages:
            sock.sendto(message[:65000], exchange.address)
    for message in messages:
        with socket.create_connection(exchange.address, timeout=2) as stream:
            stream.sendall(message)


async def test_connections_that_never_say_anything(exchange: TestExchange) -> None:
    with ExitStack() as stack:
        for port in (exchange.port, exchange.tls_port, exchange.ws_port, exchange.wss_port):
            for number in range(40):
                stream = stack.enter_context(socket.create_connection((exchange.host, port), timeout=2))
                if number % 2:
                    stream.sendall(
                        b"\x16\x03\x01" if port in (exchange.tls_port, exchange.wss_port) else b"INVITE sip:"
                    )
        async with phones_on(exchange) as phones:  # while they are all open
            await phones.phone("103")
            await phones.phone("104")
            line = await phones.connect("103", "104")
            await hears(line.called, line.caller_hz)
            await line.caller.hang_up()


async def test_a_message_that_trickles_in_holds_nobody_up(exchange: TestExchange) -> None:
    reader, writer = await asyncio.open_connection(*exchange.address)
    message = options(STRANGER, via="TCP", call_id="slow")
    for position in range(0, len(message), 4):
        writer.write(message[position : position + 4])
        await writer.drain()
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 2)
    assert answer == b"SIP/2.0 200 OK\r\n"
    writer.close()


@pytest.mark.parametrize(
    "start",
    [b"INVITE sip:a@b SIP/2.0\r\nX: ", b"INVITE sip:a@b SIP/2.0\r\nContent-Length: 999999999\r\n\r\n", b"\r\n" * 1000,
     b"INVITE sip:a@b SIP/2.0\r\n" + b"Via: SIP/2.0/TCP a\r\n" * 1000],
)  # fmt: skip
async def test_a_message_without_end_is_cut_off(exchange: TestExchange, start: bytes) -> None:
    reader, writer = await asyncio.open_connection(*exchange.address)
    sent = 0
    try:
        async with asyncio.timeout(5):
            writer.write(start)
            while sent < 20_000_000:
                writer.write(b"x" * 65536)
                sent += 65536
                await writer.drain()
            await reader.read()
    except ConnectionError:
        pass
    finally:
        writer.close()
    assert sent < 20_000_000, "it took all of it"


async def test_websocket_junk(exchange: TestExchange) -> None:
    requests = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0" * 2000,
        b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n" * 500,
        b"POST " * 9999,
    ]
    for port in (exchange.ws_port, exchange.wss_port):
        for request in requests:
            with suppress(OSError), socket.create_connection((exchange.host, port), timeout=2) as stream:
                stream.sendall(request)
                stream.recv(1000)
    rng = random.Random(6455)
    for junk in [
        *(rng.randbytes(size) for size in (1, 2, 10, 200, 5000)),
        b"\x81\xff" + b"\xff" * 8,
        b"\x01\x80" * 100,
    ]:
        async with websocket(f"ws://127.0.0.1:{exchange.ws_port}", subprotocols=["sip"]) as junker:  # type: ignore[list-item]
            junker.transport.write(junk)  # past the library: frames it would never send
            with suppress(WebSocketException):
                await junker.send("hello")
                await asyncio.wait_for(junker.recv(), 0.1)
            junker.transport.abort()


async def test_tls_junk(exchange: TestExchange) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for number in range(20):
        with socket.create_connection((exchange.host, exchange.tls_port), timeout=2) as plain:
            if number % 2:
                with context.wrap_socket(plain) as secure:
                    secure.sendall(os.urandom(3000))
            else:
                plain.sendall(b"\x16\x03\x01\x02\x00" + os.urandom(512))


async def test_a_scanner_is_banned_and_others_are_not(exchange: TestExchange) -> None:
    async def bans() -> float:
        return next(metric["value"] for metric in await exchange.ask_now("metrics") if metric["name"] == "bans")

    before = await bans()
    with datagrams_from(SCANNER) as scanner, datagrams_from(STRANGER) as stranger:
        for number in range(30):
            scanner.sendto(options(SCANNER, user_agent="friendly-scanner", call_id=f"s{number}"), exchange.address)
        for number in range(60):
            request = options(SCANNER, call_id=f"r{number}").replace(b"OPTIONS", b"REGISTER")
            scanner.sendto(request.replace(TOWN.domain.encode(), exchange.host.encode()), exchange.address)
        assert await bans() == before + 1
        scanner.settimeout(0.3)
        with suppress(TimeoutError):
            while True:
                scanner.recv(2000)  # answers from before the ban
        scanner.sendto(options(SCANNER, call_id="after"), exchange.address)
        with pytest.raises(TimeoutError):
            scanner.recv(2000)
        # A phone nobody knows yet may try to log in: it is challenged.
        stranger.sendto(options(STRANGER, call_id="other").replace(b"OPTIONS", b"REGISTER"), exchange.address)
        assert stranger.recv(2000).startswith(b"SIP/2.0 401")


async def test_a_strangers_rtp_is_not_heard(exchange: TestExchange) -> None:
    async with phones_on(exchange) as phones:
        await phones.phone("103")
        await phones.phone("104")
        line = await phones.connect("103", "104")
        for end, hz in line.ends:
            await hears(end, hz)
        agreed = line.caller.stream.agreed
        assert agreed is not None
        assert agreed.remote is not None
        line.forget()
        shout = Sine(1500.0, 8000, 0.8)
        with datagrams_from(STRANGER) as outside, datagrams_from("127.0.0.1") as neighbour:
            for number in range(40):
                payload = encode(shout.read(160), "PCMA")
                header = struct.pack("!BBHII", 0x80, 8, number, number * 160, 0xBAD)
                for sock in (outside, neighbour):
                    sock.sendto(header + payload, agreed.remote)
                await asyncio.sleep(0.02)  # at speech's pace
        heard = line.called.stream.recorded(0.6)
        assert tone_level(heard, 8000, 1500.0) < -50
        await hears(line.called, line.caller_hz)
        assert line.caller.stream.packets_received > 30  # answers do not go to the stranger
        await line.called.hang_up()
        await line.caller.until("ended")


async def test_a_phone_over_websocket_telephones(exchange: TestExchange) -> None:
    async with phones_on(exchange) as phones:
        await phones.phone("103")
        hz = 700.0
        server = Target("ws", exchange.host, exchange.ws_port)
        browser = SoftPhone("105", TOWN.password("105"), TOWN.domain, server, source=partial(Sine, hz))
        await phones.add("105", browser, hz)
        await browser.register()
        for pair in (("105", "103"), ("103", "105")):
            line = await phones.connect(*pair)
            for end, tone in line.ends:
                await hears(end, tone)
            await line.called.hold()
            await hears_something_else(line.caller, line.called_hz)
            await line.called.hang_up()
            await line.caller.until("ended")


async def test_a_phone_that_sends_garbage_in_its_own_call_only_hurts_itself(exchange: TestExchange) -> None:
    async with phones_on(exchange) as phones:
        await _two(phones)
        line = await phones.connect("103", "104")
        session = line.caller.session
        for body in (b"\xff\xfe", b"v=0\r\n", b"v=0\r\nm=audio -1 RTP/AVP 8\r\n", b"v=0\r\n" * 5000):
            session.offer(line.caller.agent.now, body)
            line.caller.agent.touch()
            await until(lambda: session.offering is None, "the answer", 5)
        for end, hz in line.ends:
            await hears(end, hz)
        await line.called.hang_up()
        await line.caller.until("ended")


async def _two(phones: Phones) -> None:
    await phones.phone("103")
    await phones.phone("104")
