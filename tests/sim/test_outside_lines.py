"""Outside lines: calling out, being called, failover, caller ID, emergency calls, limits."""

from __future__ import annotations

import msgspec
import pytest
from world import DOMAIN, SECOND_PROVIDER, World, sample_rows

from kiestoon.company.model import CompanyRows
from kiestoon.sip import events
from kiestoon.sip.digest import Credentials
from kiestoon.sip.flow import Target
from kiestoon.sip.session import Session


def with_trunks(**changes: object) -> CompanyRows:
    rows = sample_rows()
    return msgspec.structs.replace(
        rows, trunks=tuple(msgspec.structs.replace(trunk, **changes) for trunk in rows.trunks)
    )


def with_user(**changes: object) -> CompanyRows:
    rows = sample_rows()
    return msgspec.structs.replace(rows, users=tuple(msgspec.structs.replace(user, **changes) for user in rows.users))


def call_in(world: World, number: str, **options: object) -> tuple[object, Session]:
    """The provider brings a call from +31 6 12345678."""
    provider = world.phones.get("provider 203.0.113.10") or world.provider()
    options.setdefault("from_", '"Mobile" <sip:+31612345678@provider.example>')
    session = provider.endpoint.invite(
        world.network.now, uri=f"sip:{number}@198.51.100.1", to=f"<sip:{number}@198.51.100.1>",
        destination=[Target("udp", "198.51.100.1", 5060)], body=provider.offer(), **options,
    )  # fmt: skip
    provider.offers[session.id] = provider.offers[0]
    return provider, session


def test_the_access_code_takes_an_outside_line_with_the_users_number() -> None:
    world = World()
    anna, provider = world.phone("anna", "192.0.2.1"), world.provider()
    session = anna.dial("00201112222")
    world.run()
    assert session.state == "confirmed"
    invite = provider.last(events.InviteReceived).request
    assert invite.target.user == "+31201112222"
    assert invite.from_.uri.user == "+31201234560"
    assert "+31201234560" in (invite.get("P-Asserted-Identity") or "")
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert world.records[-1].direction == "out"


def test_a_hidden_number_goes_out_anonymous_with_privacy_but_asserted_to_the_trusted_peer() -> None:
    world = World(rows=with_user(hide_number=True))
    anna, provider = world.phone("anna", "192.0.2.1"), world.provider()
    session = anna.dial("00201112222")
    world.run()
    invite = provider.last(events.InviteReceived).request
    assert invite.from_.uri.host == "anonymous.invalid"
    assert invite.get("Privacy") == "id"
    assert "+31201234560" in (invite.get("P-Asserted-Identity") or "")
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_an_untrusted_peer_gets_no_asserted_identity() -> None:
    world = World(rows=with_trunks(trusted=False))
    anna, provider = world.phone("anna", "192.0.2.1"), world.provider()
    session = anna.dial("00201112222")
    world.run()
    assert provider.last(events.InviteReceived).request.get("P-Asserted-Identity") is None
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_the_next_line_is_tried_when_the_first_fails_with_5xx() -> None:
    world = World()
    anna, first, second = world.phone("anna", "192.0.2.1"), world.provider(), world.provider(SECOND_PROVIDER)
    first.mode = "unavailable"
    session = anna.dial("00201112222")
    world.run()
    assert session.state == "confirmed"
    assert second.all(events.InviteReceived)
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert [leg.sip_status for leg in world.records[0].legs if leg.kind == "trunk"] == [503, 200]


def test_the_next_line_is_tried_when_the_first_says_nothing_at_all() -> None:
    world = World()
    anna, second = world.phone("anna", "192.0.2.1"), world.provider(SECOND_PROVIDER)
    session = anna.dial("00201112222")
    world.run(40)
    assert session.state == "confirmed"
    assert second.all(events.InviteReceived)
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize(("mode", "status"), [("busy", 486), ("decline", 603), ("looped", 482)])
def test_what_the_called_person_says_is_final_and_no_other_line_is_tried(mode: str, status: int) -> None:
    world = World()
    anna, first, second = world.phone("anna", "192.0.2.1"), world.provider(), world.provider(SECOND_PROVIDER)
    first.mode = mode
    anna.dial("00201112222")
    world.run()
    assert anna.last(events.Refused).status == status
    assert not second.all(events.InviteReceived)
    world.assert_nothing_left()


def test_all_lines_down_is_told_as_no_line() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    first, second = world.provider(), world.provider(SECOND_PROVIDER)
    first.mode = second.mode = "unavailable"
    anna.dial("00201112222")
    world.run()
    assert anna.last(events.Refused).status == 503
    world.assert_nothing_left()


