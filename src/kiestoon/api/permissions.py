"""THE permission table: what each role may do with each kind of row, and with each operation beside them.

A role's reach is fixed: an operator's is the installation, a company administrator's the company, a location or
department administrator's what belongs to the location or to the department with those inside it, a person's what is
the person's own. The table says what may be done within the reach; what every one of the company sees beyond it are
the ``PUBLIC`` fields. Nothing here does I/O; ``resources.reach`` makes SQL conditions of it.

An **access** is one of: "write" (create, change, remove), "change" (change what is there), "read", "public" (the public
fields, of the whole company), "-" (nothing).
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from kiestoon.api.principal import ROLES, Principal, Role
from kiestoon.company.model import VIRTUAL_TABLES, Device

Access: TypeAlias = Literal["write", "change", "read", "public", "-"]
Verb: TypeAlias = Literal["list", "get", "create", "change", "remove"]

_VERBS: Final[dict[Access, frozenset[str]]] = {
    "write": frozenset({"list", "get", "create", "change", "remove"}),
    "change": frozenset({"list", "get", "change"}),
    "read": frozenset({"list", "get"}),
    "public": frozenset({"list", "get"}),
    "-": frozenset(),
}


class Permission(msgspec.Struct, frozen=True):
    """One row of the table: an access for each role, and by which columns a row belongs to somebody.

    ``belongs``: "id" for what the reach is made of, else columns that lead to a location, department, user, internal
    number or a row that has one; any of them suffices. () = only to the company.
    """

    operator: Access
    company: Access
    location: Access
    department: Access
    user: Access
    belongs: tuple[str, ...] = ()

    def of(self, role: Role) -> Access:
        """The access of a role."""
        access: Access = getattr(self, role)
        return access


_AREA = ("location_id", "department_id")
_VIRTUAL: Final = Permission("write", "write", "write", "change", "public", _AREA)
_PERSONAL: Final = Permission("write", "write", "write", "write", "write", ("user_id",))

PERMISSIONS: Final[dict[str, Permission]] = {
    #                                operator  company   location  department user
    "companies": Permission("write", "change", "public", "public", "public"),
    "locations": Permission("write", "write", "change", "public", "public", ("id",)),
    "departments": Permission("write", "write", "write", "change", "public", ("id", "location_id")),
    "users": Permission("write", "write", "write", "change", "change", ("id", *_AREA)),
    "devices": Permission("write", "write", "write", "change", "read", ("user_id",)),
    "numbers": Permission("write", "change", "change", "read", "read", (*_AREA, "extension")),
    "trunks": Permission("write", "read", "-", "-", "-"),
    "alternate_numbers": Permission("write", "write", "write", "write", "change", ("user_id",)),
    "line_permissions": _PERSONAL,
    "watched_lines": _PERSONAL,
    "schedules": Permission("write", "write", "write", "write", "write", ("location_id", "user_id")),
    "holidays": Permission("write", "write", "write", "write", "write", ("location_id", "user_id")),
    "forwards": Permission("write", "write", "write", "write", "write", ("extension",)),
    "rules": Permission("write", "write", "write", "write", "write", ("extension", "location_id")),
    "presences": _PERSONAL,
    "status_forwards": _PERSONAL,
    "menus": _VIRTUAL,
    "group_extensions": _VIRTUAL,
    "group_members": Permission("write", "write", "write", "write", "-", ("group_id",)),
    "hunt_groups": _VIRTUAL,
    "hunt_members": Permission("write", "write", "write", "write", "-", ("hunt_group_id",)),
    "location_routings": _VIRTUAL,
    "location_routes": Permission("write", "write", "write", "write", "-", ("routing_id",)),
    "time_routings": _VIRTUAL,
    "time_routes": Permission("write", "write", "write", "write", "-", ("routing_id",)),
    "call_limits": _VIRTUAL,
    "forward_extensions": _VIRTUAL,
    "number_schemes": Permission("write", "write", "write", "-", "-", ("location_id",)),
    "number_plans": Permission("write", "write", "write", "-", "-", ("scheme_id",)),
    "plan_overrides": Permission("write", "write", "write", "-", "-", ("scheme_id",)),
    "plan_mappings": Permission("write", "write", "write", "-", "-", ("plan_id",)),
    "plan_periods": Permission("write", "write", "write", "-", "-", ("scheme_id",)),
    "plan_holidays": Permission("write", "write", "write", "-", "-", ("scheme_id",)),
    "privacy_groups": Permission("write", "write", "-", "-", "-"),
    "privacy_members": Permission("write", "write", "-", "-", "-"),
    "privacy_grants": Permission("write", "write", "-", "-", "-"),
    "call_classes": _PERSONAL,
    "reach_statuses": _PERSONAL,
    "reach_profiles": _PERSONAL,
    "reach_cells": _PERSONAL,
    "reach_overrides": _PERSONAL,
    "allowed_addresses": Permission("write", "write", "-", "-", "-"),
    "simultaneous_ringing": _PERSONAL,
    "sequential_ringing": _PERSONAL,
    "remote_offices": _PERSONAL,
    "assistant_groups": Permission("write", "write", "-", "-", "read", ("user_id",)),
    "ring_numbers": _PERSONAL,
    "feature_codes": Permission("write", "write", "public", "public", "public"),
    "transfer_options": _PERSONAL,
    "operator_settings": Permission("write", "write", "write", "-", "-", ("location_id",)),
    "park_settings": Permission("write", "write", "write", "-", "-", ("location_id",)),
    "park_groups": Permission("write", "write", "write", "-", "-", ("location_id",)),
    "park_members": Permission("write", "write", "write", "-", "-", ("group_id",)),
    "pickup_groups": Permission("write", "write", "write", "-", "-", ("location_id",)),
    "pickup_members": Permission("write", "write", "write", "-", "-", ("group_id",)),
    "music_on_hold": Permission("write", "write", "write", "write", "-", _AREA),
    "voicemail_boxes": Permission("write", "write", "write", "write", "write", ("extension",)),
    "speed_dials": _PERSONAL,
    "short_numbers": Permission("write", "write", "public", "public", "public"),
    "favourite_groups": _PERSONAL,
    "favourites": Permission("write", "write", "write", "write", "write", ("group_id",)),
    "conference_rooms": Permission("write", "write", "write", "change", "change", (*_AREA, "user_id")),
    "meetings": _PERSONAL,
    "group_calls": _VIRTUAL,
    "group_call_members": Permission("write", "write", "write", "write", "-", ("group_call_id",)),
    "queues": _VIRTUAL,
    "queue_members": Permission("write", "write", "write", "write", "-", ("queue_id",)),
    "service_packs": Permission("write", "read", "public", "public", "-"),
    "pack_assignments": Permission("write", "write", "write", "read", "read", ("extension", "location_id")),
    "service_assignments": Permission("write", "write", "write", "read", "read", ("extension",)),
}

OPERATIONS: Final[dict[str, frozenset[Role]]] = {
    "list_extensions": frozenset({"operator", "company", "location", "department"}),
    "next_free_extension": frozenset({"operator", "company", "location", "department"}),
    "create_users": frozenset({"operator", "company", "location"}),
    "copy_number_plan": frozenset({"operator", "company", "location"}),
    "clone_reach": frozenset({"operator", "company", "location", "department"}),
    "clear_reach": frozenset({"operator", "company", "location", "department", "user"}),
    "new_device_secret": frozenset({"operator", "company", "location", "department"}),
    "shared_trunks": frozenset({"operator"}),
    "manage_accounts": frozenset({"operator", "company", "location", "department"}),
    "manage_operators": frozenset({"operator"}),
    "set_pin": frozenset({"operator", "company", "location", "department", "user"}),
    "manage_identity_providers": frozenset({"operator", "company"}),
    "shared_identity_providers": frozenset({"operator"}),
    "manage_webhooks": frozenset({"operator", "company"}),
    "manage_prompts": frozenset({"operator", "company"}),
    "manage_recordings": frozenset({"operator", "company"}),
    "manage_music": frozenset({"operator", "company", "location", "department"}),
    "read_music": frozenset({"operator", "company", "location", "department"}),
    "send_account_mail": frozenset({"operator", "company", "location", "department", "user"}),
    "export_configuration": frozenset({"operator", "company"}),
    "apply_configuration": frozenset({"operator", "company"}),
    "apply_new_company": frozenset({"operator"}),
    "explain_call": frozenset({"operator", "company"}),
    "list_live_calls": frozenset({"operator", "company", "user"}),
    "make_call": frozenset({"operator", "company", "user"}),
    "operate_call": frozenset({"operator", "company", "user"}),
    "list_live_conferences": frozenset({"operator", "company", "user"}),
    "steer_conference": frozenset({"operator", "company", "user"}),
    "follow_events": frozenset({"operator", "company", "location", "department", "user"}),
    "read_activity": frozenset({"operator", "company", "location", "department"}),
    "read_all_activity": frozenset({"operator"}),
    "list_short_ways": frozenset({"operator", "company", "location", "department", "user"}),
    "list_user_favourites": frozenset({"operator", "company", "user"}),
    "list_recent_numbers": frozenset({"operator", "company", "user"}),
    "read_presence": frozenset({"operator", "company", "location", "department", "user"}),
    "set_presence": frozenset({"operator", "company", "location", "department", "user"}),
    "read_directory": frozenset({"operator", "company", "location", "department", "user"}),
    "read_voicemail": frozenset({"operator", "company", "location", "department", "user"}),
    "change_voicemail": frozenset({"operator", "company", "location", "department", "user"}),
    "read_dashboard": frozenset({"operator", "company", "location"}),
    "read_department_dashboard": frozenset({"operator", "company", "location", "department"}),
    "read_licences": frozenset({"operator", "company", "location"}),
    "read_number_assignments": frozenset({"operator", "company", "location", "department"}),
    "list_services": frozenset({"operator", "company", "location", "department", "user"}),
    "assign_to_department": frozenset({"operator", "company", "location", "department"}),
    "list_user_queues": frozenset({"operator", "company", "location", "department", "user"}),
    "switch_queue_login": frozenset({"operator", "company", "location", "department", "user"}),
    "read_call_history": frozenset({"operator", "company", "location", "department"}),
}
"""What there is beside the rows, and which roles may do it (within their reach)."""

SUBJECTS: Final = frozenset(PERMISSIONS) | {
    "accounts",
    "activity",
    "calls",
    "configuration",
    "directory",
    "events",
    "explain",
    "extensions",
    "identity_providers",
    "music",
    "prompts",
    "recordings",
    "voicemail",
    "webhooks",
}
"""What an access token can be issued for: each kind of row, and what operations beside them are about."""

RIGHTS: Final[dict[str, dict[str, Access]]] = {
    "time_configuration": {
        "number_schemes": "read",
        "number_plans": "read",
        "plan_mappings": "read",
        "plan_overrides": "write",
        "plan_periods": "write",
        "plan_holidays": "write",
    },
}
"""What a person's right adds to the role, over the whole company (E 8)."""

