"""Which of somebody's rules hold for a call (V 6.4-6.5)."""

from __future__ import annotations

from kiestoon.company.model import Rule
from kiestoon.routing.context import Route
from kiestoon.routing.matching import fits_caller
from kiestoon.routing.timing import rule_applies_now


def decided(route: Route, rules: tuple[Rule, ...]) -> Rule | None:
    """The rule that switches a service on for this call; one that switches it off wins."""
    caller = route.situation.caller
    fitting = [rule for rule in rules if fits_caller(rule, caller) and rule_applies_now(route, rule)]
    if any(not rule.applies for rule in fitting):
        return None
    return fitting[0] if fitting else None
