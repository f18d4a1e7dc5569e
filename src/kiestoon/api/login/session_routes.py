"""``/api/v1/session``: logging in and out, and who one is; ``/api/v1/sessions``: where else one is logged in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api.login import cookies
from kiestoon.api.login.answers import Body, Id, SecondStep, SessionAnswer, as_time, describe_session
from kiestoon.api.login.authentication import LoggedIn, is_usable, refuse_forgery
from kiestoon.api.login.logins import Logins, get_logins
from kiestoon.api.login.opening import ask_second_factor, attempt_of, open_session
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.completing import OPEN
from kiestoon.company.model import Account
from kiestoon.store import accounts as accounts_store
from kiestoon.store import sessions as sessions_store
from kiestoon.store.problems import problem

router = APIRouter(prefix="/api/v1", tags=["session"])
WithLogins = Annotated[Logins, Depends(get_logins)]


class PasswordLogin(Body):
    """A login by password."""

    login: Annotated[str, Field(min_length=1, max_length=320, examples=["anna.jansen@phones.example.org"])]
    password: Annotated[str, Field(min_length=1, max_length=256, examples=["Kies-toon-42!"])]


class SessionShown(BaseModel):
    """One browser that is logged in."""

    id: int
    created: datetime | None
    used: datetime | None
    method: str
    source: str
    browser: str
    current: bool


@router.post("/session", openapi_extra=OPEN)
async def log_in(
    body: PasswordLogin, request: Request, response: Response, logins: WithLogins
) -> SessionAnswer | SecondStep:
    """Log in with a password. An account that does not exist and a wrong password get the same answer."""
    refuse_forgery(logins, request, None)

    def find(connection: Connection) -> tuple[Account | None, str | None]:
        account = accounts_store.find_account(connection, body.login)
        hashed = accounts_store.password_hash(connection, account.id) if account is not None else None
        return (account, hashed) if account is None or is_usable(connection, account) else (account, None)

    account, hashed = await logins.backend.read(find)
    attempt = attempt_of(logins, request, body.login, account)
    if not await logins.verify(attempt, hashed, body.password) or account is None or hashed is None:
        logins.note("refused", "password", attempt)
        raise ApiProblem("unauthenticated", (problem("", "wrong_login"),))
    if logins.hashing.is_outdated(hashed):
        renewed = await logins.hashing.hash(body.password)
        account_id, old = account.id, hashed
        await logins.backend.store(lambda connection: accounts_store.renew_hash(connection, account_id, old, renewed))
    step = await ask_second_factor(logins, account, "password")
    return step or await open_session(logins, request, response, account, "password", attempt)


@router.get("/session")
async def who_am_i(presence: LoggedIn, request: Request, logins: WithLogins) -> SessionAnswer:
    """Who is logged in, and the CSRF token."""
    token = cookies.get(request, logins, cookies.SESSION)
    return describe_session(presence, cookies.csrf_token(token) if presence.session is not None else None)


@router.delete("/session", status_code=204)
async def log_out(presence: LoggedIn, request: Request, response: Response, logins: WithLogins) -> None:
    """Log out in this browser."""
    session = presence.session
    if session is None:
        raise ApiProblem("bad_request", (problem("", "needs_session"),))
    await logins.backend.store(
        lambda connection: sessions_store.end_session(connection, session.account_id, session.id)
    )
    cookies.drop(request, response, logins, cookies.SESSION, cookies.CSRF)


@router.get("/sessions")
async def list_sessions(presence: LoggedIn, logins: WithLogins) -> list[SessionShown]:
    """Where the account is logged in, newest first."""
    now_ms = logins.wall_ms()
    account_id = presence.account.id
    held = await logins.backend.read(lambda connection: sessions_store.list_sessions(connection, account_id, now_ms))
    own = presence.session.id if presence.session is not None else 0
    return [
        SessionShown(
            id=session.id,
            created=as_time(session.created_ms),
            used=as_time(session.used_ms),
            method=session.method,
            source=session.source,
            browser=session.browser,
            current=session.id == own,
        )
        for session in held
    ]


@router.delete("/sessions", status_code=204)
async def end_other_sessions(presence: LoggedIn, logins: WithLogins) -> None:
    """Log out everywhere else."""
    own = presence.session.id if presence.session is not None else None
    account_id = presence.account.id
    await logins.backend.store(lambda connection: sessions_store.end_all_sessions(connection, account_id, but=own))


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(session_id: Id, presence: LoggedIn, logins: WithLogins) -> None:
    """Log out in one other browser."""
    account_id = presence.account.id
    if not await logins.backend.store(
        lambda connection: sessions_store.end_session(connection, account_id, session_id)
    ):
        raise ApiProblem("not_found")
