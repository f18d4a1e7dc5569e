"""What of a queue is switched by code: its night service, its forced forwarding, and whether one is logged in.

Phones name them by what the key dials: a code of the night service, of forced forwarding or of logging in, and the
queue's number ("#70300", "903300"); the code alone where there is one queue. In a company without queues the codes of
the night service mean the main number-plan scheme (``plans``).
"""

from __future__ import annotations

from typing import Final

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Device, Queue
from kiestoon.company.queue_switches import is_switched
from kiestoon.phones.lamps.state import State, View

QUEUE_SWITCH: Final = "queue switch"
_FEATURES: Final = {
    "night_service_on": "night",
    "night_service_off": "night",
    "queue_forward_on": "forced",
    "queue_forward_off": "forced",
    "queue_log_in": "agent",
    "queue_log_out": "agent",
}
_LIT: Final[dict[str, tuple[str, str]]] = {
    "night": ("Night service on", "Nachtservice aan"),
    "forced": ("All calls are forwarded", "Alles wordt doorgeschakeld"),
    "agent": ("Logged in", "Ingelogd"),
}


class QueueSwitches:
    """Keys are what is switched, the queue's id, and for an agent the extension."""

    kind = QUEUE_SWITCH

    def find(self, index: CompanyIndex, device: Device, name: str) -> str:
        """By code and queue."""
        codes = index.arrangements.codes
        for length in range(len(name), 0, -1):
            row = codes.get(name[:length])
            what = _FEATURES.get(row.feature, "") if row is not None else ""
            queue = _queue(index, name[length:]) if what else None
            if queue is None:
                continue
            user = index.user_of(device)
            if what != "agent":
                return f"{what} {queue.id}"
            return f"{what} {queue.id} {user.extension}" if user is not None else ""
        return ""

    def view(self, index: CompanyIndex, viewer: int | None, key: str) -> View:
        """Everybody of the company may know how its queues stand."""
        return View(calls=True)

    def state(self, index: CompanyIndex, key: str, now_ms: int) -> State | None:
        """Lit or not."""
        what, queue_id, *agent = key.split(" ")
        queue = index.arrangements.queues.get(int(queue_id))
        if queue is None:
            return None
        if what == "night":
            on = is_switched(queue, "night")
        elif what == "forced":
            on = is_switched(queue, "forced")
        else:
            members = index.arrangements.queue_members.get(queue.id, ())
            on = any(member.logged_in and [member.extension] == agent for member in members)
        return State(lit=_LIT[what] if on else ())


def _queue(index: CompanyIndex, number: str) -> Queue | None:
    """The queue of this number; of none, the only one there is."""
    queues = index.arrangements.queues
    if not number:
        return next(iter(queues.values())) if len(queues) == 1 else None
    owner = index.arrangements.extensions.get(number)
    return owner if isinstance(owner, Queue) else None
