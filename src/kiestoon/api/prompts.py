"""``/api/v1/companies/{company_id}/prompts``: what the exchange says, and a company's recordings instead (VM-7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Final

import anyio
import msgspec
import structlog
from anyio import to_thread
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api.backend import Backend
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.requests import check_company, company_id_of, demand_operation, etag_of, versions_of
from kiestoon.api.resources.routes import Asker, Behind
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
MAX_BYTES: Final = 128 * 1024 * 1024
"""Ten minutes as a CD has them are 106 MB."""
_UPLOAD_S: Final = 600.0
_AT_ONCE: Final = 2
_TYPES: Final = (
    "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/mpeg", "audio/mp3", "audio/x-ms-wma",
    "audio/ogg", "application/ogg", "audio/flac", "audio/x-flac", "audio/mp4", "audio/x-m4a", "audio/aac",
    "video/x-ms-asf", "application/octet-stream",
)  # fmt: skip
_TOLD: Final = ("audio/wav", "audio/mpeg", "audio/x-ms-wma", "audio/ogg", "audio/flac", "application/octet-stream")
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _TOLD},
    }
}
_AUDIO: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"audio/ogg": {"schema": {"type": "string", "format": "binary"}}}}
}

Key = Annotated[str, InPath(pattern="^[a-z]+(-[a-z]+)*$", max_length=64, examples=["menu-welcome"])]
Spoken = Annotated[SpokenLanguage, InPath(examples=["nl"])]


log = structlog.get_logger(__name__)


class RecordingShown(BaseModel):
    """A company's recording in place of a text."""

    id: int = Field(examples=[3])
    version: int = Field(examples=[1])
    duration_ms: int = Field(examples=[4200])
    source: str = Field(description="What the uploaded file was called.", examples=["welcome.mp3"])


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


def install(application: FastAPI, folder: Path | None) -> None:
    """Tell the application where recordings lie; None: there is no place for any."""
    application.state.recordings = folder
    application.state.converting = anyio.CapacityLimiter(_AT_ONCE)


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


@router.put("/{language}/{key}", response_model=PromptShown, operation_id="replace_prompt", openapi_extra=_BODY)
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
    folder = _folder(request)
    async with _uploaded(request, folder) as upload:
        taken = await _taken_in(request, upload, folder, found)

    def write(changes: Changes) -> tuple[Prompt, str]:
        check_company(changes.connection, found)
        old = _held(changes.connection, found, language, key)
        _check_version(old, versions)
        if old is None:
            new = Prompt(id=0, company_id=found, key=key, language=language, source=source, **_cells(taken))
            return changes.add(new), ""
        return changes.update(msgspec.structs.replace(old, source=source, **_cells(taken))), old.file

    try:
        row, replaced = await backend.write(principal, write)
    except BaseException:
        await backend.run(recordings.remove, folder, found, taken.file)
        raise
    if replaced:
        await backend.run(recordings.remove, folder, found, replaced)
    response.headers["ETag"] = etag_of(row)
    return _shown(text, language, row)


@router.get("/{language}/{key}/audio", response_class=FileResponse, operation_id="play_prompt", responses=_AUDIO)
async def play_prompt(
    request: Request, company_id: str, language: Spoken, key: Key, principal: Asker, backend: Behind
) -> Response:
    """The recording as an Ogg file."""
    found = _company(principal, company_id, reading=True)
    row = await backend.read(lambda connection: _recorded(connection, found, language, key))
    path = recordings.recording_path(_folder(request), found, row.file)
    if not await backend.run(path.is_file):
        raise ApiProblem("not_found")
    return FileResponse(
        path, media_type="audio/ogg", filename=f"{key}.{language}.ogg", content_disposition_type="inline"
    )


@router.delete("/{language}/{key}", status_code=204, operation_id="remove_prompt")
async def remove_prompt(
    request: Request, company_id: str, language: Spoken, key: Key, principal: Asker, backend: Behind
) -> None:
    """Take the recording away: the text is spoken again."""
    found = _company(principal, company_id)
    versions = versions_of(request, required=False)
    folder = _folder(request)

    def write(changes: Changes) -> str:
        row = _recorded(changes.connection, found, language, key)
        _check_version(row, versions)
        changes.remove(row)
        return row.file

    await backend.run(recordings.remove, folder, found, await backend.write(principal, write))


# --- parts -----------------------------------------------------------------------------------------------------------


def _company(principal: Principal, company_id: str, *, reading: bool = False) -> int:
    found = company_id_of(principal, company_id)
    demand_operation(principal, OPERATION, TABLE, reading=reading)
    return found


def _text(language: str, key: str) -> Text:
    text = texts_of(language).get(key)
    if text is None:
        raise ApiProblem("not_found")
    return text


def _folder(request: Request) -> Path:
    folder: Path | None = request.app.state.recordings
    if folder is None:
        raise ApiProblem("unavailable")
    return folder


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


@asynccontextmanager
async def _uploaded(request: Request, folder: Path) -> AsyncIterator[Path]:
    """The body as a file, for as long as the context lasts: too large to be held in memory."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _TYPES:
        raise ApiProblem("unsupported_media_type", headers={"Accept": ", ".join(_TYPES)})
    try:
        path = await to_thread.run_sync(recordings.incoming_path, folder)
        try:
            await _gather(request, path)
            yield path
        finally:
            with suppress(OSError):
                path.unlink()
    except OSError as error:
        log.error("an upload cannot be kept", problem=str(error))
        raise ApiProblem("unavailable") from None


async def _gather(request: Request, path: Path) -> None:
    size = 0
    try:
        async with asyncio.timeout(_UPLOAD_S), await anyio.open_file(path, "wb") as file:
            async for piece in request.stream():
                size += len(piece)
                if size > MAX_BYTES:
                    raise ApiProblem("too_large")
                await file.write(piece)
    except TimeoutError:
        raise ApiProblem("bad_request") from None


async def _taken_in(request: Request, upload: Path, folder: Path, company_id: int) -> recordings.Taken:
    limiter: anyio.CapacityLimiter = request.app.state.converting
    try:
        return await to_thread.run_sync(recordings.take_in, upload, folder, company_id, limiter=limiter)
    except recordings.NotAudio:
        raise ApiProblem("invalid", [problem("", "not_audio")]) from None
    except recordings.TooLong:
        limit = recordings.LONGEST_S // 60
        raise ApiProblem("invalid", [problem("", "recording_too_long", limit=limit)]) from None
    except OSError as error:
        log.error("a recording cannot be kept", problem=str(error))
        raise ApiProblem("unavailable") from None


async def tidy_now(backend: Backend, folder: Path) -> int:
    """Remove recordings that belong to nobody; says how many."""

    def known(connection: Connection) -> frozenset[str]:
        return frozenset(f"{row.company_id}/{row.file}" for row in iterate_rows(connection, Prompt))

    return await backend.run(recordings.tidy, folder, await backend.read(known))
