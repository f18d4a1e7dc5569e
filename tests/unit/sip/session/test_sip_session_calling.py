"""The calling side: forks, redirection, authentication, failover, and answers that come too late."""

from __future__ import annotations

import pytest
from network import Network
from phones import ANSWER, OFFER, Phone, assert_nothing_left, established, label, pair

from kiestoon.sip import events
from kiestoon.sip.digest import Challenger, Credentials, Verdict
from kiestoon.sip.flow import Flow, Target
from kiestoon.sip.message import Request, Response
from kiestoon.sip.session import Session


class Callee:
    """A peer made by hand: answers our INVITE with whatever the test writes."""

    def __init__(self, **options: object) -> None:
        self.network, self.alice, self.bob = pair()
        self.bob.node.connected = False
        self.session: Session = self.alice.call(self.bob, **options)
        self.network.run(0.01)
        self.invite: Request = self.alice.sent("INVITE")[-1]

    def say(
        self, status: int, tag: str = "t1", body: bytes = b"", headers: tuple = (), to: Request | None = None
    ) -> None:

        response = Response.answer(to or self.invite, status, to_tag=tag)
        if status < 300:
            response.add("Contact", f"<sip:{tag}@192.0.2.2:5060>")
        for name, value in headers:
            response.add(name, value)
        if body:
            response.set("Content-Type", "application/sdp")
            response.body = body
        self.network.inject(self.alice.node, response.encode(), Flow("udp", "192.0.2.1", 5060, "192.0.2.2", 5060))


def test_every_fork_has_its_own_early_dialog() -> None:
    callee = Callee()
    callee.say(180, "t1")
    callee.say(183, "t2", ANSWER)
    assert [event.tag for event in callee.alice.all(events.Progressed)] == ["t1", "t2"]
    assert set(callee.session.early) == {"t1", "t2"}
    assert callee.session.state == "early"


def test_first_2xx_wins_and_further_forks_get_ack_and_bye() -> None:
    callee = Callee()
    callee.say(180, "t1")
    callee.say(200, "t2", ANSWER)
    callee.say(200, "t3", ANSWER)
    assert callee.alice.last(events.Accepted).tag == "t2"
    assert len(callee.alice.all(events.Accepted)) == 1
    ack, bye = callee.alice.node.sent[-2:]
    assert (ack.method, bye.method) == ("ACK", "BYE")
    assert ack.to.tag == bye.to.tag == "t3"
    assert bye.cseq.number == 2
    assert callee.session.state == "confirmed"


def test_repeated_2xx_gets_the_same_ack() -> None:
    callee = Callee()
    for _ in range(3):
        callee.say(200, "t1", ANSWER)
    acks = callee.alice.sent("ACK")
    assert len(acks) == 3
    assert len({ack.encode() for ack in acks}) == 1


def test_2xx_of_a_fork_after_the_call_is_over_gets_ack_and_bye() -> None:
    callee = Callee()
    callee.say(200, "t1", ANSWER)
    callee.session.bye(callee.network.now)
    callee.network.run(0.01)
    bye = callee.alice.sent("BYE")[-1]
    callee.say(200, "t1", to=bye)
    assert callee.alice.last(events.Ended).by == "local"
    callee.say(200, "t2", ANSWER)
    assert [label(m) for m in callee.alice.node.sent[-2:]] == ["ACK", "BYE"]
    assert callee.alice.sent("BYE")[-1].to.tag == "t2"


def test_ack_follows_record_route_and_contact() -> None:
    callee = Callee()
    routes = (("Record-Route", "<sip:192.0.2.2;lr;n=1>"), ("Record-Route", "<sip:198.51.100.2;lr;n=2>"))
    callee.say(200, "t1", ANSWER, routes)
    callee.network.names["198.51.100.2"] = [Target("udp", "198.51.100.2", 5060)]
    callee.network.run(0.1)
    ack = callee.alice.sent("ACK")[-1]
    assert ack.all("Route") == ["<sip:198.51.100.2;lr;n=2>", "<sip:192.0.2.2;lr;n=1>"]
    assert ack.uri == "sip:t1@192.0.2.2:5060"


