"""The lines somebody follows, as one list for phones that ask for one (RFC 4662, V 10.1.2)."""

from __future__ import annotations

from typing import Final

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import AlternateNumber, Device, User
from kiestoon.phones.lamps.sources.extensions import Extensions
from kiestoon.phones.lamps.sources.mailboxes import NOBODYS
from kiestoon.phones.lamps.sources.people import People
from kiestoon.phones.lamps.state import LINES, Line, Source, State, View

NAME: Final = "lines"
"""What phones ask for."""


class WatchedLines:
    """Keys are user ids: the list of whoever is on the phone. What of a line may be seen is decided line by line."""

    kind = LINES

    def __init__(self, people: People, extensions: Extensions) -> None:
        self._people = people
        self._extensions = extensions

    def find(self, index: CompanyIndex, device: Device, name: str) -> str:
        """The own one."""
        if name != NAME:
            return ""
        user = index.user_of(device)
        return str(user.id) if user is not None else NOBODYS

    def view(self, index: CompanyIndex, viewer: int | None, key: str) -> View:
        """One's own; that of a phone with nobody on it is empty."""
        return View(calls=key == NOBODYS or key == str(viewer))

    def state(self, index: CompanyIndex, key: str, now_ms: int) -> State | None:
        """Every line with how it stands."""
        if key == NOBODYS:
            return State()
        viewer = int(key)
        if viewer not in index.users:
            return None
        rows = index.arrangements.watched_lines.get(viewer, ())
        lines = [line for row in rows if (line := self.line(index, viewer, row.extension or "", now_ms)) is not None]
        until_ms = min((line.state.until_ms for line in lines if line.state.until_ms), default=0)
        return State(lines=tuple(lines), until_ms=until_ms)

    def line(self, index: CompanyIndex, viewer: int, extension: str, now_ms: int) -> Line | None:
        """How an extension stands, and what this viewer may see of it; None where there is none."""
        owner = index.arrangements.extensions.get(extension)
        if isinstance(owner, AlternateNumber):
            owner = index.users.get(owner.user_id)
        source: Source = self._people if isinstance(owner, User) else self._extensions
        key = str(owner.id) if isinstance(owner, User) else extension
        state = source.state(index, key, now_ms) if owner is not None else None
        if state is None:
            return None
        name = str(getattr(owner, "name", ""))
        return Line(extension, name, source.kind, key, state, source.view(index, viewer, key))
