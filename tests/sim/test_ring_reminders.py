"""Ring reminders: phones whose calls go elsewhere ring briefly, and nothing else is any different (V 7.1, V 7.2)."""

from __future__ import annotations

import msgspec
import pytest
from test_forwarding import extension, forward, rows, rung, world_of
from test_outside_lines import call_in
from world import DeskPhone, World

from kiestoon.calls import reminding
from kiestoon.company.model import CompanyRows, Destination, Rule
from kiestoon.sip import events

REMINDED = forward("102", "always", extension("103"), ring_reminder=True)


def splash(phone: DeskPhone) -> events.InviteReceived:
    """The one call the phone was reminded of."""
    (invite,) = phone.all(events.InviteReceived)
    return invite


def test_a_forwarded_call_rings_the_forwarders_phone_for_a_second_and_shows_the_caller() -> None:
    world, phones = world_of("bert", "carla", forwards=(REMINDED,))
    phones["bert"].mode = "ring"
    _, session = call_in(world, "+31201234562", from_='"Sam Jones" <sip:+31612345678@provider.example>')
    world.run(reminding.SPLASH_S - 0.2)
    assert session.state == "confirmed"  # Carla has long answered
    assert splash(phones["bert"]).session.state == "early"
    world.run(0.5)
    request = splash(phones["bert"]).request
    assert (request.from_.display, request.from_.uri.user) == ("Sam Jones", "+31612345678")
    assert "Bellcore-dr5" in (request.get("Alert-Info") or "")
    assert request.body == b""
    assert phones["bert"].last(events.Cancelled).answered_elsewhere  # not listed as missed
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert [leg.party for leg in world.records[0].legs] == ["+31612345678", "103"]  # no leg of the call


def test_a_call_blocked_by_do_not_disturb_reminds_too() -> None:
    world, phones = world_of("anna", "bert", users={2: {"do_not_disturb": True, "do_not_disturb_reminder": True}})
    phones["bert"].mode = "ring"
    phones["anna"].dial("102")
    world.run(0.5)
    assert phones["anna"].last(events.Refused).status == 486
    assert not world.exchange.calls  # the reminder keeps no call open
    assert splash(phones["bert"]).session.state == "early"
    world.run(1)
    assert phones["bert"].last(events.Cancelled)
    world.assert_nothing_left()


def test_selected_callers_remind_where_that_is_wanted() -> None:
    selective = forward("102", "selective", extension("103"), ring_reminder=True)
    rule = Rule(id=1, company_id=1, service="selective_forward", name="Anna", extension="102", patterns=("101",))
    world, phones = world_of("anna", "bert", "carla", forwards=(selective,), rules=(rule,))
    selected = phones["anna"].dial("102")
    world.run()
    assert rung(phones["carla"])
    assert rung(phones["bert"])
    _, unselected = call_in(world, "+31201234562")
    world.run()
    assert len(phones["bert"].all(events.InviteReceived)) == 2
    assert "Bellcore-dr5" not in (phones["bert"].last(events.InviteReceived).request.get("Alert-Info") or "")
    for session in (selected, unselected):
        session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("case", ["busy", "no_answer"])
