"""Choosing a password by the link of a mail: good for one use, by whoever can read the owner's mail."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from sqlalchemy import Connection

from kiestoon.api.login.answers import Body
from kiestoon.api.login.authentication import is_usable, refuse_forgery
from kiestoon.api.login.choosing import hash_password
from kiestoon.api.login.logins import Logins, get_logins
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.completing import OPEN
from kiestoon.company.model import Account
from kiestoon.store import accounts as accounts_store
from kiestoon.store import sessions as sessions_store
from kiestoon.store.problems import problem
from kiestoon.store.write import Changes

router = APIRouter(prefix="/api/v1/session/password", tags=["session"])
WithLogins = Annotated[Logins, Depends(get_logins)]
STEP: Final = "set_password"


class PasswordByLink(Body):
    """The token of the link, and the password chosen."""

    token: Annotated[str, Field(min_length=1, max_length=100)]
    new: Annotated[str, Field(min_length=1, max_length=1024, examples=["Kies-toon-42!"])]


@router.post("/link", status_code=204, openapi_extra=OPEN)
async def choose_by_link(body: PasswordByLink, request: Request, logins: WithLogins) -> None:
    """Put a password in force. One logs in with it afterwards; a second factor is asked for as always."""
    refuse_forgery(logins, request, None)
    now_ms = logins.wall_ms()

    def look(connection: Connection) -> tuple[Account, str] | None:
        data = sessions_store.peek_step(connection, STEP, body.token, now_ms)
        account = accounts_store.get_account(connection, data["account_id"]) if data is not None else None
        if account is None or not is_usable(connection, account):
            return None
        return account, accounts_store.login_of(connection, account)

    found = await logins.backend.read(look)
    if found is None:
        raise ApiProblem("unauthenticated", (problem("token", "step_over"),))
    account, login = found
    hashed = await hash_password(logins, account, body.new, "new")

    def write(changes: Changes) -> None:
        connection = changes.connection
        held = accounts_store.get_account(connection, account.id)
        if held is None or sessions_store.take_step(connection, STEP, body.token, now_ms) is None:
            raise ApiProblem("unauthenticated", (problem("token", "step_over"),))
        accounts_store.set_password(changes, held, hashed, now_ms)

    await logins.backend.write(Principal(account_id=account.id, name=login, role=account.role), write)
    logins.note("password_by_link", "password", None, account_id=account.id)
