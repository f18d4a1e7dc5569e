"""What begins at a time: guests of a meeting who want to be called are called into its room (CALL-13).

A restart loses nothing that began within the last minute: whoever is not in the room by then is called once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from kiestoon.calls import rooms
from kiestoon.calls.operations import room as operation
from kiestoon.calls.party import Party
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.meetings import Beginning, begins_after, zone_of
from kiestoon.company.model import ConferenceRoom, Guest, Meeting, User

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.sip.deadlines import Deadline

log = structlog.get_logger("agenda")

TIMER: Final = "agenda"
LATE_MS: Final = 60_000
_LONGEST_S: Final = 3600.0
"""The wall clock may be set meanwhile."""


class _Due(NamedTuple):
    at_ms: int
    start: str
    company: CompanyIndex
    meeting: Meeting


class Agenda:
    """``plan`` after every change of configuration; ``due`` when its timer has run out."""

    __slots__ = ("_begun", "_deadline", "_known", "_x")

    def __init__(self, exchange: Exchange) -> None:
        self._x = exchange
        self._deadline: Deadline[str] | None = None
        self._begun: dict[tuple[int, str], int] = {}
        """Meetings that have begun, by id and start: when."""
        self._known: dict[tuple[int, int, str], Beginning | None] = {}
        """When each begins next, by id, version and time zone: to find it in a long series takes its time."""

    def plan(self, now: float) -> None:
        """Wait for the next one that begins."""
        x = self._x
        if self._deadline is not None:
            x.deadlines.stop(self._deadline)
        now_ms = x.wall_ms()
        self._begun = {key: at_ms for key, at_ms in self._begun.items() if at_ms > now_ms - 2 * LATE_MS}
        upcoming = [due.at_ms for due in self._next(now_ms)]
        if upcoming:
            seconds = max(0.0, (min(upcoming) - now_ms) / 1000)
            self._deadline = x.deadlines.start(now + min(seconds, _LONGEST_S), TIMER, "")

    def due(self, now: float) -> None:
        """Begin what is to begin, and wait for the next."""
        now_ms = self._x.wall_ms()
        for due in self._next(now_ms):
            if due.at_ms <= now_ms:
                self._begun[due.meeting.id, due.start] = due.at_ms
                self._begin(due, now)
        self.plan(now)

    def _next(self, now_ms: int) -> list[_Due]:
        """Of each meeting that calls somebody the next time that has not begun."""
        known: dict[tuple[int, int, str], Beginning | None] = {}
        found: list[_Due] = []
        for index in self._x.directory:
            for meeting in index.arrangements.meetings:
                if not any(guest.call for guest in meeting.guests):
                    continue
                key = (meeting.id, meeting.version, zone_of(index, meeting).name)
                begins = self._known.get(key)
                if key not in self._known or (begins is not None and self._is_past(meeting, begins, now_ms)):
                    later = begins_after(index, meeting, now_ms - LATE_MS)
                    begins = next((each for each in later if not self._is_past(meeting, each, now_ms)), None)
                known[key] = begins
                if begins is not None:
                    found.append(_Due(begins.at_ms, begins.start, index, meeting))
        self._known = known
        return found

    def _is_past(self, meeting: Meeting, begins: Beginning, now_ms: int) -> bool:
        return begins.at_ms <= now_ms - LATE_MS or (meeting.id, begins.start) in self._begun

    def _begin(self, due: _Due, now: float) -> None:
        index, meeting = due.company, due.meeting
        row = index.arrangements.conference_rooms.get(meeting.room_id)
        organiser = index.users.get(meeting.user_id)
        if row is None or organiser is None:
            return
        by = Party("device", organiser.extension, organiser.name, user_id=organiser.id)
        for guest, number in self._missing(index, meeting, row):
            refused = operation.call_out(self._x, row, by, number, now)
            if refused is not None:
                log.warning("guest not called", meeting=meeting.id, guest=guest.name, reason=refused.text)
        log.info("meeting begun", meeting=meeting.id, room=row.extension, start=due.start)

    def _missing(self, index: CompanyIndex, meeting: Meeting, row: ConferenceRoom) -> Iterator[tuple[Guest, str]]:
        """Who is to be called and is not there yet, with the number."""
        call = rooms.live(self._x, row.company_id, row.id)
        there = [call.legs[leg_id].party for leg_id in call.bridge or ()] if call is not None else []
        for guest in meeting.guests:
            user: User | None = index.users.get(guest.user_id)
            number = guest.number or (user.extension if user is not None else "")
            present = any(party.number == number or (user and party.user_id == user.id) for party in there)
            if guest.call and number and not present:
                yield guest, number
