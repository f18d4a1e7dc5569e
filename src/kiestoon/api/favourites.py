"""Somebody's favourites as they stand now: who is there, who speaks, whose call can be taken over (UC-4, U 4.2.2).

They are kept as rows (``favourite_groups``, ``favourites``). What changes of people is told by the events
``line.changed`` and ``presence.changed``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.reach import Reach
from kiestoon.api.resources.requests import company_id_of, demand_operation, id_of, json_answer, respond_with
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.company.model import BY_TABLE, Favourite, FavouriteGroup, PresenceStatus
from kiestoon.notify.events import LineState
from kiestoon.operator_error import OperatorError
from kiestoon.store.rules import Peek

router = APIRouter(prefix="/api/v1/companies/{company_id}", tags=["favourites"])
AT_ONCE: Final = 100
"""Asked of call control, which telephones meanwhile: some 2 ms (bench ``favourites``)."""
OrderedRow = TypeVar("OrderedRow", Favourite, FavouriteGroup)
_UNKNOWN: Final[dict[str, Any]] = {
    "user_id": None,
    "name": "",
    "line": None,
    "presence": None,
    "do_not_disturb": None,
    "forwarded": None,
    "reachable": None,
}


class Take(BaseModel):
    """What `POST …/calls/{call_id}/take` needs to take over a call that rings there."""

    call_id: str = Field(examples=["000000yjhekmg2ng5p"])
    leg: str = Field(examples=["482085662892228610"])


class FavouriteLine(BaseModel):
    """The line. Who is on the other side is told only to who has taken the call."""

    state: LineState = Field(examples=["ringing"])
    outside: bool | None = Field(description="The other side is outside the company; null without a call.")
    take: Take | None = Field(description="Where a call rings that this person may take over.")


class FavouritePresence(BaseModel):
    """What the person has set about being there."""

    status: PresenceStatus
    note: str = Field(examples=["With a customer"])
    back: str = Field(description="When the person means to be back, on the own clock.", examples=["16:00"])


class FavouriteModel(BaseModel):
    """A colleague, a group or a queue, or somebody outside (`number`). null: this person may not see it."""

    id: int = Field(examples=[9])
    extension: str | None = Field(examples=["204"])
    number: str = Field(examples=[""])
    name: str = Field(examples=["Sam Jansen"])
    user_id: int | None = Field(examples=[17])
    line: FavouriteLine | None
    presence: FavouritePresence | None
    do_not_disturb: bool | None
    forwarded: bool | None
    reachable: bool | None = Field(description="A phone is registered.")


class FavouriteGroupModel(BaseModel):
    """A group of them, in the person's order."""

    id: int = Field(examples=[3])
    name: str = Field(examples=["Front office"])
    items: list[FavouriteModel]


class FavouritesModel(BaseModel):
    """The groups, in the person's order. Without ``live`` call control cannot be asked: nothing of lines is known."""

    live: bool
    items: list[FavouriteGroupModel]


@router.get("/users/{user_id}/favourites", operation_id="list_user_favourites", response_model=FavouritesModel)
async def list_user_favourites(company_id: str, user_id: str, principal: Asker, backend: Behind) -> Response:
    """Somebody's favourites, with presence and line as this person may see them."""
    found, wanted = company_id_of(principal, company_id), id_of(user_id)
    demand_operation(principal, "list_user_favourites", "favourites", reading=True)

    def read(connection: Connection) -> list[tuple[FavouriteGroup, list[Favourite]]]:
        if not Reach(principal, found).holds(connection, BY_TABLE["users"], wanted):
            raise ApiProblem("not_found")
        peek = Peek(connection, found)
        groups = _ordered(peek.find(FavouriteGroup, user_id=wanted))
        return [(group, _ordered(peek.find(Favourite, group_id=group.id))) for group in groups]

    groups = await backend.read(read)
    extensions = sorted({row.extension for _, rows in groups for row in rows if row.extension})
    live = True
    lines: dict[str, Any] = {}
    try:
        for first in range(0, len(extensions), AT_ONCE):
            some = extensions[first : first + AT_ONCE]
            lines |= await backend.ask("live_lines", company_id=found, user_id=wanted, extensions=some)
    except OperatorError:
        live, lines = False, await backend.read(lambda connection: _names(Peek(connection, found), extensions))
    items = [
        {"id": group.id, "name": group.name, "items": [_shown(row, lines) for row in rows]} for group, rows in groups
    ]
    return respond_with(json_answer({"live": live, "items": items}))


def _ordered(rows: Sequence[OrderedRow]) -> list[OrderedRow]:
    return sorted(rows, key=lambda row: (row.position, row.id))


def _names(peek: Peek, extensions: list[str]) -> dict[str, Any]:
    """What extensions are called, where call control cannot say it."""
    return {each: {"name": str(getattr(peek.extension_owner(each), "name", ""))} for each in extensions}


def _shown(row: Favourite, lines: dict[str, Any]) -> dict[str, Any]:
    """With the person's own word for it, else what the extension is called."""
    line = {**_UNKNOWN, **lines.get(row.extension or "", {})}
    name = row.name or line["name"] or row.number
    return {"id": row.id, "extension": row.extension, "number": row.number, **line, "name": name}
