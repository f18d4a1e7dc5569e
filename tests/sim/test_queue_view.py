"""What ``kiestoon queues`` tells: who waits, and what each agent is doing."""

from __future__ import annotations

from typing import Any

from queue_world import QueueWorld, hang_up, lift

from kiestoon.app.queue_view import QueueView


def seen(world: QueueWorld) -> dict[str, Any]:
    """The only queue."""
    (row,) = QueueView(world.exchange).live(company_id=1)
    return row


def states(world: QueueWorld) -> list[str]:
    return [agent["state"] for agent in seen(world)["agents"]]


def test_agents_are_told_apart_by_what_they_are_doing() -> None:
    world = QueueWorld(
        {"extension": "101"}, {"extension": "102"}, {"extension": "103", "logged_in": False}, wrap_up_s=30,
        strategy="sequential",
    )  # fmt: skip
    assert seen(world) == {
        "extension": "300",
        "name": "Support",
        "waiting": [],
        "agents": [{"extension": "101", "state": "free"}, {"extension": "102", "state": "free"}],
    }
    session = world.call()
    assert states(world) == ["ringing", "free"]
    lift(world, world.agents[0])
    assert states(world) == ["speaking", "free"]
    hang_up(world, session)
    assert states(world) == ["resting", "free"]
    world.run(31)
    private = world.agents[1].dial("103")
    world.run()
    assert states(world) == ["free", "not_available"]
    hang_up(world, private)
    world.assert_nothing_left()


def test_callers_are_told_in_their_order_with_where_it_rings_for_them() -> None:
    world = QueueWorld({"extension": "101"}, phones=1)
    first, second = world.call(), world.call(wait_s=4.5)
    waiting = seen(world)["waiting"]
    assert [(each["place"], each["name"], each["number"], each["rings_at"]) for each in waiting] == [
        (1, "Mobile", "+31612345678", ["101"]),
        (2, "Mobile", "+31612345678", []),
    ]
    assert [each["seconds"] for each in waiting] == [5, 4]
    hang_up(world, first, second)
    world.assert_nothing_left()


def test_a_company_sees_its_own_queues_only() -> None:
    assert QueueView(QueueWorld().exchange).live(company_id=2) == []
