"""PINs of conference rooms: who is let in as what, and guessing slowed down (CALL-13)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from kiestoon.calls.requests import CheckRoomPin, RoomPinChecked
from kiestoon.company.model import Company, ConferenceRoom, User
from kiestoon.store.database import Database
from kiestoon.store.errors import InvalidRowError
from kiestoon.store.keys import Vault
from kiestoon.store.phone_requests import pins
from kiestoon.store.room_pins import FREE, FREE_OUTSIDE, check_room_pin
from kiestoon.store.write import changing

MEMBER, ORGANISER, WRONG = "4711", "081547", "1234"
MINUTE, DAY = 60_000, 86_400_000


class Rooms:
    """A room with two PINs, and whoever keys one in."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database, self.vault = database, vault
        self.now_ms = 1_790_000_000_000
        with changing(database, vault, acting_user="test") as changes:
            self.company = changes.add(Company(id=0, name="Acme", domain="acme.example"))
            self.user = changes.add(User(id=0, company_id=self.company.id, extension="101", name="Ann"))
            self.room = changes.add(
                ConferenceRoom(
                    id=0, company_id=self.company.id, extension="800", name="Board", user_id=self.user.id, pin=MEMBER,
                    organiser_pin=ORGANISER,
                )
            )  # fmt: skip

    def verdict(self, pin: str, at: str = "101") -> str:
        return check_room_pin(
            self.database, self.company.id, self.room.id, pin, extension=at, now_ms=self.now_ms
        ).verdict

    def write(self, **values: Any) -> None:
        with changing(self.database, self.vault, acting_user="test") as changes:
            self.room = changes.update(msgspec.structs.replace(self.room, **values))


@pytest.fixture
def rooms(database: Database, vault: Vault) -> Rooms:
    return Rooms(database, vault)


def test_each_pin_lets_in_as_what_it_is_for(rooms: Rooms) -> None:
    assert [rooms.verdict(pin) for pin in (MEMBER, ORGANISER, WRONG)] == ["member", "organiser", "wrong"]


def test_the_service_gets_it_from_the_back_office(rooms: Rooms) -> None:
    office: Any = SimpleNamespace(database=rooms.database, vault=rooms.vault)
    asked = CheckRoomPin(rooms.company.id, rooms.room.id, MEMBER, "101")
    assert pins.check_room(office, asked) == RoomPinChecked("member")
    assert MEMBER not in repr(asked)
    assert MEMBER not in repr(rooms.room)


def test_another_companys_room_is_none(rooms: Rooms) -> None:
    found = check_room_pin(rooms.database, rooms.company.id + 1, rooms.room.id, MEMBER, extension="", now_ms=0)
    assert found.verdict == "wrong"


def test_no_pin_is_never_the_right_one(rooms: Rooms) -> None:
    rooms.write(pin="")
    assert rooms.verdict("") == "wrong"


@pytest.mark.parametrize(("at", "free"), [("101", FREE), ("", FREE_OUTSIDE)])
def test_after_too_many_wrong_ones_even_the_right_one_waits(rooms: Rooms, at: str, free: int) -> None:
    assert {rooms.verdict(WRONG, at) for _ in range(free)} == {"wrong"}
    assert rooms.verdict(MEMBER, at) == "wait"
    assert rooms.verdict(MEMBER, "102") == "member"
    rooms.now_ms += MINUTE
    assert rooms.verdict(WRONG, at) == "wrong"
    rooms.now_ms += MINUTE
    assert rooms.verdict(MEMBER, at) == "wait"
    rooms.now_ms += MINUTE
    assert rooms.verdict(MEMBER, at) == "member"
    assert rooms.verdict(WRONG, at) == "wrong"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"organiser_pin": MEMBER}, "same_pin"),
        ({"user_id": None, "organiser_pin": "", "wait_for_organiser": True}, "no_organiser"),
        ({"user_id": None, "organiser_pin": "", "ends_with_organiser": True}, "no_organiser"),
        ({"pin": "12"}, "wrong_form"),
        ({"pin": "1234"}, "pin_run"),
        ({"organiser_pin": "0000"}, "pin_repeated"),
        ({"most_members": 101}, "out_of_range"),
    ],
)
def test_rooms_that_cannot_be_are_refused(rooms: Rooms, values: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidRowError) as refused:
        rooms.write(**values)
    assert [each.code for each in refused.value.problems] == [code]


def test_a_room_outlives_its_owner(rooms: Rooms) -> None:
    with changing(rooms.database, rooms.vault, acting_user="test") as changes:
        changes.remove(rooms.user)
    assert rooms.verdict(MEMBER) == "member"
