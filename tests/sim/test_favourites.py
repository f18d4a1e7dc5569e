"""How lines stand for somebody who has them among the favourites (UC-4, U 4.2.2)."""

from __future__ import annotations

from typing import Any

import msgspec
from lamp_world import LampWorld
from test_call_orders import do
from test_lamp_kinds import grouped
from test_lamps import company, granted, replaced
from test_outside_lines import call_in

from kiestoon.app.line_view import LineView
from kiestoon.company.model import CompanyRows, Presence, Queue
from kiestoon.sip import events

CARLA = 3


class Screen:
    """Carla's, while Anna and Bert telephone."""

    def __init__(self, rows: CompanyRows | None = None) -> None:
        self.world = LampWorld(rows=rows or grouped())
        self.anna, self.bert = self.world.phone("anna", "192.0.2.1"), self.world.phone("bert", "192.0.2.2")
        self.bert.mode = "ring"

    def sees(self, extension: str) -> dict[str, Any]:
        """All that is told of one extension."""
        view = LineView(self.world.exchange, self.world.lamps)
        found: dict[str, Any] = view.lines(company_id=1, user_id=CARLA, extensions=[extension])[extension]
        return found

    def line(self, extension: str) -> tuple[str, bool | None]:
        """State, and whether the other side is outside."""
        line = self.sees(extension)["line"]
        return line["state"], line["outside"]

    def take(self, extension: str) -> dict[str, str] | None:
        found: dict[str, str] | None = self.sees(extension)["line"]["take"]
        return found


def test_lines_of_colleagues_who_speak_with_each_other() -> None:
    screen = Screen()
    assert (screen.line("101"), screen.line("102")) == (("idle", None), ("idle", None))
    session = screen.anna.dial("102")
    screen.world.run()
    assert (screen.line("101"), screen.line("102")) == (("dialling", False), ("ringing", False))
    screen.bert.answer_waiting()
    screen.world.run()
    assert (screen.line("101"), screen.line("102")) == (("busy", False), ("busy", False))
    session.bye(screen.world.network.now)
    screen.world.run()
    assert screen.line("102") == ("idle", None)


def test_lines_of_colleagues_who_speak_outside() -> None:
    screen = Screen()
    screen.world.provider().mode = "ring"
    screen.anna.dial("00205550101")
    _, coming = call_in(screen.world, "+31201234562")
    screen.world.run()
    assert (screen.line("101"), screen.line("102")) == (("dialling", True), ("ringing", True))
    screen.bert.answer_waiting()
    screen.world.run()
    assert screen.line("102") == ("busy", True)
    assert coming is not None


def test_a_second_call_that_rings_matters_more_than_the_first() -> None:
    screen = Screen(granted(grouped(), pickup=True))
    screen.anna.dial("102")
    screen.world.run()
    screen.bert.answer_waiting()
    screen.world.run()
    assert screen.take("102") is None
    call_in(screen.world, "+31201234562")
    screen.world.run()
    assert screen.line("102") == ("ringing", True)
    assert screen.take("102") is not None


def test_a_ringing_call_is_taken_by_who_may_and_nothing_tells_who_calls_before() -> None:
    screen = Screen(granted(grouped(), pickup=True))
    carla = screen.world.phone("carla", "192.0.2.3")
    provider, coming = call_in(screen.world, "+31201234562")
    screen.world.run()
    assert "+3161" not in repr(screen.sees("102"))
    take = screen.take("102")
    assert take is not None
    answer = do(screen.world, "take", take["call_id"], CARLA, leg=int(take["leg"]), device_id=0, automatic=True)
    assert answer == {}
    own = carla.last(events.InviteReceived).session
    assert carla.hears(own) == {provider.sends_to(coming)}
    assert screen.line("102") == ("idle", None)
    assert do(screen.world, "take", take["call_id"], CARLA, leg=int(take["leg"]))["failed"]["status"] == 404
    coming.bye(screen.world.network.now)
    screen.world.assert_nothing_left()


def test_without_the_right_nothing_can_be_taken() -> None:
    screen = Screen()
    screen.anna.dial("102")
    screen.world.run()
    assert (screen.line("102"), screen.take("102")) == (("ringing", False), None)


def test_groups_ring_too_and_members_may_take_their_calls() -> None:
    screen = Screen()
    screen.anna.dial("310")
    screen.world.run()
    assert screen.line("310") == ("ringing", False)
    assert screen.take("310") is not None
    assert screen.sees("310")["presence"] is None


def test_what_somebody_hides_is_not_shown_presence_and_services_are() -> None:
    rows = replaced(grouped(), 2, hide_line=True, do_not_disturb=True)
    lunch = Presence(id=1, company_id=1, user_id=2, status="lunch", note="Back with cake")
    screen = Screen(msgspec.structs.replace(rows, presences=(lunch,)))
    screen.anna.dial("102")
    screen.world.run()
    seen = screen.sees("102")
    assert (seen["line"], seen["reachable"]) == (None, None)
    assert seen["presence"] == {"status": "lunch", "note": "Back with cake", "back": ""}
    assert (seen["do_not_disturb"], seen["forwarded"]) == (True, False)


def test_in_a_company_that_grants_rights_one_by_one_others_see_nothing() -> None:
    screen = Screen(company(grouped(), lamp_rights="granted"))
    screen.anna.dial("102")
    screen.world.run()
    seen = screen.sees("102")
    assert {name: value for name, value in seen.items() if value is not None} == {"user_id": 2, "name": "User 2"}


def test_whose_call_waits_in_a_queue_is_spoken_for() -> None:
    screen = Screen(grouped(queues=(Queue(id=1, company_id=1, extension="320", name="Service desk"),)))
    assert screen.line("320") == ("idle", None)
    screen.anna.dial("320")
    screen.world.run()
    assert screen.line("320") == ("busy", False)


def test_what_is_not_there_and_other_companies_are_left_out() -> None:
    screen = Screen()
    view = LineView(screen.world.exchange, screen.world.lamps)
    assert view.lines(company_id=1, user_id=CARLA, extensions=["999"]) == {}
    assert view.lines(company_id=2, user_id=CARLA, extensions=["102"]) == {}
    assert view.lines(company_id=1, user_id=99, extensions=["102"]) == {}
