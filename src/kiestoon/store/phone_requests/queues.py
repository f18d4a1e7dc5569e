"""Queues by telephone: agents log in and out (E 7.5.3), supervisors forward them and switch them to night (V 23.3)."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kiestoon.calls.requests import Failed, QueueLogin, SwitchQueue
from kiestoon.company.model import Queue, QueueMember, User
from kiestoon.company.queue_switches import hindrance, is_switched, may_switch
from kiestoon.store.phone_requests.acting import GONE, NOT_PERMITTED, as_person
from kiestoon.store.queue_logins import switch_login
from kiestoon.store.rules.peek import Peek
from kiestoon.store.write import Changes

_HINDERED: Final = {
    "by_code": Failed("The queue is not to be switched by a code", "by_code"),
    "nowhere": Failed("It is not set where the queue's calls would go", "nowhere"),
}


@as_person
def log_in_or_out(changes: Changes, peek: Peek, user: User, request: QueueLogin) -> Failed | None:
    """The members of a closed queue are its administrators' to choose (E 7.5.4)."""
    switch_login(changes, user, request.queue_id or None, request.on)
    return None


@as_person
def switch_queue(changes: Changes, peek: Peek, user: User, request: SwitchQueue) -> Failed | None:
    """Rights and settings are looked at here: they may have changed while the person was keying."""
    queue = peek.get(Queue, request.queue_id)
    if queue is None:
        return GONE
    if not may_switch(user, peek.find(QueueMember, queue_id=queue.id)):
        return NOT_PERMITTED
    hindered = hindrance(queue, request.what, request.on)
    if hindered:
        return _HINDERED[hindered]
    if is_switched(queue, request.what) != request.on:
        field = "forced" if request.what == "forced" else "night_forced"
        changes.update(replace(queue, **{field: request.on}))
    return None
