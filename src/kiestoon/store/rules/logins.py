"""Rules of accounts and identity providers. Each function yields what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kiestoon.company.model import Account, AccountRole, IdentityProvider
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek

# role: what it must have, what it must not have
_PLACES: Final[dict[AccountRole, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "operator": ((), ("company_id", "location_id", "department_id", "user_id")),
    "company": (("company_id",), ("location_id", "department_id")),
    "location": (("company_id", "location_id"), ("department_id",)),
    "department": (("company_id", "department_id"), ("location_id",)),
    "user": (("company_id", "user_id"), ("location_id", "department_id")),
}
_ISSUER = re.compile(r"https://[^\s/?#@]+(/[^\s?#]*)?\Z|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[^\s?#]*)?\Z")


def check_account(row: Account, _peek: Peek) -> Iterator[Problem]:
    """A role has the place it administers, and only that."""
    needed, excluded = _PLACES[row.role]
    for field in needed:
        if getattr(row, field) is None:
            yield problem(field, "role_place", role=row.role)
    for field in excluded:
        if getattr(row, field) is not None:
            yield problem(field, "role_place", role=row.role)
    if row.email != row.email.lower():
        yield problem("email", "wrong_form", value=row.email, example=row.email.lower())


def check_provider(row: IdentityProvider, _peek: Peek) -> Iterator[Problem]:
    """Tokens come by TLS, or from this machine."""
    if not _ISSUER.match(row.issuer):
        yield problem("issuer", "not_https", value=row.issuer)
