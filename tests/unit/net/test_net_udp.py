"""SIP over UDP on real loopback sockets: RFC 3261 §18, RFC 3581, STUN, refusals straight from the socket."""

from __future__ import annotations

import socket

import pytest
from net_peers import options
from transport_peers import Open, listen, udp_phone

from kiestoon.net.overload import OverloadGate
from kiestoon.net.settings import Listener, NetSettings
from kiestoon.net.stun import encode_binding_request, parse_mapped_address
from kiestoon.sip.flow import Flow, Send, Target
from kiestoon.sip.message import Response
from kiestoon.sip.parse import parse_message


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
