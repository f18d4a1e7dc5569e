"""Accounts: administrators of a company, a location or a department, people, and the installation's operators (ORG-4).

``/companies/{company_id}/accounts`` and ``/operators`` are the same routes over different rows.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Body, Depends, Request, Response
from pydantic import BaseModel, Field, create_model
from sqlalchemy import Connection

from kiestoon.api.login import account_changes
from kiestoon.api.login import account_rules as rules
from kiestoon.api.login.account_changes import ENTITY
from kiestoon.api.login.answers import Id
from kiestoon.api.login.authentication import LoggedIn
from kiestoon.api.login.logins import Logins, get_logins
from kiestoon.api.login.owners import Owner, of_both
from kiestoon.api.resources.completing import REPEATABLE
from kiestoon.api.resources.parameters import list_parameters
from kiestoon.api.resources.queries import parse_query
from kiestoon.api.resources.requests import (
    etag_of,
    json_answer,
    kept_answer,
    respond_with,
    versions_of,
    write_once,
)
from kiestoon.api.resources.rows import Writer
from kiestoon.api.schemas import change_model, create_model_of, read_model
from kiestoon.store.idempotency import Answer

WithLogins = Annotated[Logins, Depends(get_logins)]
_PASSWORD: Final = Field(
    default=None, max_length=1024, description="null: one is generated and answered, this once.", examples=[None]
)
_SEND_MAIL: Final = Field(default=True, description="Mail the owner how to log in, when there is an address.")

AccountRead = create_model("AccountShown", __base__=read_model(ENTITY), login_name=(str, ...))
AccountMade = create_model("AccountMade", __base__=AccountRead, password=(str | None, None))
AccountCreate = create_model(
    "NewAccount",
    __base__=create_model_of(ENTITY),
    password=(str | None, _PASSWORD),
    send_mail=(bool, _SEND_MAIL),
)
AccountChange = change_model(ENTITY)

router = APIRouter()


class AccountList(BaseModel):
    """A page of accounts."""

    items: list[AccountRead]  # type: ignore[valid-type]  # made from the row's annotations
    next: str | None = Field(description="The cursor of the next page.", examples=[None])


class PasswordReset(BaseModel):
    """A password set by an administrator: its owner must change it at the next login."""

    password: Annotated[str | None, _PASSWORD]
    send_mail: bool = False


class PasswordMade(BaseModel):
    """``password`` is shown when it was generated, this once."""

    password: str | None = Field(examples=["Kies-toon-42!"])


@router.get("", response_model=AccountList, openapi_extra={"parameters": list_parameters(ENTITY)})
async def list_accounts(owner_id: Owner, presence: LoggedIn, request: Request, logins: WithLogins) -> Response:
    """The accounts one may manage."""
    rules.demand(presence, owner_id, reading=True)
    query = parse_query(ENTITY, request.query_params.multi_items())

    def look(connection: Connection) -> Answer:
        items, following = rules.page_of(connection, presence, owner_id, query)
        return json_answer({"items": items, "next": following})

    return respond_with(await logins.backend.read(look))


@router.post("", status_code=201, response_model=AccountMade, openapi_extra=REPEATABLE)
async def create_account(
    owner_id: Owner,
    given: Annotated[AccountCreate, Body()],  # type: ignore[valid-type]  # as above
    presence: LoggedIn,
    request: Request,
    logins: WithLogins,
) -> Response:
    """Make an account. Its owner is mailed how to log in, and chooses a password at the first login."""
    rules.demand(presence, owner_id, reading=False)
    again = await kept_answer(request, logins.backend, presence.principal)
    if again is not None:
        return again
    create = await account_changes.prepare_account(logins, presence, owner_id, _given(given))

    def write(writer: Writer) -> Answer:
        made = create(writer.changes)
        headers = {"Location": f"{request.url.path}/{made.account.id}", "ETag": etag_of(made.account)}
        return json_answer({**made.cells, "password": made.password}, 201, headers)

    return await write_once(request, logins.backend, presence.principal, owner_id, await request.body(), write)


@router.get("/{account_id}", response_model=AccountRead)
async def get_account(owner_id: Owner, account_id: Id, presence: LoggedIn, logins: WithLogins) -> Response:
    """One account."""
    rules.demand(presence, owner_id, reading=True)

    def look(connection: Connection) -> Answer:
        shown = account_changes.show(connection, rules.find(connection, presence, owner_id, account_id))
        return json_answer(shown.cells, headers={"ETag": etag_of(shown.account)})

    return respond_with(await logins.backend.read(look))


@router.patch("/{account_id}", response_model=AccountRead)
async def change_account(
    owner_id: Owner,
    account_id: Id,
    given: Annotated[AccountChange, Body()],  # type: ignore[valid-type]  # as above
    presence: LoggedIn,
    request: Request,
    logins: WithLogins,
) -> Response:
    """Change an account; If-Match says which version was seen. A disabled one is out at once."""
    rules.demand(presence, owner_id, reading=False)
    versions = versions_of(request, required=True)
    changed = await account_changes.change(logins, presence, owner_id, account_id, _given(given), versions)
    return respond_with(json_answer(changed.cells, headers={"ETag": etag_of(changed.account)}))


@router.delete("/{account_id}", status_code=204)
async def remove_account(owner_id: Owner, account_id: Id, presence: LoggedIn, logins: WithLogins) -> None:
    """Remove an account with its sessions, tokens and second factors."""
    rules.demand(presence, owner_id, reading=False)
    await account_changes.remove(logins, presence, owner_id, account_id)


@router.post("/{account_id}/password", response_model=PasswordMade, openapi_extra=REPEATABLE)
async def reset_password(
    owner_id: Owner,
    account_id: Id,
    given: PasswordReset,
    presence: LoggedIn,
    request: Request,
    logins: WithLogins,
) -> Response:
    """Set a password for somebody, who must change it at the next login. All sessions of the account end."""
    rules.demand(presence, owner_id, reading=False)
    again = await kept_answer(request, logins.backend, presence.principal)
    if again is not None:
        return again
    reset = await account_changes.prepare_reset(
        logins, presence, owner_id, account_id, given.password, send_mail=given.send_mail
    )

    def write(writer: Writer) -> Answer:
        return json_answer({"password": reset(writer.changes).password})

    return await write_once(request, logins.backend, presence.principal, owner_id, await request.body(), write)


@router.post("/{account_id}/mail", status_code=202, response_model=None, openapi_extra=REPEATABLE)
async def send_mail(
    owner_id: Owner, account_id: Id, presence: LoggedIn, request: Request, logins: WithLogins
) -> Response:
    """Send the mail again that says how to log in; without the password, which its owner alone knows."""
    rules.demand(presence, owner_id, reading=False)

    def write(writer: Writer) -> Answer:
        account_changes.mail_login(logins, writer.changes, presence, owner_id, account_id)
        return json_answer(None, 202)

    return await write_once(request, logins.backend, presence.principal, owner_id, await request.body(), write)


@router.delete("/{account_id}/second-factors", status_code=204)
async def remove_second_factors(owner_id: Owner, account_id: Id, presence: LoggedIn, logins: WithLogins) -> None:
    """For who has lost the phone: take app, recovery codes and passkeys away, and end all sessions."""
    rules.demand(presence, owner_id, reading=False)
    await account_changes.remove_second_factors(logins, presence, owner_id, account_id)


ROUTERS: Final = of_both(router, "accounts", "operators", "accounts", "operators")


def _given(body: Any) -> dict[str, Any]:
    return cast("BaseModel", body).model_dump(exclude_unset=True)
