"""Logging in to queues and out of them (ACD-6, E 7.5.3, E 7.5.4): of one, or with 1 of all that one is a member of."""

from __future__ import annotations

from typing import Final, NamedTuple

from kiestoon.calls.asking import ask_until_found
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.requests import Failed, QueueLogin
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Queue, User
from kiestoon.routing import UseCode
from kiestoon.services.queue_codes.which import HASH, find_queue, member_of

ALL: Final = "1"


class _Meant(NamedTuple):
    """``queue`` None: all the person is a member of."""

    queue: Queue | None


async def log_in(caller: Conversation, code: UseCode) -> None:
    """Calls of the queue are offered to the person from now on; in an open one who is no member becomes one by it."""
    await _switch(caller, code.argument, on=True)


async def log_out(caller: Conversation, code: UseCode) -> None:
    """They are offered no longer; a member keeps the rank."""
    await _switch(caller, code.argument, on=False)


async def _switch(caller: Conversation, keyed: str, *, on: bool) -> None:
    await caller.answer()
    user, index = caller.user, caller.index
    if user is None or index is None:
        return
    meant = await _meant(caller, index, user, keyed, on=on)
    if meant is None:
        return
    queue_id = meant.queue.id if meant.queue is not None else 0
    reply = await caller.ask(QueueLogin(index.company.id, user.id, queue_id, on))
    if isinstance(reply, Failed):
        await caller.say("queue-closed" if reply.code == "not_permitted" else "not-possible-now")
    elif meant.queue is None:
        await caller.say("queue-logged-in-all" if on else "queue-logged-out-all")
    else:
        await _tell(caller, meant.queue, user)


async def _meant(caller: Conversation, index: CompanyIndex, user: User, keyed: str, *, on: bool) -> _Meant | None:
    """Nobody is asked who can mean one queue only, or none."""
    mine = [queue for queue in index.arrangements.queues.values() if member_of(index, queue.id, user) is not None]
    if keyed:
        meant = _read(index, keyed)
        if meant is None:
            await caller.say("queue-unknown")
    else:
        possible = [*mine, *(queue for queue in _open(index) if queue not in mine)] if on else mine
        meant = _Meant(possible[0]) if len(possible) == 1 else None
        if len(possible) > 1:
            most = index.company.extension_digits + HASH
            meant = await ask_until_found(
                caller, "queue-ask", "queue-unknown", most, lambda digits: _read(index, digits)
            )
        elif not possible:
            await caller.say("queue-none")
    if meant is not None and meant.queue is None and not mine:
        await caller.say("queue-none")
        return None
    return meant


def _open(index: CompanyIndex) -> list[Queue]:
    return [queue for queue in index.arrangements.queues.values() if queue.open]


def _read(index: CompanyIndex, digits: str) -> _Meant | None:
    queue = find_queue(index, digits)
    return _Meant(queue) if queue is not None or digits == ALL else None


async def _tell(caller: Conversation, queue: Queue, user: User) -> None:
    index = caller.index
    member = member_of(index, queue.id, user) if index is not None else None
    logged_in = member is not None and member.logged_in
    await caller.say("queue-logged-in" if logged_in else "queue-logged-out", queue=queue.name)
