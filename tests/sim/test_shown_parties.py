"""What parties learn of each other: who is being rung, whose name goes out, how far a call has come already."""

from __future__ import annotations

import pytest
from test_forwarding import extension, forward, hunt, world_of
from test_outside_lines import call_in
from test_transfers import refer

from kiestoon.company.model import Destination, ForwardExtension, GroupExtension, GroupMember, Number
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


def test_of_a_withheld_caller_the_display_tells_the_group_and_the_recall() -> None:
    world, phones = world_of("bert", "carla", **hunt("circular"))
    provider, session = call_in(world, "+31201234570", headers=[("Privacy", "id")])
    world.run()
    rung = next(phone for phone in phones.values() if phone.all(events.InviteReceived))
    other = next(phone for phone in phones.values() if phone is not rung)
    other.mode = "ring"
    refer(world, rung, rung.last(events.InviteReceived).session, "102" if other.name == "bert" else "103")
    world.run(25)
    shown = [(event.request.from_.display, event.request.from_.uri.host) for event in rung.all(events.InviteReceived)]
    assert shown == [("Support", "anonymous.invalid"), ("recall", "anonymous.invalid")], world.network.ladder()
    assert "12345678" not in str([event.request for event in rung.all(events.InviteReceived)])
    session.bye(world.network.now)
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


@pytest.mark.parametrize(
    ("headers", "shares"), [([], ["20"] * 3), ([("Max-Breadth", "7")], ["2"] * 3), ([("Max-Breadth", "2")], ["1"] * 2)]
)
def test_a_call_that_splits_outside_shares_out_how_often_it_may_split(
    headers: list[tuple[str, str]], shares: list[str]
) -> None:
    """RFC 5393 §5.3: so a group whose numbers lead back to it never multiplies calls without end."""
    group = GroupExtension(id=1, company_id=1, extension="300", name="Standby")
    members = tuple(GroupMember(id=n, company_id=1, group_id=1, extension=f"31{n}") for n in (1, 2, 3))
    onward = tuple(
        ForwardExtension(id=n, company_id=1, extension=f"31{n}", name="Out", to=Destination("number", f"061234567{n}"))
        for n in (1, 2, 3)
    )
    number = Number(id=9, company_id=1, e164="+31201234570", extension="300")
    world, _ = world_of(group_extensions=(group,), group_members=members, forward_extensions=onward, numbers=(number,))
    provider = world.provider()
    provider.mode = "ring"
    _, session = call_in(world, "+31201234570", headers=headers)
    world.run()
    assert [event.request.get("Max-Breadth") for event in provider.all(events.InviteReceived)] == shares
    session.cancel(world.network.now)
    world.assert_nothing_left()


def test_more_hops_than_usual_are_not_granted() -> None:
    world, phones = world_of("bert")
    provider, session = call_in(world, "+31201234562", headers=[("Max-Forwards", "255")])
    world.run()
    assert phones["bert"].last(events.InviteReceived).request.max_forwards == 69
    session.bye(world.network.now)
    world.assert_nothing_left()
