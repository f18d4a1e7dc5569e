"""REFER with its NOTIFYs, Replaces, and sessions restored from the journal."""

from __future__ import annotations

import msgspec
import pytest
from phones import ANSWER, OFFER, Phone, assert_nothing_left, established, label, pair

from kiestoon.sip import events
from kiestoon.sip.message import Request
from kiestoon.sip.session import Session, SessionMisuse, SessionState


def notifies(phone: Phone) -> list[Request]:
    return [event.request for event in phone.all(events.SessionRequestReceived) if event.request.method == "NOTIFY"]


def referred(headers: tuple = (), status: int = 202, target: str = "<sip:carol@example.com>") -> tuple:
    network, alice, bob, session, other = established()

    def react(phone: Phone, event: object, now: float) -> None:
        if isinstance(event, events.ReferReceived):
            phone.endpoint.respond(now, event.transaction, status)
        elif isinstance(event, events.SessionRequestReceived):
            phone.endpoint.respond(now, event.transaction, 200)

    alice.on_event = bob.on_event = react
    session.request(network.now, "REFER", [("Refer-To", target), *headers], token="refer")
    network.run(1)
    return network, alice, bob, session, other


def test_refer_is_reported_and_its_202_followed_by_a_first_notify() -> None:
    network, alice, bob, _, other = referred((("Referred-By", "<sip:alice@example.com>"),))
    event = bob.last(events.ReferReceived)
    assert (event.refer_to, event.referred_by) == ("sip:carol@example.com", "<sip:alice@example.com>")
    assert alice.last(events.ResponseReceived).status == 202
    first = notifies(alice)[0]
    assert first.body == b"SIP/2.0 100 Trying\r\n"
    assert first.get("Event") == "refer"
    assert first.get("Subscription-State").startswith("active")
    other.notify_refer(network.now, 180, False)
    other.notify_refer(network.now, 200, True)
    other.notify_refer(network.now, 200, True)
    network.run(1)
    assert [request.body.split()[1] for request in notifies(alice)] == [b"100", b"180", b"200"]
    assert notifies(alice)[-1].get("Subscription-State") == "terminated;reason=noresource"


def test_second_refer_has_an_event_id() -> None:
    network, alice, _, session, _ = referred()
    session.request(network.now, "REFER", [("Refer-To", "<sip:dave@example.com>")], token="second")
    network.run(1)
    cseq = alice.sent("REFER")[-1].cseq.number
    assert notifies(alice)[-1].get("Event") == f"refer;id={cseq}"


def test_refused_refer_sends_no_notify() -> None:
    network, alice, _, _, other = referred(status=603)
    other.notify_refer(network.now, 200, True)
    network.run(1)
    assert alice.last(events.ResponseReceived).status == 603
    assert not notifies(alice)


def test_refer_without_subscription() -> None:
    network, alice, _, _, other = referred((("Refer-Sub", "false"),))
    other.notify_refer(network.now, 200, True)
    network.run(1)
    assert alice.last(events.ResponseReceived).response.get("Refer-Sub") == "false"
    assert not notifies(alice)


@pytest.mark.parametrize("target", ["", "<sip:a@b>, <sip:c@d>", "<not a uri>"])
def test_refer_to_must_be_there_once_and_readable(target: str) -> None:
    network, alice, bob, _, _ = referred(target=target)
    assert alice.last(events.ResponseReceived).status == 400
    assert not bob.all(events.ReferReceived)


def test_notify_may_follow_the_bye() -> None:
    network, alice, bob, session, other = referred()
    session.bye(network.now)
    network.run(1)
    other.notify_refer(network.now, 200, True)
    network.run(1)
    assert bob.sent("NOTIFY")[-1].body == b"SIP/2.0 200 OK\r\n"
    assert_nothing_left(network, alice, bob)


def test_refer_to_with_replaces_names_our_own_session() -> None:
    network, alice, bob, first, _ = established()
    second = alice.call(bob)
    network.run(0.5)
    consult = bob.last(events.InviteReceived).session
    consult.accept(network.now, ANSWER)
    network.run(0.5)
    dialog = second.dialog
    replaces = f"{dialog.call_id}%3Bto-tag%3D{dialog.remote_tag}%3Bfrom-tag%3D{dialog.local_tag}"
    first.request(network.now, "REFER", [("Refer-To", f"<sip:bob@192.0.2.2?Replaces={replaces}>")], token="r")
    network.run(0.5)
    assert bob.last(events.ReferReceived).replaces is consult


# --- Replaces in INVITE (RFC 3891) ----------------------------------------------------------------------------------


def replace(network: object, bob: Phone, session: Session, extra: str = "", **change: str) -> tuple:
    """Carol calls bob to take the place of ``session``."""
    carol = Phone(network, "carol", "192.0.2.3")
    tags = {"call_id": session.call_id, "to": session.local_tag, "from": session.remote_tag} | change
    value = f"{tags['call_id']};to-tag={tags['to']};from-tag={tags['from']}{extra}"
    placed = carol.call(bob, headers=[("Require", "replaces"), ("Replaces", value)])
    network.run(0.5)
    return carol, placed


def test_replaces_names_the_confirmed_session() -> None:
    network, alice, bob, _, other = established()
    replace(network, bob, other)
    assert bob.last(events.InviteReceived).replaces is other


