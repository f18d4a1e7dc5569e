"""The message trace of the control process: files for ``kiestoon trace``, HEP for HOMER."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from kiestoon.app.admin_socket import CommandError
from kiestoon.app.config import ConfigError, HepSettings, Settings
from kiestoon.app.metrics import Metric
from kiestoon.net.hep import HepSender
from kiestoon.net.intake import Way
from kiestoon.net.ladder import render_ladder
from kiestoon.net.trace import TracedMessage, fan_out, read_calls
from kiestoon.net.trace_writer import TraceWriter
from kiestoon.sip.flow import Flow

Tap = Callable[[Way, bytes, Flow, float], None]


class Tracing:
    """Keeps the trace. ``find_call_ids`` tells the SIP Call-IDs of a call of ours, live or recorded."""

    def __init__(self, settings: Settings, find_call_ids: Callable[[str], Iterable[str]]) -> None:
        self._path = settings.data / "trace" / "messages"
        self._writer = TraceWriter(self._path)
        self._hep = _hep_sender(settings.hep)
        self._find_call_ids = find_call_ids
        self.tap: Tap = fan_out(self._writer, self._hep) if self._hep is not None else self._writer

    def tick(self) -> None:
        """Write what is pending; once a second."""
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
        if self._hep is not None:
            self._hep.close()

    async def show(self, call: str, full: bool = False) -> dict[str, Any]:
        """Admin command: the messages of a call (its id, or a SIP Call-ID) as text and as data."""
        self._writer.flush()
        call_ids = {call, *self._find_call_ids(call)}
        messages = await asyncio.get_running_loop().run_in_executor(None, self._read, call_ids)
        if not messages:
            raise CommandError(f"no messages of {call} are in the trace (it keeps the latest only)")
        text = "\n".join(map(_whole, messages)) if full else render_ladder(messages)
        return {"text": text, "messages": [_as_dict(message) for message in messages]}

    def metrics(self) -> Iterable[Metric]:
        """For ``/metrics``."""
        yield Metric("trace_dropped", "counter", "SIP messages not traced: the disk is too slow", self._writer.dropped)

    def _read(self, call_ids: set[str]) -> list[TracedMessage]:
        """In a thread: the files are large, and calls go on meanwhile."""
        self._writer.settle()
        return read_calls(self._path, call_ids)


def _hep_sender(settings: HepSettings) -> HepSender | None:
    if not settings.target:
        return None
    host, _, port = settings.target.rpartition(":")
    if not host or not port.isdecimal():
        raise ConfigError(f"hep.target {settings.target!r} is not host:port", "Write it as 192.0.2.9:9060")
    return HepSender(host.strip("[]"), int(port), capture_id=settings.capture_id, password=settings.password)


def _as_dict(message: TracedMessage) -> dict[str, Any]:
    flow = message.flow
    return {
        "at": message.wall_time,
        "way": message.way,
        "transport": flow.transport,
        "local": f"{flow.local_host}:{flow.local_port}",
        "remote": f"{flow.remote_host}:{flow.remote_port}",
        "message": message.data.decode("utf-8", "replace"),
    }


def _whole(message: TracedMessage) -> str:
    shown = _as_dict(message)
    arrow = "<-" if message.way == "in" else "->"
    lines = "".join(c if c.isprintable() or c == "\n" else "" for c in shown["message"])
    return f"{shown['at']:.3f} {shown['local']} {arrow} {shown['remote']} {shown['transport']}\n{lines}"
