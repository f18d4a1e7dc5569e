"""SIP over WebSocket (RFC 7118)."""

from __future__ import annotations

import pytest
from net_peers import options
from transport_peers import Open, listen, server_tls

from kiestoon.net.certificate import CertificateFiles
from kiestoon.net.settings import StreamLimits, TlsClient
from kiestoon.sip.flow import Send, Target, Transport
from kiestoon.sip.message import Response


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
