"""Who is asking: the account behind a request, with what it may see."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Role: TypeAlias = Literal["operator", "company", "location", "department", "user"]
"""From the whole installation down to oneself (V 2.2, E 3)."""

ROLES: tuple[Role, ...] = ("operator", "company", "location", "department", "user")


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The account behind a request.

    ``company_id`` is None for operators only; ``location_id`` is set for location administrators, ``department_id``
    for department administrators, ``user_id`` for whoever is a person with an extension. ``rights`` are those of the
    person beyond the role ("recordings_all", "recordings_own", "time_configuration", "supervisor"). ``scopes``: what a
    personal access token was issued for; None = everything the account may do. ``acting_as``: the name of the person in
    whose view an administrator is working: the audit trail gets both names.
    """

    account_id: int
    name: str
    role: Role
    company_id: int | None = None
    location_id: int | None = None
    department_id: int | None = None
    user_id: int | None = None
    rights: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None
    language: str = "nl"
    acting_as: str = ""
