"""Number plans in time: which one is active when, and switching by hand (RTE-2, RTE-4, E 8.2.5-8.2.7)."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.completing import takes
from kiestoon.api.resources.reach import Reach
from kiestoon.api.resources.requests import (
    checked,
    company_id_of,
    demand,
    id_of,
    json_answer,
    read_json,
    respond_with,
    write_once,
)
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.api.resources.rows import Writer, fetch_one
from kiestoon.api.schemas import MAX_ID
from kiestoon.company.model import (
    BY_TABLE,
    CompanyRows,
    Holiday,
    Location,
    NumberPlan,
    NumberScheme,
    PlanHoliday,
    PlanOverride,
    PlanPeriod,
)
from kiestoon.company.time import PlanTable, TimeIndex
from kiestoon.store.idempotency import Answer
from kiestoon.store.problems import problem
from kiestoon.store.rules import Peek

router = APIRouter(prefix="/api/v1/companies/{company_id}/number_schemes/{scheme_id}", tags=["number_schemes"])
_SCHEMES: Final = BY_TABLE["number_schemes"]
_OVERRIDES: Final = BY_TABLE["plan_overrides"]


class PlanStretch(BaseModel):
    """A plan is active for a while; plan_id null: no plan at all."""

    start: str = Field(examples=["2026-03-02T09:00:00+01:00"])
    end: str = Field(examples=["2026-03-02T17:00:00+01:00"])
    plan_id: int | None = Field(examples=[1])
    plan: str = Field(examples=["Day"])
    source: Literal["override", "holiday", "schedule", "fallback", "none"] = Field(description="What made it active.")
    name: str = Field(description="Of the holiday period.", examples=[""])
    day: str = Field(description="The entry of its list that fits.", examples=[""])


class PlanTimeline(BaseModel):
    """Stretch after stretch without gaps, on the clock of the scheme's location."""

    timezone: str = Field(examples=["Europe/Amsterdam"])
    items: list[PlanStretch]


class SwitchPlan(BaseModel):
    """To which plan, and for how long."""

    model_config = ConfigDict(extra="forbid", strict=True)
    plan_id: int | None = Field(ge=1, le=MAX_ID, description="null: back to the schedule.", examples=[2])
    until: Literal["next_change", "switched_back"] = Field(
        "switched_back", description="Temporarily: until holidays or the week lead to another plan than now."
    )


class PlanSwitched(BaseModel):
    """What is active now."""

    plan_id: int | None = Field(examples=[2])
    source: Literal["override", "holiday", "schedule", "fallback", "none"]
    until: str | None = Field(description="When that ends by itself.", examples=["2026-03-02T17:00:00+01:00"])


@router.get("/timeline", response_model=PlanTimeline, operation_id="read_plan_timeline")
async def read_plan_timeline(
    company_id: str,
    scheme_id: str,
    principal: Asker,
    backend: Behind,
    start: Annotated[
        str, Query(max_length=40, description="RFC 3339, or a minute on the scheme's clock; now by default.")
    ] = "",
    days: Annotated[int, Query(ge=1, le=31, description="How many, from there.")] = 7,
) -> Response:
    """Which plan is active when, and why: what a week looks like."""
    found, wanted = company_id_of(principal, company_id), id_of(scheme_id)
    demand(principal, "get", _SCHEMES)

    def work(connection: Connection) -> Answer:
        fetch_one(connection, _SCHEMES, wanted, Reach(principal, found))
        scheme = _Scheme(connection, found, wanted)
        from_ms = scheme.moment(start)
        until = datetime.fromtimestamp(from_ms / 1000, scheme.clock)
        to_ms = int(_later(until, days).timestamp() * 1000)
        items = [
            {
                "start": scheme.written(stretch.start_ms),
                "end": scheme.written(stretch.end_ms),
                "plan_id": stretch.plan_id,
                "plan": scheme.name_of(stretch.plan_id),
                "source": stretch.source,
                "name": stretch.name,
                "day": stretch.day,
            }
            for stretch in scheme.table.stretches(from_ms, to_ms)
        ]
        return json_answer({"timezone": scheme.clock.key, "items": items})

    return respond_with(await backend.read(work))


