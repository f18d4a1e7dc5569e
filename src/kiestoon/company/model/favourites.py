"""Whom somebody wants to have at hand on the screen, in groups (UC-4, U 4.2.2)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from kiestoon.company.model.row import CompanyId, Label, MemberExtension, Name, OwnerId, Row, refers


class FavouriteGroup(Row, frozen=True):
    """A group of one person's favourites, in the order of the screen."""

    company_id: CompanyId
    user_id: OwnerId
    name: Name
    position: Annotated[int, Meta(ge=0, le=10_000)] = 0


class Favourite(Row, frozen=True):
    """One of them: a colleague, a group or a queue by ``extension``, or anybody by ``number`` and ``name``."""

    company_id: CompanyId
    group_id: Annotated[int, refers("favourite_groups", "cascade")]
    extension: MemberExtension | None = None
    number: Annotated[str, Meta(max_length=40, pattern=r"^(\+?[0-9*#]+)?$", examples=["00201234567"])] = ""
    name: Label = ""
    position: Annotated[int, Meta(ge=0, le=10_000)] = 0
