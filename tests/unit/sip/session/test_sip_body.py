"""Which part of a message is the session description (RFC 5621)."""

from __future__ import annotations

import pytest

from kiestoon.sip.message import Response
from kiestoon.sip.session.body import UnsupportedBody, received_description, session_description

ISUP = b"Content-Type: application/isup\r\n\r\n\1\2"
PLAIN = b"Content-Type: text/plain\r\n\r\nhello"


def sdp(content: bytes) -> bytes:
    return b"Content-Type: application/sdp\r\nContent-Disposition: session\r\n\r\n" + content


def multipart(boundary: str, *parts: bytes) -> bytes:
    line = b"--" + boundary.encode()
    return b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"


def nested(kind: str, boundary: str, *parts: bytes) -> bytes:
    return f"Content-Type: multipart/{kind};\r\n boundary={boundary}\r\n\r\n".encode() + multipart(boundary, *parts)


def message(kind: str, body: bytes) -> Response:
    response = Response(200, headers=[("Content-Type", kind)])
    response.body = body
    return response


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/sdp", b"v=0 a"),
        ("multipart/mixed;boundary=b", multipart("b", ISUP, sdp(b"v=0 a"), sdp(b"v=0 second"))),
        ("multipart/mixed;boundary=b", multipart("b", nested("alternative", "c", PLAIN, sdp(b"v=0 a")), ISUP)),
        ("multipart/mixed;boundary=b", multipart("b", nested("alternative", "bb", PLAIN, sdp(b"v=0 a")), ISUP)),
        ("multipart/alternative;boundary=b", multipart("b", sdp(b"v=0 plain"), sdp(b"v=0 a"))),
        ("Multipart/Mixed; boundary=\"b c\"", multipart("b c", sdp(b"v=0 a"))),
    ],
)  # fmt: skip
def test_the_description_is_found_alone_in_parts_and_in_nested_parts(kind: str, body: bytes) -> None:
    assert session_description(message(kind, body)) == b"v=0 a"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/isup", b"\1\2"),
        ("multipart/mixed", multipart("b", sdp(b"v=0"))),
        ("multipart/mixed;boundary=b", b"--b\r\nContent-Type: application/sdp\r\n\r\nv=0 never ends"),
        ("multipart/mixed;boundary=b", multipart("b", ISUP)),
        ("multipart/mixed;boundary=b", multipart("b", nested("mixed", "c", nested("mixed", "d",
            nested("mixed", "e", sdp(b"too deep")))))),
    ],
)  # fmt: skip
def test_what_holds_no_description_is_refused_in_requests_and_absent_from_responses(kind: str, body: bytes) -> None:
    with pytest.raises(UnsupportedBody):
        session_description(message(kind, body))
    assert received_description(message(kind, body)) == b""


def test_reading_a_hostile_multipart_takes_no_more_than_linear_time() -> None:
    body = b"--b\r\n" * 200_000 + b"\r\n--b--\r\n"
    assert received_description(message("multipart/mixed;boundary=b", body)) == b""
