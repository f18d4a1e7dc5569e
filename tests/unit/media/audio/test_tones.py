"""Call progress tones: pitches, cadences, no clicks."""

from __future__ import annotations

import numpy as np
import pytest

from kiestoon.media.audio import measure, tones
from kiestoon.media.audio.tones import ToneSource


def heard(name, country, seconds, rate=8000, frame=160):
    source = ToneSource(name, country, rate)
    return np.concatenate([source.read(frame) for _ in range(int(seconds * rate) // frame)])


def cadence_ms(pcm, rate=8000):
    """Lengths of sound and silence in turn, to 5 ms."""
    window = rate // 200
    blocks = np.abs(pcm[: len(pcm) // window * window].astype(int)).reshape(-1, window).max(axis=1) > 100
    edges = np.flatnonzero(np.diff(blocks.astype(int))) + 1
    bounds = np.concatenate([[0], edges, [len(blocks)]])
    return (np.diff(bounds) * 5).tolist()


@pytest.mark.parametrize(
    ("country", "name", "on", "off", "hz"),
    [
        ("NL", "ringback", 1000, 4000, 425), ("NL", "busy", 500, 500, 425), ("NL", "congestion", 250, 250, 425),
        ("NL", "waiting", 500, 9500, 425), ("DE", "busy", 480, 480, 425), ("BE", "ringback", 1000, 3000, 425),
        ("GB", "busy", 375, 375, 400), ("FR", "ringback", 1500, 3500, 440), ("ES", "busy", 200, 200, 425),
        ("LV", "ringback", 1000, 4000, 425),
    ],
)  # fmt: skip
def test_cadences_of_the_countries(country, name, on, off, hz):
    pcm = heard(name, country, 2.2 * (on + off) / 1000)
    lengths = cadence_ms(pcm)
    assert lengths[0] == pytest.approx(on, abs=10)
    assert lengths[1] == pytest.approx(off, abs=10)
    assert lengths[2] == pytest.approx(on, abs=10)
    assert measure.dominant_frequency(pcm[: on * 8], 8000) == pytest.approx(hz, abs=1)


def test_british_ringback_rings_twice():
    assert cadence_ms(heard("ringback", "GB", 6.0))[:5] == pytest.approx([400, 200, 400, 2000, 400], abs=10)


def test_american_tones_have_two_frequencies():
    pcm = heard("ringback", "US", 2.0)
    assert measure.tone_level(pcm, 8000, 440) == pytest.approx(tones.LEVEL_DBM0 - 3, abs=0.5)
    assert measure.tone_level(pcm, 8000, 480) == pytest.approx(tones.LEVEL_DBM0 - 3, abs=0.5)


def test_special_information_tone_climbs_in_three_steps():
    pcm = heard("sit", "NL", 2.1)
    steps = [measure.dominant_frequency(pcm[i * 2640 + 200 : i * 2640 + 2400], 8000) for i in range(3)]
    assert steps == pytest.approx([950, 1400, 1800], abs=3)
    assert measure.is_silence(pcm[8000:15500])


def test_confirmation_is_three_short_bursts_and_then_silence():
    pcm = heard("confirm", "NL", 5.0)
    assert cadence_ms(pcm)[:5] == pytest.approx([100] * 5, abs=10)
    assert not np.any(pcm[4100:])


@pytest.mark.parametrize("country", tones.COUNTRIES)
@pytest.mark.parametrize("name", [name for name in tones.NAMES if name != "silence"])
@pytest.mark.parametrize("rate", [8000, 16000])
def test_every_tone_has_the_right_level_and_no_click(country, name, rate):
    pcm = heard(name, country, 25.0, rate, rate // 50)
    loud = pcm[np.abs(pcm) > 0]
    assert -16 < measure.loudness_db(loud) < -10
    # A click would be a step far steeper than the tone's own slope, 2πf·A.
    highest = max(
        float(hz) for element in tones.cadence(name, country).split(",")
        for hz in element.removeprefix("!").partition("/")[0].split("+")
    )  # fmt: skip
    steepest = np.abs(np.diff(pcm.astype(int))).max()
    assert steepest <= 1.05 * 2 * np.pi * highest / rate * np.abs(pcm.astype(int)).max() + 2


def test_silence_goes_on_without_a_sound():
    pcm = heard("silence", "NL", 5.0)
    assert len(pcm) == 5 * 8000
    assert not np.any(pcm)


@pytest.mark.parametrize(("name", "first", "second"), [("join", 440, 660), ("leave", 660, 440)])
def test_the_tones_of_conferences_are_heard_once(name, first, second):
    source = ToneSource(name, "NL")
    pieces = []
    while not source.finished:
        pieces.append(source.read(160))
    pcm = np.concatenate(pieces)
    assert len(pcm) == 8 * 300
    assert measure.dominant_frequency(pcm[80:900], 8000) == pytest.approx(first, abs=6)
    assert measure.dominant_frequency(pcm[1040:2300], 8000) == pytest.approx(second, abs=6)
    assert not len(source.read(160))


def test_how_it_is_read_makes_no_difference():
    source = ToneSource("busy", "NL")
    rng = np.random.default_rng(0)
    pieces = [source.read(int(n)) for n in rng.integers(0, 9000, 30)]
    whole = np.concatenate(pieces)
    other = ToneSource("busy", "NL")
    assert np.array_equal(whole, other.read(len(whole)))


def test_a_dial_tone_is_never_interrupted():
    assert measure.gap_ms(heard("dial", "NL", 10.0), 8000, 425) == 0


def test_an_unknown_country_has_dutch_tones_and_an_unknown_tone_is_an_error():
    assert tones.cadence("busy", "XX") == tones.cadence("busy", "NL")
    assert tones.cadence("busy", "gb") == tones.cadence("busy", "GB")
    with pytest.raises(tones.UnknownTone):
        ToneSource("howler", "NL")