def test_who_has_just_been_rung_is_not_reminded(case: str) -> None:
    world, phones = world_of(
        "anna", "bert", "carla", forwards=(forward("102", case, extension("103"), ring_reminder=True, rings=2),)
    )
    phones["bert"].mode = {"busy": "busy", "no_answer": "ring"}[case]
    session = phones["anna"].dial("102")
    world.run(13)
    assert session.state == "confirmed"
    assert len(phones["bert"].all(events.InviteReceived)) == 1
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_who_answers_the_reminder_is_hung_up_on_and_the_call_goes_on() -> None:
    world, phones = world_of("anna", "bert", "carla", forwards=(REMINDED,))
    session = phones["anna"].dial("102")  # Bert's phone answers at once, as does Carla's
    world.run()
    assert splash(phones["bert"]).session.state == "ended"
    assert session.state == "confirmed"
    assert phones["anna"].hears(session) == {phones["carla"].sends_to(splash(phones["carla"]).session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("mode", ["busy", "decline", "redirect", "unavailable", "silent"])
def test_whatever_the_phone_does_with_a_reminder_changes_nothing(mode: str) -> None:
    world, phones = world_of("anna", "bert", "carla", forwards=(REMINDED,))
    phones["bert"].mode = mode
    phones["carla"].mode = "ring"
    session = phones["anna"].dial("102")
    world.run(20)
    assert session.state == "early"
    phones["carla"].answer_waiting()
    world.run()
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_phone_in_a_call_is_left_in_peace_and_two_calls_at_once_remind_once() -> None:
    world, phones = world_of("anna", "bert", "carla", forwards=(REMINDED,))
    talking = phones["bert"].dial("101")
    world.run()
    assert talking.state == "confirmed"
    _, first = call_in(world, "+31201234562")
    world.run(0.2)
    assert not rung(phones["bert"])
    first.bye(world.network.now)
    talking.bye(world.network.now)
    world.run()
    phones["bert"].mode = "ring"
    _, second = call_in(world, "+31201234562")
    _, third = call_in(world, "+31201234562")
    world.run(0.5)
    assert len(phones["bert"].all(events.InviteReceived)) == 1
    second.bye(world.network.now)
    third.bye(world.network.now)
    world.assert_nothing_left()


def test_only_desk_phones_are_reminded_and_never_the_one_that_calls() -> None:
    always = forward("103", "always", extension("101"), ring_reminder=True)
    more = rows(forwards=(always,))
    world = World(rows=with_kind(more, "carla2", "web"))
    phones = {name: world.phone(name, f"192.0.2.{n}") for n, name in enumerate(("anna", "carla", "carla2"), 1)}
    session = phones["carla"].dial("103")
    world.run()
    assert session.state == "confirmed"
    assert not rung(phones["carla"])
    assert not rung(phones["carla2"])
    session.bye(world.network.now)
    world.assert_nothing_left()


def with_kind(given: CompanyRows, username: str, kind: str) -> CompanyRows:
    devices = tuple(
        msgspec.structs.replace(row, kind=kind) if row.username == username else row for row in given.devices
    )
    return msgspec.structs.replace(given, devices=devices)


def test_a_caller_who_hides_is_hidden_on_the_reminded_phone_too() -> None:
    world, phones = world_of("bert", "carla", forwards=(REMINDED,))
    _, session = call_in(world, "+31201234562", headers=[("Privacy", "id")])
    world.run(0.2)
    assert splash(phones["bert"]).request.from_.uri.host == "anonymous.invalid"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_reminder_is_called_off_by_the_process_that_takes_over() -> None:
    world, phones = world_of("anna", "bert", "carla", forwards=(REMINDED,))
    phones["bert"].mode = phones["carla"].mode = "ring"
    phones["anna"].dial("102")
    world.run(0.5)
    assert splash(phones["bert"]).session.state == "early"
    world.crash()
    world.run(1)
    assert phones["bert"].last(events.Cancelled), world.network.ladder()
    world.assert_nothing_left()


def test_a_lost_reminder_is_given_up() -> None:
    """The phone is gone: the INVITE is repeated for a while, nobody waits for it."""
    world, phones = world_of("anna", "bert", "carla", forwards=(REMINDED,))
    phones["bert"].node.connected = False
    session = phones["anna"].dial("102")
    world.run()
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_forward_that_leads_outside_reminds_while_the_line_is_dialled() -> None:
    onward = forward("102", "always", Destination("number", "0612345679"), ring_reminder=True)
    world, phones = world_of("bert", forwards=(onward,))
    phones["bert"].mode = "ring"
    provider, session = call_in(world, "+31201234562")
    world.run(0.3)
    assert splash(phones["bert"]).session.state == "early"
    world.run(2)
    assert phones["bert"].last(events.Cancelled)
    assert provider is not None
    session.bye(world.network.now)
    world.assert_nothing_left()
