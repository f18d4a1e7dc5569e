"""Meetings as calendar files: iCalendar (RFC 5545) for scheduling by mail (RFC 5546, RFC 6047)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from icalendar import Calendar, Event, vCalAddress, vText

Method: TypeAlias = Literal["REQUEST", "CANCEL", "PUBLISH"]
"""An invitation or its update, a cancellation, and the organiser's own copy, which nobody answers."""
_NO_MAIL: Final = "invalid:nomail"
_YEAR: Final = timedelta(days=366)
"""Around an appointment, for which its file tells how the clock changes."""


class Person(NamedTuple):
    """Somebody by name and mail address; "" = has none."""

    name: str
    email: str


class Appointment(NamedTuple):
    """What a calendar is to show. ``starts`` and ``ends`` are aware of their time zone; ``at``: when this was written.

    ``sequence`` grows with every change (RFC 5546 §2.1.4). ``attendee`` None: the organiser's own copy. ``repeats``:
    the parts of an RRULE, until ``last``; ``without``: the starts of single times that do not take place. ``single``:
    it is about the one time of a series that begins then (RECURRENCE-ID), the others are not touched.
    """

    uid: str
    sequence: int
    at: datetime
    starts: datetime
    ends: datetime
    title: str
    text: str
    place: str
    organiser: Person
    attendee: Person | None
    repeats: dict[str, Any] | None = None
    last: datetime | None = None
    without: tuple[datetime, ...] = ()
    single: datetime | None = None


def calendar_of(method: Method, appointment: Appointment) -> str:
    """The file's text."""
    event = Event()
    event.add("uid", appointment.uid)
    event.add("sequence", appointment.sequence)
    event.add("dtstamp", appointment.at.astimezone(UTC))
    event.add("dtstart", appointment.starts)
    event.add("dtend", appointment.ends)
    if appointment.repeats is not None:
        event.add("rrule", appointment.repeats)
    for start in appointment.without:
        event.add("exdate", start)
    if appointment.single is not None:
        event.add("recurrence-id", appointment.single)
    event.add("summary", appointment.title)
    event.add("description", appointment.text)
    event.add("location", appointment.place)
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    event.add("organizer", _address(appointment.organiser))
    if appointment.attendee is not None:
        attendee = _address(appointment.attendee)
        attendee.params["ROLE"] = "REQ-PARTICIPANT"
        if method == "REQUEST":
            attendee.params["PARTSTAT"] = "NEEDS-ACTION"
            attendee.params["RSVP"] = "TRUE"
        event.add("attendee", attendee, encode=False)
    calendar = Calendar()
    calendar.add("prodid", "-//Kiestoon//Meetings//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    calendar.add_missing_timezones(
        first_date=(appointment.starts - _YEAR).date(),
        last_date=((appointment.last or appointment.ends) + _YEAR).date(),
    )
    return str(calendar.to_ical().decode())


def _address(person: Person) -> vCalAddress:
    address = vCalAddress(f"mailto:{person.email}" if person.email else _NO_MAIL)
    if person.name:
        address.params["CN"] = vText(person.name)
    return address
