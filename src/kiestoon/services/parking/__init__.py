"""Parking by code (CALL-9): where a call waits is a lot 0-9, a numbered line 1-99, or somebody's extension.

As the target of a transfer: a lot (*0X), the next free line (*6), an extension (*68 ext). Dialled: retrieve a lot
(*1X), a line (930NN), from an extension (*88 ext); by the code to park there as well, while somebody waits there.
Who retrieves needs the right over whoever parked the call (E 5.4), or is he.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kiestoon.calls import identity, reminding
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.causes import NORMAL
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import NOT_ALLOWED, NOTHING_THERE, park
from kiestoon.calls.operations.park import at, line, lot
from kiestoon.calls.party import Party, labelled
from kiestoon.calls.service_data import ParkedOn
from kiestoon.company.model import User
from kiestoon.routing import Decision, RingUser, UseCode
from kiestoon.speech import Phrase

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

SHOW_S: Final = 10

# --- as the target of a transfer -------------------------------------------------------------------------------------


def to_lot(x: Exchange, call: Call, by: Leg, party: Leg, argument: str, now: float) -> Failure | None:
    """*0X: on lot X (C 2.4)."""
    return park.park(x, call, by, lot(argument), now)


def to_line(x: Exchange, call: Call, by: Leg, party: Leg, argument: str, now: float) -> Failure | None:
    """*6: on the next free line (E 5.4), or at the first free member of the parker's group (V 24.2)."""
    index = x.directory.company(call.company_id)
    if index is None:
        return NOT_ALLOWED
    group = index.arrangements.handling.park_group_of.get(by.party.number)
    if group is None:
        return park.park(x, call, by, "", now)
    for member in index.arrangements.handling.park_members[group.id]:
        if park.parked_at(x, call.company_id, at(member)) is None:
            return park.park(x, call, by, at(member), now, found=True)
    return park.ALL_TAKEN


def to_extension(x: Exchange, call: Call, by: Leg, party: Leg, argument: str, now: float) -> Failure | None:
    """*68 ext: at somebody's extension (V 24.1)."""
    index = x.directory.company(call.company_id)
    owner = index.arrangements.extensions.get(argument) if index is not None else None
    if index is None or owner is None:
        return NOTHING_THERE
    failure = park.park(x, call, by, at(argument), now)
    options = index.arrangements.handling.transfer_options(by.party.user_id)
    if failure is None and options is not None and options.park_notice and isinstance(owner, User):
        reminding.start(x, call, index.devices_of(owner.id), now, labelled("parked", party.party))
    return failure


# --- dialled ---------------------------------------------------------------------------------------------------------


async def retrieve_lot(caller: Conversation, code: UseCode) -> None:
    """*1X."""
    await _retrieve(caller, lot(code.argument))


async def retrieve_line(caller: Conversation, code: UseCode) -> None:
    """930NN."""
    await _retrieve(caller, line(code.argument))


async def retrieve_at(caller: Conversation, code: UseCode) -> None:
    """*88 ext; alone: from one's own extension."""
    await _retrieve(caller, at(code.argument or caller.leg.party.number))


async def park_lot(caller: Conversation, code: UseCode) -> None:
    """*0X without a call: phones have one key for a place, which parks there while there is a call, else retrieves."""
    await _retrieve_or_explain(caller, lot(code.argument), code)


async def park_at(caller: Conversation, code: UseCode) -> None:
    """*68 ext without a call: as ``park_lot``."""
    await _retrieve_or_explain(caller, at(code.argument), code)


async def _retrieve_or_explain(caller: Conversation, place: str, code: UseCode) -> None:
    if park.parked_at(caller.exchange, caller.call.company_id, place) is not None:
        await _retrieve(caller, place)
    else:
        await nothing_to_park(caller, code)


async def nothing_to_park(caller: Conversation, code: UseCode) -> None:
    """A parking code dialled as a number: there is no call to park yet."""
    await caller.answer()
    await caller.say("park-nothing")


async def parked_on(caller: Conversation, data: ParkedOn) -> None:
    """Tell whoever parked a call where it waits (E 5.4), also on the display; for extensions the location says how
    (V 24.2). Who parked by a transfer is called for it: his phone has hung up."""
    by = data.by or caller.leg.party
    settings = park.settings_of(caller.index, by)
    aloud = settings.announce or not data.lot.startswith("@")
    shown = park.shown_at(caller.index, data.lot)
    if data.by is not None and not caller.call.caller:
        if not await _called(caller, by, shown, settings.show_s or (SHOW_S if aloud else 0), automatic=aloud):
            return
    else:
        identity.show_text(caller.exchange, caller.call, caller.leg, shown, caller.now)
    if not aloud:
        await caller.pause(settings.show_s)
    elif data.lot.startswith("@"):
        await caller.say("parked-at", extension=data.lot.removeprefix("@"))
    else:
        await caller.say("parked-on-line", line=int(data.lot.removeprefix("lot ")))


async def _called(caller: Conversation, by: Party, shown: Party, ring_s: int, *, automatic: bool) -> bool:
    index = caller.index
    user = index.users.get(by.user_id) if index is not None else None
    if index is None or user is None or not ring_s:
        return False
    devices = tuple(device for device in index.devices_of(user.id) if device.id == by.device_id)
    decision = Decision(RingUser(user, devices, ring_s), (), index.company.id, called=user.extension)
    return await caller.reach(decision, shown, automatic=automatic) is NORMAL


async def _retrieve(caller: Conversation, place: str) -> None:
    x, mine = caller.exchange, caller.call
    failure = _may(caller, place)
    if failure is None:
        failure = park.retrieve(x, mine.company_id, place, mine, caller.leg, caller.now)
    if failure is not None:
        await caller.answer()
        await caller.say(_refusal(place, failure))


def _refusal(place: str, failure: Failure) -> Phrase:
    """Why nothing was retrieved."""
    if failure is NOT_ALLOWED:
        return Phrase("park-not-permitted")
    if place.startswith("@"):
        return Phrase("park-at-empty", {"extension": place.removeprefix("@")})
    return Phrase("park-line-empty", {"line": int(place.removeprefix("lot "))})


def _may(caller: Conversation, place: str) -> Failure | None:
    call = park.parked_at(caller.exchange, caller.call.company_id, place)
    data = park.data_of(call) if call is not None else None
    index = caller.index
    if data is None or index is None:
        return NOTHING_THERE
    mine, handling = caller.leg.party.number, index.arrangements.handling
    if mine == data.by.number or place == at(mine):
        return None
    group = handling.park_group_of.get(mine)
    if group is not None and group == handling.park_group_of.get(data.by.number):
        return None
    return None if index.rights.may_retrieve(caller.leg.party.user_id, data.by.number) else NOT_ALLOWED
