"""A company as a file: export, difference, applying (ORG-21). ``store.configuration_file`` does the work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api.permissions import changeable, may
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem, language_of, unsupported_media_type
from kiestoon.api.resources.completing import takes
from kiestoon.api.resources.requests import (
    check_company,
    company_id_of,
    demand_operation,
    json_answer,
    read_body,
    respond_with,
    write_once,
)
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.api.resources.rows import Writer
from kiestoon.api.resources.shown_numbers import foreign_of_company
from kiestoon.store.configuration_file.applying import apply_document, difference_of, rows_of
from kiestoon.store.configuration_file.difference import Change, in_words
from kiestoon.store.configuration_file.document import Document, document_of
from kiestoon.store.configuration_file.reading import MAX_BYTES, read_document
from kiestoon.store.configuration_file.shapes import shape_of
from kiestoon.store.configuration_file.troubles import RefusedFileError
from kiestoon.store.configuration_file.writing import write_document
from kiestoon.store.idempotency import Answer
from kiestoon.store.problems import problem

ResultT = TypeVar("ResultT")

router = APIRouter(prefix="/api/v1", tags=["configuration"])
MEDIA_TYPE: Final = "application/yaml"  # RFC 9512
_TAKEN: Final = frozenset({MEDIA_TYPE, "application/x-yaml", "text/yaml", "text/x-yaml"})
_VERBS: Final[dict[str, tuple[Literal["create", "change", "remove"], ...]]] = {
    "add": ("create",),
    "change": ("change",),
    "remove": ("remove",),
    "replace": ("create", "remove"),
}
_EXAMPLE: Final = """kiestoon: 1
company:
  domain: phones.example.org
  name: Bakery
users:
  - extension: '204'
    name: Sam Jansen
devices:
  - username: sam-desk
    user: '204'
"""
_BODY: Final[dict[str, Any]] = {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}}


class ChangeModel(BaseModel):
    """One difference between the company and the file."""

    action: Literal["add", "change", "remove", "replace"]
    table: str = Field(examples=["users"])
    row: str = Field(examples=["204 (Sam Jansen)"])
    fields: dict[str, tuple[Any, Any]] = Field(
        description="By field its value before and after.", examples=[{"name": ["Sam", "Sam Jansen"]}]
    )
    was: str = Field(description="The removed row this added one is like: a rename.", examples=[""])
    line: int = Field(description="Where the file says so; 0 for what it leaves out.", examples=[12])


class DifferenceModel(BaseModel):
    """Everything that applying would change."""

    changes: list[ChangeModel]
    text: list[str] = Field(
        description="The same in words, in the language of Accept-Language.",
        examples=[['~ user 204 (Sam Jansen): name "Sam" → "Sam Jansen"']],
    )


class SecretModel(BaseModel):
    """The password made for a new phone. It is shown this once."""

    username: str = Field(examples=["sam-desk"])
    secret: str = Field(examples=["uV9qT3xkYpWm2ZcR8nHbLs4f"])


class AppliedModel(DifferenceModel):
    """What was changed."""

    company_id: int = Field(examples=[1])
    secrets: list[SecretModel]


Removals = Annotated[bool, Query(description="Whether rows that the file leaves out may be removed.")]


@router.get(
    "/companies/{company_id}/configuration",
    operation_id="export_configuration",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "object"}, "example": _EXAMPLE}}}},
)
async def export_configuration(request: Request, company_id: str, principal: Asker, backend: Behind) -> Response:
    """The company as a YAML file: no ids, no passwords, defaults left out, always in the same order."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "export_configuration", "configuration", reading=True)
    language = language_of(request)

    def work(connection: Connection) -> str:
        rows = rows_of(connection, found, None)
        if rows is None:
            raise ApiProblem("not_found")
        return write_document(document_of(rows), language)

    text = await backend.read(work)
    headers = {"Content-Disposition": f'attachment; filename="company-{found}.yaml"'}
    return Response(text, headers=headers, media_type=MEDIA_TYPE)


