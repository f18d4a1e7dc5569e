"""SIP over TCP: framing, keep-alives (RFC 5626 §4.4), connections reused and lost, limits."""

from __future__ import annotations

import asyncio
import socket

import pytest
from net_peers import options
from transport_peers import Open, listen, read_until, until_closed

from kiestoon.net.settings import StreamLimits
from kiestoon.sip.flow import Flow, Send, Target

# --- TCP -------------------------------------------------------------------------------------------------------------


async def test_stream_messages_are_framed_and_answered_on_the_same_connection(open_transports: Open) -> None:
    transports, sink = await open_transports(listen("tcp"))
    reader, writer = await asyncio.open_connection("127.0.0.1", transports.bound[0].port)
    both = options("c1", "TCP 10.0.0.1") + options("c2", "TCP 10.0.0.1")
    writer.write(both[:100])
    await writer.drain()
    writer.write(both[100:])
    first, flow = await sink.message()
    second, again = await sink.message()
    assert [first.call_id, second.call_id] == ["c1", "c2"]
    assert flow == again
    assert flow.transport == "tcp"
    transports.send(Send(flow, b"SIP/2.0 200 OK\r\n\r\n"))
    assert await read_until(reader) == b"SIP/2.0 200 OK\r\n\r\n"
    writer.close()


async def test_double_crlf_is_answered_by_one_crlf(open_transports: Open) -> None:
    transports, _ = await open_transports(listen("tcp"))
    reader, writer = await asyncio.open_connection("127.0.0.1", transports.bound[0].port)
    writer.write(b"\r\n\r\n")
    assert await read_until(reader, b"\r\n") == b"\r\n"
    writer.close()


async def test_kernel_keeps_connections_alive_through_routers(open_transports: Open) -> None:
    """Both those accepted and those opened by us."""
    left, _ = await open_transports(listen("tcp"))
    right, sink = await open_transports(listen("tcp"))
    left.send(Send(Target("tcp", "127.0.0.1", right.bound[0].port), options()))
    await sink.message()
    for transports in (left, right):
        (connection,) = transports.connections._by_number.values()
        assert connection._transport is not None
        sock = connection._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60


async def test_our_keep_alive_is_a_double_crlf(open_transports: Open) -> None:
    transports, sink = await open_transports(listen("tcp"))
    reader, writer = await asyncio.open_connection("127.0.0.1", transports.bound[0].port)
    writer.write(options())
    _, flow = await sink.message()
    assert transports.keep_alive(flow)
    assert await read_until(reader) == b"\r\n\r\n"
    writer.close()
    assert not transports.keep_alive(Flow("tcp", "", 0, "", 0, 9999))


async def test_connections_to_a_target_are_reused_and_queue_while_opening(open_transports: Open) -> None:
    left, _ = await open_transports(listen("tcp"))
    right, sink = await open_transports(listen("tcp"))
    target = Target("tcp", "127.0.0.1", right.bound[0].port)
    for number in range(3):
        left.send(Send(target, options(f"c{number}", "TCP 127.0.0.1"), f"t{number}"))
    flows = [(await sink.message())[1] for _ in range(3)]
    left.send(Send(target, options("later", "TCP 127.0.0.1")))
    message, flow = await sink.message()
    assert message.call_id == "later"
    assert {*flows, flow} == {flow}
    assert len(left.connections) == 1


