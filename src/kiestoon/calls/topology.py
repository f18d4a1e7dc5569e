"""Who hears whom: the topology of a call's media context (docs/architecture.md, Media)."""

from __future__ import annotations

from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.media.protocol import Topology

Edge = tuple[int, int]


def connect(call: Call, first: Leg, second: Leg) -> None:
    """Let two terminations hear each other, and nobody else: early media."""
    if call.link is not None and first.termination and second.termination:
        edges = ((first.termination, second.termination), (second.termination, first.termination))
        call.link.send(Topology(call.context, edges))


def mirror(call: Call, leg: Leg) -> None:
    """Let one party hear itself, and nobody else."""
    if call.link is not None and leg.termination:
        call.link.send(Topology(call.context, ((leg.termination, leg.termination),)))


def arrange(call: Call) -> None:
    """Say anew who hears whom in the bridge, onlookers among them."""
    bridge = call.bridge
    if call.link is None or bridge is None:
        return
    if call.room is not None or len(bridge) > 2:
        _meet(call, bridge)
        return
    if any(call.legs[leg_id].holding for leg_id in bridge):
        silence(call)
        return
    first, second = (call.legs[leg_id] for leg_id in bridge)
    if not call.onlookers:
        connect(call, first, second)
        return
    members = [leg for leg in (first, second) if leg.termination]
    edges = [
        (talker.termination, listener.termination)
        for talker in members
        for listener in members
        if listener is not talker
    ]
    edges += _onlookers(call, members)
    if edges:
        call.link.send(Topology(call.context, tuple(edges)))


def silence(call: Call) -> None:
    """Nobody in the call hears anybody."""
    if call.link is not None and any(leg.termination for leg in call.live_legs()):
        call.link.send(Topology(call.context, ()))


def _meet(call: Call, bridge: tuple[int, ...]) -> None:
    """A conference: in as many numbers as there are members. Whoever is muted, or holds, is not heard, but hears."""
    if call.link is None:
        return
    if call.room is not None and (call.room.over or not call.room.begun):
        silence(call)
        return
    mixed: list[int] = []
    listening: list[int] = []
    for leg in (call.legs[leg_id] for leg_id in bridge):
        if leg.termination:
            (listening if leg.muted or leg.held or leg.holding else mixed).append(leg.termination)
    edges: list[Edge] = []
    for leg_id, onlooker in call.onlookers.items():
        leg = call.legs[leg_id]
        if leg.termination:
            (mixed if onlooker.mode == "barge" else listening).append(leg.termination)
            agent = call.legs.get(onlooker.of)
            if onlooker.mode == "whisper" and agent is not None and agent.termination:
                edges.append((leg.termination, agent.termination))
    if mixed or listening:
        call.link.send(Topology(call.context, tuple(edges), tuple(mixed), tuple(listening)))


def _onlookers(call: Call, members: list[Leg]) -> list[Edge]:
    edges: list[Edge] = []
    for leg_id, onlooker in call.onlookers.items():
        leg = call.legs[leg_id]
        if not leg.termination:
            continue
        edges += [(member.termination, leg.termination) for member in members]
        if onlooker.mode != "listen":
            heard_by = [member for member in members if onlooker.mode == "barge" or member.id == onlooker.of]
            edges += [(leg.termination, member.termination) for member in heard_by]
    return edges
