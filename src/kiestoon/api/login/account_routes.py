"""Accounts: administrators of a company, a location or a department, people, and the installation's operators (ORG-4).

``/companies/{company_id}/accounts`` and ``/operators`` are the same routes over different rows. Annotations are not
postponed here: FastAPI could not look up those of the factory.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Body, Depends, Request, Response
from pydantic import BaseModel, Field, create_model
from sqlalchemy import Connection

from kiestoon.api.login import account_changes
from kiestoon.api.login import account_rules as rules
from kiestoon.api.login.account_changes import ENTITY, Shown
from kiestoon.api.login.answers import Id
from kiestoon.api.login.authentication import LoggedIn, Presence, authenticated
from kiestoon.api.login.logins import Logins, get_logins
from kiestoon.api.resources.requests import check_company, etag_of, versions_of
from kiestoon.api.schemas import change_model, create_model_of, read_model

WithLogins = Annotated[Logins, Depends(get_logins)]
_PASSWORD: Final = Field(
    default=None, max_length=1024, description="null: one is generated and answered, this once.", examples=[None]
)

AccountRead = create_model("AccountShown", __base__=read_model(ENTITY), login_name=(str, ...))
AccountMade = create_model("AccountMade", __base__=AccountRead, password=(str | None, None))
AccountCreate = create_model(
    "NewAccount",
    __base__=create_model_of(ENTITY),
    password=(str | None, _PASSWORD),
)
AccountChange = change_model(ENTITY)


class AccountList(BaseModel):
    """Accounts by id."""

    items: list[AccountRead]  # type: ignore[valid-type]  # made from the row's annotations
    next: None = None


class PasswordReset(BaseModel):
    """A password set by an administrator: its owner must change it at the next login."""

    password: Annotated[str | None, _PASSWORD]
    send_mail: bool = False


class PasswordMade(BaseModel):
    """``password`` is shown when it was generated, this once."""

    password: str | None


def make_router(prefix: str, owner: Callable[..., int | None], tag: str) -> APIRouter:
    """The routes over the accounts of one owner: a company, or (None) the installation."""
    router = APIRouter(prefix=prefix, tags=[tag], dependencies=[Depends(authenticated)])
    owned: Any = Annotated[int | None, Depends(owner)]
    _add_rows(router, owned)
    _add_actions(router, owned)
    return router


def _add_rows(router: APIRouter, owned: Any) -> None:
    @router.get("", response_model=AccountList)
    async def list_accounts(owner_id: owned, presence: LoggedIn, logins: WithLogins) -> dict[str, Any]:
        """The accounts one may manage."""
        rules.demand(presence, owner_id, reading=True)

        def look(connection: Connection) -> list[dict[str, Any]]:
            check_company(connection, owner_id)
            held = rules.visible(connection, presence, owner_id)
            return [account_changes.show(connection, account).cells for account in held]

        return {"items": await logins.backend.read(look), "next": None}

    @router.post("", status_code=201, response_model=AccountMade)
    async def create_account(
        owner_id: owned,
        given: Annotated[AccountCreate, Body()],  # type: ignore[valid-type]  # as above
        presence: LoggedIn,
        response: Response,
        logins: WithLogins,
    ) -> dict[str, Any]:
        """Make an account. Its owner is mailed how to log in, and chooses a password at the first login."""
        rules.demand(presence, owner_id, reading=False)
        made = await account_changes.create(logins, presence, owner_id, _given(given))
        response.headers["Location"] = f"{router.prefix.format(company_id=owner_id)}/{made.account.id}"
        response.headers["ETag"] = etag_of(made.account)
        return {**made.cells, "password": made.password}

    @router.get("/{account_id}", response_model=AccountRead)
    async def get_account(
        owner_id: owned, account_id: Id, presence: LoggedIn, response: Response, logins: WithLogins
    ) -> dict[str, Any]:
        """One account."""
        shown = await _find(logins, presence, owner_id, account_id)
        response.headers["ETag"] = etag_of(shown.account)
        return shown.cells

    @router.patch("/{account_id}", response_model=AccountRead)
    async def change_account(
        owner_id: owned,
        account_id: Id,
        given: Annotated[AccountChange, Body()],  # type: ignore[valid-type]  # as above
        presence: LoggedIn,
        request: Request,
        response: Response,
        logins: WithLogins,
    ) -> dict[str, Any]:
        """Change an account; If-Match says which version was seen. A disabled one is out at once."""
        rules.demand(presence, owner_id, reading=False)
        versions = versions_of(request, required=True)
        changed = await account_changes.change(logins, presence, owner_id, account_id, _given(given), versions)
        response.headers["ETag"] = etag_of(changed.account)
        return changed.cells

    @router.delete("/{account_id}", status_code=204)
    async def remove_account(owner_id: owned, account_id: Id, presence: LoggedIn, logins: WithLogins) -> None:
        """Remove an account with its sessions, tokens and second factors."""
        rules.demand(presence, owner_id, reading=False)
        await account_changes.remove(logins, presence, owner_id, account_id)


def _add_actions(router: APIRouter, owned: Any) -> None:
    @router.post("/{account_id}/password", response_model=PasswordMade)
    async def reset_password(
        owner_id: owned, account_id: Id, given: PasswordReset, presence: LoggedIn, logins: WithLogins
    ) -> dict[str, Any]:
        """Set a password for somebody, who must change it at the next login. All sessions of the account end."""
        rules.demand(presence, owner_id, reading=False)
        made = await account_changes.reset_password(
            logins, presence, owner_id, account_id, given.password, send_mail=given.send_mail
        )
        return {"password": made.password}

    @router.post("/{account_id}/mail", status_code=202)
    async def send_mail(owner_id: owned, account_id: Id, presence: LoggedIn, logins: WithLogins) -> None:
        """Send the mail again that says how to log in; without the password, which its owner alone knows."""
        rules.demand(presence, owner_id, reading=False)
        await account_changes.mail_login(logins, presence, owner_id, account_id)

    @router.delete("/{account_id}/second-factors", status_code=204)
    async def remove_second_factors(owner_id: owned, account_id: Id, presence: LoggedIn, logins: WithLogins) -> None:
        """For who has lost the phone: take app, recovery codes and passkeys away, and end all sessions."""
        rules.demand(presence, owner_id, reading=False)
        await account_changes.remove_second_factors(logins, presence, owner_id, account_id)


def _of_company(company_id: Id) -> int | None:
    return company_id


def _of_installation() -> int | None:
    return None


ROUTERS: Final = (
    make_router("/api/v1/companies/{company_id}/accounts", _of_company, "accounts"),
    make_router("/api/v1/operators", _of_installation, "operators"),
)


async def _find(logins: Logins, presence: Presence, owner_id: int | None, account_id: int) -> Shown:
    rules.demand(presence, owner_id, reading=True)

    def look(connection: Connection) -> Shown:
        return account_changes.show(connection, rules.find(connection, presence, owner_id, account_id))

    return await logins.backend.read(look)


def _given(body: Any) -> dict[str, Any]:
    return cast("BaseModel", body).model_dump(exclude_unset=True)
