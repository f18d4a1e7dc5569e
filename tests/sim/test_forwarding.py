"""What has been arranged is in force on live calls: forwards, groups, hunts, limits, plans, announcements."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from test_menu import key
from test_outside_lines import call_in
from world import DeskPhone, World, sample_rows

from kiestoon.company.model import (
    CallLimit,
    CompanyRows,
    Destination,
    Forward,
    ForwardExtension,
    GroupExtension,
    GroupMember,
    HuntGroup,
    HuntMember,
    LocationRoute,
    LocationRouting,
    Number,
    NumberPlan,
    NumberScheme,
    PlanMapping,
)
from kiestoon.sip import events

HOSTS = {"anna": "192.0.2.1", "bert": "192.0.2.2", "carla": "192.0.2.3", "carla2": "192.0.2.4"}


def rows(users: dict[int, dict[str, Any]] | None = None, **more: Any) -> CompanyRows:
    """The sample company with other people's settings and more arrangements."""
    sample = sample_rows()
    changed = tuple(msgspec.structs.replace(user, **(users or {}).get(user.id, {})) for user in sample.users)
    return msgspec.structs.replace(sample, users=changed, **more)


def world_of(*names: str, **more: Any) -> tuple[World, dict[str, DeskPhone]]:
    world = World(rows=rows(**more))
    return world, {name: world.phone(name, HOSTS[name]) for name in names}


def extension(number: str) -> Destination:
    return Destination("extension", number)


def forward(number: str, case: str, to: Destination, **more: Any) -> Forward:
    return Forward(id=len(number), company_id=1, extension=number, case=case, to=to, **more)  # type: ignore[arg-type]


def rung(phone: DeskPhone) -> bool:
    return any(isinstance(event, events.InviteReceived) for event in phone.events)


def test_a_call_forwarded_always_rings_at_the_target_only() -> None:
    world, phones = world_of("anna", "bert", "carla", forwards=(forward("102", "always", extension("103")),))
    session = phones["anna"].dial("102")
    world.run()
    assert session.state == "confirmed"
    assert rung(phones["carla"])
    assert not rung(phones["bert"])
    request = phones["carla"].last(events.InviteReceived).request
    assert [value.partition("@")[0] for value in request.all("Diversion")] == ["<sip:102"]
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert [reason.code for reason in world.records[0].reasons] == ["dialled", "extension", "forward_always",
        "forwarded", "extension"]  # fmt: skip


def test_nobody_answering_for_so_many_rings_forwards() -> None:
    world, phones = world_of(
        "anna", "bert", "carla", forwards=(forward("102", "no_answer", extension("103"), rings=2),)
    )
    phones["bert"].mode = "ring"
    session = phones["anna"].dial("102")
    world.run(9)
    assert not rung(phones["carla"])
    world.run(2)
    assert session.state == "confirmed"
    assert phones["bert"].last(events.Cancelled) is not None
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_busy_and_unreachable_are_told_apart() -> None:
    forwards = (forward("102", "busy", extension("103")), forward("103", "unreachable", extension("101")))
    world, phones = world_of("bert", "carla", forwards=forwards)
    phones["bert"].mode = "busy"
    provider, session = call_in(world, "+31201234562")
    world.run()
    assert session.state == "confirmed"
    assert rung(phones["carla"])
    session.bye(world.network.now)
    world.run()
    session = phones["bert"].dial("101")  # nobody is registered there, and nothing is arranged
    world.run()
    assert phones["bert"].last(events.Refused).status == 480
    world.assert_nothing_left()


def test_people_forwarding_to_each_other_end_the_call_with_an_error() -> None:
    forwards = (forward("101", "always", extension("102")), forward("102", "always", extension("101")))
    world, phones = world_of("anna", "carla", forwards=forwards)
    phones["carla"].dial("101")
    world.run(8)
    world.media.finish_files()
    world.network.drain(world.node)
    world.run()
    assert phones["carla"].last(events.Refused).status == 482
    world.assert_nothing_left()


def test_do_not_disturb_is_busy_and_no_phone_rings() -> None:
    world, phones = world_of("anna", "bert", users={2: {"do_not_disturb": True}})
    phones["anna"].dial("102")
    world.run()
    assert phones["anna"].last(events.Refused).status == 486
    assert not rung(phones["bert"])
    world.assert_nothing_left()


