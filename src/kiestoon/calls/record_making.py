"""From a finished call to its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.calls.record import CallRecord, LegRecord

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def make_record(x: Exchange, call: Call) -> CallRecord:
    """The durable account of a call: parties, legs, times, who ended it, cause, route reasons, quality."""
    caller = call.legs.get(call.first or call.caller)
    party = caller.party if caller is not None else call.origin
    failure = call.failure
    return CallRecord(
        call_id=call.id,
        company_id=call.company_id,
        direction=call.direction,
        opened_ms=call.opened_ms,
        answered_ms=call.answered_ms,
        closed_ms=call.ended_ms,
        caller_number=party.number if party is not None else "",
        caller_display=party.name if party is not None else "",
        dialled=call.dialled,
        final_party=call.target,
        outcome=call.outcome or "failed",
        ended_by=call.by or "exchange",
        cause=failure.q850 if failure is not None else 0,
        sip_status=failure.status if failure is not None else 0,
        caller_device_id=caller.device_id or None if caller is not None else None,
        caller_trunk_id=caller.trunk_id or None if caller is not None else None,
        reasons=tuple(call.reasons),
        legs=tuple(_leg_record(call, leg) for leg in call.legs.values()),
        caller_withheld=caller is not None and caller.party.withheld,
        segments=tuple(call.segments),
        continued_in=call.continued_in,
    )


def _leg_record(call: Call, leg: Leg) -> LegRecord:
    codec = leg.send_codec
    answered_ms = 0 if leg.confirm else leg.answered_ms  # whoever did not confirm never had the call
    return LegRecord(
        kind="caller" if leg.id == (call.first or call.caller) else leg.party.kind,
        party=leg.party.number,
        display=leg.party.name,
        device_id=leg.device_id or None,
        user_id=leg.party.user_id or None,
        trunk_id=leg.trunk_id or None,
        started_ms=leg.opened_ms,
        ringing_ms=leg.ringing_ms,
        answered_ms=answered_ms,
        ended_ms=leg.ended_ms,
        outcome="answered" if answered_ms else leg.outcome,
        cause=leg.cause,
        sip_status=leg.status,
        codec=codec.name if codec is not None else "",
        sip_call_id=leg.sip_call_id,
        quality=leg.quality,
    )
