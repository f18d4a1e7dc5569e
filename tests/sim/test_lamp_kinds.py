"""Lamps of what is no person: groups, menus, park places, number plans and night modes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from lamp_world import DIALOG, PRESENCE, LampWorld
from test_basic_calls import in_call
from test_lamps import company
from test_transfers import refer, told
from world import DOMAIN, EXCHANGE, sample_rows

from kiestoon.calls.requests import SwitchPlan
from kiestoon.company.code_presets import CodePreset, preset_codes
from kiestoon.company.model import (
    CompanyRows,
    ConferenceRoom,
    GroupExtension,
    GroupMember,
    HuntGroup,
    HuntMember,
    NumberPlan,
    NumberScheme,
    PlanOverride,
    PlanPeriod,
    PrivacyGrant,
    PrivacyGroup,
    PrivacyMember,
    WeekBlock,
)
from kiestoon.phones.lamps.live_calls import EXTENSION
from kiestoon.sip import events
from kiestoon.sip.digest import Credentials
from kiestoon.sip.flow import Target


def coded(rows: CompanyRows | None = None, preset: CodePreset = "standard", **fields: object) -> CompanyRows:
    """The sample company with a preset's feature codes."""
    rows = rows or sample_rows()
    codes = tuple(
        msgspec.structs.replace(row, id=number) for number, row in enumerate(preset_codes(preset, rows.company), 1)
    )
    return msgspec.structs.replace(rows, feature_codes=codes, **fields)


def grouped(**fields: object) -> CompanyRows:
    """Group 300 and hunt group 310 of Bert (102) and Carla (103)."""
    return msgspec.structs.replace(
        sample_rows(),
        group_extensions=(GroupExtension(id=1, company_id=1, extension="300", name="Desk"),),
        group_members=tuple(
            GroupMember(id=n, company_id=1, group_id=1, extension=extension)
            for n, extension in enumerate(("102", "103"), 1)
        ),
        hunt_groups=(HuntGroup(id=1, company_id=1, extension="310", name="Support"),),
        hunt_members=tuple(
            HuntMember(id=n, company_id=1, hunt_group_id=1, extension=extension, position=n)
            for n, extension in enumerate(("102", "103"), 1)
        ),
        **fields,
    )


@pytest.mark.parametrize("number", ["300", "310"])
def test_a_groups_lamp_shows_its_calls_whoever_has_them_and_whether_they_are_held(number: str) -> None:
    world = LampWorld(rows=grouped())
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    carla = world.watcher("carla", "192.0.2.3")
    carla.mode = "ring"
    lamp = carla.watch(number)
    assert (lamp.status, lamp.lamp) == (200, "off")
    session = anna.dial(number)
    world.run()
    assert lamp.lamp == "blinks"
    assert lamp.party("remote") == ("User 1", f"sip:101@{DOMAIN}")
    assert lamp.party("local")[1] == f"sip:{number}@{DOMAIN}"
    assert lamp.dialogs[0].get("call-id")
    bert.answer_waiting()
    world.run()
    assert lamp.lamp == "on"
    bert.hold(bert.last(events.InviteReceived).session)
    world.run()
    assert b"sip.rendering" in lamp.notifies[-1].body
    session.bye(world.network.now)
    world.run()
    assert lamp.lamp == "off"
    assert not list(world.lamps.live.calls_at(EXTENSION, 1, number))
    assert len(world.lamps.live) == 0


def replacing(phone: Any, number: str, dialog: Any) -> Any:
    """The phone presses the key of a lamp that blinks (RFC 3891)."""
    replaces = (
        f"{dialog.get('call-id')};to-tag={dialog.get('local-tag')};from-tag={dialog.get('remote-tag')};early-only"
    )
    session = phone.endpoint.invite(
        phone.now, uri=f"sip:{number}@{DOMAIN}", to=f"<sip:{number}@{DOMAIN}>", from_=f"<sip:{phone.name}@{DOMAIN}>",
        destination=[Target("udp", *EXCHANGE)], body=phone.offer(), headers=[("Replaces", replaces)],
        credentials=Credentials(phone.name, f"secret of {phone.name}"),
    )  # fmt: skip
    phone.offers[session.id] = phone.offers[0]
    return session