_VIRTUAL_PUBLIC: Final = frozenset(
    {"id", "version", "company_id", "extension", "name", "location_id", "department_id", "in_directory"}
)
PUBLIC: Final[dict[str, frozenset[str]]] = {
    "companies": frozenset(
        {"id", "version", "name", "domain", "country", "language", "timezone", "access_code", "extension_digits"}
    ),
    "locations": frozenset({"id", "version", "company_id", "name", "area_code", "timezone"}),
    "departments": frozenset({"id", "version", "company_id", "name", "location_id", "parent_id"}),
    "users": _VIRTUAL_PUBLIC,
    **dict.fromkeys(VIRTUAL_TABLES, _VIRTUAL_PUBLIC),
    "feature_codes": frozenset({"id", "version", "company_id", "feature", "code"}),
    "short_numbers": frozenset({"id", "version", "company_id", "code", "number", "name"}),
    "service_packs": frozenset({"id", "version", "company_id", "name", "services", "licences"}),
    # Others see only the name of a location's schedule (V 6.5); personal ones are nobody else's at all.
    "schedules": frozenset({"id", "version", "company_id", "name", "location_id"}),
    "holidays": frozenset({"id", "version", "company_id", "name", "location_id"}),
}
"""The fields everybody of a company sees of every row (people and extensions outside the directory excepted)."""

