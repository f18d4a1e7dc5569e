"""A plan comes into force only when it says where every number of its scheme leads (E 8.2).

A number that one plan of a scheme maps and another does not is "closed" while that other one is active. Plans are
filled row by row, so a plan may be incomplete while nothing makes it active; whatever makes it active - a period of the
week, a holiday period, the switch by hand, being the fallback - is refused as long as a number would lead nowhere. Two
plans in use cannot both get or lose a number in one row's write: a number that is put into or taken out of one of them
afterwards is "closed" in the others until it is put there, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kiestoon.company.model import Number, NumberPlan, PlanHoliday, PlanMapping, PlanOverride, PlanPeriod, Row
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek
from kiestoon.store.rules.shape import Check


def _activates(row: PlanOverride | PlanPeriod | PlanHoliday, peek: Peek) -> Iterator[Problem]:
    old = peek.get(type(row), row.id) if row.id else None
    if old is not None and old.plan_id == row.plan_id:
        return
    plan = peek.get(NumberPlan, row.plan_id)
    if plan is None or plan.scheme_id != row.scheme_id:
        return
    yield from _lost("plan_id", plan, peek)


def _override(row: PlanOverride, peek: Peek) -> Iterator[Problem]:
    plan = peek.get(NumberPlan, row.plan_id)
    if plan is not None and plan.scheme_id != row.scheme_id:
        yield problem("plan_id", "unknown_reference", value=row.plan_id)


def _falls_back(row: NumberPlan, peek: Peek) -> Iterator[Problem]:
    old = peek.get(NumberPlan, row.id) if row.id else None
    if row.is_fallback and old is not None and not old.is_fallback:
        yield from _lost("is_fallback", row, peek)


def _lost(field: str, plan: NumberPlan, peek: Peek) -> Iterator[Problem]:
    """Numbers of the scheme that the plan does not map."""
    mapped = {row.number_id for row in peek.find(PlanMapping, plan_id=plan.id)}
    for other in peek.find(NumberPlan, scheme_id=plan.scheme_id):
        for mapping in peek.find(PlanMapping, plan_id=other.id):
            if mapping.number_id not in mapped:
                mapped.add(mapping.number_id)
                number = peek.get(Number, mapping.number_id)
                yield problem(field, "plan_without_target", value=number.e164 if number else mapping.number_id)


CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {
    PlanOverride: (_override, _activates),
    PlanPeriod: (_activates,),
    PlanHoliday: (_activates,),
    NumberPlan: (_falls_back,),
}
