"""DTMF in SIP INFO bodies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.calls.dtmf_info import (
    DIGITS,
    DTMF,
    DTMF_RELAY,
    InfoPress,
    encode_dtmf,
    encode_dtmf_relay,
    parse_dtmf_info,
)


@pytest.mark.parametrize("digit", DIGITS)
def test_what_is_encoded_is_parsed(digit):
    assert parse_dtmf_info(DTMF_RELAY, encode_dtmf_relay(digit, 250)) == InfoPress(digit, 250)
    assert parse_dtmf_info(DTMF, encode_dtmf(digit)) == InfoPress(digit, 160)


@pytest.mark.parametrize(
    ("body", "press"),
    [
        (b"Signal=5\r\nDuration=160\r\n", InfoPress("5", 160)),
        (b"Signal= 5\nDuration= 100", InfoPress("5", 100)),
        (b"signal=*", InfoPress("*", 160)),
        (b"Signal=11\r\nDuration=80", InfoPress("#", 80)),
        (b"Signal=a\r\nDuration=x", InfoPress("A", 160)),
        (b"Signal=star", InfoPress("*", 160)),
        (b"Duration=90\r\nSignal=1", InfoPress("1", 90)),
        (b"Signal=1\r\nDuration=99999999", InfoPress("1", 8000)),
        (b"Signal=1\r\nDuration=0", InfoPress("1", 1)),
        (b"7", InfoPress("7", 160)),
        (b"Signal=", None),
        (b"Signal=55", None),
        (b"", None),
        (b"\xff\xfe", None),
        (b"Signal=1" + b"\r\nx=y" * 1000, None),
    ],
)
def test_bodies_as_phones_send_them(body, press):
    assert parse_dtmf_info("Application/DTMF-Relay ; charset=utf-8", body) == press


def test_other_bodies_are_none_of_ours():
    assert parse_dtmf_info("application/sdp", b"Signal=5") is None
    assert parse_dtmf_info("", b"5") is None


@pytest.mark.parametrize("wrong", ["", "55", "E", "\r\n", "é"])
def test_what_is_no_digit_is_not_sent(wrong):
    with pytest.raises(ValueError, match="no DTMF"):
        encode_dtmf_relay(wrong)
    with pytest.raises(ValueError, match="no DTMF"):
        encode_dtmf(wrong)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([DTMF, DTMF_RELAY]), st.binary(max_size=100) | st.text(max_size=50).map(str.encode))
def test_no_body_raises(content_type, body):
    press = parse_dtmf_info(content_type, body)
    assert press is None or (press.digit in DIGITS and 1 <= press.duration_ms <= 8000)
