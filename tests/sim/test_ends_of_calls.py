"""How calls end when messages are lost, phones vanish or two things happen at once; what parties may ask besides."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from test_basic_calls import in_call
from test_outside_lines import call_in
from world import DOMAIN, EXCHANGE, SECOND_PROVIDER, World, sample_rows

from kiestoon.calls import seeking
from kiestoon.media.protocol import DigitReceived
from kiestoon.sip import events
from kiestoon.sip.flow import Target
from kiestoon.sip.message import Request


def one(record_world: World) -> tuple[str, str]:
    (record,) = record_world.records
    return record.outcome, record.ended_by


# --- lost messages and parties ---------------------------------------------------------------------------------------


def test_a_session_that_nobody_refreshes_is_ended_on_both_sides() -> None:
    world, anna, bert, session, other = in_call()
    anna.node.connected = False
    world.run(1900)
    assert other.state == "ended"
    anna.node.connected = True
    world.assert_nothing_left()
    assert one(world) == ("answered", "network")


def test_a_session_that_is_refreshed_goes_on() -> None:
    world, anna, bert, session, other = in_call()
    world.run(4000)
    assert session.state == other.state == "confirmed"
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_caller_whose_ack_never_comes_is_hung_up_and_so_is_the_called() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    world.network.dropped = lambda message: (
        isinstance(message, Request) and message.method == "ACK" and message.from_.uri.user == "anna"
        and message.cseq.number == 2
    )  # fmt: skip
    anna.dial("102")
    world.run(40)
    assert bert.last(events.InviteReceived).session.state == "ended"
    assert any(isinstance(message, Request) and message.method == "BYE" for message in anna.node.received)
    world.network.dropped = lambda message: False
    world.assert_nothing_left()
    assert one(world) == ("answered", "network")


def test_a_lost_bye_is_repeated_until_it_arrives() -> None:
    world, anna, bert, session, other = in_call()
    lost = iter((True, True, True))
    world.network.dropped = lambda message: (
        isinstance(message, Request) and message.method == "BYE" and next(lost, False)
    )
    session.bye(world.network.now)
    world.run(10)
    assert other.state == "ended"
    world.assert_nothing_left()
    assert one(world) == ("answered", "caller")


def test_a_phone_that_never_answers_our_bye_leaves_nothing_behind() -> None:
    world, anna, bert, session, other = in_call()
    bert.node.connected = False
    session.bye(world.network.now)
    world.run(40)
    bert.node.connected = True
    world.assert_nothing_left()
    assert one(world) == ("answered", "caller")


def over_tcp() -> tuple[World, object, object, object]:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2", registered=False)
    bert.register(transport="tcp")
    world.run()
    session = anna.dial("102")
    world.run()
    assert session.state == "confirmed", world.network.ladder()
    return world, anna, bert, session


def test_a_phone_that_registers_again_over_a_new_connection_gets_its_bye_there() -> None:
    world, anna, bert, session = over_tcp()
    world.move(bert, ("192.0.2.2", 49999))
    bert.register(transport="tcp")
    world.run()
    session.bye(world.network.now)
    world.run(2)
    assert bert.last(events.InviteReceived).session.state == "ended", world.network.ladder()
    world.assert_nothing_left()


def test_after_a_crash_a_phone_on_a_connection_is_found_when_it_has_registered_again() -> None:
    world, anna, bert, session = over_tcp()
    world.move(bert, ("192.0.2.2", 49999))
    world.crash()
    bert.register(transport="tcp")
    world.run()
    session.bye(world.network.now)
    world.run(2)
    assert bert.last(events.InviteReceived).session.state == "ended", world.network.ladder()
    world.assert_nothing_left()


# --- seeking ---------------------------------------------------------------------------------------------------------


def ringing_carla() -> tuple[World, object, object, object, object]:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    carla, carla2 = world.phone("carla", "192.0.2.3"), world.phone("carla2", "192.0.2.4")
    carla.mode = carla2.mode = "ring"
    session = anna.dial("103")
    world.run()
    return world, anna, carla, carla2, session


def test_of_two_phones_answering_at_once_exactly_one_gets_the_call() -> None:
    world, anna, carla, carla2, session = ringing_carla()
    carla.answer_waiting()
    carla2.answer_waiting()
    world.run()
    states = [phone.last(events.InviteReceived).session.state for phone in (carla, carla2)]
    assert sorted(states) == ["confirmed", "ended"]
    winner = carla if states[0] == "confirmed" else carla2
    assert anna.hears(session) == {winner.sends_to(winner.last(events.InviteReceived).session)}
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert len(world.records) == 1


def test_a_user_is_rung_though_one_of_his_phones_does_not_react() -> None:
    world, anna, carla, carla2, session = ringing_carla()
    session.bye(world.network.now)
    world.run()
    carla.node.connected = False
    session = anna.dial("103")
    world.run(33)
    assert session.state == "early"
    carla2.answer_waiting()
    world.run()
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_nobody_took_is_a_missed_call_and_one_taken_elsewhere_is_not() -> None:
    world, anna, carla, carla2, session = ringing_carla()
    world.run(65)
    assert anna.last(events.Refused).status == 480
    assert not carla.last(events.Cancelled).answered_elsewhere
    assert not carla2.last(events.Cancelled).answered_elsewhere
    world.assert_nothing_left()
    assert {leg.outcome for leg in world.records[0].legs} == {"no_answer"}


def test_declining_on_one_phone_stops_the_others_and_tells_them() -> None:
    world, anna, carla, carla2, session = ringing_carla()
    carla.last(events.InviteReceived).session.reject(world.network.now, 603)
    world.run()
    assert anna.last(events.Refused).status == 603
    (cancel,) = [m for m in carla2.node.received if isinstance(m, Request) and m.method == "CANCEL"]
    assert "cause=603" in (cancel.get("Reason") or "")
    world.assert_nothing_left()


def test_busy_on_one_phone_lets_the_other_ring_on() -> None:
    world, anna, carla, carla2, session = ringing_carla()
    carla.last(events.InviteReceived).session.reject(world.network.now, 486)
    world.run()
    assert session.state == "early"
    carla2.answer_waiting()
    world.run()
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("status", [401, 407, 420, 488, 500, 606])
def test_the_caller_is_told_only_what_makes_sense_to_him(status: int) -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    anna.dial("102")
    world.run()
    bert.last(events.InviteReceived).session.reject(world.network.now, status)
    world.run()
    assert anna.last(events.Refused).status in (480, 488, 503, 606)
    world.assert_nothing_left()


def test_what_the_second_line_says_of_the_number_counts_more_than_the_firsts_failure() -> None:
    world = World()
    anna, first, second = world.phone("anna", "192.0.2.1"), world.provider(), world.provider(SECOND_PROVIDER)
    first.mode = "unavailable"
    second.on_event = lambda phone, event, now: (
        event.session.reject(now, 404) if isinstance(event, events.InviteReceived) else None
    )
    anna.dial("00201112222")
    world.run()
    assert anna.last(events.Refused).status == 404
    world.assert_nothing_left()
    assert world.records[0].outcome == "not_found"


def test_diversions_are_told_newest_first_and_their_history_in_order() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    bert = world.phone("bert", "192.0.2.2")
    carla, provider = world.phone("carla", "192.0.2.3"), world.provider()
    bert.mode = "redirect"
    carla.on_event = lambda phone, event, now: (
        event.session.redirect(now, [f"sip:00201112222@{DOMAIN}"]) if isinstance(event, events.InviteReceived) else None
    )
    session = anna.dial("102")
    world.run()
    assert session.state == "confirmed", world.network.ladder()
    request = provider.last(events.InviteReceived).request
    # outside, colleagues are known by their outside numbers
    assert [value.partition("@")[0] for value in request.all("Diversion")] == ["<sip:+31201234560", "<sip:+31201234560"]
    history = [(value.partition("@")[0], value.rpartition("index=")[2]) for value in request.all("History-Info")]
    assert history == [
        ("<sip:+31201234560", "1"), ("<sip:+31201234560", "1.1"), ("<sip:+31201112222", "1.1.1"),
    ]  # fmt: skip
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_phone_may_forward_its_calls_to_the_menu() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.on_event = lambda phone, event, now: (
        event.session.redirect(now, [f"sip:200@{DOMAIN}"]) if isinstance(event, events.InviteReceived) else None
    )
    session = anna.dial("102")
    world.run()
    assert session.state == "confirmed"
    assert anna.hears(session) == {"file:/prompts/nl/menu-welcome.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_withheld_callers_name_does_not_leave_with_a_forwarded_call() -> None:
    world = World()
    anna, second = world.phone("anna", "192.0.2.1"), world.provider(SECOND_PROVIDER)
    anna.on_event = lambda phone, event, now: (
        event.session.redirect(now, [f"sip:00201112222@{DOMAIN}"]) if isinstance(event, events.InviteReceived) else None
    )
    provider, session = call_in(
        world, "+31201234561", from_='"Secret Person" <sip:+31612345678@provider.example>', headers=[("Privacy", "id")]
    )
    provider.mode = "unavailable"
    world.run()
    assert session.state == "confirmed", world.network.ladder()
    data = second.last(events.InviteReceived).request.encode()
    assert b"Secret" not in data
    assert b"612345678" not in data
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_privacy_asked_for_by_a_peer_we_do_not_trust_is_given_all_the_same() -> None:
    rows = sample_rows()
    trunks = tuple(msgspec.structs.replace(trunk, trusted=False) for trunk in rows.trunks)
    world = World(rows=msgspec.structs.replace(rows, trunks=trunks))
    anna = world.phone("anna", "192.0.2.1")
    _, session = call_in(world, "+31201234561", headers=[("Privacy", "id")])
    world.run()
    assert b"612345678" not in anna.last(events.InviteReceived).request.encode()
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("after_s", [n * 0.01 for n in range(1, 12)])
def test_an_outside_caller_may_cancel_at_any_moment(after_s: float) -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    anna.mode = "early" if after_s > 0.05 else "answer"
    _, session = call_in(world, "+31201234561")
    world.run(after_s)
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert len(world.records) == len(world.attempts())


def test_the_companys_limit_refuses_and_frees_again() -> None:
    world = World(rows=sample_rows(max_calls=1))
    world, anna, bert, session, _ = in_call(world)
    carla = world.phone("carla", "192.0.2.3")
    carla.dial("102")
    world.run()
    assert (carla.last(events.Refused).status, world.records[0].outcome) == (503, "refused")
    session.bye(world.network.now)
    world.run(5)
    session = carla.dial("102")
    world.run()
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.assert_nothing_left()


# --- what parties may ask besides ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [("REFER", [("Refer-To", "<nonsense")], 400), ("MESSAGE", [], 405), ("NOTIFY", [("Event", "x")], 405),
     ("OPTIONS", [], 200), ("SUBSCRIBE", [("Event", "dialog")], 405)],
)  # fmt: skip
def test_requests_we_do_not_serve_get_an_answer_and_the_call_goes_on(
    method: str, headers: list[tuple[str, str]], status: int
) -> None:
    world, anna, bert, session, other = in_call()
    session.request(world.network.now, method, headers=headers, token="asked")
    world.run()
    answer = anna.last(events.ResponseReceived)
    assert answer.token == "asked"
    assert answer.status == status or (method == "SUBSCRIBE" and answer.status >= 400)
    assert session.state == "confirmed"
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 200), ("MESSAGE", 405), ("BYE", 481), ("FLY", 501)])
def test_requests_outside_calls_get_an_answer(method: str, status: int) -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    anna.endpoint.request(
        world.network.now, method=method, uri=f"sip:{DOMAIN}", from_=f"<sip:anna@{DOMAIN}>", to=f"<sip:{DOMAIN}>",
        destination=[Target("udp", *EXCHANGE)],
    )  # fmt: skip
    world.run()
    assert anna.last(events.ResponseReceived).status == status
    world.assert_nothing_left()


def test_the_menu_takes_digits_by_info() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    session = anna.dial("200")
    world.run()
    for digit in b"102":
        body = b"Signal=%c\r\nDuration=100\r\n" % digit
        session.request(world.network.now, "INFO", body=body, content_type="application/dtmf-relay")
        world.run(0.2)
    world.run()
    assert anna.hears(session) == {bert.sends_to(bert.last(events.InviteReceived).session)}
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert world.records[0].final_party == "102"


def test_a_caller_whom_the_menu_sent_seeking_is_welcomed_again_after_a_crash() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    anna.mode = "ring"
    provider, session = call_in(world, "+31201234500")
    world.run()
    termination = world.media.at(int(provider.sends_to(session)))
    for digit in "101":
        world.media.events.append(DigitReceived(termination.number, digit, 100))
    world.network.drain(world.node)
    provider.hold(session)  # has the journal written while seeking
    world.run()
    provider.resume(session)
    world.run()
    assert world.crash() == 1
    world.run()
    assert provider.hears(session) >= {"file:/prompts/nl/menu-welcome.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()


# --- our own faults --------------------------------------------------------------------------------------------------


def broken(*_: object, **__: object) -> None:
    raise RuntimeError("injected")


def test_a_fault_while_an_invite_is_treated_answers_500_and_costs_that_call_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    anna, _ = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    with monkeypatch.context() as faulty:
        faulty.setattr(seeking, "ring_user", broken)
        anna.dial("102")
        world.run()
    assert anna.last(events.Refused).status == 500
    assert one(world) == ("failed", "exchange")
    session = anna.dial("102")
    world.run()
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_fault_before_there_is_a_call_answers_500(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    monkeypatch.setattr(world.exchange.doorkeeper, "identify", broken)
    anna.dial("102")
    world.run()
    assert anna.last(events.Refused).status == 500
    anna.register()
    world.run()
    assert anna.last(events.ResponseReceived).status == 500
    monkeypatch.undo()
    world.assert_nothing_left()
    assert not world.records


FAULTS: list[tuple[str, Callable[[World], None]]] = [
    ("kiestoon.calls.seeking.finish", lambda world: world.run(65)),
    ("kiestoon.calls.dtmf.digit_received", lambda world: world.media.events.append(
        DigitReceived(next(iter(world.media.terminations)), "1", 100))),
]  # fmt: skip


@pytest.mark.parametrize(("what", "provoke"), FAULTS)
def test_a_fault_in_a_timer_or_media_event_ends_that_call_with_a_record(
    what: str, provoke: Callable[[World], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring" if "finish" in what else "answer"
    session = anna.dial("102")
    world.run()
    monkeypatch.setattr(what, broken)
    provoke(world)
    world.network.drain(world.node)
    world.run(2)
    assert session.state == "ended"
    assert bert.last(events.InviteReceived).session.state == "ended"
    monkeypatch.undo()
    world.assert_nothing_left()
    assert len(world.records) == 1


def test_a_call_that_cannot_even_be_ended_in_order_is_still_taken_off_the_books(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, anna, bert, session, other = in_call()
    monkeypatch.setattr("kiestoon.calls.custody.leave", broken)
    monkeypatch.setattr("kiestoon.calls.bridging.leave", broken)
    session.bye(world.network.now)
    world.run(5)
    monkeypatch.undo()
    assert not world.exchange.calls
    assert len(world.records) == 1
    other.bye(world.network.now)
    world.run(40)
    world.assert_nothing_left()
