"""Admin commands that look at a running exchange: plain values for the command line and the web."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from kiestoon.app.metrics import Metric
from kiestoon.calls.call import Call
from kiestoon.calls.exchange import Exchange


class LiveView:
    """Reads an exchange; changes nothing. ``clock`` is the engine's."""

    def __init__(self, exchange: Exchange, clock: Callable[[], float]) -> None:
        self._x = exchange
        self._clock = clock

    def registrations(self) -> list[dict[str, Any]]:
        """Every binding, by domain and user name."""
        now = self._clock()
        rows = []
        for binding in self._x.registrar.bindings.all():
            device = self._x.directory.device_by_id(binding.device_id)
            index = self._x.directory.company(device.company_id) if device else None
            if device is None or index is None:
                continue
            rows.append(
                {
                    "domain": index.company.domain,
                    "username": device.username,
                    "contact": binding.contact,
                    "transport": binding.flow.transport if binding.flow else "",
                    "source": binding.source,
                    "expires_s": binding.remaining_s(now),
                    "user_agent": binding.user_agent,
                }
            )
        return sorted(rows, key=lambda row: (row["domain"], row["username"]))

    def calls(self) -> list[dict[str, Any]]:
        """Every live call, oldest first."""
        return [self._call(call) for call in self._x.calls.values()]

    def call_ids(self, call_id: str) -> list[str]:
        """The SIP Call-IDs of a live call's legs."""
        call = self._x.calls.get(call_id)
        return [leg.sip_call_id for leg in call.legs.values() if leg.sip_call_id] if call else []

    def inventory(self) -> dict[str, int]:
        """Everything of calls that exists now: all zero when nobody telephones."""
        x = self._x
        return {
            "calls": len(x.calls),
            "legs": len(x.legs),
            "terminations": len(x.terminations),
            "sessions": len(x.endpoint.sessions),
            "device_legs": sum(x.device_legs.values()),
            "company_calls": sum(x.company_calls.values()),
            "line_calls": sum(state.calls for state in x.lines.states.values()),
        }

    def metrics(self) -> Iterable[Metric]:
        """Figures of calls and registrations."""
        x = self._x
        yield Metric("calls", "gauge", "Live calls", len(x.calls))
        yield Metric("legs", "gauge", "Live legs", len(x.legs))
        yield Metric("registrations", "gauge", "Bindings", len(x.registrar.bindings))
        yield Metric("bans", "gauge", "Banned sources", len(x.doorkeeper.guard.bans(self._clock())))
        for name, count in sorted(x.counters.items()):
            yield Metric("events", "counter", "Counted events of call control", count, {"event": name})
        for trunk in x.directory.trunks():
            state, labels = x.lines.state(trunk.id), {"trunk": trunk.name}
            yield Metric("trunk_calls", "gauge", "Calls on the outside line", state.calls, labels)
            if trunk.kind == "register":
                registered = float(state.registered)
                yield Metric("trunk_registered", "gauge", "Logged in at the provider", registered, labels)

    def _call(self, call: Call) -> dict[str, Any]:
        caller = call.legs.get(call.caller)
        others = [leg for leg in call.live_legs() if leg.id != call.caller]
        codec = caller.stream.send if caller is not None and caller.stream is not None else None
        since = call.answered_ms or call.opened_ms
        return {
            "call": call.id,
            "company_id": call.company_id,
            "caller": caller.party.number if caller else "",
            "dialled": call.dialled,
            "party": ", ".join(leg.party.number for leg in others),
            "state": call.holder,
            "seconds": max(0, self._x.wall_ms() - since) // 1000,
            "codec": codec.name if codec else "",
            "no_audio_from": ", ".join(leg.party.number for leg in call.live_legs() if leg.silent),
            "legs": [
                {
                    "number": leg.party.number,
                    "state": leg.state,
                    "held": leg.held,
                    "silent": leg.silent,
                    "sip_call_id": leg.sip_call_id,
                }
                for leg in call.legs.values()
            ],
        }
