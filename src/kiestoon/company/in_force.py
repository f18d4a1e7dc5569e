"""A company's rows without what belongs to services that somebody does not have (ORG-5, V 6.1).

The call path sees these, and never asks whether a service is assigned: a forwarding of somebody who has lost forwarding
is not there. The rows themselves are kept, so that a service that is given back finds its settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from kiestoon.company.model import (
    NOWHERE,
    VIRTUAL_TABLES,
    AlternateNumber,
    CompanyRows,
    Destination,
    Forward,
    ReachOverride,
    Row,
    Rule,
    RuleService,
    StatusForward,
    User,
)
from kiestoon.company.services import Services

RowT = TypeVar("RowT", bound=Row)

FIELDS: Final[dict[str, tuple[str, Any]]] = {
    "do_not_disturb": ("do_not_disturb", False),
    "do_not_disturb_reminder": ("ring_reminder", False),
    "reject_anonymous": ("anonymous_rejection", False),
    "call_waiting": ("call_waiting", False),
    "hide_number": ("caller_id_withheld", False),
    "hide_connected": ("caller_id_withheld", False),
    "connected_privacy": ("call_policies", "company"),
    "forwarded_signal": ("call_policies", "company"),
}
"""A person's fields that are a service's, and what they are without it."""

OF_RULE: Final[dict[RuleService, str]] = {
    "selective_forward": "selective_forwarding",
    "selective_accept": "selective_acceptance",
    "selective_reject": "selective_rejection",
    "notification": "call_notification",
}
"""The service of an extension's rule; a location's forwarding is nobody's service."""

_REACH: Final = ("call_classes", "reach_statuses", "reach_profiles", "reach_cells")
_WITH_DESTINATIONS: Final = ("locations", "location_routes", "time_routes", *VIRTUAL_TABLES)


def rows_in_force(rows: CompanyRows, services: Services) -> CompanyRows:
    """The rows as calls meet them; the same object where nobody lacks anything."""
    if not services.restricts:
        return rows
    extensions = {user.id: user.extension for user in rows.users}

    def has(user_id: int, service: str) -> bool:
        return services.has(extensions.get(user_id, ""), service)

    boxless = services.without("voicemail")
    changed: dict[str, Any] = {
        "users": tuple(user_in_force(user, services.lacking(user.extension)) for user in rows.users),
        "forwards": _kept(rows.forwards, lambda row: _forward(row, services)),
        "rules": _kept(rows.rules, lambda row: _rule(row, services)),
        "status_forwards": _kept(
            rows.status_forwards,
            lambda row: _status_forward(row, extensions.get(row.user_id, ""), services),
        ),
        "alternate_numbers": _kept(rows.alternate_numbers, lambda row: _alternate(row, has)),
        "reach_overrides": _kept(rows.reach_overrides, lambda row: _reach_override(row, has)),
    }
    for table in _REACH:
        changed[table] = tuple(row for row in getattr(rows, table) if has(row.user_id, "reach"))
    for table in _WITH_DESTINATIONS if boxless else ():
        changed[table] = tuple(_without_boxes(row, boxless) for row in getattr(rows, table))
    if boxless:
        changed["rules"] = tuple(_without_boxes(row, boxless) for row in changed["rules"])
        changed["reach_profiles"] = tuple(
            _without_boxes(row, boxless, extensions.get(row.user_id, "")) for row in changed["reach_profiles"]
        )
    return replace(rows, **changed)


def user_in_force(user: User, lacking: frozenset[str]) -> User:
    """A person without the fields of services that are lacking."""
    off = {
        field: without
        for field, (service, without) in FIELDS.items()
        if service in lacking and getattr(user, field) != without
    }
    if "do_not_disturb" in lacking and user.do_not_disturb_reminder:
        off["do_not_disturb_reminder"] = False
    return replace(user, **off) if off else user


def services_of_forward(row: Forward) -> frozenset[str]:
    """Which services a forwarding is part of. To the own box it is the voicemail's (V 19.3.2), else a forwarding."""
    wanted = {"voicemail"} if row.voicemail or row.to.kind == "voicemail" else set()
    if row.case == "selective":
        wanted.add("selective_forwarding")
    elif row.to and not _to_own_box(row):
        wanted.add("forwarding")
    if row.ring_reminder:
        wanted.add("ring_reminder")
    return frozenset(wanted)


def _to_own_box(row: Forward) -> bool:
    return row.to.kind == "voicemail" and row.to.target in ("", row.extension)


def _kept(rows: Iterable[RowT], in_force: Callable[[RowT], RowT | None]) -> tuple[RowT, ...]:
    return tuple(found for row in rows if (found := in_force(row)) is not None)


def _forward(row: Forward, services: Services) -> Forward | None:
    """Without voicemail the number remains, without forwarding the voicemail (V 7.1)."""
    lacking = services.lacking(row.extension)
    to_box = row.to.kind == "voicemail"
    if not to_box and services_of_forward(row).isdisjoint(lacking):
        return row
    if row.case == "selective" and "selective_forwarding" in lacking:
        return None
    lost = to_box and not services.has(row.to.target or row.extension, "voicemail")
    if row.case != "selective" and "forwarding" in lacking:
        lost = lost or not _to_own_box(row)
    to = NOWHERE if lost else row.to
    voicemail = row.voicemail and "voicemail" not in lacking
    if row.case != "selective" and not to and not voicemail:
        return None
    return replace(row, to=to, voicemail=voicemail, ring_reminder=row.ring_reminder and "ring_reminder" not in lacking)


def _rule(row: Rule, services: Services) -> Rule | None:
    service = OF_RULE.get(row.service)
    if row.extension is None or service is None or services.has(row.extension, service):
        return row
    return None


def _status_forward(row: StatusForward, extension: str, services: Services) -> StatusForward | None:
    if not services.has(extension, "forwarding"):
        return None
    to_box = row.to.kind == "voicemail"
    return None if to_box and not services.has(row.to.target or extension, "voicemail") else row


def _alternate(row: AlternateNumber, has: Callable[[int, str], bool]) -> AlternateNumber | None:
    if not has(row.user_id, "alternate_numbers"):
        return None
    return row if row.ring_pattern == 1 or has(row.user_id, "distinctive_ringing") else replace(row, ring_pattern=1)


def _reach_override(row: ReachOverride, has: Callable[[int, str], bool]) -> ReachOverride | None:
    if not has(row.user_id, "reach"):
        return None
    return replace(row, roaming=False) if row.roaming and not has(row.user_id, "roaming_status") else row


def _without_boxes(row: RowT, boxless: frozenset[str], own: str = "") -> RowT:
    """A row that sends no call to a voicemail that is not there. ``own``: whose the box "" is, for rows that know."""
    own = own or getattr(row, "extension", "") or ""
    lost = {
        name: NOWHERE
        for name in row.__struct_fields__
        if isinstance(to := getattr(row, name), Destination)
        and to.kind == "voicemail"
        and (to.target or own) in boxless
    }
    return replace(row, **lost) if lost else row
