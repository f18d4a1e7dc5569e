"""Starts the exchange's processes, restarts what dies, ends all of them together.

A process that reports an operator's problem before everything has been ready once (port taken, …) ends the whole start
with that message. Later every death is answered by a restart, after a growing pause when it happens again and again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec
import structlog

from kiestoon.app.child import PARENT_VARIABLE, READY_VARIABLE, SETTINGS_VARIABLE, Report
from kiestoon.app.config import Settings, settings_to_json
from kiestoon.operator_error import OperatorError

log = structlog.get_logger(__name__)

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_STEADY_S = 20.0  # who has run this long starts with the first pause again
_STOP_S = (2.2, 1.8, 0.9)  # for each phase of ending; together below the promised five seconds


class ChildSpec(msgspec.Struct, frozen=True):
    """A process to keep alive. ``stop_phase`` 0 is ended first, 2 last: records are imported after the calls ended."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    stop_phase: int = 1
    environment: tuple[tuple[str, str], ...] = ()


class StartFailedError(OperatorError):
    """A process cannot start for a reason only the operator can remove."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.what, report.do)
        self.exit_code = report.exit_code


class Supervisor:
    """Keeps ``specs`` running until it is told to stop.

    ``on_ready`` is called once, when every process has said that it is ready.
    """

    def __init__(
        self, specs: Sequence[ChildSpec], settings: Settings, on_ready: Callable[[], None] = lambda: None
    ) -> None:
        self._specs = tuple(specs)
        self._settings_json = settings_to_json(settings)
        self._on_ready = on_ready
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._ready: set[str] = set()
        self._all_ready = False
        self._stop = asyncio.Event()
        self._failure: StartFailedError | None = None

    async def run(self) -> None:
        """Run until SIGTERM, SIGINT or ``stop``; raises ``StartFailedError`` when the start failed for good."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled)
        keepers = [asyncio.create_task(self._keep(spec), name=spec.name) for spec in self._specs]
        try:
            await self._stop.wait()
            await self._end_all()
            await asyncio.gather(*keepers)
        finally:
            for keeper in keepers:
                keeper.cancel()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Begin to end everything."""
        self._stop.set()

    def _signalled(self) -> None:
        if self._stop.is_set():  # asked twice: no more patience
            for process in self._processes.values():
                _send(process, signal.SIGKILL)
        log.info("stopping")
        self.stop()

    async def _keep(self, spec: ChildSpec) -> None:
        loop = asyncio.get_running_loop()
        pause_s = _FIRST_PAUSE_S
        while not self._stop.is_set():
            started = loop.time()
            process, report = await self._start(spec)
            if report is not None:
                self._reported(spec, report)
            code = await process.wait()
            if self._stop.is_set():
                return
            if loop.time() - started > _STEADY_S:
                pause_s = _FIRST_PAUSE_S
            log.warning(
                "process died; restarting it", child=spec.name, cause=_cause(code), pause_s=pause_s, pid=process.pid
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _start(self, spec: ChildSpec) -> tuple[asyncio.subprocess.Process, Report | None]:
        """Start a process and wait for its report; None: it died without one."""
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                spec.module,
                *spec.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(writing,),
                start_new_session=True,  # Ctrl-C on the terminal reaches the supervisor alone
                env={
                    **os.environ,
                    **dict(spec.environment),
                    SETTINGS_VARIABLE: self._settings_json,
                    READY_VARIABLE: str(writing),
                    PARENT_VARIABLE: str(os.getpid()),
                },
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._processes[spec.name] = process
        if self._stop.is_set():
            _send(process, signal.SIGTERM)
        return process, await _read_report(reading)

    def _reported(self, spec: ChildSpec, report: Report) -> None:
        if not report.ready:
            if not self._all_ready:
                self._failure = self._failure or StartFailedError(report)
                self.stop()
            return
        self._ready.add(spec.name)
        log.info("process ready", child=spec.name, pid=self._processes[spec.name].pid)
        if not self._all_ready and len(self._ready) == len(self._specs) and not self._stop.is_set():
            self._all_ready = True
            self._on_ready()

    async def _end_all(self) -> None:
        for phase, patience_s in enumerate(_STOP_S):
            names = [spec.name for spec in self._specs if spec.stop_phase == phase]
            processes = [self._processes[name] for name in names if name in self._processes]
            for process in processes:
                _send(process, signal.SIGTERM)
            await asyncio.gather(*(_end(process, patience_s) for process in processes))


async def _read_report(descriptor: int) -> Report | None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    try:
        line = await reader.readline()
    finally:
        transport.close()
    return msgspec.json.decode(line, type=Report) if line.endswith(b"\n") else None


async def _end(process: asyncio.subprocess.Process, patience_s: float) -> None:
    try:
        await asyncio.wait_for(process.wait(), patience_s)
    except TimeoutError:
        log.warning("process did not end in time; killing it", pid=process.pid)
        _send(process, signal.SIGKILL)
        await process.wait()


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


def _cause(code: int) -> str:
    if code < 0:
        with suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
