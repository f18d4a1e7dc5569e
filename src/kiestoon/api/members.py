"""Assigning people to a department (V 31.3): also by its own administrator, who reaches nobody outside it otherwise."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.completing import takes
from kiestoon.api.resources.requests import (
    checked,
    company_id_of,
    demand_operation,
    etag_of,
    id_of,
    json_answer,
    read_json,
    write_once,
)
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.api.resources.rows import Writer
from kiestoon.api.schemas import MAX_ID
from kiestoon.company.model import BY_TABLE, Department, User
from kiestoon.store.idempotency import Answer
from kiestoon.store.problems import problem
from kiestoon.store.rules import Peek
from kiestoon.store.rules.places import located

router = APIRouter(prefix="/api/v1/companies/{company_id}/departments/{department_id}/members", tags=["departments"])


class NewMember(BaseModel):
    """Who."""

    model_config = ConfigDict(extra="forbid", strict=True)
    user_id: int = Field(ge=1, le=MAX_ID, examples=[17])


class Member(BaseModel):
    """Who is in the department now."""

    user_id: int = Field(examples=[17])
    version: int = Field(examples=[4])
    extension: str = Field(examples=["204"])
    name: str = Field(examples=["Sam Jansen"])
    department_id: int | None = Field(examples=[3])


@router.post(
    "",
    response_model=Member,
    operation_id="assign_to_department",
    openapi_extra=takes("NewMember"),
)
async def assign_to_department(
    request: Request, company_id: str, department_id: str, principal: Asker, backend: Behind
) -> Response:
    """Put a person into a department. A department's administrator takes people of its location who are in none."""
    found, wanted = company_id_of(principal, company_id), id_of(department_id)
    demand_operation(principal, "assign_to_department", "users")
    user_id: int = checked(NewMember, await read_json(request))["user_id"]

    def work(writer: Writer) -> Answer:
        person = _assign(writer, _department(writer, wanted), user_id)
        shown = {"user_id": person.id, **{name: getattr(person, name) for name in ("version", "extension", "name")}}
        return json_answer({**shown, "department_id": person.department_id}, headers={"ETag": etag_of(person)})

    return await write_once(request, backend, principal, found, await request.body(), work)


@router.delete("/{user_id}", status_code=204, response_class=Response, operation_id="remove_from_department")
async def remove_from_department(
    request: Request, company_id: str, department_id: str, user_id: str, principal: Asker, backend: Behind
) -> Response:
    """Take a person out of a department. The person stays at the location."""
    found, wanted, member = company_id_of(principal, company_id), id_of(department_id), id_of(user_id)
    demand_operation(principal, "assign_to_department", "users")

    def work(writer: Writer) -> Answer:
        department = _department(writer, wanted)
        person = Peek(writer.connection, found).get(User, member)
        if person is None or person.department_id != department.id:
            raise ApiProblem("not_found")
        place = located(person, Peek(writer.connection, found))
        writer.changes.update(msgspec.structs.replace(person, department_id=None, location_id=place))
        return Answer(204)

    return await write_once(request, backend, principal, found, b"", work)


def _department(writer: Writer, department_id: int) -> Department:
    row: Any = writer.current(BY_TABLE["departments"], department_id, None)
    department: Department = row
    return department


def _assign(writer: Writer, department: Department, user_id: int) -> User:
    """Whoever the asker reaches, or sees at the department's location without a department of their own."""
    peek = Peek(writer.connection, writer.company_id)
    person = peek.get(User, user_id)
    if person is None or not _may_be_taken(writer, person, department, peek):
        raise ApiProblem("invalid", [problem("user_id", "unknown_reference", value=user_id)])
    if person.department_id == department.id:
        return person
    return writer.changes.update(msgspec.structs.replace(person, department_id=department.id))


def _may_be_taken(writer: Writer, person: User, department: Department, peek: Peek) -> bool:
    if writer.reach.holds(writer.connection, BY_TABLE["users"], person.id):
        return True
    return person.department_id is None and located(person, peek) == department.location_id
