"""A company with conference rooms, and people who go in."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from test_keys_in_calls import press
from test_outside_lines import call_in
from test_parking_and_pickup import with_codes
from world import DeskPhone, World

from kiestoon.calls import rooms
from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.calls.requests import CheckRoomPin, RoomPinChecked
from kiestoon.company.model import ConferenceRoom, Number
from kiestoon.sip.session import Session

ROOM = "800"
PIN, ORGANISER_PIN = "4711", "081547"


def room_row(**values: Any) -> ConferenceRoom:
    return ConferenceRoom(id=5, company_id=1, **{"extension": ROOM, "name": "Monday", **values})


class RoomWorld(World):
    """Three colleagues, and a room by internal and outside number. Wrong PINs are counted by nobody but the room."""

    def __init__(self, row: ConferenceRoom | None = None, **rows: Any) -> None:
        self.row = row or room_row()
        sample = with_codes(conference_rooms=(self.row,), **rows)
        number = Number(id=8, company_id=1, e164="+31201234568", extension=self.row.extension)
        super().__init__(rows=replace(sample, numbers=(*sample.numbers, number)))
        self.office.handlers[CheckRoomPin] = self._checked
        self.wait = False

    def _checked(self, request: CheckRoomPin) -> RoomPinChecked:
        if self.wait:
            return RoomPinChecked("wait")
        if request.pin == self.row.organiser_pin:
            return RoomPinChecked("organiser")
        return RoomPinChecked("member" if request.pin == self.row.pin else "wrong")

    def three(self) -> tuple[DeskPhone, DeskPhone, DeskPhone]:
        anna, bert, carla = (self.phone(name, f"192.0.2.{n}") for n, name in enumerate(("anna", "bert", "carla"), 1))
        return anna, bert, carla

    def hear_out(self) -> None:
        """Everybody listens to what the exchange has to say."""
        for _ in range(8):
            self.finish_prompts()
            self.run(0.1)

    def go_in(self, phone: DeskPhone, keys: str = "") -> Session:
        session = phone.dial(self.row.extension)
        self.run(0.5)
        if keys:
            press(self, phone, session, keys, wait_s=0.3)
        self.hear_out()
        return session

    def come_from_outside(self, keys: str = "") -> tuple[Any, Session]:
        provider, session = call_in(self, "+31201234568")
        self.run(0.5)
        if keys:
            press(self, provider, session, keys, wait_s=0.3)
        self.hear_out()
        return provider, session

    def room(self) -> Call:
        call = rooms.live(self.exchange, 1, self.row.id)
        assert call is not None, self.network.ladder()
        return call

    def member(self, number: str) -> Leg:
        call = self.room()
        return next(leg for leg in map(call.legs.__getitem__, call.bridge or ()) if leg.party.number == number)

    def star(self, phone: DeskPhone, session: Session, keys: str) -> None:
        press(self, phone, session, f"*{keys}", wait_s=0.3)

    def besides(self, phone: DeskPhone, session: Session) -> list[str]:
        """What a phone has heard on top of the conversation."""
        termination = self.media.at(int(phone.sends_to(session)))
        assert termination is not None
        return termination.heard_besides
