"""A scripted phone over WebSocket (RFC 7118) on another library's framing, with plain RTP: nothing of it is ours but
the A-law table.

Like a browser's it gives an address nobody can reach (``.invalid``): the exchange can only reach it by the connection.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Self

import numpy as np
from bench.peers.ears import hears_tone
from bench.peers.phone import authorize, challenge_of
from bench.peers.process import PeerFailed, wait_until
from raw import header
from web_socket_line import WebSocketLine

from kiestoon.media.audio.g711 import decode, encode

FRAME = 160
RATE_HZ = 8000


class Speech:
    """RTP with A-law on a port of its own: sends a tone every 20 ms, keeps what it hears. Closed with ``close``."""

    def __init__(self, tone_hz: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        samples = 8000 * np.sin(2 * np.pi * tone_hz * np.arange(RATE_HZ) / RATE_HZ)
        self._tone = encode(samples.astype(np.int16), "PCMA")
        self._heard: list[np.ndarray] = []
        self._target: tuple[str, int] | None = None
        self._closed = False
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._listen, self._talk)]
        for thread in self._threads:
            thread.start()

    def talk_to(self, description: str) -> None:
        """Send to the address in a session description."""
        host, port = re.search(r"c=IN IP4 (\S+)", description), re.search(r"m=audio (\d+)", description)
        assert host is not None
        assert port is not None
        self._target = host[1], int(port[1])

    def wait_for_tone(self, frequency_hz: float, timeout_s: float = 8.0, *, for_s: float = 0.5) -> None:
        """Wait until this tone has been heard for so long from now on."""
        self._heard.clear()

        def heard() -> bool:
            samples = np.concatenate(self._heard or [np.zeros(0, np.int16)])[-int(for_s * RATE_HZ) :]
            return hears_tone(samples, RATE_HZ, frequency_hz, for_s)

        wait_until(heard, timeout_s, f"{frequency_hz} Hz in {len(self._heard)} packets")

    def _listen(self) -> None:
        while not self._closed:
            packet = self.socket.recv(2048)
            if len(packet) > 12 and packet[1] & 0x7F == 8:
                self._heard.append(decode(packet[12:], "PCMA"))

    def _talk(self) -> None:
        began, count, ssrc = time.monotonic(), 0, os.urandom(4)
        while not self._closed:
            if self._target is not None:
                at = count * FRAME % RATE_HZ
                head = bytes((0x80, 8)) + (count & 0xFFFF).to_bytes(2) + (count * FRAME & 0xFFFFFFFF).to_bytes(4) + ssrc
                self.socket.sendto(head + self._tone[at : at + FRAME], self._target)
            count += 1
            time.sleep(max(0.0, began + count * 0.02 - time.monotonic()))  # the pace of speech

    def close(self) -> None:
        """Fall silent."""
        self._closed = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        for thread in self._threads:
            thread.join()
        self.socket.close()


class WsPhone:
    """One login on one connection, one call at a time. A context manager. ``authority``: speak WSS and trust it."""

    def __init__(
        self,
        user: str,
        domain: str,
        password: str,
        server: tuple[str, int],
        tone_hz: int,
        authority: Path | None = None,
    ) -> None:
        self.user, self.domain, self.password = user, domain, password
        self.transport = "ws" if authority is None else "wss"
        self.url = f"{self.transport}://{server[0]}:{server[1]}/"
        self._tls = ssl.create_default_context(cafile=authority) if authority else None
        self.contact = f"sip:{user}@{os.urandom(6).hex()}.invalid;transport=ws"
        self.speech = Speech(tone_hz)
        self.connection: WebSocketLine | None = None
        self.seen: list[str] = []
        self._cseq = 0
        self._call_id = self._own = self._peer = self._target = ""
        self._register_id = os.urandom(8).hex()

    def __enter__(self) -> Self:
        self.connect()
        self.register()
        return self

    def __exit__(self, *exc: object) -> None:
        self.speech.close()
        if self.connection is not None:
            self.connection.close()

    # --- connection and login ----------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Open the connection; the server must choose the subprotocol "sip"."""
        self.connection = WebSocketLine(self.url, "sip", self._tls)
        assert self.connection.subprotocol == "sip"

    def lose_connection(self) -> None:
        """As when a laptop changes its network: gone without a word."""
        assert self.connection is not None
        self.connection.lose()
        self.connection = None

    def register(self) -> None:
        """REGISTER with digest."""
        uri, address = f"sip:{self.domain}", f"<sip:{self.user}@{self.domain}>"
        extra = "Supported: outbound, path\r\nExpires: 300\r\n"
        arguments = ("REGISTER", uri, self._register_id, f"{address};tag={self._register_id}", address)
        self._request(*arguments, extra=extra)
        login = authorize(challenge_of(self.expect("SIP/2.0 401", "REGISTER")), self.user, self.password, uri)
        self._request(*arguments, extra=extra + login)
        self.expect("SIP/2.0 200", "REGISTER")

    # --- calls -------------------------------------------------------------------------------------------------------

    def dial(self, number: str) -> None:
        """Call and wait for the answer; then both sides speak."""
        uri = f"sip:{number}@{self.domain}"
        self._call_id = os.urandom(8).hex()
        self._own, self._peer, self._target = f"<sip:{self.user}@{self.domain}>;tag={self._call_id}", f"<{uri}>", uri
        self._in_call("INVITE", body=self._description())
        challenge = challenge_of(self.expect("SIP/2.0 407", "INVITE"))
        self._in_call("ACK")
        self._in_call(
            "INVITE", body=self._description(), extra=authorize(challenge, self.user, self.password, uri, "INVITE")
        )
        self._answered(self.expect("SIP/2.0 200", "INVITE"))

    def _answered(self, answer: str) -> None:
        self._peer = header(answer, "To")
        self._target = re.search(r"<([^>]+)>", header(answer, "Contact"))[1]  # type: ignore[index]  # a 2xx has one
        self._in_call("ACK")
        self.speech.talk_to(answer)

    def accept(self) -> None:
        """Take the next call; an offer meant for a browser is refused."""
        invite = self.expect("INVITE", "INVITE")
        if "UDP/TLS/RTP/SAVPF" in invite:
            self._own = f"{header(invite, 'To')};tag={os.urandom(4).hex()}"
            self.respond(invite, "488 Not Acceptable Here")
            self.expect("ACK", "ACK")
            invite = self.expect("INVITE", "INVITE")
        self._call_id = header(invite, "Call-ID")
        self._own, self._peer = f"{header(invite, 'To')};tag={os.urandom(4).hex()}", header(invite, "From")
        self._target = re.search(r"<([^>]+)>", header(invite, "Contact"))[1]  # type: ignore[index]  # an INVITE has one
        self.respond(invite, "180 Ringing")
        self.respond(invite, "200 OK", body=self._description())
        self.expect("ACK", "ACK")
        self.speech.talk_to(invite)

    def hang_up(self) -> None:
        """End the call."""
        self._in_call("BYE")
        self.expect("SIP/2.0 200", "BYE")

    def hung_up(self) -> None:
        """The other side ends the call."""
        self.respond(self.expect("BYE", "BYE"), "200 OK")

    # --- messages ----------------------------------------------------------------------------------------------------

    def expect(self, start: str, method: str, timeout_s: float = 8.0) -> str:
        """The next message that begins so and whose CSeq names this method."""
        assert self.connection is not None
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                text = self.connection.recv(deadline - time.monotonic())
            except TimeoutError:
                raise PeerFailed(f"no {start} for {method}; heard:\n" + "\n".join(self.seen)) from None
            self.seen.append(text)
            if text.startswith(start) and header(text, "CSeq").endswith(method):
                return text

    def respond(self, request: str, status: str, body: str = "") -> None:
        """Answer a request."""
        names = ("Via:", "From:", "Call-ID:", "CSeq:", "Record-Route:")
        kept = [line for line in request.split("\r\n") if line.startswith(names)]
        to = self._own if ";tag=" not in header(request, "To") else header(request, "To")
        self._send([f"SIP/2.0 {status}", *kept, f"To: {to}", f"Contact: <{self.contact}>"], body)

    def _in_call(self, method: str, body: str = "", extra: str = "") -> None:
        self._request(method, self._target, self._call_id, self._own, self._peer, body=body, extra=extra)

    def _request(
        self, method: str, uri: str, call_id: str, from_: str, to: str, *, body: str = "", extra: str = ""
    ) -> None:
        if method != "ACK":
            self._cseq += 1
        branch = f"z9hG4bK{call_id}{self._cseq}{'ack' if method == 'ACK' else ''}"
        lines = [
            f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/{self.transport.upper()} {self.user}.invalid;branch={branch}",
            f"From: {from_}", f"To: {to}", f"Call-ID: {call_id}", f"CSeq: {self._cseq} {method}", "Max-Forwards: 70",
            f"Contact: <{self.contact}>", *extra.strip().split("\r\n"),
        ]  # fmt: skip
        self._send([line for line in lines if line], body)

    def _send(self, lines: list[str], body: str) -> None:
        assert self.connection is not None
        kind = ["Content-Type: application/sdp"] if body else []
        self.connection.send("\r\n".join([*lines, *kind, f"Content-Length: {len(body)}", "", body]))

    def _description(self) -> str:
        return (
            "v=0\r\no=- 7 7 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.speech.port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\n"
        )
