"""Phones on TCP, TLS or WebSocket that a process before this one left ringing: their connections died with it, so they
are cancelled when they register again (RFC 3261 §9.1 asks for the INVITE's branch, not for its connection)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kiestoon.sip.flow import RELIABLE
from kiestoon.sip.session.unanswered import call_off

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.journal import Ringing
    from kiestoon.registrar import BindingChanged

KEPT_S = 180.0
"""Nothing rings longer: what is not back by then has given up itself."""
TIMER = "left ringing"


def stop(x: Exchange, ringing: Ringing, now: float) -> None:
    """Cancel one INVITE of the process before: at once, or when its phone is back."""
    if not ringing.device or ringing.invite.place.transport not in RELIABLE:
        call_off(x.endpoint, ringing.invite, now)
        return
    if not x.left_ringing:
        x.deadlines.start(now + KEPT_S, TIMER, "")
    x.left_ringing.setdefault(ringing.device, []).append(ringing.invite)


def registered(x: Exchange, changes: Iterable[BindingChanged], now: float) -> None:
    """Registrations changed: who is back over a new connection is told.

    Several phones may share a login, and which of them is back cannot be told from a contact that changes with the
    connection: each is sent every CANCEL, and answers 481 to those that are not its own (§9.2).
    """
    for change in changes:
        flow = change.binding.flow if change.binding is not None else None
        if flow is not None and flow.transport in RELIABLE:
            for invite in x.left_ringing.get(change.device_id, ()):
                call_off(x.endpoint, invite, now, flow)


def forget(x: Exchange) -> None:
    """Time is up."""
    x.left_ringing.clear()
