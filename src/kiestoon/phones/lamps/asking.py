"""SUBSCRIBE (RFC 6665 §4.2.1): who asks, for what, and whether it may be seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import structlog

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Device
from kiestoon.phones.lamps.bodies import CONTENT_TYPES, READABLE
from kiestoon.phones.lamps.lamp import Lamp, Table, lamp_of
from kiestoon.phones.lamps.sources.mailboxes import MAILBOX
from kiestoon.phones.lamps.sources.own_features import FEATURES
from kiestoon.phones.lamps.state import LINES, Source, View, language_is_dutch
from kiestoon.phones.lamps.telling import Teller
from kiestoon.registrar import Challenge, DeviceCaller, Drop, RefuseCaller, TrunkCaller
from kiestoon.sip.events import RenewalReceived, RequestReceived
from kiestoon.sip.message import Request
from kiestoon.sip.subscription import (
    Subscription,
    dialog_info,
    feature_events,
    message_summary,
    presence,
    resource_list,
)
from kiestoon.sip.subscription.notifier import read_event

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

log = structlog.get_logger("lamps")

MOST_PER_DEVICE: Final = 400
MOST_ALIKE: Final = 4
"""Subscriptions of one phone to one thing: some subscribe for each key, and those from before a restart linger."""
LONGEST_NAME: Final = 64
_KINDS: Final = {message_summary.PACKAGE: MAILBOX, feature_events.PACKAGE: FEATURES}
"""Packages that are about one kind of thing, which no other package is about."""


class Refusal(NamedTuple):
    """How a SUBSCRIBE is answered that is refused."""

    status: int
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()


_NO_LISTS: Final = Refusal(421, headers=(("Require", resource_list.OPTION),))
"""RFC 4662 §4.2: what is asked for is a list, and the phone does not say that it reads any."""


class Target(msgspec.Struct, frozen=True):
    """What a name means to a device, and what of it may be seen there."""

    source: Source
    key: str
    view: View


class Asking:
    """Answers SUBSCRIBEs. ``begun`` is told of every subscription there is from now on."""

    def __init__(
        self,
        exchange: Exchange,
        table: Table,
        teller: Teller,
        sources: Mapping[str, Source],
        begun: Callable[[Subscription, Lamp, float], None],
    ) -> None:
        self._x = exchange
        self._table = table
        self._teller = teller
        self._sources = sources
        self._begun = begun

    def requested(self, event: RequestReceived, now: float) -> Subscription | None:
        """Authenticate as for a call; then accept or refuse. None: there is no subscription now."""
        caller = self.identified(event, now)
        if caller is None:
            return None
        wanted = self._wanted(event.request, caller.device)
        if isinstance(wanted, Target):
            return self._accept(event, caller, wanted, now)
        self._x.endpoint.respond(now, event.transaction, wanted.status, wanted.reason, headers=wanted.headers)
        return None

    def _wanted(self, request: Request, device: Device) -> Target | Refusal:
        """What a phone asks for, or how it is refused."""
        index = self._x.directory.company(device.company_id)
        if index is None:
            return Refusal(403)
        if not request.contacts or request.contacts[0].star:
            return Refusal(400, "Missing Contact")
        elsewhere = self._x.directory.company_by_domain(request.target.host)
        wanted = self.find(index, device, read_event(request)[0], request.target.user)
        if wanted is None or (elsewhere is not None and elsewhere is not index):
            return Refusal(404)
        if wanted.view.hidden and index.user_of(device) is not None:
            return Refusal(403)
        if wanted.source.kind == LINES and resource_list.OPTION not in request.all("Supported"):
            return _NO_LISTS
        if sum(len(phone.subscriptions) for phone in self._table.phones_of(device.id)) >= MOST_PER_DEVICE:
            log.warning("too many subscriptions", device=device.username)
            return Refusal(403, "Too Many Subscriptions")
        return wanted

    def identified(self, event: RequestReceived | RenewalReceived, now: float) -> DeviceCaller | None:
        """The device that asks; None when the request has been answered, or not, as its sender deserves."""
        verdict = self._x.doorkeeper.identify(event.request, event.flow, now)
        if isinstance(verdict, DeviceCaller):
            return verdict
        if isinstance(verdict, Drop):
            self._x.endpoint.drop(event.transaction)
        elif isinstance(verdict, Challenge | RefuseCaller):
            self._x.endpoint.respond(now, event.transaction, verdict.status, verdict.reason, verdict.headers)
        elif isinstance(verdict, TrunkCaller):
            self._refuse(event, 403, now)
        return None

    def find(self, index: CompanyIndex, device: Device, package: str, name: str) -> Target | None:
        """What the phone means, with what the person logged in on it may see; None: there is no such thing."""
        if len(name) > LONGEST_NAME:
            return None
        user = index.user_of(device)
        for source in self._sources.values():
            if not _is_about(package, source):
                continue
            key = source.find(index, device, name)
            if key:
                view = source.view(index, user.id if user is not None else None, key)
                if package != presence.PACKAGE and not view.calls:
                    view = View()
                return Target(source, key, msgspec.structs.replace(view, dutch=language_is_dutch(index, device)))
        return None

    def _accept(self, event: RequestReceived, caller: DeviceCaller, wanted: Target, now: float) -> Subscription | None:
        device, target, package = caller.device, event.request.target, read_event(event.request)[0]
        index = self._x.directory.company(device.company_id)
        if index is None:
            return None
        resource = self._table.watched(wanted.source.kind, device.company_id, wanted.key)
        self._teller.look(resource, index, now)
        entity = f"sip:{target.user}@{target.host}" if target.user else f"sip:{target.host}"
        lamp = Lamp(device.company_id, device.id, package, target.user, entity, resource, wanted.view)
        lamp.text = self._teller.text_of(lamp, index)
        subscription = self._x.endpoint.subscriptions.accept(
            now, event.transaction, event.flow, body=lamp, content_type=CONTENT_TYPES[lamp.form],
            readable=READABLE.get(lamp.form, ""), context=lamp, headers=caller.headers,
            require=resource_list.OPTION if wanted.source.kind == LINES else "",
        )  # fmt: skip
        if subscription is not None and subscription.state != "terminated":
            self._drop_surplus(subscription, lamp, now)
            self._begun(subscription, lamp, now)
        self._table.prune(resource)
        return subscription

    def _drop_surplus(self, subscription: Subscription, lamp: Lamp, now: float) -> None:
        phone = self._table.phone(lamp.device_id, subscription.contact)
        alike = [
            each
            for each in (phone.subscriptions if phone is not None else ())
            if (other := lamp_of(each)) is not None
            and other.resource is lamp.resource
            and other.package == lamp.package
        ]
        for each in alike[: max(0, len(alike) + 1 - MOST_ALIKE)]:
            each.terminate(now, "deactivated")

    def _refuse(self, event: RequestReceived | RenewalReceived, status: int, now: float, reason: str = "") -> None:
        self._x.endpoint.respond(now, event.transaction, status, reason)


def _is_about(package: str, source: Source) -> bool:
    if source.kind == LINES:
        return package == dialog_info.PACKAGE
    only = _KINDS.get(package)
    return source.kind == only if only else source.kind not in _KINDS.values()
