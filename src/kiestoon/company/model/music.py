"""What people hear while they wait (V 26, E 7.5.15)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from kiestoon.company.model.row import CompanyId, Label, Name, Row, refers


class MusicFile(Row, frozen=True):
    """A recording on a playlist; a playlist is all files of one name, played in turn by ``position``.

    ``file`` lies in the company's folder of recordings. ``source`` is what the uploaded file was called.
    """

    company_id: CompanyId
    playlist: Name
    file: Annotated[str, Meta(min_length=5, max_length=64, pattern=r"^[A-Za-z0-9_-]+\.ogg$")]
    duration_ms: Annotated[int, Meta(ge=1, le=600_000)]
    position: Annotated[int, Meta(ge=0, le=10_000)] = 0
    source: Label = ""


class MusicOnHold(Row, frozen=True):
    """What is heard by those whom people of a department, of a location or (neither given) of the company let wait.

    ``held``, ``parked``, ``camped`` (on a busy colleague, V 7.5): whether there is any music then. ``playlist`` ""
    is the exchange's own music, as is one without files. The others are played in its place: to colleagues, to who is
    parked or camped on; None: no other. What colleagues hear goes first.
    """

    company_id: CompanyId
    location_id: Annotated[int, refers("locations", "cascade")] | None = None
    department_id: Annotated[int, refers("departments", "cascade")] | None = None
    held: bool = True
    parked: bool = True
    camped: bool = True
    playlist: Label = ""
    internal_playlist: Label | None = None
    parked_playlist: Label | None = None
    camped_playlist: Label | None = None
