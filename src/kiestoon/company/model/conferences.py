"""Numbers behind which people meet: rooms with their meetings (CALL-13, C 2.6), group calls (CALL-14, V 22)."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta

from kiestoon.company.model.extensions import Virtual
from kiestoon.company.model.row import (
    ADDED,
    CompanyId,
    Email,
    Label,
    Language,
    LocalMinute,
    Name,
    OwnerId,
    Row,
    Value,
    refers,
)
from kiestoon.company.model.schedules import Weekday

RoomPin: TypeAlias = Annotated[str, Meta(max_length=12, pattern="^([0-9]{4,12})?$", examples=["471147"])]
"""What is keyed in to get into a room; "" = none is asked for."""
Repeats: TypeAlias = Literal["never", "daily", "weekly", "monthly", "monthly_by_weekday"]
"""How often a meeting takes place."""
MOST_TIMES: Final = 400
"""Of one meeting: every working day for a year and a half, every week for seven."""
Announcing: TypeAlias = Literal["nothing", "tones", "names"]
"""What the others hear when somebody joins or leaves."""


class ConferenceRoom(Virtual, frozen=True):
    """A room people dial into, from inside by its extension, from outside by a number that leads to it.

    ``user_id``: whose room it is: the organiser without a PIN on the own phones, and who may see and steer it from the
    screen. ``pin`` lets members in, ``organiser_pin`` whoever may mute, lock and end; ``pin_inside`` False: colleagues
    need none. ``wait_for_organiser``: nobody speaks before an organiser is there; ``ends_with_organiser``: it is over
    when the last one leaves. ``music``: whoever waits or is alone hears it. ``quiet``: members join muted, and unmute
    themselves. ``language``: what members are spoken to in, "" = as each would choose.
    """

    user_id: Annotated[int, refers("users", "clear")] | None = None
    pin: RoomPin = ""
    organiser_pin: RoomPin = ""
    pin_inside: bool = True
    wait_for_organiser: bool = False
    ends_with_organiser: bool = False
    music: bool = True
    announce: Announcing = "tones"
    quiet: bool = False
    most_members: Annotated[int, Meta(ge=2, le=100)] = 100
    language: Language = ""


class Guest(Value, frozen=True):
    """Somebody invited to a meeting: a colleague by ``user_id``, or (0) whoever has the mail address.

    ``number``: where he is called, anything the organiser could dial; "" = a colleague's extension. ``call``: he is
    called when the meeting begins.
    """

    user_id: Annotated[int, Meta(ge=0)] = 0
    name: Label = ""
    email: Email = ""
    number: Annotated[str, Meta(max_length=40)] = ""
    call: bool = False


class Meeting(Row, frozen=True):
    """When people meet in a room: invitations go out by mail, with a calendar file, and follow every change.

    ``user_id``: the organiser; ``start`` and ``end`` are on the clock of his location: of the first time, when it
    ``repeats``. "monthly" is on the same day of the month, in months that have it; "monthly_by_weekday" on the same one
    of its weekdays ("the second Tuesday"), the fifth being the last. ``every``: each so many days, weeks or months.
    ``weekdays``: of a "weekly" meeting, 0 = Monday; empty = the one it begins on. ``until``: the last day on which it
    may begin. ``cancelled``: the starts of single times that do not take place.
    """

    company_id: CompanyId
    user_id: OwnerId
    room_id: Annotated[int, refers("conference_rooms", "cascade")]
    name: Name
    start: LocalMinute
    end: LocalMinute
    text: Annotated[str, Meta(max_length=1000)] = ""
    guests: Annotated[tuple[Guest, ...], Meta(max_length=100)] = ()
    repeats: Annotated[Repeats, ADDED] = "never"
    every: Annotated[int, Meta(ge=1, le=99), ADDED] = 1
    weekdays: Annotated[tuple[Weekday, ...], Meta(max_length=7), ADDED] = ()
    until: Annotated[
        str, Meta(max_length=10, pattern="^([0-9]{4}-[0-9]{2}-[0-9]{2})?$", examples=["2027-06-30"]), ADDED
    ] = ""
    cancelled: Annotated[tuple[LocalMinute, ...], Meta(max_length=MOST_TIMES), ADDED] = ()


class GroupCall(Virtual, frozen=True):
    """Calls all its members at once; all who answer speak with each other (V 22).

    ``ring_s``: how long they ring. ``user_id``: by whose rights numbers outside are called when the caller is no
    colleague. ``confirm``: who answers outside presses 1 first, so that no voicemail takes part.
    """

    user_id: Annotated[int, refers("users", "clear")] | None = None
    ring_s: Annotated[int, Meta(ge=5, le=300)] = 30
    confirm: bool = True


class GroupCallMember(Row, frozen=True):
    """A member: a colleague or another group call by ``extension``, or anybody by ``number``.

    ``code``: a feature code dialled before it, such as *80, by which the member's forwarding does not apply (V 22.2.2).
    """

    company_id: CompanyId
    group_call_id: Annotated[int, refers("group_calls", "cascade")]
    extension: Annotated[str, Meta(max_length=15, pattern="^[0-9]*$", extra={"extension": "cascade"})] = ""
    number: Annotated[str, Meta(max_length=40)] = ""
    code: Annotated[str, Meta(max_length=8, pattern="^[0-9*#]*$", examples=["*80"])] = ""
