"""Admin commands that look at a running exchange: plain values for the command line and the web."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kiestoon.app.admin_socket import CommandError
from kiestoon.app.metrics import Metric
from kiestoon.app.record_view import quality_as_dict, record_as_dict, worst
from kiestoon.calls.call import Call
from kiestoon.calls.exchange import Exchange
from kiestoon.calls.record_making import make_record
from kiestoon.company.model import Trunk
from kiestoon.media.client import MediaLink
from kiestoon.media.protocol import Quality


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

    def calls(self, figures: Mapping[int, Quality]) -> list[dict[str, Any]]:
        """Every live call, oldest first. ``figures``: speech quality of terminations, as far as it is known."""
        return [self._call(call, figures) for call in self._x.calls.values()]

    def call(self, call_id: str, figures: Mapping[int, Quality]) -> dict[str, Any]:
        """One live call, told like a record; what is not decided yet is empty. Raises CommandError."""
        call = self._x.calls.get(call_id)
        if call is None:
            raise CommandError(f"no call {call_id} is going on")
        row = record_as_dict(make_record(self._x, call))
        row["outcome"] = row["ended_by"] = ""
        for leg, cells in zip(call.legs.values(), row["legs"], strict=True):
            if leg.state != "ended":
                cells["outcome"] = ""
                cells["quality"] = _told(figures.get(leg.termination))
        return row

    def terminations(self, call_id: str = "") -> dict[int, MediaLink]:
        """The terminations of live calls (of one), each with its media process."""
        call = self._x.calls.get(call_id)
        calls = self._x.calls.values() if not call_id else [call] if call is not None else []
        return {
            leg.termination: call.link
            for call in calls
            for leg in call.live_legs()
            if leg.termination and call.link is not None
        }

    def call_ids(self, call_id: str) -> list[str]:
        """The SIP Call-IDs of a live call's legs."""
        call = self._x.calls.get(call_id)
        return [leg.sip_call_id for leg in call.legs.values() if leg.sip_call_id] if call else []

    def bans(self) -> list[dict[str, Any]]:
        """Sources that are banned, the longest first."""
        now = self._clock()
        return [
            {"source": ban.source, "for_s": math.ceil(ban.until - now), "times": ban.level, "reason": ban.reason}
            for ban in self._x.doorkeeper.guard.bans(now)
        ]

    def lines(self) -> list[dict[str, Any]]:
        """Every outside line in service."""
        return [self._line(trunk) for trunk in self._x.directory.trunks()]

    def _line(self, trunk: Trunk) -> dict[str, Any]:
        now, state = self._clock(), self._x.lines.state(trunk.id)
        index = self._x.directory.company(trunk.company_id) if trunk.company_id is not None else None
        registered = state.registered if trunk.kind == "register" else None
        return {
            "line": trunk.name,
            "company": index.company.domain if index is not None else "",
            "host": trunk.host,
            "kind": trunk.kind,
            "registered": registered,
            "registered_for_s": math.ceil(max(0.0, state.registered_until - now)) if registered else 0,
            "calls": state.calls,
            "max_calls": trunk.max_calls,
            "last_failure": state.failure,
            "failed_s_ago": int(now - state.failed_at) if state.failure else None,
            "tried_last": state.avoid_until > now,
        }

    def inventory(self) -> dict[str, int]:
        """Everything of calls that exists now: all zero when nobody telephones."""
        x = self._x
        return {
            "calls": len(x.calls),
            "legs": len(x.legs),
            "terminations": len(x.terminations),
            "sessions": len(x.endpoint.sessions),
            "device_legs": sum(map(len, x.device_calls.values())),
            "company_calls": sum(x.company_calls.values()),
            "line_calls": sum(state.calls for state in x.lines.states.values()),
            "reminders": len(x.reminders),
        }

    def metrics(self) -> Iterable[Metric]:
        """Figures of calls and registrations."""
        x = self._x
        yield Metric("calls", "gauge", "Live calls", len(x.calls))
        yield Metric("legs", "gauge", "Live legs", len(x.legs))
        yield Metric("registrations", "gauge", "Bindings", len(x.registrar.bindings))
        yield Metric("queued", "gauge", "Callers waiting in queues", len(x.queues))
        yield Metric("bans", "gauge", "Banned sources", len(x.doorkeeper.guard.bans(self._clock())))
        for name, count in sorted(x.counters.items()):
            yield Metric("events", "counter", "Counted events of call control", count, {"event": name})
        for trunk in x.directory.trunks():
            state, labels = x.lines.state(trunk.id), {"trunk": trunk.name}
            yield Metric("trunk_calls", "gauge", "Calls on the outside line", state.calls, labels)
            if trunk.kind == "register":
                registered = float(state.registered)
                yield Metric("trunk_registered", "gauge", "Logged in at the provider", registered, labels)

    def _call(self, call: Call, figures: Mapping[int, Quality]) -> dict[str, Any]:
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
            **worst(figures.get(leg.termination) for leg in call.live_legs()),
            "no_audio_from": ", ".join(leg.party.number for leg in call.live_legs() if leg.silent),
            "legs": [
                {
                    "number": leg.party.number,
                    "state": leg.state,
                    "held": leg.held,
                    "silent": leg.silent,
                    "sip_call_id": leg.sip_call_id,
                    "quality": _told(figures.get(leg.termination)),
                }
                for leg in call.legs.values()
            ],
        }


def _told(quality: Quality | None) -> dict[str, Any] | None:
    return None if quality is None else quality_as_dict(quality)
