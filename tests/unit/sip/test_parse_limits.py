"""Datagrams and streams: framing, limits, and what broken input is answered with."""

from __future__ import annotations

import contextlib
import time

import pytest

from kiestoon.sip.framing import FramingLost, Ping, StreamFramer
from kiestoon.sip.message import Request, Response
from kiestoon.sip.parse import MAX_BODY_BYTES, MAX_HEADER_LINES, BadMessage, parse_message

HEAD = (
    b"OPTIONS sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/TCP a.example.com;branch=z9hG4bKa\r\n"
    b"From: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n"
)


def refused(data: bytes) -> BadMessage:
    with pytest.raises(BadMessage) as caught:
        parse_message(data)
    return caught.value


def test_without_content_length_the_rest_of_a_datagram_is_the_body() -> None:
    assert parse_message(HEAD + b"\r\nhello").body == b"hello"


def test_bytes_beyond_content_length_are_cut_off() -> None:
    assert parse_message(HEAD + b"Content-Length: 3\r\n\r\nhello").body == b"hel"


def test_content_length_counts_octets() -> None:
    assert parse_message(HEAD + b"Content-Length: 4\r\n\r\n\xc3\xa9\xc3\xa9").body == "éé".encode()


@pytest.mark.parametrize("value", [b"6", b"-1", b"", b"x", b"1_0", b"9" * 5000, "٣".encode()])
def test_a_wrong_content_length_is_answered_with_400(value: bytes) -> None:
    bad = refused(HEAD + b"Content-Length: " + value + b"\r\n\r\nhello")
    assert bad.status == 400
    assert bad.response is not None
    assert bad.response.to.tag


def test_equal_but_repeated_content_length_is_refused() -> None:
    assert refused(HEAD + b"Content-Length: 1\r\nl: 1\r\n\r\nh").status == 400


def test_the_same_broken_request_gets_the_same_tag() -> None:
    one, two = refused(HEAD + b"l: x\r\n\r\n"), refused(HEAD + b"l: x\r\n\r\n")
    assert one.response is not None
    assert two.response is not None
    assert one.response.to.tag == two.response.to.tag != ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\0",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00\x01\x00\x00!\x12\xa4B",
        b"SIP/2.0 999 No\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: x\r\n\r\n",
        HEAD.replace(b"OPTIONS sip", b"ACK sip").replace(b"1 OPTIONS", b"1 INVITE") + b"\r\n",
        b"OPTIONS sip:a@b SIP/2.0\r\n\r\n",
    ],
)
def test_what_cannot_be_answered_is_met_with_silence(data: bytes) -> None:
    bad = refused(data)
    assert bad.status == 0
    assert bad.response is None


@pytest.mark.parametrize("old", [b"Call-ID: x\r\n", b"CSeq: 1 OPTIONS\r\n", b"To: <sip:b@example.com>\r\n"])
def test_a_missing_mandatory_header_is_answered_with_400(old: bytes) -> None:
    assert refused(HEAD.replace(old, b"") + b"\r\n").status == 400


@pytest.mark.parametrize("old", [b"To: <sip:b@example.com>", b"From: <sip:a@example.com>;tag=1"])
def test_a_repeated_single_value_header_is_answered_with_400(old: bytes) -> None:
    bad = refused(HEAD + old + b"\r\n\r\n")
    assert (bad.status, bad.reason.split()[0]) == (400, "more")


@pytest.mark.parametrize("stray", [b"Subject: a\nb\r\n", b"Subject: a\rb\r\n", b"Subject: a\0b\r\n"])
def test_stray_line_ends_and_nul_in_the_head_are_refused(stray: bytes) -> None:
    assert refused(HEAD + stray + b"\r\n").status == 400


def test_lines_that_are_no_headers_are_ignored() -> None:
    message = parse_message(HEAD + b"no colon here\r\n: no name\r\nbad name: x\r\nSubject: s\r\n\r\n")
    assert message.get("Subject") == "s"


def test_a_head_without_an_end_is_refused() -> None:
    assert refused(HEAD[:-2]).status == 400


@pytest.mark.parametrize(
    "filler",
    [b"X: y\r\n" * (MAX_HEADER_LINES + 1), b"Subject: " + b"x" * 9000 + b"\r\n", (b"X: " + b"y" * 4000 + b"\r\n") * 10],
)
def test_heads_beyond_the_limits_are_refused(filler: bytes) -> None:
    assert refused(HEAD + filler + b"\r\n").status == 513


