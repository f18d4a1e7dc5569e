"""Hot desking by telephone: log in (901), log out (902), who is here (900), another PIN (907) (DEV-3, E 6.4, E 6.11).

Where somebody is logged in is in the rows of the phones, so it is in force for the next call, survives every restart,
and lamps, messages and rights follow by themselves. A call under way stays with whoever made it.
"""

from __future__ import annotations

from kiestoon.calls.addresses import host_of, is_known, place_of
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.desk_requests import LogIn, LogOut
from kiestoon.calls.pins import choose_pin, known, somebody
from kiestoon.calls.requests import Failed
from kiestoon.company.desks import can_leave, is_bound, most_phones, other_phones
from kiestoon.company.model import Device, User
from kiestoon.routing import UseCode

YES = "1"


async def log_in(caller: Conversation, code: UseCode) -> None:
    """Extension, PIN, and the person is on this phone: no more on the one before, on a third only if he agrees. Where
    the phone is, is known from then on (E 6.8): also a bound one, by whoever it is bound to."""
    await caller.answer()
    device = caller.device
    if device is None:
        await caller.say("not-possible-now")
        return
    bound = is_bound(device)
    if bound and is_known(caller.exchange, device, host_of(caller.leg)):
        await caller.say("desk-bound")
        return
    user = await somebody(caller, "desk-ask-extension")
    if user is None:
        return
    if bound and device.user_id != user.id:
        await caller.say("desk-bound")
        return
    others = _others(caller, user, device)
    too_many = device.kind == "fixed" and device.user_id != user.id and len(others) >= most_phones(user)
    if too_many and sum(not can_leave(other) for other in others) >= most_phones(user):
        await caller.say("desk-bound-user")
        return
    if too_many and user.twinning and await caller.ask_for("desk-third", most=1) != YES:
        return
    reply = await caller.ask(LogIn(user.company_id, user.id, device.id, too_many, place_of(caller.leg)))
    if isinstance(reply, Failed):
        await caller.say(_NOT.get(reply.code, "not-possible-now"))
        return
    await caller.say("desk-logged-in", name=user.name)
    if too_many:
        await caller.say("desk-others-out")


async def log_out(caller: Conversation, code: UseCode) -> None:
    """The PIN, and the person is out here; on request on all other phones as well."""
    await caller.answer()
    device, user = caller.device, caller.user
    if device is None or user is None or device.user_id != user.id:
        await caller.say("desk-nobody")
        return
    if not can_leave(device):
        if device.hot_desk:
            await caller.say("desk-home", name=user.name)
        else:
            await caller.say("desk-bound")
        return
    if not await known(caller, user, "desk-ask-pin"):
        return
    everywhere = False
    if any(can_leave(other) for other in _others(caller, user, device)):
        everywhere = await caller.ask_for("desk-log-out-others", most=1) == YES
    reply = await caller.ask(LogOut(user.company_id, user.id, device.id, everywhere))
    if isinstance(reply, Failed):
        await caller.say(_NOT.get(reply.code, "not-possible-now"))
        return
    await caller.say("desk-logged-out", name=user.name)
    if everywhere:
        await caller.say("desk-others-out")


async def who_logged_in(caller: Conversation, code: UseCode) -> None:
    """Who is on this phone, and on how many others."""
    await caller.answer()
    index, device = caller.index, caller.device
    user = index.user_of(device) if index is not None and device is not None else None
    if device is None or user is None:
        await caller.say("desk-nobody")
        return
    await caller.say("desk-is", name=user.name, extension=user.extension)
    others = len(_others(caller, user, device))
    if others:
        await caller.say("desk-elsewhere", phones=others)


async def change_pin(caller: Conversation, code: UseCode) -> None:
    """The present PIN, then another one, twice."""
    await caller.answer()
    user = caller.user
    if user is not None and await known(caller, user, "pin-ask-current", changing=True):
        await choose_pin(caller, user)


_NOT = {"bound": "desk-bound", "not_assigned": "service-not-available", "not_permitted": "not-permitted"}


def _others(caller: Conversation, user: User, here: Device) -> tuple[Device, ...]:
    index = caller.index
    return other_phones(index.devices_of(user.id), user, here.id) if index is not None else ()
