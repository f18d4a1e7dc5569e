"""A whole exchange that tests may hurt, and built-in software phones on it, in the test's own event loop.

Unlike the other wire tests these kill processes and fill disks: every module has an exchange of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
from bench.lib.exchange import Exchange, Site, toml
from bench.peers.process import PeerFailed, children_of, free_port, process_tree, share_of, wait_until

from kiestoon.app.admin_client import ask_async
from kiestoon.app.config import load_settings
from kiestoon.app.softphone.agent import PhoneCall, SipAgent
from kiestoon.app.softphone.phone import SoftPhone
from kiestoon.app.softphone.rtp import Silence, Sine, Source
from kiestoon.company.model import ConferenceRoom, HuntGroup, HuntMember, HuntPolicy, Menu, Queue, QueueMember
from kiestoon.media.audio.measure import gap_ms, is_silence, tone_level
from kiestoon.sip.events import InviteReceived
from kiestoon.sip.flow import Target
from kiestoon.store.write import Changes

LOUD_DBM0 = -30.0
PROCESSES = ("media 0", "control", "clerk", "notifier", "web")
MENU = "100"
ROOM, ROOM_PIN = "180", "4711"
HUNTS: dict[str, HuntPolicy] = {"191": "circular", "192": "uniform", "193": "weighted"}
HUNTED = {"107": 50, "108": 30, "109": 20}
"""The members of each, and their share of the calls under "weighted"."""
QUEUE, AGENT = "195", "110"
"""A queue and its one agent."""
OUTSIDE = "127.0.0.2"
OUTSIDE_NUMBER = "+31205550199"
OUTSIDE_PORT = free_port(OUTSIDE)
RTP_PORTS = share_of(range(10_000, 19_600))

TOWN = Site(
    name="Town",
    domain="town.example",
    extensions=tuple(str(number) for number in range(101, 111)),
    numbers={f"+31204000{number}": str(number) for number in range(101, 111)},
    users={"101": {"caller_number": "+31204000101"}},
    trunks=(
        {"name": "outside", "kind": "peer", "host": OUTSIDE, "port": OUTSIDE_PORT, "sources": (OUTSIDE,)},
    ),
    company={"area_code": "020", "access_code": "0"},
)  # fmt: skip


def _fill(changes: Changes) -> None:
    changes.add(Menu(id=0, company_id=1, extension=MENU, name="Welcome", timeout_s=20))
    changes.add(ConferenceRoom(id=0, company_id=1, extension=ROOM, name="Monday", pin=ROOM_PIN))
    queue = changes.add(Queue(id=0, company_id=1, extension=QUEUE, name="Support"))
    changes.add(QueueMember(id=0, company_id=1, queue_id=queue.id, extension=AGENT))
    for extension, policy in HUNTS.items():
        group = changes.add(HuntGroup(id=0, company_id=1, extension=extension, name=policy, policy=policy))
        for position, (member, weight) in enumerate(HUNTED.items()):
            changes.add(HuntMember(id=0, company_id=1, hunt_group_id=group.id, extension=member, position=position,
                                   weight=weight))  # fmt: skip


class TestExchange(Exchange):
    """An exchange with every transport and the web process. ``hep``: where SIP messages are copied to."""

    __test__ = False

    def __init__(self, directory: Path, *, hep: str = "", **options: Any) -> None:
        super().__init__(directory, (TOWN,), fill=_fill, **options)
        self.ws_port, self.wss_port, self.web_port = free_port(), free_port(), free_port()
        first, last = rtp_range(600)
        cells: dict[str, Any] = msgspec.to_builtins(self.settings)
        cells["sip"] |= {"ws": self.ws_port, "wss": self.wss_port, "digest": ["SHA-256", "MD5"]}
        cells["media"] |= {"first_port": first, "last_port": last}
        cells["web"] |= {"port": self.web_port, "private_targets": True}  # identity providers of tests are here
        cells["hep"]["target"] = hep
        self.config.write_text(toml(cells))
        self.settings = load_settings(self.config, {})

    def start(self) -> Self:
        """Start, and wait until every process is ready."""
        ready = self.log_count("process ready")
        super().start()
        all_ready = ready + len(PROCESSES)
        wait_until(lambda: self.log_count("process ready") >= all_ready, 20, "every process is ready")
        return self

    @property
    def target(self) -> Target:
        """Where phones send their requests."""
        return Target("udp", self.host, self.port)

    async def ask_now(self, command: str, **arguments: Any) -> Any:
        """``ask`` without stopping the test's phones meanwhile."""
        return await ask_async(self.settings.admin_socket, command, **arguments)

    def child(self, name: str) -> int:
        """The process id of a child ("control", "media 0", "clerk", "web"); raises PeerFailed."""
        for pid in process_tree(self.daemon.pid):
            if title_of(pid) == f"kiestoon: {name}":
                return pid
        raise PeerFailed(f"no process {name}\n{self.report()}")

    def children(self) -> list[int]:
        """What the supervisor keeps alive."""
        return children_of(self.daemon.pid)

    def descendants(self) -> list[int]:
        """All processes but the supervisor: what it keeps alive, and what speaks texts."""
        return process_tree(self.daemon.pid)[1:]

    async def killed(self, name: str) -> float:
        """``kill -9`` a child and wait until the supervisor has another one that is ready; how long that took."""
        victim = self.child(name)
        if name == "control":
            self._records_at_start += self._spooled()  # the next one counts from nothing
        ready = self.log_count("process ready", child=name)
        began = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        await until(lambda: self.log_count("process ready", child=name) > ready, f"another {name}", 15)
        return time.monotonic() - began

    def log_entries(self) -> list[dict[str, Any]]:
        """The log so far."""
        found: list[dict[str, Any]] = []
        if not self.daemon.log_path.exists():
            return found
        for line in self.daemon.log_path.read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return found

    def log_count(self, event: str, **fields: Any) -> int:
        """How many log entries of this kind there are."""
        return sum(
            entry.get("event") == event and all(entry.get(name) == value for name, value in fields.items())
            for entry in self.log_entries()
        )

    def expect_clean_log(self, *allowed: str) -> None:
        """Raise with the first traceback or error in the log whose event is not ``allowed``."""
        for line in self.daemon.log_path.read_text(errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"event": line}
                if "Traceback" not in line:
                    continue
            bad = "exception" in entry or "Traceback" in entry["event"] or entry.get("level") in ("error", "critical")
            if bad and entry["event"] not in allowed:
                raise AssertionError(f"in the log: {line}")

    async def empty(self, timeout_s: float = 5.0, but: Sequence[str] = ()) -> None:
        """Wait until nothing of calls is left in the control process, ``but`` what is named, and no context."""
        left: dict[str, Any] = {}

        async def is_empty() -> bool:
            left.clear()
            inventory = await self.ask_now("inventory")
            left.update({name: count for name, count in inventory.items() if count and name not in but})
            (media,) = await self.ask_now("media")
            if media.get("contexts", 1):
                left["media"] = media
            return not left

        deadline = time.monotonic() + timeout_s
        while not await is_empty():
            if time.monotonic() > deadline:
                raise PeerFailed(f"left in the exchange: {left}\n{self.report()}")
            await asyncio.sleep(0.02)

    def cli(self, *arguments: str, timeout_s: float = 20.0) -> subprocess.CompletedProcess[str]:
        """Run the command line against this exchange (blocking: use ``run_cli`` while phones talk)."""
        return run_kiestoon("--config", str(self.config), *arguments, timeout_s=timeout_s)

    async def run_cli(self, *arguments: str, timeout_s: float = 20.0) -> subprocess.CompletedProcess[str]:
        """Run the command line against this exchange."""
        return await asyncio.to_thread(self.cli, *arguments, timeout_s=timeout_s)


