"""What there is beside the rows: numbers in use, many users at once, copying a plan, a new password for a phone."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from kiestoon.api.problems import ApiProblem, language_of
from kiestoon.api.resources.bulk import MAX_BYTES, MAX_LINES, create_users, read_lines
from kiestoon.api.resources.completing import REF, REPEATABLE, if_match, refusal, takes
from kiestoon.api.resources.extensions import next_free, numbers_in_use
from kiestoon.api.resources.reach import Reach
from kiestoon.api.resources.requests import (
    check_company,
    checked,
    company_id_of,
    demand_operation,
    etag_of,
    id_of,
    json_answer,
    read_body,
    read_json,
    respond_with,
    versions_of,
    write_once,
)
from kiestoon.api.resources.routes import Asker, Behind, forget_device
from kiestoon.api.resources.rows import Writer
from kiestoon.api.schemas import MAX_ID
from kiestoon.company.model import BY_TABLE, Device, NumberPlan, PlanMapping
from kiestoon.store.cells import columns_of, row_reader
from kiestoon.store.idempotency import Answer
from kiestoon.store.keys import new_secret
from kiestoon.store.problems import problem
from kiestoon.store.tables import TABLES

router = APIRouter(prefix="/api/v1/companies/{company_id}")


class NumberInUse(BaseModel):
    """An internal number and what it belongs to. Name and id are null for what you may not see."""

    number: str = Field(examples=["204"])
    type: str = Field(description="The table it is in.", examples=["users"])
    id: int | None = Field(examples=[17])
    name: str | None = Field(examples=["Sam Jansen"])


class NumbersInUse(BaseModel):
    """A page of them."""

    items: list[NumberInUse]
    next: str | None = Field(examples=["249"])


class FreeNumber(BaseModel):
    """A number nothing has."""

    extension: str = Field(examples=["205"])


class CopyPlan(BaseModel):
    """Over which plan."""

    model_config = ConfigDict(extra="forbid", strict=True)
    to: int = Field(ge=1, le=MAX_ID, description="The plan that is overwritten.", examples=[2])


class PlanCopied(BaseModel):
    """What the other plan has now."""

    plan_id: int = Field(examples=[2])
    mappings: int = Field(description="How many numbers it leads.", examples=[12])


class NewLogin(BaseModel):
    """A phone's login. The password is shown this once."""

    id: int = Field(examples=[5])
    version: int = Field(examples=[2])
    username: str = Field(examples=["204-k7qx"])
    secret: str = Field(examples=["uV9qT3xkYpWm2ZcR8nHbLs4f"])


class PhoneLogin(BaseModel):
    """The login of a phone that was added."""

    username: str = Field(examples=["204-k7qx"])
    secret: str = Field(examples=["uV9qT3xkYpWm2ZcR8nHbLs4f"])


class LineError(BaseModel):
    """One thing wrong with a line."""

    field: str = Field(examples=["extension"])
    code: str = Field(examples=["extension_taken"])
    message: str = Field(examples=["Extension 204 belongs to user 'Sam Jansen' already. Choose another extension."])


class LineReport(BaseModel):
    """What became of a line."""

    line: int = Field(examples=[1])
    id: int | None = Field(examples=[17])
    extension: str | None = Field(examples=["204"])
    phone: PhoneLogin | None
    errors: list[LineError]


class UsersReport(BaseModel):
    """What became of all lines."""

    added: int = Field(examples=[1])
    refused: int = Field(examples=[0])
    lines: list[LineReport]


@router.get("/extensions", response_model=NumbersInUse, operation_id="list_extensions", tags=["extensions"])
async def list_extensions(
    company_id: str,
    principal: Asker,
    backend: Behind,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(pattern="^[0-9]{0,15}$", description="`next` of the page before.")] = "",
    type: Annotated[str, Query(max_length=32, description="Of this table only.", examples=["users"])] = "",
) -> Response:
    """Every internal number in use, in order, with what it belongs to."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "list_extensions", "extensions", reading=True)

    def work(connection: Connection) -> Answer:
        check_company(connection, found)
        reach = Reach(principal, found)
        items, following = numbers_in_use(connection, found, reach, after=cursor, limit=limit, kind=type)
        return json_answer({"items": items, "next": following})

    return respond_with(await backend.read(work))


@router.get(
    "/extensions/next-free",
    response_model=FreeNumber,
    operation_id="next_free_extension",
    tags=["extensions"],
    openapi_extra={"responses": {"409": refusal("conflict")}},  # none is left
)
async def next_free_extension(
    company_id: str,
    principal: Asker,
    backend: Behind,
    after: Annotated[str, Query(pattern="^[0-9]{0,5}$", description="Above this number.", examples=["299"])] = "",
) -> Response:
    """The lowest internal number that is free."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "next_free_extension", "extensions", reading=True)

    def work(connection: Connection) -> Answer:
        return json_answer({"extension": next_free(connection, found, after)})

    return respond_with(await backend.read(work))


