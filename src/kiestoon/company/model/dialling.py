"""Short ways to dial: people's own two-digit numbers, and the company's short numbers (V 15, U 4.2.1)."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

from kiestoon.company.model.row import CompanyId, Label, Name, OwnerId, Row

Dialled: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=40, pattern=r"^\+?[0-9*#]+$", examples=["00201234567"])
]
"""Anything that could be keyed in: an extension, an outside number with the access code or as +31…, a feature code."""


class SpeedDial(Row, frozen=True):
    """A person dials the two digits behind the company's speed-dial code ("#") and gets ``number`` (V 15.1).

    It wins over a feature code of the same form (V 15.2).
    """

    company_id: CompanyId
    user_id: OwnerId
    code: Annotated[str, Meta(min_length=2, max_length=2, pattern="^[0-9]{2}$", examples=["01"])]
    number: Dialled
    name: Label = ""


class ShortNumber(Row, frozen=True):
    """Everybody in the company dials ``code``, all of it, and gets ``number`` (the system directory of U 4.2.1)."""

    company_id: CompanyId
    code: Annotated[str, Meta(min_length=2, max_length=8, pattern="^[*#]?[0-9]+$", examples=["*6123"])]
    number: Dialled
    name: Name
