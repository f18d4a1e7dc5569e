"""Lamps of queues: who waits, what is switched by code, whether one is logged in."""

from __future__ import annotations

import msgspec
import pytest
from lamp_world import LampWorld
from queue_world import queue_rows
from test_lamp_kinds import coded, planned, replacing
from test_outside_lines import call_in

from kiestoon.company.model import Destination, PlanOverride
from kiestoon.phones.lamps.live_calls import EXTENSION


def queued(**fields: object) -> LampWorld:
    """The queue 300, whose only agent is Bert; Carla, who is none, may have a lamp of it."""
    world = LampWorld(rows=queue_rows({"extension": "102"}, **fields))
    world.phone("bert", "192.0.2.2").mode = "ring"
    return world


def test_a_queues_lamp_is_lit_while_somebody_waits_and_blinks_while_an_agent_is_rung() -> None:
    world = queued()
    bert, carla = world.phones["bert"], world.watcher("carla", "192.0.2.3")
    lamp = carla.watch("300")
    assert lamp.lamp == "off"
    _, first = call_in(world, "+31201234570")
    world.run()
    assert lamp.lamp == "blinks"
    bert.answer_waiting()
    world.run()
    assert lamp.lamp == "off"
    _, second = call_in(world, "+31201234570")
    world.run()
    assert lamp.lamp == "on"
    for session in (second, first):
        session.bye(world.network.now)
        world.run()
        assert lamp.lamp == "off"
    assert not list(world.lamps.live.calls_at(EXTENSION, 1, "300"))


@pytest.mark.parametrize("is_open", [True, False])
def test_a_ringing_call_of_an_open_queue_is_taken_by_the_queues_lamp(is_open: bool) -> None:
    world = queued(open=is_open)
    carla = world.watcher("carla", "192.0.2.3")
    carla.mode = "ring"
    lamp = carla.watch("300")
    provider, session = call_in(world, "+31201234570")
    world.run()
    dialog = lamp.dialogs[0]
    if not is_open:
        assert dialog.get("call-id") is None
        return
    second = replacing(carla, "300", dialog)
    world.run()
    assert provider.hears(session) == {carla.sends_to(second)}, world.network.ladder()


@pytest.mark.parametrize("name", ["#70300", "#71300", "#70", "#72300", "#73"])
def test_a_queues_night_service_and_forced_forwarding_have_a_lamp(name: str) -> None:
    to = Destination("extension", "103")
    switches = {"night": "forward", "night_to": to, "forced_to": to}
    rows = coded(queue_rows({"extension": "102"}, **switches), "one-net")
    world = LampWorld(rows=rows)
    lamp = world.watcher("carla", "192.0.2.3").watch(name)
    assert lamp.lamp == "off"
    (queue,) = rows.queues
    field = "night_forced" if name.startswith(("#70", "#71")) else "forced"
    world.change(msgspec.structs.replace(rows, queues=(msgspec.structs.replace(queue, **{field: True}),)))
    assert lamp.lamp == "on"
    world.change(rows)
    assert lamp.lamp == "off"


def test_a_key_shows_whether_one_is_logged_in_to_a_queue() -> None:
    rows = coded(queue_rows({"extension": "103"}, {"extension": "102", "logged_in": False}))
    world = LampWorld(rows=rows)
    bert, carla = world.watcher("bert", "192.0.2.2"), world.watcher("carla", "192.0.2.3")
    own, others = carla.watch("903300"), bert.watch("904300")
    assert (own.lamp, others.lamp) == ("on", "off")
    assert own.party("remote")[0] == "Ingelogd"
    members = tuple(msgspec.structs.replace(row, logged_in=not row.logged_in) for row in rows.queue_members)
    world.change(msgspec.structs.replace(rows, queue_members=members))
    assert (own.lamp, others.lamp) == ("off", "on")


def test_without_queues_the_codes_of_the_night_service_show_the_main_scheme() -> None:
    """#70 is lit while the scheme is switched by hand."""
    rows = coded(planned(), "one-net")
    world = LampWorld(rows=rows)
    lamp = world.watcher("carla", "192.0.2.3").watch("#70")
    assert (lamp.status, lamp.lamp) == (200, "off")
    override = PlanOverride(id=1, company_id=1, scheme_id=7, plan_id=72)
    world.change(msgspec.structs.replace(rows, plan_overrides=(override,)))
    assert lamp.lamp == "on"
