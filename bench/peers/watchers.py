"""Many watching phones in one process and on one socket: they subscribe with digest and answer every NOTIFY.

One more thing they can do: one of them is registered, rings when it is called, and so makes a lamp change at a known
moment.
"""

from __future__ import annotations

import hashlib
import os
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable

from bench.peers.phone import challenge_of
from bench.peers.process import PeerFailed

SO_TIMESTAMPNS = 35
_timespec = struct.Struct("@ll")
COPIED = (b"via:", b"from:", b"to:", b"call-id:", b"cseq:", b"record-route:")


class WatchBank:
    """``notified``: when each subscription (by Call-ID) got its last NOTIFY; ``arrivals``: when each NOTIFY came;
    ``questions``: when each OPTIONS was sent, ``round_trips`` how long its answer took."""

    def __init__(self, server: tuple[str, int], domain: str, port: int, host: str = "127.0.0.1") -> None:
        self.server, self.domain = server, domain
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self.socket.setsockopt(socket.SOL_SOCKET, option, 64 << 20)
        self.socket.bind((host, port))
        self.host, self.port = host, port
        self.socket.setblocking(False)
        self.notified: dict[bytes, float] = {}
        self.arrivals: list[float] = []
        self.accepted = 0
        self.questions: dict[bytes, float] = {}
        self.round_trips: list[float] = []
        self._asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._asking.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._asking.bind((host, 0))
        self._asking.setblocking(False)
        self.ringing_at = 0.0
        self.rings = 0
        self._nonces: dict[str, tuple[dict[str, str], int]] = {}
        self._open: dict[bytes, tuple[str, str, str]] = {}
        self._serial = 0

    def close(self) -> None:
        self.socket.close()

    def ask(self) -> None:
        """Send an OPTIONS: how long its answer takes is how long the exchange is busy with other things."""
        self._serial += 1
        call_id = b"q%d" % self._serial
        host, port = self._asking.getsockname()
        text = (
            f"OPTIONS sip:{self.domain} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bKq{self._serial}\r\n"
            f"From: <sip:q@{self.host}>;tag=q\r\nTo: <sip:{self.domain}>\r\nCall-ID: {call_id.decode()}\r\n"
            f"CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        self.questions[call_id] = time.time()
        self._asking.sendto(text.encode(), self.server)

    def take_answers(self) -> None:
        """Read the answers; the kernel has noted when each came."""
        while True:
            try:
                data, ancillary, _, _ = self._asking.recvmsg(65536, 64)
            except BlockingIOError:
                return
            seconds, nanoseconds = _timespec.unpack(ancillary[0][2])
            asked_at = self.questions.pop(_header(data, b"call-id:"), None)
            if asked_at is not None:
                self.round_trips.append(seconds + nanoseconds / 1e9 - asked_at)

    # --- subscribing -------------------------------------------------------------------------------------------------

    def subscribe_all(
        self, wanted: Iterable[tuple[str, str, str]], *, at_once: int = 100, timeout_s: float = 600
    ) -> None:
        """Subscribe (login, password, what to watch) to "dialog", so many under way at a time."""
        waiting = deque(wanted)
        end = time.monotonic() + timeout_s
        while waiting or self._open:
            while waiting and len(self._open) < at_once:
                self._subscribe(*waiting.popleft())
            before = self.accepted + len(self._nonces)
            self.pump(lambda before=before: self.accepted + len(self._nonces) > before, 1.0)
            if time.monotonic() > end:
                raise PeerFailed(f"{len(self._open)} SUBSCRIBEs unanswered, {len(waiting)} not sent")

    def _subscribe(self, user: str, password: str, name: str, call_id: bytes = b"") -> None:
        self._serial += 1
        call_id = call_id or b"w%d-%s-%s" % (self._serial, user.encode(), name.encode())
        self._open[call_id] = (user, password, name)
        uri = f"sip:{name}@{self.domain}"
        text = (
            f"SUBSCRIBE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bKw{self._serial}\r\n"
            f"From: <sip:{user}@{self.domain}>;tag=t\r\nTo: <{uri}>\r\nCall-ID: {call_id.decode()}\r\n"
            f"CSeq: {self._serial} SUBSCRIBE\r\nContact: <sip:{user}@{self.host}:{self.port}>\r\nEvent: dialog\r\n"
            f"Expires: 3600\r\nMax-Forwards: 70\r\n{self._login(user, password, uri)}Content-Length: 0\r\n\r\n"
        )
        self.socket.sendto(text.encode(), self.server)

    def _login(self, user: str, password: str, uri: str) -> str:
        known = self._nonces.get(user)
        if known is None:
            return ""
        challenge, count = known
        self._nonces[user] = challenge, count + 1
        algorithm = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[challenge["algorithm"]]
        nc, cnonce = f"{count:08x}", os.urandom(4).hex()

        def digest(text: str) -> str:
            return algorithm(text.encode()).hexdigest()

        inner, outer = digest(f"{user}:{challenge['realm']}:{password}"), digest(f"SUBSCRIBE:{uri}")
        response = digest(f"{inner}:{challenge['nonce']}:{nc}:{cnonce}:auth:{outer}")
        opaque = f', opaque="{challenge["opaque"]}"' if "opaque" in challenge else ""
        return (
            f'Proxy-Authorization: Digest username="{user}", realm="{challenge["realm"]}", '
            f'nonce="{challenge["nonce"]}", uri="{uri}", response="{response}", algorithm={challenge["algorithm"]}, '
            f'qop=auth, nc={nc}, cnonce="{cnonce}"{opaque}\r\n'
        )

    # --- receiving ---------------------------------------------------------------------------------------------------

    def pump(self, until: Callable[[], bool], timeout_s: float) -> bool:
        """Treat what comes until a condition holds; False when it did not within the time."""
        end = time.monotonic() + timeout_s
        while not until():
            left_s = end - time.monotonic()
            if left_s <= 0:
                return False
            select.select([self.socket], [], [], left_s)
            self._drain()
        return True

    def _drain(self) -> None:
        for _ in range(200):
            try:
                data = self.socket.recv(65536)
            except BlockingIOError:
                return
            if data.startswith(b"NOTIFY"):
                self._notify(data)
            elif data.startswith(b"SIP/2.0"):
                self._response(data)
            elif data.startswith((b"INVITE", b"CANCEL", b"OPTIONS", b"BYE")):
                self._called(data)

    def _notify(self, data: bytes) -> None:
        now = time.monotonic()
        call_id = _header(data, b"call-id:")
        self.notified[call_id] = now
        self.arrivals.append(now)
        self.socket.sendto(_answer(data, b"200 OK"), self.server)

    def _response(self, data: bytes) -> None:
        status = int(data[8:11])
        if status < 200 or not _header(data, b"cseq:").endswith(b"SUBSCRIBE"):
            return
        call_id = _header(data, b"call-id:")
        asked = self._open.pop(call_id, None)
        if asked is None:
            return
        if status == 407:
            self._nonces[asked[0]] = challenge_of(data.decode()), 1
            self._subscribe(*asked, call_id=call_id)
        elif status == 200:
            self.accepted += 1
        else:
            raise PeerFailed(f"SUBSCRIBE of {asked[0]} to {asked[2]}: {data[:60]!r}")

    def _called(self, data: bytes) -> None:
        """Ring; when the caller gives up, stop."""
        if data.startswith(b"INVITE"):
            self._invite = data
            self.socket.sendto(_answer(data, b"180 Ringing", b";tag=ring"), self.server)
            self.ringing_at = time.monotonic()
            self.rings += 1
            return
        self.socket.sendto(_answer(data, b"200 OK"), self.server)
        if data.startswith(b"CANCEL"):
            self.socket.sendto(_answer(self._invite, b"487 Request Terminated", b";tag=ring"), self.server)


def _header(data: bytes, name: bytes) -> bytes:
    for line in data.split(b"\r\n"):
        if line[: len(name)].lower() == name:
            return line[len(name) :].strip()
        if not line:
            break
    return b""


def _answer(data: bytes, status: bytes, tag: bytes = b"") -> bytes:
    lines = [b"SIP/2.0 " + status]
    for line in data.split(b"\r\n")[1:]:
        if not line:
            break
        lower = line[:14].lower()
        if lower.startswith(COPIED):
            lines.append(line + tag if tag and lower.startswith(b"to:") and b";tag=" not in line else line)
    return b"\r\n".join([*lines, b"Contact: <sip:ring@127.0.0.1>", b"Content-Length: 0", b"", b""])
