"""What the endpoint answers by itself, what it leaves to its user, and what no input may do to it."""

from __future__ import annotations

import gc
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phones import ANSWER, OFFER, Phone, assert_nothing_left, established, label, pair

from kiestoon.sip import events
from kiestoon.sip.deadlines import DeadlineQueue
from kiestoon.sip.flow import Flow
from kiestoon.sip.message import Request
from kiestoon.sip.parse import BadMessage, parse_message
from kiestoon.sip.session import Session

FLOW = Flow("udp", "192.0.2.2", 5060, "192.0.2.1", 5060)


def ask(method: str, uri: str = "sip:bob@192.0.2.2", **headers: str) -> tuple:
    """Send bob one request outside any dialog; returns bob and his answer."""
    network, alice, bob = pair()
    request = Request(method, uri)
    for name, value in {
        "Via": f"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{random.random()}",
        "From": "<sip:alice@example.com>;tag=f",
        "To": "<sip:bob@example.com>",
        "Call-ID": "c1",
        "CSeq": f"1 {method}",
        "Max-Forwards": "70",
        "Contact": "<sip:alice@192.0.2.1>",
    }.items():
        request.add(name, value)
    body = headers.pop("body", "")
    for name, value in headers.items():
        request.set(name.replace("_", "-"), value)
    request.body = body.encode()
    network.inject(bob.node, request.encode(), FLOW)
    return bob, bob.node.sent[-1] if bob.node.sent else None


@pytest.mark.parametrize(
    ("method", "headers", "status", "header"),
    [
        ("FLY", {}, 501, ("Allow", "ACK")),
        ("INVITE", {"uri": "http:bob"}, 416, None),
        ("INVITE", {"Max_Forwards": "0"}, 483, None),
        ("INVITE", {"Require": "100rel, teleport"}, 420, ("Unsupported", "teleport")),
        ("OPTIONS", {"Require": "teleport"}, 420, ("Unsupported", "teleport")),
        ("INVITE", {"Content_Type": "text/plain", "body": "hi"}, 415, ("Accept", "application/sdp")),
        ("INVITE", {"Content_Encoding": "gzip", "body": "hi"}, 415, ("Accept-Encoding", "identity")),
        ("INVITE", {"Contact": "*"}, 400, None),
        ("INVITE", {"Replaces": "a;to-tag=b;from-tag=c"}, 481, None),
        ("INVITE", {"To": "<sip:bob@example.com>;tag=gone"}, 481, None),
        ("INVITE", {"Session_Expires": "30", "Supported": "timer"}, 422, ("Min-SE", "90")),
        ("BYE", {}, 481, None),
        ("UPDATE", {}, 481, None),
        ("NOTIFY", {"To": "<sip:bob@example.com>;tag=gone"}, 481, None),
        ("SUBSCRIBE", {"Event": "weather"}, 489, ("Allow-Events", "message-summary")),
        ("SUBSCRIBE", {}, 489, None),
    ],
)
def test_refusals(method: str, headers: dict[str, str], status: int, header: tuple[str, str] | None) -> None:
    bob, response = ask(method, **headers)
    assert response.status == status
    assert response.to.tag
    if header is not None:
        assert response.get(header[0]).startswith(header[1])
    assert not bob.events


@pytest.mark.parametrize("method", ["OPTIONS", "REGISTER", "MESSAGE", "PUBLISH", "REFER"])
def test_other_requests_are_left_to_the_user(method: str) -> None:
    bob, response = ask(method)
    assert response is None
    event = bob.last(events.RequestReceived)
    bob.endpoint.respond(1000.0, event.transaction, 200, "Fine", [("X-A", "b")], b"hello", "text/plain")
    bob.network.drain(bob.node)
    answer = bob.node.sent[-1]
    assert (answer.status, answer.reason, answer.get("X-A"), answer.body) == (200, "Fine", "b", b"hello")


def test_sdp_is_found_in_a_multipart_body() -> None:
    isup, sdp = "Content-Type: application/isup\r\n\r\n\1\2", "Content-Type: application/sdp\r\n\r\nv=0 in"
    body = f"--x\r\n{isup}\r\n--x\r\n{sdp}\r\n--x--\r\n"
    bob, _ = ask("INVITE", Content_Type='multipart/mixed; boundary="x"', body=body)
    assert bob.last(events.InviteReceived).session.remote_body == b"v=0 in"