@pytest.mark.parametrize("number", ["300", "310"])
@pytest.mark.parametrize("who", ["member", "granted"])
def test_who_may_takes_a_groups_call_by_the_groups_lamp(number: str, who: str) -> None:
    """The lamp names the dialog of the member's phone; the right is over the group (E 4.2.3)."""
    rows = grouped()
    if who == "granted":  # Carla is in neither group
        rows = msgspec.structs.replace(
            rows,
            group_members=rows.group_members[:1],
            hunt_members=rows.hunt_members[:1],
            privacy_groups=(PrivacyGroup(id=1, company_id=1, name="Desk"),),
            privacy_members=(PrivacyMember(id=1, company_id=1, group_id=1, extension="103"),),
            privacy_grants=(PrivacyGrant(id=1, company_id=1, group_id=1, extension=number, pickup=True),),
        )
    world = LampWorld(rows=rows)
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    carla = world.watcher("carla", "192.0.2.3")
    carla.mode = "ring"
    lamp = carla.watch(number)
    session = anna.dial(number)
    world.run()
    second = replacing(carla, number, lamp.dialogs[0])
    world.run()
    assert anna.hears(session) == {carla.sends_to(second)}, world.network.ladder()
    assert bert.last(events.Cancelled)


def test_the_members_lamp_says_which_group_was_called() -> None:
    world = LampWorld(rows=company(grouped(), lamp_names="everybody"))
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    lamp = world.watcher("carla", "192.0.2.3").watch("102")
    anna.dial("310")
    world.run()
    assert lamp.party("local") == ("Support", f"sip:310@{DOMAIN}")


def test_who_is_in_no_group_sees_its_calls_but_not_whose_they_are() -> None:
    world = LampWorld(rows=grouped())
    bert = world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    anna = world.watcher("anna", "192.0.2.1")
    lamp = anna.watch("300")
    bert.dial("300")
    world.run()
    assert lamp.lamp == "blinks"
    assert lamp.party("remote") == ("", "")
    assert lamp.dialogs[0].get("call-id") is None


def test_where_rights_are_granted_a_group_is_its_members() -> None:
    rows = company(grouped(), lamp_rights="granted")
    world = LampWorld(rows=rows)
    assert world.watcher("carla", "192.0.2.3").watch("300").status == 200
    anna = world.watcher("anna", "192.0.2.1")
    assert anna.watch("300").status == 403
    world.change(
        msgspec.structs.replace(
            rows,
            privacy_groups=(PrivacyGroup(id=1, company_id=1, name="p"),),
            privacy_members=(PrivacyMember(id=1, company_id=1, group_id=1, extension="101"),),
            privacy_grants=(PrivacyGrant(id=1, company_id=1, group_id=1, extension="300", presence=True),),
        )
    )
    assert anna.watch("300").status == 200


def test_a_menus_lamp_is_on_while_somebody_is_in_it() -> None:
    world = LampWorld()
    anna = world.phone("anna", "192.0.2.1")
    lamp = world.watcher("carla", "192.0.2.3").watch("200")
    session = anna.dial("200")
    world.run()
    assert lamp.lamp == "on"
    session.bye(world.network.now)
    world.run()
    assert lamp.lamp == "off"


def test_a_group_that_forwards_everything_is_lit() -> None:
    rows = grouped()
    world = LampWorld(rows=rows)
    lamp = world.watcher("carla", "192.0.2.3").watch("300")
    group = msgspec.structs.replace(
        rows.group_extensions[0], forward_always=msgspec.convert({"kind": "extension", "target": "101"}, type=type(
            rows.group_extensions[0].forward_always
        )),
    )  # fmt: skip
    world.change(msgspec.structs.replace(rows, group_extensions=(group,)))
    assert lamp.lamp == "on"


# --- parked calls ----------------------------------------------------------------------------------------------------


def park_anna(world: LampWorld, target: str) -> Any:
    """Anna calls Bert, who parks her; Anna's session."""
    _, _, bert, session, other = in_call(world)
    bert.mode = "busy"  # does not want to be told where
    refer(world, bert, other, target)
    assert told(bert)[-1] == "SIP/2.0 200 OK", world.network.ladder()
    return session


