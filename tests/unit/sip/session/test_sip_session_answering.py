"""The called side: provisional and final responses, 2xx repetition, CANCEL, reliable provisionals."""

from __future__ import annotations

import pytest
from phones import ANSWER, OFFER, assert_nothing_left, established, label, pair

from kiestoon.sip import events
from kiestoon.sip.endpoint import Settings
from kiestoon.sip.session import SessionMisuse

RELIABLE = [("Require", "100rel")]


def ringing(**options: object) -> tuple:
    network, alice, bob = pair()
    session = alice.call(bob, **options)
    network.run(0.5)
    return network, alice, bob, session, bob.last(events.InviteReceived).session


def test_2xx_is_repeated_from_t1_doubling_to_t2_until_64_t1_then_ended_by_bye() -> None:
    network, alice, bob, session, other = ringing()
    network.dropped = lambda message: label(message) in ("200 INVITE", "ACK")
    start = network.now
    other.accept(network.now, ANSWER)
    network.run(40)
    times = [at - start for at, name, _, message in network.log if name == "bob" and label(message) == "200 INVITE"]
    # Dropped packets are logged as sent too: 0, 0.5, 1.5, 3.5, 7.5, 11.5, … 31.5.
    assert times[:6] == pytest.approx([0, 0.5, 1.5, 3.5, 7.5, 11.5], abs=0.01)
    assert times[-1] == pytest.approx(31.5, abs=0.01)
    assert bob.last(events.Ended).by == "no-ack"
    assert len(bob.sent("BYE")) == 1


def test_lost_ack_is_sent_again_for_a_repeated_2xx() -> None:
    network, alice, bob, session, other = ringing()
    drops = iter([True, True])
    network.dropped = lambda message: label(message) == "ACK" and next(drops, False)
    other.accept(network.now, ANSWER)
    network.run(5)
    assert len(alice.sent("ACK")) == 3
    assert other.state == "confirmed"
    assert len(alice.all(events.Accepted)) == 1


def test_bye_wanted_before_the_ack_waits_for_it() -> None:
    network, alice, bob, session, other = ringing()
    network.dropped = lambda message: label(message) == "ACK" and network.now < 1003
    other.accept(network.now, ANSWER)
    other.bye(network.now)
    network.run(0.3)
    assert not bob.sent("BYE")
    network.run(8)
    assert bob.last(events.Ended).by == "local"
    assert alice.last(events.Ended).by == "remote"
    assert_nothing_left(network, alice, bob)


def test_cancel_before_the_answer_is_487_and_says_who_took_the_call() -> None:
    network, alice, bob, session, other = ringing()
    session.cancel(network.now, 'SIP;cause=200;text="Call completed elsewhere"')
    network.run(1)
    assert bob.last(events.Cancelled).answered_elsewhere
    refused = alice.last(events.Refused)
    assert (refused.status, refused.local) == (487, False)
    assert_nothing_left(network, alice, bob)


def test_cancel_of_an_accepted_invite_has_no_effect() -> None:
    network, alice, bob, session, other = ringing()
    network.dropped = lambda message: label(message) == "200 INVITE" and network.now < 1000.9
    other.accept(network.now, ANSWER)
    session.cancel(network.now)
    network.run(0.1)
    assert other.state == "accepted"
    assert bob.sent("200 CANCEL")
    assert not bob.all(events.Cancelled)
    network.run(3)
    # The 2xx crossed the CANCEL: acknowledged and taken down.
    assert [label(m) for m in alice.node.sent[-2:]] == ["ACK", "BYE"]
    assert alice.last(events.Refused).status == 487
    assert bob.last(events.Ended).by == "remote"
    assert_nothing_left(network, alice, bob)


def test_cancel_waits_for_a_provisional_response() -> None:
    network, alice, bob = pair()
    bob.node.connected = False
    session = alice.call(bob)
    session.cancel(network.now)
    network.run(0.2)
    assert not alice.sent("CANCEL")
    bob.node.connected = True
    network.run(2)
    assert alice.sent("CANCEL")
    assert bob.names() == ["InviteReceived", "Cancelled"]
    assert_nothing_left(network, alice, bob)


def test_cancel_nobody_answers_is_refused_as_487() -> None:
    network, alice, bob = pair()
    bob.node.connected = False
    alice.call(bob).cancel(network.now)
    network.run()
    refused = alice.last(events.Refused)
    assert (refused.status, refused.local) == (487, True)
    assert_nothing_left(network, alice, bob)


