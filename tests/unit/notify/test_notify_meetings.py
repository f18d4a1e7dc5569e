"""Invitations to meetings: to whom, when again, and what calendars make of them (CALL-13, RFC 5545, RFC 5546)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from dateutil.rrule import rrulestr
from icalendar import Calendar
from notify_rig import Installation

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.meetings import times
from kiestoon.company.model import Company, CompanyRows, ConferenceRoom, Guest, Location, Meeting, Number, User
from kiestoon.notify.intake import Intake
from kiestoon.notify.invitations import invitations_of
from kiestoon.notify.recurrence import in_words
from kiestoon.notify.writing import write_mail
from kiestoon.store.feed import Change
from kiestoon.store.mailbox import Mail, due_mails
from kiestoon.store.outbox_tables import mails
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.write import changing

SENDER = "Telephony <phones@pbx.example>"
START, END = "2026-12-05T14:00", "2026-12-05T15:30"
OUTSIDE = Guest(name="Kim Smit", email="kim@client.example")


class Office:
    """Anna plans in her room; Bert is a colleague. What is queued is taken out by ``mails``."""

    def __init__(self, installation: Installation, *, mailing: bool = True) -> None:
        self.installation = installation
        self._intake = Intake(installation.database, installation.vault, installation.clock, mailing=mailing)
        company_id = installation.company.id
        with changing(installation.database, installation.vault, acting_user="test") as changes:
            london = changes.add(Location(id=0, company_id=company_id, name="London", timezone="Europe/London"))
            self.anna = changes.add(
                User(id=0, company_id=company_id, extension="101", name="Anna", email="anna@bakery.example",
                     language="en", location_id=london.id)
            )  # fmt: skip
            self.bert = changes.add(
                User(id=0, company_id=company_id, extension="102", name="Bert", email="bert@bakery.example",
                     language="nl")
            )  # fmt: skip
            self.room = changes.add(
                ConferenceRoom(
                    id=0, company_id=company_id, extension="800", name="Board", user_id=self.anna.id, pin="471147"
                )
            )
            self.number = changes.add(Number(id=0, company_id=company_id, e164="+31205550101", extension="800"))

    def plan(self, *guests: Guest, **values: Any) -> Meeting:
        row = Meeting(
            id=0, company_id=self.installation.company.id, user_id=self.anna.id, room_id=self.room.id,
            guests=guests, **{"name": "Budget", "start": START, "end": END, **values},
        )  # fmt: skip
        with changing(self.installation.database, self.installation.vault, acting_user="test") as changes:
            return changes.add(row)

    def change(self, row: Any, **values: Any) -> Any:
        with changing(self.installation.database, self.installation.vault, acting_user="test") as changes:
            return changes.update(msgspec.structs.replace(row, **values))

    def remove(self, row: Any) -> None:
        with changing(self.installation.database, self.installation.vault, acting_user="test") as changes:
            changes.remove(row)

    def mails(self) -> dict[str, Mail]:
        """What was queued since the last look, by recipient."""
        while self._intake.take_changes():
            pass
        installation = self.installation
        with installation.database.write() as connection:
            found = due_mails(connection, installation.vault, installation.clock(), 100)
            connection.execute(mails.delete(), execution_options=INSTALLATION)
        assert len({mail.recipient for mail in found}) == len(found)
        return {mail.recipient: mail for mail in found}

    def told(self) -> dict[str, str]:
        return {address.partition("@")[0]: mail.params["what"] for address, mail in self.mails().items()}


@pytest.fixture
def office(installation: Installation) -> Office:
    return Office(installation)


def event_of(mail: Mail) -> Any:
    (event,) = Calendar.from_ical(mail.params["calendar"]).walk("VEVENT")
    return event


def test_organiser_colleagues_and_guests_are_told_each_in_their_language(office: Office) -> None:
    office.plan(OUTSIDE, Guest(user_id=office.bert.id))
    found = office.mails()
    assert {address: (mail.language, mail.params["method"]) for address, mail in found.items()} == {
        "anna@bakery.example": ("en", "PUBLISH"),
        "bert@bakery.example": ("nl", "REQUEST"),
        "kim@client.example": ("nl", "REQUEST"),
    }
    assert office.mails() == {}


def test_the_calendar_file_says_when_on_the_organisers_clock_and_how_to_take_part(office: Office) -> None:
    office.plan(OUTSIDE, text="Bring figures")
    mail = office.mails()["kim@client.example"]
    calendar = Calendar.from_ical(mail.params["calendar"])
    event = event_of(mail)
    assert calendar["METHOD"] == "REQUEST"
    assert event["DTSTART"].dt.isoformat() == "2026-12-05T14:00:00+00:00"
    assert event["DTSTART"].params["TZID"] == "Europe/London"
    assert event["DTEND"].dt.isoformat() == "2026-12-05T15:30:00+00:00"
    assert event["SUMMARY"] == "Budget"
    assert event["LOCATION"] == "Board (800)"
    assert event["DESCRIPTION"].splitlines() == [
        "Bring figures", "Bel +31205550101", "Intern: 800", "Pincode: 471147",
    ]  # fmt: skip
    assert event["ORGANIZER"] == "mailto:anna@bakery.example"
    assert event["ATTENDEE"] == "mailto:kim@client.example"
    assert (event["SEQUENCE"], event["STATUS"]) == (0, "CONFIRMED")
    assert any(zone["TZID"] == "Europe/London" for zone in calendar.walk("VTIMEZONE"))


def test_no_guest_sees_the_address_of_another(office: Office) -> None:
    office.plan(OUTSIDE, Guest(name="Lee", email="lee@other.example"))
    found = office.mails()
    assert "lee@other.example" not in found["kim@client.example"].params["calendar"]


def test_a_change_is_told_to_all_with_the_next_sequence(office: Office) -> None:
    meeting = office.plan(OUTSIDE)
    uid = event_of(office.mails()["kim@client.example"])["UID"]
    office.change(meeting, start="2026-12-06T14:00", end="2026-12-06T15:00")
    found = office.mails()
    event = event_of(found["kim@client.example"])
    assert {mail.params["what"] for mail in found.values()} == {"changed"}
    assert (event["UID"], event["SEQUENCE"]) == (uid, 1)
    assert event["DTSTART"].dt.day == 6


def test_only_who_comes_or_goes_is_told_when_the_guests_change(office: Office) -> None:
    meeting = office.plan(OUTSIDE, Guest(user_id=office.bert.id))
    office.mails()
    lee = Guest(name="Lee", email="lee@other.example")
    office.change(meeting, guests=(OUTSIDE, lee))
    found = office.mails()
    assert {address: mail.params["what"] for address, mail in found.items()} == {
        "bert@bakery.example": "cancelled", "lee@other.example": "new",
    }  # fmt: skip
    event = event_of(found["bert@bakery.example"])
    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", 1)


def test_that_a_guest_is_to_be_called_is_no_reason_for_a_mail(office: Office) -> None:
    meeting = office.plan(OUTSIDE)
    office.mails()
    office.change(meeting, guests=(msgspec.structs.replace(OUTSIDE, call=True, number="0612345678"),))
    assert office.mails() == {}


def test_a_removed_meeting_is_cancelled(office: Office) -> None:
    meeting = office.plan(OUTSIDE)
    uid = event_of(office.mails()["kim@client.example"])["UID"]
    office.remove(meeting)
    found = office.mails()
    event = event_of(found["kim@client.example"])
    assert (found["kim@client.example"].params["method"], event["UID"], event["SEQUENCE"]) == ("CANCEL", uid, 1)
    assert found["anna@bakery.example"].params["what"] == "cancelled"


def test_a_room_that_is_removed_cancels_its_meetings(office: Office) -> None:
    office.plan(OUTSIDE)
    office.mails()
    office.change(office.number, extension="")
    assert office.mails() == {}
    office.remove(office.room)
    assert office.told() == {"kim": "cancelled", "anna": "cancelled"}


def test_another_pin_is_told_to_everybody_invited(office: Office) -> None:
    office.plan(OUTSIDE)
    office.mails()
    room = office.change(office.room, pin="998877")
    found = office.mails()
    assert found["kim@client.example"].params["pin"] == "998877"
    office.change(room, music=False)
    assert office.mails() == {}


def test_nobody_is_mailed_about_a_meeting_that_is_over(office: Office) -> None:
    meeting = office.plan(OUTSIDE, start="2026-01-05T14:00", end="2026-01-05T15:00")
    office.change(meeting, name="Old budget")
    office.remove(office.change(meeting, version=2, name="Older budget"))
    assert office.mails() == {}


def test_a_colleague_invited_twice_gets_one_mail(office: Office) -> None:
    office.plan(Guest(user_id=office.bert.id), Guest(name="Bert", email="BERT@bakery.example"))
    assert office.told() == {"bert": "new", "anna": "new"}


def test_without_a_mail_server_no_mails_pile_up(installation: Installation) -> None:
    office = Office(installation, mailing=False)
    office.plan(OUTSIDE)
    assert office.mails() == {}


# --- meetings that repeat --------------------------------------------------------------------------------------------

WEEKLY = {"repeats": "weekly", "weekdays": (1, 5), "until": "2027-06-30"}
SECOND, THIRD = "2026-12-08T14:00", "2026-12-12T14:00"


def starts_told(told: Mail | str) -> list[str]:
    """When the meeting is by the calendar file alone, on the organiser's clock."""
    (event,) = Calendar.from_ical(told if isinstance(told, str) else told.params["calendar"]).walk("VEVENT")
    rule = event["RRULE"].to_ical().decode()
    without = event.get("EXDATE", [])
    dropped = {each.dt for entry in (without if isinstance(without, list) else [without]) for each in entry.dts}
    found = rrulestr(rule, dtstart=event["DTSTART"].dt)
    return [f"{start:%Y-%m-%dT%H:%M}" for start in found if start not in dropped]


