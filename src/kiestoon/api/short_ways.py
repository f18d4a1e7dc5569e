"""What somebody's speed dials and the company's short numbers stand for, and what hides what (CALL-22, V 15.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api.problems import ApiProblem, language_of
from kiestoon.api.resources.reach import Reach
from kiestoon.api.resources.requests import (
    company_id_of,
    demand_operation,
    id_of,
    json_answer,
    respond_with,
)
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.company.codes import SPEED_DIAL, read_code
from kiestoon.company.model import BY_TABLE, Company, FeatureCode, ShortNumber, SpeedDial
from kiestoon.store.idempotency import Answer
from kiestoon.store.rules import Peek

router = APIRouter(prefix="/api/v1/companies/{company_id}", tags=["speed_dials"])


class Hidden(BaseModel):
    """What is not reached any more, because the speed dial is dialled the same way (V 15.2)."""

    code: str = Field(examples=["#72"])
    text: str = Field(examples=["Forced forwarding of a queue"])


class SpeedDialModel(BaseModel):
    """A speed dial, and what is in its way. ``dialled`` is null where the company has no code for speed dials."""

    id: int = Field(examples=[9])
    version: int = Field(examples=[1])
    code: str = Field(examples=["01"])
    dialled: str | None = Field(examples=["#01"])
    number: str = Field(examples=["00201234567"])
    name: str = Field(examples=["Notary"])
    hides: Hidden | None


class ShortNumberModel(BaseModel):
    """A short number of the company's. ``hidden``: a speed dial of the person's is dialled the same way, and wins."""

    code: str = Field(examples=["*6123"])
    number: str = Field(examples=["00201234567"])
    name: str = Field(examples=["Notary"])
    hidden: bool


class ShortWaysModel(BaseModel):
    """Everything somebody can dial in short."""

    speed_dials: list[SpeedDialModel]
    short_numbers: list[ShortNumberModel]


@router.get("/users/{user_id}/short-ways", operation_id="list_short_ways", response_model=ShortWaysModel)
async def list_short_ways(
    request: Request, company_id: str, user_id: str, principal: Asker, backend: Behind
) -> Response:
    """Somebody's speed dials and the company's short numbers, with what hides what."""
    found, wanted = company_id_of(principal, company_id), id_of(user_id)
    demand_operation(principal, "list_short_ways", "speed_dials", reading=True)
    language = language_of(request)

    def work(connection: Connection) -> Answer:
        peek = Peek(connection, found)
        company = peek.company()
        if company is None or not Reach(principal, found).holds(connection, BY_TABLE["users"], wanted):
            raise ApiProblem("not_found")
        return json_answer(_short_ways(peek, company, wanted, language))

    return respond_with(await backend.read(work))


def _short_ways(peek: Peek, company: Company, user_id: int, language: str) -> dict[str, Any]:
    codes = {row.code: row for row in peek.find(FeatureCode)}
    prefixes = sorted(code for code, row in codes.items() if row.feature == SPEED_DIAL)
    rows = sorted(peek.find(SpeedDial, user_id=user_id), key=lambda row: row.code)
    dialled = {prefix + row.code for prefix in prefixes for row in rows}
    return {
        "speed_dials": [
            {
                "id": row.id,
                "version": row.version,
                "code": row.code,
                "dialled": prefixes[0] + row.code if prefixes else None,
                "number": row.number,
                "name": row.name,
                "hides": _hidden(codes, [prefix + row.code for prefix in prefixes], company, language),
            }
            for row in rows
        ],
        "short_numbers": [
            {"code": row.code, "number": row.number, "name": row.name, "hidden": row.code in dialled}
            for row in sorted(peek.find(ShortNumber), key=lambda row: row.code)
        ],
    }


def _hidden(
    codes: dict[str, FeatureCode], forms: Iterable[str], company: Company, language: str
) -> dict[str, str] | None:
    """The feature code that reads the same as a speed dial."""
    for form in forms:
        read = read_code(codes, form, company.extension_digits)
        if read is not None and read.feature.name != SPEED_DIAL:
            return {"code": form, "text": read.feature.describe(language)}
    return None