def test_peer_without_tags_and_contact_is_understood() -> None:
    callee = Callee()
    response = Response.answer(callee.invite, 200)
    flow = Flow("udp", "192.0.2.1", 5060, "192.0.2.2", 5060)
    callee.network.inject(callee.alice.node, response.encode(), flow)
    assert callee.session.state == "confirmed"
    ack = callee.alice.sent("ACK")[-1]
    assert (ack.to.tag, ack.uri) == ("", "sip:bob@192.0.2.2")
    bye = Request("BYE", "sip:alice@192.0.2.1")
    for name, value in [
        ("Via", "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKb"), ("From", "<sip:bob@192.0.2.2>"),
        ("To", callee.invite.get("From")), ("Call-ID", callee.invite.call_id), ("CSeq", "1 BYE"),
    ]:  # fmt: skip
        bye.add(name, value)
    callee.network.inject(callee.alice.node, bye.encode(), flow)
    assert callee.alice.last(events.Ended).by == "remote"


def test_strict_router_gets_itself_as_request_uri() -> None:
    callee = Callee()
    callee.say(200, "t1", ANSWER, (("Record-Route", "<sip:192.0.2.2;n=1>"),))
    ack = callee.alice.sent("ACK")[-1]
    assert ack.uri == "sip:192.0.2.2;n=1"
    assert ack.all("Route") == ["<sip:t1@192.0.2.2:5060>"]


def test_redirection_is_ordered_by_q() -> None:
    callee = Callee()
    callee.say(302, headers=(("Contact", "<sip:low@x>;q=0.1, <sip:top@x>"), ("Contact", "<sip:mid@x>;q=0.5")))
    redirected = callee.alice.last(events.Redirected)
    assert redirected.contacts == ("sip:top@x", "sip:mid@x", "sip:low@x")
    assert_nothing_left(callee.network, callee.alice)


def test_nobody_there_is_a_local_408() -> None:
    callee = Callee()
    callee.network.run()
    refused = callee.alice.last(events.Refused)
    assert (refused.status, refused.local, refused.response) == (408, True, None)


def test_422_is_tried_again_with_the_minimum_asked_for() -> None:
    callee = Callee(session_expires_s=100)
    callee.say(422, headers=(("Min-SE", "600"),))
    again = callee.alice.sent("INVITE")[-1]
    assert again.get("Session-Expires") == "600"
    assert again.get("Min-SE") == "600"
    assert again.cseq.number == 2
    callee.invite = again
    callee.say(422, headers=(("Min-SE", "600"),))
    assert callee.alice.last(events.Refused).status == 422


def test_503_and_dead_targets_fall_over_to_the_next() -> None:
    network, alice, bob = pair()
    carol = Phone(network, "carol", "192.0.2.3")
    carol.on_event = lambda phone, event, now: (
        isinstance(event, events.InviteReceived) and event.session.reject(now, 503)
    )
    session = alice.call(bob, destination=[Target("tcp", "192.0.2.99", 5060), carol.node.target(), bob.node.target()])
    network.run(1)
    assert bob.last(events.InviteReceived)
    invites = alice.sent("INVITE")
    assert len({invite.via.branch for invite in invites}) == len(invites) == 2
    assert not alice.all(events.Refused)
    bob.last(events.InviteReceived).session.accept(network.now, ANSWER)
    network.run(1)
    assert session.state == "confirmed"


def test_all_transports_dead_is_a_local_503() -> None:
    network, alice, bob = pair()
    alice.call(bob, destination=[Target("tcp", "192.0.2.98", 5060), Target("tcp", "192.0.2.99", 5060)])
    network.run(1)
    refused = alice.last(events.Refused)
    assert (refused.status, refused.local) == (503, True)
    assert_nothing_left(network, alice)


