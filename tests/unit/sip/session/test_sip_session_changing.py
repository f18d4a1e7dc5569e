"""Inside an established session: re-INVITE, UPDATE, glare, session timers, INFO, OPTIONS, BYE, order of requests."""

from __future__ import annotations

import pytest
from phones import ANSWER, OFFER, Phone, assert_nothing_left, established, label, pair

from kiestoon.sip import events
from kiestoon.sip.endpoint import Settings
from kiestoon.sip.session import Session

NO_UPDATE = Settings(methods=("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "PRACK", "INFO", "REFER", "NOTIFY"))
NEW, NEWER = b"v=0 new", b"v=0 newer"


def answering(phone: Phone, event: object, now: float) -> None:
    if isinstance(event, events.OfferReceived):
        event.session.answer(now, ANSWER)


def test_offer_goes_by_update_where_the_peer_allows_it() -> None:
    network, alice, bob, session, _ = established()
    bob.on_event = answering
    session.offer(network.now, NEW)
    network.run(1)
    assert alice.sent("UPDATE")
    assert len(alice.sent("INVITE")) == 1
    assert bob.last(events.OfferReceived).body == NEW
    assert alice.last(events.AnswerReceived).body == ANSWER


def test_offer_goes_by_reinvite_otherwise() -> None:
    network, alice, bob, session, _ = established(b=NO_UPDATE)
    bob.on_event = answering
    session.offer(network.now, NEW, [("P-Asserted-Identity", "<sip:x@example.com>")])
    network.run(1)
    invite = alice.sent("INVITE")[-1]
    assert (invite.cseq.number, invite.to.tag) == (2, session.remote_tag)
    assert invite.get("P-Asserted-Identity") == "<sip:x@example.com>"
    assert alice.last(events.AnswerReceived).body == ANSWER
    assert len(alice.sent("ACK")) == 2
    network.run(40)
    assert len(bob.sent("200 INVITE")) == 2


def test_the_called_side_can_offer_too() -> None:
    network, alice, bob, _, other = established(a=NO_UPDATE)
    alice.on_event = answering
    other.offer(network.now, NEW)
    network.run(1)
    assert bob.last(events.AnswerReceived).body == ANSWER
    assert bob.sent("INVITE")[0].cseq.number == 1


def test_lost_ack_of_a_reinvite_is_repeated_and_no_ack_at_all_ends_the_session() -> None:
    network, alice, bob, session, _ = established(b=NO_UPDATE)
    bob.on_event = answering
    network.dropped = lambda message: label(message) == "ACK"
    session.offer(network.now, NEW)
    network.run(40)
    assert bob.last(events.Ended).by == "no-ack"
    assert_nothing_left(network, alice, bob)


def test_refused_offer_leaves_the_session_as_it_was() -> None:
    network, alice, bob, session, other = established()
    bob.on_event = lambda phone, event, now: isinstance(event, events.OfferReceived) and event.session.refuse(now, 488)
    session.offer(network.now, NEW)
    network.run(1)
    assert alice.last(events.OfferRefused).status == 488
    assert session.state == other.state == "confirmed"
    assert session.local_body == OFFER


@pytest.mark.parametrize("settings", [Settings(), NO_UPDATE], ids=["UPDATE", "re-INVITE"])
def test_glare_is_resolved_by_waiting_and_both_offers_succeed(settings: Settings) -> None:
    network, alice, bob, session, other = established(a=settings, b=settings)
    for phone in (alice, bob):
        phone.on_event = answering
    session.offer(network.now, NEW)
    other.offer(network.now, NEWER)
    method = "UPDATE" if settings.methods != NO_UPDATE.methods else "INVITE"
    network.run(0.1)
    assert alice.sent(f"491 {method}")
    assert bob.sent(f"491 {method}")
    start = network.now
    network.run(6)
    assert alice.last(events.AnswerReceived)
    assert bob.last(events.AnswerReceived)
    retry = next(at for at, name, _, m in network.log if at > start and name == "alice" and label(m) == method)
    assert 2.0 <= retry - start <= 4.1  # alice owns the Call-ID


def test_newer_offer_takes_the_place_of_one_that_waits() -> None:
    network, alice, bob, session, _ = established()
    session.offer(network.now, b"v=0 first")
    session.offer(network.now, NEW)
    session.offer(network.now, NEWER)
    bob.on_event = answering
    network.run(1)
    assert [event.body for event in bob.all(events.OfferReceived)] == [b"v=0 first", NEWER]


def test_offer_while_their_offer_is_unanswered_waits_and_theirs_gets_500_when_repeated() -> None:
    network, alice, bob, session, other = established()
    session.offer(network.now, NEW)
    network.run(0.1)
    other.offer(network.now, NEWER)
    network.run(0.1)
    assert not bob.sent("UPDATE")
    update = session.dialog.request("UPDATE")
    update.set("Content-Type", "application/sdp")
    update.body = b"v=0 another"
    statuses = []
    session.send(update, lambda _o, status, response, _n: statuses.append((status, response)), network.now)
    network.run(0.1)
    status, response = statuses[0]
    assert status == 500
    assert 0 <= int(response.get("Retry-After")) <= 10
    alice.on_event = answering
    other.answer(network.now, ANSWER)
    network.run(1)
    assert alice.last(events.OfferReceived).body == NEWER


def test_offerless_reinvite_gets_their_offer_and_our_answer_goes_in_ack() -> None:
    network, alice, bob, session, _ = established()
    bob.on_event = lambda phone, event, now: isinstance(event, events.OfferReceived) and event.session.answer(now, NEW)
    session.reoffer_request(network.now)
    network.run(0.3)
    assert bob.last(events.OfferReceived).body == b""
    assert alice.last(events.OfferReceived).body == NEW
    session.acknowledge(network.now, NEWER)
    network.run(1)
    assert bob.last(events.AnswerReceived).body == NEWER


def test_update_in_an_early_dialog_after_a_reliable_answer() -> None:
    network, alice, bob = pair()
    session = alice.call(bob, headers=[("Require", "100rel")])
    network.run(0.5)
    other = bob.last(events.InviteReceived).session
    session.offer(network.now, NEW)
    other.progress(network.now, 183, body=ANSWER)
    bob.on_event = answering
    network.run(1)
    assert alice.sent("UPDATE")
    assert alice.last(events.AnswerReceived).body == ANSWER
    assert session.state == "early"
    other.accept(network.now, ANSWER)
    network.run(1)
    assert session.state == other.state == "confirmed"


def test_offer_in_an_early_dialog_without_answer_waits_for_the_2xx() -> None:
    network, alice, bob = pair()
    session = alice.call(bob)
    network.run(0.5)
    other = bob.last(events.InviteReceived).session
    other.progress(network.now, 183, body=ANSWER)
    network.run(0.1)
    session.offer(network.now, NEW)
    network.run(0.1)
    assert not alice.sent("UPDATE")
    other.accept(network.now, ANSWER)
    bob.on_event = answering
    network.run(1)
    assert alice.last(events.AnswerReceived)


def test_update_without_body_only_refreshes_the_target() -> None:
    network, alice, bob, session, other = established()
    update = session.dialog.request("UPDATE")
    update.set("Contact", "<sip:alice@192.0.2.1:5070>")
    session.send(update, lambda *_: None, network.now, contact=False)
    network.run(0.1)
    assert bob.last(events.Updated)
    assert other.dialog.remote_target == "sip:alice@192.0.2.1:5070"


def test_update_refused_as_unknown_is_tried_as_reinvite() -> None:
    network, alice, bob, session, _ = established(b=NO_UPDATE)
    session.remote_allows |= {"UPDATE"}
    bob.on_event = answering
    session.offer(network.now, NEW)
    network.run(1)
    assert alice.last(events.AnswerReceived).body == ANSWER
    assert bob.sent("501 UPDATE")


def test_cancelled_reinvite_is_487_and_the_session_stays() -> None:
    network, alice, bob, session, other = established(b=NO_UPDATE)
    session.offer(network.now, NEW)
    network.run(0.5)
    alice.endpoint.requests.stop(session.offering, network.now)
    network.run(1)
    assert alice.last(events.OfferRefused).status == 487
    assert session.state == other.state == "confirmed"
    assert other.held is None


def test_reinvite_nobody_answers_is_given_up() -> None:
    network, alice, bob, session, other = established(b=NO_UPDATE, a=Settings(session_expires_s=0))
    session.offer(network.now, NEW)
    network.run(200)
    assert alice.last(events.OfferRefused).status == 487
    session.bye(network.now)
    assert_nothing_left(network, alice, bob)


def test_body_of_another_kind_is_415_with_accept() -> None:
    network, alice, bob, session, _ = established()
    session.content_type = "application/isup"
    session.offer(network.now, NEW)
    network.run(1)
    assert alice.last(events.OfferRefused).status == 415
    assert bob.sent("415 UPDATE")[0].get("Accept") == "application/sdp"


def test_requests_out_of_order_are_500() -> None:
    network, alice, bob, session, _ = established()
    info = session.dialog.request("INFO", 1)
    statuses = []
    session.send(info, lambda _o, status, _r, _n: statuses.append(status), network.now)
    network.run(1)
    assert statuses == [500]


def test_crossing_byes_end_both_sides_once() -> None:
    network, alice, bob, session, other = established()
    session.bye(network.now)
    other.bye(network.now)
    network.run(1)
    assert len(alice.closed(session)) == len(bob.closed(other)) == 1
    assert_nothing_left(network, alice, bob)


def test_bye_with_reason_and_lost_bye() -> None:
    network, alice, bob, session, _ = established()
    bob.node.connected = False
    session.bye(network.now, 'Q.850;cause=16;text="Normal call clearing"')
    network.run(40)
    assert alice.last(events.Ended).by == "local"
    assert alice.sent("BYE")[0].get("Reason").startswith("Q.850;cause=16")


def test_request_of_a_forgotten_dialog_is_481() -> None:
    network, alice, bob, session, other = established()
    bob.endpoint.forget(other)
    session.request(network.now, "INFO", token="info")
    network.run(1)
    assert alice.last(events.ResponseReceived).status == 481
    assert alice.last(events.Ended).by == "gone"


def test_info_is_answered_and_reported_and_packages_are_refused() -> None:
    network, alice, bob, session, _ = established()
    session.request(network.now, "INFO", (), b"Signal=5", "application/dtmf-relay", token="digit")
    session.request(network.now, "INFO", [("Info-Package", "weather")], b"rain", "text/plain", token="package")
    network.run(1)
    info = bob.last(events.InfoReceived)
    assert (info.content_type, info.body) == ("application/dtmf-relay", b"Signal=5")
    assert len(bob.all(events.InfoReceived)) == 1
    assert {event.token: event.status for event in alice.all(events.ResponseReceived)} == {"digit": 200, "package": 469}


def test_options_inside_the_dialog_is_answered() -> None:
    network, alice, bob, session, _ = established()
    session.request(network.now, "OPTIONS", token="alive")
    network.run(1)
    response = alice.last(events.ResponseReceived).response
    assert response.status == 200
    assert "UPDATE" in response.allowed


def test_request_without_a_dialog_fails_at_once() -> None:
    network, alice, bob = pair()
    session = alice.call(bob)
    session.request(network.now, "INFO", token="early")
    network.run(0.1)
    event = alice.last(events.ResponseReceived)
    assert (event.token, event.status, event.local) == ("early", 481, True)


# --- RFC 4028 -------------------------------------------------------------------------------------------------------


def refreshes(network: object, phone: Phone, method: str = "UPDATE") -> list[float]:
    return [at for at, name, _, message in network.log if name == phone.name and label(message) == method]


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_caller_refreshes_at_half_time_while_both_live(method: str) -> None:
    settings = Settings() if method == "UPDATE" else NO_UPDATE
    network, alice, bob, session, other = established(a=settings, b=settings, session_expires_s=200)
    assert (session.interval_s, session.refresher, other.refresher) == (200, "local", "remote")
    bob.on_event = answering
    start = network.now
    network.run(1000)
    assert session.state == other.state == "confirmed"
    times = [at - start for at in refreshes(network, alice, method) if at > start]
    assert times == pytest.approx([100 * n for n in range(1, len(times) + 1)], abs=5)
    if method == "INVITE":
        assert bob.last(events.OfferReceived).body == OFFER
    assert not alice.all(events.AnswerReceived)


def test_dead_caller_is_noticed_by_the_called_side() -> None:
    network, alice, bob, session, other = established(session_expires_s=120)
    alice.node.connected = False
    network.run(200)
    assert bob.last(events.Ended).by == "timeout"
    assert alice.last(events.Ended).by == "timeout"
    assert_nothing_left(network, alice, bob)


def test_called_side_refreshes_when_asked_to() -> None:
    network, alice, bob = pair()
    session = alice.call(bob, headers=[("Session-Expires", "120;refresher=uas")], session_expires_s=0)
    network.run(0.5)
    other = bob.last(events.InviteReceived).session
    other.accept(network.now, ANSWER)
    network.run(300)
    assert other.refresher == "local"
    assert session.refresher == "remote"
    assert len(bob.sent("UPDATE")) >= 4
    assert session.state == "confirmed"


def test_too_short_a_session_is_422_and_tried_again_inside() -> None:
    network, alice, bob = pair(a=Settings(min_se_s=90), b=Settings(min_se_s=300))
    session = alice.call(bob, session_expires_s=120)
    network.run(0.5)
    bob.last(events.InviteReceived).session.accept(network.now, ANSWER)
    network.run(0.5)
    assert bob.sent("422 INVITE")
    assert session.interval_s == 300


def test_peer_without_session_timers_gets_none() -> None:
    plain = Settings(options=("replaces",))
    network, alice, bob, session, other = established(a=plain, session_expires_s=0)
    assert session.interval_s == other.interval_s == 0
    assert "timers" in bob.endpoint.counts()
    assert bob.endpoint.counts()["timers"] == 0


def test_shorter_interval_of_the_called_side_counts() -> None:
    _, _, _, session, other = established(b=Settings(session_expires_s=600))
    assert session.interval_s == other.interval_s == 600


def test_hostile_session_expires_is_ignored_or_bounded() -> None:
    network, alice, bob = pair()
    for value in ("99999999999", "abc", "4294967295;refresher=uas", ";;"):
        alice.call(bob, headers=[("Session-Expires", value)], session_expires_s=0)
    network.run(0.5)
    sessions: list[Session] = [event.session for event in bob.all(events.InviteReceived)]
    for session in sessions:
        session.accept(network.now, ANSWER)
        assert 0 <= session.interval_s <= 86_400
        session.bye(network.now)
