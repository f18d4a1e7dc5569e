"""The notifier of RFC 6665 and the bodies it carries."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from phones import Phone, assert_nothing_left, pair

from kiestoon.sip import events
from kiestoon.sip.flow import Flow
from kiestoon.sip.message import Request
from kiestoon.sip.subscription import dialog_info, message_summary, presence

KIND = dialog_info.CONTENT_TYPE


class Watcher:
    """Alice is the exchange; the watcher is made by hand on bob's address."""

    def __init__(self, accept: str = "", **options: Any) -> None:
        self.network, self.alice, self.bob = pair()
        self.options = {"body": b"<first/>", "content_type": KIND} | options
        self.subscription: Any = None
        self.alice.on_event = self.react
        self.answers: list[int] = []
        self.status = 200
        self.bob.on_event = self.watch
        self.notifies: list[Request] = []
        self.cseq = 0
        self.headers = [("Accept", accept)] if accept else []

    def react(self, phone: Phone, event: object, now: float) -> None:
        if isinstance(event, events.RequestReceived):
            self.subscription = phone.endpoint.subscriptions.accept(now, event.transaction, event.flow, **self.options)

    def watch(self, phone: Phone, event: object, now: float) -> None:
        if isinstance(event, events.RequestReceived):
            self.notifies.append(event.request)
            phone.endpoint.respond(now, event.transaction, self.status)

    def subscribe(self, expires: str = "3600", tag: str = "", event: str = "dialog;id=x1") -> Any:
        self.cseq += 1
        request = Request("SUBSCRIBE", "sip:201@192.0.2.1")
        for name, value in [
            ("Via", f"SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKs{self.cseq}"), ("From", "<sip:200@x>;tag=w"),
            ("To", f"<sip:201@x>;tag={tag}" if tag else "<sip:201@x>"), ("Call-ID", "s1"),
            ("CSeq", f"{self.cseq} SUBSCRIBE"), ("Contact", "<sip:200@192.0.2.2>"), ("Event", event),
            ("Expires", expires), *self.headers,
        ]:  # fmt: skip
            request.add(name, value)
        flow = Flow("udp", "192.0.2.1", 5060, "192.0.2.2", 5060)
        before = len(self.alice.node.sent)
        self.network.inject(self.alice.node, request.encode(), flow)
        self.network.run(0.2)
        return self.alice.node.sent[before]


@pytest.fixture
def watcher(monkeypatch: pytest.MonkeyPatch) -> Watcher:
    return deaf(Watcher(), monkeypatch)