def test_a_withheld_caller_hears_why_and_is_refused_unanswered() -> None:
    world, phones = world_of("anna", users={1: {"reject_anonymous": True}})
    provider, session = call_in(
        world, "+31201234561", from_='"Secret" <sip:anonymous@anonymous.invalid>', headers=[("Privacy", "id")]
    )
    world.run()
    assert provider.hears(session) == {"file:/prompts/nl/anonymous-rejected.ogg"}
    assert session.state == "early"
    world.media.finish_files()
    world.network.drain(world.node)
    world.run()
    assert provider.last(events.Refused).status == 433
    assert not rung(phones["anna"])
    world.assert_nothing_left()
    assert world.records[0].outcome == "refused"


def test_a_group_rings_everybody_and_the_first_to_answer_has_the_call() -> None:
    group = GroupExtension(id=1, company_id=1, extension="300", name="Desk")
    members = tuple(GroupMember(id=n, company_id=1, group_id=1, extension=f"10{n}") for n in (1, 2, 3))
    world, phones = world_of("anna", "bert", "carla", group_extensions=(group,), group_members=members)
    for name in ("anna", "bert"):
        phones[name].mode = "ring"
    phones["carla"].mode = "ring"
    provider, session = call_in(world, "+31201234561")
    world.run()
    session.cancel(world.network.now)
    world.run()
    caller = phones["carla"]
    session = caller.dial("300")
    world.run()
    assert rung(phones["anna"])
    assert rung(phones["bert"])
    phones["bert"].answer_waiting()
    world.run()
    assert session.state == "confirmed"
    assert "elsewhere" in str(phones["anna"].last(events.Cancelled))
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_member_of_a_group_who_does_not_answer_is_replaced_and_the_others_ring_on() -> None:
    group = GroupExtension(id=1, company_id=1, extension="300", name="Desk", individual_forwarding=True, no_answer_s=60)
    members = tuple(
        GroupMember(id=n, company_id=1, group_id=1, extension=number) for n, number in enumerate(("101", "102"), 1)
    )
    own = Forward(id=1, company_id=1, extension="101", case="no_answer", to=Destination("extension", "103"), rings=2)
    world, phones = world_of(
        "anna", "bert", "carla", group_extensions=(group,), group_members=members, forwards=(own,),
        numbers=(Number(id=9, company_id=1, e164="+31201234570", extension="300"),),
    )  # fmt: skip
    for name in ("anna", "bert", "carla"):
        phones[name].mode = "ring"
    provider, session = call_in(world, "+31201234570")
    world.run(9)
    assert rung(phones["anna"])
    assert not rung(phones["carla"])
    world.run(2)
    assert rung(phones["carla"])
    assert phones["anna"].last(events.Cancelled)
    assert not phones["bert"].all(events.Cancelled), "he rings on, as one call"
    phones["carla"].answer_waiting()
    world.run()
    assert session.state == "confirmed"
    assert phones["bert"].last(events.Cancelled).answered_elsewhere
    session.bye(world.network.now)
    world.assert_nothing_left()
    (record,) = world.records
    assert [leg.party for leg in record.legs if leg.outcome == "answered"][-1] == "103"


def test_when_everybody_who_was_to_ring_has_been_tried_the_group_goes_on() -> None:
    group = GroupExtension(
        id=1, company_id=1, extension="300", name="Desk", individual_forwarding=True, no_answer_s=60,
        forward_no_answer=Destination("extension", "102"),
    )  # fmt: skip
    members = (GroupMember(id=1, company_id=1, group_id=1, extension="101"),)
    own = Forward(id=1, company_id=1, extension="101", case="no_answer", to=Destination("extension", "103"), rings=2)
    world, phones = world_of(
        "anna", "bert", "carla", group_extensions=(group,), group_members=members, forwards=(own,),
        numbers=(Number(id=9, company_id=1, e164="+31201234570", extension="300"),),
    )  # fmt: skip
    phones["anna"].mode, phones["carla"].mode = "ring", "busy"
    provider, session = call_in(world, "+31201234570")
    world.run(12)
    assert session.state == "confirmed", world.network.ladder()
    assert rung(phones["bert"])
    session.bye(world.network.now)
    world.assert_nothing_left()


