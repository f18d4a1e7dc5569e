"""Number plans switched by telephone (E 8.2.7)."""

from __future__ import annotations

from msgspec.structs import replace

from kiestoon.calls.requests import Failed, SwitchPlan
from kiestoon.company.model import NumberPlan, NumberScheme, PlanOverride, User
from kiestoon.store.phone_requests.acting import GONE, NOT_PERMITTED, as_person
from kiestoon.store.rules.peek import Peek
from kiestoon.store.write import Changes


@as_person
def switch_plan(changes: Changes, peek: Peek, user: User, request: SwitchPlan) -> Failed | None:
    """The right is looked at here once more: it may have been taken away while the person was keying."""
    if not user.may_configure_time:
        return NOT_PERMITTED
    if peek.get(NumberScheme, request.scheme_id) is None:
        return GONE
    override = next(iter(peek.find(PlanOverride, scheme_id=request.scheme_id)), None)
    if not request.plan_id:
        if override is not None:
            changes.remove(override)
        return None
    plan = peek.get(NumberPlan, request.plan_id)
    if plan is None or plan.scheme_id != request.scheme_id:
        return GONE
    if override is None:
        changes.add(
            PlanOverride(
                id=0,
                company_id=request.company_id,
                scheme_id=request.scheme_id,
                plan_id=plan.id,
                until_ms=request.until_ms,
            )
        )
    elif (override.plan_id, override.until_ms) != (plan.id, request.until_ms):
        changes.update(replace(override, plan_id=plan.id, until_ms=request.until_ms))
    return None
