"""Mails about meetings: invitations, updates and cancellations, each with a calendar file (CALL-13).

They follow the change feed: whoever writes a meeting, by whatever way, invites. A guest sees no other guest's address.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.meetings import Time, is_over, planned_times, zone_of
from kiestoon.company.model import ConferenceRoom, Meeting, User
from kiestoon.notify.calendar import Appointment, Method, Person, calendar_of
from kiestoon.notify.dates import day_in_words
from kiestoon.notify.recurrence import in_words, rule_of
from kiestoon.store.feed import Change

What: TypeAlias = Literal["new", "changed", "cancelled"]
TABLES: Final = frozenset({"meetings", "conference_rooms"})
"""Whose changes lead to mails."""
_TOLD: Final = ("user_id", "room_id", "name", "start", "end", "text", "repeats", "every", "weekdays", "until")
"""What of a meeting its guests are told."""
_WAY_IN: Final = frozenset({"extension", "name", "pin"})
"""What of a room they are told."""


class Invitation(NamedTuple):
    """A mail to be sent."""

    recipient: str
    language: str
    params: dict[str, Any]


class _Recipient(NamedTuple):
    name: str
    email: str
    language: str
    is_organiser: bool = False


def invitations_of(index: CompanyIndex, change: Change, now_ms: int) -> Iterator[Invitation]:
    """The mails a change leads to. Nobody is mailed about a meeting that is over."""
    if change.table_name == "conference_rooms":
        yield from _way_in_changed(index, change, now_ms)
        return
    meeting = _meeting(change.details)
    if meeting is None:
        return
    if change.action == "removed":
        yield from _all(index, meeting, "cancelled", meeting.version, now_ms)
    elif change.action == "added":
        yield from _all(index, meeting, "new", 0, now_ms)
    elif change.action == "updated":
        yield from _updated(index, meeting, _meeting({**change.details, **(change.before or {})}), now_ms)


def _updated(index: CompanyIndex, meeting: Meeting, old: Meeting | None, now_ms: int) -> Iterator[Invitation]:
    before = _recipients(index, old) if old is not None else {}
    after = _recipients(index, meeting)
    sequence = meeting.version - 1
    changed = old is None or any(getattr(old, name) != getattr(meeting, name) for name in _TOLD)
    changed = changed or (old is not None and bool(set(old.cancelled) - set(meeting.cancelled)))
    if old is not None and not is_over(index, old, now_ms):
        for address in before.keys() - after.keys():
            yield _mail(index, old, before[address], "cancelled", sequence, now_ms)
    if is_over(index, meeting, now_ms):
        return
    dropped = _dropped(index, old, meeting, now_ms) if old is not None else ()
    for address, recipient in after.items():
        if address not in before:
            yield _mail(index, meeting, recipient, "new", sequence, now_ms)
        elif changed:
            yield _mail(index, meeting, recipient, "changed", sequence, now_ms)
        else:
            for time in dropped:
                yield _mail(index, meeting, recipient, "cancelled", sequence, now_ms, time)


def _dropped(index: CompanyIndex, old: Meeting, meeting: Meeting, now_ms: int) -> tuple[Time, ...]:
    """The single times that were still to come and do not take place any more."""
    gone = set(meeting.cancelled) - set(old.cancelled)
    return tuple(
        time for time in planned_times(meeting) if time.start in gone and not is_over(index, meeting, now_ms, time)
    )


def _way_in_changed(index: CompanyIndex, change: Change, now_ms: int) -> Iterator[Invitation]:
    """A room's PIN or number is another one: whoever is invited there must know."""
    if change.action == "updated" and _WAY_IN & (change.before or {}).keys():
        for meeting in index.arrangements.meetings:
            if meeting.room_id == change.row_id:
                yield from _all(index, meeting, "changed", meeting.version - 1, now_ms)


def _all(index: CompanyIndex, meeting: Meeting, what: What, sequence: int, now_ms: int) -> Iterator[Invitation]:
    if not is_over(index, meeting, now_ms):
        for recipient in _recipients(index, meeting).values():
            yield _mail(index, meeting, recipient, what, sequence, now_ms)


def _meeting(cells: dict[str, Any]) -> Meeting | None:
    try:
        return msgspec.convert(cells, Meeting)
    except msgspec.ValidationError:  # written by another version
        return None


# --- who -------------------------------------------------------------------------------------------------------------


def _recipients(index: CompanyIndex, meeting: Meeting) -> dict[str, _Recipient]:
    """Everybody who has an address, the organiser first; one mail to an address."""
    found: dict[str, _Recipient] = {}
    organiser = index.users.get(meeting.user_id)
    if organiser is not None and _address_of(organiser):
        recipient = _colleague(index, organiser)._replace(is_organiser=True)
        found[recipient.email.lower()] = recipient
    for guest in meeting.guests:
        user = index.users.get(guest.user_id)
        if user is not None:
            recipient = _colleague(index, user)
        else:
            recipient = _Recipient(guest.name, guest.email, index.company.language)
        if recipient.email:
            found.setdefault(recipient.email.lower(), recipient)
    return found