def test_bye_by_the_caller_before_the_answer_ends_the_invite() -> None:
    network, alice, bob, session, other = ringing()
    other.progress(network.now, 180)
    network.run(0.1)
    bye = session.dialog.request("BYE")
    session.send(bye, lambda *_: None, network.now)
    network.run(1)
    assert bob.names() == ["InviteReceived", "Cancelled"]
    assert bob.sent("487 INVITE")
    assert_nothing_left(network, alice, bob)


def test_rejecting_ends_both_sides() -> None:
    network, alice, bob, session, other = ringing()
    other.reject(network.now, 486)
    network.run(1)
    assert alice.last(events.Refused).status == 486
    ended = bob.last(events.Ended)
    assert (ended.by, ended.status) == ("local", 486)
    assert_nothing_left(network, alice, bob)


def test_redirection_names_the_contacts_in_order() -> None:
    network, alice, bob, session, other = ringing()
    other.redirect(network.now, ["sip:x@example.com", "sip:y@example.com"])
    network.run(1)
    assert alice.last(events.Redirected).contacts == ("sip:x@example.com", "sip:y@example.com")


def test_expired_invite_is_487() -> None:
    network, alice, bob, session, other = ringing(headers=[("Expires", "5")])
    network.run(6)
    assert bob.names() == ["InviteReceived", "Cancelled"]
    assert alice.last(events.Refused).status == 487


def test_ringing_is_said_again_every_minute() -> None:
    network, alice, bob, session, other = ringing()
    other.progress(network.now, 180)
    network.run(130)
    assert len(alice.all(events.Progressed)) == 3
    assert session.state == "early"


def test_a_call_nobody_speaks_about_for_three_minutes_is_given_up() -> None:
    network, alice, bob = pair()
    session = alice.call(bob)
    network.run(200)
    refused = alice.last(events.Refused)
    assert (refused.status, refused.local) == (408, True)
    assert session.state == "ended"
    assert bob.last(events.Cancelled)
    assert_nothing_left(network, alice, bob)


def test_accepting_ones_own_call_is_misuse() -> None:
    network, alice, bob, session, other = ringing()
    with pytest.raises(SessionMisuse):
        session.accept(network.now, ANSWER)


def test_commands_after_the_end_do_nothing() -> None:
    network, alice, bob, session, other = established()
    session.bye(network.now)
    network.run(1)
    before = len(bob.node.sent)
    other.bye(network.now)
    other.offer(network.now, OFFER)
    other.answer(network.now, ANSWER)
    other.accept(network.now, ANSWER)
    network.run(1)
    assert len(bob.node.sent) == before


def test_caller_whose_connection_breaks_while_ringing_is_gone() -> None:
    network, alice, bob, _session, other = ringing(transport="tcp")
    alice.node.connected = False
    other.progress(network.now, 180)
    network.run(0.1)
    assert bob.last(events.Ended).by == "transport"
    assert other.state == "ended"


def test_keep_alive_of_a_required_reliable_ringing_is_reliable_too() -> None:
    network, alice, bob, _session, other = ringing(headers=RELIABLE)
    other.progress(network.now, 180)
    network.run(130)
    numbers = [int(message.get("RSeq")) for message in bob.sent("180 INVITE")]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]
    assert len(alice.sent("PRACK")) == 3


# --- 100rel ---------------------------------------------------------------------------------------------------------


def test_provisionals_are_plain_unless_the_caller_requires_more() -> None:
    network, alice, bob, session, other = ringing()
    other.progress(network.now, 183, body=ANSWER)
    network.run(1)
    assert not alice.sent("PRACK")
    assert alice.last(events.Progressed).body == ANSWER


def test_required_reliable_provisional_is_repeated_until_prack() -> None:
    network, alice, bob, session, other = ringing(headers=RELIABLE)
    network.dropped = lambda message: label(message) == "183 INVITE" and network.now < 1002
    other.progress(network.now, 183, body=ANSWER)
    network.run(5)
    assert len(bob.sent("183 INVITE")) == 3
    assert len(alice.all(events.Progressed)) == 1
    assert len(alice.sent("PRACK")) == 1
    # The answer was in the reliable provisional: the 2xx has none.
    other.accept(network.now, ANSWER)
    network.run(1)
    assert alice.last(events.Accepted).body == b""
    assert session.state == other.state == "confirmed"


