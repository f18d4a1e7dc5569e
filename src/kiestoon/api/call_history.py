"""The call history of virtual users: menus, groups, hunt groups and whatever else has a number (ORG-8, V 18.5.3)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api.problems import ApiProblem, language_of
from kiestoon.api.resources.reach import Reach
from kiestoon.api.resources.requests import company_id_of, demand_operation, id_of, json_answer, respond_with
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.calls.record import CallDirection, CallRecord, LegKind, LegRecord, Outcome, Segment, SegmentKind
from kiestoon.company.model import BY_TABLE, VIRTUAL_TABLES
from kiestoon.store.call_parties import Wanted, history_ids
from kiestoon.store.idempotency import Answer
from kiestoon.store.problems import problem
from kiestoon.store.records import find_records

router = APIRouter(prefix="/api/v1/companies/{company_id}", tags=["calls"])
_TIME: Final = "2026-12-24T16:00:00.123Z"


class CallLeg(BaseModel):
    """One party's part. Times are null where it never came to that."""

    kind: LegKind
    party: str = Field(description="Number or extension; empty when withheld.", examples=["204"])
    name: str = Field(examples=["Sam Jansen"])
    user_id: int | None = Field(examples=[17])
    started_at: str | None = Field(examples=[_TIME])
    ringing_at: str | None = Field(examples=[_TIME])
    answered_at: str | None = Field(examples=[_TIME])
    ended_at: str | None = Field(examples=[_TIME])
    outcome: Outcome


class CallPart(BaseModel):
    """A stretch of the call's story: whom the caller was with, or where."""

    kind: SegmentKind
    party: str = Field(examples=["204"])
    name: str = Field(examples=["Sam Jansen"])
    began_at: str | None = Field(examples=[_TIME])
    ended_at: str | None = Field(examples=[_TIME])


class PastCall(BaseModel):
    """A call that has ended."""

    call_id: str = Field(examples=["c-01J9ZK"])
    direction: CallDirection
    opened_at: str | None = Field(description="RFC 3339, UTC.", examples=[_TIME])
    answered_at: str | None = Field(examples=[_TIME])
    closed_at: str | None = Field(examples=[_TIME])
    caller: str = Field(description="Empty when withheld.", examples=["+31612345678"])
    caller_name: str = Field(examples=["J. de Vries"])
    withheld: bool = Field(description="Whether the caller does not want the number shown.")
    dialled: str = Field(examples=["+31205550100"])
    reached: str = Field(description="Who was reached in the end.", examples=["204"])
    outcome: Outcome
    waited_s: int = Field(description="Until somebody answered, or the end.", examples=[12])
    talked_s: int = Field(examples=[95])
    reasons: list[str] = Field(description="Its way, in the language of Accept-Language.")
    legs: list[CallLeg]
    story: list[CallPart]
    continued_in: str = Field(description="The call this one became part of, by a transfer.", examples=[""])


class PastCalls(BaseModel):
    """A page, the newest first."""

    items: list[PastCall]
    next: str | None = Field(examples=["1798128000123.c-01J9ZK"])


class _Filters(BaseModel):
    """What the query parameters ask for."""

    since: AwareDatetime | None = Field(None, description="From this time on (RFC 3339).")
    until: AwareDatetime | None = Field(None, description="Before this time (RFC 3339).")
    outcome: Outcome | Literal[""] = Field("", description="Of this outcome only.")
    direction: CallDirection | Literal[""] = Field("", description="Of this direction only.")
    cursor: str = Field("", max_length=100, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=200)


@router.get("/{table}/{row_id}/calls", operation_id="list_calls_of_virtual_user", response_model=PastCalls)
async def list_calls(
    request: Request,
    company_id: str,
    table: Annotated[str, Path(json_schema_extra={"enum": list(VIRTUAL_TABLES)}, examples=["hunt_groups"])],
    row_id: str,
    filters: Annotated[_Filters, Query()],
    principal: Asker,
    backend: Behind,
) -> Response:
    """The calls that came to a menu, group, hunt group or other virtual user, with what became of them."""
    found, wanted_id = company_id_of(principal, company_id), id_of(row_id)
    demand_operation(principal, "read_call_history", "calls", reading=True)
    if table not in VIRTUAL_TABLES:
        raise ApiProblem("not_found")
    language = language_of(request)
    wanted = Wanted(
        company_id=found,
        owner=(table, wanted_id),
        since_ms=_ms(filters.since),
        until_ms=_ms(filters.until),
        outcome=filters.outcome,
        direction=filters.direction,
        before=_before(filters.cursor) if filters.cursor else None,
    )

    def work(connection: Connection) -> Answer:
        if not Reach(principal, found).holds(connection, BY_TABLE[table], wanted_id):
            raise ApiProblem("not_found")
        ids = history_ids(connection, wanted, filters.limit + 1)
        page = ids[: filters.limit]
        records = {record.call_id: record for record in find_records(connection, [call_id for _, call_id in page])}
        items = [_shown(records[call_id], language) for _, call_id in page]
        following = ".".join(map(str, page[-1])) if len(ids) > filters.limit else None
        return json_answer({"items": items, "next": following})

    return respond_with(await backend.read(work))


def _before(cursor: str) -> tuple[int, str]:
    at_ms, dot, call_id = cursor.partition(".")
    if not (dot and at_ms.isascii() and at_ms.isdecimal() and len(at_ms) < 16 and "\0" not in call_id):
        raise ApiProblem("bad_request", [problem("cursor", "bad_cursor")])
    return int(at_ms), call_id


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def _shown(record: CallRecord, language: str) -> dict[str, Any]:
    hidden = record.caller_withheld
    return {
        "call_id": record.call_id,
        "direction": record.direction,
        "opened_at": _time(record.opened_ms),
        "answered_at": _time(record.answered_ms),
        "closed_at": _time(record.closed_ms),
        "caller": "" if hidden else record.caller_number,
        "caller_name": "" if hidden else record.caller_display,
        "withheld": hidden,
        "dialled": record.dialled,
        "reached": record.final_party,
        "outcome": record.outcome,
        "waited_s": _seconds(record.opened_ms, record.answered_ms or record.closed_ms),
        "talked_s": _seconds(record.answered_ms, record.closed_ms),
        "reasons": [reason.render(language) for reason in record.reasons],
        "legs": [_leg(leg, hidden=hidden and leg.kind == "caller") for leg in record.legs],
        "story": [_part(part, hidden=hidden and part.party == record.caller_number) for part in record.segments],
        "continued_in": record.continued_in,
    }


def _leg(leg: LegRecord, *, hidden: bool) -> dict[str, Any]:
    return {
        "kind": leg.kind,
        "party": "" if hidden else leg.party,
        "name": "" if hidden else leg.display,
        "user_id": leg.user_id,
        "started_at": _time(leg.started_ms),
        "ringing_at": _time(leg.ringing_ms),
        "answered_at": _time(leg.answered_ms),
        "ended_at": _time(leg.ended_ms),
        "outcome": leg.outcome,
    }


def _part(part: Segment, *, hidden: bool) -> dict[str, Any]:
    return {
        "kind": part.kind,
        "party": "" if hidden else part.party,
        "name": "" if hidden else part.display,
        "began_at": _time(part.began_ms),
        "ended_at": _time(part.ended_ms),
    }


def _seconds(start_ms: int, end_ms: int) -> int:
    return max(0, end_ms - start_ms) // 1000 if start_ms and end_ms else 0


def _time(at_ms: int) -> str | None:
    if not at_ms:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
