"""Rules over packs and services given by hand: no more than was bought, nothing for which nobody has a use (ORG-11).

A pack's licences are counted by extensions, in the company and, where the pack is available at some locations only, at
each of them (V 29.1, V 30.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import func, select

from kiestoon.company.model import Department, PackAssignment, Row, ServiceAssignment, ServicePack, User
from kiestoon.company.profiles import SERVICES, offered
from kiestoon.company.services import Licensing, kind_of
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek, named
from kiestoon.store.rules.places import OWNERS, is_at, located
from kiestoon.store.rules.shape import Check
from kiestoon.store.service_names import service_name
from kiestoon.store.tables import TABLES

_GIVEN: Final = TABLES[PackAssignment]


class _Use:
    """Who has a pack, and where it is available; without the row that is being written."""

    def __init__(self, peek: Peek, pack_id: int, but: int) -> None:
        self._peek = peek
        self._mine = (_GIVEN.c.company_id == peek.company_id, _GIVEN.c.pack_id == pack_id, _GIVEN.c.id != but)

    def count(self) -> int:
        """How many extensions have it."""
        query = select(func.count()).select_from(_GIVEN).where(*self._mine, _GIVEN.c.extension.is_not(None))
        return int(self._peek.connection.execute(query).scalar_one())

    def quotas(self) -> dict[int, int | None]:
        """The locations it is available at, with how often; none: it is available everywhere."""
        query = select(_GIVEN.c.location_id, _GIVEN.c.licences).where(*self._mine, _GIVEN.c.location_id.is_not(None))
        return {row.location_id: row.licences for row in self._peek.connection.execute(query)}

    def count_at(self, location_id: int | None) -> int:
        """How many extensions at a location have it."""
        return sum(self._count(row_type, location_id) for row_type in OWNERS)

    def _count(self, row_type: type[Row], location_id: int | None) -> int:
        table, company_id = TABLES[row_type], self._peek.company_id
        have = select(_GIVEN.c.extension).where(*self._mine, _GIVEN.c.extension.is_not(None))
        query = select(func.count()).select_from(table)
        query = query.where(table.c.company_id == company_id, table.c.extension.in_(have))
        return int(self._peek.connection.execute(query.where(is_at(table, location_id, company_id))).scalar_one())

    def owners(self) -> Iterator[Any]:
        """Everybody who has it."""
        have = select(_GIVEN.c.extension).where(*self._mine, _GIVEN.c.extension.is_not(None))
        numbers = list(self._peek.connection.execute(have).scalars())
        for row_type in OWNERS if numbers else ():
            yield from self._peek.find(row_type, extension=numbers)


# --- packs -----------------------------------------------------------------------------------------------------------


def _pack(row: ServicePack, peek: Peek) -> Iterator[Problem]:
    for service in row.services:
        if service not in SERVICES:
            yield problem("services", "unknown_service", value=service, choices=", ".join(SERVICES))
    if not row.id:
        return
    use = _Use(peek, row.id, 0)
    for owner in use.owners():
        yield from _suits("services", row, owner)
    used = use.count() if row.licences else 0
    if used > row.licences:
        yield problem("licences", "licences_below_use", value=row.licences, used=used)
    for location_id, licences in use.quotas().items() if row.licences else ():
        if licences is not None and licences > row.licences:
            place = peek.name_of("locations", location_id)
            yield problem("licences", "licences_of_location", limit=licences, other=place)


def _assignment(row: PackAssignment, peek: Peek) -> Iterator[Problem]:
    if (row.extension is None) == (row.location_id is None):
        yield problem("extension", "one_of", fields="extension, location_id")
        return
    pack = peek.get(ServicePack, row.pack_id)
    if pack is None:
        return
    use = _Use(peek, pack.id, row.id)
    if row.location_id is not None:
        yield from _at_location(row, pack, use, peek)
    elif row.licences is not None:
        yield problem("licences", "licences_per_extension")
    elif row.extension is not None:
        yield from _to_extension(row.extension, pack, use, peek)


def _to_extension(extension: str, pack: ServicePack, use: _Use, peek: Peek) -> Iterator[Problem]:
    owner = peek.extension_owner(extension)
    if owner is None or not isinstance(owner, OWNERS):
        yield problem("extension", "no_services", value=extension)
        return
    yield from _suits("pack_id", pack, owner)
    if pack.licences and use.count() >= pack.licences:
        yield problem("pack_id", "licences_used", limit=pack.licences)
    else:
        yield from _room_at(extension, located(owner, peek), use, peek)


def _room_at(extension: str, location_id: int | None, use: _Use, peek: Peek) -> Iterator[Problem]:
    """The pack is available where the extension is, and a licence is left there."""
    quotas = use.quotas()
    if not quotas:
        return
    if location_id not in quotas:
        yield problem("pack_id", "pack_elsewhere", value=extension)
        return
    limit = quotas[location_id]
    if limit is not None and use.count_at(location_id) >= limit:
        place = peek.name_of("locations", location_id)
        yield problem("pack_id", "licences_used_at", limit=limit, other=place)


def _at_location(row: PackAssignment, pack: ServicePack, use: _Use, peek: Peek) -> Iterator[Problem]:
    """What has been given there still fits."""
    if pack.licences and (row.licences or 0) > pack.licences:
        yield problem("licences", "more_than_bought", value=row.licences, limit=pack.licences)
    if row.licences is not None and (used := use.count_at(row.location_id)) > row.licences:
        yield problem("licences", "licences_below_use", value=row.licences, used=used)


def _suits(field: str, pack: ServicePack, owner: Any) -> Iterator[Problem]:
    """A pack given to a person holds nothing that the person's profile has no use for (ORG-5).

    To a virtual user any pack can be given that holds something for it.
    """
    if isinstance(owner, User):
        for service in pack.services:
            if service in SERVICES and not offered(service, owner.profile):
                yield problem(field, "not_for_profile", value=service_name(service), other=owner.profile)
    elif pack.services and not any(offered(service, "virtual") for service in pack.services):
        yield problem(field, "pack_for_nothing", other=named(owner))


# --- by hand ---------------------------------------------------------------------------------------------------------


def _by_hand(row: ServiceAssignment, peek: Peek) -> Iterator[Problem]:
    """What is licensed in numbers is given by its pack: that counts it."""
    if row.service not in SERVICES:
        yield problem("service", "unknown_service", value=row.service, choices=", ".join(SERVICES))
        return
    owner = peek.extension_owner(row.extension)
    if owner is None:
        return
    if not isinstance(owner, OWNERS):
        yield problem("extension", "no_services", value=row.extension)
    elif not offered(row.service, kind_of(owner)):
        yield from not_offered("service", row.service, owner)
    elif row.assigned:
        yield from _licensed(row, located(owner, peek), peek)


def _licensed(row: ServiceAssignment, location_id: int | None, peek: Peek) -> Iterator[Problem]:
    packs = peek.find(ServicePack)
    held = [pack for pack in packs if row.service in pack.services and pack.licences]
    if not held:
        return
    ids = [pack.id for pack in held]
    licensing = Licensing(packs, peek.find(PackAssignment, pack_id=ids), ())
    counted = [pack for pack in licensing.packs_holding(row.service, location_id) if pack.licences]
    if counted and not licensing.packs_of(row.extension, location_id):
        yield problem("service", "licensed_by_pack", value=service_name(row.service), other=named(*counted))


def not_offered(field: str, service: str, owner: Row) -> Iterator[Problem]:
    """A service that is nothing for whoever has the extension."""
    if isinstance(owner, User):
        yield problem(field, "not_for_profile", value=service_name(service), other=owner.profile)
    else:
        yield problem(field, "not_for_virtual", value=service_name(service), other=named(owner))


# --- people and places that change -----------------------------------------------------------------------------------


def _profile(row: User, peek: Peek) -> Iterator[Problem]:
    """Another profile must suit what the person has been given."""
    old = peek.get(User, row.id) if row.id else None
    if old is None or old.profile == row.profile:
        return
    given = [peek.get(ServicePack, one.pack_id) for one in peek.find(PackAssignment, extension=old.extension)]
    services = [service for pack in given if pack is not None for service in pack.services]
    services += [one.service for one in peek.find(ServiceAssignment, extension=old.extension) if one.assigned]
    for service in dict.fromkeys(services):
        if not offered(service, row.profile):
            yield problem("profile", "not_for_profile", value=service_name(service), other=row.profile)


def _moved(row: Any, peek: Peek) -> Iterator[Problem]:
    """Whoever moves to another location takes the packs along: they must be available there, with a licence left."""
    old = peek.get(type(row), row.id) if row.id else None
    if old is None or (old.location_id, old.department_id) == (row.location_id, row.department_id):
        return
    there = located(row, peek)
    if there != located(old, peek):
        field = "location_id" if row.location_id != old.location_id else "department_id"
        yield from _taken_along(field, (old.extension,), there, peek)


def _department_moved(row: Department, peek: Peek) -> Iterator[Problem]:
    old = peek.get(Department, row.id) if row.id else None
    if old is not None and old.location_id != row.location_id:
        inside = [one for kind in OWNERS for one in peek.find(kind, department_id=row.id, location_id=None)]
        numbers = tuple(one.extension for one in inside)  # type: ignore[attr-defined]  # what owners have
        yield from _taken_along("location_id", numbers, row.location_id, peek)


def _taken_along(field: str, extensions: tuple[str, ...], there: int | None, peek: Peek) -> Iterator[Problem]:
    given = peek.find(PackAssignment, extension=list(extensions)) if extensions else []
    for pack_id in dict.fromkeys(one.pack_id for one in given):
        use = _Use(peek, pack_id, 0)
        quotas = use.quotas()
        coming = sum(one.pack_id == pack_id for one in given)
        limit = quotas.get(there) if there is not None else None
        if not quotas or (there in quotas and (limit is None or use.count_at(there) + coming <= limit)):
            continue
        yield problem(field, "pack_stays_behind", other=peek.name_of("service_packs", pack_id))


def misplaced_packs(peek: Peek, pack_id: int | None = None) -> Iterator[Problem]:
    """Packs (this one) that somebody has where they are not available any more.

    For whoever has written a row of where a pack is available, or has taken one away: of several such rows any may be
    the last, so no rule over a single one can tell.
    """
    for pack in peek.find(ServicePack) if pack_id is None else peek.find(ServicePack, id=pack_id):
        use = _Use(peek, pack.id, 0)
        places = use.quotas()
        elsewhere = use.count() - sum(map(use.count_at, places)) if places else 0
        if elsewhere:
            yield problem("location_id", "pack_used_elsewhere", value=elsewhere, other=named(pack))


CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {
    ServicePack: (_pack,),
    PackAssignment: (_assignment,),
    ServiceAssignment: (_by_hand,),
    Department: (_department_moved,),
    **dict.fromkeys(OWNERS, (_moved,)),
    User: (_profile, _moved),
}
