"""Message lamps (RFC 3842): how many messages a mailbox holds. Who keeps the messages says so by a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Device, User
from kiestoon.phones.lamps.sources.extensions import members_of
from kiestoon.phones.lamps.state import State, View

Counts: TypeAlias = tuple[int, int, int, int]
"""New, old, urgent new, urgent old."""
MailboxCounts: TypeAlias = Callable[[int, str], Counts]
"""Of a company's extension; from memory, as it is asked on the call path."""
MAILBOX = "mailbox"
NOBODYS = "-"
"""The own mailbox of a phone on which nobody is logged in: an empty one, until somebody is."""
_VOICEMAIL_CODES = frozenset({"voicemail", "voicemail_group"})


class Mailboxes:
    """Keys are extensions. Phones name their own mailbox by their login, their extension or the code of voicemail."""

    kind = MAILBOX

    def __init__(self, counts: MailboxCounts) -> None:
        self._counts = counts

    def find(self, index: CompanyIndex, device: Device, name: str) -> str:
        """The own one, or that of a group's extension."""
        user = index.user_of(device)
        code = index.arrangements.codes.get(name)
        if not name or name == device.username or (code is not None and code.feature in _VOICEMAIL_CODES):
            return user.extension if user is not None else NOBODYS
        return name if name in index.arrangements.extensions else ""

    def view(self, index: CompanyIndex, viewer: int | None, key: str) -> View:
        """One's own, and those of groups one is in."""
        if key == NOBODYS:
            return View(calls=True)
        owner = index.arrangements.extensions.get(key)
        own = isinstance(owner, User) and owner.id == viewer
        return View(calls=own or viewer in members_of(index, key))

    def state(self, index: CompanyIndex, key: str, now_ms: int) -> State | None:
        """The counts."""
        if key == NOBODYS:
            return State(counts=(0, 0, 0, 0))
        if key not in index.arrangements.extensions:
            return None
        return State(counts=self._counts(index.company.id, key))
