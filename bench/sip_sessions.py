"""CPU time of one two-leg call inside ``sip/``: a caller's session answered, a callee's placed, both ended.

Four endpoints in memory would measure the phones too, so the phones are recordings: what they send is prepared as
bytes from templates beforehand, and only the exchange's endpoint runs in the measured part, parsing included: INVITE,
100, 180, 200, ACK, BYE, 200 on each leg.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "sim"))

from network import FakeLocal

from kiestoon.sip import events
from kiestoon.sip.endpoint import Endpoint
from kiestoon.sip.flow import Flow, Send
from kiestoon.sip.parse import parse_message
from kiestoon.sip.tokens import Tokens

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 0 101\r\n"
    b"a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)
CALLER = Flow("udp", "192.0.2.9", 5060, "192.0.2.1", 5060, 1)
CALLEE = Flow("udp", "192.0.2.9", 5060, "192.0.2.2", 5060, 1)


def from_caller(method: str, number: int, cseq: int, to_tag: str = "", body: bytes = b"") -> bytes:
    to = f"<sip:201@kiestad.example>{f';tag={to_tag}' if to_tag else ''}"
    head = (
        f"{method} sip:201@kiestad.example SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{number:08d}{method}{cseq};rport\r\n"
        f'From: "Anna de Vries" <sip:200@kiestad.example>;tag=f{number}\r\nTo: {to}\r\nCall-ID: c{number}@192.0.2.1\r\n'
        f"CSeq: {cseq} {method}\r\nMax-Forwards: 70\r\nContact: <sip:200@192.0.2.1:5060>\r\n"
        "Allow: INVITE, ACK, OPTIONS, CANCEL, BYE, SUBSCRIBE, NOTIFY, INFO, REFER, UPDATE\r\n"
        "Supported: replaces, 100rel, timer\r\nUser-Agent: Yealink SIP-T46U 108.86.0.20\r\n"
        f"{'Content-Type: application/sdp' + chr(13) + chr(10) if body else ''}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def from_callee(request: bytes, status: str, number: int, body: bytes = b"") -> bytes:
    lines = [line for line in request.split(b"\r\n") if line.startswith((b"Via", b"From", b"Call-ID", b"CSeq"))]
    lines.append(b"To: <sip:201@192.0.2.2>;tag=t%d" % number)
    head = f"SIP/2.0 {status}\r\n".encode() + b"\r\n".join(lines)
    head += b"\r\nContact: <sip:201@192.0.2.2:5060>\r\nAllow: INVITE, ACK, BYE, CANCEL, UPDATE\r\nSupported: timer\r\n"
    if body:
        head += b"Content-Type: application/sdp\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Exchange:
    """Two legs of one endpoint and a stop-watch that runs only inside it."""

    def __init__(self) -> None:
        source = random.Random(1)
        self.endpoint = Endpoint(FakeLocal("192.0.2.9"), Tokens(source), source=source)
        self.now = 1000.0
        self.spent_s = 0.0
        self.gc_started = 0.0

    def take(self, data: bytes, flow: Flow) -> tuple[list[object], list[bytes]]:
        endpoint = self.endpoint
        self.now += 0.0001
        start = time.perf_counter()
        endpoint.receive(parse_message(data), flow, self.now)
        deadline = endpoint.next_deadline()
        if deadline is not None and deadline <= self.now:
            endpoint.handle_timers(self.now)
        found, sent = endpoint.events(), endpoint.outputs()
        self.spent_s += time.perf_counter() - start
        return found, [output.data for output in sent if isinstance(output, Send)]

    def run(self, command: object, *arguments: object, **options: object) -> tuple[object, list[bytes]]:
        start = time.perf_counter()
        result = command(*arguments, **options)
        sent = self.endpoint.outputs()
        self.spent_s += time.perf_counter() - start
        return result, [output.data for output in sent if isinstance(output, Send)]

    def call(self, number: int) -> None:
        found, _ = self.take(from_caller("INVITE", number, 1, body=SDP), CALLER)
        caller = next(event for event in found if isinstance(event, events.InviteReceived)).session
        self.run(caller.trying, self.now)
        callee, sent = self.run(
            self.endpoint.invite, self.now, uri="sip:201@192.0.2.2:5060", to="<sip:201@kiestad.example>",
            from_='"Anna de Vries" <sip:200@kiestad.example>', destination=(CALLEE,), body=SDP,
        )  # fmt: skip
        invite = sent[0]
        self.take(from_callee(invite, "100 Trying", number), CALLEE)
        self.take(from_callee(invite, "180 Ringing", number), CALLEE)
        self.run(caller.progress, self.now, 180)
        found, sent = self.take(from_callee(invite, "200 OK", number, SDP), CALLEE)
        assert sent[0].startswith(b"ACK"), sent
        self.run(caller.accept, self.now, SDP)
        self.take(from_caller("ACK", number, 1, caller.local_tag), CALLER)
        found, sent = self.take(from_caller("BYE", number, 2, caller.local_tag), CALLER)
        assert isinstance(found[-1], events.Ended)
        _, sent = self.run(callee.bye, self.now)
        found, _ = self.take(from_callee(sent[0], "200 OK", number), CALLEE)
        assert isinstance(found[-1], events.Ended)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    exchange = Exchange()
    for number in range(300):
        exchange.call(number)
    if options.profile:
        import cProfile
        import pstats

        profile = cProfile.Profile()
        profile.enable()
        for number in range(300, 1300):
            exchange.call(number)
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        return
    batches = []
    for start in range(300, 300 + options.calls, 200):
        exchange.spent_s = 0.0
        for number in range(start, start + 200):
            exchange.call(number)
        batches.append(exchange.spent_s / 200 * 1e6)
    print(f"best batch {min(batches):.0f} us, worst {max(batches):.0f} us, {len(batches)} batches of 200 calls")
    print(f"left over: {exchange.endpoint.counts()}")
    print(f"sip_sessions: {statistics.median(batches):.0f} us")


if __name__ == "__main__":
    main()