def test_optional_body_of_another_kind_is_ignored() -> None:
    bob, _ = ask("INVITE", Content_Type="text/plain", Content_Disposition="render; handling=optional", body="hi")
    assert bob.last(events.InviteReceived).session.remote_body == b""


def test_merged_invite_is_482() -> None:
    network, alice, bob = pair()
    alice.call(bob)
    network.run(0.1)
    copy = parse_message(alice.sent("INVITE")[0].encode())
    copy.replace_first("Via", copy.get("Via").replace("z9hG4bK", "z9hG4bKother"))
    network.inject(bob.node, copy.encode(), FLOW)
    assert label(bob.node.sent[-1]) == "482 INVITE"
    assert len(bob.all(events.InviteReceived)) == 1


def test_request_outside_dialogs_is_answered_to_its_token() -> None:
    network, alice, bob = pair()
    bob.on_event = lambda phone, event, now: phone.endpoint.respond(now, event.transaction, 200)
    alice.endpoint.request(
        network.now, method="REGISTER", uri="sip:192.0.2.2", from_="sip:alice@example.com", to="sip:alice@example.com",
        destination=[bob.node.target()], token=7, call_id="mine", cseq=5, contact_user="line7",
    )  # fmt: skip
    network.run(1)
    event = alice.last(events.ResponseReceived)
    assert (event.token, event.status, event.local) == (7, 200, False)
    register = bob.last(events.RequestReceived).request
    assert (register.call_id, register.cseq.number) == ("mine", 5)
    assert str(register.contacts[0].uri) == "sip:line7@192.0.2.1:5060"
    assert_nothing_left(network, alice, bob)


def test_request_nobody_answers_is_a_local_408() -> None:
    network, alice, bob = pair()
    bob.node.connected = False
    alice.endpoint.request(
        network.now, method="OPTIONS", uri="sip:bob@192.0.2.2", from_="sip:a@x", to="sip:b@x", token=1,
        destination=[bob.node.target()],
    )  # fmt: skip
    network.run()
    event = alice.last(events.ResponseReceived)
    assert (event.status, event.local, event.response) == (408, True, None)


def test_dropped_invite_leaves_no_trace() -> None:
    network, alice, bob = pair()
    bob.on_event = lambda phone, event, now: event.session.drop()
    session = alice.call(bob)
    network.run(0.1)
    assert not bob.node.sent
    session.cancel(network.now)
    network.run()
    assert set(bob.names()) == {"InviteReceived"}
    assert_nothing_left(network, bob)


def test_an_ended_call_leaves_no_reference_cycles() -> None:
    gc.collect()
    gc.disable()
    try:
        gc.set_debug(gc.DEBUG_SAVEALL)
        network, alice, bob, session, other = established(headers=[("Require", "100rel")])
        session.offer(network.now, OFFER)
        other.reoffer_request(network.now)
        network.run(1)
        session.bye(network.now)
        network.run()
        for phone in (alice, bob):
            phone.events.clear()
        del session, other
        gc.collect()
        # Only what belongs to these phones: other tests' remains may come up at any time.
        mine = (alice.endpoint, bob.endpoint)
        leaked = [thing for thing in gc.garbage if isinstance(thing, Session) and thing.endpoint in mine]
        assert not leaked, leaked
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


# --- hostile input --------------------------------------------------------------------------------------------------

