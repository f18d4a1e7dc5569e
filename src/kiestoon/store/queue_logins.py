"""Agents who log in to queues and out of them: by telephone (E 7.5.4, E 7.7) and over the API."""

from __future__ import annotations

from typing import Final

import msgspec

from kiestoon.company.model import Queue, QueueMember, User
from kiestoon.store.errors import InvalidRowError, NotPermittedError
from kiestoon.store.problems import problem
from kiestoon.store.rules.peek import Peek, describe, named
from kiestoon.store.write import Changes

_LAST: Final = 10_000
"""The highest position there is: whoever joins after it stands beside it, in the order of joining."""


def switch_login(changes: Changes, user: User, queue_id: int | None, on: bool) -> list[Queue]:
    """Log a person in to a queue (``on``) or out of it; with None, of every queue the person is a member of.

    Returns the queues the person is logged in to (out of) now, whether or not that was so already, by extension.
    Logging in to an open queue makes a member at the end of its order; who has joined so is no member any more once
    logged out. Other members keep their position. Raises ``NotPermittedError`` for a closed queue the person is no
    member of, ``InvalidRowError`` with the code ``gone`` when the company has no such queue.
    """
    peek = Peek(changes.connection, user.company_id)
    members = {row.queue_id: row for row in peek.find(QueueMember, extension=user.extension)}
    queues = _all(peek, members) if queue_id is None else [_the_one(peek, queue_id, members, user)]
    for queue in queues:
        _switch(changes, peek, queue, members.get(queue.id), user, on)
    return queues


def _all(peek: Peek, members: dict[int, QueueMember]) -> list[Queue]:
    found = peek.find(Queue, id=list(members)) if members else []
    return sorted(found, key=lambda queue: queue.extension)


def _the_one(peek: Peek, queue_id: int, members: dict[int, QueueMember], user: User) -> Queue:
    queue = peek.get(Queue, queue_id)
    if queue is None:
        wrong = problem("queue_id", "gone")
        raise InvalidRowError(f"There is no queue {queue_id}", wrong.advice(), (wrong,))
    if queue_id not in members and not queue.open:
        wrong = problem("queue_id", "closed_queue", other=named(user))
        raise NotPermittedError(f"The {describe(queue)} was left alone: {wrong.text()}", wrong.advice(), (wrong,))
    return queue


def _switch(changes: Changes, peek: Peek, queue: Queue, member: QueueMember | None, user: User, on: bool) -> None:
    if member is None:
        if on:
            changes.add(_joining(peek, queue, user))
    elif member.joined and not on:
        changes.remove(member)
    elif member.logged_in != on:
        changes.update(msgspec.structs.replace(member, logged_in=on))


def _joining(peek: Peek, queue: Queue, user: User) -> QueueMember:
    highest = max((row.position for row in peek.find(QueueMember, queue_id=queue.id)), default=0)
    return QueueMember(
        id=0,
        company_id=user.company_id,
        queue_id=queue.id,
        extension=user.extension,
        position=min(highest + 1, _LAST),
        joined=True,
    )
