"""An INVITE that names another dialog (Replaces, RFC 3891): its caller takes that dialog's place.

Phones do so to pick up what a lamp shows ringing (RFC 4235 §4.1 tells the dialog), to take a call from another phone,
and at the end of a transfer between themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls.call import Call, Failure
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import ALREADY_ANSWERED, NOT_ALLOWED, NOT_POSSIBLE, NOTHING_THERE, pickup

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.sip.session import Session


def replace(x: Exchange, call: Call, leg: Leg, named: Session, now: float) -> Failure | None:
    """Let ``leg``, which has just called, take the place of the session's leg. Rights are those of a pickup; in
    conversation only one's own leg is replaced."""
    old = x.find_leg(named.context)
    target = x.calls.get(old.call) if old is not None else None
    if old is None or target is None or target.company_id != call.company_id:
        return NOTHING_THERE
    if not _may(x, call, leg, old):
        return NOT_ALLOWED
    if old.incoming and old.state != "answered":
        return NOTHING_THERE  # RFC 3891 §3: a dialog that has only been received cannot be replaced early
    if old.state in ("dialling", "early"):
        return pickup.pick_up(x, target, old, call, leg, now)
    if old.state == "answered" and old.party.user_id != leg.party.user_id:
        return ALREADY_ANSWERED  # it may have rung a moment ago; nobody's conversation is taken from him
    if old.state == "answered":
        return pickup.replace_leg(x, target, old, call, leg, now)
    return NOT_POSSIBLE


def _may(x: Exchange, call: Call, leg: Leg, old: Leg) -> bool:
    index = x.directory.company(call.company_id)
    mine, other = leg.party, old.party
    if index is None or not leg.device_id or not old.device_id:
        return False
    if mine.user_id and mine.user_id == other.user_id:
        return True
    if old.state in ("dialling", "early"):
        target = x.calls.get(old.call)
        return target is not None and pickup.may_take(index, mine.user_id, target, old)
    return index.rights.may_pick_up(mine.user_id, other.number)
