"""A call from an outside line: whose number it is, and where that leads (E 8, V 9.4)."""

from __future__ import annotations

import msgspec

from kiestoon.company.directory import CompanyIndex, Directory
from kiestoon.company.model import Number, Trunk
from kiestoon.company.numbers import clean_dialled, read_trunk_number
from kiestoon.routing.arrive import arrive
from kiestoon.routing.context import SHOWN, Route
from kiestoon.routing.decision import Decision, Refuse
from kiestoon.routing.matching import see_outsider
from kiestoon.routing.own_numbers import lead
from kiestoon.routing.reasons import because
from kiestoon.routing.situation import CallerSeen, Live, Situation


def from_trunk(
    directory: Directory, trunks: tuple[Trunk, ...], dialled: str, caller: CallerSeen | None, live: Live, diverted: int
) -> Decision:
    """Several trunks when one provider's address serves several companies: the number called says whose it is."""
    cleaned = clean_dialled(dialled)
    called = number_called(directory, trunks, cleaned)
    if called is not None:
        trunk, number, index = called
        seen = caller or see_outsider("", withheld=False, country=index.company.country)
        situation = Situation(index.company.id, seen, number.e164, own_number=number.e164, arrived_diversions=diverted)
        route = Route(directory, index, live, situation)
        route.because("incoming", number=number.e164, trunk=trunk.name)
        decision = to_number(route, number)
        return msgspec.structs.replace(decision, trunk_id=trunk.id, called=number.e164)
    # Never on to another trunk: passing outside calls on is how toll fraud works.
    trunk_id = trunks[0].id if len(trunks) == 1 else 0
    company_id = (trunks[0].company_id or 0) if len(trunks) == 1 else 0
    reason = because("not_our_number", number=dialled[:SHOWN])
    return Decision(Refuse(404, 1, "Not Found"), (reason,), company_id, trunk_id, cleaned)


def number_called(
    directory: Directory, trunks: tuple[Trunk, ...], cleaned: str
) -> tuple[Trunk, Number, CompanyIndex] | None:
    """The number of a company in service that is meant, and by which of the trunks it may be called."""
    for trunk in trunks:
        number = _called_number(directory, trunk, cleaned)
        index = directory.company(number.company_id) if number is not None else None
        if number is not None and index is not None:
            return trunk, number, index
    return None


def _called_number(directory: Directory, trunk: Trunk, cleaned: str) -> Number | None:
    """A company's trunk reaches only that company's numbers."""
    if trunk.company_id is not None:
        index = directory.company(trunk.company_id)
        countries: tuple[str, ...] = (index.company.country,) if index is not None else ()
    else:
        countries = directory.countries
    for country in countries:
        for form in read_trunk_number(cleaned, country):
            number = directory.number(form)
            if number is not None and trunk.company_id in (None, number.company_id):
                return number
    return None


def to_number(route: Route, number: Number) -> Decision:
    """One of the company's numbers was called."""
    led = lead(route, number)
    return arrive(route, led) if isinstance(led, str) else route.decide(led, number.e164)