@pytest.mark.parametrize("change", [{"call_id": "x"}, {"to": "x"}, {"from": "x"}])
def test_replaces_that_matches_nothing_is_481(change: dict[str, str]) -> None:
    network, alice, bob, _, other = established()
    carol, _ = replace(network, bob, other, **change)
    assert carol.last(events.Refused).status == 481
    assert len(bob.all(events.InviteReceived)) == 1


def test_early_only_of_a_confirmed_session_is_486() -> None:
    network, alice, bob, _, other = established()
    carol, _ = replace(network, bob, other, ";early-only")
    assert carol.last(events.Refused).status == 486


def test_session_being_ended_is_603() -> None:
    network, alice, bob, _, other = established()
    alice.node.connected = False
    other.bye(network.now)
    carol, _ = replace(network, bob, other)
    assert carol.last(events.Refused).status == 603


def test_early_dialog_may_be_replaced_only_where_we_are_the_caller() -> None:
    network, alice, bob = pair()
    ringing = bob.call(alice)
    network.run(0.5)
    callee = alice.last(events.InviteReceived).session
    callee.progress(network.now, 180)
    network.run(0.5)
    replace(network, bob, ringing, ";early-only")
    assert bob.last(events.InviteReceived).replaces is ringing
    carol, _ = replace(network, alice, callee)
    assert carol.last(events.Refused).status == 481


def test_broken_replaces_is_400() -> None:
    network, alice, bob = pair()
    alice.call(bob, headers=[("Replaces", "abc;to-tag=1")])
    network.run(0.5)
    assert alice.last(events.Refused).status == 400


# --- the journal ----------------------------------------------------------------------------------------------------


def restart(network: object, phone: Phone, session: Session, kept: bytes = b"") -> tuple[Phone, Session]:
    """The process dies: a new endpoint at the same address, the session restored from its bytes."""
    kept = kept or msgspec.msgpack.encode(session.state_data())
    again = Phone(network, phone.name, phone.node.address[0], seed=99)
    restored = again.endpoint.restore(msgspec.msgpack.decode(kept, type=SessionState), network.now)
    return again, restored


def test_restored_session_goes_on_in_both_directions() -> None:
    network, alice, bob, session, other = established()
    again, restored = restart(network, alice, session)
    bob.on_event = again.on_event = lambda phone, event, now: (
        isinstance(event, events.OfferReceived) and event.session.answer(now, ANSWER)
    )
    restored.offer(network.now, b"v=0 hold")
    network.run(1)
    assert bob.last(events.OfferReceived).body == b"v=0 hold"
    other.offer(network.now, b"v=0 resume")
    network.run(1)
    assert again.last(events.OfferReceived).body == b"v=0 resume"
    other.bye(network.now)
    network.run(1)
    assert again.last(events.Ended).by == "remote"
    assert_nothing_left(network, again, bob)


def test_restored_session_sends_nothing_the_peer_takes_for_older_than_what_it_had() -> None:
    network, alice, bob, session, other = established()
    kept = msgspec.msgpack.encode(session.state_data())
    for _ in range(3):
        session.request(network.now, "INFO")
        network.run(1)
    _, restored = restart(network, alice, session, kept)
    restored.bye(network.now)
    network.run(1)
    assert bob.last(events.Ended).by == "remote", network.ladder()


def test_restored_called_session_can_hang_up() -> None:
    network, alice, bob, session, other = established()
    again, restored = restart(network, bob, other)
    assert restored.id == other.id
    restored.bye(network.now)
    network.run(1)
    assert alice.last(events.Ended).by == "remote"
    assert again.last(events.Ended).by == "local"


def test_accepted_session_is_restored_with_its_2xx() -> None:
    network, alice, bob = pair()
    alice.call(bob, b"")
    network.run(0.5)
    other = bob.last(events.InviteReceived).session
    network.dropped = lambda message: label(message) == "200 INVITE"
    other.accept(network.now, OFFER)
    again, restored = restart(network, bob, other)
    network.run(0.1)
    assert restored.state == "accepted"
    network.dropped = lambda message: False
    network.run(1)
    assert alice.last(events.Accepted).body == OFFER
    alice.last(events.Accepted).session.acknowledge(network.now, ANSWER)
    network.run(1)
    assert again.last(events.Confirmed).body == ANSWER


def test_repeated_2xx_after_a_restart_is_acknowledged() -> None:
    network, alice, bob = pair()
    session = alice.call(bob)
    network.run(0.5)
    network.dropped = lambda message: label(message) == "ACK"
    bob.last(events.InviteReceived).session.accept(network.now, ANSWER)
    network.run(0.1)
    restart(network, alice, session)
    network.dropped = lambda message: False
    network.run(2)
    assert bob.last(events.Confirmed)


def test_restored_refresher_refreshes() -> None:
    network, alice, bob, session, other = established(session_expires_s=100)
    again, _ = restart(network, alice, session)
    network.run(300)
    assert other.state == "confirmed"
    assert len(again.sent("UPDATE")) >= 5


def test_only_established_sessions_can_be_kept() -> None:
    network, alice, bob = pair()
    session = alice.call(bob)
    with pytest.raises(SessionMisuse):
        session.state_data()


def test_new_sessions_never_get_a_restored_number() -> None:
    network, alice, bob, session, _ = established()
    again, restored = restart(network, alice, session)
    assert again.call(bob).id > restored.id
