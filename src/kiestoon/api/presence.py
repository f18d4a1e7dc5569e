"""Who is there: everybody's presence as far as one may see it, and setting one's own (U 4.1, C 1.1, E 10.4)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from kiestoon.api.explain import read_directory
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.completing import takes
from kiestoon.api.resources.reach import Reach
from kiestoon.api.resources.requests import (
    checked,
    company_id_of,
    demand_operation,
    id_of,
    json_answer,
    read_json,
    respond_with,
    write_once,
)
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.api.resources.rows import Writer
from kiestoon.api.schemas import MAX_ID
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import BY_TABLE, Presence, PresenceStatus, ReachOverride, ReachStatus, User
from kiestoon.routing.at_rest import PresenceShown, presence_at
from kiestoon.store.idempotency import Answer
from kiestoon.store.problems import problem
from kiestoon.store.rules import Peek
from kiestoon.store.tables import TABLES

router = APIRouter(prefix="/api/v1/companies/{company_id}", tags=["presences"])
_USERS: Final = BY_TABLE["users"]
_TIME: Final = "2026-12-24T16:00:00Z"
_NOTHING_GIVEN: Final[dict[str, Any]] = {"until": None, "return_at": None, "note": "", "own_status_id": None}


class OwnStatus(BaseModel):
    """The person's own name for the situation of the moment: set by hand, or by the week."""

    name: str = Field(examples=["On the road"])
    message: str = Field(examples=["Ring my mobile"])


class PresenceModel(BaseModel):
    """Somebody's presence now."""

    user_id: int = Field(examples=[17])
    extension: str = Field(examples=["204"])
    name: str = Field(examples=["Sam Jansen"])
    status: PresenceStatus
    until: str | None = Field(description="The status ends then. RFC 3339, UTC.", examples=[_TIME])
    return_at: str | None = Field(
        description="When the person means to be back; null once that has passed.", examples=[_TIME]
    )
    note: str = Field(examples=["With a customer"])
    own_status: OwnStatus | None


class PresencesModel(BaseModel):
    """Everybody whose presence one may see, by extension."""

    items: list[PresenceModel]


class SetPresence(BaseModel):
    """What is not given is not known any more: an earlier end or text does not hold for a new status."""

    model_config = ConfigDict(extra="forbid", strict=True)
    status: PresenceStatus = Field(examples=["lunch"])
    until: AwareDatetime | None = Field(
        None, strict=False, description="It ends by itself then (RFC 3339).", examples=[_TIME]
    )
    return_at: AwareDatetime | None = Field(
        None, strict=False, description="When you mean to be back: told to others, changes nothing.", examples=[_TIME]
    )
    note: str = Field("", max_length=80, examples=["Back with cake"])
    own_status_id: int | None = Field(
        None, ge=1, le=MAX_ID, description="A status of your own (`reach_statuses`), as long.", examples=[3]
    )


@router.get("/presence", operation_id="list_presence", response_model=PresencesModel)
async def list_presence(company_id: str, principal: Asker, backend: Behind) -> Response:
    """Who is there, who is not and until when, of everybody who lets it be seen."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "read_presence", "presences", reading=True)

    def work(connection: Connection) -> Answer:
        index = _index(connection, found)
        seen = _Seen(connection, principal, index)
        return json_answer({"items": [_shown(index, user) for user in seen.everybody()]})

    return respond_with(await backend.read(work))


@router.get("/users/{user_id}/presence", operation_id="read_presence", response_model=PresenceModel)
async def read_presence(company_id: str, user_id: str, principal: Asker, backend: Behind) -> Response:
    """One person's presence."""
    found, wanted = company_id_of(principal, company_id), id_of(user_id)
    demand_operation(principal, "read_presence", "presences", reading=True)

    def work(connection: Connection) -> Answer:
        index = _index(connection, found)
        user = index.users.get(wanted)
        if user is None or not _Seen(connection, principal, index).sees(user):
            raise ApiProblem("not_found")
        return json_answer(_shown(index, user))

    return respond_with(await backend.read(work))


