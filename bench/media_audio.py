"""What a media process with RTP and all needs for calls whose samples it must touch, as a share of one core.

100 two-way calls A-law ↔ µ-law; 100 A-law ↔ G.722; a conference of 100 talkers; music to 100 parties on hold costs
about what sending to them costs. Growth: 25 to 200. Asterisk 22 on the same kind of machine: 68 % for 100 calls
A-law ↔ µ-law, 37 % for a conference of 100 (measured apart, see docs).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.lib.media_process import PCMA, PCMU, MediaProcess
from bench.lib.results import Result, table
from bench.lib.systems import LOAD_CORE
from bench.peers.process import free_port
from bench.rtp_load import Address, measure_relay
from kiestoon.media.protocol import Codec, Stream

CORE = 1
SIZES = (25, 50, 100, 200)
G722 = Codec("G722", 9)


def share(media: MediaProcess, remote: Address, destinations: Sequence[Address], seconds: float = 4.0) -> float:
    """Percent of a core while every party sends A-law."""
    report = measure_relay(remote, destinations, seconds, core=LOAD_CORE, relay_cpu_s=media.cpu_s)
    media.close()
    return report.relay_cores * 100


def grow(media: MediaProcess, name: str, open_: Callable[[int, Address], list[Address]]) -> float:
    """Measure at all sizes; the share at 100."""
    rows, at_100 = [], 0.0
    for size in SIZES:
        remote = ("127.0.0.1", free_port())
        before = media.stats()
        percent = share(media, remote, open_(size, remote))
        after = media.stats()
        late = 100 * (after.late_ticks - before.late_ticks) / max(1, after.ticks - before.ticks)
        rows.append((size, percent, late, after.worst_turn_ms))
        if size == 100:
            at_100 = percent
    print(f"\n{name}\n\n{table(('size', '% of a core', 'late ticks %', 'worst turn ms'), rows)}\n", flush=True)
    return at_100


def main() -> None:
    """Measure each kind."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, MediaProcess(Path(name)) as media:

        def calls(send: Codec) -> Callable[[int, Address], list[Address]]:
            # Everybody speaks A-law and hears ``send``: both directions of every call are transcoded.
            return lambda size, remote: media.open_calls(size, lambda _: Stream(remote, None, send, (PCMA,)))

        def conference(size: int, remote: Address) -> list[Address]:
            return media.open_conference(size, lambda _: Stream(remote, None, PCMA, (PCMA,)))

        laws = grow(media, "two-way calls A-law to µ-law", calls(PCMU))
        wide = grow(media, "two-way calls A-law to G.722", calls(G722))
        mixed = grow(media, "one conference, everybody talks", conference)
    print(Result("media_transcode_g722", wide, "% of a core for 100 calls"))
    print(Result("media_transcode_laws", laws, "% of a core for 100 calls"))
    print(Result("media_conference", mixed, "% of a core for 100 talkers"))


if __name__ == "__main__":
    main()
