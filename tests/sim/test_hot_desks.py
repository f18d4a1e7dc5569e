"""Hot desks by telephone: log in, log out, who is here, another PIN; who is bound to a phone is not touched (DEV-3)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from code_world import ANNA, BERT
from desk_world import (
    ASK_EXTENSION,
    ASK_PIN,
    CHANGE_PIN,
    DORA,
    EVA,
    IN,
    OTHER_PIN,
    OUT,
    PIN,
    STATUS,
    VOICEMAIL,
    DeskWorld,
)
from world import PROVIDER, DeskPhone

from kiestoon.company.model import Device, ServiceAssignment, User, VoicemailBox
from kiestoon.sip import events

LOGGED_IN = ["nl/desk-logged-in name=Dora"]
LOGGED_OUT = ["nl/desk-logged-out name=Dora"]


@pytest.fixture
def world() -> Iterator[DeskWorld]:
    town = DeskWorld()
    town.free("flex-desk")
    yield town
    town.assert_nothing_left()


def rings(world: DeskWorld, number: str, *names: str) -> list[str]:
    """Which of these phones ring when Bert calls."""
    phones = [world.phones[name] for name in names]
    before = {phone.name: len(phone.events) for phone in phones}
    session = world.desk(BERT).dial(number)
    world.run(1)
    rung = [
        phone.name
        for phone in phones
        if any(isinstance(event, events.InviteReceived) for event in phone.events[before[phone.name] :])
    ]
    (session.bye if session.state == "confirmed" else session.cancel)(world.network.now)
    world.run(2)
    return rung


def seen_as(phone: DeskPhone) -> str:
    """Number and name the latest caller is shown with."""
    request = phone.last(events.InviteReceived).request
    return f"{request.from_.uri.user} {request.from_.display}"


# --- logging in ------------------------------------------------------------------------------------------------------


def test_who_logs_in_has_the_phone_from_the_next_call_on(world: DeskWorld) -> None:
    assert rings(world, DORA, "flex-desk") == []
    talk = world.dial_from("flex-desk", IN)
    assert talk.hears == ASK_EXTENSION
    talk.key("104#")
    assert talk.hears == ASK_PIN
    talk.key(f"{PIN}#")
    assert talk.listen() == LOGGED_IN
    assert world.on("flex-desk") == "Dora"
    assert rings(world, DORA, "flex-desk") == ["flex-desk"]
    session = world.phones["flex-desk"].dial(BERT)
    world.run(1)
    assert seen_as(world.desk(BERT)) == "104 Dora"
    assert world.trail() == [("Dora (phone)", "devices")]
    session.bye(world.network.now)
    world.run(1)


def test_the_hash_after_the_extension_may_be_left_out(world: DeskWorld) -> None:
    talk = world.dial_from("flex-desk", IN)
    talk.key("104")
    world.run(6)
    assert talk.hears == ASK_PIN
    talk.key(f"{PIN}#")
    assert talk.listen() == LOGGED_IN


def test_a_login_outlives_a_crash_of_the_exchange(world: DeskWorld) -> None:
    world.log_in("flex-desk")
    world.restart()
    assert rings(world, DORA, "flex-desk") == ["flex-desk"]
    assert world.says("flex-desk", STATUS) == ["nl/desk-is name=Dora extension=104"]


def test_whoever_comes_next_takes_the_desk_over(world: DeskWorld) -> None:
    world.log_in("flex-desk")
    assert world.log_in("flex-desk", EVA) == ["nl/desk-logged-in name=Eva"]
    assert world.on("flex-desk") == "Eva"
    assert rings(world, DORA, "flex-desk") == []


def test_everything_is_said_in_the_language_of_the_phone(world: DeskWorld) -> None:
    world.free("london-desk", language="en")
    assert world.dial_from("london-desk", STATUS).listen() == ["en/desk-nobody"]
    talk = world.dial_from("london-desk", IN)
    assert talk.hears == "en/desk-ask-extension"
    talk.key(f"104#{PIN}#")
    assert talk.listen() == ["en/desk-logged-in name=Dora"]


# --- PINs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("extension", "pin"), [(DORA, "000000"), ("199", PIN), (DORA, "")])
def test_a_wrong_pin_and_a_wrong_extension_sound_alike(world: DeskWorld, extension: str, pin: str) -> None:
    talk = world.dial_from("flex-desk", IN)
    talk.key(f"{extension}#{pin}#")
    assert talk.hears == "nl/desk-wrong"
    talk.finish()
    assert talk.hears == ASK_EXTENSION
    talk.key(f"104#{PIN}#")
    assert talk.listen() == LOGGED_IN


def test_guessing_at_a_desk_is_locked_there_and_nowhere_else(world: DeskWorld) -> None:
    world.free("next-desk")
    talk = world.dial_from("flex-desk", IN)
    for _ in range(3):
        talk.key("104#000000#")
        assert talk.hears == "nl/desk-wrong"
        talk.finish()
    world.run(1)
    assert talk.over
    assert world.log_in("flex-desk") == ["nl/desk-locked"]
    assert world.on("flex-desk") == ""
    assert world.log_in("next-desk") == LOGGED_IN


def test_a_first_pin_is_changed_before_anything_else(world: DeskWorld) -> None:
    world.give_pin(DORA, must_change=True)
    talk = world.dial_from("flex-desk", IN)
    talk.key(f"104#{PIN}#")
    assert talk.hears == "nl/pin-must-change"
    talk.finish()
    assert talk.hears == "nl/pin-ask-new"
    talk.key(f"{OTHER_PIN}#")
    assert talk.hears == "nl/pin-repeat"
    talk.key(f"{OTHER_PIN}#")
    assert talk.listen() == ["nl/pin-changed", *LOGGED_IN]
    assert world.trail() == [("Dora (phone)", "users"), ("Dora (phone)", "devices")]


def test_who_does_not_change_the_first_pin_is_not_logged_in(world: DeskWorld) -> None:
    world.give_pin(DORA, must_change=True)
    talk = world.dial_from("flex-desk", IN)
    talk.key(f"104#{PIN}#")
    talk.finish()
    talk.key("111111#111111#")
    assert talk.hears == "nl/pin-all-alike"
    talk.finish()
    talk.key("1234#1234#")
    assert talk.hears == "nl/pin-length least=6 most=12"
    talk.finish()
    talk.key(f"{OTHER_PIN}#{PIN}#")
    assert talk.listen() == ["nl/pin-differs"]
    assert world.on("flex-desk") == ""


def test_the_own_pin_is_changed_on_the_phone(world: DeskWorld) -> None:
    world.log_in("flex-desk")
    talk = world.dial_from("flex-desk", CHANGE_PIN)
    assert talk.hears == "nl/pin-ask-current"
    talk.key("000000#")
    assert talk.hears == "nl/pin-wrong"
    talk.finish()
    talk.key(f"{PIN}#{OTHER_PIN}#{OTHER_PIN}#")
    assert talk.listen() == ["nl/pin-changed"]
    assert world.says("flex-desk", OUT, f"{OTHER_PIN}#") == LOGGED_OUT


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        (PIN, "pin-used-lately"), ("777777", "pin-all-alike"), ("123498", "pin-in-sequence most=3"),
        ("58204*", "pin-digits-only"), ("7193561234560", "pin-length least=6 most=12"),
    ],
)  # fmt: skip
def test_why_a_pin_is_refused_is_told(world: DeskWorld, chosen: str, why: str) -> None:
    world.log_in("flex-desk")
    talk = world.dial_from("flex-desk", CHANGE_PIN)
    talk.key(f"{PIN}#{chosen}#{chosen}#")
    assert talk.listen() == [f"nl/{why}", "nl/pin-ask-new"]
    talk.key(f"{OTHER_PIN}#{OTHER_PIN}#")
    assert talk.listen() == ["nl/pin-changed"]


def test_a_first_pin_is_changed_before_the_voicemail_is_heard(world: DeskWorld) -> None:
    world.add(VoicemailBox(id=0, company_id=1, extension=DORA))
    world.give_pin(DORA, must_change=True)
    talk = world.dial_from("flex-desk", VOICEMAIL)
    assert talk.hears == "nl/voicemail-ask-box"
    talk.key(f"104#{PIN}#")
    assert talk.hears == "nl/pin-must-change"
    talk.finish()
    talk.key(f"{OTHER_PIN}#{OTHER_PIN}#")
    assert talk.listen() == ["nl/pin-changed", "nl/voicemail-empty"]
    assert world.trail() == [("Dora (phone)", "users")]
    talk = world.dial_from("flex-desk", VOICEMAIL)
    talk.key(f"104#{OTHER_PIN}#")
    assert talk.listen() == ["nl/voicemail-empty"]


def test_whoever_hangs_up_before_the_new_pin_keeps_the_first_one(world: DeskWorld) -> None:
    world.give_pin(DORA, must_change=True)
    talk = world.dial_from("flex-desk", IN)
    talk.key(f"104#{PIN}#")
    talk.finish()
    talk.key(f"{OTHER_PIN}#")
    talk.hang_up()
    assert world.trail() == []
    talk = world.dial_from("flex-desk", IN)
    talk.key(f"104#{PIN}#")
    assert talk.hears == "nl/pin-must-change"
    talk.hang_up()


def test_who_has_no_pin_is_told_so(world: DeskWorld) -> None:
    world.add(User(id=0, company_id=1, extension="106", name="Fred"))
    assert world.log_in("flex-desk", "106") == ["nl/pin-none"]


# --- logging out, and who is there -----------------------------------------------------------------------------------


def test_logging_out_asks_for_the_pin_and_frees_the_desk(world: DeskWorld) -> None:
    world.log_in("flex-desk")
    talk = world.dial_from("flex-desk", OUT)
    assert talk.hears == ASK_PIN
    talk.key("000000#")
    assert talk.hears == "nl/pin-wrong"
    talk.finish()
    talk.key(f"{PIN}#")
    assert talk.listen() == LOGGED_OUT
    assert world.on("flex-desk") == ""
    assert rings(world, DORA, "flex-desk") == []
    assert world.says("flex-desk", OUT) == ["nl/desk-nobody"]


def test_a_free_phone_reaches_codes_of_its_own_and_emergency_numbers_only(world: DeskWorld) -> None:
    provider = world.provider()
    world.desk(BERT)
    for number in (BERT, "00612345678"):
        talk = world.dial_from("flex-desk", number)
        assert talk.hears == "nl/log-in-first", number
        talk.listen()
        world.run(1)
        assert talk.over
        assert world.records[-1].sip_status == 403
    assert world.says("flex-desk", STATUS) == ["nl/desk-nobody"]
    world.phones["flex-desk"].dial("112")
    world.run(2)
    assert provider.last(events.InviteReceived).request.target.user == "112"
    provider.last(events.InviteReceived).session.bye(world.network.now)
    world.run(2)


def test_a_call_under_way_stays_when_its_phone_gets_another_user(world: DeskWorld) -> None:
    world.set_desk("flex-desk", call_limit=3)
    world.log_in("flex-desk")
    bert = world.desk(BERT)
    desk = world.phones["flex-desk"]
    call = desk.dial(BERT)
    world.run(1)
    desk.hold(call)
    desk.direction = "sendrecv"  # of the calls that follow
    world.run(1)
    assert world.log_in("flex-desk", EVA) == ["nl/desk-logged-in name=Eva"]
    assert world.says("flex-desk", OUT, f"{PIN}#") == ["nl/desk-logged-out name=Eva"]
    desk.resume(call)
    world.run(1)
    assert call.state == "confirmed"
    assert bert.hears(bert.last(events.InviteReceived).session) == {desk.sends_to(call)}
    call.bye(world.network.now)
    world.run(1)


def test_a_call_that_rings_is_answered_where_it_rings_whoever_logs_out_there_meanwhile(world: DeskWorld) -> None:
    world.log_in("flex-desk")
    desk, bert = world.phones["flex-desk"], world.desk(BERT)
    desk.mode = "ring"
    call = bert.dial(DORA)
    world.run(1)
    world.set_desk("flex-desk", logged_in_user_id=None)
    desk.answer_waiting()
    world.run(1)
    assert call.state == "confirmed"
    call.bye(world.network.now)
    world.run(1)
    assert world.records[-1].final_party == DORA
    assert rings(world, DORA, "flex-desk") == []


def test_a_crash_in_the_middle_of_it_logs_nobody_in(world: DeskWorld) -> None:
    talk = world.dial_from("flex-desk", IN)
    talk.key("104#")
    world.restart()
    world.run(2)
    assert talk.over
    assert world.on("flex-desk") == ""
    assert world.log_in("flex-desk") == LOGGED_IN


def test_a_desk_that_is_gone_meanwhile_logs_nobody_in(world: DeskWorld) -> None:
    talk = world.dial_from("flex-desk", IN)
    talk.key("104#")
    world.remove(world.device("flex-desk"))
    talk.key(f"{PIN}#")
    assert talk.listen() == ["nl/not-possible-now"]


def test_when_nothing_can_be_written_nobody_is_logged_in_and_everybody_is_told(world: DeskWorld) -> None:
    world.writing.broken = True
    assert world.log_in("flex-desk") == ["nl/not-possible-now"]
    assert world.on("flex-desk") == ""


def test_who_does_not_have_hot_desking_is_told_so(world: DeskWorld) -> None:
    world.add(ServiceAssignment(id=0, company_id=1, extension=DORA, service="hot_desking", assigned=False))
    assert world.log_in("flex-desk") == ["nl/service-not-available"]
    assert world.on("flex-desk") == ""


# --- bound by an administrator ---------------------------------------------------------------------------------------


def test_on_a_bound_phone_nobody_logs_in_or_out(world: DeskWorld) -> None:
    world.desk(ANNA)
    assert world.says("anna-desk", IN) == ["nl/desk-bound"]
    assert world.says("anna-desk", OUT) == ["nl/desk-bound"]
    assert world.says("anna-desk", STATUS) == ["nl/desk-is name=Anna extension=101"]
    assert world.on("anna-desk") == "Anna"


def test_who_is_bound_to_a_phone_is_not_logged_in_on_another(world: DeskWorld) -> None:
    assert world.log_in("flex-desk", ANNA) == ["nl/desk-bound-user"]


def test_an_administrator_binds_and_frees_a_desk(world: DeskWorld) -> None:
    world.set_desk("flex-desk", user_id=world.user(DORA).id)
    assert world.log_in("flex-desk", EVA) == ["nl/desk-bound"]
    world.set_desk("flex-desk", user_id=None)
    assert world.log_in("flex-desk", EVA) == ["nl/desk-logged-in name=Eva"]
    world.set_desk("flex-desk", logged_in_user_id=None)
    assert world.says("flex-desk", STATUS) == ["nl/desk-nobody"]


def test_a_phone_of_somebody_that_others_may_use_goes_back_to_its_owner(world: DeskWorld) -> None:
    """Automatic login (E 6.4.1): whenever nobody else is on it."""
    world.set_desk("flex-desk", user_id=world.user(DORA).id, hot_desk=True)
    assert rings(world, DORA, "flex-desk") == ["flex-desk"]
    assert world.says("flex-desk", OUT) == ["nl/desk-home name=Dora"]
    assert world.log_in("flex-desk", EVA) == ["nl/desk-logged-in name=Eva"]
    assert rings(world, DORA, "flex-desk") == []
    assert rings(world, EVA, "flex-desk") == ["flex-desk"]
    assert world.says("flex-desk", OUT, f"{PIN}#") == ["nl/desk-logged-out name=Eva"]
    assert rings(world, DORA, "flex-desk") == ["flex-desk"]
    world.log_in("flex-desk", EVA)
    assert world.log_in("flex-desk", DORA) == LOGGED_IN
    assert world.device("flex-desk").logged_in_user_id is None


def test_a_guest_can_leave_a_phone_whose_owner_is_at_another_desk(world: DeskWorld) -> None:
    world.free("next-desk")
    world.set_desk("flex-desk", user_id=world.user(DORA).id, hot_desk=True)
    world.log_in("flex-desk", EVA)
    assert world.log_in("next-desk", DORA) == LOGGED_IN
    assert world.says("flex-desk", OUT, f"{PIN}#") == ["nl/desk-logged-out name=Eva"]
    assert rings(world, DORA, "flex-desk", "next-desk") == ["flex-desk", "next-desk"]
    assert world.says("next-desk", OUT, f"{PIN}#") == LOGGED_OUT
    assert rings(world, DORA, "flex-desk", "next-desk") == ["flex-desk"]


def test_who_logs_in_elsewhere_is_out_at_the_first_desk(world: DeskWorld) -> None:
    world.free("next-desk")
    world.log_in("flex-desk")
    assert world.log_in("next-desk") == [*LOGGED_IN, "nl/desk-others-out"]
    assert (world.on("flex-desk"), world.on("next-desk")) == ("", "Dora")
    assert rings(world, DORA, "flex-desk", "next-desk") == ["next-desk"]


def test_programs_and_mobiles_do_not_count_as_phones(world: DeskWorld) -> None:
    dora = world.user(DORA).id
    world.add(Device(id=0, company_id=1, username="app", secret="secret of the app", user_id=dora, kind="web"))
    assert world.log_in("flex-desk") == LOGGED_IN


# --- twinning --------------------------------------------------------------------------------------------------------


@pytest.fixture
def twins(world: DeskWorld) -> DeskWorld:
    """Dora may be on two phones at once, and is."""
    world.change(User, world.user(DORA).id, twinning=True)
    for name in ("second-desk", "third-desk"):
        world.free(name)
    assert [world.log_in(name) for name in ("flex-desk", "second-desk")] == [LOGGED_IN, LOGGED_IN]
    return world


def test_somebody_with_twinning_is_called_on_two_phones(twins: DeskWorld) -> None:
    assert rings(twins, DORA, "flex-desk", "second-desk") == ["flex-desk", "second-desk"]
    assert twins.says("flex-desk", STATUS) == ["nl/desk-is name=Dora extension=104", "nl/desk-elsewhere phones=1"]


def test_a_third_phone_is_offered_in_place_of_the_others(twins: DeskWorld) -> None:
    assert twins.log_in("third-desk") == ["nl/desk-third"]
    assert twins.on("third-desk") == ""
    talk = twins.dial_from("third-desk", IN)
    talk.key(f"104#{PIN}#")
    assert talk.hears == "nl/desk-third"
    talk.key("1")
    assert talk.listen() == [*LOGGED_IN, "nl/desk-others-out"]
    assert [twins.on(name) for name in ("flex-desk", "second-desk", "third-desk")] == ["", "", "Dora"]


def test_whoever_does_not_want_to_leave_the_others_stays_there(twins: DeskWorld) -> None:
    talk = twins.dial_from("third-desk", IN)
    talk.key(f"104#{PIN}#2")
    twins.run(1)
    assert talk.over
    assert [twins.on(name) for name in ("flex-desk", "second-desk", "third-desk")] == ["Dora", "Dora", ""]


@pytest.mark.parametrize(("key", "left"), [("1", ["", ""]), ("2", ["", "Dora"])])
def test_logging_out_can_be_everywhere(twins: DeskWorld, key: str, left: list[str]) -> None:
    talk = twins.dial_from("flex-desk", OUT)
    talk.key(f"{PIN}#")
    assert talk.hears == "nl/desk-log-out-others"
    talk.key(key)
    assert talk.listen() == [*LOGGED_OUT, *(["nl/desk-others-out"] if key == "1" else [])]
    assert [twins.on(name) for name in ("flex-desk", "second-desk")] == left


def test_a_phone_somebody_is_bound_to_counts_as_one_of_two(world: DeskWorld) -> None:
    """It is kept when the others are left."""
    world.change(User, world.user(ANNA).id, twinning=True)
    world.free("second-desk")
    assert world.log_in("flex-desk", ANNA) == ["nl/desk-logged-in name=Anna"]
    talk = world.dial_from("second-desk", IN)
    talk.key(f"101#{PIN}#1")
    assert talk.listen() == ["nl/desk-logged-in name=Anna", "nl/desk-others-out"]
    assert [world.on(name) for name in ("anna-desk", "flex-desk", "second-desk")] == ["Anna", "", "Anna"]
    world.set_desk("second-desk", logged_in_user_id=None)
    world.set_desk("flex-desk", user_id=world.user(ANNA).id)
    assert world.log_in("second-desk", ANNA) == ["nl/desk-bound-user"]


def test_without_twinning_any_more_the_next_login_ends_both(twins: DeskWorld) -> None:
    twins.change(User, twins.user(DORA).id, twinning=False)
    assert twins.log_in("third-desk") == [*LOGGED_IN, "nl/desk-others-out"]
    assert [twins.on(name) for name in ("flex-desk", "second-desk", "third-desk")] == ["", "", "Dora"]


# --- emergency calls -------------------------------------------------------------------------------------------------


def emergency_caller(world: DeskWorld, name: str) -> str:
    """The number shown for a call to 112 from this phone, with the area that selects the centre."""
    provider = world.phones.get(f"provider {PROVIDER[0]}") or world.provider()
    world.phones[name].dial("112")
    world.run(2)
    event = provider.last(events.InviteReceived)
    event.session.bye(world.network.now)
    world.run(2)
    return event.request.from_.uri.user


def test_an_emergency_call_from_a_desk_shows_where_the_desk_is(world: DeskWorld) -> None:
    """The person's own number would bring help to where the person usually is."""
    world.change(User, world.user(DORA).id, caller_number="+31201234101", area_code="020")
    world.set_desk("flex-desk", emergency_number="+31201234102", area_code="010")
    assert emergency_caller(world, "flex-desk") == "+31201234102"  # nobody is logged in
    world.log_in("flex-desk")
    assert emergency_caller(world, "flex-desk") == "+31201234102"
    world.set_desk("flex-desk", logged_in_user_id=None, user_id=world.user(DORA).id)
    assert emergency_caller(world, "flex-desk") == "+31201234101"  # bound: the person is at home here (E 6.10)
