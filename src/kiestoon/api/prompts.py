"""``/api/v1/companies/{company_id}/prompts``: what the exchange says, and a company's recordings instead (VM-7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Body, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from kiestoon.api import uploads
from kiestoon.api.backend import Backend
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem
from kiestoon.api.recordings import find
from kiestoon.api.resources.requests import check_company, company_id_of, demand_operation, etag_of, versions_of
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.api.schemas import MAX_ID
from kiestoon.company.model import Company, Prompt, SpokenLanguage
from kiestoon.speech import recordings
from kiestoon.speech.languages import spoken_language
from kiestoon.speech.texts import Text, texts_of
from kiestoon.store.load import iterate_rows
from kiestoon.store.problems import problem
from kiestoon.store.write import Changes

router = APIRouter(prefix="/api/v1/companies/{company_id}/prompts", tags=["prompts"])

OPERATION: Final = "manage_prompts"
TABLE: Final = "prompts"
Key = Annotated[str, InPath(pattern="^[a-z]+(-[a-z]+)*$", max_length=64, examples=["menu-welcome"])]
Spoken = Annotated[SpokenLanguage, InPath(examples=["nl"])]


class RecordingShown(BaseModel):
    """A company's recording in place of a text."""

    id: int = Field(examples=[3])
    version: int = Field(examples=[1])
    duration_ms: int = Field(examples=[4200])
    source: str = Field(description="What the uploaded file was called.", examples=["welcome.mp3"])


class RecordingChosen(BaseModel):
    """Which recording."""

    model_config = ConfigDict(extra="forbid", strict=True)
    recording_id: int = Field(ge=1, le=MAX_ID, examples=[3])


class PromptShown(BaseModel):
    """Something the exchange says."""

    key: str = Field(examples=["menu-welcome"])
    language: SpokenLanguage
    area: str = Field(examples=["menus"])
    text: str = Field(description="As it is spoken without a recording; parameters in braces.")
    parameters: list[str] = Field(description="A recording is followed by these, spoken.", examples=[[]])
    recording: RecordingShown | None


class Prompts(BaseModel):
    """All of them, in the order of the texts."""

    items: list[PromptShown]
    next: None = None


@router.get("", response_model=Prompts, operation_id="list_prompts")
async def list_prompts(
    company_id: str,
    principal: Asker,
    backend: Behind,
    language: Annotated[SpokenLanguage | None, Query(description="Else the company's.")] = None,
    recorded: Annotated[bool, Query(description="Only those with a recording.")] = False,
) -> dict[str, Any]:
    """What the exchange says in one language, each with the company's recording where there is one."""
    found = _company(principal, company_id, reading=True)

    def look(connection: Connection) -> list[dict[str, Any]]:
        company = next(iterate_rows(connection, Company, row_id=found), None)
        if company is None:
            raise ApiProblem("not_found")
        spoken = language or spoken_language(company.language)
        held = {row.key: row for row in iterate_rows(connection, Prompt, company_id=found) if row.language == spoken}
        return [_shown(text, spoken, held.get(text.key)) for text in texts_of(spoken).values()]

    items = await backend.read(look)
    return {"items": [item for item in items if item["recording"] or not recorded], "next": None}


@router.get("/{language}/{key}", response_model=PromptShown, operation_id="get_prompt")
async def get_prompt(
    company_id: str, language: Spoken, key: Key, response: Response, principal: Asker, backend: Behind
) -> dict[str, Any]:
    """One of them."""
    found, text = _company(principal, company_id, reading=True), _text(language, key)
    row = await backend.read(lambda connection: _held(connection, found, language, key))
    if row is not None:
        response.headers["ETag"] = etag_of(row)
    return _shown(text, language, row)


@router.put("/{language}/{key}", response_model=PromptShown, operation_id="replace_prompt", openapi_extra=uploads.BODY)
async def replace_prompt(
    request: Request,
    company_id: str,
    language: Spoken,
    key: Key,
    response: Response,
    principal: Asker,
    backend: Behind,
    source: Annotated[str, Query(max_length=80, description="What the file is called.")] = "",
) -> dict[str, Any]:
    """Put a recording in place of a text: the body is a WAV, MP3, WMA, Ogg, FLAC or M4A file of at most ten minutes.

    It is heard from the next call on.
    """
    found, text = _company(principal, company_id), _text(language, key)
    versions = versions_of(request, required=False)
    await backend.read(lambda connection: check_company(connection, found))
    taken = await uploads.receive(request, found)
    row = await _put(request, principal, backend, found, (key, language, source), taken, versions)
    response.headers["ETag"] = etag_of(row)
    return _shown(text, language, row)