PUBLIC_ONLY_IF: Final[dict[str, str]] = {
    **{table: "in_directory" for table, fields in PUBLIC.items() if "in_directory" in fields},
    "schedules": "location_id",
    "holidays": "location_id",
}
"""The column that must be true, or set, for a row to be public."""

_OF_A_PHONE: Final = frozenset(Device.__struct_fields__)
_OF_A_PART: Final[tuple[Role, ...]] = ("location", "department")
CHANGEABLE: Final[dict[tuple[str, Role], frozenset[str]]] = {
    ("companies", "company"): frozenset(
        {
            "name",
            "country",
            "language",
            "timezone",
            "area_code",
            "access_code",
            "extension_digits",
            "emergency_number",
            "caller_number",
            "encryption",
            "music_path",
            "max_diversions",
            "blocked",
            "connected_privacy",
            "forwarded_signal",
            "lamp_rights",
            "lamp_names",
            "lamp_do_not_disturb",
            "lamp_forwarding",
            "unsolicited_mwi",
            "rings_by_kind",
            "ip_listing",
            "contact_email",
        }
    ),
    # Whoever is logged in on a phone calls as that person: that is not for an administrator of another part to say.
    **{("devices", role): _OF_A_PHONE - {"logged_in_user_id", "known_address"} for role in _OF_A_PART},
    ("numbers", "company"): frozenset({"extension", "location_id", "department_id"}),
    ("numbers", "location"): frozenset({"extension", "department_id"}),
    ("users", "user"): frozenset(
        {
            "language",
            "hide_number",
            "hide_connected",
            "call_waiting",
            "music_on_hold",
            "ring_s",
            "blocklist",
            "do_not_disturb",
            "do_not_disturb_reminder",
            "reject_anonymous",
            "notify_email",
            "hide_line",
            "presence_visibility",
            "caller_number",
            "dynamic_numbers",
            "external_number",
            "distinctive_ringing",
            "connected_privacy",
            "forwarded_signal",
        }
    ),
    ("conference_rooms", "user"): frozenset(
        {
            "pin",
            "organiser_pin",
            "pin_inside",
            "wait_for_organiser",
            "ends_with_organiser",
            "music",
            "announce",
            "quiet",
            "language",
        }
    ),
    ("voicemail_boxes", "user"): frozenset({"extension", "greeting", "takes_messages", "language"}),
    ("alternate_numbers", "user"): frozenset({"ring_pattern"}),
    ("status_forwards", "user"): frozenset({"user_id", "status", "to"}),
    # What a location may use of a pack is the company's to say.
    ("pack_assignments", "location"): frozenset({"pack_id", "extension"}),
}
"""Where a role may change some fields of a row only. Everything not listed: all of them."""


