"""A phone's login for peers that cannot do it themselves: one REGISTER with digest (RFC 3261 §10, RFC 8760) over UDP.

Sent from the port the phone will use: an exchange may send calls to where the registration came from.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Iterable

from bench.peers.process import PeerFailed

Address = tuple[str, int]

_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


def register(
    server: Address,
    phone: Address,
    domain: str,
    users: Iterable[tuple[str, str]],
    *,
    expires_s: int = 3600,
    algorithm: str = "",
) -> None:
    """Register each (user, password) with a contact at ``phone``, from there.

    ``algorithm`` "" takes the first challenge offered. Raises ``PeerFailed`` with the answer when one is refused.
    """
    with socket.socket(_family(phone), socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(phone)
        sock.settimeout(0.5)
        for user, password in users:
            status, text = try_register(sock, server, domain, user, password, expires_s, algorithm)
            if status != 200:
                raise PeerFailed(f"{user}@{domain} is not registered: {text}")


def unregister(server: Address, phone: Address, domain: str, user: str, password: str) -> None:
    """Take the contact at ``phone`` back, from any port: the phone itself may still use its own."""
    with socket.socket(_family(phone), socket.SOCK_DGRAM) as sock:
        sock.bind((phone[0], 0))
        sock.settimeout(0.5)
        status, text = try_register(sock, server, domain, user, password, 0, contact=phone)
        if status != 200:
            raise PeerFailed(f"{user}@{domain} is not unregistered: {text}")


def try_register(
    sock: socket.socket,
    server: Address,
    domain: str,
    user: str,
    password: str,
    expires_s: int = 3600,
    algorithm: str = "",
    *,
    contact: Address | None = None,
) -> tuple[int, str]:
    """Register once from ``sock``, as the contact there or another; the final status and the whole final response."""
    call_id = os.urandom(8).hex()
    contact = contact or sock.getsockname()[:2]
    answer = _exchange(sock, server, _register(sock, contact, domain, user, call_id, 1, expires_s, ""))
    status = int(answer[8:11])
    if status != 401:
        return status, answer
    authorization = authorize(challenge_of(answer, algorithm), user, password, f"sip:{domain}")
    answer = _exchange(sock, server, _register(sock, contact, domain, user, call_id, 2, expires_s, authorization))
    return int(answer[8:11]), answer


def _register(
    sock: socket.socket,
    contact: Address,
    domain: str,
    user: str,
    call_id: str,
    cseq: int,
    expires_s: int,
    authorization: str,
) -> bytes:
    host, port = sock.getsockname()[:2]
    via, at = (f"[{each}]" if ":" in each else each for each in (host, contact[0]))
    return (
        f"REGISTER sip:{domain} SIP/2.0\r\nVia: SIP/2.0/UDP {via}:{port};rport;branch=z9hG4bK{call_id}{cseq}\r\n"
        f"From: <sip:{user}@{domain}>;tag={call_id}\r\nTo: <sip:{user}@{domain}>\r\nCall-ID: {call_id}\r\n"
        f"CSeq: {cseq} REGISTER\r\nContact: <sip:{user}@{at}:{contact[1]}>\r\nExpires: {expires_s}\r\n"
        f"Max-Forwards: 70\r\n{authorization}Content-Length: 0\r\n\r\n"
    ).encode()


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


def _exchange(sock: socket.socket, server: Address, request: bytes) -> str:
    """Send with retransmission (timer E) and wait for a final response."""
    call_id = re.search(rb"Call-ID: (\S+)", request)
    cseq = re.search(rb"CSeq: (\d+)", request)
    assert call_id is not None
    assert cseq is not None
    for _ in range(8):
        sock.sendto(request, server)
        try:
            while True:
                data = sock.recv(65535)
                ours = call_id[1] in data and b"CSeq: " + cseq[1] + b" " in data
                if ours and data.startswith(b"SIP/2.0 ") and int(data[8:11]) >= 200:
                    return data.decode(errors="replace")
        except TimeoutError:
            continue
    raise PeerFailed(f"{server} does not answer REGISTER")


def challenge_of(answer: str, algorithm: str = "") -> dict[str, str]:
    """The first challenge in a 401 or 407 that can be answered; with ``algorithm`` the first of that."""
    for line in answer.split("\r\n"):
        if line.lower().startswith(("www-authenticate:", "proxy-authenticate:")):
            parameters = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(line)}
            offered = parameters.setdefault("algorithm", "MD5")
            if offered in _HASHES and algorithm in ("", offered):
                return parameters
    raise PeerFailed(f"no challenge to answer in {answer}")


def authorize(challenge: dict[str, str], user: str, password: str, uri: str, method: str = "REGISTER") -> str:
    """The header line that answers a challenge, for the first request with its nonce."""
    algorithm, realm, nonce = challenge["algorithm"], challenge["realm"], challenge["nonce"]

    def digest(text: str) -> str:
        return _HASHES[algorithm](text.encode()).hexdigest()

    cnonce = os.urandom(8).hex()
    inner, outer = digest(f"{user}:{realm}:{password}"), digest(f"{method}:{uri}")
    response = digest(f"{inner}:{nonce}:00000001:{cnonce}:auth:{outer}")
    opaque = f', opaque="{challenge["opaque"]}"' if "opaque" in challenge else ""
    header = "Authorization" if method == "REGISTER" else "Proxy-Authorization"
    return (
        f'{header}: Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'response="{response}", algorithm={algorithm}, qop=auth, nc=00000001, cnonce="{cnonce}"{opaque}\r\n'
    )
