"""A media process for simulations: keeps contexts, terminations and signals, moves no sound, and finds mistakes.

It implements ``kiestoon.media.client.MediaLink`` and answers commands as the real process does. ``hears`` tells what a
party would hear, so that tests can say "the caller hears music" without audio.
"""

from __future__ import annotations

from collections import deque

from kiestoon.media.protocol import (
    Add,
    AuditedContext,
    AuditedTermination,
    Command,
    Event,
    File,
    Lease,
    Measure,
    Modify,
    Move,
    Music,
    Play,
    Port,
    Quality,
    Record,
    Release,
    SendDigits,
    SignalEnded,
    SignalSource,
    Stop,
    Stream,
    Subtract,
    Subtracted,
    Tone,
    Topology,
    Watch,
)


class Termination:
    """One termination as commanded."""

    def __init__(self, number: int, context: int, port: Port, stream: Stream | None) -> None:
        self.number = number
        self.context = context
        self.port = port
        self.stream = stream
        self.signals: dict[int, SignalSource] = {}
        self.recordings: dict[int, Record] = {}
        self.heard_besides: list[str] = []
        """What was played on top of what it heard."""
        self.digits_sent = ""
        self.watches: list[Watch] = []


class FakeMedia:
    """``mistakes`` lists commands a real media process would have refused; tests assert it stays empty."""

    def __init__(
        self, host: str = "198.51.100.9", first_port: int = 20000, ports: int = 500, incarnation: str = "m1"
    ) -> None:
        self.connected = True
        self.incarnation = incarnation
        self.host = host
        self.hosts = (host,)
        self.fingerprint = "sha-256 " + ":".join(["AB"] * 32)
        self.free = deque(first_port + 2 * i for i in range(ports))
        self.total = ports
        self.leased: dict[int, Port] = {}
        self.terminations: dict[int, Termination] = {}
        self.recorded: list[Record] = []
        self.said_ms = 5000
        """How much there is of every recording that ends."""
        self.edges: dict[int, set[tuple[int, int]]] = {}
        self.topologies: deque[Topology] = deque(maxlen=8)
        """The latest ones, as they were said."""
        self.events: deque[Event] = deque()
        self.mistakes: list[str] = []

    # --- MediaLink -------------------------------------------------------------------------------------------------

    def lease(self, host: str = "") -> Port | None:
        if not self.connected or not self.free:
            return None
        port = Port(self.host, self.free.popleft())
        self.leased[port.rtp] = port
        return port

    def release(self, port: Port) -> None:
        if not self.connected:
            return
        if self.leased.pop(port.rtp, None) is None:
            self.mistakes.append(f"release of port {port.rtp} that is not leased")
            return
        self.free.append(port.rtp)

    def send(self, command: Command) -> None:
        if not self.connected:
            return
        handler = getattr(self, f"_{type(command).__name__.lower()}")
        handler(command)

    # --- commands --------------------------------------------------------------------------------------------------

    def _add(self, command: Add) -> None:
        port = self.leased.pop(command.port, None)
        if port is None or command.termination in self.terminations:
            self.mistakes.append(f"{command} on a port not leased, or twice")
            return
        self.terminations[command.termination] = Termination(command.termination, command.context, port, command.stream)

    def _find(
        self, command: Modify | Move | Subtract | Play | Stop | SendDigits | Record | Watch | Measure
    ) -> Termination | None:
        found = self.terminations.get(command.termination)
        if found is None:
            self.mistakes.append(f"{command} for an unknown termination")
        return found

    def _modify(self, command: Modify) -> None:
        if found := self._find(command):
            found.stream = command.stream

    def _move(self, command: Move) -> None:
        if (found := self._find(command)) and found.context != command.context:
            self._take_out(found)
            found.context = command.context

    def _take_out(self, termination: Termination) -> None:
        """Whoever leaves a context hears and is heard by nobody there any more; an empty one vanishes."""
        edges = self.edges.get(termination.context, set())
        edges.difference_update({edge for edge in edges if termination.number in edge})
        if not any(
            other.context == termination.context for other in self.terminations.values() if other is not termination
        ):
            self.edges.pop(termination.context, None)

    def _subtract(self, command: Subtract) -> None:
        if self._find(command) is None:
            return
        gone = self.terminations.pop(command.termination)
        self.free.append(gone.port.rtp)
        self._take_out(gone)
        self.events.append(Subtracted(gone.number, Quality(mos=4.4)))
        for signal in gone.recordings:  # written to its end by the worker, which takes a moment
            self.events.append(SignalEnded(gone.number, signal, "finished", self.said_ms))

    def _topology(self, command: Topology) -> None:
        self.topologies.append(command)
        named = {number for edge in command.edges for number in edge}.union(command.mixed, command.listening)
        for number in sorted(named):
            termination = self.terminations.get(number)
            if termination is None or termination.context != command.context:
                self.mistakes.append(f"{command} names {number}, which is not in the context")
        hearing = (*command.mixed, *command.listening)
        met = {(talker, listener) for talker in command.mixed for listener in hearing if talker != listener}
        self.edges[command.context] = met.union(command.edges)

    def _play(self, command: Play) -> None:
        if found := self._find(command):
            if command.mix:  # short ones only: over as soon as they begin
                found.heard_besides.append(_name(command.source))
                self.events.append(SignalEnded(found.number, command.signal, "finished", 300))
                return
            for signal in [*found.signals]:
                del found.signals[signal]
                self.events.append(SignalEnded(found.number, signal, "stopped"))
            found.signals[command.signal] = command.source

    def _stop(self, command: Stop) -> None:
        if (found := self._find(command)) and found.signals.pop(command.signal, None) is not None:
            self.events.append(SignalEnded(found.number, command.signal, "stopped"))
        elif found is not None and found.recordings.pop(command.signal, None) is not None:
            self.events.append(SignalEnded(found.number, command.signal, "stopped", self.said_ms))

    def _record(self, command: Record) -> None:
        if found := self._find(command):
            found.recordings[command.signal] = command
            self.recorded.append(command)

    def _senddigits(self, command: SendDigits) -> None:
        if found := self._find(command):
            found.digits_sent += command.digits

    def _watch(self, command: Watch) -> None:
        if found := self._find(command):
            found.watches.append(command)

    def _release(self, command: Release) -> None:
        self.mistakes.append("Release goes through release()")

    def _lease(self, command: Lease) -> None:
        self.mistakes.append("Lease goes through lease()")

    # --- its life --------------------------------------------------------------------------------------------------

    def disconnect(self) -> None:
        """The control connection breaks: contexts live on, leased ports are taken back, events get lost."""
        self.connected = False
        self.events.clear()
        self.free.extend(self.leased)
        self.leased.clear()

    def die(self) -> None:
        """The process is killed; ``connected = True`` brings its successor."""
        self.disconnect()
        self.incarnation += "'"
        self.free.extend(item.port.rtp for item in self.terminations.values())
        self.terminations.clear()
        self.edges.clear()

    # --- for tests -------------------------------------------------------------------------------------------------

    def finish_files(self) -> None:
        """Every file that plays comes to its end."""
        for termination in self.terminations.values():
            for signal, source in list(termination.signals.items()):
                if isinstance(source, File):
                    del termination.signals[signal]
                    self.events.append(SignalEnded(termination.number, signal, "finished", 1000))

    def finish_recordings(self, reason: str = "finished") -> None:
        """Every recording has reached its longest time, or cannot be written any more."""
        for termination in self.terminations.values():
            for signal in list(termination.recordings):
                del termination.recordings[signal]
                self.events.append(SignalEnded(termination.number, signal, reason, self.said_ms))

    def at(self, rtp_port: int) -> Termination | None:
        """The termination on a port (the one a party sends to)."""
        return next((item for item in self.terminations.values() if item.port.rtp == rtp_port), None)

    def hears(self, rtp_port: int) -> set[str]:
        """What the party that sends to this port hears: "music", "file:…", "tone:…", or the talkers' ports."""
        listener = self.at(rtp_port)
        if listener is None or listener.stream is None or listener.stream.direction in ("recvonly", "inactive"):
            return set()
        if listener.signals:
            return {_name(source) for source in listener.signals.values()} - {"tone:silence"}
        heard = set()
        for talker_number, listener_number in self.edges.get(listener.context, set()):
            talker = self.terminations.get(talker_number)
            if listener_number != listener.number or talker is None or talker.stream is None:
                continue
            if talker.stream.direction in ("sendrecv", "recvonly"):
                heard.add(str(talker.port.rtp))
        return heard

    def audit(self) -> tuple[AuditedContext, ...]:
        """The live contexts."""
        contexts: dict[int, list[AuditedTermination]] = {}
        for item in self.terminations.values():
            contexts.setdefault(item.context, []).append(AuditedTermination(item.number, item.port, item.stream))
        return tuple(AuditedContext(number, tuple(items)) for number, items in contexts.items())

    @property
    def leaked(self) -> list[str]:
        """Whatever is not as it was before the first call."""
        leaks = [f"termination {number}" for number in self.terminations]
        leaks += [f"leased port {port}" for port in self.leased]
        leaks += [f"edges of context {context}" for context, edges in self.edges.items() if edges]
        if len(self.free) + len(self.leased) + len(self.terminations) != self.total:
            leaks.append(f"{len(self.free)} of {self.total} ports free")
        return leaks


def _name(source: SignalSource) -> str:
    if isinstance(source, Music):
        return "music"
    if isinstance(source, Tone):
        return f"tone:{source.name}"
    return f"file:{source.path}"
