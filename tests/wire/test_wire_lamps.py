"""Lamps on real phones: SIPp watches lines over UDP, TCP and TLS, baresip presence and its messages."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from bench.lib.exchange import Exchange
from bench.peers.process import wait_until
from ladder import Ladder, check_body, check_header
from parties import WIRE, PhoneStarter, SippStarter, caller
from talking import talk
from test_wire_operations import fill

from kiestoon.company.model import User, WatchedLine
from kiestoon.operator_error import OperatorError
from kiestoon.store.rules.peek import Peek
from kiestoon.store.write import Changes

EVENT = "Event: dialog\nExpires: 600\nAccept: application/dialog-info+xml\n"


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """With feature codes."""
    folder = tmp_path_factory.mktemp("exchange")
    with Exchange(folder, [WIRE], fill=fill_all, sip={"digest": ("SHA-256", "MD5")}) as exchange:
        yield exchange


def fill_all(changes: Changes) -> None:
    """Codes, and a list of lamps for 103."""
    fill(changes)
    viewer = next(row for row in Peek(changes.connection, 1).find(User, extension="103"))
    changes.add(WatchedLine(id=0, company_id=1, user_id=viewer.id, extension="102"))


def watcher(extension: str, watched: str) -> Ladder:
    """A phone that subscribes to a lamp, with digest."""
    return caller(extension, watched, name=f"watcher-{extension}")


def subscribed(ladder: Ladder) -> Ladder:
    """SUBSCRIBE until accepted and told that the line is free."""
    login = f"[authentication username={ladder.me} password={ladder.password}]\n"
    return told(
        ladder.request("SUBSCRIBE", headers=EVENT, in_dialog=False)
        .expect(407, challenge=True)
        .request("SUBSCRIBE", headers=login + EVENT, in_dialog=False)
        .expect(200, dialog=True, check=check_header("Expires", "600")),
        "terminated",
    )


def told(ladder: Ladder, state: str, *, subscription: str = "active") -> Ladder:
    """The next NOTIFY, with this state of the line."""
    check = check_body(f"<state>{state}</state>") + check_header("Subscription-State", subscription, into="state")
    return ladder.await_request("NOTIFY", timeout_ms=20_000, check=check).respond(200, "OK")


def gives_up(ladder: Ladder) -> Ladder:
    """Unsubscribes."""
    return told(
        ladder.request("SUBSCRIBE", headers="Event: dialog\nExpires: 0\n").expect(200),
        "terminated",
        subscription="terminated;reason=timeout",
    )


def watching(exchange: Exchange, username: str) -> list[dict[str, Any]]:
    """The subscriptions of a phone, as the command line lists them."""
    return [row for row in exchange.ask("subscriptions") if row["username"] == username]


def await_shown(exchange: Exchange, username: str, *shows: str) -> None:
    """Wait until a phone's lamps are so; the exchange may be down meanwhile."""

    def shown() -> bool:
        with contextlib.suppress(OperatorError):
            return sorted(row["shows"] for row in watching(exchange, username)) == sorted(shows)
        return False

    wait_until(shown, 20, f"{username} is shown {shows}")


@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_a_lamp_follows_a_call(exchange: Exchange, sipp: SippStarter, phone: PhoneStarter, transport: str) -> None:
    called = phone("102")
    calling = phone("104")
    ladder = subscribed(watcher("103", "102"))
    for state in ("early", "confirmed", "terminated"):
        told(ladder, state)
    party = sipp(gives_up(ladder), transport=transport)
    await_shown(exchange, "103", "idle")
    calling.dial("102")
    called.wait_for("CALL_INCOMING")
    await_shown(exchange, "103", "ringing")
    called.command("accept")
    called.wait_for("CALL_ESTABLISHED")
    await_shown(exchange, "103", "busy")
    calling.hang_up()
    party.expect_success(15)
    assert watching(exchange, "103") == []


def test_a_lamp_is_refused_with_a_wrong_password_and_for_nobody(exchange: Exchange, sipp: SippStarter) -> None:
    wrong = caller("103", "102", password="not it", name="wrong")
    login = "[authentication username=103 password=wrong]\n"
    wrong.request("SUBSCRIBE", headers=EVENT, in_dialog=False).expect(407, challenge=True)
    party = sipp(wrong.request("SUBSCRIBE", headers=login + EVENT, in_dialog=False).expect(403))
    party.expect_success()
    nobody = watcher("103", "999")
    login = f"[authentication username=103 password={nobody.password}]\n"
    nobody.request("SUBSCRIBE", headers=EVENT, in_dialog=False).expect(407, challenge=True)
    party = sipp(nobody.request("SUBSCRIBE", headers=login + EVENT, in_dialog=False).expect(404))
    party.expect_success()
    assert watching(exchange, "103") == []


