"""kill -9 of the control process while phones ring: they stop at once, and the caller is told."""

from __future__ import annotations

from phones import label
from test_line_registration import logged_in
from test_menu import key
from test_outside_lines import call_in
from world import DeskPhone, World

from kiestoon.sip import events


def rings(mode: str = "ring") -> tuple[World, DeskPhone, DeskPhone]:
    """Anna calls Bert, whose phone rings."""
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = mode
    anna.dial("102")
    return world, anna, bert


def test_ringing_stops_within_a_second_and_the_caller_is_told_why() -> None:
    world, anna, bert = rings()
    world.run()
    world.crash()
    world.run(1)
    assert bert.last(events.Cancelled), world.network.ladder()
    told = anna.last(events.Refused)
    assert (told.status, told.response.get("Retry-After")) == (500, "5")
    assert "cause=41" in (told.response.get("Reason") or "")
    world.assert_nothing_left()
    (record,) = world.records
    assert (record.outcome, record.ended_by) == ("failed", "exchange")


def test_a_phone_that_had_not_rung_yet_when_the_process_died_does_not_go_on_ringing() -> None:
    world, _anna, bert = rings()
    world.run(0.035)  # the INVITE is on its way to Bert
    assert not bert.all(events.InviteReceived)
    world.crash()
    world.run(1)
    assert bert.last(events.Cancelled), world.network.ladder()
    world.assert_nothing_left()


def test_an_answer_that_crosses_the_cancel_is_released() -> None:
    world, anna, bert = rings()
    world.run()
    bert.answer_waiting()
    world.network.drain(bert.node)
    world.crash()
    world.run(5)
    session = bert.last(events.InviteReceived).session
    assert session.state == "ended", world.network.ladder()
    assert anna.last(events.Refused).status == 500
    world.assert_nothing_left()


def test_a_lost_cancel_and_a_lost_refusal_are_repeated() -> None:
    world, anna, bert = rings()
    world.run()
    world.network.dropped = lambda message: world.network.now < lost_until
    lost_until = world.network.now + 1.2
    world.crash()
    world.run(3)
    assert bert.last(events.Cancelled), world.network.ladder()
    assert anna.last(events.Refused).status == 500, world.network.ladder()
    world.assert_nothing_left()


def test_all_phones_of_a_person_stop() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    phones = [world.phone("carla", "192.0.2.3"), world.phone("carla2", "192.0.2.4")]
    for phone in phones:
        phone.mode = "ring"
    anna.dial("103")
    world.run()
    world.crash()
    world.run(1)
    assert all(phone.last(events.Cancelled) for phone in phones)
    world.assert_nothing_left()


def test_a_call_out_is_cancelled_at_the_line_under_the_invite_that_carried_the_login() -> None:
    world, provider = logged_in(challenges_calls=True)
    provider.mode = "ring"
    anna = world.phone("anna", "192.0.2.1")
    anna.dial("00201112222")
    world.run()
    invite = [message for message in provider.node.received if label(message) == "INVITE"][-1]
    assert invite.cseq.number == 2
    assert provider.sent("180 INVITE"), world.network.ladder()
    world.crash()
    world.run(1)
    assert provider.last(events.Cancelled), world.network.ladder()
    cancel = next(
        message
        for message in provider.node.received
        if label(message) == "CANCEL" and message.via.branch == invite.via.branch
    )
    for name in ("From", "To", "Call-ID", "Via"):
        assert cancel.get(name) == invite.get(name)
    assert (cancel.uri, cancel.cseq.number) == (invite.uri, 2)
    assert anna.last(events.Refused).status == 500


def test_a_caller_from_outside_is_told_and_the_phone_it_rang_stops() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    anna.mode = "ring"
    provider, _session = call_in(world, "+31201234561")
    world.run()
    world.crash()
    world.run(1)
    assert anna.last(events.Cancelled)
    assert provider.last(events.Refused).status == 500
    world.assert_nothing_left()


def test_phones_rung_for_a_caller_in_the_menu_stop_while_the_caller_is_welcomed_again() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    session = anna.dial("200")
    world.run()
    key(world, anna, session, "102")
    assert anna.hears(session) == {"tone:ringback"}
    world.crash()
    world.run(1)
    assert bert.last(events.Cancelled), world.network.ladder()
    assert "file:/prompts/nl/menu-welcome.ogg" in anna.hears(session)
    session.bye(world.network.now)
    world.assert_nothing_left()


def connected(world: World, name: str, host: str) -> DeskPhone:
    """A phone that registers over TCP."""
    phone = world.phone(name, host, registered=False)
    phone.mode = "ring"
    phone.register(transport="tcp")
    world.run()
    return phone


def test_a_phone_on_tcp_stops_as_soon_as_it_is_back() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), connected(world, "bert", "192.0.2.2")
    anna.dial("102")
    world.run()
    assert bert.last(events.InviteReceived).flow.transport == "tcp"
    world.network.connections.clear()  # they die with the process
    world.crash()
    world.run(5)
    assert not bert.all(events.Cancelled)
    bert.register(transport="tcp")
    world.run(1)
    assert bert.last(events.Cancelled), world.network.ladder()
    assert bert.last(events.InviteReceived).session.state == "ended"
    world.assert_nothing_left()


def test_of_two_phones_with_one_login_on_tcp_each_is_told_whichever_is_back_first() -> None:
    world = World()
    anna, desk = world.phone("anna", "192.0.2.1"), connected(world, "bert", "192.0.2.2")
    world.seed += 1
    mobile = connected(world, "bert", "192.0.2.22")
    anna.dial("102")
    world.run()
    world.network.connections.clear()
    world.crash()
    for phone in (mobile, desk):
        phone.register(transport="tcp")
        world.run(2)
        assert phone.last(events.Cancelled), world.network.ladder()
    world.assert_nothing_left()


def test_who_is_back_too_late_is_told_nothing_and_nothing_is_kept_for_him() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), connected(world, "bert", "192.0.2.2")
    anna.dial("102")
    world.run()
    world.network.connections.clear()
    world.crash()
    assert world.exchange.left_ringing
    world.run(200)
    assert not world.exchange.left_ringing
    bert.register(transport="tcp")
    world.run(5)
    assert not bert.all(events.Cancelled)
    world.assert_nothing_left()
