"""Mix-minus: everybody but oneself, saturated; and the same on G.711 payloads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.media.audio import g711, mixer


def frames(count, length=160, seed=0, most=3000):
    return np.random.default_rng(seed).integers(-most, most, (count, length)).astype(np.int16)


def test_loud_sums_saturate_instead_of_wrapping():
    rows = np.full((4, 160), 30000, np.int16)
    rows[:, ::2] = -30000
    total = mixer.add(rows)
    assert set(total.tolist()) == {120000, -120000}
    assert set(mixer.saturated(total - rows[0]).tolist()) == {32767, -32768}
    assert mixer.mix(list(rows)).max() == 32767


def test_one_frame_mixed_is_itself():
    rows = frames(1)
    assert mixer.mix([rows[0]]) is not None
    assert np.array_equal(mixer.mix([rows[0]]), rows[0])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from(g711.LAWS)), min_size=1, max_size=12),
    st.integers(0, 2**31),
)
def test_many_are_decoded_and_encoded_as_each_one_would_be(members, seed):
    rng = np.random.default_rng(seed)
    payloads = [rng.integers(0, 256, 160, dtype=np.uint8).tobytes() if talks else None for talks, _ in members]
    laws = [law for _, law in members]
    coder = mixer.G711Rows(laws, 160)
    rows = coder.decode(payloads)
    for row, payload, law in zip(rows, payloads, laws, strict=True):
        pcm = g711.decode(payload, law) if payload else np.zeros(160, np.int16)
        assert np.array_equal(row, np.where(np.abs(pcm) <= 8, 0, pcm))
    spoken = rng.integers(-32768, 32768, (len(laws), 160)).astype(np.int16)
    coded = coder.encode(spoken)
    assert [row.tobytes() for row in coded] == [g711.encode(row, law) for row, law in zip(spoken, laws, strict=True)]


@pytest.mark.parametrize("law", g711.LAWS)
def test_a_hundred_silent_lines_add_up_to_silence(law):
    coder = mixer.G711Rows([law] * 100, 160)
    rows = coder.decode([bytes([g711.SILENCE[law]]) * 160] * 99 + [None])
    assert not np.any(mixer.add(rows))
