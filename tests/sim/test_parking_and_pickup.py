"""Parking, picking up and taking over: from another phone, by whoever may (CALL-9, CALL-10, CALL-11, CALL-15)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from test_basic_calls import in_call
from test_outside_lines import call_in
from test_transfers import refer, spoken, told
from world import World, sample_rows

from kiestoon.company.code_presets import preset_codes
from kiestoon.company.model import (
    CompanyRows,
    FeatureCode,
    ParkSettings,
    PickupGroup,
    PickupMember,
    PrivacyGrant,
    PrivacyGroup,
    PrivacyMember,
    ServiceAssignment,
    TransferOptions,
)
from kiestoon.media.protocol import DigitReceived
from kiestoon.sip import events
from kiestoon.sip.headers import parse_name_addrs


def with_codes(**rows: Any) -> CompanyRows:
    """The sample company with the standard table of codes and whatever is given besides."""
    sample = sample_rows()
    codes = [msgspec.structs.replace(row, id=n) for n, row in enumerate(preset_codes("standard", sample.company), 1)]
    return msgspec.structs.replace(sample, feature_codes=tuple(codes), **rows)


def with_a_mobile(**rows: Any) -> CompanyRows:
    """The same, and Bert's mobile rings with his phones."""
    company = with_codes(**rows)
    fields = {"profile": "combi", "mobile_number": "+31612345678"}
    users = [msgspec.structs.replace(user, **fields) if user.id == 2 else user for user in company.users]
    return msgspec.structs.replace(company, users=tuple(users))


PICKUP = {
    "pickup_groups": (PickupGroup(id=1, company_id=1, name="all"),),
    "pickup_members": tuple(
        PickupMember(id=n, company_id=1, group_id=1, extension=f"10{n}") for n in (1, 2, 3)
    ),
}  # fmt: skip


def parked(target: str = "*03", **rows: Any) -> tuple[World, Any, Any]:
    """Bert has parked Anna."""
    world, anna, bert, session, other = in_call(World(rows=with_codes(**rows)))
    refer(world, bert, other, target)
    assert told(bert)[-1] == "SIP/2.0 200 OK", world.network.ladder()
    assert other.state == "ended"
    return world, anna, session


def press(world: World, phone: Any, session: Any, keys: str, wait_s: float = 3.5) -> None:
    """Keys on a phone in a call, then a pause."""
    termination = world.media.at(int(phone.sends_to(session)))
    for key in keys:
        world.media.events.append(DigitReceived(termination.number, key, 100))
        world.network.drain(world.node)
    world.run(wait_s)


def shown_last(phone: Any) -> str:
    """Whom the display of a phone in a call shows since the last change."""
    told = [event for event in phone.events if isinstance(event, events.Updated | events.OfferReceived)]
    return parse_name_addrs(told[-1].request.get("P-Asserted-Identity"))[0].display


@pytest.mark.parametrize(("target", "code"), [("*03", "*13"), ("*03", "*03")])
def test_a_parked_caller_hears_music_until_somebody_retrieves_him(target: str, code: str) -> None:
    world, anna, session = parked(target)
    carla = world.phone("carla", "192.0.2.3")
    assert anna.hears(session) == {"music"}
    assert shown_last(anna) == "parked: 3"
    second = carla.dial(code)
    world.run()
    assert shown_last(anna) == "User 3"
    assert anna.hears(session) == {carla.sends_to(second)}, world.network.ladder()
    assert carla.hears(second) == {anna.sends_to(session)}
    second.bye(world.network.now)
    world.assert_nothing_left()
    assert not world.exchange.lots
    story = next(record for record in world.records if record.dialled == "102")
    assert [segment.kind for segment in story.segments] == ["talk", "parked", "talk"]


def test_of_two_who_retrieve_at_once_one_gets_the_caller_and_the_other_is_told() -> None:
    world, anna, session = parked("*03")
    bert, carla = world.phones["bert"], world.phone("carla", "192.0.2.3")
    first, second = carla.dial("*13"), bert.dial("*13")
    world.run()
    heard = [carla.hears(first), bert.hears(second)]
    assert sorted(heard, key=lambda each: each != {anna.sends_to(session)}) == [
        {anna.sends_to(session)}, {"file:/prompts/nl/park-line-empty.ogg"},
    ], world.network.ladder()  # fmt: skip
    for one in (first, second, session):
        one.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("answers", [True, False])
