"""What random stories are held against can fail: each mistake it is there for is noticed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from invariants import check, check_phones
from test_basic_calls import in_call
from test_listening_and_conferences import leg_of
from world import World

from kiestoon.media.protocol import Topology


def cross_connected(world: World) -> None:
    """Somebody hears another call."""
    carla, dora = world.phone("carla", "192.0.2.3"), world.phone("carla2", "192.0.2.4")
    carla.dial("200")
    dora.dial("200")
    world.run()
    first, second = (leg for leg in world.exchange.legs.values() if leg.party.number == "103")
    world.media.edges[world.exchange.calls[first.call].context] = {(first.termination, second.termination)}


def deaf(world: World) -> None:
    """Two in a call do not hear each other."""
    call, _ = leg_of(world, "102")
    world.media.send(Topology(call.context, ()))


def one_way(world: World) -> None:
    call, leg = leg_of(world, "102")
    other = call.other(leg)
    assert other is not None
    world.media.send(Topology(call.context, ((leg.termination, other.termination),)))


def doubled(world: World) -> None:
    """A leg is in two calls."""
    call, leg = leg_of(world, "102")
    world.phone("carla", "192.0.2.3").dial("200")
    world.run()
    other = next(each for each in world.exchange.calls.values() if each is not call)
    other.legs[leg.id] = leg


def held_by_nobody(world: World) -> None:
    leg_of(world, "102")[0].holder = "nobody"


def port_lost(world: World) -> None:
    world.media.lease()


@pytest.mark.parametrize("mistake", [cross_connected, deaf, one_way, doubled, held_by_nobody, port_lost])
def test_every_kind_of_mistake_is_noticed(mistake: Callable[[World], None]) -> None:
    world, *_ = in_call()
    check(world)
    mistake(world)
    with pytest.raises((AssertionError, KeyError)):
        check(world)


def test_a_phone_that_believes_to_be_in_a_call_nobody_knows_is_noticed() -> None:
    world, _, _, session, _ = in_call()
    check_phones(world)
    world.network.dropped = lambda message: True
    session.bye(world.network.now)
    world.run(0.1)
    with pytest.raises(AssertionError):
        check_phones(world)
