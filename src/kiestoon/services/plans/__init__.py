"""Number plans by telephone (915): until the schedule's next change, for good, or as the schedule says (E 8.2.7).

The order is the manual's: what to do, the scheme's number (not asked where there is but one), the plan's number, the
confirmation. A key of the phone with a plan's lamp switches at once: 915*2 to plan 2, and pressed again back to the
schedule. Only people with the right "time configuration" may.
"""

from __future__ import annotations

from typing import Final

from kiestoon.calls.asking import ask_until_found
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.requests import Failed, SwitchPlan
from kiestoon.company.arrangements import Scheme
from kiestoon.company.model import NumberPlan
from kiestoon.company.plan_keys import find_plan
from kiestoon.routing import UseCode

TEMPORARY: Final = "1"
PERMANENT: Final = "2"
SCHEDULE: Final = "3"
_POSITION: Final = 2


async def plan_menu(caller: Conversation, code: UseCode) -> None:
    """Ask, switch, confirm."""
    await caller.answer()
    user, index = caller.user, caller.index
    if user is None or index is None:
        return
    if not user.may_configure_time:
        await caller.say("not-permitted")
        return
    schemes = list(index.arrangements.schemes.values())
    if not schemes:
        await caller.say("service-not-available")
        return
    if code.argument:
        await _by_key(caller, code.argument)
        return
    how = await ask_until_found(
        caller, "plan-ask-how", "invalid-choice", 1, {TEMPORARY, PERMANENT, SCHEDULE}.intersection
    )
    scheme = await _scheme(caller, schemes) if how else None
    if how is None or scheme is None:
        return
    if SCHEDULE in how:
        await _switch(caller, scheme, None, temporary=False)
        return
    plans = {plan.position: plan for plan in scheme.plans.values()}
    plan = await ask_until_found(
        caller, "plan-ask-plan", "plan-unknown-plan", _POSITION, lambda keyed: plans.get(_number(keyed))
    )
    if plan is not None:
        await _switch(caller, scheme, plan, temporary=TEMPORARY in how)


async def _by_key(caller: Conversation, name: str) -> None:
    """Make the key's plan active for good; where somebody has done so already, or for plan 0: back to the schedule."""
    index = caller.index
    found = find_plan(index, name) if index is not None else None
    table = index.arrangements.times.plans(found.scheme.row.id) if index is not None and found is not None else None
    if found is None or table is None:
        await caller.say("plan-unknown-plan")
        return
    active = table.active(caller.exchange.wall_ms())
    if found.plan is None or active.plan_id != found.plan.id:
        await _switch(caller, found.scheme, found.plan, temporary=False)
    elif active.source == "override":
        await _switch(caller, found.scheme, None, temporary=False)
    else:
        await caller.say("plan-now", plan=found.plan.name)


async def _scheme(caller: Conversation, schemes: list[Scheme]) -> Scheme | None:
    if len(schemes) == 1:
        return schemes[0]
    by_position = {scheme.row.position: scheme for scheme in schemes}
    return await ask_until_found(
        caller, "plan-ask-scheme", "plan-unknown-scheme", _POSITION, lambda keyed: by_position.get(_number(keyed))
    )


def _number(keyed: str) -> int:
    return int(keyed) if keyed.isdecimal() else 0


async def _switch(caller: Conversation, scheme: Scheme, plan: NumberPlan | None, *, temporary: bool) -> None:
    """A temporary change lasts until the schedule would lead to another plan, for good where it never does."""
    user, now_ms = caller.user, caller.exchange.wall_ms()
    if user is None:
        return
    until_ms = _next_change(caller, scheme, now_ms) if temporary else 0
    plan_id = plan.id if plan is not None else 0
    reply = await caller.ask(SwitchPlan(caller.call.company_id, user.id, scheme.row.id, plan_id, until_ms))
    if isinstance(reply, Failed):
        await caller.say("not-permitted" if reply.code == "not_permitted" else "not-possible-now")
    elif plan is not None:
        await caller.say("plan-temporary" if until_ms else "plan-permanent", plan=plan.name)
    else:
        await _tell_schedule(caller, scheme)


async def _tell_schedule(caller: Conversation, scheme: Scheme) -> None:
    """Which plan the schedule has made active."""
    index = caller.index
    table = index.arrangements.times.plans(scheme.row.id) if index is not None else None
    choice = table.choose(caller.exchange.wall_ms()) if table is not None else None
    plan = scheme.plans.get(choice.plan_id) if choice is not None and choice.plan_id is not None else None
    if plan is None:
        await caller.say("plan-schedule-none")
    else:
        await caller.say("plan-schedule", plan=plan.name)


def _next_change(caller: Conversation, scheme: Scheme, now_ms: int) -> int:
    index = caller.index
    table = index.arrangements.times.plans(scheme.row.id) if index is not None else None
    return (table.next_scheduled_change(now_ms) if table is not None else None) or 0