def test_who_parks_by_a_transfer_is_told_the_line_by_a_call(answers: bool) -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    bert.mode = "answer" if answers else "ring"
    refer(world, bert, other, "*6")
    called = bert.last(events.InviteReceived)
    shown = called.request.from_
    assert (shown.display, shown.uri.user) == ("parked: 1", "93001"), world.network.ladder()
    if answers:
        assert called.request.get("Answer-Mode") == "Auto"
        assert bert.hears(called.session) == {"file:/prompts/nl/parked-on-line.ogg"}
        world.finish_prompts()
    world.run(11)
    assert called.session.state == "ended"
    carla = world.phone("carla", "192.0.2.3")
    second = carla.dial(shown.uri.user)
    world.run()
    assert anna.hears(session) == {carla.sends_to(second)}
    second.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("wanted", [True, False])
def test_at_whose_extension_a_call_is_parked_sees_it(wanted: bool) -> None:
    options = TransferOptions(id=1, company_id=1, user_id=2, park_notice=wanted)
    at = FeatureCode(id=99, company_id=1, feature="park_at", code="*68")
    rows = with_codes(transfer_options=(options,))
    world, _, bert, session, other = in_call(
        World(rows=msgspec.structs.replace(rows, feature_codes=(*rows.feature_codes, at)))
    )
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    refer(world, bert, other, "*68103")
    shown = [event.request.from_.display for event in carla.all(events.InviteReceived)]
    assert shown == (["parked: User 1"] if wanted else []), world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_whose_service_parking_was_taken_away_parks_nobody() -> None:
    withheld = ServiceAssignment(id=1, company_id=1, extension="102", service="call_park", assigned=False)
    world, anna, bert, session, other = in_call(World(rows=with_codes(service_assignments=(withheld,))))
    refer(world, bert, other, "*03")
    assert told(bert)[-1].split()[1] == "403"
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_taken_lot_is_no_place_for_a_second_caller() -> None:
    world, anna, session = parked("*03")
    bert, carla = world.phones["bert"], world.phone("carla", "192.0.2.3")
    second = carla.dial("102")
    world.run()
    other = bert.last(events.InviteReceived).session
    refer(world, bert, other, "*03")
    assert told(bert)[-1].split()[1] == "486"
    assert carla.hears(second) == {bert.sends_to(other)}
    session.bye(world.network.now)
    second.bye(world.network.now)
    world.assert_nothing_left()


