"""What a queue can be switched to by hand, and who may: forced forwarding (V 23.3.2), night service (V 23.3.4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from kiestoon.company.model import Queue, QueueMember, User

QueueSwitch: TypeAlias = Literal["forced", "night"]


def may_switch(user: User, members: Iterable[QueueMember]) -> bool:
    """Whether the person may switch the queue of these members: its supervisors, and whoever may configure time."""
    if user.may_configure_time:
        return True
    return user.is_supervisor and any(member.extension == user.extension for member in members)


def is_switched(queue: Queue, what: QueueSwitch) -> bool:
    """How the switch stands."""
    return queue.forced if what == "forced" else queue.night_forced


def hindrance(queue: Queue, what: QueueSwitch, on: bool) -> Literal["", "by_code", "nowhere"]:
    """Why it cannot be switched by a code: the queue allows none, or calls would have nowhere to go."""
    by_code, ready = (
        (queue.forced_by_code, bool(queue.forced_to))
        if what == "forced"
        else (queue.night_by_code, queue.night != "off")
    )
    if not by_code:
        return "by_code"
    return "nowhere" if on and not ready else ""
