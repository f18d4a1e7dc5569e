"""``/api/v1/companies/{company_id}/music``: playlists for those who wait, file by file (VM-9, E 7.5.15).

Which playlist is heard where is said by rows like others (``music_on_hold``).
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api import uploads
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.reach import Reach
from kiestoon.api.resources.requests import check_company, company_id_of, demand_operation, id_of
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.company.model import BY_TABLE, MusicFile, MusicOnHold
from kiestoon.speech import recordings
from kiestoon.store.load import iterate_rows
from kiestoon.store.problems import problem
from kiestoon.store.write import Changes

router = APIRouter(prefix="/api/v1/companies/{company_id}/music", tags=["music"])

SUBJECT: Final = "music"
MOST_FILES: Final = 20
LONGEST_MIN: Final = 60
"""Of a playlist: whoever hears it has all of it in memory."""

Playlist = Annotated[str, InPath(min_length=1, max_length=80, pattern=r"^[^/\x00-\x1f\x7f]+$", examples=["spring"])]


class MusicFileShown(BaseModel):
    """A file of a playlist."""

    id: int = Field(examples=[7])
    position: int = Field(description="Files are played in this order.", examples=[1])
    duration_ms: int = Field(examples=[184000])
    source: str = Field(description="What the uploaded file was called.", examples=["spring.mp3"])


class PlaylistShown(BaseModel):
    """A playlist: its files in turn, and then again."""

    playlist: str = Field(examples=["spring"])
    duration_ms: int = Field(examples=[184000])
    files: list[MusicFileShown]


class Playlists(BaseModel):
    """All of them, by name."""

    items: list[PlaylistShown]
    next: None = None


@router.get("", operation_id="list_playlists")
async def list_playlists(company_id: str, principal: Asker, backend: Behind) -> Playlists:
    """Every playlist with its files."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "read_music", SUBJECT, reading=True)

    def look(connection: Connection) -> list[MusicFile]:
        check_company(connection, found)
        return list(iterate_rows(connection, MusicFile, company_id=found))

    rows = await backend.read(look)
    names = sorted({row.playlist for row in rows})
    return Playlists(items=[_playlist(name, rows) for name in names])


@router.post("/{playlist}", status_code=201, operation_id="add_music", openapi_extra=uploads.BODY)
async def add_music(
    request: Request,
    company_id: str,
    playlist: Playlist,
    principal: Asker,
    backend: Behind,
    source: Annotated[str, Query(max_length=80, description="What the file is called.")] = "",
    position: Annotated[int | None, Query(ge=0, le=10_000, description="Left out: the last.")] = None,
) -> MusicFileShown:
    """Add a file to a playlist: the body is a WAV, MP3, WMA, Ogg, FLAC or M4A file of at most ten minutes.

    A playlist is there once it has a file. Whoever waits hears it from the next time on.
    """
    found = _company(principal, company_id)

    def check(connection: Connection) -> None:
        _demand_theirs(connection, principal, found, playlist)
        _check_room(connection, found, playlist, 0)

    await backend.read(check)
    taken = await uploads.receive(request, found)

    def write(changes: Changes) -> MusicFile:
        _demand_theirs(changes.connection, principal, found, playlist)
        rows = _check_room(changes.connection, found, playlist, taken.duration_ms)
        last = max((row.position for row in rows), default=0)
        row = MusicFile(
            id=0, company_id=found, playlist=playlist, file=taken.file, duration_ms=taken.duration_ms,
            position=min(last + 1, 10_000) if position is None else position, source=source,
        )  # fmt: skip
        return changes.add(row)

    try:
        return _file(await backend.write(principal, write))
    except BaseException:
        await backend.run(recordings.remove, uploads.folder_of(request), found, taken.file)
        raise


@router.get(
    "/{playlist}/{file_id}/audio", response_class=FileResponse, operation_id="play_music", responses=uploads.AUDIO
)
async def play_music(
    request: Request, company_id: str, playlist: Playlist, file_id: str, principal: Asker, backend: Behind
) -> Response:
    """One of its files as an Ogg file."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "read_music", SUBJECT, reading=True)
    row = await backend.read(lambda connection: _find(connection, found, playlist, file_id))
    return await uploads.respond(backend, request, found, row.file, f"music-{row.id}.ogg")


@router.delete("/{playlist}/{file_id}", status_code=204, operation_id="remove_music")
async def remove_music(
    request: Request, company_id: str, playlist: Playlist, file_id: str, principal: Asker, backend: Behind
) -> None:
    """Take a file off a playlist. One without files is none: the exchange's own music is heard in its place."""
    found = _company(principal, company_id)
    folder = uploads.folder_of(request)

    def write(changes: Changes) -> str:
        row = _find(changes.connection, found, playlist, file_id)
        _demand_theirs(changes.connection, principal, found, playlist)
        changes.remove(row)
        return row.file

    await backend.run(recordings.remove, folder, found, await backend.write(principal, write))


# --- parts -----------------------------------------------------------------------------------------------------------


def _company(principal: Principal, company_id: str) -> int:
    found = company_id_of(principal, company_id)
    demand_operation(principal, "manage_music", SUBJECT)
    return found


def _demand_theirs(connection: Connection, principal: Principal, company_id: int, playlist: str) -> None:
    """Administrators of a location or department choose what is heard there (V 26.4), and change nothing elsewhere."""
    if principal.role in ("operator", "company"):
        return
    reach = Reach(principal, company_id)
    for row in iterate_rows(connection, MusicOnHold, company_id=company_id):
        played = (row.playlist, row.internal_playlist, row.parked_playlist, row.camped_playlist)
        if playlist in played and not reach.holds(connection, BY_TABLE["music_on_hold"], row.id):
            raise ApiProblem("forbidden", [problem("playlist", "played_elsewhere", value=playlist)])


def _rows(connection: Connection, company_id: int, playlist: str) -> list[MusicFile]:
    check_company(connection, company_id)
    return [row for row in iterate_rows(connection, MusicFile, company_id=company_id) if row.playlist == playlist]


def _find(connection: Connection, company_id: int, playlist: str, file_id: str) -> MusicFile:
    wanted = id_of(file_id)
    row = next((row for row in _rows(connection, company_id, playlist) if row.id == wanted), None)
    if row is None:
        raise ApiProblem("not_found")
    return row


def _check_room(connection: Connection, company_id: int, playlist: str, duration_ms: int) -> list[MusicFile]:
    """The playlist's files; 422 when one more is too many, or so much more too long."""
    rows = _rows(connection, company_id, playlist)
    if len(rows) >= MOST_FILES:
        raise ApiProblem("invalid", [problem("playlist", "too_many", limit=MOST_FILES)])
    if sum(row.duration_ms for row in rows) + duration_ms > LONGEST_MIN * 60_000:
        raise ApiProblem("invalid", [problem("playlist", "playlist_too_long", limit=LONGEST_MIN)])
    return rows


def _playlist(name: str, rows: list[MusicFile]) -> PlaylistShown:
    own = sorted((row for row in rows if row.playlist == name), key=lambda row: (row.position, row.id))
    return PlaylistShown(
        playlist=name, duration_ms=sum(row.duration_ms for row in own), files=[_file(row) for row in own]
    )


def _file(row: MusicFile) -> MusicFileShown:
    shown: dict[str, Any] = {name: getattr(row, name) for name in MusicFileShown.model_fields}
    return MusicFileShown(**shown)
