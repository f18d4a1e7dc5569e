"""Which queue is meant by what was keyed in."""

from __future__ import annotations

from typing import Final

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Queue, QueueMember, User

HASH: Final = 1
"""How many keys more than an extension has digits: the hash, which may be left out."""


def find_queue(index: CompanyIndex, extension: str) -> Queue | None:
    """The queue with this number."""
    owner = index.arrangements.extensions.get(extension)
    return owner if isinstance(owner, Queue) else None


def member_of(index: CompanyIndex, queue_id: int, user: User) -> QueueMember | None:
    """The person's place among the queue's members, whether logged in or not."""
    members = index.arrangements.queue_members.get(queue_id, ())
    return next((member for member in members if member.extension == user.extension), None)
