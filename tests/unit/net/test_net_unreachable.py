"""ICMP errors over real loopback sockets (RFC 3261 §18.4): who is not there is noticed at once, others lose nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
import uvloop
from net_peers import Recorder, options

from kiestoon.net.settings import Listener, NetSettings
from kiestoon.net.transports import SipTransports
from kiestoon.net.unreachable import _is_final
from kiestoon.sip.flow import Send, Target

Open = Callable[..., Any]


def udp(host: str) -> NetSettings:
    return NetSettings((Listener("udp", host, 0),))


def dead_port(host: str) -> int:
    """A port nobody listens on."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        return int(sock.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_request_to_a_closed_port_is_told_with_its_transaction(open_transports: Open, host: str) -> None:
    transports, sink = await open_transports(udp(host))
    port = dead_port(host)
    transports.send(Send(Target("udp", host, port), options("gone"), "z9hG4bKgone|OPTIONS"))
    async with asyncio.timeout(5):
        assert await sink.unreachable.get() == ("z9hG4bKgone|OPTIONS", host, port)
    assert sink.failed.empty()


async def test_errors_of_one_peer_cost_no_other_peer_a_datagram(open_transports: Open) -> None:
    left, errors = await open_transports(udp("127.0.0.1"))
    right, sink = await open_transports(udp("127.0.0.1"))
    dead = Target("udp", "127.0.0.1", dead_port("127.0.0.1"))
    alive = Target("udp", "127.0.0.1", right.bound[0].port)
    for number in range(20):
        left.send(Send(dead, options(f"d{number}"), f"z9hG4bKd{number}|OPTIONS"))
        left.send(Send(alive, options(f"a{number}"), f"z9hG4bKa{number}|OPTIONS"))
        right.send(Send(Target("udp", "127.0.0.1", left.bound[0].port), options(f"b{number}")))
    assert [(await sink.message())[0].call_id for _ in range(20)] == [f"a{number}" for number in range(20)]
    assert [(await errors.message())[0].call_id for _ in range(20)] == [f"b{number}" for number in range(20)]
    assert errors.failed.empty(), "what went to the living was said not to have been sent"
    async with asyncio.timeout(5):
        assert (await errors.unreachable.get())[0].startswith("z9hG4bKd")


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\nFrom: <sip:a@b>\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n\r\n",
        b"OPTIONS sip:" + b"x" * 2000 + b" SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n\r\n",
    ],
)
async def test_what_quotes_no_request_of_ours_is_ignored(open_transports: Open, data: bytes) -> None:
    transports, sink = await open_transports(udp("127.0.0.1"))
    port = dead_port("127.0.0.1")
    transports.send(Send(Target("udp", "127.0.0.1", port), data, "t"))
    transports.send(Send(Target("udp", "127.0.0.1", port), options("gone"), "z9hG4bKgone|OPTIONS"))
    async with asyncio.timeout(5):
        while (told := await sink.unreachable.get())[0] != "z9hG4bKgone|OPTIONS":
            raise AssertionError(told)


def test_uvloop_goes_on_reading_after_errors() -> None:
    """It ends watching a descriptor for which poll(2) reports an error: the listener must not be such a one."""

    async def work() -> None:
        sink = Recorder()
        transports = SipTransports(sink, udp("127.0.0.1"))
        await transports.start()
        port = transports.bound[0].port
        for number in range(3):
            dead = Target("udp", "127.0.0.1", dead_port("127.0.0.1"))
            transports.send(Send(dead, options(f"d{number}"), f"z9hG4bKd{number}|OPTIONS"))
            async with asyncio.timeout(5):
                await sink.unreachable.get()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.sendto(options("after"), ("127.0.0.1", port))
            assert (await sink.message())[0].call_id == "after"
        await transports.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())


@pytest.mark.parametrize(
    ("level", "kind", "origin", "icmp_type", "code", "final"),
    [
        (socket.IPPROTO_IP, 11, 2, 3, 3, True),  # port unreachable
        (socket.IPPROTO_IP, 11, 2, 3, 1, True),  # host unreachable
        (socket.IPPROTO_IP, 11, 2, 3, 4, False),  # fragmentation needed: the kernel's business
        (socket.IPPROTO_IP, 11, 2, 12, 0, True),  # parameter problem
        (socket.IPPROTO_IP, 11, 2, 11, 0, False),  # time exceeded
        (socket.IPPROTO_IP, 11, 1, 3, 3, False),  # not from the network
        (socket.IPPROTO_IPV6, 25, 3, 1, 4, True),
        (socket.IPPROTO_IPV6, 25, 3, 2, 0, False),  # packet too big
        (socket.SOL_SOCKET, 35, 2, 3, 3, False),
    ],
)
def test_only_errors_that_mean_nobody_is_there_count(
    level: int, kind: int, origin: int, icmp_type: int, code: int, final: bool
) -> None:
    error = bytes([111, 0, 0, 0, origin, icmp_type, code, 0]) + bytes(8)
    assert _is_final(level, kind, error) is final
    assert not _is_final(level, kind, error[:8])