@pytest.mark.parametrize(
    "values",
    [
        WEEKLY, {"repeats": "daily", "every": 3, "until": "2027-01-31"}, {"repeats": "weekly", "until": "2027-01-09"},
        {"repeats": "monthly", "every": 2, "until": "2027-12-31"},
        {"repeats": "monthly_by_weekday", "until": "2027-12-31"}, {**WEEKLY, "cancelled": (SECOND, THIRD)},
        {"repeats": "daily", "until": "2026-12-09", "cancelled": (START,)},
    ],
)  # fmt: skip
def test_the_calendar_has_a_series_at_the_times_at_which_the_exchange_calls(values: dict[str, Any]) -> None:
    row = series(**values)
    text = invitation_to(row)
    assert starts_told(text) == [time.start for time in times(row)]
    (event,) = Calendar.from_ical(text).walk("VEVENT")
    assert event["RRULE"]["UNTIL"][0].tzinfo is not None  # RFC 5545 §3.3.10: where the start has a time zone, in UTC
    assert event["DTSTART"].params["TZID"] == "Europe/London"
    assert "RECURRENCE-ID" not in event


def series(**values: Any) -> Meeting:
    return Meeting(
        id=1, company_id=1, user_id=1, room_id=5, guests=(OUTSIDE,),
        **{"name": "Budget", "start": START, "end": END, **values},
    )  # fmt: skip


