"""Dashboards of a location or department (ORG-9), licences (ORG-11), numbers with whom they belong to (ORG-12)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api.backend import Backend
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.requests import company_id_of, demand_operation, id_of, json_answer, respond_with
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.api.schemas import MAX_ID
from kiestoon.company.model import CompanyRows
from kiestoon.operator_error import OperatorError
from kiestoon.store.accounts import list_accounts
from kiestoon.store.configuration_file.applying import rows_of
from kiestoon.store.overviews import (
    AssignedNumber,
    Subscriber,
    assigned_numbers,
    licences,
    of_departments,
    of_location,
    subscribers,
    with_inner,
)

router = APIRouter(prefix="/api/v1/companies/{company_id}")


class ServiceModel(BaseModel):
    """A service that is on."""

    service: str = Field(examples=["forward"])
    detail: str = Field(examples=["busy → 205"])


class PhoneModel(BaseModel):
    """A phone and whether it is registered; null: the exchange does not answer."""

    username: str = Field(examples=["sam-desk"])
    registered: bool | None


class SubscriberModel(BaseModel):
    """A user or virtual user. ``online``: a phone is registered (null for virtual users, and when nobody knows)."""

    id: int = Field(examples=[17])
    table: str = Field(examples=["users"])
    version: int = Field(examples=[3])
    extension: str = Field(examples=["204"])
    name: str = Field(examples=["Sam Jansen"])
    department_id: int | None = Field(examples=[3])
    account_id: int | None = Field(description="The login of a person, where there is one.", examples=[12])
    online: bool | None
    calls: int | None = Field(description="Live calls; null when nobody knows.", examples=[0])
    phones: list[PhoneModel]
    services: list[ServiceModel]


class DashboardModel(BaseModel):
    """A location or department at a glance. ``live``: whether the exchange answered about phones and calls."""

    location_id: int | None = Field(examples=[1])
    department_id: int | None = Field(examples=[None])
    live: bool
    items: list[SubscriberModel]


class LicencePlaceModel(BaseModel):
    """A location a pack is available at."""

    location_id: int = Field(examples=[1])
    licences: int | None = Field(description="null: as many as the company has.", examples=[10])
    used: int = Field(examples=[4])


class LicenceModel(BaseModel):
    """A pack: bought, used, free (null = without limit)."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["Professional"])
    services: list[str] = Field(examples=[["voicemail"]])
    licences: int = Field(description="0 = without limit.", examples=[25])
    used: int = Field(description="By the location, when one is given.", examples=[12])
    free: int | None = Field(description="How many can still be given (at the location).", examples=[13])
    location_licences: int | None = Field(description="What the location may use.", examples=[10])
    extensions: list[str] = Field(examples=[["204"]])
    locations: list[LicencePlaceModel] = Field(description="The only ones it is available at; empty: everywhere.")


class LicencesModel(BaseModel):
    """Every pack."""

    items: list[LicenceModel]


class PlanTargetModel(BaseModel):
    """Where a plan leads it."""

    scheme: str = Field(examples=["Main"])
    plan: str = Field(examples=["Day"])
    extension: str = Field(examples=["300"])


class NumberModel(BaseModel):
    """An outside number and whom it belongs to."""

    id: int = Field(examples=[5])
    version: int = Field(examples=[1])
    e164: str = Field(examples=["+31201234567"])
    kind: Literal["personal", "alternate", "plan", "free"]
    extension: str = Field(examples=["204"])
    name: str = Field(examples=["Sam Jansen"])
    plans: list[PlanTargetModel]
    location_id: int | None = Field(examples=[1])
    department_id: int | None = Field(examples=[3])


class NumbersModel(BaseModel):
    """A page of numbers."""

    items: list[NumberModel]
    next: str | None = Field(examples=["+31201234567"])


@router.get(
    "/locations/{location_id}/dashboard",
    operation_id="read_dashboard",
    response_model=DashboardModel,
    tags=["locations"],
)
async def read_dashboard(company_id: str, location_id: str, principal: Asker, backend: Behind) -> Response:
    """Everybody at a location: phones, calls, and which services are on."""
    found, place = company_id_of(principal, company_id), id_of(location_id)
    demand_operation(principal, "read_dashboard", "locations", reading=True)
    _demand_place(principal, place)

    rows, accounts = await backend.read(lambda connection: _with_accounts(connection, found))
    if all(row.id != place for row in rows.locations):
        raise ApiProblem("not_found")
    shown = await _dashboard(backend, rows, accounts, of_location(rows, place))
    return respond_with(json_answer({"location_id": place, "department_id": None, **shown}))


@router.get(
    "/departments/{department_id}/dashboard",
    operation_id="read_department_dashboard",
    response_model=DashboardModel,
    tags=["departments"],
)
async def read_department_dashboard(company_id: str, department_id: str, principal: Asker, backend: Behind) -> Response:
    """Everybody in a department and those inside it: phones, calls, and which services are on."""
    found, wanted = company_id_of(principal, company_id), id_of(department_id)
    demand_operation(principal, "read_department_dashboard", "departments", reading=True)
    rows, accounts = await backend.read(lambda connection: _with_accounts(connection, found))
    department = next((row for row in rows.departments if row.id == wanted), None)
    if department is None:
        raise ApiProblem("not_found")
    if principal.role == "location":
        _demand_place(principal, department.location_id or 0)
    if principal.role == "department" and wanted not in with_inner(rows, principal.department_id or 0):
        raise ApiProblem("forbidden")
    shown = await _dashboard(backend, rows, accounts, of_departments(rows, with_inner(rows, wanted)))
    return respond_with(json_answer({"location_id": department.location_id, "department_id": wanted, **shown}))


