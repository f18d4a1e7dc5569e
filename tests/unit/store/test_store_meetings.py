"""Meetings and group calls as they are written: what cannot be is refused by its field (CALL-13, CALL-14)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from row_maker import RowMaker

from kiestoon.company.model import Company, ConferenceRoom, GroupCall, GroupCallMember, Guest, Meeting, User
from kiestoon.store.database import Database
from kiestoon.store.errors import InvalidRowError
from kiestoon.store.keys import Vault
from kiestoon.store.load import list_rows
from kiestoon.store.write import Changes, changing

START, END = "2026-12-05T14:00", "2026-12-05T15:00"


class Town:
    """A company with two people, and a room of the first one's."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.company = changes.add(Company(id=0, name="Acme", domain="acme.example"))
        self.maker = RowMaker(changes, self.company)
        self.ann: User = self.maker.make("users", extension="201")
        self.bob: User = self.maker.make("users", extension="202")
        self.room: ConferenceRoom = self.maker.make("conference_rooms", extension="800", user_id=self.ann.id)

    def meeting(self, **values: Any) -> Meeting:
        given = {"user_id": self.ann.id, "room_id": self.room.id, "name": "Budget", "start": START, "end": END}
        return self.changes.add(Meeting(id=0, company_id=self.company.id, **{**given, **values}))

    def refused(self, **values: Any) -> list[tuple[str, str]]:
        with pytest.raises(InvalidRowError) as refused:
            self.meeting(**values)
        return [(problem.field, problem.code) for problem in refused.value.problems]

    def group(self, extension: str) -> GroupCall:
        return self.maker.make("group_calls", extension=extension)

    def member(self, group: GroupCall, **values: Any) -> GroupCallMember:
        row = GroupCallMember(id=0, company_id=self.company.id, group_call_id=group.id, **values)
        return self.changes.add(row)

    def no_member(self, group: GroupCall, **values: Any) -> list[str]:
        with pytest.raises(InvalidRowError) as refused:
            self.member(group, **values)
        return [problem.code for problem in refused.value.problems]


@pytest.fixture
def town(database: Database, vault: Vault) -> Any:
    with changing(database, vault, acting_user="test") as changes:
        yield Town(changes)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"end": START}, ("end", "ends_before_start")),
        ({"start": "2026-02-30T10:00"}, ("start", "not_a_minute")),
        ({"guests": (Guest(name="Kim"),)}, ("guests", "guest_without_address")),
        ({"guests": (Guest(email="kim@x.example", call=True),)}, ("guests", "guest_without_number")),
        ({"guests": (Guest(user_id=987654),)}, ("guests", "unknown_reference")),
    ],
)
def test_meetings_that_cannot_be_are_refused(town: Town, values: dict[str, Any], problem: tuple[str, str]) -> None:
    assert town.refused(**values) == [problem]


def test_one_meeting_at_a_time_in_a_room(town: Town) -> None:
    town.meeting()
    assert town.refused(start="2026-12-05T14:30", end="2026-12-05T16:00") == [("start", "overlap")]
    assert town.meeting(start=END, end="2026-12-05T16:00").id


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"repeats": "weekly"}, ("until", "endless")),
        ({"repeats": "daily", "until": "2026-02-30"}, ("until", "not_a_date")),
        ({"repeats": "daily", "until": "2026-12-04"}, ("until", "ends_before_start")),
        ({"repeats": "daily", "until": "2030-01-01"}, ("until", "too_many_times")),
        ({"repeats": "daily", "until": "2026-12-31", "weekdays": (5,)}, ("weekdays", "only_weekly")),
        ({"repeats": "weekly", "until": "2026-12-31", "weekdays": (0, 1)}, ("weekdays", "not_its_first_day")),
        ({"repeats": "daily", "until": "2026-12-31", "end": "2026-12-06T14:01"}, ("end", "overlaps_itself")),
        ({"repeats": "daily", "until": "2026-12-31", "cancelled": ("2026-12-06T15:00",)},
         ("cancelled", "not_a_time")),
        ({"repeats": "daily", "until": "2026-12-06", "cancelled": ("2026-12-05T14:00", "2026-12-06T14:00")},
         ("cancelled", "nothing_left")),
    ],
)  # fmt: skip
def test_series_that_cannot_be_are_refused(town: Town, values: dict[str, Any], problem: tuple[str, str]) -> None:
    assert town.refused(**values) == [problem]


