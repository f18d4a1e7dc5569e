"""Extensions that only send calls on: by place, time, number of calls, or always (E 4.8-4.11)."""

from __future__ import annotations

from kiestoon.company.model import (
    CallerIdChoice,
    CallLimit,
    Destination,
    ForwardExtension,
    LocationRoute,
    LocationRouting,
    TimeRouting,
)
from kiestoon.company.numbers import dialable
from kiestoon.routing.context import Divert, Route, refuse
from kiestoon.routing.decision import AskPostcode, Step
from kiestoon.routing.timing import period_now


def by_place(route: Route, row: LocationRouting) -> Step | Divert:
    """LBR: by area code, caller's number, called number; a postcode must be asked for first."""
    route.because("lbr", extension=row.extension, name=row.name)
    caller = route.situation.caller
    if row.by == "postcode":
        return AskPostcode(row)
    if row.by == "called":
        return _to_match(route, row, _forms(route, route.situation.own_number or route.situation.dialled))
    if caller.kind == "private" and row.withheld_to:
        return _on(route, row.withheld_to, row.withheld_prefix, "withheld")
    if row.by == "area_code" and caller.mobile and row.mobile_to:
        return _on(route, row.mobile_to, row.mobile_prefix, "mobile")
    forms = (
        caller.forms
        if caller.kind != "internal"
        else tuple(form for number in caller.forms for form in _forms(route, number))
    )
    return _to_match(route, row, forms)


def by_postcode(route: Route, row: LocationRouting, digits: str) -> Step | Divert:
    """The caller has keyed in a postcode."""
    return _to_match(route, row, (digits,))


def _forms(route: Route, number: str) -> tuple[str, ...]:
    return (number, dialable(number, route.index.company.country)) if number.startswith("+") else (number,)


def _to_match(route: Route, row: LocationRouting, forms: tuple[str, ...]) -> Step | Divert:
    """The longest beginning that is listed."""
    routes = route.index.arrangements.location_routes.get(row.id, {})
    best: LocationRoute | None = None
    for form in forms:
        for length in range(min(len(form), 16), 0, -1):
            found = routes.get(form[:length])
            if found is not None and (best is None or length > len(best.match)):
                best = found
                break
    if best is not None:
        return _on(route, best.to, best.prefix, best.match)
    return _on(route, row.default_to, row.default_prefix, "default")


def _on(route: Route, to: Destination, prefix: str, matched: str) -> Step | Divert:
    if not to:
        route.because("no_destination", matched=matched)
        return refuse(404, 1, "Not Found")
    if prefix:
        route.announce(prefix)
    route.because("lbr_match", matched=matched, number=to.target)
    return Divert(to, "unconditional")


def by_time(route: Route, row: TimeRouting) -> Step | Divert:
    """TBR: the first period that is on, else the fail-over."""
    period = period_now(route, row)
    if period is not None:
        route.because(
            "tbr_period",
            extension=row.extension,
            name=row.name,
            period=period.description or str(period.id),
            number=period.to.target,
        )
        return Divert(period.to, "unconditional")
    route.because("tbr_failover", extension=row.extension, name=row.name, number=row.failover_to.target)
    return Divert(row.failover_to, "unconditional") if row.failover_to else refuse(404, 1, "Not Found")


def by_number_of_calls(route: Route, row: CallLimit) -> Step | Divert:
    """Within the limit the call counts for as long as it lasts; beyond it goes elsewhere (E 4.10)."""
    inside = route.live.calls_through(row.company_id, row.extension)
    if inside < row.limit:
        route.because("within_limit", extension=row.extension, name=row.name, calls=str(inside), limit=str(row.limit))
        route.now(through=(*route.situation.through, row.extension))
        to = row.within_to
    else:
        route.because("over_limit", extension=row.extension, name=row.name, limit=str(row.limit))
        to = row.over_to
    choose_shown(route, row.caller_id, row.caller_number)
    return Divert(to, "unconditional") if to else refuse(486, 17, "Busy Here")


def forwarded(route: Route, row: ForwardExtension) -> Step | Divert:
    """Straight on to another number (E 4.11)."""
    route.because("forward_extension", extension=row.extension, name=row.name, number=row.to.target)
    choose_shown(route, row.caller_id, row.caller_number)
    return Divert(row.to, "unconditional") if row.to else refuse(404, 1, "Not Found")


def choose_shown(route: Route, choice: CallerIdChoice, number: str) -> None:
    """Which number the call shows outside (E 4.10, E 4.11)."""
    shown = {"caller": "caller", "called": route.situation.own_number, "number": number}[choice]
    route.now(shown=shown)
