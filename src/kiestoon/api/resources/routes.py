"""Every type of row under ``/api/v1/companies/{company_id}/{table}``: list, get, create, replace, change, remove.

One implementation for all of them; what differs is in the rows' annotations and in the permission table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
import structlog
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from kiestoon.api.backend import Backend, get_backend
from kiestoon.api.login.authentication import authenticated
from kiestoon.api.principal import Principal
from kiestoon.api.resources.queries import parse_query
from kiestoon.api.resources.reach import Reach
from kiestoon.api.resources.requests import (
    check_body,
    check_company,
    company_id_of,
    demand,
    demand_operation,
    entity_of,
    etag_of,
    id_of,
    is_known,
    json_answer,
    read_json,
    respond_with,
    versions_of,
    write_once,
)
from kiestoon.api.resources.rows import Writer, fetch_list, fetch_one
from kiestoon.api.schemas import change_model, create_model_of, to_json
from kiestoon.company.code_presets import DEFAULT_PRESET, CodePreset
from kiestoon.company.model import BY_TABLE, Company, Device, Entity, Row
from kiestoon.operator_error import OperatorError
from kiestoon.store.idempotency import Answer
from kiestoon.store.new_company import add_codes
from kiestoon.store.write import Changes

router = APIRouter(prefix="/api/v1", include_in_schema=False)  # ``openapi`` describes them, type by type

Asker = Annotated[Principal, Depends(authenticated)]
Behind = Annotated[Backend, Depends(get_backend)]
COMPANIES: Final = BY_TABLE["companies"]
TRUNKS: Final = BY_TABLE["trunks"]

log = structlog.get_logger(__name__)


# --- companies -----------------------------------------------------------------------------------------------------


@router.get("/companies")
async def list_companies(request: Request, principal: Asker, backend: Behind) -> Response:
    """The companies somebody sees: an operator all of them, everybody else one."""
    demand(principal, "list", COMPANIES)
    company_id = None if principal.role == "operator" else principal.company_id or 0
    return await _list(request, principal, backend, COMPANIES, company_id)


@router.post("/companies")
async def create_company(
    request: Request, principal: Asker, backend: Behind, code_preset: CodePreset = DEFAULT_PRESET
) -> Response:
    """A new company, with the feature codes of a preset."""
    demand(principal, "create", COMPANIES)

    def complete(writer: Writer, row: Row) -> None:
        if isinstance(row, Company):
            add_codes(writer.changes, row, code_preset)

    return await _create(request, principal, backend, COMPANIES, None, complete)


@router.get("/companies/{company_id}")
async def get_company(request: Request, company_id: str, principal: Asker, backend: Behind) -> Response:
    """One company."""
    found = company_id_of(principal, company_id)
    demand(principal, "get", COMPANIES)
    return await _get(request, principal, backend, COMPANIES, found, found)


@router.put("/companies/{company_id}")
@router.patch("/companies/{company_id}")
async def change_company(request: Request, company_id: str, principal: Asker, backend: Behind) -> Response:
    """A company's settings."""
    found = company_id_of(principal, company_id)
    demand(principal, "change", COMPANIES)
    return await _change(request, principal, backend, COMPANIES, found, found)


@router.delete("/companies/{company_id}")
async def remove_company(request: Request, company_id: str, principal: Asker, backend: Behind) -> Response:
    """A company with everything it has."""
    found = company_id_of(principal, company_id)
    demand(principal, "remove", COMPANIES)
    return await _remove(request, principal, backend, COMPANIES, found, found)


# --- lines shared by all companies ---------------------------------------------------------------------------------


@router.get("/trunks")
async def list_shared(request: Request, principal: Asker, backend: Behind) -> Response:
    """Outside lines every company uses."""
    demand_operation(principal, "shared_trunks", "trunks", reading=True)
    return await _list(request, principal, backend, TRUNKS, None)


@router.post("/trunks")
async def create_shared(request: Request, principal: Asker, backend: Behind) -> Response:
    """A new outside line for every company."""
    demand_operation(principal, "shared_trunks", "trunks")
    return await _create(request, principal, backend, TRUNKS, None)


@router.get("/trunks/{row_id}")
async def get_shared(request: Request, row_id: str, principal: Asker, backend: Behind) -> Response:
    """One of them."""
    demand_operation(principal, "shared_trunks", "trunks", reading=True)
    return await _get(request, principal, backend, TRUNKS, None, id_of(row_id))


@router.put("/trunks/{row_id}")
@router.patch("/trunks/{row_id}")
async def change_shared(request: Request, row_id: str, principal: Asker, backend: Behind) -> Response:
    """Its settings."""
    demand_operation(principal, "shared_trunks", "trunks")
    return await _change(request, principal, backend, TRUNKS, None, id_of(row_id))


@router.delete("/trunks/{row_id}")
async def remove_shared(request: Request, row_id: str, principal: Asker, backend: Behind) -> Response:
    """Take it away."""
    demand_operation(principal, "shared_trunks", "trunks")
    return await _remove(request, principal, backend, TRUNKS, None, id_of(row_id))


# --- everything a company has --------------------------------------------------------------------------------------


@router.get("/companies/{company_id}/{table}")
async def list_rows(request: Request, company_id: str, table: str, principal: Asker, backend: Behind) -> Response:
    """A page of rows."""
    found, entity = company_id_of(principal, company_id), entity_of(table)
    demand(principal, "list", entity)
    return await _list(request, principal, backend, entity, found)