def access(principal: Principal, table: str) -> Access:
    """What somebody may do with the rows of a table within reach; rights only ever add to the role."""
    own = PERMISSIONS[table].of(principal.role)
    if own == "-":
        for right in principal.rights:
            added = RIGHTS.get(right, {}).get(table)
            if added is not None:
                return added
    return own


def by_right(principal: Principal, table: str) -> bool:
    """Whether the access comes from a right, which reaches over the whole company."""
    return PERMISSIONS[table].of(principal.role) == "-" and access(principal, table) != "-"


def may(principal: Principal, verb: Verb, table: str) -> bool:
    """Whether somebody may ever do this with rows of the table; which rows is a matter of reach."""
    return verb in _VERBS[access(principal, table)] and in_scope(principal, table, reading=verb in {"list", "get"})


def may_do(principal: Principal, operation: str, table: str, *, reading: bool = False) -> bool:
    """Whether somebody may use an operation beside the rows."""
    return principal.role in OPERATIONS[operation] and in_scope(principal, table, reading=reading)


def in_scope(principal: Principal, table: str, *, reading: bool) -> bool:
    """Whether the access token was issued for it: "read", "write" (which includes reading), or of one table only
    ("users:read", "users:write")."""
    if principal.scopes is None:
        return True
    wanted = {"write", f"{table}:write"} | ({"read", f"{table}:read"} if reading else set())
    return not wanted.isdisjoint(principal.scopes)


def changeable(principal: Principal, table: str) -> frozenset[str] | None:
    """The fields somebody may set in a row; None = all."""
    return CHANGEABLE.get((table, principal.role))


def as_markdown() -> str:
    """The table as it stands in the administrators' documentation."""
    lines = ["| rows | " + " | ".join(ROLES) + " | belong by |", "|---" * (len(ROLES) + 2) + "|"]
    for table, permission in PERMISSIONS.items():
        cells = " | ".join(permission.of(role) for role in ROLES)
        lines.append(f"| `{table}` | {cells} | {', '.join(permission.belongs) or 'company'} |")
    lines += ["", "| operation | " + " | ".join(ROLES) + " |", "|---" * (len(ROLES) + 1) + "|"]
    for operation, roles in OPERATIONS.items():
        cells = " | ".join("yes" if role in roles else "-" for role in ROLES)
        lines.append(f"| `{operation}` | {cells} |")
    return "\n".join(lines)
