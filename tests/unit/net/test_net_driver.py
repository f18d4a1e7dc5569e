"""The driver: input, outputs, events and one timer, over real sockets where it matters."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
import uvloop
from net_peers import options

from kiestoon.net.certificate import CertificateFiles
from kiestoon.net.driver import EndpointDriver
from kiestoon.net.overload import OverloadGate
from kiestoon.net.settings import Listener, NetSettings, TlsClient, TlsServer
from kiestoon.net.transports import SipTransports
from kiestoon.sip.flow import Flow, Output, Resolve, Send, Target, Transport
from kiestoon.sip.message import Request, Response
from kiestoon.sip.parse import parse_message
from kiestoon.sip.tokens import Tokens
from kiestoon.sip.transaction import NewRequest, Responded, TransactionLayer, TransportFailed

FLOW = Flow("udp", "192.0.2.1", 5060, "198.51.100.7", 33221, 1)
MESSAGE = parse_message(options())


class Engine:
    """Does what the test says: ``script`` is called with everything that comes in."""

    def __init__(self) -> None:
        self.out: deque[Output] = deque()
        self.told: deque[str] = deque()
        self.deadline: float | None = None
        self.calls: list[tuple[str, Any]] = []
        self.fired = asyncio.Event()
        self.resolved_with = asyncio.Event()

    def receive(self, message: Request | Response, flow: Flow, now: float) -> None:
        self.calls.append(("receive", message.call_id))
        if message.call_id == "crash":
            raise RuntimeError("engine bug")
        self.told.append(message.call_id)

    def resolved(self, token: int, targets: Sequence[Target], now: float) -> None:
        self.calls.append(("resolved", (token, list(targets))))
        self.resolved_with.set()

    def transport_failed(self, transaction: str, now: float) -> None:
        self.calls.append(("failed", transaction))

    def handle_timers(self, now: float) -> None:
        assert self.deadline is not None
        assert now >= self.deadline
        self.deadline = None
        self.fired.set()

    def outputs(self) -> Iterable[Output]:
        drained = list(self.out)
        self.out.clear()
        return drained

    def events(self) -> Iterable[str]:
        drained = list(self.told)
        self.told.clear()
        return drained

    def next_deadline(self) -> float | None:
        return self.deadline


class Wire:
    def __init__(self) -> None:
        self.sent: list[Send] = []

    def send(self, send: Send) -> None:
        self.sent.append(send)


async def test_outputs_of_an_event_are_sent_before_the_next_event() -> None:
    engine, wire = Engine(), Wire()
    order: list[str] = []

    def on_event(event: str, now: float) -> None:
        order.append(f"{event} after {len(wire.sent)} sent")
        engine.out.append(Send(FLOW, event.encode()))
        if event == "c1":
            engine.told.append("more")

    driver = EndpointDriver(engine, on_event)
    driver.attach(wire)
    driver.on_message(MESSAGE, FLOW)
    engine.told.append("second")
    driver.flush()
    assert order == ["c1 after 0 sent", "second after 1 sent", "more after 2 sent"]
    assert len(wire.sent) == 3
    await driver.close()


async def test_a_crash_in_the_engine_or_a_listener_costs_that_message_only() -> None:
    engine, wire = Engine(), Wire()
    seen: list[str] = []

    def on_event(event: str, now: float) -> None:
        seen.append(event)
        raise ValueError("listener bug")

    driver = EndpointDriver(engine, on_event)
    driver.attach(wire)
    driver.on_message(parse_message(options("crash")), FLOW)
    driver.on_message(parse_message(options("c2")), FLOW)
    driver.on_message(parse_message(options("c3")), FLOW)
    driver.flush()
    assert seen == ["c2", "c3"]
    await driver.close()


async def test_one_timer_fires_at_the_deadline_and_moves_forward_when_an_earlier_one_comes() -> None:
    engine = Engine()
    driver = EndpointDriver(engine, lambda event, now: None)
    driver.attach(Wire())
    engine.deadline = driver.now + 60
    driver.flush()
    engine.deadline = driver.now + 0.01
    driver.flush()
    async with asyncio.timeout(5):
        await engine.fired.wait()
    await driver.close()


async def test_a_later_deadline_leaves_the_timer_alone_and_is_met_all_the_same() -> None:
    engine = Engine()
    driver = EndpointDriver(engine, lambda event, now: None)
    driver.attach(Wire())
    engine.deadline = driver.now + 0.01
    driver.flush()
    timer = driver._timer
    engine.deadline = driver.now + 0.02
    driver.flush()
    assert driver._timer is timer
    engine.handle_timers = lambda now: now >= (engine.deadline or 0) and engine.fired.set()  # type: ignore[method-assign, func-returns-value]  # early calls are allowed
    async with asyncio.timeout(5):
        await engine.fired.wait()
    await driver.close()


async def test_resolve_comes_back_with_targets() -> None:
    class Names:
        async def resolve(self, uri: str) -> list[Target]:
            return [Target("udp", "192.0.2.7", 5060, uri)]

    engine = Engine()
    driver = EndpointDriver(engine, lambda event, now: None)
    driver.attach(Wire(), Names())
    engine.out.append(Resolve("sip:x.test", 7))
    driver.touch()
    driver.touch()
    async with asyncio.timeout(5):
        await engine.resolved_with.wait()
    assert engine.calls == [("resolved", (7, [Target("udp", "192.0.2.7", 5060, "sip:x.test")]))]
    await driver.close()


async def test_heartbeat_feeds_the_gate() -> None:
    beaten = asyncio.Event()

    class Gate(OverloadGate):
        def sample(self, waited_s: float, now: float, kind: Any = "socket") -> None:
            assert kind == "loop"
            assert waited_s >= 0
            beaten.set()

    driver = EndpointDriver(Engine(), lambda event, now: None, gate=Gate(b"s"))
    driver.attach(Wire())
    async with asyncio.timeout(5):
        await beaten.wait()
    await driver.close()


# --- two transaction layers over real UDP and TCP ------------------------------------------------------------------


class LayerEngine:
    """A transaction layer with the face of an endpoint."""

    def __init__(self) -> None:
        self.layer: TransactionLayer

    def receive(self, message: Request | Response, flow: Flow, now: float) -> None:
        self.layer.receive(message, flow, now)

    def resolved(self, token: int, targets: Sequence[Target], now: float) -> None: ...

    def transport_failed(self, transaction: str, now: float) -> None:
        self.layer.transport_failed(transaction, now)

    def handle_timers(self, now: float) -> None:
        self.layer.handle_timers(now)

    def outputs(self) -> Iterable[Output]:
        while self.layer.outputs:
            yield self.layer.outputs.popleft()

    def events(self) -> Iterable[object]:
        while self.layer.events:
            yield self.layer.events.popleft()

    def next_deadline(self) -> float | None:
        return self.layer.next_deadline()


async def start_party(
    on_event: Callable[[TransactionLayer, object, float], None], settings: NetSettings
) -> tuple[SipTransports, EndpointDriver[object], TransactionLayer]:
    engine = LayerEngine()
    driver: EndpointDriver[object] = EndpointDriver(engine, lambda event, now: on_event(engine.layer, event, now))
    transports = SipTransports(driver, settings)
    await transports.start()
    engine.layer = TransactionLayer(Tokens(random.Random(1)), transports.local)
    driver.attach(transports)
    return transports, driver, engine.layer


def listen(*kinds: Transport, certificate: CertificateFiles | None = None) -> NetSettings:
    tls = TlsServer(str(certificate.certificate), str(certificate.key)) if certificate else None
    trust = TlsClient(ca_file=str(certificate.authority)) if certificate else TlsClient()
    return NetSettings(tuple(Listener(kind, "127.0.0.1", 0, tls=tls) for kind in kinds), trust)


def ask(call_id: str) -> Request:
    headers = [("From", "<sip:a@x.test>;tag=1"), ("To", "<sip:b@x.test>"), ("Call-ID", call_id), ("CSeq", "1 OPTIONS")]
    return Request("OPTIONS", "sip:b@127.0.0.1", headers)


async def exchange(certificate: CertificateFiles) -> None:
    """One request and its answer over each transport."""
    answered: asyncio.Queue[object] = asyncio.Queue()

    def serve(layer: TransactionLayer, event: object, now: float) -> None:
        assert isinstance(event, NewRequest)
        layer.respond(event.transaction, Response.answer(event.request, 200, to_tag="t"), now)

    everything = listen("udp", "tcp", "tls", "ws", "wss", certificate=certificate)
    server, server_driver, _ = await start_party(serve, everything)
    client, client_driver, layer = await start_party(lambda _, event, now: answered.put_nowait(event), everything)
    for bound in server.bound:
        target = Target(bound.transport, "127.0.0.1", bound.port, "sip.example.com")
        layer.request(ask(bound.transport), target, client_driver.now)
        client_driver.flush()
        async with asyncio.timeout(5):
            event = await answered.get()
        assert isinstance(event, Responded)
        assert event.response.status == 200
        assert event.response.via.transport == bound.transport.upper()
    for driver, transports in ((server_driver, server), (client_driver, client)):
        await driver.close()
        await transports.close()


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_transaction_over_every_transport_on_both_event_loops(run: Any, certificate: CertificateFiles) -> None:
    run(exchange(certificate))


async def test_a_failed_connection_reaches_the_transaction_user() -> None:
    told: asyncio.Queue[object] = asyncio.Queue()
    client, driver, layer = await start_party(lambda _, event, now: told.put_nowait(event), listen("tcp"))
    transaction = layer.request(ask("c9"), Target("tcp", "127.0.0.1", 1), driver.now)
    driver.flush()
    async with asyncio.timeout(5):
        assert await told.get() == TransportFailed(transaction)
    await driver.close()
    await client.close()
