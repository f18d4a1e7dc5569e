"""Commands carried out: the table of contexts and terminations of one media process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog

from kiestoon.media.audio.player import FileSource, MusicSource
from kiestoon.media.audio.tones import ToneSource
from kiestoon.media.context import Context
from kiestoon.media.loop import Timer
from kiestoon.media.ports import PortPair, PortPool
from kiestoon.media.protocol import (
    Add,
    Audit,
    Audited,
    AuditedContext,
    AuditedTermination,
    Command,
    CommandFailed,
    File,
    Lease,
    Leased,
    Measure,
    Modify,
    Move,
    Music,
    Play,
    Port,
    Quality,
    QualityMeasured,
    Record,
    Release,
    SendDigits,
    SignalEnded,
    Stats,
    StatsReported,
    Stop,
    Subtract,
    Subtracted,
    Tone,
    Topology,
    Watch,
)
from kiestoon.media.recording import Recording
from kiestoon.media.shared import Shared
from kiestoon.media.signals import DigitJob, Signal
from kiestoon.media.termination import Termination
from kiestoon.media.wiring import NARROW_HZ, WIDE_HZ

log = structlog.get_logger(__name__)

SWEEP_S = 0.25
MAX_LEASE = 4096
BINDS_PER_TURN = 16


class Refusal(Exception):
    """A command that makes no sense now; becomes ``CommandFailed``."""


class Engine:
    """Everything but sockets to call control: that is ``server``'s."""

    def __init__(self, shared: Shared, pool: PortPool) -> None:
        self.shared = shared
        self.pool = pool
        self.contexts: dict[int, Context] = {}
        self.terminations: dict[int, Termination] = {}
        self.leased: dict[int, PortPair] = {}
        """Pairs call control holds and has not used yet, by RTP port."""
        self._lease_generation = 0
        self._touched: set[Context] = set()
        self._settling: Timer | None = None
        self._verbs: dict[type, Callable[[Any], None]] = {
            Lease: self._lease,
            Release: self._release,
            Add: self._add,
            Modify: self._modify,
            Move: self._move,
            Subtract: self._subtract,
            Topology: self._topology,
            Watch: self._watch,
            Measure: self._measure,
            Play: self._play,
            Stop: self._stop,
            SendDigits: self._send_digits,
            Record: self._record,
            Audit: self._audit,
            Stats: self._stats,
        }
        shared.fail = self._fail
        shared.touch = self._touch
        shared.loop.on_failure = self._handler_failed
        shared.loop.call_at(shared.loop.now + SWEEP_S, self._sweep)

    def execute(self, command: Command) -> None:
        """Carry a command out; whatever is wrong with it becomes an event."""
        try:
            self._verbs[type(command)](command)
        except Exception as error:
            self._failed(command, error)

    def settle(self) -> None:
        """Let what has changed since the last call take effect in the contexts it touched: once for many changes."""
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        touched, self._touched = self._touched, set()
        for context in touched:
            try:
                context.wire()
            except Exception as error:
                log.error("wiring_failed", context=context.number, exc_info=error)

    def _touch(self, context: Context) -> None:
        self._touched.add(context)
        if self._settling is None:
            loop = self.shared.loop
            self._settling = loop.call_at(loop.now, self.settle)

    def _failed(self, command: Command, error: Exception) -> None:
        name = type(command).__name__
        number = getattr(command, "termination", 0)
        expected = isinstance(error, Refusal | ValueError)
        reason = str(error) if expected else f"internal error: {type(error).__name__}"
        log.warning("command_failed", command=name, termination=number, reason=reason, exc_info=not expected)
        self.shared.failed_commands += 1
        self.shared.report(CommandFailed(name, number, reason))

    def _handler_failed(self, handler: Callable[[], None], error: Exception) -> None:
        """Reading a socket or a timer raised: only those it belongs to suffer."""
        owner = getattr(handler, "__self__", None)
        if isinstance(owner, Termination):
            self._fail(owner, error)
            return
        log.error("handler_failed", handler=repr(handler), exc_info=error)
        if isinstance(owner, Context):
            for member in tuple(owner.members.values()):
                self._fail(member, error)

    def _fail(self, termination: Termination, error: Exception) -> None:
        log.error("termination_failed", termination=termination.number, exc_info=error)
        if self.terminations.get(termination.number) is termination:
            self.shared.report(CommandFailed("", termination.number, f"internal error: {type(error).__name__}"))
            self.end(termination)

    # --- ports ---------------------------------------------------------------------------------------------------

    def _lease(self, command: Lease) -> None:
        host = command.host or self.pool.hosts[0]
        if host not in self.pool.hosts:
            raise Refusal(f"no media address {host!r}")
        self._lease_some(host, min(command.count, MAX_LEASE), self._lease_generation)

    def _lease_some(self, host: str, count: int, generation: int) -> None:
        """Lease what is bound already; bind the rest a few per turn, so that no packet waits long for it."""
        if generation != self._lease_generation:
            return  # the connection that asked is gone
        loop = self.shared.loop
        ports: list[Port] = []
        fresh = 0
        while len(ports) < count and fresh < BINDS_PER_TURN:
            pair = self.pool.lease_bound(host, loop.now)
            if pair is None:
                fresh += 1
                pair = self.pool.lease(host, loop.now)
            if pair is None:
                self.shared.report(Leased(tuple(ports), exhausted=True, host=host))
                return
            self.leased[pair.port] = pair
            ports.append(Port(pair.host, pair.port))
        self.shared.report(Leased(tuple(ports), host=host))
        if len(ports) < count:
            loop.call_at(loop.now, lambda: self._lease_some(host, count - len(ports), generation))

    def _release(self, command: Release) -> None:
        for port in command.ports:
            pair = self.leased.pop(port, None)
            if pair is None:
                raise Refusal(f"port {port} is not leased and unused")
            self.pool.give_back(pair, self.shared.loop.now, used=False)

    def return_leases(self) -> None:
        """Call control is gone: what it leased and did not use comes back."""
        self._lease_generation += 1
        for pair in self.leased.values():
            self.pool.give_back(pair, self.shared.loop.now, used=False)
        self.leased.clear()

    # --- contexts ------------------------------------------------------------------------------------------------

    def _add(self, command: Add) -> None:
        number = command.termination
        if number in self.terminations:
            raise Refusal(f"termination {number} exists")
        pair = self.leased.get(command.port)
        if pair is None:
            raise Refusal(f"port {command.port} is not leased and unused")
        if not pair.drain():
            raise Refusal(f"port {command.port} is being flooded")
        context = self.contexts.get(command.context) or Context(command.context, self.shared)
        termination = Termination(number, pair, context, self.shared)
        if command.stream is not None:
            try:
                termination.agree(command.stream)
            except ValueError:
                termination.close()
                raise
        del self.leased[command.port]
        self.contexts[command.context] = context
        self.terminations[number] = termination
        context.members[number] = termination

    def _modify(self, command: Modify) -> None:
        termination = self._termination(command.termination)
        termination.agree(command.stream)
        self._touch(termination.context)

    def _move(self, command: Move) -> None:
        termination = self._termination(command.termination)
        if termination.context.number == command.context:
            return
        self._leave(termination)
        context = self.contexts.get(command.context)
        if context is None:
            context = self.contexts[command.context] = Context(command.context, self.shared)
        context.members[termination.number] = termination
        termination.context = context
        self._touch(context)

    def _subtract(self, command: Subtract) -> None:
        self.end(self._termination(command.termination))

    def end(self, termination: Termination) -> None:
        """End a termination and report its figures."""
        del self.terminations[termination.number]
        try:
            self._leave(termination)
            figures = termination.close()
        except Exception as error:  # the port must come back whatever happens
            log.error("end_failed", termination=termination.number, exc_info=error)
            termination.abandon()
            figures = Quality()
        self.pool.give_back(termination.pair, self.shared.loop.now, used=True)
        self.shared.report(Subtracted(termination.number, figures))

    def end_all(self) -> None:
        """End every context."""
        for termination in list(self.terminations.values()):
            self.end(termination)
        self.settle()

    def _leave(self, termination: Termination) -> None:
        context = termination.context
        context.remove(termination)
        if context.members:
            self._touch(context)
        else:
            self._touched.discard(context)
            self.contexts.pop(context.number, None)

    def _topology(self, command: Topology) -> None:
        context = self.contexts.get(command.context)
        if context is None:
            raise Refusal(f"no context {command.context}")
        context.arrange(command)
        self._touch(context)

    def _termination(self, number: int) -> Termination:
        termination = self.terminations.get(number)
        if termination is None:
            raise Refusal(f"no termination {number}")
        return termination

    # --- signals -------------------------------------------------------------------------------------------------

    def _play(self, command: Play) -> None:
        termination = self._termination(command.termination)
        signals = termination.ensure_signals()
        if signals.find(command.signal) is not None or command.signal in signals.recordings:
            raise Refusal(f"signal {command.signal} exists")
        rate = WIDE_HZ if termination.hears_wide else NARROW_HZ
        signal = Signal(command.signal, rate, mix=command.mix)
        if command.mix:
            signals.over.append(signal)
        else:
            if signals.instead is not None:
                termination.end_signal(signals.instead, "stopped")
            signals.instead = signal
        source = command.source

        def opened(result: Any, error: Exception | None) -> None:
            if (
                termination.closed
                or termination.signals is None
                or termination.signals.find(signal.number) is not signal
            ):
                return  # stopped while it was being opened
            if error is not None:
                termination.end_signal(signal, f"failed: {error}")
                return
            signal.source = result
            termination.activate()
            self._touch(termination.context)

        if isinstance(source, Tone):
            try:
                opened(ToneSource(source.name, source.country, rate), None)
            except ValueError as error:
                opened(None, error)
        else:
            self.shared.opener.submit(lambda: _open(source, rate), opened)

    def _stop(self, command: Stop) -> None:
        termination = self._termination(command.termination)
        signals = termination.signals
        if signals is not None and (signal := signals.find(command.signal)) is not None:
            termination.end_signal(signal, "stopped")
        elif signals is not None and (recording := signals.recordings.pop(command.signal, None)) is not None:
            recording.finish("stopped")
            self._touch(termination.context)
        # A signal that ended a moment ago has been reported already; stopping it crossed that event.

    def _send_digits(self, command: SendDigits) -> None:
        termination = self._termination(command.termination)
        duration_ms = min(8000, max(40, command.duration_ms))
        gap_ms = min(8000, max(20, command.gap_ms))
        termination.send_digits(DigitJob(command.digits, duration_ms, gap_ms))

    def _record(self, command: Record) -> None:
        termination = self._termination(command.termination)
        signals = termination.ensure_signals()
        if signals.find(command.signal) is not None or command.signal in signals.recordings:
            raise Refusal(f"signal {command.signal} exists")
        if not command.path.startswith("/"):
            raise Refusal("a recording's path must be absolute")

        def ended(reason: str, duration_ms: int) -> None:
            self.shared.report(SignalEnded(command.termination, command.signal, reason, duration_ms))

        signals.recordings[command.signal] = Recording(
            command.path,
            WIDE_HZ if termination.speaks_wide else NARROW_HZ,
            both=command.both,
            max_ms=command.max_ms,
            worker=self.shared.recorder,
            ended=ended,
        )
        self._touch(termination.context)

    # --- events and figures --------------------------------------------------------------------------------------

    def _watch(self, command: Watch) -> None:
        self._termination(command.termination).observe(command)

    def _measure(self, command: Measure) -> None:
        termination = self._termination(command.termination)
        self.shared.report(QualityMeasured(termination.number, termination.quality()))

    def _audit(self, command: Audit) -> None:
        self.shared.report(Audited(tuple(_audited(context) for context in self.contexts.values())))

    def _stats(self, command: Stats) -> None:
        shared = self.shared
        terminations = self.terminations.values()
        self.shared.report(
            StatsReported(
                contexts=len(self.contexts),
                terminations=len(self.terminations),
                ports_free=self.pool.free,
                packets_received=shared.packets_received + sum(each.rx.received for each in terminations),
                packets_sent=shared.packets_sent + sum(each.tx.packets for each in terminations),
                packets_dropped=shared.drops.total(),
                drops=dict(shared.drops),
                ticks=shared.ticks,
                late_ticks=shared.late_ticks,
                worst_turn_ms=round(shared.loop.worst_turn_s * 1000.0, 2),
                failed_commands=shared.failed_commands,
                dtls_completed=shared.dtls_completed,
                dtls_failed=shared.dtls_failed,
            )
        )
        shared.loop.worst_turn_s = 0.0

    def _sweep(self) -> None:
        loop = self.shared.loop
        loop.call_at(loop.now + SWEEP_S, self._sweep)
        for termination in tuple(self.shared.active.values()):
            try:
                termination.sweep(loop.now)
            except Exception as error:
                self._fail(termination, error)


def _open(source: File | Music, rate: int) -> FileSource | MusicSource:
    """In the worker: find and open an audio file. Raises UnplayableFile."""
    if isinstance(source, File):
        return FileSource(source.path, rate, source.repeat, source.offset_ms)
    return MusicSource((source.path, *source.then), rate)


def _audited(context: Context) -> AuditedContext:
    members: Sequence[Termination] = tuple(context.members.values())
    return AuditedContext(
        context.number,
        tuple(AuditedTermination(each.number, Port(each.pair.host, each.pair.port), each.stream) for each in members),
    )
