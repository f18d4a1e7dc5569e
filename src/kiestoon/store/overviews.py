"""What an administrator wants to see at a glance: who has which services on, licences used, where numbers lead."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from kiestoon.company.desks import holder_of
from kiestoon.company.in_force import rows_in_force
from kiestoon.company.model import VIRTUAL_TABLES, CompanyRows, ServicePack, User
from kiestoon.company.services import Services

NumberKind: TypeAlias = Literal["personal", "alternate", "plan", "free"]


class Service(msgspec.Struct, frozen=True):
    """A service that is on. ``detail`` says more, as in "busy → 205"."""

    service: str
    detail: str = ""


class Subscriber(msgspec.Struct, frozen=True):
    """A user or virtual user of a location. ``devices`` are user names of phones in service."""

    id: int
    table: str
    version: int
    extension: str
    name: str
    department_id: int | None
    devices: tuple[str, ...]
    services: tuple[Service, ...]


class LicencePlace(msgspec.Struct, frozen=True):
    """A location a pack is available at. ``licences`` None: as many as the company has."""

    location_id: int
    licences: int | None
    used: int


class Licence(msgspec.Struct, frozen=True):
    """A pack. ``licences`` 0 = without limit; ``free``: how many can still be given (None = without limit).

    ``locations``: the only ones it is available at; () = everywhere. Of one location: what is used there, what it may
    use (``location_licences``) and what is left to it.
    """

    id: int
    name: str
    services: tuple[str, ...]
    licences: int
    used: int
    free: int | None
    location_licences: int | None
    extensions: tuple[str, ...]
    locations: tuple[LicencePlace, ...]


class PlanTarget(msgspec.Struct, frozen=True):
    """Where a plan leads a number."""

    scheme: str
    plan: str
    extension: str


class AssignedNumber(msgspec.Struct, frozen=True):
    """An outside number and whom it belongs to: an extension for good, a user as alternate number, or number plans."""

    id: int
    version: int
    e164: str
    kind: NumberKind
    extension: str
    name: str
    plans: tuple[PlanTarget, ...]
    location_id: int | None
    department_id: int | None


def location_of(rows: CompanyRows) -> dict[str, int | None]:
    """The location of every extension: its own, else its department's."""
    departments = {row.id: row.location_id for row in rows.departments}
    return {
        row.extension: row.location_id or departments.get(row.department_id or 0)
        for _, row in _owners(rows)
        if row.extension
    }


def _owners(rows: CompanyRows) -> list[tuple[str, Any]]:
    return [(table, row) for table in ("users", *VIRTUAL_TABLES) for row in getattr(rows, table)]


def with_inner(rows: CompanyRows, department_id: int) -> frozenset[int]:
    """A department and those inside it, to any depth."""
    found = frozenset((department_id,))
    while True:
        wider = found | {row.id for row in rows.departments if row.parent_id in found}
        if wider == found:
            return found
        found = wider


def of_departments(rows: CompanyRows, department_ids: frozenset[int]) -> frozenset[str]:
    """The extensions of whoever is in one of these departments."""
    return frozenset(row.extension for _, row in _owners(rows) if row.department_id in department_ids and row.extension)


def of_location(rows: CompanyRows, location_id: int) -> frozenset[str]:
    """The extensions of whoever is at a location."""
    return frozenset(extension for extension, place in location_of(rows).items() if place == location_id)


def subscribers(rows: CompanyRows, extensions: frozenset[str], now_ms: int) -> list[Subscriber]:
    """The users and virtual users with these extensions, in their order, with what they have on and in force."""
    rows = rows_in_force(rows, Services.of(rows))
    phones: dict[int, list[str]] = {}
    for device in rows.devices:
        holder = holder_of(device)
        if device.active and holder is not None:
            phones.setdefault(holder, []).append(device.username)
    found = [
        Subscriber(
            row.id,
            table,
            row.version,
            row.extension,
            row.name,
            row.department_id,
            tuple(phones.get(row.id, ())) if table == "users" else (),
            tuple(_services(rows, table, row, now_ms)),
        )
        for table, row in _owners(rows)
        if row.extension in extensions
    ]
    return sorted(found, key=lambda one: (one.extension, one.name))