def invitation_to(row: Meeting) -> str:
    """The calendar file the guest of a planned meeting gets, whose organiser is in London."""
    rows = CompanyRows(
        company=Company(id=1, name="Bakery", domain="bakery.example"),
        locations=(Location(id=2, company_id=1, name="London", timezone="Europe/London"),),
        users=(User(id=1, company_id=1, extension="101", name="Anna", location_id=2),),
        conference_rooms=(ConferenceRoom(id=5, company_id=1, extension="800", name="Board"),),
    )
    change = Change(1, 0, "test", "", "added", "meetings", row.id, 1, msgspec.to_builtins(row), None)
    (found,) = invitations_of(CompanyIndex(rows), change, 1_790_000_000_000)
    return str(found.params["calendar"])


def test_a_series_crosses_into_summer_with_its_time_zone() -> None:
    calendar = Calendar.from_ical(invitation_to(series(**WEEKLY)))
    (zone,) = calendar.walk("VTIMEZONE")
    changes = [each["DTSTART"].dt for each in zone.walk("DAYLIGHT")]
    assert min(changes).year <= 2027
    assert zone.walk("STANDARD")


def test_one_time_that_does_not_take_place_is_cancelled_alone(office: Office) -> None:
    meeting = office.plan(OUTSIDE, **WEEKLY)
    uid = event_of(office.mails()["kim@client.example"])["UID"]
    office.change(meeting, cancelled=(SECOND,))
    found = office.mails()
    assert {address: (mail.params["what"], mail.params["single"]) for address, mail in found.items()} == {
        "kim@client.example": ("cancelled", True), "anna@bakery.example": ("cancelled", True),
    }  # fmt: skip
    mail = found["kim@client.example"]
    event = event_of(mail)
    assert Calendar.from_ical(mail.params["calendar"])["METHOD"] == "CANCEL"
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (uid, 1, "CANCELLED")
    assert event["RECURRENCE-ID"].dt == event["DTSTART"].dt
    assert event["RECURRENCE-ID"].dt.isoformat() == "2026-12-08T14:00:00+00:00"
    assert "RRULE" not in event
    assert mail.params["when"] == "8 december 2026, 14:00-15:30 (Europe/London)"
    text = write_mail(mail, SENDER).get_body(("plain",))
    assert text is not None
    assert "de andere keren blijven staan" in text.get_content()


def test_a_time_that_takes_place_after_all_and_every_other_change_are_told_as_the_whole_series(office: Office) -> None:
    meeting = office.plan(OUTSIDE, **WEEKLY, cancelled=(SECOND,))
    office.mails()
    meeting = office.change(meeting, cancelled=())
    mail = office.mails()["kim@client.example"]
    assert (mail.params["what"], starts_told(mail)[1]) == ("changed", SECOND)
    office.change(meeting, cancelled=(THIRD,), until="2026-12-31")
    mail = office.mails()["kim@client.example"]
    assert mail.params["what"] == "changed"
    assert starts_told(mail)[:3] == [START, SECOND, "2026-12-15T14:00"]
    assert event_of(mail)["SEQUENCE"] == 2


