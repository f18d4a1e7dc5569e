"""Which phones are asked for signs of life, when, and for how long."""

from __future__ import annotations

import random
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from kiestoon.calls.keep_alive import KeepAlive, Kept, needs_keeping
from kiestoon.registrar import Binding, Bindings
from kiestoon.sip.events import ResponseReceived
from kiestoon.sip.flow import Flow, Target

ROUTER = Flow("udp", "198.51.100.1", 5060, "203.0.113.7", 40312, 1)
INTERVAL_S = 28.0


class Office:
    """A registrar with one device, and what is sent to it."""

    def __init__(self) -> None:
        self.bindings = Bindings()
        self.asked: list[dict[str, Any]] = []
        self.device: Any = SimpleNamespace(company_id=1, username="101")
        company = SimpleNamespace(company=SimpleNamespace(domain="town.example"))
        exchange: Any = SimpleNamespace(
            registrar=SimpleNamespace(bindings=self.bindings, bindings_of=self.bindings.of),
            directory=SimpleNamespace(device_by_id=lambda _: self.device, company=lambda _: company),
            endpoint=SimpleNamespace(request=lambda now, **request: self.asked.append({"at": now, **request})),
        )
        self.keep_alive = KeepAlive(exchange, INTERVAL_S, random.Random(1))

    def register(self, binding: Binding, now: float = 0.0) -> None:
        self.bindings.replace(binding.device_id, [binding], now, now)
        self.keep_alive.bindings_changed(list(self.bindings.changes), now)
        self.bindings.changes.clear()

    def run(self, until: float, *, answered: bool = True) -> None:
        while (at := self.keep_alive.next_deadline()) is not None and at <= until:
            before = len(self.asked)
            self.keep_alive.handle_timers(at)
            for request in self.asked[before:]:
                status = 200 if answered else 408
                event = ResponseReceived(request["token"], status, None, not answered)
                assert self.keep_alive.takes(event, at)


def binding(contact: str = "sip:101@192.168.7.10:5060", flow: Flow | None = ROUTER, **fields: Any) -> Binding:
    return Binding(1, contact, fields.pop("expires_at", 3600.0), "c", 1, flow, "203.0.113.7", **fields)


def lan(host: str, port: int = 5060) -> Flow:
    return Flow("udp", "192.168.7.1", 5060, host, port, 1)


@pytest.mark.parametrize(
    ("contact", "flow", "needed"),
    [
        ("sip:101@192.168.7.10:5060", ROUTER, True),
        ("sip:101@192.168.7.10", lan("192.168.7.10"), False),
        ("sip:101@192.168.7.10", lan("192.168.7.10", 1024), True),
        ("sip:101@203.0.113.7:40312", ROUTER, True),
        ("sip:101@192.168.7.10:5060", Flow("tcp", "198.51.100.1", 5060, "203.0.113.7", 40312, 1), False),
        ("sip:101@[fd00::7]:5060", lan("fd00::7"), False),
        ("sip:101@phone.invalid", lan("192.168.7.10"), True),
        ("not a uri", ROUTER, True),
    ],
    ids=["translated", "own network", "port differs", "public", "connection", "own IPv6 network", "name", "broken"],
)
def test_phones_somebody_may_forget_are_kept_alive(contact: str, flow: Flow, needed: bool) -> None:
    assert needs_keeping(binding(contact, flow)) is needed


def test_phone_known_from_before_a_restart_is_kept_alive_where_it_was() -> None:
    assert needs_keeping(binding(flow=None, received=Target("udp", "203.0.113.7", 40312)))
    assert not needs_keeping(binding(flow=None))


def test_phone_is_asked_within_every_interval_while_it_is_registered() -> None:
    office = Office()
    office.register(binding())
    office.run(300.0)
    times = [0.0, *(request["at"] for request in office.asked)]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(0.8 * INTERVAL_S <= gap <= INTERVAL_S for gap in gaps)
    assert len(set(gaps)) == len(gaps), "phones must not fall into step"
    assert len(gaps) >= 10
    first = office.asked[0]
    assert (first["method"], first["uri"], first["destination"]) == ("OPTIONS", "sip:101@192.168.7.10:5060", (ROUTER,))


def test_refreshed_registration_is_not_asked_twice_as_often_and_from_its_new_place() -> None:
    office = Office()
    office.register(binding())
    moved = Flow("udp", "198.51.100.1", 5060, "203.0.113.7", 51000, 1)
    office.register(binding(flow=moved), 1.0)
    office.run(INTERVAL_S)
    assert [request["destination"] for request in office.asked] == [(moved,)]


def test_silent_phone_is_asked_again() -> None:
    office = Office()
    office.register(binding())
    office.run(2 * INTERVAL_S, answered=False)
    assert len(office.asked) == 2


def test_nobody_is_asked_when_the_registration_or_the_device_is_gone() -> None:
    office = Office()
    office.register(binding())
    office.bindings.replace(1, [], 1.0, 1.0)
    office.run(100.0)
    office.register(binding(), 100.0)
    office.device = None
    office.run(200.0)
    assert office.asked == []
    assert len(office.keep_alive) == 0
    assert office.keep_alive.next_deadline() is None


def test_registrations_from_before_a_restart_are_asked() -> None:
    office = Office()
    office.bindings.replace(1, [binding()], 0.0, 0.0)
    office.keep_alive.begin_with_all(0.0)
    office.run(INTERVAL_S)
    assert len(office.asked) == 1


def test_other_answers_are_left_to_others() -> None:
    office = Office()
    assert not office.keep_alive.takes(ResponseReceived("other", 200, None, False), 0.0)


def test_late_answer_of_a_phone_that_left_starts_nothing() -> None:
    office = Office()
    assert office.keep_alive.takes(ResponseReceived(Kept(1, "sip:x"), 200, None, False), 0.0)
    assert office.keep_alive.next_deadline() is None
