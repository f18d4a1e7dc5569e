"""A SIP party by hand, for what SIPp cannot do: send twice without listening in between, repeat itself, lose messages.

It calls in over a trunk, so it needs no password. Nothing is answered by itself.
"""

from __future__ import annotations

import os
import re
import socket
from typing import Self

from bench.peers.process import PeerFailed

SDP = (
    "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    "m=audio 19990 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)


class RawParty:
    """One UDP socket and one dialog. A context manager."""

    def __init__(self, host: str, server: tuple[str, int], number: str, caller: str = "+31612345678") -> None:
        self.server = server
        self.uri = f"sip:{number}@{server[0]}"
        self.target = self.uri
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.host, self.port = self.socket.getsockname()
        self.own = f"<sip:{caller}@{host}>;tag={os.urandom(4).hex()}"
        self.to = f"<{self.uri}>"
        self.call_id = os.urandom(8).hex()
        self.seen: list[str] = []

    @classmethod
    def called(cls, phone: tuple[str, int], server: tuple[str, int]) -> Self:
        """A registered phone that waits for calls; ``phone`` is its address."""
        party = cls.__new__(cls)
        party.server = server
        party.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        party.socket.bind(phone)
        party.host, party.port = phone
        party.to = party.target = ""
        party.seen = []
        return party

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.socket.close()

    def request(self, method: str, cseq: int, branch: str, body: str = "", *, to: str = "", uri: str = "") -> str:
        """The text of a request in the dialog; nothing is sent."""
        content = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        return (
            f"{method} {uri or self.target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.host}:{self.port};rport;branch=z9hG4bK{self.call_id}{branch}\r\n"
            f"From: {self.own}\r\nTo: {to or self.to}\r\nCall-ID: {self.call_id}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: <sip:{self.host}:{self.port}>\r\nMax-Forwards: 70\r\n"
            + (content if body else "Content-Length: 0\r\n\r\n")
        )

    def invite(self, headers: str = "") -> str:
        """The text of the first INVITE."""
        text = self.request("INVITE", 1, "invite", SDP.format(host=self.host))
        return text.replace("Max-Forwards", f"{headers}Max-Forwards")

    def cancel(self) -> str:
        """The text of its CANCEL (RFC 3261 §9.1)."""
        return self.request("CANCEL", 1, "invite", to=f"<{self.uri}>", uri=self.uri)

    def ack_failure(self) -> str:
        """The text of the ACK for its failure (§17.1.1.3)."""
        return self.request("ACK", 1, "invite", uri=self.uri)

    def answer(self, request: str, status: str = "200 OK", *, tag: str = "", body: bool = False) -> None:
        """Answer a request of the exchange; ``body``: with a session description."""
        kept = [
            line for line in request.split("\r\n") if line.startswith(("Via:", "From:", "To:", "Call-ID:", "CSeq:"))
        ]
        if tag:
            kept = [f"{line};tag={tag}" if line.startswith("To:") else line for line in kept]
        kept.append(f"Contact: <sip:{self.host}:{self.port}>")
        sdp = SDP.format(host=self.host) if body else ""
        kept += ["Content-Type: application/sdp"] if body else []
        self.send("\r\n".join([f"SIP/2.0 {status}", *kept, f"Content-Length: {len(sdp)}", "", sdp]))

    def send(self, *texts: str) -> None:
        """Send these, one right after the other."""
        for text in texts:
            self.socket.sendto(text.encode(), self.server)

    def expect(self, start: str, cseq: str, timeout_s: float = 5.0) -> str:
        """The next message that begins and whose CSeq ends so; keeps To tag and target of responses to INVITE."""
        self.socket.settimeout(timeout_s)
        try:
            while True:
                text = self.socket.recv(65535).decode(errors="replace")
                self.seen.append(text)
                if text.startswith(start) and header(text, "CSeq").endswith(cseq):
                    break
        except TimeoutError:
            heard = "\n".join(self.seen)
            raise PeerFailed(f"no {start} for {cseq} within {timeout_s:g} s; heard:\n{heard}") from None
        if cseq.endswith(" INVITE") and ";tag=" in header(text, "To"):
            self.to = header(text, "To")
            if contact := re.search(r"<([^>]+)>", header(text, "Contact")):
                self.target = contact[1]
        return text


def header(text: str, name: str) -> str:
    """The first value of a header, "" when there is none."""
    match = re.search(rf"^{name}\s*:\s*(.*?)\s*$", text, re.IGNORECASE | re.MULTILINE)
    return match[1] if match else ""