def test_reliable_provisionals_wait_for_the_one_before_and_come_in_order() -> None:
    network, alice, bob, session, other = ringing(headers=RELIABLE)
    other.progress(network.now, 183, body=ANSWER)
    other.progress(network.now, 180)
    other.accept(network.now, ANSWER)
    network.run(0.015)
    assert len(bob.sent("183 INVITE")) == 1
    assert not bob.sent("180 INVITE")
    network.run(2)
    assert [event.status for event in alice.all(events.Progressed)] == [183]
    assert session.state == "confirmed"


def test_missing_prack_fails_the_call_with_504() -> None:
    network, alice, bob, session, other = ringing(headers=RELIABLE)
    network.dropped = lambda message: label(message) == "PRACK"
    other.progress(network.now, 180)
    network.run(40)
    assert alice.last(events.Refused).status == 504
    assert bob.last(events.Ended).by == "no-ack"
    assert_nothing_left(network, alice, bob)


def test_offerless_invite_offers_in_a_reliable_provisional_and_gets_the_answer_in_prack() -> None:
    network, alice, bob, session, other = ringing(body=b"")
    other.progress(network.now, 183, body=OFFER)
    network.run(1)
    assert not alice.sent("PRACK")
    session.answer(network.now, ANSWER)
    network.run(1)
    assert bob.last(events.AnswerReceived).body == ANSWER
    other.accept(network.now, OFFER)
    network.run(1)
    assert session.state == other.state == "confirmed"


def test_offerless_invite_offers_in_2xx_and_gets_the_answer_in_ack() -> None:
    network, alice, bob, session, other = ringing(body=b"")
    other.accept(network.now, OFFER)
    network.run(0.2)
    assert alice.last(events.Accepted).body == OFFER
    assert not alice.sent("ACK")
    session.acknowledge(network.now, ANSWER)
    network.run(0.2)
    assert bob.last(events.Confirmed).body == ANSWER


def test_out_of_order_reliable_provisional_is_not_acknowledged() -> None:
    network, alice, bob, session, other = ringing(headers=RELIABLE)
    other.progress(network.now, 180)
    network.run(0.1)
    late = bob.node.sent[-2].copy()
    late.set("RSeq", str(int(late.get("RSeq")) + 2))
    network.inject(alice.node, late.encode(), session.flow)
    network.run(0.1)
    assert len(alice.sent("PRACK")) == 1


def test_prack_for_something_else_is_481() -> None:
    network, alice, bob, session, other = ringing(headers=RELIABLE)
    other.progress(network.now, 180)
    network.run(0.1)
    session.request(network.now, "PRACK", [("RAck", "7 1 INVITE")], token=1)
    network.run(0.1)
    assert alice.last(events.ResponseReceived).status == 481


def test_offer_in_prack_is_answered_in_its_200() -> None:
    network, alice, bob, session, other = ringing(headers=RELIABLE)
    # The phone's own PRACK gets lost; one with an offer takes its place.
    network.dropped = lambda message: label(message) == "PRACK"
    other.progress(network.now, 183, body=ANSWER)
    network.run(0.02)
    rseq = bob.sent("183 INVITE")[0].get("RSeq")
    network.dropped = lambda message: label(message) == "PRACK" and not message.body
    prack = session.dialog.request("PRACK")
    prack.add("RAck", f"{rseq} 1 INVITE")
    prack.set("Content-Type", "application/sdp")
    prack.body = b"v=0 second offer"
    answers = []
    session.send(prack, lambda _o, status, response, _n: answers.append((status, response.body)), network.now)
    network.run(0.2)
    assert bob.last(events.OfferReceived).body == b"v=0 second offer"
    other.answer(network.now, b"v=0 second answer")
    network.run(0.2)
    assert answers == [(200, b"v=0 second answer")]


def test_reliable_responses_are_acknowledged_even_after_cancel() -> None:
    network, alice, bob, session, other = ringing(headers=RELIABLE)
    other.progress(network.now, 180)
    session.cancel(network.now)
    network.run(1)
    assert alice.last(events.Refused).status == 487
    assert_nothing_left(network, alice, bob)


def test_settings_say_who_we_are() -> None:
    network, alice, bob = pair(a=Settings(user_agent="Alice 1"))
    alice.call(bob)
    network.run(0.1)
    invite = bob.last(events.InviteReceived).request
    assert invite.get("User-Agent") == "Alice 1"
    assert "UPDATE" in invite.allowed
    assert "100rel" in invite.supported
