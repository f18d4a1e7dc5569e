"""Out of the company: who may call what, which caller ID is shown, and calls that are forwarded outside.

Blocked kinds of destination: the company's list wins over the person's (E 9.1). Emergency numbers are dialled by
people only: nothing forwards to them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Company, Location, Number, Row, User
from kiestoon.company.numbers import (
    Kind,
    OutsideNumber,
    area_context,
    clean_dialled,
    country_code,
    emergency_number,
    read_written,
)
from kiestoon.routing.context import SHOWN, Route, refuse
from kiestoon.routing.decision import DialOutside, Refuse, Step
from kiestoon.routing.own_numbers import lead
from kiestoon.routing.situation import Diversion
from kiestoon.routing.trunks import ordered_trunks

BlockedBy: TypeAlias = Literal["", "company", "user"]


class Blocked(msgspec.Struct, frozen=True):
    """Who blocks which kind of destination."""

    by: BlockedBy
    kind: Kind


def forward(route: Route, number: str) -> Step | str:
    """A diversion to a number as somebody would dial it: inside where that is enough, else the forwarder pays."""
    payer = route.owner(route.situation.at)
    route.because("forwarded", extension=route.situation.at, number=number[:SHOWN])
    cleaned = clean_dialled(number)
    if cleaned in route.index.arrangements.extensions:
        return cleaned
    own = own_number_meant(route, cleaned, area_of(route, payer))
    if own is not None:
        route.because("own_number", number=own.e164)
        route.now(own_number=own.e164)
        return lead(route, own)
    step = dial_for(route, number, payer if isinstance(payer, User) else None)
    if isinstance(step, DialOutside):
        route.now(at="")  # outside nobody's arrangements of ours count any more
    return step


def own_number_meant(route: Route, cleaned: str, area: str) -> Number | None:
    """The company's own number that this is: such a call need not go out and come back."""
    read = read_dialled(route.index.company, cleaned, area) if cleaned else None
    number = route.directory.number(read.number) if read is not None else None
    return number if number is not None and number.company_id == route.index.company.id else None


def branch_out(route: Route, number: str, payer: User | None) -> DialOutside | Refuse:
    """Ring an outside number for an extension that stays in charge of the call: a member, a person's own mobile.

    It counts as one diversion by that extension, else two companies ringing each other would never end.
    """
    here = route.situation
    others = here.diversions
    if others and others[-1].by == here.at:
        others = others[:-1]
    if len(others) + here.arrived_diversions >= route.index.company.max_diversions:
        route.because("too_many_diversions", limit=str(route.index.company.max_diversions))
        return refuse(480, 25, "Forwarded too often", "forwarding-error")
    step = dial_for(route, number, payer)
    if isinstance(step, DialOutside):
        route.now(diversions=(*others, Diversion(here.at, number[:SHOWN], "unconditional")))
    return step


def dial_for(route: Route, number: str, payer: User | None) -> DialOutside | Refuse:
    """Call an outside number for a person, or for the company when ``payer`` is None."""
    company = route.index.company
    cleaned = clean_dialled(number)
    owner = payer if payer is not None else route.owner(route.situation.at)
    location, area = route.location_of(owner), area_of(route, owner)
    read = read_dialled(route.index.company, cleaned, area) if cleaned else None
    if not cleaned or is_emergency(company, cleaned, read):
        route.because("not_forwarded_there", number=number[:SHOWN])
        return refuse(403, 21, "Not possible")
    if read is None:
        route.because("not_a_number")
        return refuse(404, 28, "Not Found")
    if not read.valid and len(cleaned) == company.extension_digits:
        route.because("unknown_extension", number=cleaned)
        return refuse(404, 1, "Not Found")
    blocked = blocked_by(company, payer, read)
    if blocked is not None:
        route.because("blocked", number=read.number, kind=blocked.kind, by=blocked.by)
        return refuse(403, 21, "Destination blocked", "forwarding-error")
    trunks = ordered_trunks(route.directory, company.id)
    if not trunks:
        route.because("no_trunk")
        return refuse(503, 34, "No Outside Line")
    shown, hidden = _forwarded_identity(route, payer, location)
    named = payer is not None and not hidden and shown == own_number(route.index, payer, location)
    if shown:
        route.because("caller_id", number=shown, source="forwarding")
    return DialOutside(
        trunks=tuple(trunk.id for trunk in trunks),
        number=read.number,
        kind=read.kind,
        country=company.country,
        caller_number=shown,
        caller_name=name_shown(payer, location) if named and payer is not None else "",
        hide_caller=hidden,
        area=area_context(area, company.country),
    )


def is_emergency(company: Company, cleaned: str, read: OutsideNumber | None) -> bool:
    """Whether an emergency number is meant, however it was written."""
    if emergency_number(cleaned, company.country, company.access_code):
        return True
    return read is not None and bool(emergency_number(read.number, company.country))


def read_dialled(company: Company, cleaned: str, area: str) -> OutsideNumber | None:
    """``read_written`` as the company dials."""
    return read_written(cleaned, company.country, area, company.access_code)


def area_of(route: Route, owner: Row | None) -> str:
    """The area code that completes local numbers in somebody's settings: the own, the location's, the company's."""
    own = owner.area_code if isinstance(owner, User) else ""
    return own or area_of_location(route.index, route.location_of(owner))


def area_of_location(index: CompanyIndex, location: Location | None) -> str:
    """The area code of a place, else the company's."""
    return (location.area_code if location is not None else "") or index.company.area_code


def blocked_by(company: Company, user: User | None, number: OutsideNumber) -> Blocked | None:
    """Whether a number may not be called; what the company blocks counts first."""
    kinds: tuple[Kind, ...] = (number.kind,)
    if number.kind in ("satellite", "premium") and _leads_abroad(number.number, company.country):
        kinds = (number.kind, "international")
    for kind in kinds:
        if kind in company.blocked:
            return Blocked("company", kind)
    for kind in kinds if user is not None and user.blocked else ():
        if kind in user.blocked:  # type: ignore[union-attr]  # as just asked
            return Blocked("user", kind)
    return None


def _leads_abroad(number: str, country: str) -> bool:
    """Whether a number is another country's: dear ones there are international calls as well."""
    return number.startswith("+") and not number.startswith(f"+{country_code(country)}")


def mobile_of(route: Route, user: User) -> DialOutside | None:
    """The person's mobile, rung beside the phones; it shows what calls forwarded by the profile show (E 10.2).

    None for calls from that very mobile, and where it cannot be dialled.
    """
    if not user.mobile_number or route.situation.caller.number == user.mobile_number:
        return None
    step = branch_out(route, user.mobile_number, user)
    if not isinstance(step, DialOutside):
        return None
    route.because("mobile", name=user.name, number=user.mobile_number)
    return msgspec.structs.replace(step, user_id=user.id)


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