def test_after_a_kill_the_watcher_is_told_what_became_of_the_call(
    exchange: Exchange, sipp: SippStarter, phone: PhoneStarter
) -> None:
    called = phone("102")
    calling = phone("104")
    ladder = subscribed(watcher("103", "102"))
    for state in ("early", "confirmed", "confirmed", "terminated"):
        told(ladder, state)
    party = sipp(gives_up(ladder))
    await_shown(exchange, "103", "idle")
    calling.dial("102")
    called.wait_for("CALL_INCOMING")
    await_shown(exchange, "103", "ringing")  # else it may be told of both at once
    called.command("accept")
    called.wait_for("CALL_ESTABLISHED")
    await_shown(exchange, "103", "busy")
    os.kill(exchange.control_pid, signal.SIGKILL)
    await_shown(exchange, "103", "busy")
    calling.hang_up()
    party.expect_success(30)


def test_a_park_places_lamp_is_on_while_somebody_waits_there(
    exchange: Exchange, sipp: SippStarter, phone: PhoneStarter
) -> None:
    ladder = subscribed(watcher("104", "93001"))
    for state in ("confirmed", "terminated"):
        told(ladder, state)
    party = sipp(gives_up(ladder))
    await_shown(exchange, "104", "idle")
    calling, answering = talk(phone, {}, {})
    answering.send_digits("*6")
    await_shown(exchange, "104", "busy")
    third = phone("103")
    third.dial("93001")
    third.wait_for("CALL_ESTABLISHED")
    party.expect_success(15)
    third.hang_up()
    calling.wait_for("CALL_CLOSED")


def test_the_message_lamp_is_told_by_the_phones_own_name(
    exchange: Exchange, sipp: SippStarter, phone: PhoneStarter
) -> None:
    ladder = watcher("103", "103")
    event = "Event: message-summary\nExpires: 600\nAccept: application/simple-message-summary\n"
    login = f"[authentication username=103 password={ladder.password}]\n"
    none = check_body("Messages-Waiting: no[^a-z]+Message-Account: [^ ]+Voice-Message: 0/0 [(]0/0[)]")
    some = check_body("Messages-Waiting: yes[^a-z]+Message-Account: [^ ]+Voice-Message: 1/0 [(]0/0[)]")
    party = sipp(
        ladder.request("SUBSCRIBE", headers=event, in_dialog=False)
        .expect(407, challenge=True)
        .request("SUBSCRIBE", headers=login + event, in_dialog=False)
        .expect(200, dialog=True)
        .await_request("NOTIFY", check=none + check_header("Event", "message-summary", into="event"))
        .respond(200, "OK")
        .await_request("NOTIFY", timeout_ms=20_000, check=some)
        .respond(200, "OK")
        .request("SUBSCRIBE", headers="Event: message-summary\nExpires: 0\n")
        .expect(200)
        .await_request("NOTIFY", check=check_header("Subscription-State", "terminated", into="state"))
        .respond(200, "OK")
    )
    await_shown(exchange, "103", "0 new")
    speaker = phone("104")
    speaker.dial("*7103")
    speaker.wait_for("CALL_ESTABLISHED")
    speaker.send_digits("1")  # to the tone
    time.sleep(5)
    speaker.hang_up()
    party.expect_success(20)


