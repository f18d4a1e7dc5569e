"""What an administrator wants to see at a glance: who has which services on, licences used, where numbers lead."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from kiestoon.company.model import VIRTUAL_TABLES, CompanyRows, User

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


class Licence(msgspec.Struct, frozen=True):
    """A pack. ``licences`` 0 = without limit (``free`` None). ``locations``: where it is made available."""

    id: int
    name: str
    services: tuple[str, ...]
    licences: int
    used: int
    free: int | None
    extensions: tuple[str, ...]
    locations: tuple[int, ...]


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


def subscribers(rows: CompanyRows, location_id: int, now_ms: int) -> list[Subscriber]:
    """The users and virtual users of a location, by extension, with what they have on."""
    departments = {row.id: row.location_id for row in rows.departments}
    phones: dict[int, list[str]] = {}
    for device in rows.devices:
        if device.active and device.user_id is not None:
            phones.setdefault(device.user_id, []).append(device.username)
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
        if (row.location_id or departments.get(row.department_id or 0)) == location_id
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
    """Every pack with how many of it are used, by the extensions of one location only when given."""
    places = location_of(rows)
    found = []
    for pack in rows.service_packs:
        assigned = [row for row in rows.pack_assignments if row.pack_id == pack.id]
        everybody = sorted(row.extension for row in assigned if row.extension)
        shown = [one for one in everybody if location_id is None or places.get(one) == location_id]
        where = sorted(row.location_id for row in assigned if row.location_id is not None)
        free = max(0, pack.licences - len(everybody)) if pack.licences else None
        found.append(
            Licence(pack.id, pack.name, pack.services, pack.licences, len(shown), free, tuple(shown), tuple(where))
        )
    return sorted(found, key=lambda pack: pack.name)


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
