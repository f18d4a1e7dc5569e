"""What parties learn of each other: who is being rung, whose name goes out, how far a call has come already."""

from __future__ import annotations

from test_forwarding import extension, forward, world_of
from test_outside_lines import call_in

from kiestoon.company.model import Destination, GroupExtension, GroupMember
from kiestoon.sip import events

TO_MOBILE = forward("102", "always", Destination("number", "0612345679"))


def test_the_caller_sees_whom_he_is_ringing_before_the_answer() -> None:
    world, phones = world_of("anna", "bert", "carla", forwards=(forward("102", "always", extension("103")),))
    phones["carla"].mode = "ring"
    session = phones["anna"].dial("102")
    world.run()
    ringing = phones["anna"].last(events.Progressed)
    assert ringing.status == 180
    assert "<sip:103@" in (ringing.response.get("P-Asserted-Identity") or "")
    session.cancel(world.network.now)
    world.assert_nothing_left()


def test_while_a_whole_group_rings_nobody_is_shown() -> None:
    group = GroupExtension(id=1, company_id=1, extension="300", name="Desk")
    members = tuple(GroupMember(id=n, company_id=1, group_id=1, extension=f"10{n}") for n in (2, 3))
    world, phones = world_of("anna", "bert", "carla", group_extensions=(group,), group_members=members)
    phones["bert"].mode = phones["carla"].mode = "ring"
    session = phones["anna"].dial("300")
    world.run()
    assert phones["anna"].last(events.Progressed).response.get("P-Asserted-Identity") is None
    phones["carla"].answer_waiting()
    world.run()
    answer = phones["anna"].last(events.Accepted).response
    assert "<sip:103@" in (answer.get("P-Asserted-Identity") or "")
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_the_forwarders_number_never_goes_out_with_the_callers_name() -> None:
    world, _ = world_of(forwards=(TO_MOBILE,))
    provider, session = call_in(world, "+31201234562", from_='"Sam Jones" <sip:+31612345678@provider.example>')
    world.run()
    request = provider.last(events.InviteReceived).request
    assert request.target.user == "+31612345679"
    assert "Sam Jones" not in str(request.from_)
    assert "Sam Jones" not in (request.get("P-Asserted-Identity") or "")
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_passed_on_may_take_one_hop_less() -> None:
    """RFC 7332 §3: so calls that others bring back to us end, whatever they leave out."""
    world, _ = world_of(forwards=(TO_MOBILE,))
    provider, session = call_in(world, "+31201234562", headers=[("Max-Forwards", "12")])
    world.run()
    assert provider.last(events.InviteReceived).request.max_forwards == 11
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_more_hops_than_usual_are_not_granted() -> None:
    world, phones = world_of("bert")
    provider, session = call_in(world, "+31201234562", headers=[("Max-Forwards", "255")])
    world.run()
    assert phones["bert"].last(events.InviteReceived).request.max_forwards == 69
    session.bye(world.network.now)
    world.assert_nothing_left()
