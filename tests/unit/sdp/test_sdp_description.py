"""Reading and writing session descriptions."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.sdp import BadSdp, parse_sdp
from kiestoon.sdp.description import MAX_LINE_LENGTH, MAX_MEDIA

PHONE = (
    b"v=0\r\no=alice 2890844526 2890844527 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nb=AS:84\r\nt=0 0\r\n"
    b"a=X-nat:0\r\nm=audio 49170/2 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=weird\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\n"
    b"z=unknown line\r\na=sendrecv\r\nm=video 0 RTP/AVP 31\r\n"
)


def test_a_description_leaves_as_it_came():
    assert parse_sdp(PHONE).encode() == PHONE
    assert parse_sdp(PHONE).findings == []


def test_media_lines_are_taken_apart():
    audio, video = parse_sdp(PHONE).media
    assert (audio.kind, audio.port, audio.port_count, audio.protocol) == ("audio", 49170, 2, "RTP/AVP")
    assert audio.formats == ["8", "0", "101"]
    assert (video.kind, video.port, video.formats) == ("video", 0, ["31"])


def test_attributes_are_found_by_their_whole_name():
    audio = parse_sdp(PHONE).media[0]
    assert audio.attributes("rtpmap") == ["8 PCMA/8000", "101 telephone-event/8000"]
    assert audio.attribute("sendrecv") == ""
    assert audio.attribute("rtp") is None
    assert parse_sdp(PHONE).attributes("X-nat") == ["0"]


def test_the_origin_keeps_numbers_of_any_size_as_text():
    origin = parse_sdp(b"v=0\r\no=- 99999999999999999999999 x IN IP6 ::1\r\ns=-\r\nt=0 0\r\n").origin
    assert origin is not None
    assert (origin.session_id, origin.version, origin.address) == ("9" * 23, "x", "::1")
    assert str(origin) == f"- {'9' * 23} x IN IP6 ::1"


def test_an_origin_of_wrong_length_is_none():
    assert parse_sdp(b"v=0\r\no=- 1 IN IP4\r\ns=-\r\nt=0 0\r\n").origin is None
    assert parse_sdp(b"v=0\r\ns=-\r\nt=0 0\r\n").origin is None


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_single_line_ends_are_read_and_noted(end):
    session = parse_sdp(PHONE.replace(b"\r\n", end))
    assert session.encode() == PHONE
    assert "lines not ended by CRLF" in session.findings


def test_bytes_that_are_not_utf8_leave_unchanged():
    body = b"v=0\r\no=- 1 1 IN IP4 h\r\ns=caf\xe9\r\nt=0 0\r\n"
    assert parse_sdp(body).encode() == body


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        (b"v=0\r\no=- 1 1 IN IP4 h\r\nt=0 0\r\n", "no s= line"),
        (b"v=0\r\ns=-\r\nt=0 0\r\n", "no o= line"),
        (b"o=- 1 1 IN IP4 h\r\nv=0\r\ns=-\r\nt=0 0\r\n", "v= is not the first line"),
        (b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0", "last line not ended"),
        (b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\ngarbage\r\nt=0 0\r\n", "line without type dropped"),
    ],
)
def test_small_sins_are_noted(body, finding):
    assert parse_sdp(body).findings == [finding]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"v=1\r\n",
        b"v=0\r\nm=audio\r\n",
        b"v=0\r\nm=audio x RTP/AVP 0\r\n",
        b"v=0\r\nm=audio 65536 RTP/AVP 0\r\n",
        b"v=0\r\nm=audio -1 RTP/AVP 0\r\n",
        b"v=0\r\nm=audio 1/ RTP/AVP 0\r\n",
        "v=0\r\nm=audio ٥ RTP/AVP 0\r\n".encode(),
        b"v=0\r\na=\0\r\n",
        b"v=0\r\na=" + b"x" * MAX_LINE_LENGTH + b"\r\n",
        b"v=0\r\n" + b"m=audio 1 RTP/AVP 0\r\n" * (MAX_MEDIA + 1),
        b"v=0\r\nm=audio 1 RTP/AVP" + b" 0" * 200 + b"\r\n",
        b"v=0\r\n" + b"a=x\r\n" * 2_000,
        b"v=0\r\n" + b"x" * 70_000,
    ],
)
def test_what_cannot_be_read_is_bad_sdp(body):
    with pytest.raises(BadSdp):
        parse_sdp(body)


def test_a_line_break_cannot_be_smuggled_into_a_line():
    session = parse_sdp(PHONE)
    session.media[0].lines.append("a=x\r\na=injected")
    with pytest.raises(ValueError, match="line break"):
        session.encode()


@given(st.binary(max_size=400))
@settings(max_examples=150)
def test_any_bytes_are_read_or_bad(data):
    try:
        session = parse_sdp(b"v=0\r\n" + data)
    except BadSdp:
        return
    again = parse_sdp(session.encode())
    assert (again.lines, again.media) == (session.lines, session.media)


@given(st.lists(st.sampled_from(PHONE.split(b"\r\n")), max_size=30), st.randoms())
@settings(max_examples=100)
def test_shuffled_lines_are_read_or_bad(lines, random):
    random.shuffle(lines)
    with contextlib.suppress(BadSdp):
        parse_sdp(b"\r\n".join(lines)).encode()


def test_the_largest_body_costs_milliseconds():
    body = b"v=0\r\n" + b"a=rtpmap:96 x/8000\r\n" * 990
    start = time.perf_counter()
    parse_sdp(body).media  # noqa: B018 - the read is what is timed
    assert time.perf_counter() - start < 0.05