@router.post(
    "/companies/{company_id}/configuration/diff",
    operation_id="diff_configuration",
    response_model=DifferenceModel,
    openapi_extra=takes(_BODY, repeatable=False),
)
async def diff_configuration(request: Request, company_id: str, principal: Asker, backend: Behind) -> Response:
    """What applying the file would add, change and remove. Changes nothing."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "export_configuration", "configuration", reading=True)
    document, language = await _read(request), language_of(request)

    def work(connection: Connection) -> Answer:
        check_company(connection, found)
        changes = _guarded(lambda: difference_of(connection, backend.vault, found, document), language)
        return json_answer({"changes": changes, "text": in_words(changes, language)})

    return respond_with(await backend.read(work))


@router.post(
    "/companies/{company_id}/configuration",
    operation_id="apply_configuration",
    response_model=AppliedModel,
    openapi_extra=takes(_BODY),
)
async def apply_configuration(
    request: Request, company_id: str, principal: Asker, backend: Behind, removals: Removals = False
) -> Response:
    """Make the company what the file says: all of it or, when anything is wrong, nothing.

    What the file leaves out is removed, but only with `removals=true` (409 otherwise). Applying it again changes
    nothing. Phones that are there keep their passwords.
    """
    found = company_id_of(principal, company_id)
    demand_operation(principal, "apply_configuration", "configuration")
    return await _apply(request, principal, backend, found, may_remove=removals)


@router.post(
    "/configuration",
    operation_id="apply_new_company",
    response_model=AppliedModel,
    status_code=201,
    openapi_extra=takes(_BODY),
)
async def apply_new_company(request: Request, principal: Asker, backend: Behind) -> Response:
    """Make a new company from a file."""
    demand_operation(principal, "apply_new_company", "configuration")
    return await _apply(request, principal, backend, None, may_remove=False)


async def _apply(
    request: Request, principal: Principal, backend: Any, company_id: int | None, *, may_remove: bool
) -> Response:
    document, language = await _read(request), language_of(request)

    def work(writer: Writer) -> Answer:
        before = foreign_of_company(writer.connection, company_id) if company_id is not None else []
        applied = _guarded(
            lambda: apply_document(
                writer.changes,
                backend.vault,
                company_id,
                document,
                may_remove=may_remove,
                permit=lambda changes: permit(principal, changes),
            ),
            language,
        )
        now = foreign_of_company(writer.connection, applied.company_id)
        foreign = [found for found in now if found not in before]
        if foreign:
            raise ApiProblem("invalid", foreign[:100])
        told = {**msgspec.structs.asdict(applied), "text": in_words(applied.changes, language)}
        return json_answer(told, 200 if company_id is not None else 201)

    return await write_once(request, backend, principal, company_id, await request.body(), work)


async def _read(request: Request) -> Document:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _TAKEN:
        raise unsupported_media_type(media_type, MEDIA_TYPE)
    body = await read_body(request, MAX_BYTES)
    return _guarded(lambda: read_document(body), language_of(request))


def _guarded(work: Callable[[], ResultT], language: str) -> ResultT:
    """The problem document for a refused file says on which line each error is."""
    try:
        return work()
    except RefusedFileError as error:
        kind = {409: "conflict", 404: "not_found"}.get(error.status, "invalid")
        lines = [{"line": trouble.line, "text": trouble.text(language)} for trouble in error.troubles]
        raise ApiProblem(kind, error.problems, members={"lines": lines}) from None


def permit(principal: Principal, changes: list[Change]) -> None:
    """403 naming every change that the permission table does not let somebody make row by row either."""
    beyond = []
    for change in changes:
        table = change.table
        if not all(may(principal, verb, table) for verb in _VERBS[change.action]):
            beyond.append(problem(f"{table}.{change.row}", "not_yours"))
            continue
        allowed = changeable(principal, table)
        if allowed is not None and change.action == "change":
            parts = shape_of(table).parts
            names = {parts[name].field.name if name in parts else name for name in change.fields}
            beyond += [problem(f"{table}.{change.row}.{name}", "not_yours") for name in sorted(names - allowed)]
    if beyond:
        raise ApiProblem("forbidden", beyond[:100])
