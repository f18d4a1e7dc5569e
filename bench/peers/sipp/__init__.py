"""SIPp as a measuring and testing peer: starts a scenario, waits for it, reads its figures and its mishaps."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bench.peers.process import Daemon, PeerFailed, SipPeer, free_port

SCENARIOS = Path(__file__).parent

MEDIA_PORTS = 4


@dataclass(frozen=True)
class SippFigures:
    """What SIPp counted. Times are seconds; ``setup_s`` holds INVITE → 200 of every call that was answered."""

    created: int = 0
    succeeded: int = 0
    failed: int = 0
    unfinished: int = 0
    retransmissions: int = 0
    elapsed_s: float = 0.0
    setup_s: list[float] = field(default_factory=list)

    @property
    def success(self) -> float:
        """Share of the created calls that ended well, 0.0 to 1.0."""
        return self.succeeded / self.created if self.created else 0.0


@dataclass(frozen=True)
class SippMessage:
    """One message on the wire. ``at_s``: seconds of the day."""

    sent: bool
    text: str
    at_s: float = 0.0

    def header(self, name: str) -> str:
        """The first value of a header, "" when there is none."""
        match = re.search(rf"^{re.escape(name)}\s*:\s*(.*?)\s*$", self.text, re.IGNORECASE | re.MULTILINE)
        return match[1] if match else ""

    @property
    def body(self) -> str:
        """What follows the headers."""
        return self.text.replace("\r\n", "\n").partition("\n\n")[2]


class Sipp(SipPeer):
    """One running SIPp. ``scenario`` is a path; its traces and figures land in ``cwd`` under the scenario's name.

    ``keys`` fill ``[name]`` in the scenario; ``rows`` become the injection file (``[field0]`` …). ``trace`` keeps all
    messages for failure reports; it costs SIPp time and is for tests, not for load. ``transport`` is SIPp's ``-t``.
    """

    def __init__(
        self,
        scenario: Path,
        *,
        cwd: Path,
        remote: tuple[str, int] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        transport: str = "u1",
        calls: int | None = None,
        rate: float = 10.0,
        at_once: int | None = None,
        keys: Mapping[str, str] | None = None,
        rows: Iterable[Iterable[str]] = (),
        core: int | None = None,
        trace: bool = False,
        measure: bool = False,
        timeout_s: float | None = None,
        name: str = "",
        options: Iterable[str] = (),
    ) -> None:
        self.name = name or scenario.stem
        self.host = host
        self.port = port or free_port(host)
        self.cwd = cwd
        self.trace = trace
        self.stat_path = cwd / f"{self.name}_stat.csv"
        self.scenario = scenario
        self.media_port = free_port(host, adjacent=MEDIA_PORTS)
        control_port = free_port(host)
        args: list[str | Path] = [
            "sipp", "-sf", scenario, "-i", host, "-p", str(self.port), "-t", transport, "-nostdin", "-mi", host,
            "-mp", str(self.media_port), "-cp", str(control_port), "-trace_stat", "-stf", self.stat_path,
            "-fd", "1", "-buff_size", "4000000",
            "-watchdog_minor_maxtriggers", "1000000", "-watchdog_major_maxtriggers", "1000000",
        ]  # fmt: skip
        if ":" not in host:  # else on every address, where the port may be taken
            args += ["-ci", host]
        if calls is not None:
            args += ["-m", str(calls)]
        rate_text = (str(round(rate)), "1000") if rate >= 10 else (str(round(rate * 100)), "100000")
        args += ["-r", rate_text[0], "-rp", rate_text[1]]
        if at_once is not None:
            args += ["-l", str(at_once)]
        if timeout_s is not None:
            args += ["-timeout", str(round(timeout_s)), "-timeout_error"]
        for key, value in (keys or {}).items():
            args += ["-key", key, value]
        if rows := [";".join(row) for row in rows]:
            injection = cwd / f"{self.name}_rows.csv"
            injection.write_text("SEQUENTIAL\n" + "\n".join(rows) + "\n")
            args += ["-inf", injection]
        if trace:
            args += ["-trace_err", "-error_file", self._file("errors"), "-trace_msg", "-message_file",
                     self._file("messages"), "-trace_logs", "-log_file", self._file("logs")]  # fmt: skip
        if measure:
            args += ["-trace_rtt", "-rtt_freq", "200"]
        args += list(options)
        if remote is not None:
            args += ["-rsa", _address(remote), _address(remote)]
        ports = {control_port, *range(self.media_port, self.media_port + MEDIA_PORTS)}
        ports |= set() if port else {self.port}
        self.daemon = Daemon(self.name, args, cwd=cwd, core=core, ports=ports)

    def _file(self, kind: str) -> Path:
        return self.cwd / f"{self.name}_{kind}.log"

    def start(self) -> Self:
        """Start it; returns when its socket is bound. Raises ``PeerFailed`` when it is not."""
        self.daemon.start()
        self.daemon.wait_until(self.stat_path.exists, 5, f"{self.name} is bound")
        return self

    def stop(self) -> None:
        """End it at once."""
        self.daemon.stop(timeout_s=1.0)

    def wait(self, timeout_s: float) -> int:
        """Wait until it ends by itself; its exit code (0: all calls well). Kills it and raises when late."""
        return self.daemon.wait(timeout_s)

    def expect_success(self, timeout_s: float = 10.0) -> None:
        """Wait for the end and raise ``PeerFailed`` with the messages seen unless every call went by the scenario."""
        try:
            code = self.wait(timeout_s)
        except PeerFailed as late:
            raise PeerFailed(f"{self.name}: not finished after {timeout_s:g} s\n{self.report()}") from late
        if code != 0:
            raise PeerFailed(f"{self.name}: SIPp ended with {code}\n{self.report()}")

    def report(self) -> str:
        """What it saw, for a failure report: mishaps first, then the messages."""
        parts = []
        for kind in ("errors", "logs", "messages"):
            path = self._file(kind)
            if path.exists() and (text := path.read_text(errors="replace").strip()):
                parts.append(f"--- {self.name} {kind}\n{text[-12_000:]}")
        return "\n".join(parts) or self.daemon.log_tail()

    def messages(self, *, sent: bool | None = None) -> list[SippMessage]:
        """Every message it sent or received so far, in order (needs ``trace``); ``sent`` picks one way."""
        text = self._file("messages").read_text(errors="replace")
        found = []
        _, *parts = re.split(r"^-{40,} [\d-]+ (\d+):(\d+):([\d.]+)\n", text, flags=re.MULTILINE)
        for hour, minute, second, part in zip(*[iter(parts)] * 4, strict=True):
            way, _, message = part.partition("\n\n")
            at_s = int(hour) * 3600 + int(minute) * 60 + float(second)
            found.append(SippMessage("message sent" in way, message, at_s))
        return [each for each in found if sent in (None, each.sent)]

    def received(self, start: str) -> list[SippMessage]:
        """The messages it received whose first line begins so ("SIP/2.0 200", "INVITE")."""
        return [each for each in self.messages(sent=False) if each.text.startswith(start)]

    def figures(self) -> SippFigures:
        """The counts so far, complete once it has ended."""
        with self.stat_path.open() as stream:
            rows = list(csv.DictReader(stream, delimiter=";"))
        if not rows:
            return SippFigures()
        last = rows[-1]
        return SippFigures(
            created=int(last["TotalCallCreated"]),
            succeeded=int(last["SuccessfulCall(C)"]),
            failed=int(last["FailedCall(C)"]),
            unfinished=int(last["CurrentCall"]),
            retransmissions=int(last["Retransmissions(C)"]),
            elapsed_s=_clock_s(last["ElapsedTime(C)"]),
            setup_s=self._response_times(),
        )

    def succeeded_per_s(self) -> list[int]:
        """Successful calls in each second of the run."""
        with self.stat_path.open() as stream:
            return [int(row["SuccessfulCall(P)"]) for row in csv.DictReader(stream, delimiter=";")]

    def _response_times(self) -> list[float]:
        path = self.cwd / f"{self.scenario.stem}_{self.daemon.pid}_rtt.csv"
        if not path.exists():
            return []
        rows = (line.split(";") for line in path.read_text().splitlines()[1:])
        return [float(cells[1]) / 1000 for cells in rows if len(cells) >= 2]


def expect_all(*parties: Sipp, timeout_s: float = 10.0) -> None:
    """Wait until every party went through its scenario; raise ``PeerFailed`` with what all of them saw otherwise."""
    deadline = time.monotonic() + timeout_s
    try:
        for party in parties:
            party.expect_success(max(0.5, deadline - time.monotonic()))
    except PeerFailed as failed:
        others = "\n".join(party.report() for party in parties if not str(failed).startswith(f"{party.name}:"))
        raise PeerFailed(f"{failed}\n{others}") from None


def _address(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _clock_s(text: str) -> float:
    """SIPp's HH:MM:SS or HH:MM:SS:mmm(uuu) in seconds."""
    parts = text.split(":")
    seconds = int(parts[0]) * 3600 + int(parts[1]) * 60 + float(parts[2])
    return seconds + (float(f"0.{parts[3]}") if len(parts) > 3 else 0.0)
