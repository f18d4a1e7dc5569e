"""What a media process with RTP and all needs for calls whose samples it must touch, as a share of one core.

100 two-way calls A-law ↔ µ-law; 100 A-law ↔ G.722; a conference of 100 talkers, whose packets arrive in bursts of 16
or each by itself; rooms of several codecs; a tone on top for all members; what a join costs. Growth: 25 to 200. Turns
of the loop are by the wall clock, so other processes on the core lengthen them. Asterisk 22 on the same kind of
machine: 68 % for 100 calls A-law ↔ µ-law, 37 % for a conference of 100 (measured apart, see docs).
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from bench.lib.media_process import PCMA, PCMU, MediaProcess
from bench.lib.results import Result, table
from bench.lib.systems import LOAD_CORE
from bench.peers.process import free_port
from bench.rtp_load import CHUNK, Address, Voice, measure_relay
from kiestoon.media.audio import codecs
from kiestoon.media.protocol import Codec, Play, StatsReported, Stop, Stream, Tone, Topology

CORE = 1
SIZES = (25, 50, 100, 200)
SECONDS = 4.0
REPEATS = 3
G722 = Codec("G722", 9)
OPUS = Codec("OPUS", 111, 48000, 2)
ROOMS = {
    "A-law, µ-law": (PCMA, PCMU),
    "A-law, G.722": (PCMA, G722),
    "G.722": (G722,),
    "A-law, A-law, G.722, Opus": (PCMA, PCMA, G722, OPUS),
    "Opus": (OPUS,),
}
Open = Callable[[int, Address], list[Address]]


class Meter:
    """The share of a core a media process takes while parties speak, and what its loop did meanwhile."""

    def __init__(self, media: MediaProcess, chunk: int = CHUNK, voices: Sequence[Voice] = ()) -> None:
        self.media = media
        self.chunk = chunk
        self.voices = voices
        self._marks: list[StatsReported] = []

    def _cpu_s(self) -> float:
        cpu_s = self.media.cpu_s()
        self._marks.append(self.media.stats())
        return cpu_s

    def share(self, remote: Address, destinations: Sequence[Address]) -> tuple[float, float, float]:
        """Percent of a core, late ticks in percent, longest turn in ms, all while everybody speaks; ends the calls."""
        self._marks.clear()
        report = measure_relay(
            remote, destinations, SECONDS, core=LOAD_CORE, relay_cpu_s=self._cpu_s, chunk=self.chunk, voices=self.voices
        )
        before, after = self._marks
        self.media.close()
        late = 100 * (after.late_ticks - before.late_ticks) / max(1, after.ticks - before.ticks)
        return report.relay_cores * 100, late, after.worst_turn_ms

    def median(self, size: int, open_: Open) -> tuple[float, float, float]:
        """The same, several times: the run with the median share."""
        runs = []
        for _ in range(REPEATS):
            remote = ("127.0.0.1", free_port())
            runs.append(self.share(remote, open_(size, remote)))
        return sorted(runs)[len(runs) // 2]


def grow(meter: Meter, name: str, open_: Open) -> float:
    """Measure at all sizes; the share at 100."""
    rows, at_100 = [], 0.0
    for size in SIZES:
        row = meter.median(size, open_)
        rows.append((size, *row))
        if size == 100:
            at_100 = row[0]
    print(f"\n{name}\n\n{table(('size', '% of a core', 'late ticks %', 'worst turn ms'), rows)}\n", flush=True)
    return at_100


def voice(codec: Codec) -> Voice:
    """20 ms of noise as loud as a voice."""
    encoder = codecs.encoder(codec)
    sound = np.random.default_rng(1).normal(0, 1000, encoder.sample_rate // 50).astype(np.int16)
    for _ in range(10):  # past a codec's beginning
        payload = encoder.encode(sound)
    return Voice(codec.payload_type, codec.clock_hz // 50, payload)


def rooms(media: MediaProcess) -> None:
    """100 members of several codecs in one conference."""
    rows = []
    for name, spoken in ROOMS.items():

        def room(size: int, remote: Address, spoken: tuple[Codec, ...] = spoken) -> list[Address]:
            return media.open_conference(
                size, lambda i: Stream(remote, None, spoken[i % len(spoken)], (spoken[i % len(spoken)],))
            )

        rows.append((name, *Meter(media, voices=[voice(codec) for codec in spoken]).median(100, room)))
    print(f"\nrooms of 100, everybody talks\n\n{table(('codecs', '% of a core', 'late %', 'turn ms'), rows)}\n")


def tone_for_all(media: MediaProcess) -> float:
    """A conference of 100 with a tone on top of it for each member, for as long as it is measured."""

    def conference(size: int, remote: Address) -> list[Address]:
        addresses = media.open_conference(size, partial(_plain, remote))
        media.send(*(Play(number + 1, 9, Tone("dial"), mix=True) for number in range(size)))
        return addresses

    return Meter(media).median(100, conference)[0]


def joins(media: MediaProcess) -> None:
    """What it costs that one more joins a conference, and that a tone on top begins and ends for all."""
    rows = []
    for size in SIZES:
        remote = ("127.0.0.1", free_port())
        media.open_conference(size, partial(_plain, remote))
        everybody = tuple(range(1, size + 1))
        begin = [Play(number, 9, Tone("dial"), mix=True) for number in everybody]
        end = [Stop(number, 9) for number in everybody]
        join = partial(media.send, Topology(1, mixed=everybody))
        rows.append((size, _cost_ms(media, join), _cost_ms(media, partial(media.send, *begin, *end))))
        media.close()
    headings = ("members", "a join", "a tone for all, begin and end")
    print(f"\nchanges, ms of CPU\n\n{table(headings, rows)}\n", flush=True)


def _plain(remote: Address, _: int) -> Stream:
    return Stream(remote, None, PCMA, (PCMA,))


def _cost_ms(media: MediaProcess, change: Callable[[], None], times: int = 200) -> float:
    costs = []
    for _ in range(REPEATS):
        before = media.cpu_s()
        for _ in range(times):
            change()
            media.stats()
        costs.append((media.cpu_s() - before) * 1000 / times)
    return statistics.median(costs)


def main() -> None:
    """Measure each kind."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, MediaProcess(Path(name)) as media:

        def calls(send: Codec) -> Open:
            # Everybody speaks A-law and hears ``send``: both directions of every call are transcoded.
            return lambda size, remote: media.open_calls(size, lambda _: Stream(remote, None, send, (PCMA,)))

        def conference(size: int, remote: Address) -> list[Address]:
            return media.open_conference(size, partial(_plain, remote))

        laws = grow(Meter(media), "two-way calls A-law to µ-law", calls(PCMU))
        wide = grow(Meter(media), "two-way calls A-law to G.722", calls(G722))
        rooms(media)
        joins(media)
        tone = tone_for_all(media)
        spread = grow(Meter(media, chunk=1), "one conference, packets arriving one by one", conference)
        mixed = grow(Meter(media), "one conference, everybody talks", conference)
    print(Result("media_transcode_g722", wide, "% of a core for 100 calls"))
    print(Result("media_transcode_laws", laws, "% of a core for 100 calls"))
    print(Result("media_conference_tone", tone, "% of a core for 100 talkers with a tone on top"))
    print(Result("media_conference_spread", spread, "% of a core for 100 talkers, packets arriving one by one"))
    print(Result("media_conference", mixed, "% of a core for 100 talkers"))


if __name__ == "__main__":
    main()
