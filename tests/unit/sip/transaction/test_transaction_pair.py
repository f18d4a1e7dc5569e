"""Two transaction layers joined by a network that loses, doubles and delays packets, on a stepped clock."""

from __future__ import annotations

import heapq
import random
from collections import Counter

from hypothesis import example, given, settings
from hypothesis import strategies as st

from kiestoon.sip.flow import Flow, Send, Target, Transport
from kiestoon.sip.message import Request, Response
from kiestoon.sip.parse import parse_message
from kiestoon.sip.tokens import Tokens
from kiestoon.sip.transaction import (
    CancelFor,
    ClientInvite,
    NewRequest,
    Responded,
    TimedOut,
    TransactionEvent,
    TransactionLayer,
)


class Here:
    def __init__(self, host: str) -> None:
        self.host = host

    def sent_by(self, destination: object) -> tuple[str, int]:
        return self.host, 5060


class Network:
    """Alice calls, Bob answers every request with ``status`` after ``delay_s``."""

    def __init__(self, seed: int, loss: float, transport: Transport, status: int, delay_s: float) -> None:
        self.rng = random.Random(seed)
        self.loss = 0.0 if transport == "tcp" else loss
        self.transport = transport
        self.status = status
        self.delay_s = delay_s
        self.now = 0.0
        self.alice = TransactionLayer(Tokens(random.Random(1)), Here("192.0.2.1"))
        self.bob = TransactionLayer(Tokens(random.Random(2)), Here("192.0.2.2"))
        self.queue: list[tuple[float, int, TransactionLayer, bytes]] = []
        self.answers: list[tuple[float, int, NewRequest]] = []
        self.count = 0
        self.outcomes: Counter[str] = Counter()
        self.asked = 0

    def send_all(self, sender: TransactionLayer, receiver: TransactionLayer) -> None:
        for output in list(sender.outputs):
            assert isinstance(output, Send)
            for _ in range(2 if self.loss and self.rng.random() < 0.1 else 1):
                if self.rng.random() >= self.loss:
                    self.count += 1
                    delay = self.rng.uniform(0.001, 0.3) if self.loss else 0.01
                    heapq.heappush(self.queue, (self.now + delay, self.count, receiver, output.data))
        sender.outputs.clear()

    def settle(self) -> None:
        for event in list(self.bob.events):
            self.bob_hears(event)
        self.bob.events.clear()
        for event in list(self.alice.events):
            if isinstance(event, TimedOut):
                self.outcomes["timeout"] += 1
            elif isinstance(event, Responded) and event.response.final:
                self.outcomes["final"] += 1
        self.alice.events.clear()
        self.send_all(self.alice, self.bob)
        self.send_all(self.bob, self.alice)

    def bob_hears(self, event: TransactionEvent) -> None:
        if isinstance(event, NewRequest):
            self.asked += 1
            self.count += 1
            heapq.heappush(self.answers, (self.now + self.delay_s, self.count, event))
            self.bob.respond(event.transaction, Response.answer(event.request, 100), self.now)
        elif isinstance(event, CancelFor) and event.transaction.request is not None:
            refusal = Response.answer(event.transaction.request, 487, to_tag="b")
            self.bob.respond(event.transaction, refusal, self.now)

    def step(self) -> bool:
        times = [deadline for layer in (self.alice, self.bob) if (deadline := layer.next_deadline()) is not None]
        times += [self.queue[0][0]] if self.queue else []
        times += [self.answers[0][0]] if self.answers else []
        if not times:
            return False
        self.now = max(self.now, min(times))
        while self.queue and self.queue[0][0] <= self.now:
            _, _, layer, data = heapq.heappop(self.queue)
            ours, theirs = ("192.0.2.1", "192.0.2.2") if layer is self.alice else ("192.0.2.2", "192.0.2.1")
            layer.receive(parse_message(data), Flow(self.transport, ours, 5060, theirs, 5060, 1), self.now)
        while self.answers and self.answers[0][0] <= self.now:
            event = heapq.heappop(self.answers)[2]
            response = Response.answer(event.request, self.status, to_tag="b")
            self.bob.respond(event.transaction, response, self.now)
        self.alice.handle_timers(self.now)
        self.bob.handle_timers(self.now)
        self.settle()
        return True


def request(method: str) -> Request:
    headers = [("From", "<sip:a@x.test>;tag=1"), ("To", "<sip:b@x.test>"), ("Call-ID", "c1"), ("CSeq", f"1 {method}")]
    return Request(method, "sip:b@192.0.2.2", headers)


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    loss=st.sampled_from([0.0, 0.2, 0.5, 0.9]),
    transport=st.sampled_from(["udp", "tcp"]),
    method=st.sampled_from(["INVITE", "OPTIONS"]),
    status=st.sampled_from([200, 404, 603]),
    delay_s=st.sampled_from([0.0, 0.4, 5.0]),
    cancel_at=st.sampled_from([None, 0.0, 0.2, 3.0]),
)
@example(seed=32863022, loss=0.9, transport="udp", method="INVITE", status=404, delay_s=0.0, cancel_at=None)
def test_every_request_is_seen_at_most_once_has_one_outcome_and_leaves_nothing(
    seed: int,
    loss: float,
    transport: Transport,
    method: str,
    status: int,
    delay_s: float,
    cancel_at: float | None,
) -> None:
    network = Network(seed, loss, transport, status, delay_s)
    transaction = network.alice.request(request(method), Target(transport, "192.0.2.2", 5060), 0.0)
    network.settle()
    steps = 0
    while network.step():
        steps += 1
        assert steps < 2000
        if cancel_at is not None and network.now >= cancel_at and isinstance(transaction, ClientInvite):
            network.alice.cancel(transaction, network.now)
            cancel_at = None
            network.settle()
    assert network.asked <= 1
    # Giving up on an INVITE whose provisional response came and whose final ones were all lost, and repeating a lost
    # 2xx, is the session's (RFC 3261 §13, §17.1.1.2).
    left = method == "INVITE" and bool(loss) and transaction.state == "proceeding"
    if not (left or (method == "INVITE" and status == 200 and loss)):
        assert network.outcomes["timeout"] + network.outcomes["final"] >= 1
    if method == "OPTIONS" or status != 200:
        assert sum(network.outcomes.values()) == (0 if left else 1)
    if not loss:
        assert network.outcomes["timeout"] == 0
    assert len(network.alice) == (1 if left else 0)
    assert len(network.bob) == 0
