"""``/companies/{id}/voicemail``: boxes with what they hold, messages to list, hear, mark, move and delete (VM-3).

Everybody has the own box, administrators those of the people and groups in their reach. How a box is set are rows like
others (``voicemail_boxes``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import structlog
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from kiestoon.api.backend import Backend
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.reach import Reach
from kiestoon.api.resources.requests import company_id_of, demand_operation, id_of
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.api.schemas import MAX_ID
from kiestoon.calls.voicemail_requests import MessageReason, MessageState
from kiestoon.company.model import Row, VoicemailBox
from kiestoon.company.voicemail import may_have_box
from kiestoon.operator_error import OperatorError
from kiestoon.store.problems import problem
from kiestoon.store.rules.peek import Peek
from kiestoon.store.tables import extensions
from kiestoon.store.voicemail import (
    StoredMessage,
    change_message,
    count_messages,
    find_message,
    list_messages,
    remove_file,
    remove_message,
)

router = APIRouter(prefix="/api/v1/companies/{company_id}/voicemail", tags=["voicemail"])
_LONGEST_NUMBER: Final = 15

log = structlog.get_logger(__name__)


def install(application: FastAPI, folder: Path | None) -> None:
    """``folder`` is where the recordings lie; None: there are none to be heard."""
    application.state.voicemail_folder = folder


def get_folder(request: Request) -> Path | None:
    """For ``Depends``: where the recordings lie."""
    folder: Path | None = request.app.state.voicemail_folder
    return folder


Recordings = Annotated[Path | None, Depends(get_folder)]


class BoxModel(BaseModel):
    """A voicemail box and what it holds. ``enabled``: callers get into it."""

    extension: str = Field(examples=["204"])
    name: str = Field(examples=["Sam Jansen"])
    enabled: bool
    new: int = Field(examples=[2])
    old: int = Field(examples=[5])
    most_messages: int = Field(description="With so many, new and old, it is full.", examples=[100])


class BoxesModel(BaseModel):
    """Boxes that hold messages, by extension."""

    items: list[BoxModel]


class MessageModel(BaseModel):
    """A message. Number and name are empty when the caller withheld them."""

    id: int = Field(examples=[12])
    state: MessageState = Field(description="Whether it has been listened to.")
    at: datetime = Field(description="When it was left.", examples=["2026-11-21T16:02:43.120Z"])
    duration_ms: int = Field(examples=[21500])
    number: str = Field(description="Extension or E.164 number of the caller.", examples=["+31201234567"])
    name: str = Field(examples=["Sam Jansen"])
    withheld: bool
    reason: MessageReason = Field(description="Why the caller came to the box.")
    call_id: str = Field(description="The call in which it was left.", examples=["01jd3mv2k8w9x5t7qa"])


class MessagesModel(BaseModel):
    """A page, newest first."""

    items: list[MessageModel]
    next: str | None = Field(examples=["11"])


class MessageChange(BaseModel):
    """``state``: listened to or not. ``extension``: the message goes into the box of somebody else, as new unless
    ``state`` says otherwise."""

    model_config = ConfigDict(extra="forbid")
    state: Literal["new", "old"] | None = Field(None, examples=["old"])
    extension: str | None = Field(None, max_length=_LONGEST_NUMBER, pattern="^[0-9]+$", examples=["205"])


_WAV: Final = {"schema": {"type": "string", "format": "binary"}, "example": "RIFF…"}
_AUDIO: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"audio/wav": _WAV}},
    206: {"description": "The part that Range asks for.", "content": {"audio/wav": _WAV}},
    416: {"description": "Range asks for what is not there."},
}


# --- boxes ------------------------------------------------------------------------------------------------------------


@router.get("", operation_id="list_mailboxes")
async def list_mailboxes(company_id: str, principal: Asker, backend: Behind) -> BoxesModel:
    """Every box in reach that holds messages."""
    found = _company(principal, company_id, reading=True)

    def work(connection: Connection) -> BoxesModel:
        peek = Peek(connection, found)
        reached = _reached(connection, principal, found)
        counted = count_messages(connection, found)
        boxes = [_box(peek, name, counted[name]) for name in sorted(counted) if reached is None or name in reached]
        return BoxesModel(items=boxes)

    return await backend.read(work)


@router.get("/{extension}", operation_id="get_mailbox")
async def get_mailbox(company_id: str, extension: str, principal: Asker, backend: Behind) -> BoxModel:
    """One box: whether it is in use, and how many messages it holds."""
    found = _company(principal, company_id, reading=True)

    def work(connection: Connection) -> BoxModel:
        _owner(connection, principal, found, extension)
        counts = count_messages(connection, found, extension).get(extension, (0, 0))
        return _box(Peek(connection, found), extension, counts)

    return await backend.read(work)


# --- messages ---------------------------------------------------------------------------------------------------------


@router.get("/{extension}/messages", operation_id="list_voicemail_messages")
async def list_box(
    company_id: str,
    extension: str,
    principal: Asker,
    backend: Behind,
    state: Annotated[Literal["new", "old"] | None, Query(description="Only these.")] = None,
    cursor: Annotated[int | None, Query(ge=1, le=MAX_ID, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Messages on a page.")] = 50,
) -> MessagesModel:
    """The messages of a box, newest first."""
    found = _company(principal, company_id, reading=True)

    def work(connection: Connection) -> MessagesModel:
        _owner(connection, principal, found, extension)
        listed = list_messages(connection, found, extension, state=state, before=cursor, limit=limit + 1)
        page = listed[:limit]
        following = str(page[-1].id) if len(listed) > limit else None
        return MessagesModel(items=[_shown(message) for message in page], next=following)

    return await backend.read(work)


@router.get("/{extension}/messages/{message_id}", operation_id="get_voicemail_message")
async def get_message(
    company_id: str, extension: str, message_id: str, principal: Asker, backend: Behind
) -> MessageModel:
    """One message."""
    found = _company(principal, company_id, reading=True)
    return await backend.read(lambda connection: _shown(_message(connection, principal, found, extension, message_id)))


@router.get("/{extension}/messages/{message_id}/audio", operation_id="play_voicemail_message", responses=_AUDIO)
async def hear_message(
    company_id: str, extension: str, message_id: str, principal: Asker, backend: Behind, folder: Recordings
) -> Response:
    """The message itself, a WAV file; parts of it by Range (RFC 9110 §14). It stays new until it is marked."""
    found = _company(principal, company_id, reading=True)
    message = await backend.read(lambda connection: _message(connection, principal, found, extension, message_id))
    path = None if folder is None else folder / str(found) / message.file
    if path is None or not await backend.run(path.is_file):
        raise ApiProblem("not_found")
    name = f"voicemail-{extension}-{datetime.fromtimestamp(message.at_ms / 1000, UTC):%Y%m%d-%H%M%S}.wav"
    return FileResponse(path, media_type="audio/wav", filename=name, content_disposition_type="inline")


@router.patch("/{extension}/messages/{message_id}", operation_id="change_voicemail_message")
async def change(
    company_id: str, extension: str, message_id: str, body: MessageChange, principal: Asker, backend: Behind
) -> MessageModel:
    """Note that a message has been listened to, or not; or put it into the box of somebody else."""
    found = _company(principal, company_id)

    def work(connection: Connection) -> StoredMessage:
        message = _message(connection, principal, found, extension, message_id)
        box = body.extension or extension
        state = body.state or ("new" if box != extension else message.state)
        if box != extension:
            _check_target(connection, found, box)
        change_message(connection, found, extension, message.id, state=state, box=box)
        changed = find_message(connection, found, box, message.id)
        if changed is None:
            raise ApiProblem("not_found")
        return changed

    changed = await backend.store(work)
    await _tell(backend, found, extension, changed.extension)
    return _shown(changed)


@router.delete("/{extension}/messages/{message_id}", operation_id="remove_voicemail_message", status_code=204)
async def remove(
    company_id: str, extension: str, message_id: str, principal: Asker, backend: Behind, folder: Recordings
) -> Response:
    """Delete a message with its recording, for good."""
    found = _company(principal, company_id)

    def work(connection: Connection) -> str | None:
        message = _message(connection, principal, found, extension, message_id)
        return remove_message(connection, found, extension, message.id)

    file = await backend.store(work)
    if file is not None and folder is not None:
        await backend.run(remove_file, folder / str(found), file)
    await _tell(backend, found, extension)
    return Response(status_code=204)


# --- parts ------------------------------------------------------------------------------------------------------------


def _company(principal: Principal, company_id: str, *, reading: bool = False) -> int:
    found = company_id_of(principal, company_id)
    demand_operation(principal, "read_voicemail" if reading else "change_voicemail", "voicemail", reading=reading)
    return found


def _reached(connection: Connection, principal: Principal, company_id: int) -> frozenset[str] | None:
    """The extensions in somebody's reach; None: all."""
    condition = Reach(principal, company_id).extensions(extensions.c.number)
    if condition is None:
        return None
    query = select(extensions.c.number).where(extensions.c.company_id == company_id, condition)
    return frozenset(connection.execute(query).scalars())