def _later(moment: datetime, days: int) -> datetime:
    """So many days on by the clock on the wall."""
    return (moment.replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=moment.tzinfo)


@router.post(
    "/switch",
    response_model=PlanSwitched,
    operation_id="switch_number_plan",
    openapi_extra=takes("SwitchPlan"),
)
async def switch_number_plan(
    request: Request, company_id: str, scheme_id: str, principal: Asker, backend: Behind
) -> Response:
    """Switch to a plan by hand, for good or until the next scheduled change, or back to the schedule."""
    found, wanted = company_id_of(principal, company_id), id_of(scheme_id)
    demand(principal, "create", _OVERRIDES)
    given = checked(SwitchPlan, await read_json(request))

    def work(writer: Writer) -> Answer:
        fetch_one(writer.connection, _SCHEMES, wanted, writer.reach)
        scheme = _Scheme(writer.connection, found, wanted)
        now_ms = int(time.time() * 1000)
        temporary = given.get("until") == "next_change"
        until_ms = (scheme.table.next_scheduled_change(now_ms) or 0) if temporary else 0
        _put(writer, wanted, given["plan_id"], until_ms)
        after = _Scheme(writer.connection, found, wanted)
        active = after.table.active(now_ms)
        ends = None if active.until_ms is None else after.written(active.until_ms)
        return json_answer({"plan_id": active.plan_id, "source": active.source, "until": ends})

    return await write_once(request, backend, principal, found, await request.body(), work)


def _put(writer: Writer, scheme_id: int, plan_id: int | None, until_ms: int) -> None:
    """A scheme has one override or none."""
    peek = Peek(writer.connection, writer.company_id)
    known = next(iter(peek.find(PlanOverride, scheme_id=scheme_id)), None)
    values: dict[str, Any] = {"plan_id": plan_id, "until_ms": until_ms}
    if known is None:
        if plan_id is not None:
            writer.create(_OVERRIDES, {"scheme_id": scheme_id, **values})
        return
    row = writer.current(_OVERRIDES, known.id, None)
    if plan_id is None:
        writer.remove(row)
    else:
        writer.change(_OVERRIDES, row, values, whole=False)


class _Scheme:
    """A scheme with all that decides which of its plans is active."""

    def __init__(self, connection: Connection, company_id: int, scheme_id: int) -> None:
        peek = Peek(connection, company_id)
        company, row = peek.company(), peek.get(NumberScheme, scheme_id)
        if company is None or row is None:
            raise ApiProblem("not_found")
        self._plans = {plan.id: plan.name for plan in peek.find(NumberPlan, scheme_id=scheme_id)}
        index = TimeIndex(
            CompanyRows(
                company=company,
                locations=tuple(peek.find(Location)),
                holidays=tuple(peek.find(Holiday)),
                number_schemes=(row,),
                number_plans=tuple(peek.find(NumberPlan, scheme_id=scheme_id)),
                plan_overrides=tuple(peek.find(PlanOverride, scheme_id=scheme_id)),
                plan_periods=tuple(peek.find(PlanPeriod, scheme_id=scheme_id)),
                plan_holidays=tuple(peek.find(PlanHoliday, scheme_id=scheme_id)),
            )
        )
        table = index.plans(scheme_id)
        if table is None:
            raise ApiProblem("not_found")
        self.table: PlanTable = table
        self.clock = ZoneInfo(index.zone(row.location_id).name)

    def name_of(self, plan_id: int | None) -> str:
        return self._plans.get(plan_id or 0, "")

    def written(self, at_ms: int) -> str:
        return datetime.fromtimestamp(at_ms / 1000, self.clock).isoformat()

    def moment(self, text: str) -> int:
        """Wall-clock milliseconds; now for ""."""
        if not text:
            return int(time.time() * 1000)
        try:
            moment = datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=self.clock) if moment.tzinfo is None else moment
            return int(moment.timestamp() * 1000)
        except (ValueError, OverflowError):
            example = "2026-12-24T17:00"
            raise ApiProblem("invalid", [problem("start", "wrong_form", value=text[:40], example=example)]) from None
