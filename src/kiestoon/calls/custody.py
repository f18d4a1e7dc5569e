"""Custody: at every instant exactly one of seek, bridge, service answers for the caller (docs/architecture.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls.call import Call, Failure, Holder
from kiestoon.calls.events import CustodyMoved
from kiestoon.calls.leaving import leave
from kiestoon.calls.record import EndedBy, Outcome
from kiestoon.routing import Refuse

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.routing import Decision

NOT_POSSIBLE = Failure("refused", 403, 29, "Not possible from here")


def take(x: Exchange, call: Call, holder: Holder) -> None:
    """Record that ``holder`` answers for the caller from now on."""
    if call.holder != holder:
        call.holder = holder
        x.emit(CustodyMoved, call, call.caller, holder=holder)


def seek_failed(x: Exchange, call: Call, failure: Failure, now: float) -> None:
    """A seek ended without an answer. A caller in a service goes back to it; an unanswered caller is told why."""
    caller = call.legs[call.caller]
    if call.service is not None and caller.state == "answered":
        take(x, call, "service")
        call.service.resume(x, call, failure, now)
        return
    end_with(x, call, failure, now)


def refuse(x: Exchange, call: Call, decision: Decision, now: float) -> None:
    """Routing says no."""
    step = decision.step
    failure = NOT_POSSIBLE
    if isinstance(step, Refuse):
        outcome: Outcome = "not_found" if step.status == 404 else "refused"
        failure = Failure(outcome, step.status, step.q850, step.text)
    if call.service is not None:
        seek_failed(x, call, failure, now)
    else:
        end_with(x, call, failure, now)


def end_with(x: Exchange, call: Call, failure: Failure, now: float, by: EndedBy = "exchange") -> None:
    """End every leg of a call that did not come about."""
    call.failure = call.failure or failure
    call.outcome = call.outcome or failure.outcome
    call.by = call.by or ("callee" if failure.outcome in ("busy", "rejected") else by)
    take(x, call, "nobody")
    for leg in call.live_legs():
        leave(x, call, leg, now, failure=failure)