def _owner(connection: Connection, principal: Principal, company_id: int, extension: str) -> Row:
    """What an extension in reach belongs to; 404 when there is none, or none that can have a box."""
    if len(extension) > _LONGEST_NUMBER or not (extension.isascii() and extension.isdecimal()):
        raise ApiProblem("not_found")
    reached = Reach(principal, company_id).extensions(extensions.c.number)
    query = select(extensions.c.number).where(
        extensions.c.company_id == company_id, extensions.c.number == extension, *([] if reached is None else [reached])
    )
    owner = Peek(connection, company_id).extension_owner(extension) if connection.execute(query).first() else None
    if owner is None or not may_have_box(owner):
        raise ApiProblem("not_found")
    return owner


def _message(
    connection: Connection, principal: Principal, company_id: int, extension: str, message_id: str
) -> StoredMessage:
    _owner(connection, principal, company_id, extension)
    message = find_message(connection, company_id, extension, id_of(message_id))
    if message is None:
        raise ApiProblem("not_found")
    return message


def _box(peek: Peek, extension: str, counts: tuple[int, int]) -> BoxModel:
    owner = peek.extension_owner(extension)
    row = next(iter(peek.find(VoicemailBox, extension=extension)), None)
    settings = row or VoicemailBox(id=0, company_id=0, extension=extension)
    return BoxModel(
        extension=extension, name=getattr(owner, "name", ""), enabled=settings.enabled, new=counts[0], old=counts[1],
        most_messages=settings.most_messages,
    )  # fmt: skip


