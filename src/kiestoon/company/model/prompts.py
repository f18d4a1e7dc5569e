"""Recordings a company has put in place of what the exchange says."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from kiestoon.company.model.row import CompanyId, Label, Row

SpokenLanguage: TypeAlias = Literal["nl", "en", "de", "es", "lv"]
"""The languages the exchange speaks (VM-8)."""


AudioFile: TypeAlias = Annotated[str, Meta(min_length=5, max_length=64, pattern=r"^[A-Za-z0-9_-]+\.ogg$")]
"""In the company's folder of recordings."""


class Recording(Row, frozen=True):
    """What somebody has spoken by telephone, to be used in place of what the exchange says (E App. A, 905).

    ``number`` is told to who made it; ``made_by`` that person's extension. ``made_ms``: wall clock.
    """

    company_id: CompanyId
    number: Annotated[int, Meta(ge=1, le=9999)]
    name: Label
    file: AudioFile
    duration_ms: Annotated[int, Meta(ge=1, le=600_000)]
    made_by: Annotated[str, Meta(max_length=15)] = ""
    made_ms: Annotated[int, Meta(extra={"big": True})] = 0


class Prompt(Row, frozen=True):
    """A recording heard instead of the text ``key`` in one language.

    ``file`` lies in the company's folder of recordings. ``source`` is what the uploaded file was called.
    """

    company_id: CompanyId
    key: Annotated[str, Meta(min_length=1, max_length=64, pattern="^[a-z]+(-[a-z]+)*$", examples=["menu-welcome"])]
    language: SpokenLanguage
    file: AudioFile
    duration_ms: Annotated[int, Meta(ge=1, le=600_000)]
    source: Label = ""
