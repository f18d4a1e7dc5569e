"""The present moment as routing asks for it, and what call control counts for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from kiestoon.company.model import HuntGroup
from kiestoon.routing import HuntRecord

if TYPE_CHECKING:
    from kiestoon.calls.call import Call
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.leg import Leg


class Present:
    """What is so now: who can be reached, who is in a call, how many calls are inside a limit, how hunts went.

    ``outside``: the calls people have at telephones outside that are theirs, by the person's id (``occupancy``).
    ``on_hunt`` is told of each hunt record that has changed, for its journal.
    """

    __slots__ = ("_hunts", "_through", "_x", "on_hunt", "outside")

    def __init__(self, x: Exchange) -> None:
        self._x = x
        self._through: dict[tuple[int, str], int] = {}
        self._hunts: dict[int, HuntRecord] = {}
        self.outside: dict[int, tuple[str, ...]] = {}
        self.on_hunt: Callable[[int, HuntRecord], None] | None = None

    @property
    def now_ms(self) -> int:
        """Wall clock."""
        return self._x.wall_ms()

    def calls_through(self, company_id: int, extension: str) -> int:
        """Calls inside a call-limit extension."""
        return self._through.get((company_id, extension), 0)

    def is_reachable(self, company_id: int, user_id: int) -> bool:
        """Whether one of the user's phones is registered."""
        x = self._x
        return any(x.registrar.bindings_of(device.id) for device in x.directory.devices_of_user(company_id, user_id))

    def is_busy(self, company_id: int, user_id: int) -> bool:
        """Whether one of the user's phones is in a call, or a telephone outside that is the user's."""
        x = self._x
        devices = x.directory.devices_of_user(company_id, user_id)
        return user_id in self.outside or any(device.id in x.device_calls for device in devices)

    def hunt_record(self, group_id: int) -> HuntRecord:
        """How the group's calls have been shared out."""
        return self._hunts.setdefault(group_id, HuntRecord())

    def waiting_in(self, queue_id: int) -> int:
        """Callers who wait in a queue."""
        return self._x.queues.length(queue_id)

    @property
    def hunts(self) -> Mapping[int, HuntRecord]:
        """Every group's record, by its id."""
        return self._hunts

    def restore_hunts(self, records: Mapping[int, HuntRecord]) -> None:
        """Go on from the records of the process before this one; groups that are gone are left out."""
        groups = (row.id for index in self._x.directory for row in index.arrangements.extensions.values()
                  if isinstance(row, HuntGroup))  # fmt: skip
        self._hunts = {group_id: records[group_id] for group_id in groups if group_id in records}

    # --- counting --------------------------------------------------------------------------------------------------

    def enter(self, call: Call, through: tuple[str, ...]) -> None:
        """The call has passed these call-limit extensions; it counts there once each, as long as it lasts."""
        for extension in through:
            if extension not in call.through:
                call.through = (*call.through, extension)
                key = (call.company_id, extension)
                self._through[key] = self._through.get(key, 0) + 1

    def leave(self, call: Call) -> None:
        """The call is over."""
        for extension in call.through:
            key = (call.company_id, extension)
            left = self._through.get(key, 0) - 1
            if left > 0:
                self._through[key] = left
            else:
                self._through.pop(key, None)
        call.through = ()

    def answered(self, call: Call, leg: Leg) -> None:
        """Somebody answered: if a hunt group's call, it counts for that member."""
        situation = call.situation
        if situation is None or situation.hunt is None:
            return
        group_id = situation.hunt.group_id
        index = self._x.directory.company(call.company_id)
        members = index.arrangements.hunt_members.get(group_id, ()) if index is not None else ()
        record = self.hunt_record(group_id)
        user = index.users.get(leg.party.user_id) if index is not None else None  # whichever telephone it was
        record.note(situation.hunt.tried or (user.extension if user is not None else leg.party.number), members)
        if self.on_hunt is not None:
            self.on_hunt(group_id, record)
