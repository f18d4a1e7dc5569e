"""Debian's Kamailio in the foreground with an own runtime directory, beside any installed service."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Self

from bench.peers.process import Daemon, SipPeer, free_port

CONFIG = Path(__file__).with_name("kamailio.cfg")
DOMAIN = "bench.example"


class Kamailio(SipPeer):
    """A stateful proxy and digest registrar on UDP and TCP with one UDP worker; a system under test.

    It relays requests for foreign addresses to their request URI, and those for ``DOMAIN`` to the registered contact.
    Every user's password is ``pw-NAME``.
    """

    name = "Kamailio"
    domain = DOMAIN

    def __init__(self, directory: Path, *, core: int | None = None, workers: int = 1) -> None:
        self.host = "127.0.0.1"
        self.port = free_port(self.host)
        runtime = directory / "kamailio"
        runtime.mkdir(parents=True, exist_ok=True)
        listen = [f"-l{kind}:{self.host}:{self.port}" for kind in ("udp", "tcp")]
        self.daemon = Daemon(
            "kamailio",
            ["kamailio", "-f", CONFIG, *listen, "-n", str(workers), "-N", "1", "-m", "1024", "-M", "64",
             "-DD", "-E", "-w", runtime, "-Y", runtime, "-P", runtime / "kamailio.pid"],
            cwd=runtime,
            core=core,
        )  # fmt: skip

    def password(self, user: str) -> str:
        """The digest password of a user."""
        return f"pw-{user}"

    def start(self) -> Self:
        """Start and wait until OPTIONS is answered. Raises ``PeerFailed``."""
        self.daemon.start()
        self.daemon.wait_until(lambda: answers_options(self.address), 10, "kamailio answers")
        return self

    def cpu_s(self) -> float:
        """Processor time so far, seconds, all workers."""
        return self.daemon.cpu_s()

    def rss_bytes(self) -> int:
        """Resident memory, all workers."""
        return self.daemon.rss_bytes()


def answers_options(address: tuple[str, int], timeout_s: float = 0.2) -> bool:
    """Whether somebody answers an OPTIONS request over UDP at ``address`` with anything at all."""
    host, port = address
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(timeout_s)
        own = sock.getsockname()[1]
        request = (
            f"OPTIONS sip:{host}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{own};rport;branch=z9hG4bK{own}ready\r\n"
            f"From: <sip:probe@127.0.0.1>;tag={own}\r\nTo: <sip:{host}:{port}>\r\nCall-ID: ready-{own}\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        try:
            sock.sendto(request.encode(), address)
            return bool(sock.recv(65535))
        except OSError:
            return False


__all__ = ["DOMAIN", "Kamailio", "PeerFailed", "answers_options"]
