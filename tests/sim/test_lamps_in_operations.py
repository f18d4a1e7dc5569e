"""Lamps while calls change hands: transfers, consultations, conferences, pickups."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from lamp_world import LampWorld, Watch
from test_basic_calls import in_call
from test_keys_in_calls import press
from test_lamp_kinds import coded, grouped
from test_lamps import company
from test_transfers import asked, refer
from world import sample_rows

from kiestoon.company.model import PickupGroup, PickupMember
from kiestoon.sip import events


def watched(**rows: Any) -> tuple[LampWorld, Any, Any, Any, Any, Any, dict[str, Watch]]:
    """Anna (101) speaks with Bert (102). The second phone of Carla (103) watches all three, and sees names."""
    world = LampWorld(rows=coded(company(sample_rows(), lamp_names="everybody"), **rows))
    _, anna, bert, session, other = in_call(world)
    carla = world.phone("carla", "192.0.2.3")
    viewer = world.watcher("carla2", "192.0.2.4")
    viewer.mode = "ring"
    return world, anna, bert, carla, session, other, {name: viewer.watch(name) for name in ("101", "102", "103")}


def shown(lamps: dict[str, Watch]) -> dict[str, str]:
    """Each lamp, with whom the person speaks."""
    return {
        name: " ".join((lamp.lamp, *(lamp.party("remote", n)[0] for n in range(len(lamp.dialogs))))).strip()
        for name, lamp in lamps.items()
    }


def test_after_a_blind_transfer_the_transferors_lamp_is_off() -> None:
    world, _, bert, carla, session, other, lamps = watched()
    assert shown(lamps) == {"101": "on User 2", "102": "on User 1", "103": "off"}
    carla.mode = "ring"
    refer(world, bert, other, "103")
    assert shown(lamps)["102"] == "off"
    assert shown(lamps)["103"] == "blinks User 1"
    carla.answer_waiting()
    world.run()
    assert shown(lamps) == {"101": "on User 3", "102": "off", "103": "on User 1"}
    session.bye(world.network.now)
    world.run()
    assert shown(lamps) == {"101": "off", "102": "off", "103": "off"}
    assert len(world.lamps.live) == 0


def test_an_attended_transfer_moves_the_lamp_from_who_asked_to_who_was_called_first() -> None:
    world, _, bert, _, session, other, lamps = watched()
    second = asked(world, bert, other, "103")
    assert shown(lamps) == {"101": "on User 2", "102": "on User 1 User 3", "103": "on User 2"}
    refer(world, bert, other, "103", replaces=second)
    assert shown(lamps) == {"101": "on User 3", "102": "off", "103": "on User 1"}
    session.bye(world.network.now)
    world.run()
    assert shown(lamps) == {"101": "off", "102": "off", "103": "off"}
    assert len(world.lamps.live) == 0


def test_a_consultation_by_keys_and_the_conference_after_it() -> None:
    world, _, bert, _, session, other, lamps = watched()
    press(world, bert, other, "##103#")
    assert shown(lamps)["103"] == "on User 2"
    assert lamps["101"].lamp == lamps["102"].lamp == "on"
    press(world, bert, other, "3")
    assert shown(lamps) == {"101": "on User 2, User 3", "102": "on User 1, User 3", "103": "on User 1, User 2"}
    other.bye(world.network.now)
    world.run()
    assert shown(lamps) == {"101": "on User 3", "102": "off", "103": "on User 1"}
    session.bye(world.network.now)
    world.run()
    assert shown(lamps) == {"101": "off", "102": "off", "103": "off"}
    assert len(world.lamps.live) == 0


def test_a_call_picked_up_lights_who_took_it() -> None:
    world = LampWorld(
        rows=coded(
            pickup_groups=(PickupGroup(id=1, company_id=1, name="all"),),
            pickup_members=tuple(
                PickupMember(id=n, company_id=1, group_id=1, extension=f"10{n}") for n in (1, 2, 3)
            ),
        )
    )  # fmt: skip
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    carla, viewer = world.phone("carla", "192.0.2.3"), world.watcher("carla2", "192.0.2.4")
    lamps = {name: viewer.watch(name) for name in ("102", "103")}
    session = anna.dial("102")
    world.run()
    carla.dial("*8102")
    world.run()
    assert (lamps["102"].lamp, lamps["103"].lamp) == ("off", "on")
    session.bye(world.network.now)
    world.run()
    assert (lamps["102"].lamp, lamps["103"].lamp) == ("off", "off")
    assert len(world.lamps.live) == 0


@pytest.mark.parametrize("crash", [False, True])
def test_a_shared_lines_lamp_follows_its_call(crash: bool) -> None:
    """A call to the group is the group's until it is transferred to somebody else."""
    world = LampWorld(rows=msgspec.structs.replace(grouped(), feature_codes=coded().feature_codes))
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    world.phone("carla", "192.0.2.3").mode = "ring"
    lamp = world.watcher("carla2", "192.0.2.4").watch("300")
    session = anna.dial("300")
    world.run()
    assert lamp.lamp == "on"
    if crash:
        world.crash()
        world.run(30)
        assert lamp.lamp == "on"
    refer(world, bert, bert.last(events.InviteReceived).session, "*03")
    assert lamp.lamp == "off"
    session.bye(world.network.now)
    world.run()
    assert len(world.lamps.live) == 0
