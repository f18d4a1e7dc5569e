"""Tests of a phone, codes completed by voice, speed dials, redial and call return (CALL-12, CALL-18, CALL-22)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from code_world import ANNA, BERT, CARLA, CodeWorld, Talk
from test_outside_lines import call_in

from kiestoon.calls.requests import Failed, FindLast, LastCall
from kiestoon.company.model import Number, ShortNumber, SpeedDial, User
from kiestoon.sip import events

OUT = "00701234567"
OUTSIDE = "+31701234567"


@pytest.fixture
def world() -> Iterator[CodeWorld]:
    town = CodeWorld("standard")
    yield town
    town.assert_nothing_left()


def shown_outside(world: CodeWorld) -> tuple[str, bool]:
    """The number called last over the line, and whether the caller was hidden."""
    invite = world.phones["provider 203.0.113.10"].last(events.InviteReceived).request
    return invite.target.user, "id" in (invite.get("Privacy") or "")


# --- tests -----------------------------------------------------------------------------------------------------------


def test_whoever_calls_the_echo_hears_himself_until_hash(world: CodeWorld) -> None:
    talk = world.call("9196")
    assert talk.hears == "nl/echo-begin"
    talk.finish()
    assert talk.hears == talk.phone.sends_to(talk.session)
    talk.key("12")
    assert talk.hears == talk.phone.sends_to(talk.session)
    talk.key("#")
    assert talk.listen() == ["nl/echo-end"]
    assert talk.over


def test_a_forgotten_echo_test_ends_by_itself(world: CodeWorld) -> None:
    talk = world.call("9196")
    talk.finish()
    talk.wait(121)
    assert talk.listen() == ["nl/echo-end"]
    assert talk.over


def test_the_clock_tells_day_and_time_and_ends(world: CodeWorld) -> None:
    talk = world.call("9197")
    assert talk.hears == "nl/date day=2026-03-02"
    talk.finish()
    for _ in range(3):
        assert talk.hears.startswith("nl/clock time=12:00:")
        talk.finish()
        talk.wait(6)
    assert talk.over


def test_the_own_number_is_told(world: CodeWorld) -> None:
    world.add(Number(id=0, company_id=1, e164="+31201234199", extension=ANNA))
    assert world.call("9198").listen() == [
        f"nl/own-extension extension={ANNA}", "nl/own-number number=+31201234101", "nl/own-number number=+31201234199",
    ]  # fmt: skip


def test_tests_work_on_a_phone_nobody_is_logged_in_on(world: CodeWorld) -> None:
    world.desk(ANNA)
    phone = world.exchange.directory.company(1).devices["anna-desk"]  # type: ignore[union-attr]
    world.change(type(phone), phone.id, user_id=None)
    assert world.call("9198").listen() == ["nl/own-nothing"]
    for code, told in (("9197", "nl/date day=2026-03-02"), ("9196", "nl/echo-begin")):
        talk = world.call(code)
        assert talk.hears == told
        talk.hang_up()


# --- a code for one call, alone --------------------------------------------------------------------------------------


def test_a_code_for_one_call_alone_asks_for_the_number_and_holds_for_that_call(world: CodeWorld) -> None:
    world.provider()
    talk = world.call("#31#")
    assert talk.hears == "nl/consult-ask"
    talk.key(f"{OUT}#")
    world.run(1)
    assert shown_outside(world) == (OUTSIDE, True)
    talk.hang_up()
    record = world.records[-1]
    assert (record.direction, record.outcome) == ("out", "answered")
    talk = world.call(OUT)
    assert shown_outside(world) == (OUTSIDE, False)
    talk.hang_up()


def test_two_codes_before_a_number_both_hold(world: CodeWorld) -> None:
    world.provider()
    talk = world.call("*80#31#")
    talk.key(f"{OUT}#")
    world.run(1)
    assert shown_outside(world) == (OUTSIDE, True)
    talk.hang_up()


def test_help_is_called_behind_a_code_that_asked(world: CodeWorld) -> None:
    world.provider()
    talk = world.call("#31#")
    talk.key("112#")
    world.run(1)
    assert shown_outside(world) == ("112", False)
    talk.hang_up()


@pytest.mark.parametrize(
    ("keyed", "told"),
    [("999", "nl/not-in-service"), ("009001234", "nl/not-allowed"), (BERT, "nl/unreachable")],
)
def test_a_number_that_cannot_be_called_is_said_so(world: CodeWorld, keyed: str, told: str) -> None:
    world.change(User, world.user(ANNA).id, blocked=("premium",))
    talk = world.call("#31#")
    talk.key(f"{keyed}#")
    assert talk.listen() == [told]
    assert talk.over


def test_somebody_who_is_busy_is_said_to_be(world: CodeWorld) -> None:
    world.desk(BERT).mode = "busy"
    talk = world.call("#31#")
    talk.key(f"{BERT}#")
    assert talk.listen() == ["nl/number-busy"]


def test_who_keys_no_number_is_asked_three_times(world: CodeWorld) -> None:
    talk = world.call("131#")
    for _ in range(3):
        talk.key("#")
        assert talk.hears == "nl/nothing-keyed"
        talk.finish()
    assert talk.listen() == ["nl/goodbye"]


# --- speed dials -----------------------------------------------------------------------------------------------------


def test_a_speed_dial_calls_as_if_the_number_were_dialled(world: CodeWorld) -> None:
    world.desk(BERT)
    world.add(SpeedDial(id=0, company_id=1, user_id=1, code="01", number=BERT))
    talk = world.call("#01")
    assert talk.phone.hears(talk.session) == {
        world.desk(BERT).sends_to(world.desk(BERT).last(events.InviteReceived).session)
    }
    talk.hang_up()
    assert world.records[-1].dialled == "#01"


def test_a_speed_dial_for_a_code_does_what_the_code_does(world: CodeWorld) -> None:
    world.add(SpeedDial(id=0, company_id=1, user_id=1, code="30", number="*31"))
    assert world.call("#30").listen()[0].startswith("nl/status-is")
    world.run(30)
    assert world.presence() is not None


def test_a_short_number_calls_from_every_phone(world: CodeWorld) -> None:
    world.provider()
    world.add(ShortNumber(id=0, company_id=1, code="*6123", number=OUT, name="Notary"))
    for person in (ANNA, BERT):
        talk = world.call("*6123", by=person)
        assert shown_outside(world) == (OUTSIDE, False)
        talk.hang_up()


def test_nothing_stored_is_said_so(world: CodeWorld) -> None:
    talk = world.call("#77")
    assert talk.listen() == ["nl/speed-dial-none code=77"]
    assert talk.over


def test_the_speed_dial_code_alone_asks_for_the_two_digits(world: CodeWorld) -> None:
    world.provider()
    world.add(SpeedDial(id=0, company_id=1, user_id=1, code="01", number=OUT))
    talk = world.call("#")
    assert talk.hears == "nl/speed-dial-ask"
    talk.key("7#")
    assert talk.listen() == ["nl/invalid-number", "nl/speed-dial-ask"]
    talk.key("01")
    world.run(1)
    assert shown_outside(world) == (OUTSIDE, False)
    talk.hang_up()
    talk = world.call("#")
    talk.key("02")
    assert talk.listen() == ["nl/speed-dial-none code=02"]
    assert talk.over


# --- the last number, the last caller --------------------------------------------------------------------------------


def hang_up_all(world: CodeWorld, *talks: Talk) -> None:
    for talk in talks:
        if not talk.over:
            talk.hang_up()
    world.run(3)


def rung(world: CodeWorld, extension: str, since: int) -> bool:
    return any(isinstance(event, events.InviteReceived) for event in world.desk(extension).events[since:])


def test_the_number_dialled_a_moment_ago_is_dialled_again(world: CodeWorld) -> None:
    world.desk(CARLA).mode = "busy"
    world.desk(BERT)
    hang_up_all(world, world.call(BERT), world.call(CARLA), world.call("9198"))
    since = len(world.desk(CARLA).events)
    hang_up_all(world, world.call("*66"))
    assert rung(world, CARLA, since)
    since = len(world.desk(CARLA).events)
    hang_up_all(world, world.call("*66"))  # a redial is itself what can be redialled
    assert rung(world, CARLA, since)


def test_whoever_called_a_moment_ago_is_called_back(world: CodeWorld) -> None:
    world.desk(ANNA).mode = "busy"
    hang_up_all(world, world.call(ANNA, by=BERT), world.call(CARLA))
    since = len(world.desk(BERT).events)
    hang_up_all(world, world.call("*69"))
    assert rung(world, BERT, since)


def test_a_caller_from_outside_is_called_back_over_the_line(world: CodeWorld) -> None:
    world.desk(ANNA)
    _, session = call_in(world, "+31201234101")
    world.run(1)
    session.bye(world.network.now)
    world.run(3)
    hang_up_all(world, world.call("*69"))
    assert shown_outside(world) == ("+31612345678", False)


def test_a_speed_dial_is_redialled_as_the_number_it_stood_for(world: CodeWorld) -> None:
    world.provider()
    row = world.add(SpeedDial(id=0, company_id=1, user_id=1, code="01", number=OUT))
    hang_up_all(world, world.call("#01"))
    world.remove(row)
    hang_up_all(world, world.call("*66"))
    assert shown_outside(world) == (OUTSIDE, False)
    assert sum(record.direction == "out" for record in world.records) == 2


@pytest.mark.parametrize(("code", "which"), [("*66", "dialled"), ("*69", "caller")])
def test_the_last_one_is_called_without_a_word(world: CodeWorld, code: str, which: str) -> None:
    carla = world.desk(CARLA)
    world.writing.register(FindLast, lambda _office, request: LastCall(CARLA) if request.which == which else None)
    talk = world.call(code)
    assert talk.phone.hears(talk.session) == {carla.sends_to(carla.last(events.InviteReceived).session)}
    talk.hang_up()
    assert world.records[-1].final_party == CARLA


@pytest.mark.parametrize("code", ["*66", "*69"])
def test_one_who_does_not_answer_is_shown_as_if_dialled(world: CodeWorld, code: str) -> None:
    world.desk(CARLA).mode = "busy"
    world.writing.register(FindLast, lambda *_: LastCall(CARLA))
    talk = world.call(code)
    assert talk.over
    assert world.records[-1].sip_status == 486


@pytest.mark.parametrize(
    ("code", "found", "told"),
    [
        ("*66", None, "nl/redial-none"),
        ("*69", None, "nl/return-none"),
        ("*69", LastCall(""), "nl/return-withheld"),
        ("*66", Failed("away"), "nl/not-possible-now"),
        ("*69", Failed("away"), "nl/not-possible-now"),
    ],
)
def test_where_there_is_nobody_to_call_the_caller_hears_why(
    world: CodeWorld, code: str, found: object, told: str
) -> None:
    world.writing.register(FindLast, lambda *_: found)
    assert world.call(code).listen() == [told]


def test_giving_up_while_the_number_is_looked_for_calls_nobody(world: CodeWorld) -> None:
    carla = world.desk(CARLA)
    world.writing.register(FindLast, lambda *_: LastCall(CARLA))
    world.writing.held = True
    talk = world.call("*66")
    talk.session.cancel(world.network.now)
    world.network.drain(talk.phone.node)
    world.run(1)
    world.writing.let_go()
    world.run(5)
    assert not any(isinstance(event, events.InviteReceived) for event in carla.events)
