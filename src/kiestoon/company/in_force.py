"""A company's rows without what belongs to services that somebody does not have (ORG-5, V 6.1).

The call path sees these, and never asks whether a service is assigned: a forwarding of somebody who has lost forwarding
is not there. The rows themselves are kept, so that a service that is given back finds its settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from kiestoon.company.model import (
    BY_ROW,
    BY_TABLE,
    NOWHERE,
    VIRTUAL_TABLES,
    AlternateNumber,
    CallClass,
    CompanyRows,
    Destination,
    Forward,
    ReachCell,
    ReachOverride,
    ReachProfile,
    ReachStatus,
    RemoteOffice,
    RingNumber,
    Row,
    Rule,
    RuleService,
    SequentialRinging,
    SimultaneousRinging,
    StatusForward,
    User,
    Virtual,
    VoicemailBox,
)
from kiestoon.company.services import Services

RowT = TypeVar("RowT", bound=Row)

FIELDS: Final[dict[str, tuple[str, Any]]] = {
    "do_not_disturb": ("do_not_disturb", False),
    "do_not_disturb_reminder": ("ring_reminder", False),
    "reject_anonymous": ("anonymous_rejection", False),
    "call_waiting": ("call_waiting", False),
    "music_on_hold": ("music_on_hold", False),
    "hide_number": ("caller_id_withheld", False),
    "hide_connected": ("caller_id_withheld", False),
    "connected_privacy": ("call_policies", "company"),
    "forwarded_signal": ("call_policies", "company"),
    "distinctive_ringing": ("distinctive_ringing", False),
}
"""A person's fields that are a service's, and what they are without it."""
OF_VIRTUAL: Final = {name: FIELDS[name] for name in ("connected_privacy", "forwarded_signal")}
"""The same of virtual users. (That groups and hunt groups ring who is in a call is their own way of ringing.)"""

OF_RULE: Final[dict[RuleService, str]] = {
    "selective_forward": "selective_forwarding",
    "selective_accept": "selective_acceptance",
    "selective_reject": "selective_rejection",
    "notification": "call_notification",
    "simultaneous_ringing": "simultaneous_ringing",
    "sequential_ringing": "sequential_ringing",
}
"""The service of an extension's rule; a location's forwarding is nobody's service."""

OF_RINGING: Final[dict[type[Row], str]] = {
    SimultaneousRinging: "simultaneous_ringing",
    SequentialRinging: "sequential_ringing",
    RemoteOffice: "remote_office",
}
"""The service of each way to ring several phones."""

_WITH_DESTINATIONS: Final = ("locations", "location_routes", "time_routes", *VIRTUAL_TABLES)
"""Tables whose rows may send calls to somebody's voicemail, beside those of the owner's own services."""


def rows_in_force(rows: CompanyRows, services: Services) -> CompanyRows:
    """The rows as calls meet them; the same object where nobody lacks anything."""
    if not services.restricts:
        return rows
    extensions = {user.id: user.extension for user in rows.users}
    changed: dict[str, Any] = {
        table: tuple(
            found for row in getattr(rows, table) if (found := row_in_force(row, services, extensions)) is not None
        )
        for table in TOUCHED
    }
    boxless = services.without("voicemail")
    for table in _WITH_DESTINATIONS if boxless else ():
        changed[table] = tuple(_without_boxes(row, boxless, "") for row in changed.get(table, getattr(rows, table)))
    return replace(rows, **changed)


def row_in_force(row: Row, services: Services, extensions: Mapping[int, str]) -> Row | None:
    """A row of ``TOUCHED`` as calls meet it; None when nothing of it is in force. ``extensions``: by people's ids."""
    user_id = getattr(row, "user_id", None)
    extension = getattr(row, "extension", None) if user_id is None else extensions.get(user_id, "")
    handler = _HANDLERS[type(row)]
    found: Row | None = handler(row, services, extension or "")
    return found