def _with_accounts(connection: Connection, company_id: int) -> tuple[CompanyRows, dict[int | None, int]]:
    held = list_accounts(connection, company_id)
    return _rows(connection, company_id), {account.user_id: account.id for account in held}


async def _dashboard(
    backend: Backend, rows: CompanyRows, accounts: dict[int | None, int], extensions: frozenset[str]
) -> dict[str, Any]:
    people = subscribers(rows, extensions, int(time.time() * 1000))
    live = await _live(backend, rows)
    items = [{**_with_state(one, live), "account_id": _account_of(one, accounts)} for one in people]
    return {"live": live is not None, "items": items}


def _account_of(one: Subscriber, accounts: dict[int | None, int]) -> int | None:
    return accounts.get(one.id) if one.table == "users" else None


class _Live(msgspec.Struct):
    registered: set[str]
    calls: dict[str, int]


async def _live(backend: Backend, rows: CompanyRows) -> _Live | None:
    """Which phones are registered and how many calls each extension has; None when the exchange does not answer."""
    try:
        bindings, calls = await backend.ask("registrations"), await backend.ask("calls")
    except OperatorError:
        return None
    registered = {row["username"] for row in bindings if row["domain"] == rows.company.domain}
    counts: dict[str, int] = {}
    for call in calls:
        if call["company_id"] == rows.company.id:
            for number in {leg["number"] for leg in call["legs"] if leg["state"] != "ended"}:
                counts[number] = counts.get(number, 0) + 1
    return _Live(registered, counts)


def _with_state(one: Any, live: _Live | None) -> dict[str, Any]:
    shown = msgspec.structs.asdict(one)
    names = shown.pop("devices")
    phones = [{"username": name, "registered": live and name in live.registered} for name in names]
    known = live is not None and one.table == "users"
    online = any(phone["registered"] for phone in phones) if known else None
    return {**shown, "phones": phones, "online": online, "calls": live and live.calls.get(one.extension, 0)}


@router.get("/licences", operation_id="read_licences", response_model=LicencesModel, tags=["licences"])
async def read_licences(
    company_id: str,
    principal: Asker,
    backend: Behind,
    location_id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Used at this location.")] = None,
) -> Response:
    """Service packs: how many were bought, assigned and are free."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "read_licences", "service_packs", reading=True)
    place = _place_of(principal, location_id)
    rows = await backend.read(lambda connection: _rows(connection, found))
    return respond_with(json_answer({"items": licences(rows, place)}))


@router.get(
    "/number-assignments", operation_id="read_number_assignments", response_model=NumbersModel, tags=["numbers"]
)
async def read_number_assignments(
    company_id: str,
    principal: Asker,
    backend: Behind,
    location_id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Of this location.")] = None,
    department_id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Of this department.")] = None,
    kind: Annotated[Literal["", "personal", "alternate", "plan", "free"], Query(description='"" = all.')] = "",
    q: Annotated[str, Query(max_length=255, description="In numbers, extensions and names.")] = "",
    cursor: Annotated[str, Query(max_length=16, description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Outside numbers with whom each belongs to. A department is assigned by changing the number's row."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "read_number_assignments", "numbers", reading=True)
    place = _place_of(principal, location_id)
    rows = await backend.read(lambda connection: _rows(connection, found))
    wanted = q.strip().casefold()
    theirs = _of_own_department(principal, rows)
    fitting = [
        number
        for number in assigned_numbers(rows)
        if number.e164 > cursor
        and theirs(number)
        and place in {None, number.location_id}
        and department_id in {None, number.department_id}
        and kind in {"", number.kind}
        and (not wanted or any(wanted in text.casefold() for text in _searched(number)))
    ]
    page = fitting[:limit]
    following = page[-1].e164 if len(fitting) > limit else None
    return respond_with(json_answer({"items": page, "next": following}))


def _of_own_department(principal: Principal, rows: CompanyRows) -> Callable[[AssignedNumber], bool]:
    """Which numbers an administrator sees: of a department its own, and those of its people and virtual users."""
    if principal.role != "department":
        return lambda number: True
    inner = with_inner(rows, principal.department_id or 0)
    extensions = of_departments(rows, inner)
    return lambda number: (
        number.department_id in inner
        or any(
            extension in extensions for extension in (number.extension, *(target.extension for target in number.plans))
        )
    )


def _searched(number: Any) -> tuple[str, ...]:
    return (number.e164, number.extension, number.name, *(target.extension for target in number.plans))


def _demand_place(principal: Principal, location_id: int) -> None:
    if principal.role == "location" and principal.location_id != location_id:
        raise ApiProblem("forbidden")


def _place_of(principal: Principal, location_id: int | None) -> int | None:
    """The location asked for; an administrator of one location sees that one."""
    if principal.role != "location":
        return location_id
    if location_id is not None:
        _demand_place(principal, location_id)
    return principal.location_id or 0


def _rows(connection: Connection, company_id: int) -> CompanyRows:
    rows = rows_of(connection, company_id, None)
    if rows is None:
        raise ApiProblem("not_found")
    return rows
