"""While it rings: reject, or send the call elsewhere (CALL-2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import following, seeking
from kiestoon.calls.call import Call, Failure, Manner
from kiestoon.calls.causes import REJECTED
from kiestoon.calls.leaving import leave
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import ALREADY_ANSWERED
from kiestoon.calls.operations.targets import no_prospects
from kiestoon.routing import Refuse, route_diverted

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def reject(x: Exchange, call: Call, rung: Leg, now: float) -> Failure | None:
    """The person called does not want the call: every phone of his stops; a group's other members ring on."""
    if call.seek is None or rung.id not in call.seek.legs:
        return ALREADY_ANSWERED
    mine = [call.legs[leg_id] for leg_id in call.seek.legs]
    for leg in [leg for leg in mine if leg.party.user_id == rung.party.user_id]:
        leave(x, call, leg, now, failure=REJECTED, reason=seeking.DECLINED_REASON)
        seeking.leg_failed(x, call, leg, REJECTED, now)
    x.touched.append(call)
    return None


def deflect(x: Exchange, call: Call, rung: Leg, target: str, now: float) -> Failure | None:
    """Send a ringing call to ``target`` (a number, an extension, a voicemail's code); a group's call is thereby taken
    from the whole group, a caller from his queue, which has him back when nobody answers there. A target nobody can be
    reached at: it keeps ringing here."""
    caller = call.anchor
    if call.seek is None or rung.id not in call.seek.legs or caller is None:
        return ALREADY_ANSWERED
    decision = route_diverted(
        x.directory, call.company_id, rung.party.user_id, f"sip:{target}@x", live=x.present, situation=call.situation
    )
    step = decision.step
    if isinstance(step, Refuse):
        return Failure("refused" if step.status != 404 else "not_found", step.status, step.q850, step.text)
    failure = no_prospects(x, decision, caller)
    if failure is not None:
        return failure
    seeking.stop(x, call, now)
    call.reasons.extend(decision.reasons)
    following.follow(x, call, decision, now, Manner(beside=x.queues.sent_on(call)))
    x.touched.append(call)
    return None
