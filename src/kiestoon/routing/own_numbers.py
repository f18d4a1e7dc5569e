"""One of the company's outside numbers: which extension it leads to at this moment (E 8, E 10.8.4, V 9.4)."""

from __future__ import annotations

from kiestoon.company.model import Number
from kiestoon.routing.context import Route, refuse
from kiestoon.routing.decision import Refuse
from kiestoon.routing.timing import active_plan


def lead(route: Route, number: Number) -> str | Refuse:
    """A personal number, an alternate one, or as the active plan says: the extension, or why there is none."""
    arrangements = route.index.arrangements
    if number.extension:
        route.because("assigned", number=number.e164, extension=number.extension)
        return number.extension
    alternate = arrangements.alternates_by_number.get(number.id)
    user = route.index.users.get(alternate.user_id) if alternate is not None else None
    if alternate is not None and user is not None:
        route.because("alternate", extension=number.e164, name=user.name)
        route.ring_as(user, alternate)
        return user.extension
    return _by_plan(route, number)


def _by_plan(route: Route, number: Number) -> str | Refuse:
    """The scheme's plan of the moment says where the number leads."""
    mappings = route.index.arrangements.mappings.get(number.id, ())
    scheme = route.index.arrangements.scheme_of(mappings[0].plan_id) if mappings else None
    if scheme is None:
        route.because("in_no_plan", number=number.e164)
        return refuse(404, 1, "Not Found")
    plan, source = active_plan(route, scheme)
    if plan is None:
        route.because("no_plan_active", scheme=scheme.row.name)
        return refuse(480, 31, "Closed", "closed")
    route.because("plan_active", scheme=scheme.row.name, plan=plan.name, source=source)
    mapping = next((row for row in mappings if row.plan_id == plan.id), None)
    if mapping is None:
        route.because("not_in_active_plan", number=number.e164, plan=plan.name)
        return refuse(480, 31, "Closed", "closed")
    if mapping.prefix:
        route.announce(mapping.prefix)
    route.because("assigned", number=number.e164, extension=mapping.extension)
    return mapping.extension