def test_every_line_taken_leaves_the_call_where_it_is() -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    world.exchange.lots.update({(1, str(line)): next(iter(world.exchange.calls)) for line in range(1, 100)})
    import kiestoon.calls.operations.park as park  # the lots above belong to nobody: say they do

    original = park.parked_at
    park.parked_at = lambda x, company, lot: x.calls.get(x.lots.get((company, lot), ""))  # type: ignore[assignment]
    try:
        refer(world, bert, other, "*6")
        press(world, bert, other, "*6")
    finally:
        park.parked_at = original
        world.exchange.lots.clear()
    assert told(bert)[-1].split()[1] == "486"
    assert anna.hears(session) == {bert.sends_to(other)}
    assert bert.hears(other) == {"file:/prompts/nl/park-full.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_nothing_parked_there_is_said_and_harms_nobody() -> None:
    world = World(rows=with_codes())
    anna = world.phone("anna", "192.0.2.1")
    session = anna.dial("*15")
    world.run()
    assert anna.hears(session) == {"file:/prompts/nl/park-line-empty.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_code_to_park_dialled_without_a_call_says_how_to_park() -> None:
    world = World(rows=with_codes())
    anna = world.phone("anna", "192.0.2.1")
    session = anna.dial("*03")
    world.run()
    assert anna.hears(session) == {"file:/prompts/nl/park-nothing.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_parked_call_comes_back_to_whoever_parked_it() -> None:
    world, anna, session = parked("*03", park_settings=(ParkSettings(id=1, company_id=1, recall_s=30),))
    bert = world.phones["bert"]
    world.run(35)
    back = bert.last(events.InviteReceived)
    assert back.request.from_.display == "recall: User 1", world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(back.session)}
    assert not world.exchange.lots
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_parked_call_nobody_takes_back_goes_to_the_alternate_and_waits_on() -> None:
    settings = ParkSettings(id=1, company_id=1, recall_s=30, recall_pattern=3, alternate="103", alternate_s=10)
    world, anna, session = parked("*03", park_settings=(settings,))
    bert, carla = world.phones["bert"], world.phone("carla", "192.0.2.3")
    bert.mode = carla.mode = "ring"
    world.run(45)
    for phone in (bert, carla):
        recalled = phone.last(events.InviteReceived).request
        assert recalled.from_.display == "recall: User 1"
        assert "Bellcore-dr3" in recalled.get("Alert-Info")
    world.run(70)
    assert anna.hears(session) <= {"music", "tone:ringback"}
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_parked_caller_survives_the_control_process() -> None:
    world, anna, session = parked("*03")
    carla = world.phone("carla", "192.0.2.3")
    assert world.crash() == 1
    world.run()
    assert anna.hears(session) == {"music"}
    second = carla.dial("*13")
    world.run()
    assert anna.hears(session) == {carla.sends_to(second)}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_who_has_no_right_cannot_retrieve_where_rights_are_given() -> None:
    rights = {
        "privacy_groups": (PrivacyGroup(id=1, company_id=1, name="desk"),),
        "privacy_members": (PrivacyMember(id=1, company_id=1, group_id=1, extension="101"),),
        "privacy_grants": (PrivacyGrant(id=1, company_id=1, group_id=1, extension="102", parked=True),),
    }
    world, anna, session = parked("*03", **rights)
    carla = world.phone("carla", "192.0.2.3")
    second = carla.dial("*13")
    world.run()
    assert carla.hears(second) == {"file:/prompts/nl/park-not-permitted.ogg"}
    assert anna.hears(session) == {"music"}
    second.bye(world.network.now)
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("code", ["*8", "908", "*8102", "908102"])
def test_a_colleague_picks_a_ringing_call_up(code: str) -> None:
    world = World(rows=with_codes(**PICKUP))
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    carla = world.phone("carla", "192.0.2.3")
    bert.mode = "ring"
    session = anna.dial("102")
    world.run()
    second = carla.dial(code)
    world.run()
    assert anna.hears(session) == {carla.sends_to(second)}, world.network.ladder()
    assert carla.hears(second) == {anna.sends_to(session)}
    assert bert.last(events.Cancelled).answered_elsewhere
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert spoken(world, [record.dialled for record in world.records].index("102")) == ["103"]


@pytest.mark.parametrize("rows", [{}, {**PICKUP, "pickup_members": PICKUP["pickup_members"][:2]}])
def test_who_may_not_pick_up_hears_that_there_is_nothing(rows: dict[str, Any]) -> None:
    world = World(rows=with_codes(**rows))
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    carla = world.phone("carla", "192.0.2.3")
    bert.mode = "ring"
    session = anna.dial("102")
    world.run()
    second = carla.dial("*8102")
    world.run()
    assert carla.hears(second) == {"file:/prompts/nl/pickup-nothing.ogg"}
    second.bye(world.network.now)
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize(("called", "code"), [("102", "*8"), ("102", "*8102"), ("103", "*8103")])
def test_nobody_picks_up_the_call_he_is_making_himself(called: str, code: str) -> None:
    world = World(rows=with_codes(**PICKUP))
    desk, other, bert = (world.phone(name, f"192.0.2.{n}") for n, name in enumerate(("carla", "carla2", "bert"), 1))
    other.mode = bert.mode = "ring"
    session = desk.dial(called)
    world.run()
    second = desk.dial(code)
    world.run()
    assert desk.hears(second) == {"file:/prompts/nl/pickup-nothing.ogg"}, world.network.ladder()
    assert session.state == "early"
    second.bye(world.network.now)
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_pickup_of_an_answered_call_harms_nobody() -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes(**PICKUP)))
    carla = world.phone("carla", "192.0.2.3")
    second = carla.dial("*8102")
    world.run()
    assert carla.hears(second) == {"file:/prompts/nl/pickup-nothing.ogg"}
    assert anna.hears(session) == {bert.sends_to(other)}
    second.bye(world.network.now)
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_any_phone_of_a_shared_line_takes_what_another_of_them_holds() -> None:
    world = World(rows=with_codes(**PICKUP))
    anna = world.phone("anna", "192.0.2.1")
    desk, other = world.phone("carla", "192.0.2.3"), world.phone("carla2", "192.0.2.4")
    other.mode = "ring"
    session = anna.dial("103")
    world.run()
    first = desk.last(events.InviteReceived).session
    early = other.dial("*8103")
    world.run()
    assert other.hears(early) == {"file:/prompts/nl/pickup-nothing.ogg"}, "it is not taken from who speaks"
    early.bye(world.network.now)
    desk.hold(first)
    world.run()
    assert anna.hears(session) == {"music"}
    second = other.dial("*8103")
    world.run()
    assert anna.hears(session) == {other.sends_to(second)}, world.network.ladder()
    assert other.hears(second) == {anna.sends_to(session)}
    assert first.state == "ended"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_phone_of_a_shared_line_answers_what_rings_at_another_of_them() -> None:
    world = World(rows=with_codes())
    anna, desk, other = (world.phone(name, f"192.0.2.{n}") for n, name in enumerate(("anna", "carla", "carla2"), 1))
    desk.mode = other.mode = "ring"
    session = anna.dial("103")
    world.run()
    second = other.dial("*8103")
    world.run()
    assert anna.hears(session) == {other.sends_to(second)}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_an_outside_caller_can_be_picked_up() -> None:
    world = World(rows=with_codes(**PICKUP))
    bert, carla = world.phone("bert", "192.0.2.2"), world.phone("carla", "192.0.2.3")
    bert.mode = "ring"
    provider, session = call_in(world, "+31201234562")
    world.run()
    second = carla.dial("*8")
    world.run()
    assert provider.hears(session) == {carla.sends_to(second)}, world.network.ladder()
    accepted = carla.last(events.Accepted).response
    assert "+31612345678" in (accepted.get("P-Asserted-Identity") or "")
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_running_call_moves_to_another_phone_of_mine() -> None:
    world = World(rows=with_codes())
    anna, carla = world.phone("anna", "192.0.2.1"), world.phone("carla", "192.0.2.3")
    session = anna.dial("103")
    world.run()
    other = carla.last(events.InviteReceived).session
    carla2 = world.phone("carla2", "192.0.2.4")
    second = carla2.dial("909")
    world.run()
    assert anna.hears(session) == {carla2.sends_to(second)}, world.network.ladder()
    assert other.state == "ended"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_what_is_talked_about_moves_before_what_is_on_hold() -> None:
    world = World(rows=with_codes())
    anna, bert, carla = (world.phone(name, f"192.0.2.{n}") for n, name in enumerate(("anna", "bert", "carla"), 1))
    anna.dial("103")
    world.run()
    on_hold = carla.last(events.InviteReceived).session
    carla.hold(on_hold)
    world.run()
    carla.direction = "sendrecv"
    session = bert.dial("103")
    world.run()
    other = carla.last(events.InviteReceived).session
    carla2 = world.phone("carla2", "192.0.2.4")
    second = carla2.dial("909")
    world.run()
    assert bert.hears(session) == {carla2.sends_to(second)}, world.network.ladder()
    assert (other.state, on_hold.state) == ("ended", "confirmed")
    session.bye(world.network.now)
    on_hold.bye(world.network.now)
    world.assert_nothing_left()


