"""What the transaction layer costs beyond parsing, and what a finished transaction keeps in memory.

One server transaction: a parsed OPTIONS in, 200 out (encoding included). One client transaction: OPTIONS out, a parsed
200 in. Both with 100,000 others alive, as under load; their timers run at the end. Last line: the mean of both sides.
"""

from __future__ import annotations

import gc
import time
import tracemalloc

from kiestoon.sip.flow import Flow, Target
from kiestoon.sip.message import Request, Response
from kiestoon.sip.parse import parse_message
from kiestoon.sip.tokens import Tokens
from kiestoon.sip.transaction import NewRequest, TransactionLayer

FLOW = Flow("udp", "192.0.2.1", 5060, "198.51.100.7", 33221, 1)
TARGET = Target("udp", "198.51.100.7", 5060)
ALIVE = 100_000
MEASURED = 20_000


class Here:
    def sent_by(self, destination: object) -> tuple[str, int]:
        return "192.0.2.1", 5060


def wire(number: int) -> bytes:
    return (
        f"OPTIONS sip:100@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5:5062;branch=z9hG4bK{number:016x};rport\r\n"
        f"From: <sip:bob@example.com>;tag={number:x}\r\nTo: <sip:100@192.0.2.1>\r\nCall-ID: {number:032x}\r\n"
        "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContact: <sip:bob@10.0.0.5:5062>\r\nUser-Agent: bench\r\n\r\n"
    ).encode()


def serve(layer: TransactionLayer, requests: list[Request]) -> None:
    events, outputs = layer.events, layer.outputs
    for request in requests:
        layer.receive(request, FLOW, 1.0)
        event = events.popleft()
        assert isinstance(event, NewRequest)
        layer.respond(event.transaction, Response.answer(event.request, 200, "OK", to_tag="t1"), 1.0)
        outputs.clear()


def parsed(first: int, count: int) -> list[Request]:
    return [message for i in range(first, first + count) if isinstance(message := parse_message(wire(i)), Request)]


def measure_server(layer: TransactionLayer) -> float:
    requests = parsed(ALIVE, MEASURED)
    start = time.perf_counter()
    serve(layer, requests)
    return (time.perf_counter() - start) / MEASURED * 1e6


def measure_client(layer: TransactionLayer) -> float:
    requests = [
        Request(
            "OPTIONS",
            "sip:bob@198.51.100.7",
            [
                ("From", "<sip:100@192.0.2.1>;tag=1"),
                ("To", "<sip:bob@198.51.100.7>"),
                ("Call-ID", f"{i:032x}"),
                ("CSeq", "1 OPTIONS"),
                ("Max-Forwards", "70"),
                ("Contact", "<sip:192.0.2.1>"),
            ],
        )
        for i in range(MEASURED)
    ]
    start = time.perf_counter()
    for request in requests:
        layer.request(request, TARGET, 1.0)
        layer.outputs.clear()
    spent = time.perf_counter() - start
    replies = [parse_message(Response.answer(request, 200, "OK", to_tag="t1").encode()) for request in requests]
    start = time.perf_counter()
    for reply in replies:
        layer.receive(reply, FLOW, 1.1)
        layer.events.clear()
    return (spent + time.perf_counter() - start) / MEASURED * 1e6


def main() -> None:
    layer = TransactionLayer(Tokens(), Here())
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for first in range(0, 10_000, 1000):
        serve(layer, parsed(10_000_000 + first, 1000))
    gc.collect()
    print(f"kept by a finished server transaction: {(tracemalloc.get_traced_memory()[0] - before) / 10_000:.0f} bytes")
    tracemalloc.stop()
    for first in range(0, ALIVE, 5000):
        serve(layer, parsed(first, 5000))
    server = measure_server(layer)
    client = measure_client(layer)
    alive = len(layer)
    start = time.perf_counter()
    while (at := layer.next_deadline()) is not None:
        layer.handle_timers(at)
    timers = (time.perf_counter() - start) / alive * 1e6
    print(
        f"server transaction {server:.1f} us, client transaction {client:.1f} us, ending one by timer {timers:.1f} us"
    )
    print(f"transactions: {(server + client) / 2:.1f} us")


if __name__ == "__main__":
    main()