@pytest.mark.parametrize(
    "hostile",
    [
        b'Contact: "' + b"\\" * 8000,
        b"Contact: " + b" " * 8000 + b"x",
        b"Contact: <sip:" + b"a;" * 4000,
        b"Contact: " + b'"' * 8000,
        b"Contact: " + b"<" * 8000,
        b"Contact: " + b"<sip:a@b>," * 800,
        b"Contact: <sip:a@b>;" + b"a=;" * 2600,
        b"Contact: <sip:" + b"%41" * 2600 + b"@b>",
        b"Contact: sip:" + b"a:" * 4000,
        b"Via: SIP/2.0/UDP a" + b" " * 8000 + b";x",
        b"Via: SIP/2.0/UDP a;b=" + b'"' * 8000,
        b"Contact: <sip:a@b" + b":1" * 4000 + b">",
    ],
)
def test_hostile_lines_cost_little(hostile: bytes) -> None:
    data = HEAD + hostile[:8190] + b"\r\n\r\n"
    # Linear work on 8 KB takes a few milliseconds at worst; quadratic work would take half a second, each time.
    assert min(cpu_s(data) for _ in range(3)) < 0.1


def cpu_s(data: bytes) -> float:
    """Processor time of this thread, whatever else the machine is busy with."""
    start = time.thread_time()
    with contextlib.suppress(BadMessage):
        parse_message(data)
    return time.thread_time() - start


def test_the_same_header_a_hundred_times_is_kept_in_order() -> None:
    message = parse_message(HEAD + b"".join(b"X: %d\r\n" % i for i in range(200)) + b"\r\n")
    assert message.all("X") == [str(i) for i in range(200)]


# -- streams ----------------------------------------------------------------------------------------------------


MESSAGE = HEAD + b"Content-Length: 5\r\n\r\nhello"


@pytest.mark.parametrize("step", [1, 2, 3, 7, 50, 10_000])
def test_a_stream_is_cut_the_same_however_it_arrives(step: int) -> None:
    data = MESSAGE + b"\r\n\r\n" + MESSAGE + b"\r\n" + MESSAGE
    framer, items = StreamFramer(), []
    for start in range(0, len(data), step):
        items += framer.feed(data[start : start + step])
    assert [type(item) for item in items] == [Request, Ping, Request, Request]
    assert all(item.body == b"hello" for item in items if isinstance(item, Request))
    assert framer.idle


def test_a_broken_message_does_not_stop_the_stream() -> None:
    broken = MESSAGE.replace(b"CSeq: 1 OPTIONS", b"CSeq: x")
    first, second = StreamFramer().feed(broken + MESSAGE)
    assert isinstance(first, BadMessage)
    assert first.status == 400
    assert isinstance(second, Request)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (HEAD + b"\r\n", 400),
        (HEAD + b"Content-Length: x\r\n\r\n", 400),
        (HEAD + b"Content-Length: 1\r\nl: 2\r\n\r\n", 400),
        (HEAD + b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1), 513),
        (HEAD + b"X: " + b"y" * 40_000, 513),
    ],
)
def test_a_stream_that_cannot_be_followed_is_given_up_with_an_answer(data: bytes, status: int) -> None:
    with pytest.raises(FramingLost) as caught:
        StreamFramer().feed(MESSAGE + data)
    whole, bad = caught.value.items
    assert isinstance(whole, Request)
    assert isinstance(bad, BadMessage)
    assert bad.status == status
    assert isinstance(bad.response, Response)
    assert bad.response.status == status


def test_garbage_without_line_ends_is_given_up_at_the_limit() -> None:
    framer = StreamFramer()
    for _ in range(32):
        assert framer.feed(b"x" * 1000) == []
    with pytest.raises(FramingLost) as caught:
        framer.feed(b"x" * 1000)
    assert isinstance(caught.value.items[0], BadMessage)
    assert caught.value.items[0].status == 0


def test_feeding_byte_by_byte_is_linear() -> None:
    data = HEAD + b"X: " + b"y" * 8000 + b"\r\nContent-Length: 0\r\n\r\n"
    framer, items = StreamFramer(), []
    start = time.perf_counter()
    for byte in data:
        items += framer.feed(bytes((byte,)))
    assert len(items) == 1
    assert time.perf_counter() - start < 0.5


def test_content_length_is_found_folded_and_in_any_spelling() -> None:
    for line in (b"CONTENT-LENGTH : 5", b"l:5", b"Content-Length:\r\n 5", b"L:  5 "):
        (item,) = StreamFramer().feed(HEAD + line + b"\r\n\r\nhello")
        assert isinstance(item, Request)
        assert item.body == b"hello"
