"""What the routes of logging in answer with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, TypeAlias

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from kiestoon.api.login.authentication import Presence
from kiestoon.api.principal import Role

Method: TypeAlias = Literal["totp", "recovery"]


Id: TypeAlias = Annotated[int, Path(ge=1, le=2**31 - 1)]
"""An id in a path: what fits the SQL type."""
Title: TypeAlias = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""What somebody calls a thing."""


class Body(BaseModel):
    """Base of what is sent to these routes: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class SessionAnswer(BaseModel):
    """Who is logged in, as what, and in whose view."""

    state: Literal["logged_in"] = "logged_in"
    account_id: int = Field(examples=[12])
    login: str = Field(examples=["anna.jansen@phones.example.org"])
    name: str = Field(examples=["Anna Jansen"])
    role: Role = Field(description="In whose view one is: that of the person while acting as one.")
    own_role: Role = Field(description="The account's own role.")
    company_id: int | None
    location_id: int | None
    department_id: int | None
    user_id: int | None
    rights: list[str] = Field(examples=[["recordings_own"]])
    scopes: list[str] | None = Field(description="Of an access token; null: everything the account may do.")
    language: str = Field(examples=["nl"])
    acting_as: str | None = Field(description="The person in whose view an administrator works.", examples=[None])
    must_change_password: bool
    csrf_token: str | None = Field(description="To be sent as X-CSRF-Token with every change; null with a token.")


class SecondStep(BaseModel):
    """The password was right; a second factor is needed. ``step`` goes into the next request."""

    state: Literal["second_factor"] = "second_factor"
    step: str
    methods: list[Method]


def describe_session(presence: Presence, csrf_token: str | None) -> SessionAnswer:
    """The answer for somebody logged in."""
    principal, account = presence.principal, presence.account
    return SessionAnswer(
        account_id=account.id,
        login=principal.name,
        name=account.name,
        role=principal.role,
        own_role=account.role,
        company_id=principal.company_id,
        location_id=principal.location_id,
        department_id=principal.department_id,
        user_id=principal.user_id,
        rights=sorted(principal.rights),
        scopes=None if principal.scopes is None else sorted(principal.scopes),
        language=principal.language,
        acting_as=principal.acting_as or None,
        must_change_password=account.must_change_password,
        csrf_token=csrf_token,
    )


def as_time(at_ms: int | None) -> datetime | None:
    """Wall-clock milliseconds as RFC 3339 UTC; None stays None."""
    return None if at_ms is None else datetime.fromtimestamp(at_ms // 1000, UTC)
