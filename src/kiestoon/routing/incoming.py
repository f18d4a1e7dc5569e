"""A call from an outside line: whose number it is, and where that leads (E 8, V 9.4)."""

from __future__ import annotations

from kiestoon.company.directory import Directory
from kiestoon.company.model import Number, Trunk
from kiestoon.company.numbers import clean_dialled, read_trunk_number
from kiestoon.routing.arrive import arrive
from kiestoon.routing.context import SHOWN, Route, refuse
from kiestoon.routing.decision import Decision, Refuse
from kiestoon.routing.matching import see_outsider
from kiestoon.routing.reasons import because
from kiestoon.routing.situation import CallerSeen, Live, Situation
from kiestoon.routing.timing import active_plan


def from_trunk(
    directory: Directory, trunks: tuple[Trunk, ...], dialled: str, caller: CallerSeen | None, live: Live, diverted: int
) -> Decision:
    """Several trunks when one provider's address serves several companies: the number called says whose it is."""
    cleaned = clean_dialled(dialled)
    for trunk in trunks:
        number = _called_number(directory, trunk, cleaned)
        index = directory.company(number.company_id) if number is not None else None
        if number is None or index is None:
            continue
        seen = caller or see_outsider("", withheld=False, country=index.company.country)
        situation = Situation(index.company.id, seen, number.e164, own_number=number.e164, arrived_diversions=diverted)
        route = Route(directory, index, live, situation)
        route.because("incoming", number=number.e164, trunk=trunk.name)
        decision = to_number(route, number)
        return Decision(decision.step, decision.reasons, decision.company_id, trunk.id, number.e164, decision.situation)
    # Never on to another trunk: passing outside calls on is how toll fraud works.
    trunk_id = trunks[0].id if len(trunks) == 1 else 0
    company_id = (trunks[0].company_id or 0) if len(trunks) == 1 else 0
    reason = because("not_our_number", number=dialled[:SHOWN])
    return Decision(Refuse(404, 1, "Not Found"), (reason,), company_id, trunk_id, cleaned)


def _called_number(directory: Directory, trunk: Trunk, cleaned: str) -> Number | None:
    """A company's trunk reaches only that company's numbers."""
    if trunk.company_id is not None:
        index = directory.company(trunk.company_id)
        countries = {index.company.country} if index is not None else set()
    else:
        countries = {index.company.country for index in directory}
    for country in sorted(countries):
        for form in read_trunk_number(cleaned, country):
            number = directory.number(form)
            if number is not None and trunk.company_id in (None, number.company_id):
                return number
    return None


def to_number(route: Route, number: Number) -> Decision:
    """One of the company's numbers was called: a personal number, an alternate one, or as the active plan says."""
    arrangements = route.index.arrangements
    if number.extension:
        route.because("assigned", number=number.e164, extension=number.extension)
        return arrive(route, number.extension)
    alternate = arrangements.alternates_by_number.get(number.id)
    if alternate is not None:
        user = route.index.users.get(alternate.user_id)
        if user is not None:
            route.because("alternate", extension=number.e164, name=user.name)
            route.now(alert=alternate.ring_pattern)
            return arrive(route, user.extension)
    return _by_plan(route, number)


def _by_plan(route: Route, number: Number) -> Decision:
    """The scheme's plan of the moment says where the number leads."""
    mappings = route.index.arrangements.mappings.get(number.id, ())
    scheme = route.index.arrangements.scheme_of(mappings[0].plan_id) if mappings else None
    if scheme is None:
        route.because("in_no_plan", number=number.e164)
        return route.decide(refuse(404, 1, "Not Found"), number.e164)
    plan, source = active_plan(route, scheme)
    mapping = next((row for row in mappings if plan is not None and row.plan_id == plan.id), None)
    if plan is None:
        route.because("no_plan_active", scheme=scheme.row.name)
    else:
        route.because("plan_active", scheme=scheme.row.name, plan=plan.name, source=source)
    if mapping is None:
        if plan is not None:
            route.because("not_in_active_plan", number=number.e164, plan=plan.name)
        return route.decide(refuse(480, 31, "Closed", "closed"), number.e164)
    if mapping.prefix:
        route.now(prefix=mapping.prefix)
    route.because("assigned", number=number.e164, extension=mapping.extension)
    return arrive(route, mapping.extension)