@pytest.mark.parametrize(
    ("target", "name", "fetched_with"),
    [
        ("*03", "*03", "*13"),
        ("*03", "*13", "*13"),
        ("*03", "lot3", "*13"),
        ("*03", "park3", "*13"),
        ("*03", "park+3", "*13"),
        ("*6", "93001", "93001"),
        ("*6", "line1", "93001"),
        ("*6", "park01", "93001"),
    ],
)
def test_a_park_places_lamp_by_any_of_its_names(target: str, name: str, fetched_with: str) -> None:
    world = LampWorld(rows=coded())
    carla = world.watcher("carla", "192.0.2.3")
    lamp, elsewhere = carla.watch(name), carla.watch("*14")
    assert (lamp.status, lamp.lamp) == (200, "off")
    park_anna(world, target)
    assert lamp.lamp == "on"
    assert lamp.party("remote") == ("", "")
    session = carla.dial(fetched_with)
    world.run()
    assert session.state == "confirmed"
    assert lamp.lamp == "off"
    assert len(elsewhere.notifies) == 1
    session.bye(world.network.now)
    world.run()
    assert len(world.lamps.live) == 0


@pytest.mark.parametrize("name", ["*68103", "*88103", "*88"])
def test_ones_own_extension_is_a_place_of_ones_own(name: str) -> None:
    world = LampWorld(rows=coded(company(sample_rows(), lamp_rights="granted"), preset="one-net"))
    carla = world.watcher("carla", "192.0.2.3")
    lamp = carla.watch(name)
    park_anna(world, "*68103")
    assert lamp.lamp == "on"
    assert lamp.party("remote") == ("User 1", f"sip:101@{DOMAIN}")
    carla.dial("*88")
    world.run()
    assert lamp.lamp == "off"


def test_a_lot_goes_out_when_the_caller_gives_up() -> None:
    world = LampWorld(rows=coded())
    lamp = world.watcher("carla", "192.0.2.3").watch("*13")
    session = park_anna(world, "*03")
    session.bye(world.network.now)
    world.run()
    assert lamp.lamp == "off"
    assert len(world.lamps.live) == 0


def test_a_parked_callers_lamp_stays_on_and_the_parkers_goes_out() -> None:
    world = LampWorld(rows=coded(company(sample_rows(), lamp_names="everybody")))
    carla = world.watcher("carla", "192.0.2.3")
    caller, parker, lot = carla.watch("101"), carla.watch("102"), carla.watch("*03")
    park_anna(world, "*03")
    assert (caller.lamp, parker.lamp, lot.lamp) == ("on", "off", "on")
    assert lot.party("remote") == ("User 1", f"sip:101@{DOMAIN}")
    assert lot.party("local") == ("User 2", f"sip:102@{DOMAIN}")


def test_a_lot_is_still_lit_after_a_crash() -> None:
    world = LampWorld(rows=coded())
    carla = world.watcher("carla", "192.0.2.3")
    lamp = carla.watch("*13")
    park_anna(world, "*03")
    world.crash()
    world.run(30)
    assert lamp.lamp == "on"
    carla.dial("*13")
    world.run()
    assert lamp.lamp == "off"


@pytest.mark.parametrize("name", ["*0", "*1", "930", "93000", "line100", "park", "930x1", "*6", "*88", "*881"])
def test_what_is_no_park_place_is_not_found(name: str) -> None:
    world = LampWorld(rows=coded())
    assert world.watcher("carla", "192.0.2.3").watch(name).status == 404


def test_where_rights_are_granted_parked_calls_are_for_those_who_may_fetch_them() -> None:
    rows = coded(company(sample_rows(), lamp_rights="granted"))
    world = LampWorld(rows=rows)
    carla = world.watcher("carla", "192.0.2.3")
    assert carla.watch("*13").status == 200  # where nobody was given the right everybody may fetch

    def may_fetch(extension: str) -> CompanyRows:
        return msgspec.structs.replace(
            rows,
            privacy_groups=(PrivacyGroup(id=1, company_id=1, name="p"),),
            privacy_members=(PrivacyMember(id=1, company_id=1, group_id=1, extension=extension),),
            privacy_grants=(PrivacyGrant(id=1, company_id=1, group_id=1, extension="102", parked=True),),
        )

    world.change(may_fetch("101"))
    assert carla.watch("*13").status == 403
    world.change(may_fetch("103"))
    lamp = carla.watch("*13")
    park_anna(world, "*03")
    assert (lamp.status, lamp.lamp) == (200, "on")
    assert lamp.party("remote") == ("User 1", f"sip:101@{DOMAIN}")


# --- number plans ----------------------------------------------------------------------------------------------------


