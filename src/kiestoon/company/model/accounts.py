"""Who logs in to the web: administrators and people, and where they may prove who they are.

These rows are written and audited like the others, but the call path never loads them, and no export holds them.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from kiestoon.company.model.row import Email, Label, Language, Name, Row, refers

AccountRole: TypeAlias = Literal["operator", "company", "location", "department", "user"]
LoginName: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9._-]*$", examples=["anna.jansen"])
]
Domain: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=253, pattern=r"^[a-z0-9.-]+$", examples=["example.org"])
]


class Account(Row, frozen=True):
    """A login. ``login`` is unique in the company (V 30.2); one logs in with it, an @ and the company's domain.

    Operators have no company and log in with ``login`` alone. A location or department administrator has the place
    administered; ``user_id`` makes it the login of a person with an extension. Passwords are not part of the row.
    """

    login: LoginName
    role: AccountRole
    company_id: Annotated[int, refers("companies", "cascade")] | None = None
    first_name: Label = ""
    last_name: Label = ""
    email: Email = ""
    location_id: Annotated[int, refers("locations", "cascade")] | None = None
    department_id: Annotated[int, refers("departments", "cascade")] | None = None
    user_id: Annotated[int, refers("users", "cascade")] | None = None
    language: Language = "nl"
    disabled: bool = False
    must_change_password: bool = False

    @property
    def name(self) -> str:
        """The person's name, or the login of an account without one."""
        return f"{self.first_name} {self.last_name}".strip() or self.login


class IdentityProvider(Row, frozen=True):
    """An OpenID Connect provider at which people of a company log in (ORG-18); company None: everybody.

    ``secret`` is the client's secret in clear text, in memory only; "" = a public client. ``issuer`` of Entra may be
    one tenant's or ``https://login.microsoftonline.com/organizations/v2.0`` for any. ``domains``: e-mail domains
    it is believed about. ``link_by_email``: its verified e-mail address finds the account at the first login.
    """

    name: Name
    issuer: Annotated[str, Meta(min_length=8, max_length=255, examples=["https://login.example.org"])]
    client_id: Annotated[str, Meta(min_length=1, max_length=255, examples=["kiestoon"])]
    company_id: Annotated[int, refers("companies", "cascade")] | None = None
    kind: Literal["generic", "entra"] = "generic"
    secret: Annotated[str, Meta(extra={"secret": True})] = ""
    domains: tuple[Domain, ...] = ()
    link_by_email: bool = False
    active: bool = True