def user_in_force(user: User, lacking: frozenset[str]) -> User:
    """A person without the fields of services that are lacking."""
    off = _off(user, FIELDS, lacking)
    if "do_not_disturb" in lacking and user.do_not_disturb_reminder:
        off["do_not_disturb_reminder"] = False
    return replace(user, **off) if off else user


def _off(row: Row, fields: Mapping[str, tuple[str, Any]], lacking: frozenset[str]) -> dict[str, Any]:
    return {
        field: without
        for field, (service, without) in fields.items()
        if service in lacking and getattr(row, field) != without
    }


def _virtual(row: Virtual, services: Services, extension: str) -> Virtual:
    off = _off(row, OF_VIRTUAL, services.lacking(extension))
    return replace(row, **off) if off else row


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


def _user(row: User, services: Services, extension: str) -> User:
    return user_in_force(row, services.lacking(extension))


def _forward(row: Forward, services: Services, extension: str) -> Forward | None:
    """Without voicemail the number remains, without forwarding the voicemail (V 7.1)."""
    lacking = services.lacking(extension)
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


def _rule(row: Rule, services: Services, extension: str) -> Rule | None:
    service = OF_RULE.get(row.service)
    if extension and service is not None and not services.has(extension, service):
        return None
    return _without_boxes(row, services.without("voicemail"), extension)


def _status_forward(row: StatusForward, services: Services, extension: str) -> StatusForward | None:
    if row.to.kind == "voicemail":
        return row if services.has(row.to.target or extension, "voicemail") else None
    return row if services.has(extension, "forwarding") else None


def _alternate(row: AlternateNumber, services: Services, extension: str) -> AlternateNumber | None:
    if not services.has(extension, "alternate_numbers"):
        return None
    rings_alike = row.ring_pattern == 1 or services.has(extension, "distinctive_ringing")
    return row if rings_alike else replace(row, ring_pattern=1)


def _ringing(row: RowT, services: Services, extension: str) -> RowT | None:
    return row if services.has(extension, service_of_ringing(row)) else None


def service_of_ringing(row: Row) -> str:
    """The service that rows about several phones for one person belong to."""
    return f"{row.service}_ringing" if isinstance(row, RingNumber) else OF_RINGING[type(row)]


def _box(row: VoicemailBox, services: Services, extension: str) -> VoicemailBox | None:
    return row if services.has(extension, "voicemail") else None


def _reach(row: RowT, services: Services, extension: str) -> RowT | None:
    return row if services.has(extension, "reach") else None


def _reach_profile(row: ReachProfile, services: Services, extension: str) -> ReachProfile | None:
    if not services.has(extension, "reach"):
        return None
    return _without_boxes(row, services.without("voicemail"), extension)


def _reach_override(row: ReachOverride, services: Services, extension: str) -> ReachOverride | None:
    if not services.has(extension, "reach"):
        return None
    return replace(row, roaming=False) if row.roaming and not services.has(extension, "roaming_status") else row


def _without_boxes(row: RowT, boxless: frozenset[str], extension: str) -> RowT:
    """A row that sends no call to a voicemail that is not there. ``extension``: whose the box "" is."""
    own = extension or getattr(row, "extension", "")
    lost = {
        name: NOWHERE
        for name in row.__struct_fields__
        if isinstance(to := getattr(row, name), Destination)
        and to.kind == "voicemail"
        and (to.target or own) in boxless
    }
    return replace(row, **lost) if lost else row


_HANDLERS: Final[dict[type[Row], Callable[[Any, Services, str], Any]]] = {
    User: _user,
    Forward: _forward,
    Rule: _rule,
    StatusForward: _status_forward,
    AlternateNumber: _alternate,
    CallClass: _reach,
    ReachStatus: _reach,
    ReachProfile: _reach_profile,
    ReachCell: _reach,
    ReachOverride: _reach_override,
    VoicemailBox: _box,
    RingNumber: _ringing,
    **dict.fromkeys(OF_RINGING, _ringing),
    **{BY_TABLE[table].row: _virtual for table in VIRTUAL_TABLES},
}
TOUCHED: Final = tuple(BY_ROW[row].table for row in _HANDLERS)
"""The tables whose rows belong to services."""
