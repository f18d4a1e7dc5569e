"""Keeping the path to a provider open: it calls us where our REGISTER came from, as long as a router of ours remembers.

The same as ``keep_alive`` does for phones, from the other side: an OPTIONS along the path of the latest login.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import msgspec

from kiestoon.calls.keep_alive import SHORTEST
from kiestoon.calls.lines import Registering, trunk_uri
from kiestoon.registrar.sources import LOOPBACK, PRIVATE
from kiestoon.sip.deadlines import DeadlineQueue
from kiestoon.sip.events import ResponseReceived
from kiestoon.sip.flow import Flow
from kiestoon.sip.headers import NameAddr
from kiestoon.sip.uri import Uri

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.sip.events import Event


class KeptLine(msgspec.Struct, frozen=True, gc=False):
    """Token of our OPTIONS: the line it keeps."""

    trunk_id: int


class LineKeepAlive:
    """Engine: asks every provider on UDP outside our own networks once in ``interval_s`` (0: none) while we are logged
    in there."""

    def __init__(self, exchange: Exchange, interval_s: float, source: random.Random | None = None) -> None:
        self._x = exchange
        self._interval_s = interval_s
        self._random = source or random.SystemRandom()
        self._flows: dict[int, Flow] = {}
        """Line → the path of the latest login; a line in here has a deadline or a question on its way."""
        self._deadlines: DeadlineQueue[int] = DeadlineQueue()

    def __len__(self) -> int:
        return len(self._flows)

    def takes(self, event: Event, now: float) -> bool:
        """Whether the event was an answer to a question of ours; logins are noted in passing. Whatever the provider
        says, the path is open; if it says nothing, it may be there again the next time."""
        if not isinstance(event, ResponseReceived):
            return False
        if isinstance(event.token, KeptLine):
            if event.token.trunk_id in self._flows:
                self._again(event.token.trunk_id, now)
            return True
        if isinstance(event.token, Registering) and 200 <= event.status < 300 and event.flow is not None:
            self._logged_in(event.token, event.flow, now)
        return False

    def next_deadline(self) -> float | None:
        """When the next question is due."""
        return self._deadlines.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Ask whom it is time to ask."""
        for trunk_id, _ in self._deadlines.due(now):
            if not self._ask(trunk_id, now):
                del self._flows[trunk_id]

    def _logged_in(self, token: Registering, flow: Flow, now: float) -> None:
        if not self._interval_s or token.remove or flow.transport != "udp":
            return
        if flow.remote_host in PRIVATE or flow.remote_host in LOOPBACK:
            return
        begun = token.trunk_id in self._flows
        self._flows[token.trunk_id] = flow
        if not begun:
            self._again(token.trunk_id, now)

    def _again(self, trunk_id: int, now: float) -> None:
        self._deadlines.start(now + self._interval_s * self._random.uniform(SHORTEST, 1.0), "ask", trunk_id)

    def _ask(self, trunk_id: int, now: float) -> bool:
        trunk = self._x.directory.trunk(trunk_id)
        if trunk is None or not self._x.lines.state(trunk_id).registered:
            return False
        own = NameAddr("", Uri("sip", trunk.username, host=trunk.domain or trunk.host))
        self._x.endpoint.request(
            now,
            method="OPTIONS",
            uri=trunk_uri(trunk),
            from_=own,
            to=own,
            destination=(self._flows[trunk_id],),
            contact=True,
            token=KeptLine(trunk_id),
        )
        return True
