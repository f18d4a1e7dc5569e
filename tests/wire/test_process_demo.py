"""``kiestoon demo`` as a newcomer meets it: the people outside, the menu, the commands that look inside."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from bench.peers.process import Daemon, PeerFailed, free_port, process_tree
from softphones import Phones, hears, rtp_range, run_kiestoon, title_of, until

from kiestoon.app.admin_client import ask
from kiestoon.app.demo.world import BUSY, ECHOES, LISTENS, OUTSIDE_NUMBERS, REJECTS, RINGS_OUT, SPEAKS
from kiestoon.app.softphone.agent import PhoneCall, PhoneProblem
from kiestoon.app.softphone.phone import SoftPhone
from kiestoon.app.softphone.rtp import Sine
from kiestoon.media.audio.measure import is_silence
from kiestoon.sip.flow import Target

DOMAIN = "kiestadt.example"
MAIN_NUMBER = "+31299800100"
HZ = {"101": 440.0, "102": 620.0}


class Demo:
    """The demo, running in a folder of its own; ``hep`` hears what it would send to HOMER."""

    def __init__(self, folder: Path) -> None:
        self.hep = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.hep.bind(("127.0.0.1", 0))
        self.port, self.web_port = free_port(), free_port()
        self.data = folder / "data"
        first, last = rtp_range(600)
        self.environment = {
            f"KIESTOON_{name}": str(value)
            for name, value in {
                "SIP_UDP": self.port, "SIP_TCP": self.port, "SIP_TLS": free_port(), "SIP_WS": free_port(),
                "SIP_WSS": free_port(), "SIP_HOSTS": "127.0.0.1", "WEB_PORT": self.web_port,
                "MEDIA_FIRST_PORT": first, "MEDIA_LAST_PORT": last, "DEMO_OUTSIDE_PORT": free_port(),
                "HEP_TARGET": f"127.0.0.1:{self.hep.getsockname()[1]}",
            }.items()
        }  # fmt: skip
        command = [sys.executable, "-m", "kiestoon.app.cli", "demo", "--data", str(self.data)]
        self.daemon = Daemon("demo", command, cwd=folder, env=self.environment)

    def start(self) -> None:
        self.daemon.start()
        self.daemon.wait_until(lambda: "Ctrl-C ends it." in self.output, 20, "the demo says it is ready")

    @property
    def output(self) -> str:
        return self.daemon.log_path.read_text()

    def password(self, extension: str) -> str:
        for line in (self.data / "demo-logins.txt").read_text().splitlines():
            if line.startswith(f"{extension} "):
                return line.split()[2]
        raise PeerFailed(f"no login of {extension}")

    def child(self, name: str) -> int:
        return next(pid for pid in process_tree(self.daemon.pid) if title_of(pid) == f"kiestoon: {name}")

    def run(self, *arguments: str, timeout_s: float = 30.0) -> CompletedProcess[str]:
        config = ("--config", str(self.data / "kiestoon.toml"))
        return run_kiestoon(*config, *arguments, environment=self.environment, timeout_s=timeout_s)

    async def cli(self, *arguments: str) -> str:
        """The output of a command that must succeed."""
        return await asyncio.to_thread(self.succeed, *arguments)

    def succeed(self, *arguments: str) -> str:
        """The same, without letting the phones speak meanwhile. What went wrong is told whole: an empty output says
        nothing of why."""
        done = self.run(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), f"{arguments}: {done.returncode}, {done.stdout}{done.stderr}"
        return done.stdout

    async def call_in(self, *arguments: str) -> str:
        done = await asyncio.to_thread(
            run_kiestoon, "demo", "--data", str(self.data), "call-in", *arguments, environment=self.environment
        )
        return done.stdout + done.stderr

    def last_call(self) -> dict[str, Any]:
        """The newest record."""
        record: dict[str, Any] = json.loads(self.succeed("calls", "--history", "--json"))[0]
        return record

    def fetch(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web_port}{path}", timeout=3) as answer:
            return answer.read().decode()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = Demo(tmp_path_factory.mktemp("demo"))
    with closing(running.hep):
        running.start()
        try:
            yield running
        finally:
            running.daemon.stop(8)


@pytest.fixture
async def phones(demo: Demo) -> AsyncIterator[Phones]:
    """Phones 101 and 102 of the sample company, logged in with what the demo printed."""
    found = Phones(None)
    for extension, hz in HZ.items():
        server = Target("udp", "127.0.0.1", demo.port)
        phone = SoftPhone(extension, demo.password(extension), DOMAIN, server, source=partial(Sine, hz))
        await found.add(extension, phone, hz)
        await phone.register()
    yield found
    for agent in found.agents.values():
        assert isinstance(agent, SoftPhone)
        await agent.register(expires_s=0)
        await agent.close()


def waiting_in(sock: socket.socket) -> list[bytes]:
    """The datagrams that have arrived."""
    found = []
    sock.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            found.append(sock.recv(65536))
    return found


async def heard(call: PhoneCall, what: Callable[[], bool]) -> None:
    """Wait for packets that bring something about."""
    await until(what, f"{call.agent.name} hears it", 10)


def outside(number: str) -> str:
    """As somebody in the town hall dials it."""
    return "00" + number[3:]


async def test_the_banner_says_how_to_connect(demo: Demo) -> None:
    for text in (
        DOMAIN,
        f":{demo.port}",
        demo.password("101"),
        "/metrics",
        "demo-logins.txt",
        *map(outside, OUTSIDE_NUMBERS),
    ):
        assert text in demo.output
    assert oct((demo.data / "demo-logins.txt").stat().st_mode & 0o777) == "0o600"


async def test_outside_somebody_speaks(phones: Phones) -> None:
    call = await phones.dial("101", outside(SPEAKS))
    await call.until("talking")
    await heard(call, lambda: not is_silence(call.stream.recorded(0.5)))
    await call.hang_up()


async def test_outside_somebody_echoes(phones: Phones) -> None:
    call = await phones.dial("101", outside(ECHOES))
    await call.until("talking")
    await hears(call, HZ["101"])
    await call.hang_up()


async def test_outside_somebody_listens_in_silence(phones: Phones) -> None:
    call = await phones.dial("101", outside(LISTENS))
    await call.until("talking")
    call.stream.forget()
    await heard(call, lambda: call.stream.packets_received >= 25)
    assert is_silence(call.stream.recorded(0.5))
    await call.hang_up()


@pytest.mark.parametrize(("number", "status"), [(BUSY, 486), (REJECTS, 603), ("+31205550999", 404)])
async def test_outside_calls_fail_as_announced(phones: Phones, number: str, status: int) -> None:
    call = await phones.dial("101", outside(number))
    with pytest.raises(PhoneProblem, match=str(status)):
        await call.until("talking")
    assert call.status == status


async def test_outside_a_phone_rings_and_nobody_comes(phones: Phones, demo: Demo) -> None:
    call = await phones.dial("101", outside(RINGS_OUT))
    await call.until("ringing")
    (live,) = json.loads(await demo.cli("calls", "--json"))
    assert (live["caller"], live["dialled"]) == ("101", outside(RINGS_OUT))
    await call.hang_up()
    assert call.status in (0, 487)


async def test_a_call_from_outside_meets_the_menu(demo: Demo) -> None:
    said = await demo.call_in()
    assert "answered" in said
    assert MAIN_NUMBER in said
    (live,) = json.loads(await demo.cli("calls", "--json"))
    assert (live["state"], live["codec"]) == ("service", "PCMA")
    ladder = await demo.cli("trace", live["call"])
    assert "INVITE" in ladder
    assert "200 OK (INVITE)" in ladder
    await demo.cli("hang-up", live["call"])
    await until(lambda: demo.last_call()["call_id"] == live["call"], "its record")
    assert (demo.last_call()["direction"], demo.last_call()["ended_by"]) == ("in", "exchange")


async def test_a_call_from_outside_to_somebodys_own_number_rings_there(phones: Phones, demo: Demo) -> None:
    calling = asyncio.create_task(demo.call_in("+31299800101"))
    theirs, offer = await phones.incoming("101")
    theirs.answer(offer)
    await heard(theirs, lambda: not is_silence(theirs.stream.recorded(0.5)))
    assert "answered" in await calling
    await theirs.hang_up()
    await until(lambda: demo.last_call()["dialled"].endswith("299800101"), "its record")
    assert (demo.last_call()["direction"], demo.last_call()["ended_by"]) == ("in", "callee")


async def test_an_extension_keyed_into_the_menu_is_connected(phones: Phones, demo: Demo) -> None:
    call = await phones.dial("101", "100")
    await call.until("talking")
    await heard(call, lambda: not is_silence(call.stream.recorded(0.3)))
    call.send_digits("102")
    theirs, offer = await phones.incoming("102")
    theirs.answer(offer)
    await hears(call, HZ["102"])
    await hears(theirs, HZ["101"])
    live = json.loads(await demo.cli("calls", "--json"))[0]["call"]
    await call.hang_up()
    await theirs.until("ended")
    ladder = await demo.cli("trace", live)
    assert ladder.count("BYE") >= 2
    whole = await demo.cli("trace", live, "--full")
    assert "Digest" in whole
    for login in ("101", "102"):
        assert demo.password(login) not in whole
    digests = [line for line in whole.splitlines() if line.startswith(("Proxy-Authorization:", "Authorization:"))]
    assert digests
    assert all('response="***"' in line or "response=***" in line for line in digests), digests
    messages = json.loads(await demo.cli("trace", live, "--json"))
    assert {message["way"] for message in messages} == {"in", "out"}


async def test_registrations_are_listed(phones: Phones, demo: Demo) -> None:
    rows = json.loads(await demo.cli("registrations", "--json"))
    assert {row["username"] for row in rows} == {"101", "102"}
    assert {row["domain"] for row in rows} == {DOMAIN}
    assert "101" in await demo.cli("registrations")


async def test_health_and_figures_are_served(phones: Phones, demo: Demo) -> None:
    assert json.loads(await asyncio.to_thread(demo.fetch, "/health"))["status"] == "ok"
    figures = await asyncio.to_thread(demo.fetch, "/metrics")
    for line in (
        "kiestoon_up 1.0",
        "kiestoon_registrations 2.0",
        'kiestoon_media_contexts{media="0"} 0.0',
        'kiestoon_media_connected{media="0"} 1.0',
    ):
        assert line in figures


async def test_homer_gets_every_message_without_secrets(phones: Phones, demo: Demo) -> None:
    packets = waiting_in(demo.hep)
    assert all(packet.startswith(b"HEP3") for packet in packets)
    registers = [packet for packet in packets if b"REGISTER sip:" in packet and b"Authorization: " in packet]
    assert registers
    assert not any(b'response="' in packet and b'response="***"' not in packet for packet in registers)


async def test_the_self_test_passes_and_notices_what_is_wrong(demo: Demo) -> None:
    said = await demo.cli("selftest")
    assert "The exchange works." in said
    media = demo.child("media 0")
    os.kill(media, signal.SIGSTOP)
    try:
        broken = await asyncio.to_thread(demo.run, "selftest")
    finally:
        os.kill(media, signal.SIGCONT)
    assert broken.returncode != 0
    assert "Traceback" not in broken.stderr
    assert broken.stderr.startswith("kiestoon: Self-test: ")
    assert "hears the other's tone" in broken.stderr


async def test_without_an_exchange_the_commands_say_so(tmp_path: Path) -> None:
    environment = {"KIESTOON_DATA_DIR": str(tmp_path)}
    (tmp_path / "empty.toml").write_text("")
    for command in ("selftest", "registrations", "calls"):
        done = await asyncio.to_thread(
            run_kiestoon, "--config", str(tmp_path / "empty.toml"), command, environment=environment
        )
        assert done.returncode == 69
        assert done.stderr.startswith("kiestoon: No exchange is running here")


async def test_nothing_went_wrong_meanwhile(demo: Demo) -> None:
    socket_path = demo.data / "run" / "admin.sock"
    await until(lambda: not any(ask(socket_path, "inventory").values()), f"empty: {ask(socket_path, 'inventory')}", 3)
    whole, _, _ = demo.output.rpartition("\n")  # the last line may be half written
    lines = [line for line in whole.splitlines() if line.startswith("{")]
    bad = [line for line in lines if json.loads(line)["level"] in ("error", "critical") or "Traceback" in line]
    assert bad == []