@router.put("/{language}/{key}/recording", response_model=PromptShown, operation_id="replace_prompt_by_recording")
async def replace_prompt_by_recording(
    request: Request,
    company_id: str,
    language: Spoken,
    key: Key,
    given: Annotated[RecordingChosen, Body()],
    response: Response,
    principal: Asker,
    backend: Behind,
) -> dict[str, Any]:
    """Put what somebody has spoken by telephone in place of a text. It is heard from the next call on."""
    found, text = _company(principal, company_id), _text(language, key)
    versions = versions_of(request, required=False)
    chosen = await backend.read(lambda connection: find(connection, found, str(given.recording_id)))
    file = await backend.run(recordings.copy, uploads.folder_of(request), found, chosen.file)
    taken = recordings.Taken(file, chosen.duration_ms)
    row = await _put(request, principal, backend, found, (key, language, chosen.name), taken, versions)
    response.headers["ETag"] = etag_of(row)
    return _shown(text, language, row)


@router.get("/{language}/{key}/audio", response_class=FileResponse, operation_id="play_prompt", responses=uploads.AUDIO)
async def play_prompt(
    request: Request, company_id: str, language: Spoken, key: Key, principal: Asker, backend: Behind
) -> Response:
    """The recording as an Ogg file."""
    found = _company(principal, company_id, reading=True)
    row = await backend.read(lambda connection: _recorded(connection, found, language, key))
    return await uploads.respond(backend, request, found, row.file, f"{key}.{language}.ogg")


@router.delete("/{language}/{key}", status_code=204, operation_id="remove_prompt")
async def remove_prompt(
    request: Request, company_id: str, language: Spoken, key: Key, principal: Asker, backend: Behind
) -> None:
    """Take the recording away: the text is spoken again."""
    found = _company(principal, company_id)
    versions = versions_of(request, required=False)
    folder = uploads.folder_of(request)

    def write(changes: Changes) -> str:
        row = _recorded(changes.connection, found, language, key)
        _check_version(row, versions)
        changes.remove(row)
        return row.file

    await backend.run(recordings.remove, folder, found, await backend.write(principal, write))


# --- parts -----------------------------------------------------------------------------------------------------------


async def _put(
    request: Request,
    principal: Principal,
    backend: Backend,
    company_id: int,
    place: tuple[str, SpokenLanguage, str],
    taken: recordings.Taken,
    versions: frozenset[int] | None,
) -> Prompt:
    """The row of a recording in its ``place`` (key, language, what the file is called); the one before it goes."""
    folder = uploads.folder_of(request)
    key, language, source = place

    def write(changes: Changes) -> tuple[Prompt, str]:
        check_company(changes.connection, company_id)
        old = _held(changes.connection, company_id, language, key)
        _check_version(old, versions)
        if old is None:
            new = Prompt(id=0, company_id=company_id, key=key, language=language, source=source, **_cells(taken))
            return changes.add(new), ""
        return changes.update(msgspec.structs.replace(old, source=source, **_cells(taken))), old.file

    try:
        row, replaced = await backend.write(principal, write)
    except BaseException:
        await backend.run(recordings.remove, folder, company_id, taken.file)
        raise
    if replaced:
        await backend.run(recordings.remove, folder, company_id, replaced)
    return row


def _company(principal: Principal, company_id: str, *, reading: bool = False) -> int:
    found = company_id_of(principal, company_id)
    demand_operation(principal, OPERATION, TABLE, reading=reading)
    return found


def _text(language: str, key: str) -> Text:
    text = texts_of(language).get(key)
    if text is None:
        raise ApiProblem("not_found")
    return text


def _held(connection: Connection, company_id: int, language: str, key: str) -> Prompt | None:
    check_company(connection, company_id)
    rows = iterate_rows(connection, Prompt, company_id=company_id)
    return next((row for row in rows if (row.language, row.key) == (language, key)), None)


def _recorded(connection: Connection, company_id: int, language: str, key: str) -> Prompt:
    row = _held(connection, company_id, language, key)
    if row is None:
        raise ApiProblem("not_found")
    return row


def _check_version(row: Prompt | None, versions: frozenset[int] | None) -> None:
    if versions is not None and (row is None or row.version not in versions):
        raise ApiProblem("stale", [problem("", "changed_meanwhile")])


def _cells(taken: recordings.Taken) -> Mapping[str, Any]:
    return {"file": taken.file, "duration_ms": taken.duration_ms}


def _shown(text: Text, language: str, row: Prompt | None) -> dict[str, Any]:
    recording = None
    if row is not None:
        recording = {name: getattr(row, name) for name in RecordingShown.model_fields}
    return {
        "key": text.key,
        "language": language,
        "area": text.area,
        "text": text.shown(),
        "parameters": list(text.placeholders),
        "recording": recording,
    }
