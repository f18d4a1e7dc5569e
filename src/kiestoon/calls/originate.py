"""Calls that the exchange makes by itself: for whoever clicks on a number, is called back, or is fetched (CALL-24).

Such a call has nobody at first. A service seeks somebody; whoever answers is its party from then on, and the service
says what follows. When nobody answers, the call ends, with its record. After a crash a service is entered again with
the party it has found (``Call.caller``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import custody
from kiestoon.calls.call import Call
from kiestoon.calls.events import CallOpened
from kiestoon.calls.party import Party
from kiestoon.calls.service import Service
from kiestoon.calls.service_data import ServiceData

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def originate(x: Exchange, company_id: int, origin: Party, dialled: str, data: ServiceData, now: float) -> Call:
    """Begin a call in which the service of ``data`` seeks somebody (``Conversation.reach``, which returns NORMAL once
    somebody has answered). ``origin``: for whom, as the record tells it."""
    wall_ms = x.wall_ms()
    call = Call(x.ids.call(wall_ms), company_id, dialled=dialled, direction="internal", opened_ms=wall_ms)
    call.origin = origin
    call.target = dialled
    x.calls[call.id] = call
    x.company_calls[company_id] = x.company_calls.get(company_id, 0) + 1
    x.count("calls_opened")
    x.emit(CallOpened, call)
    x.journal.changed(call)
    service = Service(data.service, data)
    call.service = service
    custody.take(x, call, "service")
    service.begin(x, call, x.services[data.service], data, now)
    x.touched.append(call)
    return call
