"""``/api/v1/session/acting-as``: an administrator steps into a person's view and back (V 2.5); both are audited."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request
from pydantic import Field

from kiestoon.api.login import cookies
from kiestoon.api.login.answers import Body, SessionAnswer, describe_session
from kiestoon.api.login.authentication import LoggedIn, Presence, authenticated, principal_of
from kiestoon.api.login.logins import Logins, get_logins
from kiestoon.api.login.reach import may_act_as
from kiestoon.api.problems import ApiProblem
from kiestoon.company.model import User
from kiestoon.store import sessions as sessions_store
from kiestoon.store.load import iterate_rows
from kiestoon.store.problems import problem
from kiestoon.store.write import Changes

router = APIRouter(prefix="/api/v1", tags=["session"])
WithLogins = Annotated[Logins, Depends(get_logins)]


class ActingAs(Body):
    """In whose view to work."""

    user_id: Annotated[int, Field(ge=1, le=2**31 - 1, examples=[204])]


@router.post("/session/acting-as", dependencies=[Depends(authenticated)])
async def act_as(body: ActingAs, presence: LoggedIn, request: Request, logins: WithLogins) -> SessionAnswer:
    """Step into a person's view. What is changed there carries both names in the audit trail."""
    session = presence.session
    if session is None:
        raise ApiProblem("forbidden", (problem("", "needs_session"),))
    if presence.principal.acting_as:
        raise ApiProblem("conflict", (problem("", "acts_already"),))
    if presence.account.role == "user":
        raise ApiProblem("forbidden")

    def write(changes: Changes) -> Presence:
        person = next(iterate_rows(changes.connection, User, row_id=body.user_id), None)
        if person is None or not may_act_as(changes.connection, presence.account, person):
            raise ApiProblem("not_found")
        sessions_store.act_as(changes.connection, session.id, person.id)
        changes.record("view_entered", person)
        principal = principal_of(changes.connection, presence.account, acting_user_id=person.id)
        return msgspec.structs.replace(presence, principal=principal)

    acting = await logins.backend.write(presence.principal, write)
    return describe_session(acting, cookies.csrf_token(cookies.get(request, logins, cookies.SESSION)))


@router.delete("/session/acting-as")
async def act_as_oneself(presence: LoggedIn, request: Request, logins: WithLogins) -> SessionAnswer:
    """Step back into the own view."""
    session = presence.session
    if session is None:
        raise ApiProblem("forbidden", (problem("", "needs_session"),))

    def write(changes: Changes) -> Presence:
        person = next(iterate_rows(changes.connection, User, row_id=session.acting_user_id or 0), None)
        sessions_store.act_as(changes.connection, session.id, None)
        if person is not None:
            changes.record("view_left", person)
        return msgspec.structs.replace(presence, principal=principal_of(changes.connection, presence.account))

    own = await logins.backend.write(presence.principal, write)
    return describe_session(own, cookies.csrf_token(cookies.get(request, logins, cookies.SESSION)))
