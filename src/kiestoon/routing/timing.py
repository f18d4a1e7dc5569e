"""The moment, on the clock of a place (``company.time`` has the rules)."""

from __future__ import annotations

from kiestoon.company.arrangements import Scheme
from kiestoon.company.model import NumberPlan, Rule, TimeRoute, TimeRouting
from kiestoon.routing.context import Route


def rule_applies_now(route: Route, rule: Rule) -> bool:
    """Whether the time part of a rule fits (V 6.5)."""
    return route.index.arrangements.times.rule(rule).fits(route.live.now_ms)


def period_now(route: Route, row: TimeRouting) -> TimeRoute | None:
    """The TBR period that is on."""
    times = route.index.arrangements.times.routing(row.id)
    return times.at(route.live.now_ms) if times is not None else None


def active_plan(route: Route, scheme: Scheme) -> tuple[NumberPlan | None, str]:
    """The scheme's plan of the moment and what made it active."""
    table = route.index.arrangements.times.plans(scheme.row.id)
    choice = table.choose(route.live.now_ms) if table is not None else None
    if choice is None or choice.plan_id is None:
        return None, ""
    return scheme.plans.get(choice.plan_id), choice.name or choice.source