def test_silent_target_falls_over_after_timer_b() -> None:
    network, alice, bob = pair()
    alice.call(bob, destination=[Target("udp", "192.0.2.99", 5060), bob.node.target()])
    network.run(31.9)
    assert not bob.events
    network.run(1)
    assert bob.last(events.InviteReceived)


def test_destination_is_resolved_when_not_given() -> None:
    network, alice, bob = pair()
    network.names["example.com"] = [bob.node.target()]
    alice.endpoint.invite(
        network.now, uri="sip:bob@example.com", to="sip:bob@example.com", from_="sip:alice@example.com", body=OFFER
    )
    network.run(1)
    assert bob.last(events.InviteReceived).request.uri == "sip:bob@example.com"


def test_unknown_name_is_a_local_503_and_cancel_while_resolving_a_487() -> None:
    network, alice, _ = pair()
    place = {"to": "sip:x@nowhere.example", "from_": "sip:alice@example.com", "uri": "sip:x@nowhere.example"}
    alice.endpoint.invite(network.now, **place)
    network.run(1)
    assert alice.last(events.Refused).status == 503
    session = alice.endpoint.invite(network.now, **place)
    session.cancel(network.now)
    network.run(1)
    assert alice.last(events.Refused).status == 487
    assert_nothing_left(network, alice)


# --- authentication -------------------------------------------------------------------------------------------------


class Provider:
    """A phone that challenges every INVITE and BYE."""

    def __init__(self, password: str = "secret") -> None:
        self.network, self.alice, self.bob = pair()
        self.challenger = Challenger(b"k" * 32)
        self.bob.on_event = self.react
        self.verdicts: list[Verdict] = []
        self.session = self.alice.call(self.bob, credentials=Credentials("alice", password))

    def react(self, phone: Phone, event: object, now: float) -> None:
        if not isinstance(event, events.InviteReceived):
            return
        if event.request.get("Authorization") is None:
            challenges = self.challenger.challenge("example.com", now)
            event.session.reject(now, 401, "", [("WWW-Authenticate", value) for value in challenges])


def test_challenge_is_answered_with_the_next_cseq_in_the_same_call() -> None:
    provider = Provider()
    provider.network.run(1)
    first, second = provider.alice.sent("INVITE")
    assert (first.cseq.number, second.cseq.number) == (1, 2)
    assert first.call_id == second.call_id
    assert first.from_.tag == second.from_.tag
    assert second.get("Authorization").startswith("Digest")
    assert not provider.alice.all(events.Refused)
    provider.bob.last(events.InviteReceived).session.accept(provider.network.now, ANSWER)
    provider.network.run(1)
    # The ACK repeats the INVITE's credentials, the BYE comes signed at once.
    assert provider.alice.sent("ACK")[-1].get("Authorization") == second.get("Authorization")
    provider.session.bye(provider.network.now)
    provider.network.run(1)
    assert provider.alice.sent("BYE")[0].get("Authorization")
    assert provider.alice.last(events.Ended).by == "local"


def test_wrong_password_is_refused_after_one_try() -> None:
    provider = Provider()
    provider.bob.on_event = lambda phone, event, now: (
        isinstance(event, events.InviteReceived)
        and event.session.reject(
            now, 401, "", [("WWW-Authenticate", value) for value in provider.challenger.challenge("example.com", now)]
        )
    )
    provider.network.run(1)
    assert len(provider.alice.sent("INVITE")) == 2
    assert provider.alice.last(events.Refused).status == 401
    assert_nothing_left(provider.network, provider.alice, provider.bob)


def test_challenge_without_credentials_is_refused() -> None:
    callee = Callee()
    callee.say(407, headers=(("Proxy-Authenticate", 'Digest realm="x", nonce="n", qop="auth"'),))
    assert callee.alice.last(events.Refused).status == 407