def test_a_line_carries_no_more_calls_than_allowed_but_emergency_calls_always_pass() -> None:
    world = World(rows=with_trunks(max_calls=1, priority=1))
    anna, bert, carla = (world.phone(name, f"192.0.2.{n}") for n, name in enumerate(("anna", "bert", "carla"), 1))
    world.provider()
    world.provider(SECOND_PROVIDER)
    sessions = [anna.dial("00201112222"), bert.dial("00201112223")]
    world.run()
    assert [session.state for session in sessions] == ["confirmed", "confirmed"]
    carla.dial("00201112224")
    world.run()
    assert carla.last(events.Refused).status == 503
    emergency = carla.dial("112")
    world.run()
    assert emergency.state == "confirmed"
    for session in (*sessions, emergency):
        session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("dialled", ["112", "0112"])
def test_emergency_calls_go_out_with_a_number_even_when_the_user_hides_his(dialled: str) -> None:
    world = World(rows=with_user(hide_number=True, caller_number=""))
    carla, provider = world.phone("carla", "192.0.2.3"), world.provider()
    session = carla.dial(dialled)
    world.run()
    invite = provider.last(events.InviteReceived).request
    assert invite.target.user == "112"
    assert invite.from_.uri.user == "+31201234500"
    assert invite.get("Privacy") is None
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_emergency_calls_pass_the_companys_limit() -> None:
    world = World(rows=sample_rows(max_calls=1))
    anna, _ = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    carla, _ = world.phone("carla", "192.0.2.3"), world.provider()
    session = anna.dial("102")
    world.run()
    carla.dial("00201112222")
    world.run()
    assert carla.last(events.Refused).status == 503
    emergency = carla.dial("112")
    world.run()
    assert emergency.state == "confirmed"
    session.bye(world.network.now)
    emergency.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_from_outside_rings_the_user_behind_the_number_with_the_callers_number() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    _, session = call_in(world, "+31201234561")
    world.run()
    assert session.state == "confirmed"
    invite = anna.last(events.InviteReceived).request
    assert invite.from_.uri.user == "+31612345678"
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert (world.records[0].direction, world.records[0].caller_number) == ("in", "+31612345678")


def test_a_withheld_caller_from_outside_is_shown_to_nobody_but_kept_in_the_record() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    _, session = call_in(
        world, "+31201234561", from_="<sip:anonymous@anonymous.invalid>",
        headers=[("P-Asserted-Identity", "<sip:+31612345678@provider.example>"), ("Privacy", "id")],
    )  # fmt: skip
    world.run()
    request = anna.last(events.InviteReceived).request
    assert b"612345678" not in request.encode()
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert world.records[0].caller_number == "+31612345678"


def test_calls_from_outside_are_never_passed_on_to_the_outside() -> None:
    world = World()
    world.provider(SECOND_PROVIDER)
    provider, _ = call_in(world, "+31201112222")
    world.run()
    assert provider.last(events.Refused).status == 404
    world.assert_nothing_left()


def test_a_stranger_gets_no_answer_at_all() -> None:
    world = World()
    world.phone("anna", "192.0.2.1")
    stranger = world.provider(("192.0.2.77", 5060))
    stranger.endpoint.invite(
        world.network.now, uri="sip:101@198.51.100.1", to="<sip:101@198.51.100.1>", from_="<sip:1000@192.0.2.77>",
        destination=[Target("udp", "198.51.100.1", 5060)], body=stranger.offer(),
    )  # fmt: skip
    world.run(40)
    assert not stranger.node.received
    world.assert_nothing_left()
    assert not world.records


def test_a_wrong_password_and_an_unknown_user_look_alike() -> None:
    world = World()
    answers = []
    for name, host in (("anna", "192.0.2.1"), ("nobody", "192.0.2.9")):
        phone = world.phone(name, host, registered=False)
        phone.endpoint.request(
            world.network.now, method="REGISTER", uri=f"sip:{DOMAIN}", from_=f"<sip:{name}@{DOMAIN}>",
            to=f"<sip:{name}@{DOMAIN}>", destination=[Target("udp", "198.51.100.1", 5060)], contact_user=name,
            credentials=Credentials(name, "wrong"),
        )  # fmt: skip
        world.run()
        answers.append(phone.last(events.ResponseReceived).status)
    assert answers[0] == answers[1] >= 400


def test_a_silent_line_is_left_after_seconds_not_half_a_minute() -> None:
    world = World()
    anna, _ = world.phone("anna", "192.0.2.1"), world.provider(SECOND_PROVIDER)
    session = anna.dial("00201112222")
    world.run(8)
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_line_with_a_domain_is_addressed_by_it_and_reached_at_its_host() -> None:
    world = World(rows=with_trunks(domain="provider.example"))
    anna, provider = world.phone("anna", "192.0.2.1"), world.provider()
    session = anna.dial("00201112222")
    world.run()
    invite = provider.last(events.InviteReceived).request
    assert (invite.target.user, invite.target.host) == ("+31201112222", "provider.example")
    session.bye(world.network.now)
    world.assert_nothing_left()
