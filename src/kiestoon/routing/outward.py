"""Out of the company: who may call what, which caller ID is shown, and calls that are forwarded outside.

Blocked kinds of destination: the company's list wins over the person's (E 9.1). Emergency numbers are dialled by
people only: nothing forwards to them.
"""

from __future__ import annotations

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Location, Row, User
from kiestoon.company.numbers import OutsideNumber, area_context, clean_dialled, emergency_number, read_outside_number
from kiestoon.routing.context import SHOWN, Route, refuse
from kiestoon.routing.decision import DialOutside, Refuse, Step
from kiestoon.routing.trunks import ordered_trunks


def forward(route: Route, number: str) -> Step | str:
    """A diversion to a number as somebody would dial it: an extension's owner, or out at the forwarder's expense."""
    here = route.situation
    payer = route.owner(here.at)
    route.because("forwarded", extension=here.at, number=number[:SHOWN])
    inside = inside_of(route, number)
    if inside:
        return inside
    step = dial_for(route, number, payer if isinstance(payer, User) else None)
    if isinstance(step, DialOutside):
        route.now(at="")  # outside nobody's arrangements of ours count any more
    return step


def inside_of(route: Route, number: str) -> str:
    """The extension a number leads to without leaving the company; "" for none."""
    cleaned = clean_dialled(number)
    return cleaned if cleaned in route.index.arrangements.extensions else ""


def dial_for(route: Route, number: str, payer: User | None) -> DialOutside | Refuse:
    """Call an outside number for a person, or for the company when ``payer`` is None."""
    company = route.index.company
    cleaned = clean_dialled(number)
    if not cleaned or emergency_number(cleaned, company.country, company.access_code):
        route.because("not_forwarded_there", number=number[:SHOWN])
        return refuse(403, 21, "Not possible")
    location = route.location_of(payer if payer is not None else route.owner(route.situation.at))
    read = read_dialled(route.index, cleaned, location)
    if read is None:
        route.because("not_a_number")
        return refuse(404, 28, "Not Found")
    blocked = blocked_by(route.index, payer, read)
    if blocked:
        route.because("blocked", number=read.number, kind=read.kind, by=blocked)
        return refuse(403, 21, "Destination blocked", "destination-blocked")
    trunks = ordered_trunks(route.directory, company.id)
    if not trunks:
        route.because("no_trunk")
        return refuse(503, 34, "No Outside Line")
    shown, hidden = _forwarded_identity(route, payer, location)
    if shown:
        route.because("caller_id", number=shown, source="forwarding")
    return DialOutside(
        trunks=tuple(trunk.id for trunk in trunks),
        number=read.number,
        kind=read.kind,
        country=company.country,
        caller_number=shown,
        hide_caller=hidden,
        area=area_context(_area_code(route.index, location), company.country),
    )


def read_dialled(index: CompanyIndex, cleaned: str, location: Location | None) -> OutsideNumber | None:
    """A number as written in settings: with the access code or without."""
    company = index.company
    area = _area_code(index, location)
    bare = read_outside_number(cleaned, company.country, area)
    if not company.access_code or not cleaned.startswith(company.access_code):
        return bare
    rest = read_outside_number(cleaned[len(company.access_code) :], company.country, area)
    return next((read for read in (rest, bare) if read is not None and read.valid), bare or rest)


def _area_code(index: CompanyIndex, location: Location | None) -> str:
    return (location.area_code if location is not None else "") or index.company.area_code


def blocked_by(index: CompanyIndex, user: User | None, number: OutsideNumber) -> str:
    """Who blocks this kind of destination: "company", "user", or "" for nobody."""
    if number.kind in index.company.blocked:
        return "company"
    return "user" if user is not None and number.kind in user.blocked else ""


def mobile_of(route: Route, user: User) -> DialOutside | None:
    """The person's mobile, rung beside the phones with the caller's own number where lines allow."""
    if not user.mobile_number:
        return None
    step = dial_for(route, user.mobile_number, user)
    return step if isinstance(step, DialOutside) else None


def _forwarded_identity(route: Route, payer: User | None, location: Location | None) -> tuple[str, bool]:
    """Which number a forwarded call shows outside, and whether it is withheld.

    The choice made on the way (E 4.10, E 4.11, E 10.2), else the number of who forwards: networks refuse or overwrite
    numbers that are not the company's. A caller who hides stays hidden.
    """
    here = route.situation
    hidden = here.caller.kind == "private"
    if here.shown == "caller":
        return _number_of_caller(route), hidden
    if here.shown:
        return here.shown, hidden
    if payer is not None:
        return own_number(route.index, payer, location), hidden
    return here.own_number or company_number(route.index, location), hidden


def _number_of_caller(route: Route) -> str:
    caller = route.situation.caller
    if caller.kind == "external":
        return caller.number
    colleague = route.index.users.get(caller.user_id)
    if colleague is not None:
        return own_number(route.index, colleague, route.location_of(colleague))
    return route.situation.own_number or company_number(route.index, None)


def own_number(index: CompanyIndex, user: User, location: Location | None) -> str:
    """A person's outside number: set, personal, the location's, the company's."""
    if user.caller_number:
        return user.caller_number
    personal = index.numbers_by_extension.get(user.extension)
    if personal:
        return personal[0].e164
    return company_number(index, location)


def company_number(index: CompanyIndex, location: Location | None) -> str:
    """The location's number, else the company's, else its first."""
    if location is not None and location.caller_number:
        return location.caller_number
    if index.company.caller_number:
        return index.company.caller_number
    return index.numbers[0].e164 if index.numbers else ""


def name_shown(user: Row, location: Location | None) -> str:
    """The name that goes with calls: the location's where it says so (V 28.1), the caller-ID name, the name."""
    if location is not None and location.caller_name_for_users and location.caller_name:
        return location.caller_name
    return str(getattr(user, "caller_name", "") or getattr(user, "name", ""))
