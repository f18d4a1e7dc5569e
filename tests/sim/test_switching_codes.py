"""Do not disturb, withheld number, status and the forwarding menu by code (CALL-23, REACH-10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from code_world import ANNA, BERT, CARLA, ZONE, CodeWorld

from kiestoon.company.model import (
    Destination,
    FeatureCode,
    Forward,
    Location,
    Presence,
    ServiceAssignment,
    StatusForward,
    User,
)


@pytest.fixture
def world() -> Iterator[CodeWorld]:
    town = CodeWorld()
    yield town
    town.assert_nothing_left()


@pytest.fixture
def standard() -> Iterator[CodeWorld]:
    town = CodeWorld("standard")
    yield town
    town.assert_nothing_left()


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


# --- on and off ------------------------------------------------------------------------------------------------------


def test_do_not_disturb_is_switched_confirmed_and_in_force(world: CodeWorld) -> None:
    assert world.call("*78").listen() == ["nl/dnd-on"]
    assert world.user(ANNA).do_not_disturb
    assert world.outcome_of_call(ANNA, BERT) == "refused 486"
    assert world.call("*79").listen() == ["nl/dnd-off"]
    assert world.outcome_of_call(ANNA, BERT) == f"answered by {ANNA}"
    assert set(world.trail()) == {("Anna (phone)", "users")}


@pytest.mark.parametrize("on", [True, False])
def test_do_not_disturb_is_asked_by_either_code(world: CodeWorld, on: bool) -> None:
    world.change(User, world.user(ANNA).id, do_not_disturb=on)
    for code in ("*78*", "*79*"):
        assert world.call(code).listen() == ["nl/dnd-on" if on else "nl/dnd-off"]
    assert world.writing.asked == []


def test_the_number_is_withheld_from_everybody_where_an_administrator_has_given_that_a_code(world: CodeWorld) -> None:
    for code, feature in (("*01", "caller_id_hide_on"), ("*02", "caller_id_hide_off")):
        world.add(FeatureCode(id=0, company_id=1, feature=feature, code=code))
    assert world.call("*01").listen() == ["nl/caller-id-hidden"]
    assert world.user(ANNA).hide_number
    assert world.call("*02*").listen() == ["nl/caller-id-hidden"]
    assert world.call("*02").listen() == ["nl/caller-id-shown"]
    assert not world.user(ANNA).hide_number


@pytest.mark.parametrize("code", ["*78", "*79"])
def test_what_cannot_be_written_is_said_and_changes_nothing(world: CodeWorld, code: str) -> None:
    world.writing.broken = True
    assert world.call(code).listen() == ["nl/not-possible-now"]
    assert world.trail() == []


# --- status ----------------------------------------------------------------------------------------------------------

AWAY = "nl/status-is status=Phrase(key='status-away', params={})"
AVAILABLE = "nl/status-is status=Phrase(key='status-available', params={})"
QUESTION = "nl/status-ask-return"


def test_away_holds_at_once_and_the_caller_may_hang_up_when_asked_until_when(standard: CodeWorld) -> None:
    world = standard
    talk = world.call("*31")
    assert talk.listen() == [AWAY, QUESTION]
    talk.hang_up()
    row = world.presence()
    assert row is not None
    assert (row.status, row.until_ms) == ("out_of_office", 0)
    assert world.call("*30").listen() == [AVAILABLE]
    assert (world.presence() or row).status == "office"
    assert world.trail() == [("Anna (phone)", "presences")] * 2


def test_a_hash_leaves_the_end_open(standard: CodeWorld) -> None:
    talk = standard.call("*31")
    talk.finish()
    assert talk.hears == QUESTION
    talk.key("#")
    assert talk.over
    assert (standard.presence() or Presence(id=0, company_id=1, user_id=1)).until_ms == 0


@pytest.mark.parametrize("dialled", ["*31", "*311430", "*319999"])
def test_a_time_of_return_ends_the_absence(standard: CodeWorld, dialled: str) -> None:
    world = standard
    talk = world.call(dialled)
    if dialled == "*31":
        talk.finish()
        talk.key("1430")
    if dialled == "*319999":
        assert talk.listen() == [AWAY, "nl/status-wrong-time", QUESTION]
        talk.key("1430")
    assert talk.hears.startswith("nl/status-is-until status=Phrase(key='status-away'")
    assert "2026, 3, 2, 14, 30" in talk.hears
    talk.finish()
    assert talk.over
    row = world.presence()
    assert row is not None
    assert (row.status, row.until_ms) == ("out_of_office", ms("2026-03-02T14:30"))


def test_a_time_that_has_passed_today_is_tomorrows(standard: CodeWorld) -> None:
    standard.call("*310830").listen()
    assert (standard.presence() or Presence(id=0, company_id=1, user_id=1)).until_ms == ms("2026-03-03T08:30")


def test_the_time_is_read_on_the_clock_of_the_persons_place(standard: CodeWorld) -> None:
    riga = standard.add(Location(id=0, company_id=1, name="Riga", timezone="Europe/Riga"))
    standard.change(User, standard.user(ANNA).id, location_id=riga.id)
    standard.call("*311430").listen()
    assert (standard.presence() or Presence(id=0, company_id=1, user_id=1)).until_ms == ms("2026-03-02T13:30")


def test_three_wrong_times_leave_the_end_open(standard: CodeWorld) -> None:
    talk = standard.call("*31")
    talk.finish()
    for _ in range(3):
        assert talk.hears == QUESTION
        talk.key("2560")
        assert talk.hears == "nl/status-wrong-time"
        talk.finish()
    assert talk.over
    assert (standard.presence() or Presence(id=0, company_id=1, user_id=1)).status == "out_of_office"


def test_calls_go_as_the_status_says_until_it_is_over(standard: CodeWorld) -> None:
    world = standard
    world.add(StatusForward(id=0, company_id=1, user_id=world.user(ANNA).id, status="out_of_office",
                            to=Destination("extension", CARLA)))  # fmt: skip
    world.desk(CARLA)
    world.call("*311201").listen()
    assert world.outcome_of_call(ANNA, BERT) == f"answered by {CARLA}"
    world.run(60)
    assert world.outcome_of_call(ANNA, BERT) == f"answered by {ANNA}"


@pytest.mark.parametrize(
    ("status", "until", "told"),
    [
        ("office", 0, "status-available"),
        ("meeting", 0, "status-meeting"),
        ("do_not_disturb", 0, "status-do-not-disturb"),
        ("sick", 3_600_000, "status-sick"),
        ("sick", -3_600_000, "status-available"),
    ],
)
@pytest.mark.parametrize("code", ["*30*", "*31*"])
def test_the_status_is_asked_by_either_code(standard: CodeWorld, code: str, status: str, until: int, told: str) -> None:
    until_ms = until and int(standard.network.now * 1000) + until
    row = Presence(id=0, company_id=1, user_id=1, status=status, until_ms=until_ms)  # type: ignore[arg-type]
    standard.add(row)
    (heard,) = standard.call(code).listen()
    assert f"key='{told}'" in heard
    assert heard.startswith("nl/status-is-until" if until > 0 else "nl/status-is ")
    assert standard.writing.asked == []


def test_an_earlier_absence_leaves_nothing_behind(standard: CodeWorld) -> None:
    standard.add(Presence(id=0, company_id=1, user_id=1, status="sick", return_ms=5, note="Flu"))
    standard.call("*31").hang_up()
    row = standard.presence()
    assert row is not None
    assert (row.status, row.return_ms, row.note) == ("out_of_office", 0, "")


@pytest.mark.parametrize("code", ["*30", "*31", "*311430"])
def test_a_status_that_cannot_be_written_is_not_set(standard: CodeWorld, code: str) -> None:
    standard.writing.broken = True
    assert standard.call(code).listen() == ["nl/not-possible-now"]
    assert standard.presence() is None


# --- the forwarding menu ---------------------------------------------------------------------------------------------

MENU = "nl/forward-menu"
CHANGE = "nl/forward-menu-change"


@pytest.mark.parametrize(("key", "case"), [("1", "always"), ("2", "busy"), ("3", "no_answer"), ("4", "unreachable")])
def test_the_menu_tells_and_sets_every_case(standard: CodeWorld, key: str, case: str) -> None:
    spoken = f"nl/forward-{case.replace('_', '-')}"
    talk = standard.call("910")
    assert talk.hears == MENU
    talk.key(key)
    assert talk.listen() == [f"{spoken}-off", CHANGE]
    talk.key("1")
    assert talk.hears == "nl/forward-ask-number"
    talk.key(f"{CARLA}#")
    assert standard.forwards() == {case: ("extension", CARLA)}
    told = talk.listen()
    assert (told[0], told[-1]) == (f"{spoken}-to to={CARLA}", MENU)
    for wish, kind in (("2", "voicemail"), ("3", "off")):
        talk.key(key)
        assert talk.listen()[-1] == CHANGE
        talk.key(wish)
        assert standard.forwards() == ({case: ("voicemail", "")} if kind == "voicemail" else {})
        assert talk.listen()[0] == f"{spoken}-{kind}"
    talk.hang_up()


def test_all_forwarding_is_stopped_by_one_key_but_not_that_by_rules(standard: CodeWorld) -> None:
    for case in ("always", "busy", "no_answer", "unreachable", "selective"):
        standard.add(Forward(id=0, company_id=1, extension=ANNA, case=case,  # type: ignore[arg-type]
                             to=Destination("extension", CARLA)))  # fmt: skip
    talk = standard.call("910")
    talk.key("0")
    assert talk.listen() == ["nl/forward-all-off", MENU]
    assert list(standard.forwards()) == ["selective"]
    talk.hang_up()


def test_star_goes_back_and_wrong_keys_are_said_so(standard: CodeWorld) -> None:
    talk = standard.call("910")
    talk.key("1")
    talk.finish()
    assert talk.hears == CHANGE
    talk.key("*")
    assert talk.hears == MENU
    talk.key("7")
    assert talk.listen() == ["nl/invalid-choice", MENU]
    talk.key("2")
    talk.finish()
    talk.key("9")
    assert talk.listen() == ["nl/invalid-choice", MENU]
    talk.hang_up()
    assert standard.writing.asked == []


def test_whoever_presses_nothing_is_let_go(standard: CodeWorld) -> None:
    talk = standard.call("910")
    for _ in range(3):
        assert talk.hears == MENU
        talk.finish()
        talk.wait(9)
    assert talk.listen() == ["nl/goodbye"]
    assert talk.over


def test_the_menu_goes_on_when_something_cannot_be_written(standard: CodeWorld) -> None:
    talk = standard.call("910")
    standard.writing.broken = True
    talk.key("0")
    assert talk.listen() == ["nl/not-possible-now", MENU]
    talk.hang_up()
    assert standard.forwards() == {}


# --- services somebody does not have ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "code"),
    [("forwarding", f"*72{CARLA}"), ("forwarding", f"*90{CARLA}"), ("voicemail", "*21"), ("do_not_disturb", "*78")],
)
def test_a_service_that_is_not_assigned_is_said_so(world: CodeWorld, service: str, code: str) -> None:
    world.add(ServiceAssignment(id=0, company_id=1, extension=ANNA, service=service, assigned=False))
    assert world.call(code).listen() == ["nl/service-not-available"]
    assert world.trail() == []


def test_what_is_set_but_not_assigned_is_told_as_off(world: CodeWorld) -> None:
    world.change(User, world.user(ANNA).id, do_not_disturb=True)
    world.add(ServiceAssignment(id=0, company_id=1, extension=ANNA, service="do_not_disturb", assigned=False))
    assert world.call("*78*").listen() == ["nl/dnd-off"]
    assert world.outcome_of_call(ANNA, BERT) == f"answered by {ANNA}"
    assert world.call("*79").listen() == ["nl/dnd-off"]
