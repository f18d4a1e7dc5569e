"""The activity log over HTTP: search, filters, pages, CSV (ORG-10)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api.backend import Backend
from kiestoon.api.csv_lines import MEDIA_TYPE, csv_lines
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem, language_of
from kiestoon.api.resources.reach import Condition
from kiestoon.api.resources.requests import check_company, company_id_of, demand_operation, json_answer, respond_with
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.api.resources.trail import trail_within
from kiestoon.api.schemas import MAX_ID
from kiestoon.store.activity import Entry, Wanted, list_activity
from kiestoon.store.idempotency import Answer
from kiestoon.store.problems import problem

router = APIRouter(prefix="/api/v1", tags=["activity"])
_BATCH: Final = 1000
_HEADINGS: Final = {
    "en": ("time", "who", "in the view of", "action", "type", "id", "row", "field", "before", "after"),
    "nl": ("tijd", "wie", "namens", "handeling", "soort", "id", "onderdeel", "veld", "was", "wordt"),
}


class ActivityEntry(BaseModel):
    """One change."""

    id: int = Field(examples=[812])
    at: str = Field(description="RFC 3339, UTC.", examples=["2026-12-24T16:00:00.123Z"])
    acting_user: str = Field(description="Who made it.", examples=["sam@example.org"])
    acting_for: str = Field(description='In whose view, "" for in the own.', examples=[""])
    action: str = Field(examples=["updated"])
    table: str = Field(examples=["users"])
    row_id: int = Field(examples=[17])
    company_id: int | None = Field(examples=[1])
    row: str = Field(description="Its name (as it was then).", examples=["Sam Jansen"])
    fields: dict[str, tuple[Any, Any]] = Field(description="Before and after.", examples=[{"ring_s": [60, 20]}])


class Activity(BaseModel):
    """A page of the log, the newest first."""

    items: list[ActivityEntry]
    next: str | None = Field(examples=["763"])


class _Filters(BaseModel):
    """What the query parameters ask for."""

    since: AwareDatetime | None = Field(None, description="From this time on (RFC 3339).")
    until: AwareDatetime | None = Field(None, description="Before this time (RFC 3339).")
    table: str = Field("", max_length=32, description="Of rows of this table.", examples=["users"])
    action: str = Field("", max_length=32, description="added, updated, removed, …", examples=["removed"])
    acting_user: str = Field("", max_length=255, description="Who made the change.")
    row_id: int | None = Field(None, ge=1, le=MAX_ID, description="Of this row; together with `table`.")
    q: str = Field("", max_length=255, description="In names, values and who made the change.")
    cursor: str = Field("", pattern="^[0-9]{0,10}$", description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=200)
    format: Literal["json", "csv"] = Field("json", description="csv: everything that fits, as a file.")


Filters = Annotated[_Filters, Query()]
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": "time,who\r\n"}}}
}


@router.get(
    "/companies/{company_id}/activity", operation_id="list_activity", response_model=Activity, responses=_RESPONSES
)
async def company_activity(
    request: Request, company_id: str, filters: Filters, principal: Asker, backend: Behind
) -> Response:
    """What was changed in a company, by whom, and what it was before; of the own location or department only, for its
    administrators."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "read_activity", "activity", reading=True)
    return await _answer(request, backend, principal, found, filters)


@router.get("/activity", operation_id="list_all_activity", response_model=Activity, responses=_RESPONSES)
async def all_activity(request: Request, filters: Filters, principal: Asker, backend: Behind) -> Response:
    """What was changed on the whole installation."""
    demand_operation(principal, "read_all_activity", "activity", reading=True)
    return await _answer(request, backend, principal, None, filters)


async def _answer(
    request: Request, backend: Backend, principal: Principal, company_id: int | None, filters: _Filters
) -> Response:
    wanted, within = _wanted(company_id, filters), trail_within(principal, company_id)
    if filters.format == "csv":
        name = f"activity-{company_id or 'all'}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        lines = _csv(backend, wanted, within, language_of(request))
        return StreamingResponse(lines, headers=headers, media_type=MEDIA_TYPE)

    def work(connection: Connection) -> Answer:
        check_company(connection, company_id)
        entries = list_activity(connection, wanted, filters.limit + 1, within)
        page = entries[: filters.limit]
        following = str(page[-1].id) if len(entries) > filters.limit else None
        return json_answer({"items": [_shown(entry) for entry in page], "next": following})

    return respond_with(await backend.read(work))


def _wanted(company_id: int | None, filters: _Filters) -> Wanted:
    if any("\0" in text for text in (filters.q, filters.table, filters.action, filters.acting_user)):
        raise ApiProblem("invalid", [problem("q", "control_characters")])
    return Wanted(
        company_id=company_id,
        before_id=min(int(filters.cursor), MAX_ID) if filters.cursor else None,
        since_ms=_ms(filters.since),
        until_ms=_ms(filters.until),
        table=filters.table,
        action=filters.action,
        acting_user=filters.acting_user,
        row_id=filters.row_id,
        search=filters.q,
    )


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def _shown(entry: Entry) -> dict[str, Any]:
    shown = msgspec.structs.asdict(entry)
    del shown["at_ms"]
    return {"at": _time(entry.at_ms), **shown}


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _csv(backend: Backend, wanted: Wanted, within: Condition | None, language: str) -> AsyncIterator[str]:
    """A line for every field, in portions: a log of years passes through in little memory."""
    yield "\ufeff" + csv_lines([_HEADINGS[language]])
    while True:
        entries = await backend.read(partial(list_activity, wanted=wanted, limit=_BATCH, within=within))
        if not entries:
            return
        yield csv_lines(line for entry in entries for line in _lines(entry))
        wanted = msgspec.structs.replace(wanted, before_id=entries[-1].id)


def _lines(entry: Entry) -> list[tuple[Any, ...]]:
    head = (_time(entry.at_ms), entry.acting_user, entry.acting_for, entry.action, entry.table, entry.row_id, entry.row)
    fields = entry.fields or {"": (None, None)}
    return [(*head, name, _text(before), _text(after)) for name, (before, after) in fields.items()]


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value).decode()