def test_a_key_for_do_not_disturb_is_pressed_at_the_phone(
    exchange: Exchange, sipp: SippStarter, phone: PhoneStarter
) -> None:
    """Challenged again within the subscription; what it did is told, and holds for calls."""
    document = "application/x-as-feature-event+xml"
    event = f"Event: as-feature-event\nExpires: 600\nAccept: {document}\n"
    wish = "<SetDoNotDisturb><device/><doNotDisturbOn>true</doNotDisturbOn></SetDoNotDisturb>"
    ladder = watcher("115", "115")
    login = f"[authentication username=115 password={ladder.password}]\n"

    def keys(on: str) -> str:
        told = check_header("Content-Type", "multipart/mixed;boundary=feature", into="kind")
        return told + check_body(f"<doNotDisturbOn>{on}</doNotDisturbOn>")

    ladder.request("SUBSCRIBE", headers=event, in_dialog=False).expect(407, challenge=True)
    ladder.request("SUBSCRIBE", headers=login + event, in_dialog=False).expect(200, dialog=True)
    ladder.await_request("NOTIFY", check=keys("false")).respond(200, "OK")
    asked = f"sip:115@{WIRE.domain}"  # SIPp signs one URI only
    for headers in (event, login + event):
        ladder.request("SUBSCRIBE", headers=headers, body=wish, content_type=document, uri=asked)
        ladder.expect(200) if login in headers else ladder.expect(407, challenge=True)
    ladder.await_request("NOTIFY", check=keys("true")).respond(200, "OK")
    ladder.request("SUBSCRIBE", headers="Event: as-feature-event\nExpires: 0\n").expect(200)
    party = sipp(ladder.await_request("NOTIFY", check=keys("true")).respond(200, "OK"))
    party.expect_success(15)
    calling = phone("104")
    calling.dial("115")
    assert "486" in calling.wait_for("CALL_CLOSED").param


def test_one_subscription_over_tcp_brings_a_whole_list_of_lamps(
    exchange: Exchange, sipp: SippStarter, phone: PhoneStarter
) -> None:
    called = phone("102")
    calling = phone("104")
    event = f"{EVENT}Accept: multipart/related, application/rlmi+xml\nSupported: eventlist\n"
    ladder = watcher("103", "lines")
    login = f"[authentication username=103 password={ladder.password}]\n"
    ladder.request("SUBSCRIBE", headers=event, in_dialog=False).expect(407, challenge=True)
    ladder.request("SUBSCRIBE", headers=login + event, in_dialog=False).expect(
        200, dialog=True, check=check_header("Require", "eventlist")
    )

    def lists(state: str) -> None:
        check = check_body(f"<name>User 102</name>.*<state>{state}</state>")
        check += check_header("Content-Type", "multipart/related", into="kind")
        ladder.await_request("NOTIFY", timeout_ms=20_000, check=check).respond(200, "OK")

    for state in ("terminated", "early", "confirmed", "terminated"):
        lists(state)
    ladder.request("SUBSCRIBE", headers="Event: dialog\nExpires: 0\n").expect(200)
    lists("terminated")
    party = sipp(ladder, transport="t1")
    await_shown(exchange, "103", "idle")
    calling.dial("102")
    called.wait_for("CALL_INCOMING")
    await_shown(exchange, "103", "on")
    called.command("accept")
    called.wait_for("CALL_ESTABLISHED")
    calling.hang_up()
    party.expect_success(15)


def test_baresip_sees_a_colleague_on_the_phone(exchange: Exchange, phone: PhoneStarter) -> None:
    called = phone("102")
    calling = phone("104")
    watcher = phone("103", watches=["102", "120"])
    wait_until(lambda: len(watching(exchange, "103")) == 2, 20, "baresip has subscribed")
    packages = sorted((row["package"], row["watches"]) for row in watching(exchange, "103"))
    assert packages == [("presence", "102"), ("presence", "120")]
    wait_until(lambda: presence(watcher, "102") == "Online", 20, "102 is online")
    wait_until(lambda: presence(watcher, "120") == "Offline", 20, "120 is offline")
    calling.dial("102")
    called.accept()
    wait_until(lambda: presence(watcher, "102") == "Busy", 20, "102 is on the phone")
    calling.hang_up()
    wait_until(lambda: presence(watcher, "102") == "Online", 20, "102 is free again")


def test_what_baresip_publishes_of_its_user_is_seen_by_another(exchange: Exchange, phone: PhoneStarter) -> None:
    publisher = phone("102", watches=[], extra=";pubint=120")
    watcher = phone("103", watches=["102"])
    wait_until(lambda: presence(watcher, "102") == "Online", 20, "102 is online")
    publisher.command("presence_offline")
    wait_until(lambda: presence(watcher, "102") == "Offline", 20, "102 says it is offline")
    publisher.command("presence_online")
    wait_until(lambda: presence(watcher, "102") == "Online", 20, "102 is back")


def presence(phone: Any, user: str) -> str:
    """What baresip shows of a contact."""
    text = str(phone.command("contacts").get("data"))
    line = next((each for each in text.splitlines() if f"User {user}" in each), "")
    return next((word for word in ("Online", "Offline", "Busy") if word in line), line)
