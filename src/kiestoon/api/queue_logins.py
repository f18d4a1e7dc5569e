"""The queues somebody may answer, and logging in to them and out of them (E 7.5.4)."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

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
from kiestoon.company.model import BY_TABLE, Queue, QueueMember, User
from kiestoon.store.idempotency import Answer
from kiestoon.store.queue_logins import switch_login
from kiestoon.store.rules import Peek

router = APIRouter(prefix="/api/v1/companies/{company_id}/users/{user_id}", tags=["queues"])
_USERS: Final = BY_TABLE["users"]


class OwnQueue(BaseModel):
    """A queue, and how the person stands to it."""

    id: int = Field(examples=[4])
    extension: str = Field(examples=["300"])
    name: str = Field(examples=["Service desk"])
    open: bool = Field(description="Anybody may log in; else members only.")
    member: bool
    logged_in: bool = Field(description="Calls are offered to the person.")
    joined: bool = Field(description="A member by having logged in: logging out ends that.")
    position: int | None = Field(description="The rank among the members; null for who is none.", examples=[2])


class OwnQueues(BaseModel):
    """The queues somebody is a member of, and the open ones, by extension."""

    items: list[OwnQueue]


class QueueLogin(BaseModel):
    """Of which queue; without one, of all the person is a member of."""

    model_config = ConfigDict(extra="forbid", strict=True)
    logged_in: bool = Field(examples=[True])
    queue_id: int | None = Field(None, ge=1, le=MAX_ID, description="null: of every queue one is a member of.")


@router.get("/queues", operation_id="list_user_queues", response_model=OwnQueues)
async def list_user_queues(company_id: str, user_id: str, principal: Asker, backend: Behind) -> Response:
    """The queues somebody may log in to, and whether that has been done."""
    found, wanted = company_id_of(principal, company_id), id_of(user_id)
    demand_operation(principal, "list_user_queues", "queue_members", reading=True)

    def work(connection: Connection) -> Answer:
        peek = Peek(connection, found)
        return _shown(peek, _person(peek, Reach(principal, found), wanted))

    return respond_with(await backend.read(work))


@router.put(
    "/queue-login",
    operation_id="switch_queue_login",
    response_model=OwnQueues,
    openapi_extra=takes("QueueLogin"),
)
async def switch_queue_login(
    request: Request, company_id: str, user_id: str, principal: Asker, backend: Behind
) -> Response:
    """Log in to a queue, or out of it, or both of all queues; administrators may do it for others.

    403 for a closed queue the person is no member of.
    """
    found, wanted = company_id_of(principal, company_id), id_of(user_id)
    demand_operation(principal, "switch_queue_login", "queue_members")
    given = {"queue_id": None, **checked(QueueLogin, await read_json(request))}

    def work(writer: Writer) -> Answer:
        peek = Peek(writer.connection, found)
        person = _person(peek, writer.reach, wanted)
        switch_login(writer.changes, person, given["queue_id"], given["logged_in"])
        return _shown(peek, person)

    return await write_once(request, backend, principal, found, await request.body(), work)


def _person(peek: Peek, reach: Reach, user_id: int) -> User:
    """404 beyond one's reach, 403 where the person is known all the same."""
    user = peek.get(User, user_id)
    if user is None or not reach.holds(peek.connection, _USERS, user_id):
        raise ApiProblem("forbidden" if user is not None and user.in_directory else "not_found")
    return user


def _shown(peek: Peek, person: User) -> Answer:
    members = {row.queue_id: row for row in peek.find(QueueMember, extension=person.extension)}
    queues = sorted(peek.find(Queue), key=lambda queue: queue.extension)
    seen = [_item(queue, members.get(queue.id)) for queue in queues if queue.open or queue.id in members]
    return json_answer({"items": seen})


def _item(queue: Queue, member: QueueMember | None) -> dict[str, Any]:
    return {
        "id": queue.id,
        "extension": queue.extension,
        "name": queue.name,
        "open": queue.open,
        "member": member is not None,
        "logged_in": member is not None and member.logged_in,
        "joined": member is not None and member.joined,
        "position": None if member is None else member.position,
    }