def test_no_time_of_a_series_overlaps_another_meeting_but_a_cancelled_one_may(town: Town) -> None:
    weekly = town.meeting(repeats="weekly", until="2027-01-31")
    other = {"start": "2026-12-19T14:30", "end": "2026-12-19T16:00"}
    assert town.refused(**other) == [("start", "overlap")]
    assert town.refused(start="2026-12-18T14:30", end="2026-12-18T16:00", repeats="daily", until="2026-12-20") == [
        ("start", "overlap")
    ]
    town.changes.update(msgspec.structs.replace(weekly, cancelled=("2026-12-19T14:00",)))
    assert town.meeting(**other).id


def test_a_series_is_read_as_it_was_written(database: Database, vault: Vault) -> None:
    with changing(database, vault, acting_user="test") as changes:
        meeting = Town(changes).meeting(
            repeats="weekly", every=2, weekdays=(0, 5), until="2027-06-30", cancelled=("2026-12-14T14:00",)
        )
    assert list_rows(database, Meeting) == [meeting]


def test_meetings_are_in_ones_own_room_or_one_that_is_nobodys(town: Town) -> None:
    assert town.refused(user_id=town.bob.id) == [("room_id", "not_theirs")]
    shared = town.maker.make("conference_rooms", extension="801")
    assert town.meeting(user_id=town.bob.id, room_id=shared.id).id


def test_another_companys_colleague_is_no_guest(town: Town) -> None:
    other = town.changes.add(Company(id=0, name="Other", domain="other.example"))
    stranger = RowMaker(town.changes, other).make("users", extension="201")
    assert town.refused(guests=(Guest(user_id=stranger.id),)) == [("guests", "unknown_reference")]


def test_a_colleague_who_has_gone_stays_a_guest_of_what_was_planned(town: Town) -> None:
    meeting = town.meeting(guests=(Guest(user_id=town.bob.id),))
    town.changes.remove(town.bob)
    assert town.changes.update(msgspec.structs.replace(meeting, name="Later")).name == "Later"


def test_guests_are_read_as_they_were_written(database: Database, vault: Vault) -> None:
    guests = (Guest(name="Kim", email="kim@x.example", number="0612345678", call=True),)
    with changing(database, vault, acting_user="test") as changes:
        meeting = Town(changes).meeting(guests=guests)
    assert list_rows(database, Meeting) == [meeting]


def test_a_meeting_goes_with_its_organiser_or_room(town: Town) -> None:
    first = town.meeting()
    town.changes.remove(town.room)
    assert town.maker._get("meetings", first.id) is None


# --- group calls -----------------------------------------------------------------------------------------------------


def test_members_are_people_numbers_and_other_groups(town: Town) -> None:
    group, inner = town.group("301"), town.group("302")
    for values in (
        {"extension": "201"},
        {"number": "0612345678"},
        {"extension": "302"},
        {"extension": "202", "code": "*80"},
    ):
        assert town.member(group, **values).id
    assert town.no_member(group, extension="800") == ["not_a_member"]
    assert town.no_member(group) == ["one_of"]
    assert town.no_member(group, extension="201", number="0612345678") == ["one_of"]
    assert town.no_member(group, extension="201") == ["taken"]
    assert town.member(inner, extension="201").id


def test_a_group_is_never_in_itself_by_whatever_way_round(town: Town) -> None:
    outer, middle, inner = town.group("301"), town.group("302"), town.group("303")
    town.member(outer, extension="302")
    town.member(middle, extension="303")
    assert town.no_member(outer, extension="301") == ["circle"]
    assert town.no_member(inner, extension="301") == ["circle"]


def test_a_group_has_twenty_members_at_most(town: Town) -> None:
    group = town.group("301")
    for number in range(20):
        town.member(group, number=f"06123456{number:02}")
    assert town.no_member(group, number="0699999999") == ["too_many"]


def test_a_member_follows_and_goes_with_the_extension(town: Town) -> None:
    group = town.group("301")
    member = town.member(group, extension="202")
    town.changes.update(msgspec.structs.replace(town.bob, extension="209"))
    assert town.maker._get("group_call_members", member.id).extension == "209"
    town.changes.remove(msgspec.structs.replace(town.bob, extension="209", version=2))
    assert town.maker._get("group_call_members", member.id) is None
