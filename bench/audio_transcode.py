"""Two-way calls transcoded: the share of a core that changing the codec takes (without RTP).

A-law ↔ µ-law by table, and Opus ↔ A-law through PCM both ways. Growth: 10 to 200 calls. Last lines: 100 calls each.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.audio_codecs import speech
from bench.lib.results import Result, percentile, table
from kiestoon.media.audio import codecs, g711
from kiestoon.media.protocol import Codec

TICK_S = 0.02
TICKS = 60
PCMA = Codec("PCMA", 8)
OPUS = Codec("OPUS", 111, 48000, 2, "useinbandfec=1")


def g711_calls(calls: int) -> Callable[[int], None]:
    """One tick of so many calls, A-law on one side and µ-law on the other."""
    talk = speech(8000)
    alaw = [g711.encode(talk[i : i + 160], "PCMA") for i in range(0, len(talk), 160)]
    ulaw = [g711.encode(talk[i : i + 160], "PCMU") for i in range(0, len(talk), 160)]

    def tick(number: int) -> None:
        for call in range(calls):
            g711.transcode(alaw[(number + call) % len(alaw)], "PCMU")
            g711.transcode(ulaw[(number + call) % len(ulaw)], "PCMA")

    return tick


def opus_calls(calls: int) -> Callable[[int], None]:
    """One tick of so many calls, Opus (run at 8 kHz: no resampling) on one side and A-law on the other."""
    talk = speech(8000)
    frames = [talk[i : i + 160] for i in range(0, len(talk), 160)]
    alaw = [g711.encode(frame, "PCMA") for frame in frames]
    source = codecs.encoder(OPUS, 20, 8000)
    opus = [source.encode(frame) for frame in frames]
    sides = [
        (codecs.decoder(OPUS, 8000), codecs.encoder(PCMA), codecs.decoder(PCMA), codecs.encoder(OPUS, 20, 8000))
        for _ in range(calls)
    ]

    def tick(number: int) -> None:
        for call, (from_opus, to_alaw, from_alaw, to_opus) in enumerate(sides):
            to_alaw.encode(from_opus.decode(opus[(number + call) % len(opus)]))
            to_opus.encode(from_alaw.decode(alaw[(number + call) % len(alaw)]))

    return tick


def share(tick: Callable[[int], None]) -> float:
    """Median CPU time of a tick in % of a core."""
    costs = []
    for number in range(TICKS):
        start = time.process_time_ns()
        tick(number)
        costs.append(time.process_time_ns() - start)
    return percentile(costs, 50) / 1e9 / TICK_S * 100


def main() -> None:
    """Print the growth, then the figures."""
    rows = []
    at_100 = (0.0, 0.0)
    for calls in (10, 25, 50, 100, 200):
        shares = share(g711_calls(calls)), share(opus_calls(calls))
        rows.append([calls, *shares])
        at_100 = shares if calls == 100 else at_100
    headings = ["two-way calls", "A-law ↔ µ-law, % of a core", "Opus ↔ A-law, % of a core"]
    print(f"\nTranscoding without RTP\n\n{table(headings, rows)}\n")
    print(Result("audio_transcode_g711", at_100[0], "% of a core for 100 calls"))
    print(Result("audio_transcode_opus", at_100[1], "% of a core for 100 calls"))


if __name__ == "__main__":
    main()
