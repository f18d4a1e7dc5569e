"""``/api/v1/companies/{company_id}/recordings``: what people have spoken by telephone (905, E App. A).

A recording is heard once it is put in the place of a text (``prompts``) or played by whoever may see it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from kiestoon.api import uploads
from kiestoon.api.login.answers import as_time
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.requests import (
    check_company,
    company_id_of,
    demand_operation,
    etag_of,
    id_of,
    versions_of,
)
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.company.model import Recording
from kiestoon.speech import recordings
from kiestoon.store.load import iterate_rows
from kiestoon.store.problems import problem
from kiestoon.store.write import Changes

router = APIRouter(prefix="/api/v1/companies/{company_id}/recordings", tags=["recordings"])


class RecordedShown(BaseModel):
    """A recording."""

    id: int = Field(examples=[3])
    version: int = Field(examples=[1])
    number: int = Field(description="As it was told on the telephone.", examples=[4])
    name: str = Field(examples=["Welcome"])
    duration_ms: int = Field(examples=[4200])
    made_by: str = Field(description="The extension of who spoke it.", examples=["204"])
    made: datetime


class Recordings(BaseModel):
    """Those of a company, by number."""

    items: list[RecordedShown]
    next: str | None


class RecordingChange(BaseModel):
    """What people call it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: str = Field(min_length=1, max_length=80, examples=["Welcome"])


@router.get("", response_model=Recordings, operation_id="list_recordings")
async def list_recordings(
    company_id: str,
    principal: Asker,
    backend: Behind,
    cursor: Annotated[str | None, Query(pattern="^[0-9]{1,10}$")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """The recordings, by number."""
    found = _company(principal, company_id, reading=True)
    rows = sorted(await backend.read(lambda connection: _rows(connection, found)), key=lambda row: row.number)
    page = [row for row in rows if row.number > int(cursor or 0)]
    return {
        "items": [_shown(row) for row in page[:limit]],
        "next": str(page[limit - 1].number) if page[limit:] else None,
    }


@router.get("/{recording_id}", response_model=RecordedShown, operation_id="get_recording")
async def get_recording(
    company_id: str, recording_id: str, response: Response, principal: Asker, backend: Behind
) -> dict[str, Any]:
    """One of them."""
    found = _company(principal, company_id, reading=True)
    row = await backend.read(lambda connection: find(connection, found, recording_id))
    response.headers["ETag"] = etag_of(row)
    return _shown(row)


@router.patch("/{recording_id}", response_model=RecordedShown, operation_id="rename_recording")
async def rename_recording(
    request: Request,
    company_id: str,
    recording_id: str,
    given: Annotated[RecordingChange, Body()],
    response: Response,
    principal: Asker,
    backend: Behind,
) -> dict[str, Any]:
    """Give it another name."""
    found = _company(principal, company_id)
    versions = versions_of(request, required=True)

    def write(changes: Changes) -> Recording:
        row = find(changes.connection, found, recording_id)
        _check_version(row, versions)
        return changes.update(msgspec.structs.replace(row, name=given.name))

    row = await backend.write(principal, write)
    response.headers["ETag"] = etag_of(row)
    return _shown(row)


@router.get(
    "/{recording_id}/audio", response_class=FileResponse, operation_id="play_recording", responses=uploads.AUDIO
)
async def play_recording(
    request: Request, company_id: str, recording_id: str, principal: Asker, backend: Behind
) -> Response:
    """What was spoken, as an Ogg file."""
    found = _company(principal, company_id, reading=True)
    row = await backend.read(lambda connection: find(connection, found, recording_id))
    return await uploads.respond(backend, request, found, row.file, f"recording-{row.number}.ogg")


@router.delete("/{recording_id}", status_code=204, operation_id="remove_recording")
async def remove_recording(
    request: Request, company_id: str, recording_id: str, principal: Asker, backend: Behind
) -> None:
    """Throw it away. Texts in whose place it was put keep it."""
    found = _company(principal, company_id)
    versions = versions_of(request, required=False)

    def write(changes: Changes) -> str:
        row = find(changes.connection, found, recording_id)
        _check_version(row, versions)
        changes.remove(row)
        return row.file

    await backend.run(recordings.remove, uploads.folder_of(request), found, await backend.write(principal, write))


def find(connection: Connection, company_id: int, recording_id: str) -> Recording:
    """A company's recording by its id; 404 when there is none."""
    wanted = id_of(recording_id)
    row = next((row for row in _rows(connection, company_id) if row.id == wanted), None)
    if row is None:
        raise ApiProblem("not_found")
    return row


# --- parts -----------------------------------------------------------------------------------------------------------


def _company(principal: Principal, company_id: str, *, reading: bool = False) -> int:
    found = company_id_of(principal, company_id)
    demand_operation(principal, "manage_recordings", "recordings", reading=reading)
    return found


def _rows(connection: Connection, company_id: int) -> list[Recording]:
    check_company(connection, company_id)
    return list(iterate_rows(connection, Recording, company_id=company_id))


def _check_version(row: Recording, versions: frozenset[int] | None) -> None:
    if versions is not None and row.version not in versions:
        raise ApiProblem("stale", [problem("", "changed_meanwhile")])


def _shown(row: Recording) -> dict[str, Any]:
    names = RecordedShown.model_fields.keys() - {"made"}
    return {"made": as_time(row.made_ms), **{name: getattr(row, name) for name in names}}
