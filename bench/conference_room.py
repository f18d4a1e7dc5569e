"""A conference room of 100 members who all talk, through the whole exchange: processor time per member.

Members call in over an outside line, are welcomed and let in; then each sends G.711, and hears the other 99. Going in
is measured at the control process, talking at the media process, which has the server core to itself.
"""

from __future__ import annotations

import argparse
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.lib.exchange import Exchange, Site
from bench.lib.results import Result, table
from bench.lib.systems import LOAD_CORE, SERVER_CORE
from bench.peers.process import PeerFailed, cpu_s, free_port
from bench.rtp_load import Address, measure_relay
from kiestoon.company.model import ConferenceRoom, Number
from kiestoon.store.write import Changes

CORE = 1
ROOM, NUMBER = "800", "+31209000800"
STEPS = (10, 25, 50, 100)
ENTRY_S, POLL_S = 90.0, 1.0
_MEDIA = re.compile(rb"^m=audio (\d+)", re.MULTILINE)
SITE = Site(
    name="Bench",
    domain="bench.example",
    extensions=("101",),
    trunks=({"name": "load", "kind": "peer", "host": "127.0.0.1", "sources": ("127.0.0.1",)},),
)


def _fill(changes: Changes) -> None:
    changes.add(ConferenceRoom(id=0, company_id=1, extension=ROOM, name="Bench"))
    changes.add(Number(id=0, company_id=1, e164=NUMBER, extension=ROOM))


class Callers:
    """Parties outside that call the room from one socket, with their speech at one address."""

    def __init__(self, server: Address, speech: Address) -> None:
        self._server, self._speech = server, speech
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self._sock.settimeout(5.0)
        self.destinations: list[Address] = []

    def close(self) -> None:
        """Answer nothing any more."""
        self._sock.close()

    def call(self) -> None:
        """One more calls, and is answered; ``destinations`` grows by where its speech goes."""
        number = len(self.destinations)
        self._send("INVITE", number, "", self._offer())
        while True:
            answer = self._sock.recv(65_535)
            if not answer.startswith(b"SIP/2.0") or f"call-{number}@".encode() not in answer:
                continue
            status = int(answer[8:11])
            if status >= 300:
                raise PeerFailed(f"call {number} was refused: {answer[:200]!r}")
            if status == 200:
                break
        port = _MEDIA.search(answer)
        tag = re.search(rb"^To:.*;tag=([^;\r\n]+)", answer, re.MULTILINE)
        if port is None or tag is None:
            raise PeerFailed("an answer without speech or tag")
        self._send("ACK", number, f";tag={tag[1].decode()}", "")
        self.destinations.append(("127.0.0.1", int(port[1])))

    def _offer(self) -> str:
        host, port = self._speech
        return (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        )

    def _send(self, method: str, number: int, to_tag: str, body: str) -> None:
        host, port = self._sock.getsockname()
        kind = "Content-Type: application/sdp\r\n" if body else ""
        server = f"{self._server[0]}:{self._server[1]}"
        self._sock.sendto(
            (
                f"{method} sip:{NUMBER}@{server} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{method}{number}\r\n"
                f"From: <sip:+3161234{number:04}@{host}>;tag=c{number}\r\nTo: <sip:{NUMBER}@{server}>{to_tag}\r\n"
                f"Call-ID: call-{number}@bench\r\nCSeq: 1 {method}\r\nContact: <sip:load@{host}:{port}>\r\n"
                f"Max-Forwards: 70\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
            ).encode(),
            self._server,
        )


@contextmanager
def running() -> Iterator[tuple[Exchange, int, int]]:
    """The exchange with its control and media processes: the latter alone on the server core."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        ports = range(33_000, 34_000)
        with Exchange(
            Path(folder), [SITE], fill=_fill, control_core=LOAD_CORE, media_core=SERVER_CORE, media_ports=ports
        ) as exchange:
            yield exchange, exchange.control_pid, exchange.media_pid


def members(exchange: Exchange) -> int:
    """How many are in the room."""
    return sum(len(room["members"]) for room in exchange.ask("live_rooms", company_id=1))


def packets_sent(exchange: Exchange) -> float:
    """By the media process, so far."""
    return sum(float(each["value"]) for each in exchange.ask("metrics") if each["name"] == "media_packets_sent")


def wait_for_members(exchange: Exchange, size: int) -> None:
    """Ask seldom: asking costs what is being measured."""
    for _ in range(int(ENTRY_S / POLL_S)):
        time.sleep(POLL_S)
        if members(exchange) == size:
            return
    raise PeerFailed(f"{size} members are not in the room within {ENTRY_S:g} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of talking at each size")
    parser.add_argument("--steps", type=int, nargs="*", default=STEPS)
    options = parser.parse_args()
    rows = []
    with running() as (exchange, control, media):
        speech = ("127.0.0.1", free_port())
        callers = Callers(exchange.address, speech)
        for size in options.steps:
            before, already = cpu_s(control), len(callers.destinations)
            while len(callers.destinations) < size:
                callers.call()
            wait_for_members(exchange, size)
            entry_ms = (cpu_s(control) - before) * 1000 / (size - already)
            sent: list[tuple[float, float]] = []

            def look(sent: list[tuple[float, float]] = sent) -> float:
                """At both ends of the counted time."""
                sent.append((time.monotonic(), packets_sent(exchange)))
                return cpu_s(media)

            report = measure_relay(speech, callers.destinations, options.seconds, core=LOAD_CORE, relay_cpu_s=look)
            heard = (sent[-1][1] - sent[0][1]) / (sent[-1][0] - sent[0][0]) / size
            share = report.relay_cores * 100
            rows.append((str(size), share, share / size, heard, entry_ms))
        callers.close()
        exchange.ask("operate_room", company_id=1, extension=ROOM, operation="end")
    print("\nOne room, everybody talks\n")
    print(
        table(
            ("members", "media core %", "media core % per member", "packets to each per s", "ms of control to go in"),
            rows,
        )
    )
    _, share, each, _, entry_ms = rows[-1]
    print(Result("conference_room_member", each, "% of a core"))
    print(Result("conference_room", share, "% of a core"))
    print(Result("conference_room_entry", entry_ms, "ms"))


if __name__ == "__main__":
    main()
