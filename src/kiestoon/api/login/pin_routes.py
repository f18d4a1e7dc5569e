"""``/companies/{id}/users/{id}/pin``: the PIN of a person for voicemail and phones."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api.login.answers import Body, Id
from kiestoon.api.login.authentication import LoggedIn, Presence, authenticated
from kiestoon.api.login.choosing import hash_pin
from kiestoon.api.login.logins import Logins, get_logins
from kiestoon.api.login.reach import reaches
from kiestoon.api.permissions import may_do
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.completing import REPEATABLE
from kiestoon.api.resources.requests import json_answer, kept_answer, write_once
from kiestoon.api.resources.rows import Writer
from kiestoon.company.model import User
from kiestoon.company.passwords import INITIAL_PIN, generate_pin
from kiestoon.store import pins
from kiestoon.store.idempotency import Answer
from kiestoon.store.load import iterate_rows
from kiestoon.store.pins import pin_in_force, set_pin

router = APIRouter(
    prefix="/api/v1/companies/{company_id}/users/{user_id}/pin", tags=["users"], dependencies=[Depends(authenticated)]
)
WithLogins = Annotated[Logins, Depends(get_logins)]


class PinChange(Body):
    """A new PIN; null has one generated. 0000, from an administrator, must be changed at its first use."""

    pin: Annotated[str | None, Field(max_length=32, examples=["483920"])] = None


class PinMade(BaseModel):
    """What is in force now; ``pin`` is shown when it was generated, this once."""

    pin: str | None
    must_change: bool


class PinState(BaseModel):
    """Whether there is a PIN, and whether it must be changed at its next use."""

    is_set: bool
    must_change: bool


@router.get("")
async def get_pin_state(company_id: Id, user_id: Id, presence: LoggedIn, logins: WithLogins) -> PinState:
    """Whether the person has a PIN."""
    vault = logins.backend.vault

    def look(connection: Connection) -> tuple[str, bool] | None:
        _person(connection, presence, company_id, user_id, reading=True)
        return pin_in_force(connection, vault, user_id)

    held = await logins.backend.read(look)
    return PinState(is_set=held is not None, must_change=held is not None and held[1])


@router.post("", response_model=PinMade, openapi_extra=REPEATABLE)
async def change_pin(
    company_id: Id, user_id: Id, body: PinChange, presence: LoggedIn, request: Request, logins: WithLogins
) -> Response:
    """Set a person's PIN: one's own, or as an administrator."""
    person = await logins.backend.read(lambda connection: _person(connection, presence, company_id, user_id))
    again = await kept_answer(request, logins.backend, presence.principal)
    if again is not None:
        return again
    by_administrator = presence.principal.role != "user"
    initial = body.pin == INITIAL_PIN and by_administrator
    pin = body.pin or generate_pin()
    hashed = await (logins.hashing.run(pins.hash_pin, pin) if initial else hash_pin(logins, person, pin))
    now_ms, vault = logins.wall_ms(), logins.backend.vault

    def write(writer: Writer) -> Answer:
        held = _person(writer.connection, presence, company_id, user_id)
        set_pin(writer.changes, vault, held, hashed, now_ms, must_change=initial)
        return json_answer({"pin": None if body.pin else pin, "must_change": initial})

    return await write_once(request, logins.backend, presence.principal, company_id, await request.body(), write)


def _person(
    connection: Connection, presence: Presence, company_id: int, user_id: int, *, reading: bool = False
) -> User:
    """The person, when within reach; 404 otherwise, so that nobody can probe for people."""
    principal = presence.principal
    if not may_do(principal, "set_pin", "users", reading=reading):
        raise ApiProblem("forbidden")
    person = next(iterate_rows(connection, User, row_id=user_id, company_id=company_id), None)
    own = person is not None and person.id == principal.user_id
    if person is None or not (own or (not principal.acting_as and reaches(connection, presence.account, person))):
        raise ApiProblem("not_found")
    return person
