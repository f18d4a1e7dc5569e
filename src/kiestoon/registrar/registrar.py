"""The registrar: REGISTER in, response out, bindings kept."""

from __future__ import annotations

from collections.abc import Callable

from kiestoon.registrar.bindings import Binding, BindingChanged, Bindings
from kiestoon.registrar.doorkeeper import Doorkeeper
from kiestoon.registrar.register import RegisterSettings, register
from kiestoon.registrar.verdicts import Challenge, DeviceCaller, Drop, RefuseCaller
from kiestoon.sip.flow import Flow
from kiestoon.sip.message import Request, Response
from kiestoon.sip.tokens import Tokens


class Registrar:
    """Engine: synchronous, in memory. Drain ``changes`` into the journal after every call.

    ``wall_s`` gives wall-clock seconds for Date headers and the journal.
    """

    def __init__(
        self,
        doorkeeper: Doorkeeper,
        bindings: Bindings,
        *,
        wall_s: Callable[[], float],
        tokens: Tokens | None = None,
        settings: RegisterSettings | None = None,
    ) -> None:
        self.doorkeeper = doorkeeper
        self.bindings = bindings
        self.settings = settings or RegisterSettings()
        self._wall_s = wall_s
        self._tokens = tokens or Tokens()

    def handle_register(self, request: Request, flow: Flow, now: float) -> Response | None:
        """The answer to a REGISTER, None for silence."""
        verdict = self.doorkeeper.identify(request, flow, now)
        if isinstance(verdict, Drop):
            return None
        to_tag = self._tokens.new_tag()
        if isinstance(verdict, DeviceCaller):
            response = register(
                request,
                verdict.device.id,
                flow,
                bindings=self.bindings,
                settings=self.settings,
                now=now,
                wall_s=self._wall_s(),
                to_tag=to_tag,
            )
        elif isinstance(verdict, Challenge | RefuseCaller):
            response = Response.answer(request, verdict.status, verdict.reason, to_tag=to_tag)
        else:
            return None  # lines do not register here
        for name, value in verdict.headers:
            response.add(name, value)
        return response

    def bindings_of(self, device_id: int) -> tuple[Binding, ...]:
        """Where a device can be reached, most preferred first; () when it is not registered."""
        return self.bindings.of(device_id)

    def restore(self, changes: list[BindingChanged], now: float) -> None:
        """Take in the journal after a restart, oldest entry first."""
        wall_s = self._wall_s()
        for change in changes:
            self.bindings.restore(change, now, wall_s)

    def connection_closed(self, flow: Flow, now: float) -> None:
        """A connection is gone; what was bound to it alone is removed."""
        self.bindings.connection_closed(flow, now, self._wall_s())

    def forget_device(self, device_id: int, now: float) -> None:
        """A device was deleted or locked: it is not reachable from now on."""
        self.bindings.forget(device_id, now, self._wall_s())

    def take_changes(self) -> list[BindingChanged]:
        """Drain what the journal has to know."""
        taken = list(self.bindings.changes)
        self.bindings.changes.clear()
        return taken

    def next_deadline(self) -> float | None:
        """When a binding may expire."""
        return self.bindings.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Drop expired bindings."""
        self.bindings.handle_timers(now, self._wall_s())
