"""Parking: a party waits on a lot, from which anybody who may brings it back (CALL-9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from kiestoon.calls import following, identity, story
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.events import CallParked, CallRetrieved
from kiestoon.calls.leg import Leg, is_colleague
from kiestoon.calls.operations import NOT_ALLOWED, NOT_IN_CALL, NOTHING_THERE, consult, pickup, transfer
from kiestoon.calls.originate import originate
from kiestoon.calls.party import Party
from kiestoon.calls.service_data import Parked, ParkedOn
from kiestoon.company.model import ParkSettings

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.company.directory import CompanyIndex

DEFAULTS = ParkSettings(id=0, company_id=0)
LINES = range(1, 100)
"""The numbered lines of *6 (E 5.4)."""
LOT_TAKEN = Failure("busy", 486, 17, "The lot is taken", spoken="park-taken")
ALL_TAKEN = Failure("busy", 486, 17, "Every lot is taken", spoken="park-full")


def lot(digit: str) -> str:
    """The name of one of the ten lots, apart from the numbered lines."""
    return f"lot {digit}"


def line(number: str) -> str:
    """The name of a numbered line, however many zeros it is keyed in with."""
    return str(int(number))


def at(extension: str) -> str:
    """The name of the place at an extension."""
    return f"@{extension}"


def _is_place(x: Exchange, company_id: int, lot: str) -> bool:
    """Whether there is such a place; what a screen asks for may be anything."""
    index = x.directory.company(company_id)
    if lot.startswith("@"):
        return index is not None and lot[1:] in index.arrangements.extensions
    known = (*map(str, LINES), *(f"lot {digit}" for digit in range(10)))
    return lot in known


def parked_at(x: Exchange, company_id: int, lot: str) -> Call | None:
    """The call that waits on a lot."""
    call = x.calls.get(x.lots.get((company_id, lot), ""))
    return call if call is not None and data_of(call) is not None else None


def data_of(call: Call) -> Parked | None:
    """What is known of a parked call's parking; None when it is not parked."""
    data = call.service.data if call.service is not None else None
    return data if isinstance(data, Parked) else None


def free_line(x: Exchange, company_id: int) -> str:
    """The lowest of the numbered lines nobody waits on; "" when all are taken."""
    return next((str(line) for line in LINES if parked_at(x, company_id, str(line)) is None), "")


def park(x: Exchange, call: Call, by: Leg, lot: str, now: float, *, found: bool = False) -> Failure | None:
    """Park the party ``by`` speaks with on ``lot`` ("" = the next free line), and let him go. ``found``: the lot was
    looked for, so that he does not know it.

    Fails, changing nothing, when he is in no conversation of two, does not have the service call parking (E 3.1.4), or
    there is no such lot, or it is taken.
    """
    party = call.other(by)
    if party is None or not is_colleague(by):
        return NOT_IN_CALL
    if not _may_park(x, call.company_id, by):
        return NOT_ALLOWED
    if not lot:
        lot, found = free_line(x, call.company_id), True
        if not lot:
            return ALL_TAKEN
    if not _is_place(x, call.company_id, lot):
        return NOTHING_THERE
    if parked_at(x, call.company_id, lot) is not None:
        return LOT_TAKEN
    if by.session is not None and by.session.referrals:
        transfer.hand_over(x, call, by, party, now)
        if found:
            originate(x, call.company_id, by.party, lot, ParkedOn(lot, by.party), now)
    else:
        _say_where(x, call, by, party, lot, now)
    enter_lot(x, call, Parked(lot, by.party, x.wall_ms()), now)
    x.touched.append(call)
    return None


def shown_at(index: CompanyIndex | None, lot: str) -> Party:
    """A place on displays (C 2.4.1): its name, and what to dial to have back who waits there."""
    bare = lot.removeprefix("@").removeprefix("lot ")
    feature, digits = "retrieve_line", bare.zfill(2)
    if lot != bare:
        feature, digits = ("retrieve_at" if lot.startswith("@") else "retrieve_lot"), bare
    codes = index.arrangements.codes.values() if index is not None else ()
    code = next((row.code for row in codes if row.feature == feature), "")
    return Party("service", f"{code}{digits}" if code else bare, f"parked: {bare}")


def settings_of(index: CompanyIndex | None, by: Party) -> ParkSettings:
    """The location's of whoever parked a call; a park group may name another alternate."""
    if index is None:
        return DEFAULTS
    user = index.users.get(by.user_id)
    location = index.location_of(user) if user is not None else None
    handling = index.arrangements.handling
    settings = handling.park_settings(location.id if location is not None else None) or DEFAULTS
    group = handling.park_group_of.get(by.number)
    if group is not None and group.alternate:
        settings = replace(settings, alternate=group.alternate, alternate_when=group.alternate_when)
    return settings


def _may_park(x: Exchange, company_id: int, by: Leg) -> bool:
    index = x.directory.company(company_id)
    return index is not None and index.services.has(by.party.number, "call_park")


def _say_where(x: Exchange, call: Call, by: Leg, party: Leg, lot: str, now: float) -> None:
    """Whoever parks by keys or from the screen hears where, in a call of his own that ends with it."""
    transfer.release(x, call)
    call.caller = party.id
    second = consult.call_of_its_own(x, by, call, lot)
    following.enter(x, second, ParkedOn(lot), now)
    x.journal.changed(second)
    x.touched.append(second)


def enter_lot(x: Exchange, call: Call, data: Parked, now: float) -> None:
    """Let the call's caller wait on a lot."""
    x.lots[call.company_id, data.lot] = call.id
    story.turn(x, call, "parked", data.lot)
    following.enter(x, call, data, now)
    party = call.anchor
    if party is not None:
        identity.show_text(x, call, party, shown_at(x.directory.company(call.company_id), data.lot), now)
    x.emit(CallParked, call, call.caller, lot=data.lot, by=data.by.number)
    x.journal.changed(call)


def left_lot(x: Exchange, call: Call, lot: str, by: str = "") -> None:
    """Nobody waits on the lot any more."""
    if x.lots.get((call.company_id, lot)) == call.id:
        del x.lots[call.company_id, lot]
        x.emit(CallRetrieved, call, call.caller, lot=lot, by=by)


def retrieve(x: Exchange, company_id: int, lot: str, mine: Call, my_leg: Leg, now: float) -> Failure | None:
    """Speak with whoever waits on a lot."""
    call = parked_at(x, company_id, lot)
    failure = NOTHING_THERE if call is None else pickup.obstacle(call, mine, my_leg)
    if failure is not None or call is None:
        return failure
    left_lot(x, call, lot, my_leg.party.number)
    return pickup.join_waiting(x, call, mine, my_leg, now)
