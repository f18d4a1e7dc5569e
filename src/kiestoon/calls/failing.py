"""When treating something fails by our own fault: that call ends, with a record, and the exchange goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from kiestoon.calls import closing, custody
from kiestoon.calls.call import Call
from kiestoon.calls.causes import BROKEN
from kiestoon.calls.leaving import over

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

log = structlog.get_logger("calls")


def end_broken(x: Exchange, call: Call, now: float, what: str) -> None:
    """End a call in which ``what`` could not be treated. To be called while the exception is being handled."""
    log.exception("call failed", call=call.id, during=what)
    x.count("calls_broken")
    if call.id not in x.calls:
        return
    try:
        custody.end_with(x, call, BROKEN, now)
        closing.check(x, call, now)
    except Exception:
        log.exception("call cannot be ended in order", call=call.id)
        _give_up(x, call)


def _give_up(x: Exchange, call: Call) -> None:
    """The books are put right at least; what the parties are not told, their timers tell them."""
    for leg in call.live_legs():
        try:
            over(x, call, leg)
        except Exception:
            log.exception("leg cannot be ended in order", call=call.id, leg=leg.id)
    try:
        closing.close(x, call)
    except Exception:
        log.exception("call has no record", call=call.id)
        x.calls.pop(call.id, None)
