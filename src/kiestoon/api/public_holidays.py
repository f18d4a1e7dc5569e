"""The public holidays of a country, by the names that lists of holidays use (RTE-6)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from kiestoon.api.problems import language_of
from kiestoon.api.resources.requests import demand, json_answer, respond_with
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.company.model import BY_TABLE
from kiestoon.company.time import public_holidays, regions

router = APIRouter(prefix="/api/v1", tags=["holidays"])


class PublicHolidayModel(BaseModel):
    """One day. ``public`` is what an entry of a list names it by."""

    date: str = Field(examples=["2026-04-06"])
    public: str = Field(examples=["Easter Monday"])
    name: str = Field(description="For people, in their language where it is known.", examples=["Tweede paasdag"])
    legal: bool = Field(description="Everybody's day off by law; `*` in a list stands for all of these.")


class PublicHolidays(BaseModel):
    """A year's public holidays, by date; empty for a country nobody knows."""

    items: list[PublicHolidayModel]
    regions: list[str] = Field(description="Parts of the country with holidays of their own.", examples=[["BY", "BE"]])


@router.get("/public-holidays", response_model=PublicHolidays, operation_id="list_public_holidays")
async def list_public_holidays(
    request: Request,
    principal: Asker,
    backend: Behind,
    country: Annotated[str, Query(pattern="^[A-Z]{2}$", description="ISO 3166-1.", examples=["NL"])] = "NL",
    region: Annotated[str, Query(max_length=8, pattern="^[A-Za-z0-9]*$", description="ISO 3166-2.")] = "",
    year: Annotated[int | None, Query(ge=1970, le=2199, description="This year by default.")] = None,
) -> Response:
    """The public holidays of a country in a year, moving ones included."""
    demand(principal, "list", BY_TABLE["holidays"])
    language = language_of(request)

    def work() -> dict[str, object]:
        known = public_holidays(country, region, year or date.today().year, language[:2])  # noqa: DTZ011 - of people
        items = [
            {"date": each.date.isoformat(), "public": each.key, "name": each.local_name, "legal": each.legal}
            for each in known
        ]
        return {"items": items, "regions": list(regions(country))}

    return respond_with(json_answer(await backend.run(work)))
