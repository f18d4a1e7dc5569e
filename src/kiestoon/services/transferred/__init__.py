"""Somebody was sent on without being announced: the target rings; when nobody answers the call comes back.

The order when things go wrong (CALL-5; custody, docs/architecture.md): the transferor's own time for a recall, where he
has one (V 7.5), else the target's own forwarding; then the transferor, for whom it rings as "recall: NAME"; and when he
does not answer, what the location wants: the end (E 5.1.3), its operator, or the transferor's voicemail.
"""

from __future__ import annotations

from kiestoon.calls import story
from kiestoon.calls.call import Failure
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.operations import targets
from kiestoon.calls.operations.recall import DEFAULTS, recall_after_s, recall_of, shown_as
from kiestoon.calls.operations.waiting import call_waits
from kiestoon.calls.party import Party
from kiestoon.calls.service_data import Camped, Returned, Transferred
from kiestoon.company.model import OperatorSettings, TransferOptions, User
from kiestoon.routing import Decision, EnterVoicemail, RingUser, route_extension

RECALL_RING_S = 60
CAMP_LOOK_S = 2.0
BUSY_LOOK_S = 5.0


async def transferred(caller: Conversation, data: Transferred) -> None:
    """Reach the target, else bring the caller back."""
    x = caller.exchange
    if caller.under_way:
        await caller.reached()
    else:
        options = options_of(caller, data.by)
        inhibited = data.inhibited or options.inhibit_blind
        decision = targets.route_again(x, caller.call, data.by, caller.leg, data.target, inhibited=inhibited)
        step = decision.step
        failure = await caller.reach(decision, within_s=recall_after_s(x, caller.call.company_id, data.by, step))
        if failure.outcome == "busy" and options.camp_on and isinstance(step, RingUser):
            until_ms = x.wall_ms() + options.camp_on_s * 1000
            await camp(caller, Camped(data.target, data.by, until_ms, inhibited))
    await come_back(caller, data.by)


async def camped(caller: Conversation, data: Camped) -> None:
    """Entered again after a crash: wait on, when every other call is known again too."""
    caller.music("camped")
    await caller.pause(CAMP_LOOK_S)
    await camp(caller, data)
    await come_back(caller, data.by)


async def camp(caller: Conversation, data: Camped) -> None:
    """Wait, with music, until the busy colleague is free, and ring there (CALL-6). He is told that somebody waits."""
    x = caller.exchange
    caller.keep(data)
    told = False
    while (left_s := (data.until_ms - x.wall_ms()) / 1000.0) > 0:
        decision = targets.route_again(x, caller.call, data.by, caller.leg, data.target, inhibited=data.inhibited)
        step = decision.step
        if not isinstance(step, RingUser):
            return
        if not x.present.is_busy(caller.call.company_id, step.user.id):
            failure = await caller.reach(decision, within_s=left_s)
            if failure.outcome != "busy":
                return
        elif not told:
            told = True
            call_waits(x, caller.call.company_id, step.user.extension, caller.now)
        _record_wait(caller, step.user)
        caller.music("camped")
        await caller.pause(min(CAMP_LOOK_S, left_s))


def _record_wait(caller: Conversation, target: User) -> None:
    """For whom the party waits is told by the record, after a crash as well."""
    call = caller.call
    told = call.segments[-1] if call.segments else None
    story.turn(caller.exchange, call, "camped", target.extension, target.name)
    if call.segments[-1] is not told:
        caller.exchange.journal.changed(call)


async def returned(caller: Conversation, data: Returned) -> None:
    """A call that was handed over comes back."""
    await come_back(caller, data.by)


def options_of(caller: Conversation, by: Party) -> TransferOptions:
    """What the transferor has set."""
    index = caller.index
    found = index.arrangements.handling.transfer_options(by.user_id) if index is not None else None
    return found or DEFAULTS


async def come_back(caller: Conversation, by: Party) -> None:
    """Ring whoever handed the caller over; when nobody answers there, do what the location wants. Then it ends, with a
    word of apology."""
    x, call = caller.exchange, caller.call
    story.interrupt(x, call)
    decision = recall_of(x, call, by, RECALL_RING_S)
    if decision is not None:
        await _ring_back(caller, decision)
    settings = settings_of(caller, by)
    if settings is not None and settings.recall_unanswered == "voicemail" and by.number:
        await caller.reach(Decision(EnterVoicemail(by.number), (), call.company_id))
    if settings is not None and settings.recall_unanswered == "operator" and settings.operator:
        await _operator(caller, settings.operator)
    await caller.say("no-answer")


async def _ring_back(caller: Conversation, decision: Decision) -> None:
    """Whoever is in another call that fills his phone is not passed over for it: the caller waits a while."""
    x = caller.exchange
    until_ms = x.wall_ms() + RECALL_RING_S * 1000
    while (await caller.reach(decision, shown_as(caller.leg.party))).outcome == "busy" and x.wall_ms() < until_ms:
        caller.music("held")
        await caller.pause(BUSY_LOOK_S)


def settings_of(caller: Conversation, by: Party) -> OperatorSettings | None:
    """What the transferor's location wants."""
    index = caller.index
    if index is None:
        return None
    user = index.users.get(by.user_id)
    location = index.location_of(user) if user is not None else None
    return index.arrangements.handling.operator_settings(location.id if location is not None else None)


async def _operator(caller: Conversation, extension: str) -> Failure:
    x, call = caller.exchange, caller.call
    decision = route_extension(x.directory, call.company_id, extension, live=x.present, situation=call.situation)
    return await caller.reach(decision)