def deaf(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> Watcher:
    """Bob has no subscriber's dialog: let NOTIFY through to the test as if it came outside one."""
    endpoint = watcher.bob.endpoint

    def in_dialog(transaction: Any, request: Request, flow: Flow, now: float) -> None:
        endpoint.emit(events.RequestReceived(transaction, request, flow))

    monkeypatch.setattr(endpoint, "_in_dialog", in_dialog)
    return watcher


def test_accepted_subscription_gets_its_state_at_once(watcher: Watcher) -> None:
    response = watcher.subscribe()
    assert (response.status, response.get("Expires")) == (200, "3600")
    notify = watcher.notifies[0]
    assert notify.from_.tag == response.to.tag
    assert notify.get("Event") == "dialog;id=x1"
    assert notify.get("Subscription-State") == "active;expires=3600"
    assert (notify.body, notify.content_type) == (b"<first/>", KIND)
    assert watcher.subscription.resource == "sip:201@192.0.2.1"


def test_only_the_newest_state_follows_an_unanswered_notify(watcher: Watcher) -> None:
    watcher.subscribe()
    for body in (b"1", b"2", b"3"):
        watcher.subscription.notify(watcher.network.now, body)
    watcher.network.run(1)
    assert [notify.body for notify in watcher.notifies] == [b"<first/>", b"1", b"3"]
    numbers = [notify.cseq.number for notify in watcher.notifies]
    assert numbers == sorted(set(numbers))


def test_version_rises_by_one_in_each_notify(watcher: Watcher) -> None:
    watcher.options["body"] = lambda version: b"v%d" % version
    watcher.subscribe()
    watcher.subscribe(tag=watcher.subscription.tag)
    watcher.subscription.notify(watcher.network.now, lambda version: b"w%d" % version)
    watcher.network.run(1)
    assert [notify.body for notify in watcher.notifies] == [b"v0", b"v1", b"w2"]


def test_refresh_extends_and_repeats_the_state(watcher: Watcher) -> None:
    watcher.subscribe("100")
    watcher.network.run(80)
    assert watcher.subscribe("100", watcher.subscription.tag).status == 200
    watcher.network.run(80)
    assert watcher.subscription.state == "active"
    assert len(watcher.notifies) == 2
    watcher.network.run(60)
    assert watcher.subscription.state == "terminated"
    assert watcher.notifies[-1].get("Subscription-State") == "terminated;reason=timeout"
    assert watcher.alice.last(events.SubscriptionEnded).reason == "timeout"
    assert_nothing_left(watcher.network, watcher.alice)


def test_expires_0_ends_it(watcher: Watcher) -> None:
    watcher.subscribe()
    watcher.subscribe("0", watcher.subscription.tag)
    assert watcher.notifies[-1].get("Subscription-State").startswith("terminated")
    assert watcher.subscribe("100", watcher.subscription.tag).status == 481
    assert_nothing_left(watcher.network, watcher.alice)


def test_poll_gets_one_notify(watcher: Watcher) -> None:
    watcher.subscribe("0")
    assert len(watcher.notifies) == 1
    assert watcher.notifies[0].body == b"<first/>"
    assert watcher.notifies[0].get("Subscription-State").startswith("terminated")
    assert_nothing_left(watcher.network, watcher.alice)


def test_too_short_is_423_and_too_long_is_shortened(watcher: Watcher) -> None:
    response = watcher.subscribe("10")
    assert (response.status, response.get("Min-Expires")) == (423, "60")
    assert watcher.subscription is None
    watcher.options["max_expires_s"] = 600
    assert watcher.subscribe("7200").get("Expires") == "600"


def test_unreadable_expires_means_the_default(watcher: Watcher) -> None:
    assert watcher.subscribe("soon").get("Expires") == "3600"


def test_watcher_that_cannot_read_the_body_is_406(monkeypatch: pytest.MonkeyPatch) -> None:
    watcher = deaf(Watcher("application/pidf+xml"), monkeypatch)
    assert watcher.subscribe().status == 406
    assert watcher.subscription is None
    assert_nothing_left(watcher.network, watcher.alice)


@pytest.mark.parametrize("accept", [KIND, "application/*", "*/*", f"text/plain, {KIND};q=0.5"])
def test_accept_may_be_a_range(monkeypatch: pytest.MonkeyPatch, accept: str) -> None:
    assert deaf(Watcher(accept), monkeypatch).subscribe().status == 200


def test_refused_notify_ends_the_subscription(watcher: Watcher) -> None:
    watcher.status = 481
    watcher.subscribe()
    assert watcher.alice.last(events.SubscriptionEnded).reason == "gone"
    assert_nothing_left(watcher.network, watcher.alice)


def test_pending_watcher_sees_nothing_until_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    watcher = deaf(Watcher(pending=True), monkeypatch)
    watcher.subscribe()
    assert watcher.notifies[0].body == b""
    assert watcher.notifies[0].get("Subscription-State").startswith("pending")
    watcher.subscription.activate(watcher.network.now)
    watcher.network.run(1)
    assert watcher.notifies[-1].body == b"<first/>"


def test_terminate_says_why(watcher: Watcher) -> None:
    watcher.subscribe()
    watcher.subscription.terminate(watcher.network.now, "deactivated")
    watcher.subscription.notify(watcher.network.now, b"late")
    watcher.network.run(1)
    assert watcher.notifies[-1].get("Subscription-State") == "terminated;reason=deactivated"
    assert_nothing_left(watcher.network, watcher.alice)


# --- watchers that are away ------------------------------------------------------------------------------------------


def silenced(watcher: Watcher) -> Any:
    """The watcher has a subscription, is cut off, and a NOTIFY to it was given up."""
    watcher.subscribe()
    watcher.bob.node.connected = False
    watcher.subscription.notify(watcher.network.now, b"1")
    watcher.network.run(40)
    return watcher.subscription


def test_a_notify_nobody_answers_silences_the_subscription_but_does_not_end_it(watcher: Watcher) -> None:
    subscription = silenced(watcher)
    assert watcher.alice.last(events.WatcherSilent).subscription is subscription
    assert (subscription.state, subscription.silent) == ("active", True)
    sent = len(watcher.alice.sent("NOTIFY"))
    subscription.notify(watcher.network.now, b"2")
    watcher.network.run(40)
    assert len(watcher.alice.sent("NOTIFY")) == sent


def test_a_silent_watcher_gets_the_newest_state_when_it_is_asked_again(watcher: Watcher) -> None:
    subscription = silenced(watcher)
    subscription.notify(watcher.network.now, b"2")
    watcher.bob.node.connected = True
    subscription.resend(watcher.network.now)
    watcher.network.run(1)
    assert watcher.notifies[-1].body == b"2"
    assert not subscription.silent
    assert watcher.alice.last(events.WatcherBack).subscription is subscription


def test_a_silent_watcher_that_renews_gets_the_newest_state_at_once(watcher: Watcher) -> None:
    subscription = silenced(watcher)
    subscription.notify(watcher.network.now, b"2")
    watcher.bob.node.connected = True
    watcher.subscribe(tag=subscription.tag)
    assert watcher.notifies[-1].body == b"2"
    assert not subscription.silent
    assert watcher.alice.last(events.SubscriptionRefreshed).subscription is subscription


def test_a_silent_watchers_time_runs_out_without_a_word(watcher: Watcher) -> None:
    watcher.options["max_expires_s"] = 100
    subscription = silenced(watcher)
    sent = len(watcher.alice.sent("NOTIFY"))
    watcher.network.run(200)
    assert watcher.alice.last(events.SubscriptionEnded).subscription is subscription
    assert len(watcher.alice.sent("NOTIFY")) == sent
    assert_nothing_left(watcher.network, watcher.alice)


def test_a_notify_refused_for_now_is_not_the_end(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    watcher.subscribe()

    def busy(phone: Phone, event: Any, now: float) -> None:
        phone.endpoint.respond(now, event.transaction, 503, headers=[("Retry-After", "5")])

    watcher.bob.on_event = busy
    watcher.subscription.notify(watcher.network.now, b"1")
    watcher.network.run(1)
    assert watcher.alice.last(events.WatcherSilent)
    watcher.bob.on_event = watcher.watch
    watcher.subscription.resend(watcher.network.now)
    watcher.network.run(1)
    assert watcher.notifies[-1].body == b"1"


def test_what_is_under_way_to_the_old_place_is_sent_to_the_new_one(watcher: Watcher) -> None:
    watcher.subscribe()
    watcher.bob.node.connected = False
    watcher.subscription.notify(watcher.network.now, b"1")
    watcher.network.run(2)
    elsewhere = Phone(watcher.network, "bob elsewhere", "192.0.2.77")
    heard: list[Request] = []

    def hear(transaction: Any, request: Request, flow: Flow, now: float) -> None:
        heard.append(request)
        elsewhere.endpoint.respond(now, transaction, 200)

    elsewhere.endpoint._in_dialog = hear
    watcher.subscription.move(watcher.network.now, Flow("udp", "192.0.2.1", 5060, "192.0.2.77", 5060))
    watcher.network.run(60)
    assert [each.body for each in heard] == [b"1"]
    assert (watcher.subscription.state, watcher.subscription.silent) == ("active", False)


def test_a_restored_subscription_goes_on_with_greater_numbers(watcher: Watcher) -> None:
    watcher.options["body"] = lambda version: b"v%d" % version
    watcher.subscribe()
    data = watcher.subscription.data()
    before = watcher.notifies[-1].cseq.number
    watcher.alice.endpoint.subscriptions.forget(watcher.subscription)
    restored = watcher.alice.endpoint.subscriptions.restore(
        data, watcher.bob.node.target(), watcher.network.now, expires_s=300, restarts=2
    )
    restored.notify(watcher.network.now, lambda version: b"r%d" % version)
    watcher.network.run(1)
    assert len(watcher.notifies) == 1  # silent until it is asked to speak
    restored.resend(watcher.network.now)
    watcher.network.run(1)
    assert watcher.notifies[-1].cseq.number > before + 2 * 100_000
    assert int(watcher.notifies[-1].body[1:]) > 2 * 100_000
    assert watcher.notifies[-1].get("Subscription-State") == "active;expires=299"
    assert watcher.subscribe(tag=restored.tag).status == 200


# --- bodies ---------------------------------------------------------------------------------------------------------


def test_message_summary_as_in_rfc_3842() -> None:
    counts = message_summary.MessageCounts(2, 8, 0, 2)
    body = message_summary.MessageSummary("sip:alice@vmail.example.com", counts).encode()
    assert body == (
        b"Messages-Waiting: yes\r\nMessage-Account: sip:alice@vmail.example.com\r\nVoice-Message: 2/8 (0/2)\r\n"
    )
    assert message_summary.MessageSummary().encode() == b"Messages-Waiting: no\r\nVoice-Message: 0/0 (0/0)\r\n"
    with pytest.raises(ValueError, match="line break"):
        message_summary.MessageSummary("a\r\nb").encode()


def test_dialog_info_is_well_formed_whatever_the_names() -> None:
    party = dialog_info.Party('sip:"<&>@x', 'Jan "<Piet> & \x00\x1b', "sip:t@x")
    dialog = dialog_info.WatchedDialog("d1", "confirmed", "recipient", "c", "l", "r", party, party)
    body = dialog_info.encode_dialog_info("sip:201@x", 3, [dialog], partial=True)
    root = ET.fromstring(body)
    space = "{urn:ietf:params:xml:ns:dialog-info}"
    assert (root.get("version"), root.get("state"), root.get("entity")) == ("3", "partial", "sip:201@x")
    found = root.find(f"{space}dialog")
    assert (found.get("id"), found.get("direction"), found.get("local-tag")) == ("d1", "recipient", "l")
    assert found.findtext(f"{space}state") == "confirmed"
    assert found.find(f"{space}remote/{space}identity").get("display") == 'Jan "<Piet> & '


def test_presence_is_pidf_with_activity() -> None:
    body = presence.Presence(True, "on-the-phone", "In gesprek <3").encode("pres:anna@x")
    root = ET.fromstring(body)
    space = "{urn:ietf:params:xml:ns:pidf}"
    assert root.findtext(f"{space}tuple/{space}status/{space}basic") == "open"
    assert root.findtext(f"{space}note") == "In gesprek <3"
    assert b"rpid:on-the-phone" in body
    assert ET.fromstring(presence.Presence(False).encode("pres:a@x")) is not None