def planned(**fields: object) -> CompanyRows:
    """Main scheme 1 with plans day (1, fallback) and night (2), night being active from Thursday 00:30 to 01:00 UTC."""
    return coded(
        msgspec.structs.replace(sample_rows(timezone="UTC"), **fields),
        number_schemes=(NumberScheme(id=7, company_id=1, name="Main", position=1, is_main=True),),
        number_plans=(
            NumberPlan(id=71, company_id=1, scheme_id=7, name="Day", position=1, is_fallback=True),
            NumberPlan(id=72, company_id=1, scheme_id=7, name="Night", position=2),
        ),
        plan_periods=(
            PlanPeriod(id=1, company_id=1, scheme_id=7, plan_id=72, blocks=(WeekBlock(day=3, start=30, end=60),)),
        ),
    )


def test_a_plans_lamp_follows_the_clock() -> None:
    """The simulation begins at 1000 s after 1970, a Thursday, 00:16:40 UTC."""
    world = LampWorld(rows=planned())
    carla = world.watcher("carla", "192.0.2.3")
    night, day = carla.watch("9151*2", expires_s=7200), carla.watch("915*1", expires_s=7200)
    assert (night.lamp, day.lamp) == ("off", "on")
    world.run(1800 - 1000)
    assert (night.lamp, day.lamp) == ("on", "off")
    assert night.party("remote")[0] == "Night"
    world.run(1800)
    assert (night.lamp, day.lamp) == ("off", "on")


@pytest.mark.parametrize("name", ["915", "9151", "915*0", "9151*0"])
def test_the_night_modes_lamp_is_on_while_the_scheme_is_switched_by_hand(name: str) -> None:
    rows = planned()
    world = LampWorld(rows=rows)
    lamp = world.watcher("carla", "192.0.2.3").watch(name)
    assert lamp.lamp == "off"
    override = PlanOverride(id=1, company_id=1, scheme_id=7, plan_id=72, until_ms=(1000 + 900) * 1000)
    world.change(msgspec.structs.replace(rows, plan_overrides=(override,)))
    assert lamp.lamp == "on"
    assert lamp.party("remote")[0] == "Met de hand omgeschakeld"
    world.run(1000)
    assert lamp.lamp == "off"


def test_the_key_that_shows_a_plan_switches_it() -> None:
    """Night mode on one key: off, pressed, on, pressed again, off."""
    users = tuple(msgspec.structs.replace(row, may_configure_time=True) for row in sample_rows().users)
    rows = planned(users=users)
    world = LampWorld(rows=rows)
    override = PlanOverride(id=1, company_id=1, scheme_id=7, plan_id=72)

    def switch(request: SwitchPlan) -> None:
        world.change(msgspec.structs.replace(rows, plan_overrides=(override,) if request.plan_id else ()))

    world.office.handlers[SwitchPlan] = switch
    carla = world.watcher("carla", "192.0.2.3")
    night = carla.watch("915*2")
    for shown in ("on", "off"):
        session = carla.dial(night.name)
        world.run()
        assert night.lamp == shown
        world.finish_prompts()
        world.run()
        assert session.state == "ended"


@pytest.mark.parametrize("name", ["9152", "9151*9", "915*", "916"])
def test_plans_that_do_not_exist_are_not_found(name: str) -> None:
    world = LampWorld(rows=planned())
    assert world.watcher("carla", "192.0.2.3").watch(name).status == 404


def test_every_kind_can_be_watched_as_presence_too() -> None:
    world = LampWorld(rows=coded(grouped()))
    carla = world.watcher("carla", "192.0.2.3")
    for name in ("300", "310", "200", "*13", "102"):
        seen = carla.watch(name, PRESENCE)
        assert (seen.status, seen.basic if name != "102" else "open") == (200, "open")
        assert carla.watch(name, DIALOG).status == 200


def test_a_conference_rooms_lamp_is_on_while_somebody_is_in_it_and_theirs_name_the_room() -> None:
    room = ConferenceRoom(id=1, company_id=1, extension="800", name="Monday")
    rows = msgspec.structs.replace(company(grouped(), lamp_names="everybody"), conference_rooms=(room,))
    world = LampWorld(rows=rows)
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    carla = world.watcher("carla", "192.0.2.3")
    lamp, of_anna = carla.watch("800"), carla.watch("101")
    sessions = []
    for phone in (anna, bert):
        sessions.append(phone.dial("800"))
        world.run()
        world.finish_prompts()
        world.run()
        assert lamp.lamp == "on"
    assert of_anna.party("remote") == ("Monday", f"sip:800@{DOMAIN}")
    sessions[0].bye(world.network.now)
    world.run()
    assert (lamp.lamp, of_anna.lamp) == ("on", "off")
    sessions[1].bye(world.network.now)
    world.run()
    assert lamp.lamp == "off"
    assert len(world.lamps.live) == 0