def test_server_and_proxy_may_both_ask() -> None:
    callee = Callee(credentials=Credentials("alice", "secret"))
    callee.say(407, headers=(("Proxy-Authenticate", 'Digest realm="proxy", nonce="n", qop="auth"'),))
    callee.invite = callee.alice.sent("INVITE")[-1]
    callee.say(401, headers=(("WWW-Authenticate", 'Digest realm="server", nonce="m", qop="auth"'),))
    third = callee.alice.sent("INVITE")[-1]
    assert third.cseq.number == 3
    assert third.get("Proxy-Authorization")
    assert third.get("Authorization")


def test_stale_nonce_is_answered_again() -> None:
    callee = Callee(credentials=Credentials("alice", "secret"))
    for number, stale in enumerate(("", ", stale=true"), 1):
        callee.say(401, headers=(("WWW-Authenticate", f'Digest realm="r", nonce="n{number}", qop="auth"{stale}'),))
        callee.invite = callee.alice.sent("INVITE")[-1]
    assert callee.invite.cseq.number == 3
    assert 'nonce="n2"' in callee.invite.get("Authorization")


def test_early_dialogs_of_a_challenged_attempt_are_forgotten() -> None:
    callee = Callee(credentials=Credentials("alice", "secret"))
    reliable = (("Require", "100rel"), ("RSeq", "9"))
    callee.say(183, "t1", headers=reliable)
    callee.say(401, headers=(("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"'),))
    callee.invite = callee.alice.sent("INVITE")[-1]
    callee.say(183, "t1", headers=reliable)
    assert [event.tag for event in callee.alice.all(events.Progressed)] == ["t1", "t1"]
    assert len({prack.via.branch for prack in callee.alice.sent("PRACK")}) == 2


# --- flows ----------------------------------------------------------------------------------------------------------


def test_phone_behind_nat_is_reached_over_the_flow_it_used() -> None:
    network = Network()
    alice, bob = Phone(network, "alice", "192.0.2.1"), Phone(network, "bob", "10.0.0.2")
    del network.nodes[bob.node.address]
    bob.node.nat = ("203.0.113.7", 61000)
    network.add(bob.node)
    session = alice.call(bob)
    network.run(1)
    bob.last(events.InviteReceived).session.accept(network.now, ANSWER)
    network.run(1)
    assert session.dialog.remote_target == "sip:bob@10.0.0.2:5060"
    session.bye(network.now)
    network.run(1)
    assert bob.last(events.Ended).by == "remote"


def test_lost_connection_is_replaced_by_the_newer_one_the_user_knows() -> None:
    network, alice, bob, session, _other = established(transport="tcp")
    moved = Phone(network, "moved", "192.0.2.77")
    alice.endpoint.flow_for = lambda session: moved.node.target("tcp")
    bob.node.connected = False
    session.request(network.now, "INFO", token="info")
    network.run(1)
    assert moved.sent("481 INFO")
    assert alice.last(events.Ended).by == "gone"


def test_lost_connection_falls_back_to_the_contact() -> None:
    network, alice, bob, session, other = established(transport="tcp")
    session.dialog.remote_target = "sip:bob@192.0.2.77:5060"
    Phone(network, "moved", "192.0.2.77")
    bob.node.connected = False
    session.bye(network.now)
    network.run(1)
    assert alice.last(events.Ended).by == "local"
    assert network.log[-1][1:3] == ("moved", "alice")


@pytest.mark.parametrize("status", [408, 481])
def test_408_and_481_inside_the_dialog_end_it(status: int) -> None:
    network, alice, bob, session, other = established()
    bob.on_event = lambda phone, event, now: (
        isinstance(event, events.SessionRequestReceived) and phone.endpoint.respond(now, event.transaction, status)
    )
    session.request(network.now, "MESSAGE", token="m")
    network.run(1)
    assert alice.last(events.Ended).by == ("gone" if status == 481 else "timeout")
    assert_nothing_left(network, alice, bob)