def hunt(policy: str, **more: Any) -> dict[str, Any]:
    group = HuntGroup(id=1, company_id=1, extension="300", name="Support", policy=policy, rings=2, **more)  # type: ignore[arg-type]
    members = tuple(
        HuntMember(id=n, company_id=1, hunt_group_id=1, extension=f"10{n}", position=n, weight=(60, 40, 0)[n - 1])
        for n in (1, 2, 3)
    )
    return {"hunt_groups": (group,), "hunt_members": members, "numbers": (
        Number(id=9, company_id=1, e164="+31201234570", extension="300"),
    )}  # fmt: skip


def test_the_mobile_of_the_profile_combi_rings_with_the_phones_and_takes_the_call() -> None:
    profile = {2: {"profile": "combi", "mobile_number": "+31612345678"}}
    world, phones = world_of("anna", "bert", users=profile)
    phones["bert"].mode = "ring"
    mobile = world.provider()
    mobile.mode = "ring"
    session = phones["anna"].dial("102")
    world.run()
    assert rung(phones["bert"])
    assert "+31612345678" in str(mobile.last(events.InviteReceived).request.uri)
    mobile.answer_waiting()
    world.run()
    assert phones["bert"].last(events.Cancelled)
    assert phones["anna"].hears(session) == {mobile.sends_to(mobile.last(events.InviteReceived).session)}
    (call,) = world.exchange.calls.values()
    assert [leg.party.name for leg in call.live_legs()] == ["User 1", "User 2"]  # whoever calls reaches the person
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_member_who_declines_a_groups_call_declines_for_nobody_else() -> None:
    group = GroupExtension(id=1, company_id=1, extension="300", name="Desk")
    members = tuple(
        GroupMember(id=n, company_id=1, group_id=1, extension=number) for n, number in enumerate(("102", "103"), 1)
    )
    world, phones = world_of("anna", "bert", "carla", "carla2", group_extensions=(group,), group_members=members)
    for name in ("bert", "carla", "carla2"):
        phones[name].mode = "ring"
    session = phones["anna"].dial("300")
    world.run()
    phones["carla"].last(events.InviteReceived).session.reject(world.network.now, 603)
    world.run()
    assert phones["carla2"].last(events.Cancelled)  # all of Carla's phones
    phones["bert"].answer_waiting()
    world.run()
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_regular_hunt_tries_one_after_the_other_and_shows_the_group() -> None:
    world, phones = world_of("anna", "bert", "carla", **hunt("regular"))
    phones["anna"].mode = "ring"
    provider, session = call_in(world, "+31201234570", from_='"Sam Jones" <sip:+31612345678@provider.example>')
    world.run(9)
    assert rung(phones["anna"])
    assert not rung(phones["bert"])
    world.run(3)
    assert session.state == "confirmed"
    shown = phones["bert"].last(events.InviteReceived).request.from_.display
    assert shown == "Support - Sam Jones"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_uniform_hunt_gives_the_next_call_to_who_waited_longest() -> None:
    world, phones = world_of("anna", "bert", "carla", **hunt("uniform"))
    order = []
    for _ in range(6):
        before = {name: len(phone.events) for name, phone in phones.items()}
        provider, session = call_in(world, "+31201234570")
        world.run()
        assert session.state == "confirmed"
        order += [name for name, phone in phones.items() if len(phone.events) > before[name]]
        session.bye(world.network.now)
        world.run()
    assert order == ["anna", "bert", "carla"] * 2
    world.assert_nothing_left()


@pytest.mark.parametrize("policy", ["circular", "uniform", "weighted"])
def test_whose_turn_it_is_is_known_after_a_crash(policy: str) -> None:
    """V 21.3: neither whoever answered last nor who was served least begins anew."""
    world, phones = world_of("anna", "bert", "carla", **hunt(policy))
    answered = []
    for _ in range(5):
        _, session = call_in(world, "+31201234570")
        world.run()
        (record,) = [call.legs for call in world.exchange.calls.values()]
        answered += [leg.party.number for leg in record.values() if leg.party.user_id and leg.answered_ms]
        session.bye(world.network.now)
        world.run()
        world.crash()
    expected = {
        "circular": ["101", "102", "103", "101", "102"],
        "uniform": ["101", "102", "103", "101", "102"],
        "weighted": ["101", "102", "101", "102", "101"],
    }
    assert answered == expected[policy]
    world.assert_nothing_left()


