"""Listening in on a colleague's call, speaking with the colleague only, breaking in (CALL-17, E 5.5, V 7.4.3).

The supervisor's leg is an onlooker: it hears the bridge without being of it, and the bridge does not depend on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import aside, bridging, custody, moving, topology
from kiestoon.calls.call import Call, Failure, Onlooker, OnlookerMode
from kiestoon.calls.leg import Leg, is_colleague
from kiestoon.calls.operations import NOT_ALLOWED, NOT_IN_CALL, NOT_POSSIBLE, NOTHING_THERE

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def calls_of(x: Exchange, company_id: int, extension: str) -> list[tuple[Call, Leg]]:
    """The conversations somebody is in, with his leg."""
    return [
        (call, call.legs[leg_id])
        for call in x.calls.values()
        if call.company_id == company_id
        for leg_id in call.bridge or ()
        if extension_of(x, call.legs[leg_id], company_id) == extension
    ]


def extension_of(x: Exchange, leg: Leg, company_id: int) -> str:
    """Whose phone speaks there, also on a mobile of his own; "" = nobody's of the company."""
    index = x.directory.company(company_id)
    user = index.users.get(leg.party.user_id) if index is not None else None
    return user.extension if user is not None and is_colleague(leg) else ""


def may_listen(x: Exchange, company_id: int, by: Leg, extension: str) -> bool:
    """By the right of a privacy group (E 6.3)."""
    index = x.directory.company(company_id)
    return (
        index is not None and by.party.number != extension and index.rights.holds(by.party.user_id, "listen", extension)
    )


def listen(
    x: Exchange, call: Call, agent: Leg, mine: Call, by: Leg, now: float, mode: OnlookerMode = "listen"
) -> Failure | None:
    """Let ``by`` (an answered leg of its own call ``mine``) hear the agent's conversation. The agent is told."""
    if call.bridge is None or agent.id not in call.bridge:
        return NOTHING_THERE
    if not may_listen(x, call.company_id, by, extension_of(x, agent, call.company_id)):
        return NOT_ALLOWED
    if by.state != "answered" or call is mine or not moving.can_move(mine, call):
        return NOT_POSSIBLE
    custody.let_go(x, mine)
    mine.continued_in = call.id
    moving.move(x, by, mine, call)
    call.onlookers[by.id] = Onlooker(mode, agent.id)
    topology.arrange(call)
    x.journal.changed(call)
    aside.converse(x, call, agent, "listened_in", None, now)
    x.touched += [call, mine]
    return None


def change(x: Exchange, call: Call, by: Leg, mode: OnlookerMode, now: float) -> Failure | None:
    """Speak with the agent only, with all, or just listen again."""
    onlooker = call.onlookers.get(by.id)
    if onlooker is None:
        return NOT_IN_CALL
    call.onlookers[by.id] = Onlooker(mode, onlooker.of)
    topology.arrange(call)
    x.journal.changed(call)
    return None


def switch(x: Exchange, call: Call, by: Leg, now: float) -> Failure | None:
    """Listen to the next of the agent's conversations (E 5.5.2)."""
    onlooker = call.onlookers.get(by.id)
    agent = call.legs.get(onlooker.of) if onlooker is not None else None
    if onlooker is None or agent is None:
        return NOT_IN_CALL
    found = calls_of(x, call.company_id, extension_of(x, agent, call.company_id))
    others = [pair for pair in found if pair[0] is not call]
    if not others:
        return NOTHING_THERE
    other, leg = others[0]
    if not moving.can_move(call, other):
        return NOT_POSSIBLE
    del call.onlookers[by.id]
    moving.move(x, by, call, other)
    other.onlookers[by.id] = Onlooker(onlooker.mode, leg.id)
    for changed in (call, other):
        topology.arrange(changed)
        x.journal.changed(changed)
    x.touched += [call, other]
    return None


def key(x: Exchange, call: Call, by: Leg, digit: str, now: float) -> None:
    """The supervisor's keys: 1 listens, 2 speaks with the agent only, 3 goes on to the agent's next call."""
    if digit == "1":
        change(x, call, by, "listen", now)
    elif digit == "2":
        change(x, call, by, "whisper", now)
    elif digit == "3":
        switch(x, call, by, now)


def barge_in(x: Exchange, call: Call, agent: Leg, mine: Call, by: Leg, now: float) -> Failure | None:
    """Become a party of a colleague's conversation (V 7.4.3)."""
    if call.bridge is None or agent.id not in call.bridge:
        return NOTHING_THERE
    if not may_listen(x, call.company_id, by, extension_of(x, agent, call.company_id)):
        return NOT_ALLOWED
    if call is mine or call.room is not None or not moving.can_move(mine, call):
        return NOT_POSSIBLE
    members = call.bridge
    if by.state != "answered" and not bridging.answer(x, mine, by, agent, now):
        return NOT_POSSIBLE
    custody.let_go(x, mine)
    mine.continued_in = call.id
    mine.outcome, mine.answered_ms = "answered", mine.answered_ms or x.wall_ms()
    moving.move(x, by, mine, call)
    bridging.bridge(x, call, (*members, by.id), now)
    x.touched += [call, mine]
    return None
