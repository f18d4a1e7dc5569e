"""Feature keys: what somebody switches on the own phone is switched here, and told to the person's other phones too.

A SUBSCRIBE with a wish has to prove whose it is, and may what the same code, dialled there, might. The back office
writes it; the phone is told how things stand then, also when nothing came of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import structlog

from kiestoon.calls.addresses import is_known
from kiestoon.calls.requests import Failed, OwnRequest, SetStatus, SwitchForward, SwitchService
from kiestoon.company.model import NOWHERE, Destination
from kiestoon.phones.lamps.lamp import lamp_of
from kiestoon.phones.lamps.sources.own_features import CASES, is_own_voicemail
from kiestoon.phones.lamps.telling import Teller
from kiestoon.routing.at_rest import status_at
from kiestoon.routing.forwardable import IndexBook, read_target
from kiestoon.sip.events import RenewalReceived, RequestReceived
from kiestoon.sip.subscription import Subscription
from kiestoon.sip.subscription.feature_events import Forwarding, SetForwarding, Wish, parse_wish

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.company.directory import CompanyIndex
    from kiestoon.company.model import Device, User
    from kiestoon.phones.lamps.lamp import Lamp
    from kiestoon.registrar import DeviceCaller

log = structlog.get_logger("lamps")

MOST_WAITING: Final = 16
"""Wishes of one phone that have not been done yet; nobody presses keys faster."""
FEWEST_RINGS, MOST_RINGS = 2, 20
"""Before there is no answer (V 7.1.3); phones offer more."""
Asked: TypeAlias = RequestReceived | RenewalReceived
Identify: TypeAlias = Callable[[Asked, float], "DeviceCaller | None"]


class _Waiting(NamedTuple):
    """A wish that came by a subscription, from a host; None is one that cannot be read."""

    subscription: Subscription
    wish: Wish | None
    host: str


class FeatureKeys:
    """Does what phones wish, one wish of a phone after the other."""

    def __init__(self, exchange: Exchange, teller: Teller, identify: Identify) -> None:
        self._x = exchange
        self._teller = teller
        self._identify = identify
        self._waiting: dict[int, deque[_Waiting]] = {}
        """By device; the first is being done."""

    def renewal(self, event: RenewalReceived, lamp: Lamp, now: float) -> None:
        """A wish with a renewal: unlike one that only asks, it has to prove whose it is."""
        caller = self._identify(event, now)
        if caller is None:
            return
        if caller.device.id != lamp.device_id:
            self._x.endpoint.respond(now, event.transaction, 403)
        elif event.subscription.renew(event, now, caller.headers):
            lamp.owed = True
            self.wished(event.subscription, event, now)

    def wished(self, subscription: Subscription, asked: Asked, now: float) -> None:
        """Do what the body of a granted SUBSCRIBE says."""
        lamp = lamp_of(subscription)
        if lamp is None:
            return
        queue = self._waiting.setdefault(lamp.device_id, deque())
        if len(queue) >= MOST_WAITING:
            log.warning("too many wishes of a phone", device_id=lamp.device_id)
            return
        queue.append(_Waiting(subscription, parse_wish(asked.request), asked.flow.remote_host))
        if len(queue) == 1:
            self._begin(lamp.device_id, now)

    # --- one after the other -----------------------------------------------------------------------------------------

    def _begin(self, device_id: int, now: float) -> None:
        """What the first wish means is seen only now: by what came of those before it."""
        first = self._waiting[device_id][0]
        lamp = lamp_of(first.subscription)
        requests = self._requests(lamp, first.wish, first.host) if lamp is not None and first.wish is not None else ()
        self._go_on(device_id, requests, now)

    def _go_on(self, device_id: int, requests: tuple[OwnRequest, ...], now: float) -> None:
        if requests:
            self._x.have_done(requests[0], partial(self._done, device_id, requests[1:]))
            return
        queue = self._waiting[device_id]
        self._teller.confirm(queue.popleft().subscription, now)
        if queue:
            self._begin(device_id, now)
        else:
            del self._waiting[device_id]

    def _done(self, device_id: int, left: tuple[OwnRequest, ...], reply: object, now: float) -> None:
        if isinstance(reply, Failed):
            log.warning("wish of a phone not done", device_id=device_id, problem=reply.reason)
            left = ()
        self._go_on(device_id, left, now)

    # --- what a wish means -------------------------------------------------------------------------------------------

    def _requests(self, lamp: Lamp, wish: Wish, host: str) -> tuple[OwnRequest, ...]:
        """What to have written; nothing when it is so already, or may not be."""
        index = self._x.directory.company(lamp.company_id)
        device = self._x.directory.device_by_id(lamp.device_id)
        user = index.user_of(device) if index is not None and device is not None else None
        if index is None or device is None or user is None:
            return ()
        if isinstance(wish, SetForwarding):
            return self._forwarding(index, user, device, wish.forwarding, lamp, host)
        return self._do_not_disturb(index, user, on=wish.on)

    def _do_not_disturb(self, index: CompanyIndex, user: User, *, on: bool) -> tuple[OwnRequest, ...]:
        """Off is off: also when the person's status says so."""
        company_id = index.company.id
        requests: list[OwnRequest] = []
        if user.do_not_disturb != on:
            requests.append(SwitchService(company_id, user.id, "do_not_disturb", on))
        if not on and status_at(index, user, self._x.wall_ms()) == "do_not_disturb":
            requests.append(SetStatus(company_id, user.id, "office"))
        return tuple(requests)

    def _forwarding(
        self, index: CompanyIndex, user: User, device: Device, wanted: Forwarding, lamp: Lamp, host: str
    ) -> tuple[OwnRequest, ...]:
        company_id, case = index.company.id, CASES[wanted.kind]
        if not wanted.to:
            return (SwitchForward(company_id, user.id, case),)
        state = lamp.resource.state
        rings = min(max(wanted.rings, FEWEST_RINGS), MOST_RINGS) if wanted.rings and case == "no_answer" else 0
        told = next((each for each in state.forwardings if each.kind == wanted.kind), None) if state else None
        if told is not None and told.to == wanted.to and rings in (0, told.rings):
            return ()  # as it was told: a mobile number stays the person's mobile, whatever it will be
        to = self._target(index, user, wanted.to)
        if not to or not is_known(self._x, device, host):  # E 6.8: what may not call outside sends no calls there
            return ()
        return (SwitchForward(company_id, user.id, case, to, rings),)

    def _target(self, index: CompanyIndex, user: User, number: str) -> Destination:
        if is_own_voicemail(index, user, number):
            return Destination("voicemail")
        found = read_target(IndexBook(self._x.directory, index), user, number)
        return found if isinstance(found, Destination) else NOWHERE
