"""Speech quality by the E-model: ITU-T G.107 (06/2015) with its default values, impairments by G.113 Appendix I."""

from __future__ import annotations

import math

import msgspec

RO = 94.77
"""Basic signal-to-noise ratio with every parameter at its default (G.107 §7.2)."""
IS = 1.41
"""Simultaneous impairments at their defaults (§7.3)."""
RLR_DB = 2.0
TELR_DB = 65.0
WEPL_DB = 110.0
NO_DBM0P = -61.18
"""Sum of noise sources at their defaults (§7.2)."""


class Impairment(msgspec.Struct, frozen=True):
    """``ie``: impairment without loss; ``bpl``: robustness against loss; ``delay_ms``: frame and look-ahead."""

    ie: float
    bpl: float
    delay_ms: float


_G711 = Impairment(0.0, 25.1, 20.0)  # with packet-loss concealment (G.711 Appendix I), which every phone of today has
IMPAIRMENTS: dict[str, Impairment] = {
    "PCMA": _G711,
    "PCMU": _G711,
    # Wide-band codecs are judged on the narrow-band scale, on which they have no impairment of their own.
    "G722": Impairment(0.0, 13.0, 21.5),
    "OPUS": Impairment(0.0, 25.1, 26.5),
    "G729": Impairment(11.0, 19.0, 25.0),
    "L16": Impairment(0.0, 4.3, 20.0),
}
UNKNOWN = Impairment(5.0, 15.0, 30.0)


def rating(codec: str, loss: float, one_way_delay_ms: float, burst_ratio: float = 1.0) -> float:
    """The transmission rating factor R (0-100). ``loss`` is a share (0-1), the delay is mouth to ear."""
    impairment = IMPAIRMENTS.get(codec, UNKNOWN)
    loss_percent = 100.0 * min(1.0, max(0.0, loss))
    effective = impairment.ie + (95.0 - impairment.ie) * loss_percent / (
        loss_percent / burst_ratio + impairment.bpl
    )  # (7-29)
    return max(0.0, min(100.0, RO - IS - _delay_impairment(max(0.0, one_way_delay_ms)) - effective))


def mos(r: float) -> float:
    """Mean opinion score (1.0-4.5) of a rating (G.107 Annex B)."""
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    return max(1.0, 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6)


def one_way_delay_ms(codec: str, jitter_ms: float, round_trip_ms: float) -> float:
    """An estimate of the delay from mouth to ear, ms: packetisation and codec, the network, the jitter buffer.

    The jitter buffer is taken to hold twice the mean jitter; half the round trip is the network's share.
    """
    return IMPAIRMENTS.get(codec, UNKNOWN).delay_ms + round_trip_ms / 2.0 + 2.0 * jitter_ms


def estimate_mos(codec: str, loss: float, jitter_ms: float, round_trip_ms: float) -> float:
    """MOS as the party at the other end of the measured path would hear it."""
    return mos(rating(codec, loss, one_way_delay_ms(codec, jitter_ms, round_trip_ms)))


def _delay_impairment(delay_ms: float) -> float:
    """Id = talker echo + listener echo + too long a delay (§7.4), T = Ta = Tr / 2."""
    trip = 2.0 * delay_ms
    terv = TELR_DB - 40.0 * math.log10((1.0 + delay_ms / 10.0) / (1.0 + delay_ms / 150.0))
    terv += 6.0 * math.exp(-0.3 * delay_ms * delay_ms)
    roe = -1.5 * (NO_DBM0P - RLR_DB)
    re = 80.0 + 2.5 * (terv - 14.0)
    talker_echo = ((roe - re) / 2.0 + math.sqrt((roe - re) ** 2 / 4.0 + 100.0) - 1.0) * (1.0 - math.exp(-delay_ms))
    rle = 10.5 * (WEPL_DB + 7.0) * math.pow(trip + 1.0, -0.25)
    listener_echo = (RO - rle) / 2.0 + math.sqrt((RO - rle) ** 2 / 4.0 + 169.0)
    too_long: float = 0.0
    if delay_ms > 100.0:
        x: float = math.log2(delay_ms / 100.0)
        too_long = 25.0 * (math.pow(1.0 + x**6, 1 / 6) - 3.0 * math.pow(1.0 + (x / 3.0) ** 6, 1 / 6) + 2.0)
    return talker_echo + listener_echo + too_long
