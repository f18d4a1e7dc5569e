"""Two or more SIP endpoints on the fake network, with the little a test needs to know of each."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeVar

from network import Address, FakeLocal, Network, Node

from kiestoon.sip import events
from kiestoon.sip.endpoint import Endpoint, Settings
from kiestoon.sip.message import Request, Response
from kiestoon.sip.session import Session
from kiestoon.sip.tokens import Tokens

CLOSING = (events.Refused, events.Redirected, events.Cancelled, events.Ended)
OFFER, ANSWER = b"v=0 offer", b"v=0 answer"

E = TypeVar("E")


class Phone:
    """An endpoint, its events as they came, and ``on_event`` to act on them."""

    def __init__(self, network: Network, name: str, host: str, settings: Settings | None = None, seed: int = 0) -> None:
        source = random.Random(f"{name}{seed}")
        self.network = network
        self.name = name
        self.endpoint = Endpoint(FakeLocal(host, user=name), Tokens(source), settings, source=source)
        self.node = network.add(Node(name, self.endpoint, (host, 5060), after=self._take))
        self.events: list[Any] = []
        self.on_event: Callable[[Phone, Any, float], None] | None = None

    def _take(self, now: float) -> None:
        for event in self.endpoint.events():
            self.events.append(event)
            if self.on_event is not None:
                self.on_event(self, event, now)

    @property
    def now(self) -> float:
        return self.network.now

    def call(self, other: Phone, body: bytes = OFFER, **options: Any) -> Session:
        options.setdefault("destination", [other.node.target(options.pop("transport", "udp"))])
        host = other.node.public[0]
        return self.endpoint.invite(
            self.now, uri=f"sip:{other.name}@{host}", to=f"<sip:{other.name}@{host}>",
            from_=f'"{self.name}" <sip:{self.name}@example.com>', body=body, **options,
        )  # fmt: skip

    def last(self, kind: type[E]) -> E:
        """The newest event of a kind; fails the test when there is none."""
        found = [event for event in self.events if isinstance(event, kind)]
        assert found, f"{self.name} saw no {kind.__name__} in {[type(e).__name__ for e in self.events]}"
        return found[-1]

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def sent(self, what: str) -> list[Any]:
        """Messages sent with this method, or this "status METHOD"."""
        return [message for message in self.node.sent if label(message) == what]

    def closed(self, session: Session) -> list[Any]:
        return [event for event in self.events if isinstance(event, CLOSING) and event.session is session]


def label(message: Request | Response) -> str:
    return message.method if isinstance(message, Request) else f"{message.status} {message.cseq.method}"


def pair(seed: int = 1, a: Settings | None = None, b: Settings | None = None) -> tuple[Network, Phone, Phone]:
    network = Network(seed)
    return network, Phone(network, "alice", "192.0.2.1", a, seed), Phone(network, "bob", "192.0.2.2", b, seed)


def established(seed: int = 1, **options: Any) -> tuple[Network, Phone, Phone, Session, Session]:
    """Two phones in a call."""
    network, alice, bob = pair(seed, options.pop("a", None), options.pop("b", None))
    session = alice.call(bob, **options)
    network.run(1)
    other = bob.last(events.InviteReceived).session
    other.accept(network.now, ANSWER)
    network.run(1)
    return network, alice, bob, session, other


def assert_nothing_left(network: Network, *phones: Phone) -> None:
    """Let every timer run out, then look."""
    network.run()
    for phone in phones:
        assert not any(phone.endpoint.counts().values()), f"{phone.name}: {phone.endpoint.counts()}\n{network.ladder()}"


__all__ = ["ANSWER", "CLOSING", "OFFER", "Address", "Phone", "assert_nothing_left", "established", "label", "pair"]
