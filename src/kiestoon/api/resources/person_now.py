"""What is in force for a person now: presence, the location's forwarding (V 7.7), the situation of the matrix."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.reach import Reach
from kiestoon.api.resources.requests import company_id_of, demand, id_of, json_answer, respond_with
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.api.resources.rows import fetch_one
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import (
    BY_TABLE,
    CompanyRows,
    Department,
    Holiday,
    Location,
    Presence,
    ReachOverride,
    ReachProfile,
    ReachStatus,
    Rule,
    Schedule,
    User,
)
from kiestoon.routing.now import person_now
from kiestoon.store.idempotency import Answer
from kiestoon.store.rules import Peek

router = APIRouter(prefix="/api/v1/companies/{company_id}/users/{user_id}", tags=["users"])
_USERS = BY_TABLE["users"]


class WhereTo(BaseModel):
    """Where calls are sent."""

    kind: str = Field(examples=["extension"])
    target: str = Field(examples=["300"])


class UserNow(BaseModel):
    """What is in force for the person at this moment."""

    status: str = Field(description="The presence status that holds.", examples=["office"])
    do_not_disturb: bool
    location_forward: WhereTo | None = Field(
        description="Where the location sends the person's calls; null: nowhere. Only an administrator changes that."
    )
    some_callers: bool = Field(description="The location forwards the calls of those callers only whom its rules name.")
    reach_status: str = Field(description='The situation of the person\'s matrix; "" for none.', examples=["Work"])
    devices: list[str] | None = Field(description="Kinds of device chosen by hand to ring.", examples=[None])


@router.get("/now", response_model=UserNow, operation_id="read_user_now")
async def read_user_now(company_id: str, user_id: str, principal: Asker, backend: Behind) -> Response:
    """What is in force for a person now: of oneself, or of people one administers."""
    found, wanted = company_id_of(principal, company_id), id_of(user_id)
    demand(principal, "get", _USERS)

    def work(connection: Connection) -> Answer:
        seen = fetch_one(connection, _USERS, wanted, Reach(principal, found))
        if not seen.whole or not isinstance(seen.row, User):
            raise ApiProblem("forbidden")
        now = person_now(_index(connection, found, seen.row), seen.row, int(time.time() * 1000))
        told: dict[str, Any] = msgspec.to_builtins(now)
        return json_answer({**told, "location_forward": told["location_forward"] if now.location_forward else None})

    return respond_with(await backend.read(work))


def _index(connection: Connection, company_id: int, user: User) -> CompanyIndex:
    """As much of the company as the question needs."""
    peek = Peek(connection, company_id)
    company = peek.company()
    if company is None:
        raise ApiProblem("not_found")
    return CompanyIndex(
        CompanyRows(
            company=company,
            users=(user,),
            locations=tuple(peek.find(Location)),
            departments=tuple(peek.find(Department)),
            schedules=tuple(peek.find(Schedule, user_id=None)),
            holidays=tuple(peek.find(Holiday, user_id=None)),
            rules=tuple(peek.find(Rule, service="location_forward")),
            presences=tuple(peek.find(Presence, user_id=user.id)),
            reach_statuses=tuple(peek.find(ReachStatus, user_id=user.id)),
            reach_profiles=tuple(peek.find(ReachProfile, user_id=user.id)),
            reach_overrides=tuple(peek.find(ReachOverride, user_id=user.id)),
        )
    )
