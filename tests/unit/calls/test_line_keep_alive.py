"""Which providers are asked for signs of life, along which path, and for how long."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest

from kiestoon.calls.line_keep_alive import KeptLine, LineKeepAlive
from kiestoon.calls.lines import Registering
from kiestoon.company.model import Trunk
from kiestoon.sip.events import ResponseReceived
from kiestoon.sip.flow import Flow

INTERVAL_S = 28.0
PATH = Flow("udp", "192.168.7.5", 5060, "203.0.113.9", 5060, 1)
LINE: Any = Trunk(id=5, name="login", kind="register", host="sip.provider.example", username="31205550100")


class Office:
    """One line, and what is asked of its provider."""

    def __init__(self, interval_s: float = INTERVAL_S) -> None:
        self.asked: list[dict[str, Any]] = []
        self.trunk = LINE
        self.registered = True
        exchange: Any = SimpleNamespace(
            directory=SimpleNamespace(trunk=lambda _: self.trunk),
            lines=SimpleNamespace(state=lambda _: SimpleNamespace(registered=self.registered)),
            endpoint=SimpleNamespace(request=lambda now, **request: self.asked.append({"at": now, **request})),
        )
        self.keep_alive = LineKeepAlive(exchange, interval_s, random.Random(1))

    def log_in(self, flow: Flow = PATH, now: float = 0.0, *, remove: bool = False, status: int = 200) -> None:
        event = ResponseReceived(Registering(5, remove), status, None, False, flow)
        assert not self.keep_alive.takes(event, now), "call control has to hear of it too"

    def run(self, until: float, status: int = 200) -> None:
        while (at := self.keep_alive.next_deadline()) is not None and at <= until:
            before = len(self.asked)
            self.keep_alive.handle_timers(at)
            for request in self.asked[before:]:
                assert self.keep_alive.takes(ResponseReceived(request["token"], status, None, False), at)


@pytest.mark.parametrize("status", [200, 404, 408])
def test_provider_is_asked_along_the_path_of_the_login_whatever_it_answers(status: int) -> None:
    office = Office()
    office.log_in()
    office.run(200.0, status)
    assert 7 <= len(office.asked) <= 9
    assert {(each["method"], each["uri"], each["destination"]) for each in office.asked} == {
        ("OPTIONS", "sip:sip.provider.example", (PATH,))
    }


def test_login_refreshed_does_not_double_the_questions_and_its_path_counts() -> None:
    office = Office()
    office.log_in()
    moved = Flow("udp", "192.168.7.5", 5060, "203.0.113.10", 5060, 1)
    office.log_in(moved, 1.0)
    office.run(INTERVAL_S)
    assert [each["destination"] for each in office.asked] == [(moved,)]


@pytest.mark.parametrize(
    "flow",
    [
        Flow("udp", "192.168.7.5", 5060, "192.168.7.9", 5060, 1),
        Flow("tls", "192.168.7.5", 5061, "203.0.113.9", 5061, 1),
    ],
    ids=["own network", "connection"],
)
def test_provider_nobody_forgets_is_not_asked(flow: Flow) -> None:
    office = Office()
    office.log_in(flow)
    assert office.keep_alive.next_deadline() is None


def test_nobody_is_asked_when_switched_off_logged_out_or_refused() -> None:
    for office, login in ((Office(0.0), {}), (Office(), {"remove": True}), (Office(), {"status": 403})):
        office.log_in(**login)
        assert office.keep_alive.next_deadline() is None


@pytest.mark.parametrize("gone", ["line", "login"])
def test_questions_end_with_the_line_or_its_login(gone: str) -> None:
    office = Office()
    office.log_in()
    if gone == "line":
        office.trunk = None
    else:
        office.registered = False
    office.run(200.0)
    assert office.asked == []
    assert len(office.keep_alive) == 0
    assert office.keep_alive.takes(ResponseReceived(KeptLine(5), 200, None, False), 200.0)
    assert office.keep_alive.next_deadline() is None
