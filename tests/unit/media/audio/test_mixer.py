"""Mix-minus: everybody but oneself, saturated; and the same on G.711 payloads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.media.audio import g711, measure, mixer


def frames(count, length=160, seed=0, most=3000):
    return np.random.default_rng(seed).integers(-most, most, (count, length)).astype(np.int16)


def test_everybody_hears_the_others_and_not_himself():
    rows = frames(5)
    for i, heard in enumerate(mixer.mix_minus(list(rows))):
        assert np.array_equal(heard, rows.astype(int).sum(axis=0) - rows[i])


def test_two_parties_hear_each_other_and_one_hears_nothing():
    rows = frames(2)
    first, second = mixer.mix_minus(rows)
    assert np.array_equal(first, rows[1])
    assert np.array_equal(second, rows[0])
    assert not np.any(mixer.mix_minus(rows[:1])[0])
    assert mixer.mix_minus([]) == []


def test_loud_sums_saturate_instead_of_wrapping():
    rows = np.full((4, 160), 30000, np.int16)
    rows[:, ::2] = -30000
    heard = mixer.mix_minus(rows)[0]
    assert set(heard.tolist()) == {32767, -32768}
    assert mixer.mix(list(rows)).max() == 32767


def test_one_frame_mixed_is_itself():
    rows = frames(1)
    assert mixer.mix([rows[0]]) is not None
    assert np.array_equal(mixer.mix([rows[0]]), rows[0])


def by_hand(payloads, laws):
    """The slow way to the same result."""
    length = max(len(p) for p in payloads if p)
    rows = [
        g711.decode(p, law).astype(int) if p else np.zeros(length, int) for p, law in zip(payloads, laws, strict=True)
    ]
    rows = [np.where(np.abs(row) <= 8, 0, row) for row in rows]
    total = sum(rows)
    return [
        g711.encode(np.clip(total - row, -32768, 32767).astype(np.int16), law)
        for row, law in zip(rows, laws, strict=True)
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from(g711.LAWS)), min_size=1, max_size=12),
    st.integers(0, 2**31),
)
def test_a_tick_equals_decoding_mixing_and_encoding_one_by_one(members, seed):
    rng = np.random.default_rng(seed)
    payloads = [rng.integers(0, 256, 160, dtype=np.uint8).tobytes() if talks else None for talks, _ in members]
    laws = [law for _, law in members]
    out = mixer.tick_g711(payloads, laws)
    if not any(payloads):
        assert out == [b""] * len(members)
    else:
        assert out == by_hand(payloads, laws)


def test_silent_members_share_one_payload():
    talk = g711.encode(frames(1)[0], "PCMA")
    out = mixer.tick_g711([talk, None, None], "PCMA")
    assert out[1] is out[2]
    assert np.abs(g711.decode(out[1], "PCMA").astype(int) - g711.decode(talk, "PCMA")).max() <= 16
    assert set(out[0]) == {g711.SILENCE["PCMA"]}


def test_a_member_with_a_payload_of_another_length_counts_as_silent():
    talk = [g711.encode(row, "PCMA") for row in frames(3)]
    out = mixer.tick_g711([talk[0], talk[1], talk[2][:80]], "PCMA")
    assert [len(payload) for payload in out] == [160, 160, 160]
    assert np.abs(g711.decode(out[0], "PCMA").astype(int) - g711.decode(talk[1], "PCMA")).max() <= 16


@pytest.mark.parametrize("law", g711.LAWS)
def test_a_tone_reaches_all_of_a_hundred_and_not_its_speaker(law, signals):
    tone = signals.sine(440, 8000, 1.0, 6000)
    heard = [[], []]
    for start in range(0, 8000, 160):
        payloads = [g711.encode(tone[start : start + 160], law)] + [bytes([g711.SILENCE[law]]) * 160] * 99
        out = mixer.tick_g711(payloads, law)
        heard[0].append(out[0])
        heard[1].append(out[57])
    own, other = (g711.decode(b"".join(pieces), law) for pieces in heard)
    assert measure.dominant_frequency(other, 8000) == pytest.approx(440, abs=0.5)
    assert measure.is_silence(own)
