"""How long reading and writing a SIP message takes: a 1,350-byte INVITE as phones send it.

Prints each step; the last line is the lazy parse. The best of several rounds counts: noise only adds.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable

from kiestoon.sip.digest import Challenger, DigestState, answer_challenge
from kiestoon.sip.message import Response
from kiestoon.sip.parse import parse_message, split_message

_SDP = "\r\n".join(
    (
        "v=0",
        "o=- 3897845 3897845 IN IP4 192.0.2.11",
        "s=call",
        "c=IN IP4 192.0.2.11",
        "t=0 0",
        "m=audio 40376 RTP/AVP 9 8 0 101",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
        "",
    )
)
_HEAD = "\r\n".join(
    (
        "INVITE sip:102@company.example;user=phone SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK-524287-1---7a8b9c0d1e2f3a4b;rport",
        "Max-Forwards: 70",
        'From: "Jan de Vries" <sip:101@company.example>;tag=a73kszlfl0',
        "To: <sip:102@company.example;user=phone>",
        "Call-ID: 1j9FpLxk3uxtm8tn-3c26700a@192.0.2.11",
        "CSeq: 2 INVITE",
        "Contact: <sip:101@192.0.2.11:5060;transport=udp;line=f2fd53eb>;reg-id=1",
        'Proxy-Authorization: Digest username="101", realm="company.example", '
        'nonce="2710.1.0a3a5642e228ac5a868dcd6f232e069e", uri="sip:102@company.example;user=phone", '
        'response="7a0c9677cc77a29ab597a91d874be180", algorithm=MD5, cnonce="238b65fa0562850a", qop=auth, nc=00000001',
        "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, MESSAGE, SUBSCRIBE, NOTIFY, PRACK, UPDATE, REFER",
        "Supported: replaces, 100rel, timer, path",
        "Session-Expires: 1800;refresher=uac",
        "Min-SE: 90",
        "User-Agent: Example Desk Phone 7.2.1 001122334455",
        'P-Preferred-Identity: "Jan de Vries" <sip:101@company.example>',
        "Accept: application/sdp",
        "Content-Type: application/sdp",
        f"Content-Length: {len(_SDP)}",
        "",
        "",
    )
)
INVITE = (_HEAD + _SDP).encode()


def best_us(function: Callable[[], object], number: int = 4000, rounds: int = 7) -> float:
    """Microseconds per call in the best of ``rounds``."""
    return min(timeit.repeat(function, number=number, repeat=rounds)) / number * 1e6


def verify_us() -> float:
    """Microseconds for one digest verification (SHA-256, refused at the nonce count: all the work is done)."""
    challenger = Challenger(b"k" * 32)
    response = Response(401)
    for value in challenger.challenge("company.example", 1.0):
        response.add("WWW-Authenticate", value)
    uri = "sip:company.example"
    answer = answer_challenge(response, "REGISTER", uri, "101", "secret", b"", DigestState())
    assert answer is not None
    header = answer[1]
    return best_us(lambda: challenger.verify(header, "REGISTER", uri, lambda _user, _realm: "secret", 2.0))


def main() -> None:
    message = parse_message(INVITE)
    print(f"message: {len(INVITE)} bytes, {sum(1 for _ in message.items())} headers")
    print(f"parse, core headers decoded: {best_us(lambda: parse_message(INVITE)):.2f} us")
    print(f"encode: {best_us(message.encode):.2f} us")
    print(f"copy: {best_us(message.copy):.2f} us")
    print(f"digest verify: {verify_us():.2f} us")
    print(f"sip_parse: {best_us(lambda: split_message(INVITE)):.2f} us")


if __name__ == "__main__":
    main()