def test_whoever_is_invited_later_gets_the_series_as_it_is_and_whoever_goes_loses_all_of_it(office: Office) -> None:
    meeting = office.plan(OUTSIDE, **WEEKLY, cancelled=(SECOND,))
    office.mails()
    office.change(meeting, guests=(Guest(user_id=office.bert.id),))
    found = office.mails()
    assert {address: mail.params["what"] for address, mail in found.items()} == {
        "kim@client.example": "cancelled", "bert@bakery.example": "new",
    }  # fmt: skip
    assert SECOND not in starts_told(found["bert@bakery.example"])
    assert "RECURRENCE-ID" not in event_of(found["kim@client.example"])


def test_a_series_is_over_with_its_last_time_and_single_ones_that_are_past_are_told_to_nobody(office: Office) -> None:
    meeting = office.plan(
        OUTSIDE, start="2026-01-05T14:00", end="2026-01-05T15:00", repeats="weekly", until="2027-01-04"
    )
    assert office.told() == {"kim": "new", "anna": "new"}
    meeting = office.change(meeting, cancelled=("2026-01-12T14:00",))
    assert office.mails() == {}
    office.remove(meeting)
    assert office.told() == {"kim": "cancelled", "anna": "cancelled"}


def test_a_mail_says_how_a_meeting_repeats_in_the_language_of_its_reader(office: Office) -> None:
    office.plan(OUTSIDE, **WEEKLY, every=2, cancelled=("2026-12-19T14:00",))
    found = office.mails()
    assert found["anna@bakery.example"].params["when"] == (
        "5 December 2026, 14:00-15:30 (Europe/London), every 2 weeks on Tuesday and Saturday, until 30 June 2027, "
        "not on 19 December 2026"
    )
    assert (
        found["kim@client.example"]
        .params["when"]
        .endswith("om de 2 weken op dinsdag en zaterdag, tot en met 30 juni 2027, niet op 19 december 2026")
    )


@pytest.mark.parametrize(
    ("values", "dutch", "english"),
    [
        ({"repeats": "daily"}, "elke dag", "every day"),
        ({"repeats": "weekly"}, "elke week op zaterdag", "every week on Saturday"),
        ({"repeats": "monthly", "every": 3}, "om de 3 maanden op dag 5", "every 3 months on day 5"),
        ({"repeats": "monthly_by_weekday"}, "elke maand op de eerste zaterdag", "every month on the first Saturday"),
        ({"repeats": "monthly_by_weekday", "start": "2026-12-29T10:00"}, "elke maand op de laatste dinsdag",
         "every month on the last Tuesday"),
    ],
)  # fmt: skip
def test_every_kind_of_series_has_its_words(values: dict[str, Any], dutch: str, english: str) -> None:
    row = series(**values, until="2026-12-31")
    assert in_words(row, "nl", "") == f"{dutch}, tot en met 31 december 2026"
    assert in_words(row, "en", "") == f"{english}, until 31 December 2026"


@pytest.mark.parametrize("address", ["kim@client.example", "anna@bakery.example"])
@pytest.mark.parametrize("change", ["new", "changed", "cancelled"])
def test_the_mail_has_the_calendar_inside_and_as_a_file(office: Office, address: str, change: str) -> None:
    meeting = office.plan(OUTSIDE, text="Bring <b>figures</b>")
    mail = office.mails()[address]
    if change != "new":
        if change == "changed":
            office.change(meeting, name="Figures")
        else:
            office.remove(meeting)
        mail = office.mails()[address]
    message = write_mail(mail, SENDER)
    assert message.get_content_type() == "multipart/mixed"
    alternatives, file = message.iter_parts()
    text, html, calendar = alternatives.iter_parts()
    method = {"kim@client.example": "CANCEL" if change == "cancelled" else "REQUEST"}.get(
        address, "CANCEL" if change == "cancelled" else "PUBLISH"
    )
    assert calendar.get_content_type() == "text/calendar"
    assert calendar.get_param("method") == method
    assert Calendar.from_ical(calendar.get_content())["METHOD"] == method
    assert file.get_filename() == "invite.ics"
    assert Calendar.from_ical(file.get_content())["METHOD"] == method
    assert message["Reply-To"] == (None if address.startswith("anna") else "anna@bakery.example")
    assert ("471147" in text.get_content()) == (change != "cancelled")
    assert "<b>" not in html.get_content()
    assert "2026" in message["Subject"]
