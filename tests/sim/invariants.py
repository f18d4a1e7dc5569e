"""What must hold at any moment of any story: nobody lost, doubled or connected to a stranger, nothing leaked."""

from __future__ import annotations

from collections import Counter

from world import World

from kiestoon.calls import occupancy
from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.calls.record import CallRecord


def check(world: World) -> None:
    """The invariants of call control, at any moment between two events."""
    x = world.exchange
    assert not x.counters.get("calls_broken"), world.network.ladder()
    legs = [leg for call in x.calls.values() for leg in call.live_legs()]
    assert len(legs) == len(x.legs), "a leg is in two calls"
    assert {leg.id: leg for leg in legs} == x.legs
    assert len({leg.session.id for leg in legs if leg.session is not None}) == len(legs), "two sessions of one number"
    for call in x.calls.values():
        check_custody(call)
        for leg in call.live_legs():
            assert leg.call == call.id
            assert leg.session is not None
            assert x.find_leg(leg.session.context) is leg
    places = Counter((leg.device_id, occupancy.place(leg)) for leg in legs if leg.device_id)
    assert places == Counter((device, place) for device, held in x.device_calls.items() for place in held)
    at_others = [leg for leg in legs if not leg.device_id and leg.party.user_id]
    outside = Counter((leg.party.user_id, occupancy.place(leg)) for leg in at_others)
    assert outside == Counter((user, place) for user, held in x.present.outside.items() for place in held)
    assert Counter(call.company_id for call in x.calls.values()) == x.company_calls
    lines = Counter(leg.trunk_id for leg in legs if leg.trunk_id)
    assert lines == {trunk: state.calls for trunk, state in x.lines.states.items() if state.calls}
    check_queues(world)
    assert not world.media.mistakes, f"{world.media.mistakes}\n{world.network.ladder()}"
    if world.media.connected:
        check_media(world, legs)


def check_queues(world: World) -> None:
    """Who waits is in the queue's service; agents ring for exactly those to whom they have been offered."""
    x = world.exchange
    waiters = [waiter for callers in x.queues.waiting().values() for waiter in callers]
    offers = {}
    for waiter in waiters:
        call = x.calls[waiter.call]
        assert call.service is not None
        assert call.service.name in ("queue", "queued")
        assert waiter.rung_for == (call.seek is not None and call.seek.manner.beside), waiter.offered
        offers.update({(waiter.company_id, extension): waiter.call for extension in waiter.offered})
    assert x.queues.offers == offers
    assert len({waiter.call for waiter in waiters}) == len(waiters)
    for callers in x.queues.waiting().values():
        assert [each.since_ms for each in callers] == sorted(each.since_ms for each in callers)
    assert all(leg_id in x.legs for leg_id in x.queues.served_legs())


def check_custody(call: Call) -> None:
    """Exactly one of seek, bridge and service has the caller; nobody once the call is ending."""
    caller = call.anchor
    live = {leg.id for leg in call.live_legs() if not _is_told_off(leg)}
    if not call.live_legs():
        assert call.closing_timer is not None, "a call without legs must be closing"
    if caller is None:
        assert call.seek is not None or not live
        return
    if caller.state == "ended":
        assert call.holder == "nobody"
    else:
        assert call.holder in ("seek", "bridge", "service"), f"nobody holds the caller of {call.id}"
    assert (call.seek is not None) == (call.holder == "seek") == (call.deadline is not None)
    assert (call.bridge is not None) == (call.holder == "bridge")
    assert call.service is not None or call.holder != "service"
    if call.bridge is not None:
        assert set(call.bridge) | set(call.onlookers) == live
        assert len(call.bridge) == len(set(call.bridge)) >= (2 if call.room is None else 1)
        assert all(call.legs[leg_id].state == "answered" for leg_id in live)
        assert call.service is None
    elif call.seek is not None:
        assert call.seek.legs
        assert call.seek.legs == live - {caller.id}
    else:
        assert live <= {caller.id}


