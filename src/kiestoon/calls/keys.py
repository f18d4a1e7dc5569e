"""Keys pressed in a conversation that mean something to the exchange (CALL-8, E 5.1.3): ``##`` and the like.

Only a colleague can do so, on one of our phones or on a mobile of his that we have called for him, and only where the
company's table has such codes. What is keyed still reaches the other party; a pause ends an input that could go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from kiestoon.calls import aside, signals
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.leg import Leg, is_colleague
from kiestoon.calls.operations import NOT_IN_CALL, consult, targets, transfer

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

PAUSE_S: Final = 2.5
"""Between two keys of one input."""
_MOST: Final = 40
TIMER: Final = "keys"
Action: TypeAlias = "Callable[[Exchange, Call, Leg, str, float], Failure | None]"
_WITH_NUMBER: Final = frozenset({"hold", "transfer"})
_WHILE_HOLDING: Final = frozenset({"consult_end", "consult_toggle", "consult_conference", "retrieve"})


def pressed(x: Exchange, call: Call, leg: Leg, digit: str, now: float) -> None:
    """One more key of somebody in a bridge, or who waits for somebody he asks."""
    codes = _codes(x, call, leg)
    if not codes:
        return
    _stop(x, leg)
    leg.keys = (leg.keys + digit)[-_MOST:]
    if not _try(x, call, leg, codes, now, waited=False):
        leg.keys_timer = x.deadlines.start(now + PAUSE_S, f"{TIMER} {leg.id}", call.id)


def time_out(x: Exchange, call: Call, leg: Leg, now: float) -> None:
    """No further key: what has been keyed counts as it is."""
    leg.keys_timer = None
    codes = _codes(x, call, leg)
    if codes:
        _try(x, call, leg, codes, now, waited=True)
    leg.keys = ""


def forget(x: Exchange, leg: Leg) -> None:
    """The leg is over, or in another situation."""
    _stop(x, leg)
    leg.keys = ""


def _codes(x: Exchange, call: Call, leg: Leg) -> Mapping[str, str]:
    index = x.directory.company(call.company_id)
    if index is None or not leg.party.user_id or not is_colleague(leg):
        return {}
    return index.arrangements.keys_in_calls


def _stop(x: Exchange, leg: Leg) -> None:
    if leg.keys_timer is not None:
        x.deadlines.stop(leg.keys_timer)
        leg.keys_timer = None


def _try(x: Exchange, call: Call, leg: Leg, codes: Mapping[str, str], now: float, *, waited: bool) -> bool:
    """Do what the keys say, if they say it already; True: nothing more is waited for."""
    keyed = leg.keys
    holding = leg.id in x.held
    code = next((keyed[:n] for n in range(len(keyed), 0, -1) if keyed[:n] in codes), "")
    feature = codes.get(code, "")
    if feature in _WHILE_HOLDING and not holding:
        feature = ""
    if not feature:
        if any(other.startswith(keyed) for other in codes):
            return False
        leg.keys = keyed[1:]  # what came before is no part of it: "5##" is "##"
        return not leg.keys or _try(x, call, leg, codes, now, waited=waited)
    rest = keyed[len(code) :]
    if feature in _WITH_NUMBER:
        if not (waited or (rest.endswith("#") and len(rest) > 1)):
            return False
        rest = rest.removesuffix("#")
    elif not waited and any(other != keyed and other.startswith(keyed) for other in codes):
        return False
    forget(x, leg)
    failure = _ACTIONS[feature](x, call, leg, rest, now)
    if failure is not None:
        aside.converse(x, call, leg, "notice", failure, now)
    return True


def _hold(x: Exchange, call: Call, leg: Leg, number: str, now: float) -> Failure | None:
    return consult.start(x, call, leg, number, now)


def _transfer(x: Exchange, call: Call, leg: Leg, number: str, now: float) -> Failure | None:
    return transfer.blind(x, call, leg, number, now)


def _park(x: Exchange, call: Call, leg: Leg, _: str, now: float) -> Failure | None:
    way = targets.find_way(x, "park")
    party = call.other(leg)
    if way is None or party is None:
        return NOT_IN_CALL
    return way(x, call, leg, party, "", now)


def _no_music(x: Exchange, call: Call, leg: Leg, _: str, now: float) -> Failure | None:
    held = consult.held_by(x, leg)
    for one in (call,) if held is None else (call, held):
        signals.music_off(x, one)
    return None


_ACTIONS: Final[dict[str, Action]] = {
    "hold": _hold,
    "transfer": _transfer,
    "retrieve": lambda x, call, leg, _, now: consult.retrieve(x, call, leg, now),
    "consult_end": lambda x, call, leg, _, now: consult.end(x, call, leg, now),
    "consult_toggle": lambda x, call, leg, _, now: consult.toggle(x, call, leg, now),
    "consult_conference": lambda x, call, leg, _, now: consult.conference(x, call, leg, now),
    "park": _park,
    "no_music_on_hold": _no_music,
}
IN_CALLS: Final = frozenset(_ACTIONS)
