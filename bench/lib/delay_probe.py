"""Measures post-dial delay through a SIP server under load: INVITE in → INVITE out, by the kernel's own clock.

A caller and a called phone in one small process make calls of their own beside the load. The time in is taken just
before ``sendto`` (delivery over loopback is synchronous); the time out is the kernel's receive timestamp of the INVITE
at the called side, so this process being late itself does not count. Calls are matched by the last digits of the
caller's number, which any back-to-back user agent passes on.

Run as a program: prints one JSON object with ``delays_ms``, ``sent``, ``arrived``, ``answered``.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import selectors
import socket
import struct
import sys
import time

SO_TIMESTAMPNS = 35  # asm-generic/socket.h; not in Python's socket module
_HEADER = re.compile(rb"^(Via|v|From|f|To|t|Call-ID|i|CSeq|Record-Route|Contact|m)\s*:\s*(.*)$", re.IGNORECASE)
_LONG = {b"v": b"via", b"f": b"from", b"t": b"to", b"i": b"call-id", b"m": b"contact"}
_DIGITS = re.compile(rb"sips?:\+?(\d+)@")
_URI = re.compile(rb"<([^>]+)>")

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 19998 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)


class Probe:
    """One caller socket and one called socket. ``callee`` is user@host of the request URI."""

    def __init__(self, server: tuple[str, int], callee: str, domain: str, caller_port: int, called_port: int) -> None:
        self.server = server
        self.callee = callee
        self.domain = domain
        self.caller = _socket(caller_port)
        self.called = _socket(called_port)
        self.caller_port, self.called_port = caller_port, called_port
        self.sent_ns: dict[int, int] = {}
        self.delays_ms: list[float] = []
        self.answered = 0
        self._number = random.randrange(1000, 500_000)

    def run(self, rate: float, seconds: float) -> dict[str, object]:
        """Make calls at random moments, ``rate`` a second on average, and wait a second for the last ones."""
        selector = selectors.DefaultSelector()
        selector.register(self.caller, selectors.EVENT_READ, self._on_caller)
        selector.register(self.called, selectors.EVENT_READ, self._on_called)
        end = time.monotonic() + seconds
        due = time.monotonic()
        while (now := time.monotonic()) < end + 1.0:
            if due <= now < end:
                self._invite()
                due = max(due + random.expovariate(rate), now - 0.1)
            wait_s = max(0.0, min(due, end) - now) if now < end else 0.1
            for key, _ in selector.select(wait_s):
                key.data()
        return {
            "delays_ms": self.delays_ms,
            "sent": len(self.sent_ns),
            "arrived": len(self.delays_ms),
            "answered": self.answered,
        }

    def _invite(self) -> None:
        self._number += 1
        number = self._number
        message = (
            f"INVITE sip:{self.callee} SIP/2.0\r\nVia: {self._via(f'i{number}')}\r\n{self._from(number)}\r\n"
            f"To: <sip:{self.callee}>\r\nCall-ID: probe-{number}@127.0.0.1\r\nCSeq: 1 INVITE\r\n"
            f"Contact: <sip:probe@127.0.0.1:{self.caller_port}>\r\nMax-Forwards: 70\r\nSupported: timer\r\n"
            f"Allow: INVITE, ACK, CANCEL, BYE\r\n"
            f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n\r\n{SDP}"
        ).encode()
        self.sent_ns[number] = time.time_ns()
        self.caller.sendto(message, self.server)

    def _via(self, branch: str) -> str:
        return f"SIP/2.0/UDP 127.0.0.1:{self.caller_port};rport;branch=z9hG4bK{branch}"

    def _from(self, number: int) -> str:
        return f"From: <sip:+31201{number:06d}@{self.domain}>;tag=p{number}"

    def _on_caller(self) -> None:
        data, source = self.caller.recvfrom(65535)
        headers = _headers(data)
        cseq = headers.get(b"cseq", [b""])[0]
        if not data.startswith(b"SIP/2.0 "):
            self.caller.sendto(_reply(b"SIP/2.0 200 OK", headers), source)  # OPTIONS or BYE from the server
            return
        status = int(data[8:11])
        if not cseq.endswith(b"INVITE") or status < 200:
            return
        number = int(headers[b"call-id"][0].split(b"-")[1].split(b"@")[0])
        to = headers[b"to"][0].decode()
        if status >= 300:
            self._in_dialog("ACK", 1, number, f"sip:{self.callee}", to, [], f"i{number}")
            return
        self.answered += 1
        match = _URI.search(headers[b"contact"][0])
        target = match[1].decode() if match else f"sip:{self.callee}"
        routes = [route.decode() for route in reversed(headers.get(b"record-route", []))]
        self._in_dialog("ACK", 1, number, target, to, routes, f"a{number}")
        self._in_dialog("BYE", 2, number, target, to, routes, f"b{number}")

    def _in_dialog(
        self, method: str, cseq: int, number: int, target: str, to: str, routes: list[str], branch: str
    ) -> None:
        route = "".join(f"Route: {each}\r\n" for each in routes)
        message = (
            f"{method} {target} SIP/2.0\r\nVia: {self._via(branch)}\r\n{route}{self._from(number)}\r\nTo: {to}\r\n"
            f"Call-ID: probe-{number}@127.0.0.1\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\n"
            "Content-Length: 0\r\n\r\n"
        )
        self.caller.sendto(message.encode(), self.server)

    def _on_called(self) -> None:
        data, ancillary, _, source = self.called.recvmsg(65535, 64)
        headers = _headers(data)
        if data.startswith(b"INVITE "):
            arrived_ns = _kernel_time_ns(ancillary)
            if (match := _DIGITS.search(headers[b"from"][0])) and (sent_ns := self.sent_ns.get(int(match[1][-6:]))):
                self.delays_ms.append((arrived_ns - sent_ns) / 1e6)
            extra = f"Contact: <sip:probe@127.0.0.1:{self.called_port}>\r\nContent-Type: application/sdp\r\n".encode()
            self.called.sendto(_reply(b"SIP/2.0 200 OK", headers, extra, SDP.encode()), source)
        elif not data.startswith((b"ACK ", b"SIP/2.0")):
            self.called.sendto(_reply(b"SIP/2.0 200 OK", headers), source)


def _socket(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.bind(("127.0.0.1", port))
    return sock


def _kernel_time_ns(ancillary: list[tuple[int, int, bytes]]) -> int:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("qq", data[:16])
            return int(seconds * 1_000_000_000 + nanoseconds)
    return time.time_ns()


def _headers(data: bytes) -> dict[bytes, list[bytes]]:
    """The few headers a reply or an in-dialog request needs, by lower-case long name."""
    found: dict[bytes, list[bytes]] = {}
    for line in data.split(b"\r\n\r\n", 1)[0].split(b"\r\n")[1:]:
        if match := _HEADER.match(line):
            name = match[1].lower()
            found.setdefault(_LONG.get(name, name), []).append(match[2].strip())
    return found


def _reply(start: bytes, headers: dict[bytes, list[bytes]], extra: bytes = b"", body: bytes = b"") -> bytes:
    lines = [start]
    for name, wire in ((b"via", b"Via"), (b"record-route", b"Record-Route"), (b"from", b"From"), (b"to", b"To"),
                       (b"call-id", b"Call-ID"), (b"cseq", b"CSeq")):  # fmt: skip
        for value in headers.get(name, ()):
            tagged = value + b";tag=probe" if name == b"to" and b";tag=" not in value else value
            lines.append(wire + b": " + tagged)
    return b"\r\n".join(lines) + b"\r\n" + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body


def main() -> None:
    """Run one measurement and print it."""
    parser = argparse.ArgumentParser()
    for option in ("server", "callee", "domain"):
        parser.add_argument(f"--{option}", required=True)
    for option in ("caller-port", "called-port"):
        parser.add_argument(f"--{option}", required=True, type=int)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=5.0)
    args = parser.parse_args()
    host, _, port = args.server.rpartition(":")
    probe = Probe((host, int(port)), args.callee, args.domain, args.caller_port, args.called_port)
    json.dump(probe.run(args.rate, args.seconds), sys.stdout)


if __name__ == "__main__":
    main()