@router.post("/companies/{company_id}/{table}")
async def create_row(request: Request, company_id: str, table: str, principal: Asker, backend: Behind) -> Response:
    """A new row."""
    found, entity = company_id_of(principal, company_id), entity_of(table)
    demand(principal, "create", entity)
    return await _create(request, principal, backend, entity, found)


@router.get("/companies/{company_id}/{table}/{row_id}")
async def get_row(
    request: Request, company_id: str, table: str, row_id: str, principal: Asker, backend: Behind
) -> Response:
    """One row."""
    found, entity = company_id_of(principal, company_id), entity_of(table)
    demand(principal, "get", entity)
    return await _get(request, principal, backend, entity, found, id_of(row_id))


@router.put("/companies/{company_id}/{table}/{row_id}")
@router.patch("/companies/{company_id}/{table}/{row_id}")
async def change_row(
    request: Request, company_id: str, table: str, row_id: str, principal: Asker, backend: Behind
) -> Response:
    """New values for a row."""
    found, entity = company_id_of(principal, company_id), entity_of(table)
    demand(principal, "change", entity)
    return await _change(request, principal, backend, entity, found, id_of(row_id))


@router.delete("/companies/{company_id}/{table}/{row_id}")
async def remove_row(
    request: Request, company_id: str, table: str, row_id: str, principal: Asker, backend: Behind
) -> Response:
    """Take a row away."""
    found, entity = company_id_of(principal, company_id), entity_of(table)
    demand(principal, "remove", entity)
    return await _remove(request, principal, backend, entity, found, id_of(row_id))


# --- the six of them -----------------------------------------------------------------------------------------------


async def _list(
    request: Request, principal: Principal, backend: Backend, entity: Entity, company_id: int | None
) -> Response:
    query = parse_query(entity, request.query_params.multi_items())

    def work(connection: Connection) -> bytes:
        check_company(connection, company_id)
        items, following = fetch_list(connection, entity, query, Reach(principal, company_id))
        return msgspec.json.encode({"items": items, "next": following})

    return Response(await backend.read(work), media_type="application/json")


async def _get(
    request: Request, principal: Principal, backend: Backend, entity: Entity, company_id: int | None, row_id: int
) -> Response:
    def work(connection: Connection) -> Answer:
        check_company(connection, company_id)
        found = fetch_one(connection, entity, row_id, Reach(principal, company_id))
        etag = etag_of(found.row)
        if is_known(request, etag):
            return Answer(304, headers={"ETag": etag})
        return json_answer(found.json(entity), headers={"ETag": etag})

    return respond_with(await backend.read(work))


async def _create(
    request: Request,
    principal: Principal,
    backend: Backend,
    entity: Entity,
    company_id: int | None,
    complete: Callable[[Writer, Row], None] | None = None,
) -> Response:
    data = await read_json(request)
    given = check_body(entity, create_model_of(entity), data, {"company_id": company_id})
    base = request.url.path.rstrip("/")

    def work(writer: Writer) -> Answer:
        row = writer.create(entity, given)
        if complete is not None:
            complete(writer, row)
        return json_answer(created_json(row, given), 201, {"Location": f"{base}/{row.id}", "ETag": etag_of(row)})

    return await write_once(request, backend, principal, company_id, await request.body(), work)


def created_json(row: Row, given: Mapping[str, Any]) -> dict[str, Any]:
    """A new row; a password made up for it is shown, this once."""
    shown = to_json(row)
    if isinstance(row, Device) and "secret" not in given:
        shown["secret"] = row.secret
    return shown


async def _change(
    request: Request, principal: Principal, backend: Backend, entity: Entity, company_id: int | None, row_id: int
) -> Response:
    versions = versions_of(request, required=True)
    whole = request.method == "PUT"
    data = await read_json(request)
    model = create_model_of(entity) if whole else change_model(entity)
    login_changed = False

    def work(changes: Changes) -> Answer:
        nonlocal login_changed
        check_company(changes.connection, company_id)
        writer = Writer(changes, backend.vault, principal, company_id)
        old = writer.current(entity, row_id, versions)
        given = check_body(entity, model, data, to_json(old))
        row = writer.change(entity, old, given, whole=whole)
        login_changed = isinstance(row, Device) and isinstance(old, Device) and _login(row) != _login(old)
        return json_answer(to_json(row), headers={"ETag": etag_of(row)})

    response = respond_with(await backend.write(principal, work))
    if login_changed:
        await forget_device(backend, row_id)
    return response


def _login(device: Device) -> tuple[str, str]:
    return device.username, device.secret


async def _remove(
    request: Request, principal: Principal, backend: Backend, entity: Entity, company_id: int | None, row_id: int
) -> Response:
    versions = versions_of(request, required=False)

    def work(changes: Changes) -> None:
        check_company(changes.connection, company_id)
        writer = Writer(changes, backend.vault, principal, company_id)
        writer.remove(writer.current(entity, row_id, versions))

    await backend.write(principal, work)
    return Response(status_code=204)


async def forget_device(backend: Backend, device_id: int) -> None:
    """Whoever registered with the old login is not to be called any more."""
    try:
        await backend.ask("forget_device", device_id=device_id)
    except OperatorError as problem:  # without a control process nobody is registered
        log.warning("registrations of a phone with a new password were not dropped", problem=str(problem))