async def test_refused_connection_fails_every_waiting_transaction(open_transports: Open) -> None:
    transports, sink = await open_transports(listen("tcp"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        target = Target("tcp", "127.0.0.1", free.getsockname()[1])
    for number in range(3):
        transports.send(Send(target, options(), f"t{number}"))
    assert [await sink.failure() for _ in range(3)] == ["t0", "t1", "t2"]
    assert len(transports.connections) == 0


async def test_a_gone_flow_is_a_transport_failure_and_its_number_is_not_reused(open_transports: Open) -> None:
    transports, sink = await open_transports(listen("tcp"))
    _, writer = await asyncio.open_connection("127.0.0.1", transports.bound[0].port)
    writer.write(options())
    _, old = await sink.message()
    writer.close()
    _, other = await asyncio.open_connection("127.0.0.1", transports.bound[0].port)
    other.write(options())
    _, new = await sink.message()
    assert new.number > old.number
    async with asyncio.timeout(5):
        while len(transports.connections) > 1:
            await asyncio.sleep(0)
    transports.send(Send(old, b"x", "gone"))
    assert await sink.failure() == "gone"
    other.close()


async def test_unanswered_requests_fail_when_their_connection_breaks(open_transports: Open) -> None:
    accepted: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        accepted.put_nowait(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    transports, sink = await open_transports(listen("tcp"))
    port = server.sockets[0].getsockname()[1]
    transports.send(Send(Target("tcp", "127.0.0.1", port), options(), "z9hG4bKc1|OPTIONS"))
    (await accepted.get()).close()
    assert await sink.failure() == "z9hG4bKc1|OPTIONS"
    server.close()


# --- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "sent"),
    [
        (StreamLimits(first_message_s=0.05), b""),
        (StreamLimits(message_s=0.05), options()[:50]),
        (StreamLimits(message_s=0.05), options() + options()[:50]),
        (StreamLimits(idle_s=0.05), options()),
    ],
    ids=["silent from the start", "slow first message", "slow second message", "idle"],
)
async def test_connections_that_only_cost_are_closed(open_transports: Open, limits: StreamLimits, sent: bytes) -> None:
    transports, _ = await open_transports(listen("tcp", limits=limits))
    reader, writer = await asyncio.open_connection("127.0.0.1", transports.bound[0].port)
    writer.write(sent)
    await until_closed(reader)
    assert len(transports.connections) == 0
    writer.close()


async def test_a_pong_is_no_begun_message(open_transports: Open) -> None:
    transports, sink = await open_transports(listen("tcp", limits=StreamLimits(message_s=0.02)))
    _, writer = await asyncio.open_connection("127.0.0.1", transports.bound[0].port)
    writer.write(options("c1"))
    await sink.message()
    writer.write(b"\r\n")
    other_reader, other = await asyncio.open_connection("127.0.0.1", transports.bound[0].port)
    other.write(options()[:20])
    await until_closed(other_reader)
    writer.write(options("c2"))
    assert (await sink.message())[0].call_id == "c2"
    writer.close()


@pytest.mark.parametrize("limits", [StreamLimits(connections=2), StreamLimits(connections_per_source=2)])
async def test_connections_above_the_limit_are_closed_at_once(open_transports: Open, limits: StreamLimits) -> None:
    transports, sink = await open_transports(listen("tcp", limits=limits))
    port = transports.bound[0].port
    writers = []
    for number in range(2):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(options(f"c{number}"))
        await sink.message()
        writers.append(writer)
    reader, third = await asyncio.open_connection("127.0.0.1", port)
    await until_closed(reader)
    for writer in (*writers, third):
        writer.close()


async def test_a_peer_that_does_not_read_is_dropped(open_transports: Open) -> None:
    transports, sink = await open_transports(listen("tcp", limits=StreamLimits(write_buffer=100_000)))
    with socket.socket() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(("127.0.0.1", transports.bound[0].port))
        peer.send(options())
        _, flow = await sink.message()
        for _ in range(1000):
            transports.send(Send(flow, b"x" * 10_000, "t"))
            if sink.failed.qsize() or not len(transports.connections):
                break
        assert await sink.failure() == "t"
        assert len(transports.connections) == 0


async def test_garbage_on_a_stream_closes_it(open_transports: Open) -> None:
    transports, _ = await open_transports(listen("tcp"))
    reader, writer = await asyncio.open_connection("127.0.0.1", transports.bound[0].port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await until_closed(reader)
    assert len(transports.connections) == 0
    writer.close()