def _services(rows: CompanyRows, table: str, row: Any, now_ms: int) -> list[Service]:
    on = [
        Service("forward", f"{forward.case} → {forward.to.target or forward.to.kind}")
        if forward.to
        else Service("voicemail", forward.case)
        for forward in rows.forwards
        if forward.extension == row.extension and forward.active and (forward.to or forward.voicemail)
    ]
    rules = {rule.service for rule in rows.rules if rule.extension == row.extension and rule.active}
    on += [Service(service) for service in sorted(rules)]
    return on + _personal(rows, row, now_ms) if isinstance(row, User) else on


def _personal(rows: CompanyRows, user: User, now_ms: int) -> list[Service]:
    flags = ("do_not_disturb", "reject_anonymous", "hide_number", "hide_line")
    on = [Service(flag) for flag in flags if getattr(user, flag)]
    on += [
        Service("presence", row.status)
        for row in rows.presences
        if row.user_id == user.id and row.status != "office" and (not row.until_ms or now_ms < row.until_ms)
    ]
    return on + ([Service("blocklist")] if user.blocklist else [])


def licences(rows: CompanyRows, location_id: int | None = None) -> list[Licence]:
    """Every pack with how many of it are used; with a location, those available there and what it uses of them."""
    places = location_of(rows)
    found = [_licence(rows, pack, places, location_id) for pack in rows.service_packs]
    return sorted((pack for pack in found if pack is not None), key=lambda pack: pack.name)


def _licence(
    rows: CompanyRows, pack: ServicePack, places: dict[str, int | None], location_id: int | None
) -> Licence | None:
    assigned = [row for row in rows.pack_assignments if row.pack_id == pack.id]
    everybody = sorted(row.extension for row in assigned if row.extension)
    where = tuple(
        LicencePlace(place, row.licences, sum(places.get(one) == place for one in everybody))
        for row in assigned
        if (place := row.location_id) is not None
    )
    here = next((place for place in where if place.location_id == location_id), None)
    if location_id is not None and where and here is None:
        return None
    shown = tuple(one for one in everybody if location_id is None or places.get(one) == location_id)
    left = [max(0, pack.licences - len(everybody))] if pack.licences else []
    quota = here.licences if here is not None else None
    if quota is not None:
        left.append(max(0, quota - len(shown)))
    return Licence(
        pack.id, pack.name, pack.services, pack.licences, len(shown), min(left, default=None), quota, shown, where
    )


def assigned_numbers(rows: CompanyRows) -> list[AssignedNumber]:
    """Every outside number with whom it belongs to, in order."""
    names = {row.extension: row.name for _, row in _owners(rows) if row.extension}
    users = {row.id: row for row in rows.users}
    alternates = {row.number_id: users[row.user_id] for row in rows.alternate_numbers if row.number_id is not None}
    plans = {row.id: row for row in rows.number_plans}
    schemes = {row.id: row.name for row in rows.number_schemes}
    targets: dict[int, list[PlanTarget]] = {}
    for mapping in rows.plan_mappings:
        plan = plans[mapping.plan_id]
        targets.setdefault(mapping.number_id, []).append(
            PlanTarget(schemes[plan.scheme_id], plan.name, mapping.extension)
        )
    found = []
    for number in rows.numbers:
        kind: NumberKind = "plan" if number.id in targets else "free"
        extension = number.extension
        if extension:
            kind = "personal"
        elif number.id in alternates:
            kind, extension = "alternate", alternates[number.id].extension
        found.append(
            AssignedNumber(
                number.id,
                number.version,
                number.e164,
                kind,
                extension,
                names.get(extension, ""),
                tuple(targets.get(number.id, ())),
                number.location_id,
                number.department_id,
            )
        )
    return sorted(found, key=lambda number: number.e164)