def rtp_range(count: int) -> tuple[int, int]:
    """First and last of ``count`` ports; whichever of them is taken, the media process does without."""
    first = random.randrange(RTP_PORTS.start, RTP_PORTS.stop - count, 2)
    return first, first + count - 1


def run_kiestoon(
    *arguments: str,
    timeout_s: float = 20.0,
    environment: Mapping[str, str] | None = None,
    within: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Run the command line; ``within`` goes before it, e.g. a program that enters a namespace."""
    return subprocess.run(
        [*within, sys.executable, "-m", "kiestoon.app.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env={**os.environ, **(environment or {})},
    )


def title_of(pid: int) -> str:
    """A process' command line, "" when it has gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def is_renderer(pid: int) -> bool:
    """Whether it is one of those that speak texts, which come and go with the work."""
    return title_of(pid) == "kiestoon: speech"


def is_alive(pid: int) -> bool:
    """Whether it still runs (a zombie does not)."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


async def until(condition: Callable[[], bool], what: str, timeout_s: float = 5.0) -> None:
    """Wait for something outside this process that cannot notify us. Raises PeerFailed."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise PeerFailed(f"{what}: not within {timeout_s:g} s")
        await asyncio.sleep(0.01)


# --- phones ----------------------------------------------------------------------------------------------------------


@dataclass
class Line:
    """One call between two phones: both ends, and which tone each should hear."""

    caller: PhoneCall
    called: PhoneCall
    caller_hz: float
    called_hz: float

    @property
    def ends(self) -> tuple[tuple[PhoneCall, float], ...]:
        """Each end with the tone it should hear."""
        return (self.caller, self.called_hz), (self.called, self.caller_hz)

    def forget(self) -> None:
        """Begin to listen anew at both ends."""
        for end, _ in self.ends:
            end.stream.forget()


@dataclass
class Phones:
    """Registered phones of the town. ``phone("101")`` makes one, with a tone of its own; closed with the context."""

    exchange: TestExchange | None
    agents: dict[str, SipAgent] = field(default_factory=dict)
    hz: dict[str, float] = field(default_factory=dict)
    taken: dict[str, asyncio.Queue[tuple[PhoneCall, bytes]]] = field(default_factory=dict)

    async def phone(self, extension: str, **options: Any) -> SoftPhone:
        """A registered phone that rings when called."""
        assert self.exchange is not None
        hz = 400.0 + 20 * (int(extension) % 50)
        options.setdefault("source", partial(Sine, hz))
        phone = SoftPhone(extension, TOWN.password(extension), TOWN.domain, self.exchange.target, **options)
        await self.add(extension, phone, hz)
        await phone.register()
        return phone

    async def outside(self, make_source: Callable[[int], Source] = lambda rate: Silence()) -> SipAgent:
        """The provider behind the town's outside line."""
        agent = SipAgent("provider", OUTSIDE, OUTSIDE_PORT, source=make_source)
        await self.add(OUTSIDE_NUMBER, agent, 0.0)
        return agent

    async def dial(self, caller: str, number: str) -> PhoneCall:
        """Have a phone call a number."""
        phone = self.agents[caller]
        assert isinstance(phone, SoftPhone)
        return await phone.dial(number)

    async def add(self, name: str, agent: SipAgent, hz: float) -> None:
        """Open a phone made elsewhere; it rings when called."""
        queue: asyncio.Queue[tuple[PhoneCall, bytes]] = asyncio.Queue()

        def take(call: PhoneCall, event: InviteReceived) -> None:
            call.ring()
            queue.put_nowait((call, event.request.body))

        agent.on_call = take
        await agent.open()
        self.agents[name], self.hz[name], self.taken[name] = agent, hz, queue

    async def incoming(self, name: str, timeout_s: float = 5.0) -> tuple[PhoneCall, bytes]:
        """The next call that rings there, with its offer."""
        return await asyncio.wait_for(self.taken[name].get(), timeout_s)

    async def connect(self, caller: str, called: str, number: str = "") -> Line:
        """Set a call up between two phones made before."""
        mine = await self.dial(caller, number or called)
        theirs, offer = await self.incoming(called)
        theirs.answer(offer)
        await mine.until("talking")
        return Line(mine, theirs, self.hz[caller], self.hz[called])


@asynccontextmanager
async def phones_on(exchange: TestExchange) -> AsyncIterator[Phones]:
    """Phones for the length of a test."""
    phones = Phones(exchange)
    try:
        yield phones
    finally:
        for agent in phones.agents.values():
            await agent.close()


@contextmanager
def exchange_in(directory: Path, **options: Any) -> Iterator[TestExchange]:
    """An exchange in service."""
    with TestExchange(directory, **options) as exchange:
        yield exchange


# --- listening -------------------------------------------------------------------------------------------------------


async def hears(call: PhoneCall, hz: float, window_s: float = 0.3, timeout_s: float = 5.0) -> None:
    """Wait until this end hears the tone for a whole window."""
    deadline = time.monotonic() + timeout_s
    while True:
        call.stream.forget()
        await asyncio.sleep(window_s)  # the window that is measured
        heard = call.stream.recorded(window_s)
        level = tone_level(heard, call.stream.rate, hz)
        if level > LOUD_DBM0 and gap_ms(heard, call.stream.rate, hz) <= 40:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"{call.agent.name} hears {level:.0f} dBm0 of {hz:.0f} Hz")


