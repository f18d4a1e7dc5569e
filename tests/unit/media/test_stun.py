"""STUN messages: RFC 5769's vectors, and whatever else may come to a port."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiestoon.media import stun
from kiestoon.media.stun import BadStun, encode_stun, parse_stun, xor_address


def message(*attributes: tuple[int, bytes], password: str | None = "secret") -> bytes:
    return encode_stun(stun.REQUEST, b"t" * 12, attributes, password)


RFC5769_REQUEST = bytes.fromhex(
    "0001 0058 2112 a442 b7e7 a701 bc34 d686 fa87 dfae"
    "8022 0010 5354 554e 2074 6573 7420 636c 6965 6e74"
    "0024 0004 6e00 01ff"
    "8029 0008 932f f9b1 5126 3b36"
    "0006 0009 6576 746a 3a68 3676 5920 2020"
    "0008 0014 9aea a70c bfd8 cb56 781e f2b5 b2d3 f249 c1b5 71a2"
    "8028 0004 e57a 3bcf"
)
RFC5769_RESPONSE_TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")


def test_the_request_of_rfc_5769_is_read_and_authentic() -> None:
    read = parse_stun(RFC5769_REQUEST)
    assert (read.kind, read.username) == (stun.REQUEST, "evtj:h6vY")
    assert read.attributes[stun.PRIORITY] == bytes.fromhex("6e0001ff")
    assert read.is_authentic("VOkJxbRl1RmTxUk/WvJxBt")
    assert not read.is_authentic("VOkJxbRl1RmTxUk/WvJxBT")


def test_addresses_are_hidden_as_in_rfc_5769() -> None:
    transaction = RFC5769_RESPONSE_TRANSACTION
    assert xor_address(("192.0.2.1", 32853), transaction) == bytes.fromhex("0001a147e112a643")
    assert xor_address(("2001:db8:1234:5678:11:2233:4455:6677", 32853), transaction) == bytes.fromhex(
        "0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    )


def test_what_is_written_is_read_again() -> None:
    read = parse_stun(message((stun.USERNAME, b"a:b"), (stun.USE_CANDIDATE, b"")))
    assert read.attributes == {stun.USERNAME: b"a:b", stun.USE_CANDIDATE: b""}
    assert read.is_authentic("secret")
    assert not parse_stun(message(password=None)).is_authentic("secret")


@pytest.mark.parametrize("at", range(len(RFC5769_REQUEST)))
def test_no_changed_bit_goes_unnoticed(at: int) -> None:
    changed = bytearray(RFC5769_REQUEST)
    changed[at] ^= 1
    with pytest.raises(BadStun):
        parse_stun(bytes(changed))


def test_what_follows_the_integrity_attribute_does_not_count() -> None:
    """RFC 8489 §14.5: somebody on the way could have put it there."""
    honest = message((stun.USERNAME, b"a:b"))
    covered = honest[:-8] + b"\x00\x25\x00\x00"
    covered = covered[:2] + (len(covered) - 20 + 8).to_bytes(2) + covered[4:]
    forged = covered + b"\x80\x28\x00\x04" + (stun._fingerprint(covered)).to_bytes(4)
    read = parse_stun(forged)
    assert read.is_authentic("secret")
    assert stun.USE_CANDIDATE not in read.attributes


def test_attributes_that_must_be_understood_are_named() -> None:
    read = parse_stun(message((0x7777, b"x"), (0xC057, b"optional"), (stun.PRIORITY, b"1234")))
    assert read.not_understood == [0x7777]


def test_the_first_of_two_equal_attributes_counts() -> None:
    assert parse_stun(message((stun.USERNAME, b"a:b"), (stun.USERNAME, b"c:d"))).username == "a:b"


def test_without_a_fingerprint_it_is_no_stun() -> None:
    bare = message()[:-8]
    with pytest.raises(BadStun):
        parse_stun(bare[:2] + (len(bare) - 20).to_bytes(2) + bare[4:])


def test_a_thousand_attributes_are_not_read() -> None:
    with pytest.raises(BadStun):
        parse_stun(message(*[(0x8001, b"")] * 200))


@given(st.binary(max_size=200))
def test_any_bytes_are_stun_or_not(data: bytes) -> None:
    with pytest.raises(BadStun):
        parse_stun(data)


@given(
    st.lists(st.tuples(st.integers(0, 0xFFFF).filter(lambda name: name not in {8, 0x8028}), st.binary(max_size=30)),
             max_size=12),
    st.integers(0, 400), st.binary(max_size=40),
)  # fmt: skip
def test_damaged_messages_raise_nothing_but_bad_stun(attributes: list[tuple[int, bytes]], at: int, junk: bytes) -> None:
    whole = encode_stun(stun.REQUEST, os.urandom(12), attributes, "secret")
    first = dict(reversed(attributes))
    assert parse_stun(whole).attributes == first
    try:
        read = parse_stun(whole[:at] + junk + whole[at + len(junk) :])
    except BadStun:
        return
    assert read.attributes == first  # the junk was what had been there
