"""Browsers and phones call each other through the exchange."""

from __future__ import annotations

from typing import Any

import pytest
from browser_party import Browser
from fake_media import Termination
from world import World, sample_rows

from kiestoon.media.protocol import MediaFailed
from kiestoon.sdp import parse_sdp
from kiestoon.sip import events


def termination_of(world: World, browser: Browser, session: Any) -> Termination:
    found = world.media.at(browser.ports[session.id])
    assert found is not None
    return found


def browser_calls_phone(world: World) -> tuple[Browser, Any, Any, Any]:
    anna, bert = Browser(world, "anna", "192.0.2.1").log_in(), world.phone("bert", "192.0.2.2")
    session = anna.dial("102")
    world.run()
    return anna, session, bert, bert.last(events.InviteReceived).session


def phone_calls_browser(world: World) -> tuple[Any, Any, Browser, Any]:
    anna, bert = world.phone("anna", "192.0.2.1"), Browser(world, "bert", "192.0.2.2").log_in()
    session = anna.dial("102")
    world.run()
    return anna, session, bert, bert.last(events.InviteReceived).session


@pytest.fixture(params=[browser_calls_phone, phone_calls_browser])
def call(request: pytest.FixtureRequest) -> tuple[World, Any, Any, Any, Any]:
    """World, caller and its session, callee and its session; one of them is a browser."""
    world = World()
    return (world, *request.param(world))


def browser_of(call: tuple[World, Any, Any, Any, Any]) -> tuple[Browser, Any]:
    _, one, session, other, other_session = call
    return (one, session) if isinstance(one, Browser) else (other, other_session)


def test_browser_and_phone_hear_each_other(call: tuple[World, Any, Any, Any, Any]) -> None:
    world, one, session, other, other_session = call
    assert session.state == other_session.state == "confirmed", world.network.ladder()
    assert one.hears(session) == {other.sends_to(other_session)}
    assert other.hears(other_session) == {one.sends_to(session)}
    session.bye(world.network.now)
    world.assert_nothing_left()
    (record,) = world.records
    assert record.outcome == "answered"


def test_each_side_is_secured_its_own_way(call: tuple[World, Any, Any, Any, Any]) -> None:
    """Keys never go to a browser, certificates never to a phone."""
    world, one, session, other, other_session = call
    browser, at = browser_of(call)
    stream = termination_of(world, browser, at).stream
    assert stream is not None
    assert stream.ice is not None
    assert stream.dtls is not None
    assert (stream.ice.remote_ufrag, stream.srtp_send, stream.remote) == (f"{browser.name}1", None, None)
    phone, phone_session = (other, other_session) if one is browser else (one, session)
    plain = world.media.at(int(phone.sends_to(phone_session)))
    assert plain is not None
    assert plain.stream is not None
    assert (plain.stream.ice, plain.stream.dtls) == (None, None)
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_both_speak_the_same_format_where_they_can(call: tuple[World, Any, Any, Any, Any]) -> None:
    world, _, session, *_ = call
    codecs = {item.stream.send.name for item in world.media.terminations.values() if item.stream and item.stream.send}
    assert len(codecs) == 1
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_two_browsers_speak_opus() -> None:
    world = World()
    anna, bert = Browser(world, "anna", "192.0.2.1").log_in(), Browser(world, "bert", "192.0.2.2").log_in()
    session = anna.dial("102")
    world.run()
    other = bert.last(events.InviteReceived).session
    assert anna.hears(session) == {bert.sends_to(other)}
    assert {item.stream.send.name for item in world.media.terminations.values() if item.stream} == {"OPUS"}  # type: ignore[union-attr]
    assert len({item.stream.ice.password for item in world.media.terminations.values() if item.stream}) == 2  # type: ignore[union-attr]
    other.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("encryption", ["off", "optional", "required"])
def test_a_browser_is_offered_dtls_whatever_the_policy_on_srtp(encryption: str) -> None:
    world = World(rows=sample_rows(encryption=encryption))
    anna, bert = Browser(world, "anna", "192.0.2.1").log_in(), Browser(world, "bert", "192.0.2.2").log_in()
    session = anna.dial("102")
    world.run()
    offer = parse_sdp(bert.last(events.InviteReceived).request.body)
    assert offer.media[0].protocol == "UDP/TLS/RTP/SAVPF"
    assert offer.media[0].attributes("crypto") == []
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_an_offer_that_cannot_be_secured_is_refused_with_488() -> None:
    world = World()
    anna = Browser(world, "anna", "192.0.2.1").log_in()
    whole = anna.offer
    anna.offer = lambda session=None: b"\r\n".join(  # type: ignore[method-assign]
        row for row in whole(session).split(b"\r\n") if not row.startswith(b"a=fingerprint")
    )
    anna.dial("102")
    world.run()
    assert anna.last(events.Refused).status == 488
    world.assert_nothing_left()