def _colleague(index: CompanyIndex, user: User) -> _Recipient:
    return _Recipient(user.name, _address_of(user), user.language or index.company.language)


def _address_of(user: User) -> str:
    return user.email or user.notify_email


# --- what ------------------------------------------------------------------------------------------------------------


def _mail(
    index: CompanyIndex,
    meeting: Meeting,
    to: _Recipient,
    what: What,
    sequence: int,
    now_ms: int,
    single: Time | None = None,
) -> Invitation:
    """``single``: about this one time of a series."""
    organiser = index.users.get(meeting.user_id)
    by = Person(organiser.name, _address_of(organiser)) if organiser is not None else Person(index.company.name, "")
    if not by.email:
        by = by._replace(email=index.company.contact_email)
    room = index.arrangements.conference_rooms.get(meeting.room_id)
    numbers = index.numbers_by_extension.get(room.extension, ()) if room is not None else ()
    zone = ZoneInfo(zone_of(index, meeting).name)
    starts, ends = (_at(minute, zone) for minute in single or (meeting.start, meeting.end))
    params: dict[str, Any] = {
        "name": to.name,
        "what": what,
        "title": meeting.name,
        "organiser": by.name,
        "when": _when(meeting, starts, ends, to.language, now_ms, whole=single is None),
        "single": single is not None,
        "room": room.name if room is not None else "",
        "extension": room.extension if room is not None else "",
        "numbers": [number.e164 for number in numbers],
        "pin": room.pin if room is not None else "",
        "text": meeting.text,
        "own": to.is_organiser,
        "reply_to": by.email if by.email and not to.is_organiser else "",
    }
    method: Method = "CANCEL" if what == "cancelled" else "PUBLISH" if to.is_organiser else "REQUEST"
    appointment = Appointment(
        uid=f"meeting-{meeting.id}@{index.company.domain}",
        sequence=sequence,
        at=datetime.fromtimestamp(now_ms / 1000, UTC),
        starts=starts,
        ends=ends,
        title=meeting.name,
        text=_told(params, dutch=to.language.startswith("nl")),
        place=_place(room),
        organiser=by,
        attendee=None if to.is_organiser else Person(to.name, to.email),
        **_series(meeting, zone, single),
    )
    params |= {"method": method, "calendar": calendar_of(method, appointment)}
    return Invitation(to.email, to.language, params)


def _series(meeting: Meeting, zone: ZoneInfo, single: Time | None) -> dict[str, Any]:
    """What the calendar is told of a meeting that repeats."""
    planned = planned_times(meeting)
    if meeting.repeats == "never" or not planned:
        return {}
    last = _at(planned[-1].end, zone)
    if single is not None:
        return {"last": last, "single": _at(single.start, zone)}
    without = tuple(_at(start, zone) for start in sorted(meeting.cancelled))
    return {"repeats": rule_of(meeting, zone), "last": last, "without": without}


def _at(minute: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(minute).replace(tzinfo=zone)


def _when(meeting: Meeting, starts: datetime, ends: datetime, language: str, now_ms: int, *, whole: bool) -> str:
    now = f"{datetime.fromtimestamp(now_ms / 1000, starts.tzinfo):%Y-%m-%dT%H:%M}"
    series = in_words(meeting, language, now) if whole else ""
    return _in_words(starts, ends, language) + (f", {series}" if series else "")


def _place(room: ConferenceRoom | None) -> str:
    return f"{room.name} ({room.extension})" if room is not None else ""


def _in_words(starts: datetime, ends: datetime, language: str) -> str:
    """ "5 december 2026, 14:00-15:00 (Europe/Amsterdam)" """
    last = f"{ends:%H:%M}" if ends.date() == starts.date() else f"{day_in_words(ends.date(), language)}, {ends:%H:%M}"
    return f"{day_in_words(starts.date(), language)}, {starts:%H:%M}-{last} ({starts.tzinfo})"


def _told(params: dict[str, Any], *, dutch: bool) -> str:
    """How to take part, for the calendar."""
    lines = [params["text"]] if params["text"] else []
    if params["numbers"]:
        lines.append(("Bel " if dutch else "Dial ") + (" of " if dutch else " or ").join(params["numbers"]))
    if params["extension"]:
        lines.append(("Intern: " if dutch else "Inside: ") + params["extension"])
    if params["pin"]:
        lines.append(("Pincode: " if dutch else "PIN: ") + params["pin"])
    return "\n".join(lines)
