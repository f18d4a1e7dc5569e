"""Forced forwarding (V 23.3.2) and night service (V 23.3.4) of a queue: on, off, and asked (the code, then *).

For supervisors among its members, and for whoever has the right "time configuration".
"""

from __future__ import annotations

from typing import Final

from kiestoon.calls.asking import ask_until_found
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.requests import Failed, SwitchQueue
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Queue, User
from kiestoon.company.queue_switches import QueueSwitch, is_switched, may_switch
from kiestoon.routing import UseCode
from kiestoon.services.queue_codes.which import HASH, find_queue

SWITCHES: Final[dict[str, tuple[QueueSwitch, bool]]] = {
    "queue_forward_on": ("forced", True),
    "queue_forward_off": ("forced", False),
    "night_service_on": ("night", True),
    "night_service_off": ("night", False),
}
_TOLD: Final[dict[QueueSwitch, dict[bool, str]]] = {
    "forced": {True: "queue-forward-on", False: "queue-forward-off"},
    "night": {True: "queue-night-on", False: "queue-night-off"},
}
_NOWHERE: Final[dict[QueueSwitch, str]] = {"forced": "queue-nowhere", "night": "queue-night-none"}


async def switch_queue(caller: Conversation, code: UseCode) -> None:
    """Do what the code says, and tell how it stands then."""
    await caller.answer()
    user, index = caller.user, caller.index
    if user is None or index is None:
        return
    if not index.arrangements.queues:
        await caller.say("service-not-available")
        return
    queue = await _queue(caller, index, user, code.argument)
    if queue is None:
        return
    what, on = SWITCHES[code.feature]
    if not code.query:
        reply = await caller.ask(SwitchQueue(index.company.id, user.id, queue.id, what, on))
        if isinstance(reply, Failed):
            await caller.say(_refusal(reply, what))
            return
    await _tell(caller, queue.id, what)


async def _queue(caller: Conversation, index: CompanyIndex, user: User, keyed: str) -> Queue | None:
    """The one that is meant, if the person may switch it."""
    permitted = [
        queue
        for queue in index.arrangements.queues.values()
        if may_switch(user, index.arrangements.queue_members.get(queue.id, ()))
    ]
    if not permitted:
        await caller.say("not-permitted")
        return None
    if keyed:
        queue = find_queue(index, keyed)
        if queue is None:
            await caller.say("queue-unknown")
    elif len(permitted) == 1:
        queue = permitted[0]
    else:
        most = index.company.extension_digits + HASH
        queue = await ask_until_found(
            caller, "queue-switch-ask", "queue-unknown", most, lambda digits: find_queue(index, digits)
        )
    if queue is not None and queue not in permitted:
        await caller.say("not-permitted")
        return None
    return queue


def _refusal(failed: Failed, what: QueueSwitch) -> str:
    said = {"not_permitted": "not-permitted", "by_code": "queue-not-by-code", "nowhere": _NOWHERE[what]}
    return said.get(failed.code, "not-possible-now")


async def _tell(caller: Conversation, queue_id: int, what: QueueSwitch) -> None:
    index = caller.index
    queue = index.arrangements.queues.get(queue_id) if index is not None else None
    if queue is None:
        return
    if what == "night" and queue.night == "off":
        await caller.say("queue-night-none")
    else:
        await caller.say(_TOLD[what][is_switched(queue, what)], queue=queue.name)
