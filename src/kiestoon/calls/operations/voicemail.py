"""To voicemail at once: a call in conversation, or one that rings, goes to somebody's box (CALL-5, VM-5, C 2.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import following, seeking
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.events import CallForwarded, CallTransferred
from kiestoon.calls.leg import Leg, is_colleague
from kiestoon.calls.operations import NOT_IN_CALL, transfer
from kiestoon.company.voicemail import box_of

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

NO_BOX = Failure("not_found", 404, 1, "There is no voicemail for this number")


def drop(x: Exchange, call: Call, by: Leg, extension: str, now: float) -> Failure | None:
    """Send the party ``by`` speaks with, or who rings ``by``, to the box of ``extension`` ("" = his own).

    Who was in conversation hangs up by it; who rings stops, and so do all others that ring for the same call. Fails,
    changing nothing, when ``by`` does neither of the two or there is no such box.
    """
    box = extension or by.party.number
    index = x.directory.company(call.company_id)
    if index is None or box_of(index, box) is None:
        return NO_BOX
    party = call.other(by)
    if party is not None and is_colleague(by):
        transfer.hand_over(x, call, by, party, now)
        following.enter_box(x, call, box, "direct", now)
        x.emit(CallTransferred, call, party.id, by=by.party.number, target=box)
    elif call.seek is not None and by.id in call.seek.legs and by.device_id and call.anchor is not None:
        seeking.stop(x, call, now)
        following.enter_box(x, call, box, "deflection", now)
        x.emit(CallForwarded, call, call.caller, target=box)
    else:
        return NOT_IN_CALL
    x.journal.changed(call)
    x.touched.append(call)
    return None


def to_box(x: Exchange, call: Call, by: Leg, party: Leg, argument: str, now: float) -> Failure | None:
    """*7 ext as the target of a blind transfer: straight to that box."""
    return drop(x, call, by, argument, now)
