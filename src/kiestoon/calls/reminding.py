"""Ring reminders: a desk phone whose calls go elsewhere rings once, briefly, and shows the caller (V 7.1, V 7.2), and
so does one at whose extension somebody is parked (V 10.1.2).

A reminder is no leg of the call: nothing waits for it, it counts nowhere, it has no media, and whatever becomes of it
changes nothing for the caller. It is an INVITE without an offer that is cancelled after ``SPLASH_S``; who answers
within that time is hung up on (``control`` takes the answer for one that crossed our CANCEL).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from kiestoon.calls import identity
from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.calls.party import Party, shown_address
from kiestoon.sip.flow import SECURE
from kiestoon.sip.headers import ANSWERED_ELSEWHERE, NameAddr
from kiestoon.sip.uri import Uri

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.company.directory import CompanyIndex
    from kiestoon.company.model import Device
    from kiestoon.registrar import Binding
    from kiestoon.sip.session import Session

log = structlog.get_logger("calls")

TIMER: Final = "reminder"
SPLASH_S: Final = 1.0
"""From the INVITE to the CANCEL: most of the second of sound that a ring is."""
_GONE_S: Final = "5"
"""Expires (RFC 3261 §13.3.1): the phone gives up by itself should nobody be left to cancel."""
_ALERT: Final = ("Alert-Info", "<http://127.0.0.1/Bellcore-dr5>;info=alert-reminder")
"""The pattern that phones know as a ring splash, half a second long."""


def start(x: Exchange, call: Call, devices: tuple[Device, ...], now: float, shown: Party | None = None) -> None:
    """Remind these phones of the caller, as he is or as ``shown``. Those in a call (the calling one, too) are left in
    peace, and those reminded just now."""
    shown = shown or identity.caller_for_phones(call)
    index = x.directory.company(call.company_id)
    if index is None:
        return
    for device in devices:
        if device.id in x.device_calls or device.id in x.reminders:
            continue
        try:
            _splash(x, call, index, device, now, shown)
        except Exception:  # a nicety must not cost anybody the call
            log.exception("phone not reminded", call=call.id, device=device.id)


def _splash(x: Exchange, call: Call, index: CompanyIndex, device: Device, now: float, shown: Party) -> None:
    bindings = [binding for binding in x.registrar.bindings_of(device.id) if _may_ring(device, binding)]
    if not bindings:
        return
    x.deadlines.start(now + SPLASH_S, TIMER, str(device.id))
    x.reminders[device.id] = ()
    x.count("reminders")
    for binding in bindings:
        x.reminders[device.id] += (_invite(x, call, index, device, binding, now, shown),)


def _may_ring(device: Device, binding: Binding) -> bool:
    destination = binding.destination
    secure = destination is not None and destination.transport in SECURE
    return secure or device.encryption != "required"


def _invite(
    x: Exchange, call: Call, index: CompanyIndex, device: Device, binding: Binding, now: float, shown: Party
) -> Session:
    """The leg is for the journal alone, by which a process that takes over cancels what this one left ringing."""
    user = index.user_of(device)
    domain = index.company.domain
    number, name = (user.extension, user.name) if user is not None else (device.username, device.name)
    party = Party("device", number, name, device_id=device.id)
    leg = Leg(x.ids.number(), call.id, party, incoming=False, opened_ms=x.wall_ms())
    leg.session = session = x.endpoint.invite(
        now,
        uri=binding.contact,
        to=NameAddr(name, Uri("sip", number, host=domain)),
        from_=shown_address(shown, domain, trusted=False),
        destination=(binding.destination,) if binding.destination is not None else None,
        headers=[_ALERT, ("Expires", _GONE_S)],
        route=binding.path,
        patience_s=x.settings.device_patience_s,
        context=leg.owner,
    )
    x.journal.ringing(call, leg)
    return session


def over(x: Exchange, device_id: int, now: float) -> None:
    """The phone has rung long enough. It is told that somebody has the call, so that it lists none as missed."""
    for session in x.reminders.pop(device_id, ()):
        session.cancel(now, ANSWERED_ELSEWHERE)