async def hears_something_else(call: PhoneCall, hz: float, window_s: float = 0.3, timeout_s: float = 5.0) -> None:
    """Wait until this end hears something, and not that tone."""
    deadline = time.monotonic() + timeout_s
    while True:
        call.stream.forget()
        await asyncio.sleep(window_s)  # the window that is measured
        heard = call.stream.recorded(window_s)
        if not is_silence(heard) and tone_level(heard, call.stream.rate, hz) < LOUD_DBM0:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"{call.agent.name} does not hear anything other than {hz:.0f} Hz")


def longest_gap_ms(call: PhoneCall, hz: float) -> float:
    """The longest gap in the tone since ``forget``: lost packets, silence, or packets that came late (beyond what this
    program itself was late by)."""
    heard = np.concatenate(list(call.stream.heard)) if call.stream.heard else np.zeros(0, np.int16)
    if not len(heard):
        return float("inf")
    waited = call.stream.waited_ms - 20 - call.stream.latest_ms
    return max(gap_ms(heard, call.stream.rate, hz), waited)


async def ask_in_call(call: PhoneCall, method: str, **options: Any) -> int:
    """Send a request inside a call; the status it is answered with."""
    return (await call.agent.ask_in_call(call.session, method, timeout_s=5.0, **options)).status