def test_with_no_running_call_there_is_nothing_to_take_over() -> None:
    world = World(rows=with_codes())
    anna = world.phone("anna", "192.0.2.1")
    session = anna.dial("*9")
    world.run()
    assert anna.hears(session) == {"file:/prompts/nl/takeover-nothing.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()


def replaces(session: Any) -> list[tuple[str, str]]:
    """The header naming a phone's dialog as the exchange sees it."""
    dialog = session.dialog
    return [("Replaces", f"{dialog.call_id};to-tag={dialog.remote_tag};from-tag={dialog.local_tag}")]


def dial_replacing(phone: Any, number: str, session: Any) -> Any:
    from world import DOMAIN, EXCHANGE

    from kiestoon.sip.digest import Credentials
    from kiestoon.sip.flow import Target

    return phone.endpoint.invite(
        phone.now, uri=f"sip:{number}@{DOMAIN}", to=f"<sip:{number}@{DOMAIN}>",
        from_=f"<sip:{phone.name}@{DOMAIN}>", destination=[Target("udp", *EXCHANGE)], body=phone.offer(),
        credentials=Credentials(phone.name, f"secret of {phone.name}"), headers=replaces(session),
    )  # fmt: skip


@pytest.mark.parametrize("ringing", [True, False])
def test_a_phone_takes_the_place_of_a_dialog_it_names(ringing: bool) -> None:
    """Of a colleague's while it rings, of its own person's also in conversation."""
    world = World(rows=with_codes(**PICKUP))
    own = ("102", "bert") if ringing else ("103", "carla2")
    anna, rung = world.phone("anna", "192.0.2.1"), world.phone(own[1], "192.0.2.2")
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    rung.mode = "ring" if ringing else "answer"
    session = anna.dial(own[0])
    world.run()
    other = rung.last(events.InviteReceived).session
    second = dial_replacing(carla, own[0], other)
    carla.offers[second.id] = carla.offers[0]
    world.run()
    assert anna.hears(session) == {carla.sends_to(second)}, world.network.ladder()
    assert other.state == "ended"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_key_pressed_a_moment_too_late_takes_nobodys_conversation() -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes(**PICKUP)))
    carla = world.phone("carla", "192.0.2.3")
    dial_replacing(carla, "102", other)
    world.run()
    assert carla.last(events.Refused).status == 486
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_stranger_to_the_dialog_is_refused_and_the_call_goes_on() -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    carla = world.phone("carla", "192.0.2.3")
    dial_replacing(carla, "102", other)
    world.run()
    assert carla.last(events.Refused).status == 403
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()