def _is_told_off(leg: Leg) -> bool:
    """Somebody hears that another has the call, or that he has been removed, and is about to be hung up on."""
    return leg.side is not None and leg.side.name in ("confirmed_elsewhere", "removed")


def check_media(world: World, legs: list[Leg]) -> None:
    """The media process has just what the calls say: no port lost, nobody hears a call not his."""
    media, x = world.media, world.exchange
    mine = {leg.termination: leg for leg in legs if leg.termination}
    assert set(media.terminations) == set(mine)
    assert all(media.terminations[number].stream == leg.stream for number, leg in mine.items())
    assert set(media.leased) == {leg.port.rtp for leg in legs if leg.port is not None and not leg.termination}
    assert len(media.free) + len(media.leased) + len(media.terminations) == media.total
    assert len(set(media.free)) == len(media.free)
    for context, edges in media.edges.items():
        call = next((call for call in x.calls.values() if call.context == context), None)
        said = {(mine[talker].id, mine[listener].id) for talker, listener in edges}
        if call is None:
            assert not said
        elif call.bridge is not None:
            assert said == who_hears_whom(call)
        else:  # early media: the caller and one of those who ring; an echo
            assert len({frozenset(pair) for pair in said}) <= 1
            parties = {leg.id for leg in call.live_legs()}
            assert all(call.caller in pair and parties.issuperset(pair) for pair in said)


def who_hears_whom(call: Call) -> set[tuple[int, int]]:
    """(talker, listener) of a bridge, as people expect it."""
    members = [leg for leg in (call.legs[leg_id] for leg_id in call.bridge or ()) if leg.termination]
    meeting = call.room is not None or len(call.bridge or ()) > 2
    if call.room is not None and (call.room.over or not call.room.begun):
        return set()
    if meeting:
        talking = [leg for leg in members if not (leg.muted or leg.held or leg.holding)]
    else:  # a phone that holds says so in its stream, and the other one hears music
        talking = [] if any(leg.holding for leg in members) else members
        if not talking:
            return set()
    onlookers = [call.legs[leg_id] for leg_id in call.onlookers if call.legs[leg_id].termination]
    edges = {(talker.id, listener.id) for talker in talking for listener in (*members, *onlookers)}
    for leg in onlookers:
        mode, agent = call.onlookers[leg.id].mode, call.onlookers[leg.id].of
        if mode == "barge":
            edges |= {(leg.id, listener.id) for listener in (*members, *(onlookers if meeting else ()))}
        elif mode == "whisper" and any(member.id == agent for member in members):
            edges.add((leg.id, agent))
    return {(talker, listener) for talker, listener in edges if talker != listener}


def check_phones(world: World) -> None:
    """Whoever believes to be in a call is, and nobody else: for moments in which nothing is under way."""
    talking = {
        session.call_id
        for phone in world.phones.values()
        for session in phone.endpoint.sessions.values()
        if session.state == "confirmed" and not session.ending
    }
    held = {leg.sip_call_id for leg in world.exchange.legs.values() if leg.state == "answered"}
    assert talking == held, world.network.ladder()


def check_records(world: World) -> None:
    """Every attempt has exactly one record, and it makes sense."""
    ids = [record.call_id for record in world.records]
    assert sorted(ids) == sorted(world.attempts()), world.network.ladder()
    assert len(set(ids)) == len(ids)
    for record in world.records:
        check_record(record)


def check_record(record: CallRecord) -> None:
    assert record.ended_by
    assert record.opened_ms <= record.closed_ms
    assert (record.outcome == "answered") == (record.answered_ms != 0), record
    if record.answered_ms:
        assert record.opened_ms <= record.answered_ms <= record.closed_ms
    assert record.cause
    assert record.sip_status >= 200
    assert any(leg.kind == "caller" for leg in record.legs) or not record.answered_ms
    for leg in record.legs:
        assert leg.started_ms <= leg.ended_ms <= record.closed_ms, record
        for moment in (leg.ringing_ms, leg.answered_ms):
            assert not moment or leg.started_ms <= moment <= leg.ended_ms
        assert (leg.outcome == "answered") == (leg.answered_ms != 0), record