@router.put(
    "/users/{user_id}/presence",
    operation_id="set_presence",
    response_model=PresenceModel,
    openapi_extra=takes("SetPresence", repeatable=False),
)
async def set_presence(request: Request, company_id: str, user_id: str, principal: Asker, backend: Behind) -> Response:
    """Say that you are there, or away until some time; administrators may say it for others."""
    found, wanted = company_id_of(principal, company_id), id_of(user_id)
    demand_operation(principal, "set_presence", "presences")
    given = _NOTHING_GIVEN | checked(SetPresence, await read_json(request))
    times = {name: _ms(name, given[name]) for name in ("until", "return_at")}

    def work(writer: Writer) -> Answer:
        peek = Peek(writer.connection, found)
        user = peek.get(User, wanted)
        if user is None or not writer.reach.holds(writer.connection, _USERS, wanted):
            raise ApiProblem("forbidden" if user is not None and user.in_directory else "not_found")
        _write(writer, peek, user, given, times)
        index = _index(writer.connection, found)
        return json_answer(_shown(index, index.users[user.id]))

    return await write_once(request, backend, principal, found, await request.body(), work)


class _Seen:
    """Whose presence somebody may see: in reach, or as a colleague."""

    def __init__(self, connection: Connection, principal: Principal, index: CompanyIndex) -> None:
        table = TABLES[User]
        reach = Reach(principal, index.company.id)
        query = select(table.c.id).where(reach.of_company(_USERS), reach.full(_USERS))
        self._within = set(connection.execute(query).scalars())
        self._viewer = principal.user_id
        self._index = index

    def sees(self, user: User) -> bool:
        if user.id in self._within:
            return True
        return user.in_directory and self._index.rights.sees_status(self._viewer, user)

    def everybody(self) -> list[User]:
        found = (user for user in self._index.users.values() if self.sees(user))
        return sorted(found, key=lambda user: (user.extension, user.id))


def _write(writer: Writer, peek: Peek, user: User, given: dict[str, Any], times: dict[str, int]) -> None:
    values = {
        "status": given["status"],
        "until_ms": times["until"],
        "return_ms": times["return_at"],
        "note": given["note"],
    }
    entity = BY_TABLE["presences"]
    row = next(iter(peek.find(Presence, user_id=user.id)), None)
    if row is None:
        writer.create(entity, {"user_id": user.id, **values})
    else:
        writer.change(entity, writer.current(entity, row.id, None), values, whole=False)
    _write_own(writer, peek, user, given["own_status_id"], times["until"])


def _write_own(writer: Writer, peek: Peek, user: User, status_id: int | None, until_ms: int) -> None:
    """A status of one's own is a situation of REACH, set by hand (E 10.8.1); without one, the week decides again."""
    if status_id is not None:
        status = peek.get(ReachStatus, status_id)
        if status is None or status.user_id != user.id:
            raise ApiProblem("invalid", [problem("own_status_id", "unknown_reference", value=status_id)])
    entity = BY_TABLE["reach_overrides"]
    values = {"status_id": status_id, "status_until_ms": until_ms if status_id is not None else 0}
    row = next(iter(peek.find(ReachOverride, user_id=user.id)), None)
    if row is not None:
        writer.change(entity, writer.current(entity, row.id, None), values, whole=False)
    elif status_id is not None:
        writer.create(entity, {"user_id": user.id, **values})


def _index(connection: Connection, company_id: int) -> CompanyIndex:
    index = read_directory(connection, company_id).company(company_id)
    if index is None:
        raise ApiProblem("not_found")
    return index


def _shown(index: CompanyIndex, user: User) -> dict[str, Any]:
    shown: PresenceShown = presence_at(index, user, int(time.time() * 1000))
    own = {"name": shown.own_status, "message": shown.own_message} if shown.own_status else None
    return {
        "user_id": user.id,
        "extension": user.extension,
        "name": user.name,
        "status": shown.status,
        "until": _time(shown.until_ms),
        "return_at": _time(shown.return_ms),
        "note": shown.note,
        "own_status": own,
    }


def _ms(name: str, moment: datetime | None) -> int:
    if moment is None:
        return 0
    at_ms = int(moment.timestamp() * 1000)
    if at_ms <= time.time() * 1000:
        raise ApiProblem("invalid", [problem(name, "has_passed", value=moment.isoformat())])
    return at_ms


def _time(at_ms: int) -> str | None:
    if not at_ms:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
