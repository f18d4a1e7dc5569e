"""Invitations to meetings: to whom, when again, and what calendars make of them (CALL-13, RFC 5545, RFC 5546)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from icalendar import Calendar
from notify_rig import Installation

from kiestoon.company.model import ConferenceRoom, Guest, Location, Meeting, Number, User
from kiestoon.notify.intake import Intake
from kiestoon.notify.writing import write_mail
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