def _check_target(connection: Connection, company_id: int, box: str) -> None:
    """Another box must be there and have room."""
    peek = Peek(connection, company_id)
    owner = peek.extension_owner(box)
    if owner is None or not may_have_box(owner):
        raise ApiProblem("invalid", [problem("extension", "unknown_extension", value=box)])
    held = _box(peek, box, count_messages(connection, company_id, box).get(box, (0, 0)))
    if held.new + held.old >= held.most_messages:
        raise ApiProblem("conflict", [problem("extension", "voicemail_full", value=box)])


def _shown(message: StoredMessage) -> MessageModel:
    withheld = message.caller_withheld
    return MessageModel(
        id=message.id,
        state=message.state,
        at=datetime.fromtimestamp(message.at_ms / 1000, UTC),
        duration_ms=message.duration_ms,
        number="" if withheld else message.caller_number,
        name="" if withheld else message.caller_name,
        withheld=withheld,
        reason=message.reason,
        call_id=message.call_id,
    )


async def _tell(backend: Backend, company_id: int, *boxes: str) -> None:
    """Have the exchange count anew: lamps follow, and limits."""
    for extension in dict.fromkeys(boxes):
        try:
            await backend.ask("mailbox_changed", company_id=company_id, extension=extension)
        except OperatorError as trouble:  # it counts everything when it starts
            log.warning("the exchange was not told of a change in a voicemail box", problem=str(trouble))