def test_nobody_of_a_hunt_group_answering_sends_the_call_on() -> None:
    world, phones = world_of("anna", "bert", "carla", **hunt("circular", no_answer_to=extension("200")))
    for phone in phones.values():
        phone.mode = "ring"
    provider, session = call_in(world, "+31201234570")
    world.run(32)
    assert provider.hears(session) == {"file:/prompts/nl/menu-welcome.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_limit_lets_so_many_through_and_no_more() -> None:
    limit = CallLimit(id=1, company_id=1, extension="300", name="Two lines", limit=1, within_to=extension("101"))
    number = Number(id=9, company_id=1, e164="+31201234570", extension="300")
    world, phones = world_of("anna", call_limits=(limit,), numbers=(number,))
    provider, first = call_in(world, "+31201234570")
    world.run()
    assert first.state == "confirmed"
    again, second = call_in(world, "+31201234570")
    world.run()
    assert again.last(events.Refused).status == 486
    first.bye(world.network.now)
    world.run()
    _, third = call_in(world, "+31201234570")
    world.run()
    assert third.state == "confirmed"
    third.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_within_a_limit_still_counts_after_a_crash() -> None:
    limit = CallLimit(id=1, company_id=1, extension="300", name="One", limit=1, within_to=extension("101"))
    number = Number(id=9, company_id=1, e164="+31201234570", extension="300")
    world, phones = world_of("anna", call_limits=(limit,), numbers=(number,))
    _, first = call_in(world, "+31201234570")
    world.run()
    assert world.crash() == 1
    again, _ = call_in(world, "+31201234570")
    world.run()
    assert again.last(events.Refused).status == 486
    first.bye(world.network.now)
    world.assert_nothing_left()


def test_a_forward_extension_shows_the_number_that_was_called() -> None:
    onward = ForwardExtension(
        id=1, company_id=1, extension="300", name="Out", to=Destination("number", "0612345678"), caller_id="called"
    )
    number = Number(id=9, company_id=1, e164="+31201234570", extension="300")
    world, _ = world_of(forward_extensions=(onward,), numbers=(number,))
    second = world.provider(("203.0.113.20", 5060))
    provider, session = call_in(world, "+31201234570")
    world.run(3)
    request = provider.last(events.InviteReceived).request
    assert request.target.user == "+31612345678"
    assert request.from_.uri.user == "+31201234570"
    session.bye(world.network.now)
    world.run()
    assert second is not None
    world.assert_nothing_left()


def test_a_postcode_is_asked_for_and_leads_on() -> None:
    place = LocationRouting(
        id=1, company_id=1, extension="300", name="Where", by="postcode", default_to=extension("102")
    )
    routes = (LocationRoute(id=1, company_id=1, routing_id=1, match="10", to=extension("101"), prefix="Amsterdam"),)
    number = Number(id=9, company_id=1, e164="+31201234570", extension="300")
    more: dict[str, Any] = {"location_routings": (place,), "location_routes": routes, "numbers": (number,)}
    world, phones = world_of("anna", "bert", **more)
    provider, session = call_in(world, "+31201234570")
    world.run()
    assert provider.hears(session) == {"file:/prompts/nl/postcode.ogg"}
    key(world, provider, session, "1012")
    invite = phones["anna"].last(events.InviteReceived)
    assert provider.hears(session) == {phones["anna"].sends_to(invite.session)}
    assert invite.request.from_.display.startswith("Amsterdam")
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_numbers_follow_the_active_plan() -> None:
    plans = (
        NumberPlan(id=1, company_id=1, scheme_id=1, name="Day"),
        NumberPlan(id=2, company_id=1, scheme_id=1, name="Night", position=2, is_fallback=True),
    )
    mappings = (
        PlanMapping(id=1, company_id=1, plan_id=1, number_id=9, extension="101"),
        PlanMapping(id=2, company_id=1, plan_id=2, number_id=9, extension="102", prefix="Night"),
    )
    more: dict[str, Any] = {
        "numbers": (Number(id=9, company_id=1, e164="+31201234570"),),
        "number_schemes": (NumberScheme(id=1, company_id=1, name="Main", is_main=True),),
        "number_plans": plans,
        "plan_mappings": mappings,
    }
    world, phones = world_of("anna", "bert", **more)
    _, session = call_in(world, "+31201234570")
    world.run()
    assert session.state == "confirmed"
    assert phones["bert"].last(events.InviteReceived).request.from_.display.startswith("Night")
    session.bye(world.network.now)
    world.assert_nothing_left()
