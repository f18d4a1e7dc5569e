"""The present moment as routing asks for it, and what call control counts for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.routing import HuntRecord

if TYPE_CHECKING:
    from kiestoon.calls.call import Call
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.leg import Leg


class Present:
    """What is so now: who can be reached, who is in a call, how many calls are inside a limit, how hunts went.

    Hunt records live as long as the process: after a restart sharing out begins anew.
    """

    __slots__ = ("_hunts", "_through", "_x")

    def __init__(self, x: Exchange) -> None:
        self._x = x
        self._through: dict[tuple[int, str], int] = {}
        self._hunts: dict[int, HuntRecord] = {}

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
        """Whether one of the user's phones is in a call."""
        x = self._x
        return any(device.id in x.device_calls for device in x.directory.devices_of_user(company_id, user_id))

    def hunt_record(self, group_id: int) -> HuntRecord:
        """How the group's calls have been shared out."""
        return self._hunts.setdefault(group_id, HuntRecord())

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
        if situation is not None and situation.hunt is not None:
            self.hunt_record(situation.hunt.group_id).note(situation.hunt.tried or leg.party.number)
