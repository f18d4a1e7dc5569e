"""Account mails of people (ORG-6)."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.requests import Request

from kiestoon.api.login.answers import Id
from kiestoon.api.login.authentication import LoggedIn, authenticated
from kiestoon.api.login.choosing import hash_pin
from kiestoon.api.login.logins import Logins, get_logins
from kiestoon.api.login.reach import reaches
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.completing import REPEATABLE
from kiestoon.api.resources.requests import company_id_of, demand_operation, json_answer, kept_answer, write_once
from kiestoon.api.resources.rows import Writer
from kiestoon.company.model import Account, User
from kiestoon.company.passwords import generate_pin
from kiestoon.notify.account_mail import AccountMailer
from kiestoon.store.accounts import account_of_user
from kiestoon.store.idempotency import Answer
from kiestoon.store.load import iterate_rows
from kiestoon.store.pins import pin_in_force, set_pin
from kiestoon.store.problems import problem

OPERATION: Final = "send_account_mail"
router = APIRouter(prefix="/api/v1/companies/{company_id}/users/{user_id}", tags=["users"])


class AccountMail(BaseModel):
    """What the mail is to hold besides."""

    model_config = ConfigDict(extra="forbid", strict=True)
    new_pin: bool | None = Field(
        None,
        description="Make up a PIN that must be changed at its first use, and mail it too. null: if there is none yet.",
    )


class MailQueued(BaseModel):
    """The mail is on its way."""

    mail_id: int = Field(examples=[31])


def install(application: Starlette, mailer: AccountMailer | None) -> None:
    """Give an application its mailer."""
    application.state.mailer = mailer


@router.post("/account-mail", status_code=202, response_model=MailQueued, openapi_extra=REPEATABLE)
async def send_account_mail(
    company_id: Id,
    user_id: Id,
    body: AccountMail,
    request: Request,
    principal: Annotated[Principal, Depends(authenticated)],
    presence: LoggedIn,
    logins: Annotated[Logins, Depends(get_logins)],
) -> Response:
    """Mail a person the extension, PIN, voicemail number, web addresses, the login and a link to choose a password.

    A login is made when there is none. People have their own mail sent again, to the address they are known by.
    """
    found = company_id_of(principal, str(company_id))
    demand_operation(principal, OPERATION, "users")
    mailer: AccountMailer | None = request.app.state.mailer
    if mailer is None:
        raise ApiProblem("conflict", [problem("", "no_mail_server")])
    vault = logins.backend.vault

    def look(connection: Connection) -> User:
        person = next(iterate_rows(connection, User, row_id=user_id, company_id=found), None)
        own = person is not None and person.id == principal.user_id
        if person is None or not (own or (principal.role != "user" and reaches(connection, presence.account, person))):
            raise ApiProblem("not_found")
        return person

    def wants_pin(connection: Connection) -> tuple[User, bool]:
        person = look(connection)
        return person, pin_in_force(connection, vault, person.id) is None if body.new_pin is None else body.new_pin

    person, new_pin = await logins.backend.read(wants_pin)
    again = await kept_answer(request, logins.backend, principal)
    if again is not None:
        return again
    pin = generate_pin() if new_pin else ""
    hashed = await hash_pin(logins, person, pin) if pin else ""
    now_ms = logins.wall_ms()

    def queue(writer: Writer) -> Answer:
        changes = writer.changes
        person = look(changes.connection)
        account = account_of_user(changes.connection, found, person.id) or changes.add(_account_for(person))
        if pin:
            set_pin(changes, vault, person, hashed, now_ms, must_change=True)
        mail_id = mailer(changes.connection, account, pin)
        if mail_id is None:
            raise ApiProblem("conflict", [problem("email", "missing")])
        changes.record("account_mail_sent", person)
        return json_answer({"mail_id": mail_id}, 202)

    return await write_once(request, logins.backend, principal, found, await request.body(), queue)


def _account_for(person: User) -> Account:
    """A login by the extension, which nobody else of the company has."""
    first, _, last = person.name.partition(" ")
    return Account(
        id=0, login=person.extension, role="user", company_id=person.company_id, user_id=person.id,
        first_name=first, last_name=last, email=person.email.lower(), language=person.language or "nl",
    )  # fmt: skip
