"""Outside lines that log in at a provider (RTE-20)."""

from __future__ import annotations

import msgspec
from raw_party import LoginProvider
from world import EXCHANGE, PROVIDER, SECOND_PROVIDER, World, sample_rows

from kiestoon.company.model import Trunk
from kiestoon.sip import events
from kiestoon.sip.flow import Target


def logged_in(**options: object) -> tuple[World, LoginProvider]:
    """An exchange whose first line logs in; ``registered=False``: its REGISTER is only on its way."""
    registered = options.pop("registered", True)
    rows = sample_rows()
    line = Trunk(
        id=1, company_id=1, name="login", kind="register", host=PROVIDER[0], username="kiestad", secret="very secret",
        priority=1, expires_s=600,
    )  # fmt: skip
    world = World(rows=msgspec.structs.replace(rows, trunks=(line, rows.trunks[1])))
    provider = LoginProvider(world, PROVIDER[0], "kiestad", "very secret")
    for name, value in options.items():
        setattr(provider, name, value)
    world.start_lines()
    if registered:
        world.run()
        assert world.exchange.lines.state(1).registered, world.network.ladder()
    return world, provider


def bring_in(provider: LoginProvider, uri: str, to: str) -> object:
    session = provider.endpoint.invite(
        provider.now, uri=uri, to=f"<sip:{to}@{PROVIDER[0]}>", from_="<sip:+31612345678@provider.example>",
        destination=[Target("udp", *EXCHANGE)], body=provider.offer(),
    )  # fmt: skip
    provider.offers[session.id] = provider.offers[0]
    return session


def test_a_line_logs_in_with_digest_and_again_before_its_registration_expires() -> None:
    world, provider = logged_in()
    assert [request.has("Authorization") for request in provider.registers] == [False, True]
    world.run(590)
    assert len(provider.registers) > 2
    numbers = [request.cseq.number for request in provider.registers]
    assert numbers == sorted(set(numbers)), "every REGISTER needs a higher CSeq (RFC 3261 §10.2.4)"
    assert len({request.call_id for request in provider.registers}) == 1


def test_calls_go_out_with_the_login_when_the_provider_asks_for_it() -> None:
    world, provider = logged_in(challenges_calls=True)
    anna = world.phone("anna", "192.0.2.1")
    session = anna.dial("00201112222")
    world.run()
    assert session.state == "confirmed", world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left(timers=1)  # the next registration


def test_calls_addressed_to_the_registered_contact_reach_the_number_in_to() -> None:
    world, provider = logged_in()
    anna = world.phone("anna", "192.0.2.1")
    session = bring_in(provider, provider.contact, "+31201234561")
    world.run()
    assert session.state == "confirmed", world.network.ladder()
    assert anna.last(events.InviteReceived).request.from_.uri.user == "+31612345678"
    session.bye(world.network.now)
    world.assert_nothing_left(timers=1)  # the next registration


def test_a_provider_that_never_took_the_login_is_a_stranger() -> None:
    world, provider = logged_in(registered=False, fails_with=403)
    world.run()
    bring_in(provider, f"sip:+31201234561@{EXCHANGE[0]}", "+31201234561")
    world.run(40)
    assert not [message for message in provider.node.received if message.cseq.method == "INVITE"]


def test_423_is_answered_with_what_the_provider_wants_and_remembered() -> None:
    world, provider = logged_in(minimum_s=1800)
    asked = [int(request.get("Expires") or 0) for request in provider.registers]
    assert asked == [600, 600, 1800, 1800]
    before = len(provider.registers)
    world.run(1600)
    assert {int(request.get("Expires") or 0) for request in provider.registers[before:]} == {1800}


def test_a_provider_that_says_423_to_everything_is_not_asked_without_end() -> None:
    world, provider = logged_in(registered=False, fails_with=423)
    world.run(25)
    assert len(provider.registers) <= 2


def test_a_line_that_cannot_log_in_is_passed_over_and_tried_with_growing_patience() -> None:
    world, provider = logged_in(registered=False, fails_with=403)
    second = world.provider(SECOND_PROVIDER)
    anna = world.phone("anna", "192.0.2.1")
    world.run()
    session = anna.dial("00201112222")
    world.run()
    assert session.state == "confirmed"
    assert not provider.all(events.InviteReceived)
    assert second.all(events.InviteReceived)
    session.bye(world.network.now)
    first_hour = len(provider.registers)
    world.run(3600)
    assert len(provider.registers) - first_hour < 12
    provider.fails_with = 0
    world.run(1801)
    assert world.exchange.lines.state(1).registered


def test_a_provider_out_of_reach_for_a_moment_may_still_bring_calls_and_logs_us_in_again() -> None:
    world, provider = logged_in()
    anna = world.phone("anna", "192.0.2.1")
    provider.node.connected = False
    world.run(290)
    anna.register()
    world.run(270)
    assert world.exchange.lines.state(1).failures
    provider.node.connected = True
    session = bring_in(provider, provider.contact, "+31201234561")
    world.run(2)
    assert session.state == "confirmed", world.network.ladder()
    session.bye(world.network.now)
    world.run(120)
    assert world.exchange.lines.state(1).failures == 0


def test_a_provider_gone_for_longer_than_it_granted_is_a_stranger_until_it_is_back() -> None:
    world, provider = logged_in()
    provider.node.connected = False
    world.run(700)
    assert not world.exchange.lines.state(1).registered
    provider.node.connected = True
    world.run(300)
    assert world.exchange.lines.state(1).registered


def test_a_line_that_failed_is_tried_last_for_a_while() -> None:
    world = World()
    anna, first, second = world.phone("anna", "192.0.2.1"), world.provider(), world.provider(SECOND_PROVIDER)
    first.mode = "unavailable"
    for expected in (1, 1):  # the second call does not try the failed line at all
        session = anna.dial("00201112222")
        world.run()
        assert session.state == "confirmed"
        assert second.last(events.InviteReceived).session.state == "confirmed"
        session.bye(world.network.now)
        world.run()
        assert len(first.all(events.InviteReceived)) == expected
    first.mode = "answer"
    world.run(31)
    anna.dial("00201112222")
    world.run()
    assert len(first.all(events.InviteReceived)) == 2


def test_a_line_taken_away_is_forgotten_and_one_in_its_place_logs_in_anew() -> None:
    world, provider = logged_in()
    rows = world.rows
    world.exchange.directory.replace(msgspec.structs.replace(rows, trunks=()))
    world.start_lines()
    assert not world.exchange.lines.state(1).registered
    assert len(world.exchange.deadlines) == 0
    seen = len(provider.registers)
    world.run(1200)
    assert len(provider.registers) == seen
    world.exchange.directory.replace(rows)
    world.start_lines()
    world.run()
    assert world.exchange.lines.state(1).registered
    assert provider.registers[-1].call_id != provider.registers[0].call_id
    assert len(world.exchange.deadlines) == 1
