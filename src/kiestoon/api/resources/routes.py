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
from kiestoon.api.permissions import Verb
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
from kiestoon.store.new_company import furnish
from kiestoon.store.write import Changes

router = APIRouter(prefix="/api/v1", include_in_schema=False)  # ``openapi`` describes them, type by type

Asker = Annotated[Principal, Depends(authenticated)]
Behind = Annotated[Backend, Depends(get_backend)]
COMPANIES: Final = BY_TABLE["companies"]
TRUNKS: Final = BY_TABLE["trunks"]
_SHARED: Final = "/api/v1/trunks"  # the outside lines of all companies

log = structlog.get_logger(__name__)


class Place(msgspec.Struct, frozen=True):
    """What a path is about: rows of a type, of one company (None: the installation's), and of these one (0: all)."""

    entity: Entity
    company_id: int | None
    row_id: int = 0


def place_of(request: Request, principal: Principal, verb: Verb) -> Place:
    """The place of a path; 404 when there is no such, or it is another company's, 403 when it may not be done there."""
    given = request.path_params
    row = given.get("row_id")
    if "table" in given:
        company_id, entity = company_id_of(principal, given["company_id"]), entity_of(given["table"])
        demand(principal, verb, entity)
        return Place(entity, company_id, id_of(row) if row is not None else 0)
    if request.url.path.startswith(_SHARED):
        demand_operation(principal, "shared_trunks", "trunks", reading=verb in {"list", "get"})
        return Place(TRUNKS, None, id_of(row) if row is not None else 0)
    if "company_id" in given:
        company_id = company_id_of(principal, given["company_id"])
        demand(principal, verb, COMPANIES)
        return Place(COMPANIES, company_id, company_id)
    demand(principal, verb, COMPANIES)
    return Place(COMPANIES, None if principal.role == "operator" else principal.company_id or 0)


@router.get("/companies")
@router.get("/trunks")
@router.get("/companies/{company_id}/{table}")
async def list_rows(request: Request, principal: Asker, backend: Behind) -> Response:
    """A page of rows. Of companies an operator sees all, everybody else one."""
    place = place_of(request, principal, "list")
    query = parse_query(place.entity, request.query_params.multi_items())

    def work(connection: Connection) -> bytes:
        check_company(connection, place.company_id)
        items, following = fetch_list(connection, place.entity, query, Reach(principal, place.company_id))
        return msgspec.json.encode({"items": items, "next": following})

    return Response(await backend.read(work), media_type="application/json")


@router.get("/companies/{company_id}")
@router.get("/trunks/{row_id}")
@router.get("/companies/{company_id}/{table}/{row_id}")
async def get_row(request: Request, principal: Asker, backend: Behind) -> Response:
    """One row."""
    place = place_of(request, principal, "get")

    def work(connection: Connection) -> Answer:
        check_company(connection, place.company_id)
        found = fetch_one(connection, place.entity, place.row_id, Reach(principal, place.company_id))
        etag = etag_of(found.row)
        if is_known(request, etag):
            return Answer(304, headers={"ETag": etag})
        return json_answer(found.json(place.entity), headers={"ETag": etag})

    return respond_with(await backend.read(work))


@router.post("/companies")
async def create_company(
    request: Request, principal: Asker, backend: Behind, code_preset: CodePreset = DEFAULT_PRESET
) -> Response:
    """A new company, with the feature codes of a preset and a main scheme of number plans."""

    def complete(writer: Writer, row: Row) -> None:
        if isinstance(row, Company):
            furnish(writer.changes, row, code_preset)

    return await _create(request, principal, backend, complete)


@router.post("/trunks")
@router.post("/companies/{company_id}/{table}")
async def create_row(request: Request, principal: Asker, backend: Behind) -> Response:
    """A new row."""
    return await _create(request, principal, backend)


async def _create(
    request: Request,
    principal: Principal,
    backend: Backend,
    complete: Callable[[Writer, Row], None] = lambda writer, row: None,
) -> Response:
    place = place_of(request, principal, "create")
    data = await read_json(request)
    given = check_body(place.entity, create_model_of(place.entity), data, {"company_id": place.company_id})
    base = request.url.path.rstrip("/")

    def work(writer: Writer) -> Answer:
        row = writer.create(place.entity, given)
        complete(writer, row)
        return json_answer(created_json(row, given), 201, {"Location": f"{base}/{row.id}", "ETag": etag_of(row)})

    return await write_once(request, backend, principal, place.company_id, await request.body(), work)


def created_json(row: Row, given: Mapping[str, Any]) -> dict[str, Any]:
    """A new row; a password made up for it is shown, this once."""
    shown = to_json(row)
    if isinstance(row, Device) and "secret" not in given:
        shown["secret"] = row.secret
    return shown


@router.put("/companies/{company_id}")
@router.patch("/companies/{company_id}")
@router.put("/trunks/{row_id}")
@router.patch("/trunks/{row_id}")
@router.put("/companies/{company_id}/{table}/{row_id}")
@router.patch("/companies/{company_id}/{table}/{row_id}")
async def change_row(request: Request, principal: Asker, backend: Behind) -> Response:
    """New values for a row: these (PATCH), or all, the absent ones their defaults (PUT)."""
    place = place_of(request, principal, "change")
    entity, whole = place.entity, request.method == "PUT"
    versions = versions_of(request, required=True)
    data = await read_json(request)
    model = create_model_of(entity) if whole else change_model(entity)
    login_changed = False

    def work(changes: Changes) -> Answer:
        nonlocal login_changed
        check_company(changes.connection, place.company_id)
        writer = Writer(changes, backend.vault, principal, place.company_id)
        old = writer.current(entity, place.row_id, versions)
        given = check_body(entity, model, data, to_json(old))
        row = writer.change(entity, old, given, whole=whole)
        login_changed = isinstance(row, Device) and isinstance(old, Device) and _login(row) != _login(old)
        return json_answer(to_json(row), headers={"ETag": etag_of(row)})

    response = respond_with(await backend.write(principal, work))
    if login_changed:
        await forget_device(backend, place.row_id)
    return response


def _login(device: Device) -> tuple[str, str]:
    return device.username, device.secret


@router.delete("/companies/{company_id}")
@router.delete("/trunks/{row_id}")
@router.delete("/companies/{company_id}/{table}/{row_id}")
async def remove_row(request: Request, principal: Asker, backend: Behind) -> Response:
    """Take a row away; a company with everything it has."""
    place = place_of(request, principal, "remove")
    versions = versions_of(request, required=False)

    def work(changes: Changes) -> None:
        check_company(changes.connection, place.company_id)
        writer = Writer(changes, backend.vault, principal, place.company_id)
        writer.remove(writer.current(place.entity, place.row_id, versions))

    await backend.write(principal, work)
    return Response(status_code=204)


async def forget_device(backend: Backend, device_id: int) -> None:
    """Whoever registered with the old login is not to be called any more."""
    try:
        await backend.ask("forget_device", device_id=device_id)
    except OperatorError as problem:  # without a control process nobody is registered
        log.warning("registrations of a phone with a new password were not dropped", problem=str(problem))
