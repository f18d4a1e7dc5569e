"""The transports over real loopback sockets: RFC 3261 §18, RFC 3581, RFC 5626 §4.4, RFC 7118, and the limits."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from net_peers import options

from kiestoon.net.certificate import CertificateFiles
from kiestoon.net.overload import OverloadGate
from kiestoon.net.settings import Listener, NetSettings, StreamLimits, TlsClient, TlsServer
from kiestoon.net.stun import encode_binding_request, parse_mapped_address
from kiestoon.sip.flow import Flow, Send, Target, Transport
from kiestoon.sip.message import Response
from kiestoon.sip.parse import parse_message

Open = Callable[..., Any]


def listen(*kinds: Transport, host: str = "127.0.0.1", tls: TlsServer | None = None, **more: Any) -> NetSettings:
    return NetSettings(tuple(Listener(kind, host, 0, tls=tls) for kind in kinds), **more)


def server_tls(files: CertificateFiles) -> TlsServer:
    return TlsServer(str(files.certificate), str(files.key))


class Phone(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.got: asyncio.Queue[bytes] = asyncio.Queue()

    async def next(self) -> bytes:
        async with asyncio.timeout(5):
            return await self.got.get()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.got.put_nowait(data)


async def udp_phone(host: str, port: int) -> tuple[asyncio.DatagramTransport, Phone]:
    loop = asyncio.get_running_loop()
    return await loop.create_datagram_endpoint(Phone, remote_addr=(host, port))


async def read_until(reader: asyncio.StreamReader, end: bytes = b"\r\n\r\n") -> bytes:
    async with asyncio.timeout(5):
        return await reader.readuntil(end)


async def until_closed(reader: asyncio.StreamReader) -> None:
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionError):
            while await reader.read(4096):
                pass


# --- UDP ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_datagram_comes_in_with_its_flow_and_the_answer_goes_back(open_transports: Open, host: str) -> None:
    transports, sink = await open_transports(listen("udp", host=host))
    bound = transports.bound[0]
    phone, got = await udp_phone(host, bound.port)
    phone.sendto(options())
    message, flow = await sink.message()
    assert message.call_id == "c1"
    assert (flow.transport, flow.local_port, flow.number) == ("udp", bound.port, bound.number)
    assert (flow.remote_host, flow.remote_port) == phone.get_extra_info("sockname")[:2]
    transports.send(Send(flow, b"answer"))
    assert await got.next() == b"answer"
    phone.close()


async def test_target_over_udp_leaves_from_the_listener(open_transports: Open) -> None:
    left, _ = await open_transports(listen("udp"))
    right, sink = await open_transports(listen("udp"))
    left.send(Send(Target("udp", "127.0.0.1", right.bound[0].port), options()))
    _, flow = await sink.message()
    assert flow.remote_port == left.bound[0].port


async def test_a_batch_of_datagrams_is_flushed_together(open_transports: Open) -> None:
    transports, sink = await open_transports(listen("udp"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        for number in range(20):
            phone.sendto(options(f"c{number}"), ("127.0.0.1", transports.bound[0].port))
    calls = [(await sink.message())[0].call_id for _ in range(20)]
    assert calls == [f"c{number}" for number in range(20)]
    assert sink.flushes < 10


async def test_a_broken_datagram_is_answered_400_with_received_and_reported(open_transports: Open) -> None:
    transports, sink = await open_transports(listen("udp"))
    phone, got = await udp_phone("127.0.0.1", transports.bound[0].port)
    phone.sendto(options(via="UDP 10.1.2.3").replace(b"Max-Forwards: 70", b"Max-Forwards: x"))
    response = parse_message(await got.next())
    assert isinstance(response, Response)
    assert response.status == 400
    assert response.via.received == "127.0.0.1"
    assert response.via.rport == phone.get_extra_info("sockname")[1]
    bad, _ = await sink.bad.get()
    assert bad.status == 400
    phone.close()


async def test_banned_sources_are_not_even_parsed(open_transports: Open) -> None:
    asked: list[str] = []

    def allowed(host: str) -> bool:
        asked.append(host)
        return len(asked) > 1

    transports, sink = await open_transports(listen("udp"), allowed=allowed)
    phone, _ = await udp_phone("127.0.0.1", transports.bound[0].port)
    phone.sendto(options("banned"))
    phone.sendto(options("fine"))
    assert (await sink.message())[0].call_id == "fine"
    assert asked == ["127.0.0.1"] * 2
    phone.close()


async def test_stun_binding_request_is_answered_on_the_sip_port(open_transports: Open) -> None:
    transports, _ = await open_transports(listen("udp"))
    phone, got = await udp_phone("127.0.0.1", transports.bound[0].port)
    phone.sendto(encode_binding_request(b"123456789012"))
    assert parse_mapped_address(await got.next()) == phone.get_extra_info("sockname")
    phone.close()


async def test_keep_alives_and_noise_disturb_nobody(open_transports: Open) -> None:
    transports, sink = await open_transports(listen("udp"))
    phone, _ = await udp_phone("127.0.0.1", transports.bound[0].port)
    for data in (b"\r\n\r\n", b"", b"\0\0\0\0", b"\x00\x01", b"jaK"):
        phone.sendto(data)
    phone.sendto(options())
    assert (await sink.message())[0].call_id == "c1"
    assert sink.bad.qsize() == 1
    phone.close()


async def test_unreachable_udp_target_is_a_transport_failure(open_transports: Open) -> None:
    transports, sink = await open_transports(listen("udp"))
    transports.send(Send(Target("udp", "::1", 5060), b"x", "no listener of that family"))
    transports.send(Send(Flow("udp", "127.0.0.1", 1, "127.0.0.1", 1, 999), b"x", "no such listener"))
    assert [await sink.failure(), await sink.failure()] == ["no listener of that family", "no such listener"]


async def test_overloaded_gate_answers_503_from_the_socket_and_absorbs_the_ack(open_transports: Open) -> None:
    gate = OverloadGate(b"secret", interval_s=1000)
    transports, sink = await open_transports(listen("udp"), gate=gate)
    phone, got = await udp_phone("127.0.0.1", transports.bound[0].port)
    assert gate.admit(transports.intake.clock())
    gate.rate = 1e-9
    phone.sendto(options("call").replace(b"OPTIONS", b"INVITE"))
    refusal = parse_message(await got.next())
    assert isinstance(refusal, Response)
    assert refusal.status == 503
    ack = (
        options("call")
        .replace(b"OPTIONS", b"ACK")
        .replace(b"To: <sip:100@127.0.0.1>", f"To: {refusal.get('To')}".encode())
    )
    phone.sendto(ack)
    phone.sendto(options("after"))
    assert (await sink.message())[0].call_id == "after"
    phone.close()


async def test_port_taken_is_an_oserror_and_leaves_nothing_open(open_transports: Open) -> None:
    taken, _ = await open_transports(listen("tcp"))
    port = taken.bound[0].port
    with pytest.raises(OSError, match="in use"):
        await open_transports(NetSettings((Listener("udp", "127.0.0.1", 0), Listener("tcp", "127.0.0.1", port))))


# --- TCP ------------------------------------------------------------------------------------------------------------


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


# --- limits ---------------------------------------------------------------------------------------------------------


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


# --- TLS ------------------------------------------------------------------------------------------------------------


async def test_tls_connection_checks_the_server_name(open_transports: Open, certificate: CertificateFiles) -> None:
    client_tls = TlsClient(ca_file=str(certificate.authority))
    server, sink = await open_transports(listen("tls", tls=server_tls(certificate)))
    client, failures = await open_transports(listen("udp", tls_client=client_tls))
    port = server.bound[0].port
    client.send(Send(Target("tls", "127.0.0.1", port, "sip.example.com"), options("good", "TLS 127.0.0.1")))
    message, flow = await sink.message()
    assert message.call_id == "good"
    assert flow.transport == "tls"
    client.send(Send(Target("tls", "127.0.0.1", port, "other.example.com"), options("evil"), "wrong name"))
    assert await failures.failure() == "wrong name"


async def test_unknown_authority_is_refused_unless_told_not_to_verify(
    open_transports: Open, certificate: CertificateFiles
) -> None:
    server, sink = await open_transports(listen("tls", tls=server_tls(certificate)))
    strict, failures = await open_transports(listen("udp"))
    lax, _ = await open_transports(listen("udp", tls_client=TlsClient(verify=False)))
    target = Target("tls", "127.0.0.1", server.bound[0].port)
    strict.send(Send(target, options("strict"), "unverified"))
    assert await failures.failure() == "unverified"
    lax.send(Send(target, options("lax", "TLS 127.0.0.1")))
    assert (await sink.message())[0].call_id == "lax"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_tls_is_refused(open_transports: Open, certificate: CertificateFiles) -> None:
    server, _ = await open_transports(listen("tls", tls=server_tls(certificate)))
    context = ssl.create_default_context(cafile=str(certificate.authority))
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", server.bound[0].port, ssl=context, server_hostname="127.0.0.1")


async def test_reloaded_certificate_is_shown_to_new_connections(
    open_transports: Open, certificate: CertificateFiles, tmp_path: Any
) -> None:
    from kiestoon.net.certificate import create_certificate

    def names(writer: asyncio.StreamWriter) -> str:
        return str(writer.get_extra_info("peercert")["subjectAltName"])

    for file in (certificate.certificate, certificate.key):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    tls = TlsServer(str(tmp_path / certificate.certificate.name), str(tmp_path / certificate.key.name))
    server, _ = await open_transports(listen("tls", tls=tls))
    fresh = create_certificate(tmp_path, ["new.example.com", "127.0.0.1"], datetime.datetime.now(datetime.UTC))
    context = ssl.create_default_context(cafile=str(certificate.authority))
    context.load_verify_locations(str(fresh.authority))
    port = server.bound[0].port
    _, before = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="127.0.0.1")
    server.reload_certificates()
    _, after = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="127.0.0.1")
    assert "new.example.com" not in names(before)
    assert "new.example.com" in names(after)
    before.close()
    after.close()


async def test_a_bad_certificate_is_an_error_and_the_one_of_before_stays(
    open_transports: Open, certificate: CertificateFiles, tmp_path: Any
) -> None:
    for file in (certificate.certificate, certificate.key):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    key = tmp_path / certificate.key.name
    server, _ = await open_transports(
        listen("tls", tls=TlsServer(str(tmp_path / certificate.certificate.name), str(key)))
    )
    context = ssl.create_default_context(cafile=str(certificate.authority))
    held = serialization.load_pem_private_key(key.read_bytes(), None)
    protected = held.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"word")
    )
    for bad in (b"junk", protected):  # whose password nobody is asked for: the exchange would wait for ever
        key.write_bytes(bad)
        with pytest.raises(ssl.SSLError):
            server.reload_certificates()
    key.unlink()
    with pytest.raises(FileNotFoundError):
        server.reload_certificates()
    port = server.bound[0].port
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="127.0.0.1")
    writer.close()


async def test_an_unfinished_tls_handshake_is_given_up(open_transports: Open, certificate: CertificateFiles) -> None:
    settings = listen(
        "tls", tls=server_tls(certificate), limits=StreamLimits(handshake_s=0.05, connections_per_source=1)
    )
    server, sink = await open_transports(settings)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.bound[0].port)
    await until_closed(reader)
    writer.close()
    lax, _ = await open_transports(listen("udp", tls_client=TlsClient(verify=False)))
    lax.send(Send(Target("tls", "127.0.0.1", server.bound[0].port), options("next", "TLS 127.0.0.1")))
    assert (await sink.message())[0].call_id == "next"


# --- WebSocket ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ws", "wss"])
async def test_websocket_carries_one_message_per_frame_both_ways(
    open_transports: Open, certificate: CertificateFiles, kind: Transport
) -> None:
    tls = server_tls(certificate) if kind == "wss" else None
    server, sink = await open_transports(listen(kind, tls=tls))
    client, answers = await open_transports(listen("udp", tls_client=TlsClient(ca_file=str(certificate.authority))))
    client.send(Send(Target(kind, "127.0.0.1", server.bound[0].port), options("w", f"{kind.upper()} df7jal.invalid")))
    request, flow = await sink.message()
    assert flow.transport == kind
    server.send(Send(flow, Response.answer(request, 200, to_tag="t").encode()))
    response, _ = await answers.message()
    assert isinstance(response, Response)
    assert response.status == 200
    assert server.keep_alive(flow)


async def test_websockets_library_client_can_talk_to_us(open_transports: Open) -> None:
    from websockets.asyncio.client import connect

    server, sink = await open_transports(listen("ws"))
    async with connect(f"ws://127.0.0.1:{server.bound[0].port}/", subprotocols=["sip"]) as browser:
        assert browser.subprotocol == "sip"
        await browser.send(options("text", "WS df7jal.invalid").decode())
        await browser.send(options("binary", "WS df7jal.invalid"))
        assert [(await sink.message())[0].call_id for _ in range(2)] == ["text", "binary"]
        await browser.send("\r\n\r\n")
        assert await browser.recv() == "\r\n"


async def test_websocket_without_the_sip_subprotocol_is_refused(open_transports: Open) -> None:
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus

    server, _ = await open_transports(listen("ws"))
    with pytest.raises(InvalidStatus):
        await connect(f"ws://127.0.0.1:{server.bound[0].port}/", subprotocols=["chat"])


async def test_too_large_a_websocket_message_closes_the_connection(open_transports: Open) -> None:
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed

    server, _ = await open_transports(listen("ws", limits=StreamLimits(websocket_message=1000)))
    async with connect(f"ws://127.0.0.1:{server.bound[0].port}/", subprotocols=["sip"]) as browser:
        await browser.send("x" * 2000)
        with pytest.raises(ConnectionClosed):
            await browser.recv()


async def test_tap_sees_messages_both_ways(open_transports: Open) -> None:
    seen: list[tuple[str, bytes]] = []
    transports, sink = await open_transports(
        listen("udp"), tap=lambda way, data, flow, wall: seen.append((way, data[:7]))
    )
    phone, got = await udp_phone("127.0.0.1", transports.bound[0].port)
    phone.sendto(options())
    _, flow = await sink.message()
    transports.send(Send(flow, b"SIP/2.0 200 OK\r\n\r\n"))
    await got.next()
    assert seen == [("in", b"OPTIONS"), ("out", b"SIP/2.0")]
    phone.close()
