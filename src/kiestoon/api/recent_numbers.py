"""The numbers somebody dialled last, for redial (CALL-12, U 4.3.2.1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.reach import Reach
from kiestoon.api.resources.requests import company_id_of, demand_operation, id_of, json_answer, respond_with
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.calls.record import Outcome
from kiestoon.company.model import BY_TABLE
from kiestoon.store.idempotency import Answer
from kiestoon.store.recent_calls import RecentNumber, recent_numbers

router = APIRouter(prefix="/api/v1/companies/{company_id}", tags=["calls"])


class RecentNumberModel(BaseModel):
    """A number that was dialled."""

    number: str = Field(description="As it would be dialled again.", examples=["00201234567"])
    called: str = Field(description="The extension or E.164 number meant.", examples=["+31201234567"])
    name: str = Field(description="The colleague's.", examples=[""])
    at: str = Field(description="Last time. RFC 3339, UTC.", examples=["2026-12-24T16:00:00.123Z"])
    outcome: Outcome


class RecentNumbersModel(BaseModel):
    """Each number once, the latest first."""

    items: list[RecentNumberModel]


@router.get("/users/{user_id}/recent-numbers", operation_id="list_recent_numbers", response_model=RecentNumbersModel)
async def list_recent_numbers(
    company_id: str,
    user_id: str,
    principal: Asker,
    backend: Behind,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Response:
    """The numbers somebody dialled last, on whichever phone; feature codes are none."""
    found, wanted = company_id_of(principal, company_id), id_of(user_id)
    demand_operation(principal, "list_recent_numbers", "calls", reading=True)

    def work(connection: Connection) -> Answer:
        if not Reach(principal, found).holds(connection, BY_TABLE["users"], wanted):
            raise ApiProblem("not_found")
        numbers = recent_numbers(connection, found, wanted, limit)
        return json_answer({"items": [_shown(number) for number in numbers]})

    return respond_with(await backend.read(work))


def _shown(number: RecentNumber) -> dict[str, Any]:
    at = datetime.fromtimestamp(number.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return {
        "number": number.number,
        "called": number.called,
        "name": number.name,
        "at": at.replace("+00:00", "Z"),
        "outcome": number.outcome,
    }
