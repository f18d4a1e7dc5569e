"""Uploading audio files: gathering bodies too large for memory, and having them made ready to be played (VM-7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import anyio
import structlog
from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from sqlalchemy import Connection

from kiestoon.api.backend import Backend
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.completing import takes
from kiestoon.company.model import RECORDING_ENTITIES
from kiestoon.speech import recordings
from kiestoon.store.load import iterate_rows
from kiestoon.store.problems import problem

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
_BINARY: Final = {"type": "string", "format": "binary"}
BODY: Final = takes({kind: {"schema": _BINARY, "example": "RIFF…"} for kind in _TOLD}, repeatable=False)
"""The description of an operation that takes an audio file."""
AUDIO: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"audio/ogg": {"schema": _BINARY, "example": "OggS…"}}}
}
"""The description of one that gives one."""

log = structlog.get_logger(__name__)


def install(application: FastAPI, folder: Path | None) -> None:
    """Tell the application where recordings lie; None: there is no place for any."""
    application.state.recordings = folder
    application.state.converting = anyio.CapacityLimiter(_AT_ONCE)


def folder_of(request: Request) -> Path:
    """Where recordings lie; 503 when there is no place for any."""
    folder: Path | None = request.app.state.recordings
    if folder is None:
        raise ApiProblem("unavailable")
    return folder


async def receive(request: Request, company_id: int) -> recordings.Taken:
    """The body as a recording of a company, on the disk already. 413, 415, 422 and 503 say what is wrong with it."""
    folder = folder_of(request)
    async with _uploaded(request, folder) as upload:
        return await _taken_in(request, upload, folder, company_id)


async def respond(backend: Backend, request: Request, company_id: int, file: str, name: str) -> Response:
    """A recording as an Ogg file; parts of it by Range."""
    path = recordings.recording_path(folder_of(request), company_id, file)
    if not await backend.run(path.is_file):
        raise ApiProblem("not_found")
    return FileResponse(path, media_type="audio/ogg", filename=name, content_disposition_type="inline")


async def tidy_now(backend: Backend, folder: Path) -> int:
    """Remove recordings that belong to nobody; says how many."""

    def known(connection: Connection) -> frozenset[str]:
        return frozenset(
            f"{row.company_id}/{row.file}"  # type: ignore[attr-defined]  # every one of these has both
            for entity in RECORDING_ENTITIES
            for row in iterate_rows(connection, entity.row)
        )

    return await backend.run(recordings.tidy, folder, await backend.read(known))


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