_USERS_BODY = {
    "application/json": {
        "schema": {"type": "array", "maxItems": MAX_LINES, "items": {"$ref": REF + "UserLine"}},
        "example": [{"extension": "204", "name": "Sam Jansen", "phone": True}],
    },
    "text/csv": {
        "schema": {"type": "string"},
        "example": "extension,name,email,location,phone\n204,Sam Jansen,sam@example.org,Amsterdam,yes\n",
    },
}


@router.post(
    "/users/bulk",
    response_model=UsersReport,
    operation_id="create_users",
    tags=["users"],
    openapi_extra=takes(_USERS_BODY),
)
async def create_many_users(
    request: Request,
    company_id: str,
    principal: Asker,
    backend: Behind,
    mode: Annotated[Literal["all", "each"], Query(description="Every line or none, or those that are right.")] = "all",
) -> Response:
    """Many users at once, as a JSON array or CSV with a line of field names, at most 500.

    Beside a user's fields a line may have `location` and `department` (by name), `phone` (add one, its password is in
    the report) and `phone_name`. In CSV, lists are separated by spaces.
    """
    found = company_id_of(principal, company_id)
    demand_operation(principal, "create_users", "users")
    body = await read_body(request, MAX_BYTES)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    lines, language = read_lines(body, media_type), language_of(request)

    def work(writer: Writer) -> Answer:
        return json_answer(create_users(writer, lines, mode, language))

    return await write_once(request, backend, principal, found, body, work)


@router.post(
    "/number_plans/{plan_id}/copy",
    response_model=PlanCopied,
    operation_id="copy_number_plan",
    tags=["number_plans"],
    openapi_extra=takes("CopyPlan"),
)
async def copy_number_plan(
    request: Request, company_id: str, plan_id: str, principal: Asker, backend: Behind
) -> Response:
    """Copy where a plan leads each number over another plan, which loses what it had. Its name and times stay."""
    found, source_id = company_id_of(principal, company_id), id_of(plan_id)
    demand_operation(principal, "copy_number_plan", "number_plans")
    target_id: int = checked(CopyPlan, await read_json(request))["to"]

    def work(writer: Writer) -> Answer:
        return json_answer({"plan_id": target_id, "mappings": _copy_plan(writer, source_id, target_id)})

    return await write_once(request, backend, principal, found, await request.body(), work)


def _copy_plan(writer: Writer, source_id: int, target_id: int) -> int:
    plans, mappings = BY_TABLE["number_plans"], BY_TABLE["plan_mappings"]
    if source_id == target_id:
        raise ApiProblem("invalid", [problem("to", "same_plan")])
    source = writer.current(plans, source_id, None)
    try:
        target = writer.current(plans, target_id, None)
    except ApiProblem:
        raise ApiProblem("invalid", [problem("to", "unknown_reference", value=target_id)]) from None
    assert isinstance(source, NumberPlan)  # noqa: S101 - what number plans are
    assert isinstance(target, NumberPlan)  # noqa: S101 - as above
    for old in _mappings(writer, target.id):
        writer.remove(old)
    copied = _mappings(writer, source.id)
    for mapping in copied:
        writer.create(
            mappings,
            {
                "plan_id": target.id,
                "number_id": mapping.number_id,
                "extension": mapping.extension,
                "prefix": mapping.prefix,
            },
        )
    return len(copied)


def _mappings(writer: Writer, plan_id: int) -> list[PlanMapping]:
    table = TABLES[PlanMapping]
    query = select(*columns_of(PlanMapping)).where(table.c.company_id == writer.company_id, table.c.plan_id == plan_id)
    read = row_reader(PlanMapping, None)
    return [read(values) for values in writer.connection.execute(query)]


@router.post(
    "/devices/{device_id}/new-secret",
    response_model=NewLogin,
    operation_id="new_device_secret",
    tags=["devices"],
    openapi_extra={"parameters": [*REPEATABLE["parameters"], if_match(required=False)]},
)
async def new_device_secret(
    request: Request, company_id: str, device_id: str, principal: Asker, backend: Behind
) -> Response:
    """Give a phone a new password. The old one is worth nothing from then on; the phone is registered no more."""
    found, row_id = company_id_of(principal, company_id), id_of(device_id)
    demand_operation(principal, "new_device_secret", "devices")
    versions = versions_of(request, required=False)

    def work(writer: Writer) -> Answer:
        entity = BY_TABLE["devices"]
        row = writer.change(entity, writer.current(entity, row_id, versions), {"secret": new_secret()}, whole=False)
        assert isinstance(row, Device)  # noqa: S101 - what devices are
        shown = {"id": row.id, "version": row.version, "username": row.username, "secret": row.secret}
        return json_answer(shown, headers={"ETag": etag_of(row)})

    response = await write_once(request, backend, principal, found, b"", work)
    await forget_device(backend, row_id)
    return response