def test_a_browser_that_calls_without_an_offer_gets_one_it_understands() -> None:
    world = World()
    anna, bert = Browser(world, "anna", "192.0.2.1").log_in(), world.phone("bert", "192.0.2.2")
    session = anna.dial("102", offerless=True)
    world.run()
    other = bert.last(events.InviteReceived).session
    assert session.state == other.state == "confirmed", world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_browser_holds_and_resumes_with_the_same_keys(call: tuple[World, Any, Any, Any, Any]) -> None:
    world, one, session, other, other_session = call
    browser, at = browser_of(call)
    before = termination_of(world, browser, at).stream
    browser.hold(at)
    world.run()
    listener, listening = (other, other_session) if one is browser else (one, session)
    assert listener.hears(listening) == {"music"}
    browser.resume(at)
    world.run()
    after = termination_of(world, browser, at).stream
    assert before is not None
    assert after is not None
    assert (after.ice, after.dtls) == (before.ice, before.dtls)
    assert listener.hears(listening) == {browser.sends_to(at)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_an_ice_restart_changes_credentials_and_nothing_else(call: tuple[World, Any, Any, Any, Any]) -> None:
    world, _, session, *_ = call
    browser, at = browser_of(call)
    before = termination_of(world, browser, at).stream
    browser.generation = 2
    at.offer(world.network.now, browser.offer(at))
    world.run()
    after = termination_of(world, browser, at).stream
    assert before is not None
    assert after is not None
    assert after.ice is not None
    assert after.ice.remote_ufrag == f"{browser.name}2"
    assert before.ice is not None
    assert after.ice.password != before.ice.password
    assert after.dtls == before.dtls
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_re_invite_without_an_offer_gets_what_was_agreed(call: tuple[World, Any, Any, Any, Any]) -> None:
    world, _, session, *_ = call
    browser, at = browser_of(call)
    before = termination_of(world, browser, at).stream
    at.offer(world.network.now, b"")
    world.run()
    after = termination_of(world, browser, at).stream
    assert before is not None
    assert after is not None
    assert (after.ice, after.dtls) == (before.ice, before.dtls)
    assert session.state == "confirmed", world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_after_a_crash_a_browsers_call_goes_on_and_can_be_held(call: tuple[World, Any, Any, Any, Any]) -> None:
    world, one, session, other, other_session = call
    browser, at = browser_of(call)
    before = termination_of(world, browser, at).stream
    assert world.crash() == 1
    assert one.hears(session) == {other.sends_to(other_session)}
    browser.hold(at)
    world.run()
    browser.resume(at)
    world.run()
    after = termination_of(world, browser, at).stream
    assert before is not None
    assert after is not None
    assert (after.ice, after.dtls) == (before.ice, before.dtls)
    assert other.hears(other_session) == {one.sends_to(session)}
    session.bye(world.network.now)
    world.run()
    assert session.state == other_session.state == "ended"
    world.assert_nothing_left()


def test_a_browser_behind_a_proxy_on_this_machine_gets_an_address_the_world_reaches() -> None:
    world = World()
    world.media.hosts = ("127.0.0.1", "198.51.100.9")
    asked: list[str] = []
    lease = world.media.lease
    world.media.lease = lambda host="": (asked.append(host), lease(host))[1]  # type: ignore[method-assign]
    anna, bert = Browser(world, "anna", "127.0.0.1").log_in(), world.phone("bert", "127.0.0.2")
    session = anna.dial("102")
    world.run()
    assert asked == ["198.51.100.9", "127.0.0.1"]
    session.bye(world.network.now)
    world.run()
    session = bert.dial("101")
    world.run()
    assert asked[2:] == ["127.0.0.1", "198.51.100.9"]
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_browser_that_is_gone_ends_the_call_for_both(call: tuple[World, Any, Any, Any, Any]) -> None:
    world, _, session, _, other_session = call
    browser, at = browser_of(call)
    world.media.events.append(MediaFailed(termination_of(world, browser, at).number, "no check for consent in time"))
    world.network.drain(world.node)
    world.run()
    assert session.state == other_session.state == "ended", world.network.ladder()
    world.assert_nothing_left()
    (record,) = world.records
    assert (record.outcome, record.ended_by) == ("answered", "network")
    assert {leg.cause for leg in record.legs} == {27}


def test_a_browser_that_is_gone_from_the_menu_leaves_nothing() -> None:
    world = World()
    anna = Browser(world, "anna", "192.0.2.1").log_in()
    session = anna.dial("200")
    world.run()
    assert anna.hears(session)
    world.media.events.append(MediaFailed(termination_of(world, anna, session).number, "closed by the party"))
    world.network.drain(world.node)
    world.run()
    assert session.state == "ended"
    world.assert_nothing_left()
    (record,) = world.records
    assert (record.outcome, record.ended_by) == ("answered", "network")


def test_a_browser_that_fails_the_handshake_while_it_hears_ringing_ends_its_call() -> None:
    world = World()
    anna, bert = Browser(world, "anna", "192.0.2.1").log_in(), world.phone("bert", "192.0.2.2")
    bert.mode = "early"
    session = anna.dial("102")
    world.run()
    world.media.events.append(MediaFailed(termination_of(world, anna, session).number, "the certificate is another"))
    world.network.drain(world.node)
    world.run()
    assert anna.last(events.Refused).status == 480
    world.assert_nothing_left()
    (record,) = world.records
    assert record.outcome == "cancelled"
