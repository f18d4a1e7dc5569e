"""Framing of append-only files."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.store.frames import HEADER, HEADER_BYTES, MAX_FRAME, encode_frame, parse_frames

PAYLOADS = st.lists(st.binary(min_size=1, max_size=50), max_size=8)


@given(PAYLOADS)
@settings(max_examples=50, deadline=None)
def test_what_is_encoded_is_parsed_again(payloads: list[bytes]) -> None:
    content = b"".join(map(encode_frame, payloads))
    assert parse_frames(content) == (payloads, len(content), "whole")


@given(PAYLOADS, st.integers(1, 30))
@settings(max_examples=50, deadline=None)
def test_a_cut_at_any_place_loses_only_the_cut_frame(payloads: list[bytes], cut: int) -> None:
    frames = [encode_frame(payload) for payload in payloads]
    content = b"".join(frames)
    kept, end, _ = parse_frames(content[: max(0, len(content) - cut)])
    assert kept == payloads[: len(kept)]
    assert end == sum(map(len, frames[: len(kept)]))


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_random_bytes_never_raise(content: bytes) -> None:
    frames, end, tail = parse_frames(content)
    assert end == sum(len(frame) + HEADER_BYTES for frame in frames)
    assert (tail == "whole") == (end == len(content))


def test_a_changed_byte_is_damage() -> None:
    content = bytearray(encode_frame(b"first") + encode_frame(b"second"))
    content[-1] ^= 1
    assert parse_frames(content) == ([b"first"], HEADER_BYTES + 5, "damaged")


def test_zeros_after_a_power_cut_are_no_frames() -> None:
    assert parse_frames(bytes(64)) == ([], 0, "damaged")


def test_an_absurd_length_is_damage_not_patience() -> None:
    assert parse_frames(HEADER.pack(MAX_FRAME + 1, 0))[2] == "damaged"


def test_limit_leaves_the_rest() -> None:
    content = encode_frame(b"a") * 5
    assert parse_frames(content, 2) == ([b"a", b"a"], 2 * (HEADER_BYTES + 1), "whole")


@pytest.mark.parametrize("data", [b"", bytes(MAX_FRAME + 1)])
def test_empty_and_oversized_frames_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="do not make a frame"):
        encode_frame(data)
