"""A person's reachability as a whole: cleared, or given to others (E 10.8.5)."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.completing import takes
from kiestoon.api.resources.requests import (
    checked,
    company_id_of,
    demand_operation,
    id_of,
    json_answer,
    read_json,
    write_once,
)
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.api.resources.rows import Writer
from kiestoon.api.schemas import MAX_ID, to_json
from kiestoon.company.model import (
    BY_ROW,
    BY_TABLE,
    CallClass,
    Device,
    Number,
    ReachCell,
    ReachOverride,
    ReachProfile,
    ReachStatus,
    Row,
    User,
)
from kiestoon.company.reach_clone import Means, devices_for, means_of, number_for
from kiestoon.store.cells import columns_of, row_reader
from kiestoon.store.idempotency import Answer
from kiestoon.store.problems import problem
from kiestoon.store.rules import Peek
from kiestoon.store.rules.targets import for_another
from kiestoon.store.tables import TABLES

router = APIRouter(prefix="/api/v1/companies/{company_id}/users/{user_id}/reach", tags=["reach_profiles"])

RowT = TypeVar("RowT", bound=Row)
_PARTS: Final[tuple[type[Row], ...]] = (ReachCell, ReachOverride, ReachProfile, ReachStatus, CallClass)
"""In the order they can go."""
_FORWARDS: Final = ("forward_always", "forward_busy", "forward_no_answer")


class CloneReach(BaseModel):
    """To whom."""

    model_config = ConfigDict(extra="forbid", strict=True)
    to: list[int] = Field(
        min_length=1, max_length=500, description="Users whose settings are replaced.", examples=[[18, 19]]
    )


class ReachCloned(BaseModel):
    """Who has the settings now."""

    users: list[int] = Field(examples=[[18, 19]])


@router.post(
    "/clone",
    response_model=ReachCloned,
    operation_id="clone_reach",
    openapi_extra=takes("CloneReach"),
)
async def clone_reach(request: Request, company_id: str, user_id: str, principal: Asker, backend: Behind) -> Response:
    """Give a person's reachability to others: theirs is replaced.

    Personal numbers become the others' own; kinds of device they do not have, and forwards that lead to them, are left
    out.
    """
    found, source_id = company_id_of(principal, company_id), id_of(user_id)
    demand_operation(principal, "clone_reach", "reach_profiles")
    wanted: list[int] = checked(CloneReach, await read_json(request))["to"]
    targets = [target for target in dict.fromkeys(wanted) if target != source_id]
    if any(not 1 <= target <= MAX_ID for target in targets):
        raise ApiProblem("invalid", [problem("to", "unknown_reference", value=max(targets))])

    def work(writer: Writer) -> Answer:
        source = _user(writer, source_id)
        for target_id in targets:
            try:
                target = _user(writer, target_id)
            except ApiProblem:
                raise ApiProblem("invalid", [problem("to", "unknown_reference", value=target_id)]) from None
            _clone(writer, source, target)
        return json_answer({"users": targets})

    return await write_once(request, backend, principal, found, await request.body(), work)


@router.delete("", status_code=204, response_class=Response, operation_id="clear_reach")
async def clear_reach(request: Request, company_id: str, user_id: str, principal: Asker, backend: Behind) -> Response:
    """Clear a person's reachability: classes, statuses, profiles and what was set by hand. It cannot be undone."""
    found, wanted = company_id_of(principal, company_id), id_of(user_id)
    demand_operation(principal, "clear_reach", "reach_profiles")

    def work(writer: Writer) -> Answer:
        _clear(writer, _user(writer, wanted))
        return Answer(204)

    return await write_once(request, backend, principal, found, b"", work)


def _user(writer: Writer, user_id: int) -> User:
    row = writer.current(BY_TABLE["users"], user_id, None)
    assert isinstance(row, User)  # noqa: S101 - what users are
    return row


def _rows(writer: Writer, row_type: type[RowT], **equal: Any) -> list[RowT]:
    table = TABLES[row_type]
    query = select(*columns_of(row_type)).where(table.c.company_id == writer.company_id).order_by(table.c.id)
    for name, value in equal.items():
        query = query.where(table.c[name] == value)
    read = row_reader(row_type, None)
    return [read(values) for values in writer.connection.execute(query)]


def _clear(writer: Writer, user: User) -> None:
    for part in _PARTS:
        for row in _rows(writer, part, user_id=user.id):
            writer.remove(row)


def _means(writer: Writer, user: User) -> Means:
    company = Peek(writer.connection, writer.company_id).company()
    country = company.country if company is not None else ""
    numbers = _rows(writer, Number, extension=user.extension) if user.extension else []
    return means_of(user, _rows(writer, Device, user_id=user.id), numbers, country)


def _clone(writer: Writer, source: User, target: User) -> None:
    """Copy everything but what was set by hand, which is of the moment."""
    _clear(writer, target)
    peek = Peek(writer.connection, writer.company_id)
    here, there = _means(writer, source), _means(writer, target)
    classes = {
        row.id: _copy(writer, row, target, caller_number=number_for(row.caller_number, here, there))
        for row in _rows(writer, CallClass, user_id=source.id)
    }
    statuses = {row.id: _copy(writer, row, target) for row in _rows(writer, ReachStatus, user_id=source.id)}
    profiles = {
        row.id: _copy(
            writer,
            row,
            target,
            caller_number=number_for(row.caller_number, here, there),
            devices=devices_for(row.devices, there),
            **{name: for_another(getattr(row, name), source, target, peek) for name in _FORWARDS},
        )
        for row in _rows(writer, ReachProfile, user_id=source.id)
    }
    for cell in _rows(writer, ReachCell, user_id=source.id):
        _copy(
            writer,
            cell,
            target,
            profile_id=profiles[cell.profile_id],
            status_id=None if cell.status_id is None else statuses[cell.status_id],
            call_class_id=None if cell.call_class_id is None else classes[cell.call_class_id],
        )


def _copy(writer: Writer, row: Row, target: User, **changes: Any) -> int:
    values = to_json(msgspec.structs.replace(row, user_id=target.id, **changes))
    for made in ("id", "version", "company_id"):
        del values[made]
    return writer.create(BY_ROW[type(row)], values).id
