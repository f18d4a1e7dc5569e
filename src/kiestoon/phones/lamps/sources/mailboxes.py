"""Message lamps (RFC 3842): how many messages a mailbox holds. Who keeps the messages says so by a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import AlternateNumber, Device, User
from kiestoon.company.voicemail import may_have_box
from kiestoon.phones.lamps.state import State, View

Counts: TypeAlias = tuple[int, int, int, int]
"""New, old, urgent new, urgent old."""
MailboxCounts: TypeAlias = Callable[[int, str], Counts]
"""Of a company's extension; from memory, as it is asked on the call path."""
MAILBOX = "mailbox"
NOBODYS = "-"
"""The own mailbox of a phone on which nobody is logged in: an empty one, until somebody is."""


class Mailboxes:
    """Keys are extensions. Phones name their own mailbox by their login, their extension or the code of voicemail; that
    of a group they are in by its extension, the first of them by the code of group voicemail."""

    kind = MAILBOX

    def __init__(self, counts: MailboxCounts) -> None:
        self._counts = counts

    def find(self, index: CompanyIndex, device: Device, name: str) -> str:
        """The own one, or that of a group's extension."""
        user = index.user_of(device)
        code = index.arrangements.codes.get(name)
        feature = code.feature if code is not None else ""
        if not name or name == device.username or feature == "voicemail":
            return user.extension if user is not None else NOBODYS
        if feature == "voicemail_group":
            return _first_group(index, user)
        owner = index.arrangements.extensions.get(name)
        if isinstance(owner, AlternateNumber):
            owner = index.users.get(owner.user_id)
        return str(getattr(owner, "extension", "")) if may_have_box(owner) else ""

    def view(self, index: CompanyIndex, viewer: int | None, key: str) -> View:
        """One's own, and those of groups one is in."""
        if key == NOBODYS:
            return View(calls=True)
        owner = index.arrangements.extensions.get(key)
        own = isinstance(owner, User) and owner.id == viewer
        return View(calls=own or viewer in index.members_of(key))

    def state(self, index: CompanyIndex, key: str, now_ms: int) -> State | None:
        """The counts."""
        if key == NOBODYS:
            return State(counts=(0, 0, 0, 0))
        if not may_have_box(index.arrangements.extensions.get(key)):
            return None
        return State(counts=self._counts(index.company.id, key))


def _first_group(index: CompanyIndex, user: User | None) -> str:
    """The group with the lowest extension the person is in, "" for none."""
    if user is None:
        return ""
    groups = (name for name in index.arrangements.extensions if user.id in index.members_of(name))
    return min(groups, default="")