SEEDS = [
    (ANSWER, "200 OK"), (b"", "183 Session Progress"), (OFFER, "INVITE"), (b"", "UPDATE"), (b"", "PRACK"),
    (b"", "REFER"),
    (b"", "ACK"), (b"", "BYE"), (b"", "CANCEL"), (b"", "SUBSCRIBE"), (b"", "INFO"), (b"", "NOTIFY"), (b"", "OPTIONS"),
]  # fmt: skip
ODD = st.sampled_from([
    "", "x", "1", "-1", "99999999999999999999", "1 2 INVITE", "a;b=c;;", '"', "<", "<sip:x@y>", "*", ";tag=", "timer",
    "100rel", "0;refresher=zas", "\udce4", "active", "sip:@", "<sip:x?Replaces=%00>", "application/sdp", "a,b,,c",
])  # fmt: skip
NAMES = st.sampled_from([
    "Contact", "Record-Route", "Route", "RSeq", "RAck", "Require", "Supported", "Allow", "Session-Expires", "Min-SE",
    "Refer-To", "Replaces", "Event", "Expires", "Content-Type", "Reason", "Retry-After", "WWW-Authenticate", "To",
    "From", "CSeq", "Call-ID", "Subscription-State", "Refer-Sub", "Info-Package", "Content-Disposition",
])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    early=st.booleans(),
    attacks=st.lists(
        st.tuples(st.sampled_from(SEEDS), st.lists(st.tuples(NAMES, ODD), max_size=3), st.booleans()), max_size=5
    ),
)
def test_no_message_ever_raises(early: bool, attacks: list[tuple]) -> None:
    if early:
        network, alice, bob = pair(3)
        session = alice.call(bob)
        network.run(0.1)
        other = bob.last(events.InviteReceived).session
    else:
        network, alice, bob, session, other = established(3)
    for number, ((body, what), changes, to_alice) in enumerate(attacks):
        phone, own = (alice, session) if to_alice else (bob, other)
        inject(network, phone, own, what, body, changes, number)
        network.run(0.3)
    for phone in (alice, bob):
        for left in list(phone.endpoint.sessions.values()):
            left.bye(network.now)
    network.run(300)
    assert not alice.endpoint.sessions
    assert not bob.endpoint.sessions


def inject(network: object, phone: Phone, own: object, what: str, body: bytes, changes: list, number: int) -> None:
    """A message inside the phone's dialog, with some headers made odd."""
    head = f"SIP/2.0 {what}" if what[0].isdigit() else f"{what} sip:{phone.name}@x SIP/2.0"
    tags = (own.local_tag, own.remote_tag or "r") if what[0].isdigit() else (own.remote_tag or "r", own.local_tag)
    method = "INVITE" if what[0].isdigit() or what in ("ACK", "CANCEL") else what
    sent = phone.sent("INVITE")
    via = sent[-1].get("Via") if what[0].isdigit() and sent else f"SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKx{number}{what}"
    headers = {
        "Via": via, "From": f"<sip:a@x>;tag={tags[0]}", "To": f"<sip:b@x>;tag={tags[1]}", "Call-ID": own.call_id,
        "CSeq": f"{1 if what in ('ACK', '200 OK') else 10 + number} {what if what in ('ACK', 'CANCEL') else method}",
        "Contact": "<sip:evil@192.0.2.66>",
    }  # fmt: skip
    if body:
        headers["Content-Type"] = "application/sdp"
    headers.update(changes)
    text = head + "".join(f"\r\n{name}: {value}" for name, value in headers.items())
    data = text.encode("utf-8", "surrogateescape") + f"\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    try:
        parse_message(data)
    except BadMessage:
        return
    network.inject(phone.node, data, Flow("udp", *phone.node.address, "192.0.2.66", 5060))


# --- deadlines ------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=60))
def test_deadlines_come_due_in_order_and_stopped_ones_never(entries: list[tuple[int, bool]]) -> None:
    queue: DeadlineQueue[int] = DeadlineQueue()
    started = [(queue.start(float(at), "t", number), at, keep) for number, (at, keep) in enumerate(entries)]
    for deadline, _, keep in started:
        if not keep:
            queue.stop(deadline)
            queue.stop(deadline)
    kept = sorted(at for _, at, keep in started if keep)
    assert len(queue) == len(kept)
    assert queue.next_deadline() == (kept[0] if kept else None)
    assert [entries[owner][0] for owner, _ in queue.due(100.0)] == kept
    assert len(queue) == 0


def test_stopped_deadlines_do_not_pile_up() -> None:
    queue: DeadlineQueue[str] = DeadlineQueue()
    for _ in range(10_000):
        queue.stop(queue.start(1800.0, "t", "call"))
    assert len(queue._heap) < 1000
