"""The end of every way to log in: a second factor where there is one, then a session and its cookies."""

from __future__ import annotations

from typing import Final

from fastapi import Request, Response
from sqlalchemy import Connection

from kiestoon.api.login import cookies
from kiestoon.api.login.answers import SecondStep, SessionAnswer, describe_session
from kiestoon.api.login.authentication import Presence, principal_of
from kiestoon.api.login.logins import Logins, source_of
from kiestoon.api.login.throttle import Attempt
from kiestoon.company.model import Account
from kiestoon.store import second_factors, sessions

SECOND_FACTOR: Final = "second_factor"
_STEP_LASTS_MS: Final = 5 * 60_000


async def ask_second_factor(logins: Logins, account: Account, method: str) -> SecondStep | None:
    """The step that is still to be taken; None when the account has no second factor."""
    if not await logins.backend.read(lambda connection: second_factors.has_totp(connection, account.id)):
        return None
    data = {"account_id": account.id, "method": method}
    now_ms = logins.wall_ms()
    step = await logins.backend.store(
        lambda connection: sessions.begin_step(connection, SECOND_FACTOR, data, now_ms, _STEP_LASTS_MS)
    )
    logins.note("second_factor", method)
    return SecondStep(step=step, methods=["totp", "recovery"])


async def open_session(
    logins: Logins, request: Request, response: Response, account: Account, method: str, attempt: Attempt
) -> SessionAnswer:
    """Begin the session. One that the browser had before is ended: a login always gives a new token."""
    now_ms = logins.wall_ms()
    old = cookies.get(request, logins, cookies.SESSION)
    browser = request.headers.get("user-agent", "")

    def begin(connection: Connection) -> tuple[str, Presence]:
        held = sessions.find_session(connection, old, now_ms) if old else None
        if held is not None:
            sessions.end_session(connection, held.account_id, held.id)
        token = sessions.open_session(
            connection, account.id, now_ms, method=method, source=attempt.source, browser=browser
        )
        session = sessions.find_session(connection, token, now_ms)
        return token, Presence(account, principal_of(connection, account), session)

    token, presence = await logins.backend.store(begin)
    cookies.put_session(request, response, logins, token)
    cookies.remember_device(request, response, logins, account.id)
    logins.throttle.logged_in(attempt)
    logins.note("accepted", method, attempt)
    return describe_session(presence, cookies.csrf_token(token))


def attempt_of(logins: Logins, request: Request, login: str, account: Account | None) -> Attempt:
    """Who tries, for the throttle. All names of one account count as one."""
    key = f"#{account.id}" if account is not None else login.strip().lower()
    device = cookies.known_device(request, logins, account.id) if account is not None else ""
    return Attempt(key, source_of(request), device)
