"""The plain G.711 members of a conference, all decoded, subtracted and encoded at once.

Each sits in a *lane*. Packets come out of the jitter buffers undecoded; one look-up in a table decodes all of them, one
subtraction takes each one's own voice out of the sum, one look-up encodes what each hears, in place behind the headers
of the packets to be sent. Per member and 20 ms that leaves a packet taken, a header written and a system call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kiestoon.media.audio.g711 import LAWS, RATE
from kiestoon.media.audio.jitter import Lost
from kiestoon.media.audio.mixer import G711Rows, Rows, Sum, add, saturated
from kiestoon.media.audio.pcm import Pcm
from kiestoon.media.intake import Intake
from kiestoon.media.outlet import Outlet, packet_ms
from kiestoon.media.protocol import Codec
from kiestoon.media.rtp import HEADER_SIZE
from kiestoon.media.shared import Shared

if TYPE_CHECKING:
    from kiestoon.media.termination import Termination

G711_BYTES = 160
"""20 ms of G.711."""
PACKET_BYTES = HEADER_SIZE + G711_BYTES
AT_ONCE = 16
"""Members whose packets are taken or sent before others may have their turn."""


def fits_lane(member: Termination, *, speaks: bool, hears: bool) -> bool:
    """Whether a member, as far as he speaks and hears in a conference, can do so in a lane.

    What is played on top of the conference and what is recorded of it is no hindrance.
    """
    stream, signals = member.stream, member.signals
    if stream is None or (member.intake is not None and member.intake.odd):
        return False
    if speaks and not _is_plain(member.codec):
        return False
    if hears and (stream.send is None or not _is_plain(stream.send) or packet_ms(stream.send, stream.ptime_ms) != 20):
        return False
    if signals is not None and (signals.replaces or signals.digits):
        return False
    return not member.watch.digits_in_band and not member.watch.silence_ms


def _is_plain(codec: Codec | None) -> bool:
    return codec is not None and codec.name in LAWS and codec.clock_hz == RATE and codec.channels == 1


class Lane:
    """One member's place. ``intake`` and ``outlet`` are None where he does not speak or hear."""

    __slots__ = ("get", "index", "intake", "latest", "link", "member", "outlet", "packet")

    def __init__(self, index: int, member: Termination, packet: memoryview) -> None:
        self.index = index
        self.member = member
        self.link = member.link
        self.intake: Intake | None = member.intake
        self.outlet: Outlet | None = member.outlet
        self.packet = packet
        self.get = member.intake.get if member.intake is not None else _nothing
        self.latest: bytes | None = None
        """The packet last taken, to cover the loss of one."""

    def unusual(self, got: bytes | Lost | None) -> bytes | None:
        """What to make of something that is not simply the next 20 ms."""
        again, self.latest = self.latest, None
        if isinstance(got, Lost):
            return again  # once (G.711 §I is for those who are decoded by themselves)
        if got is not None and self.intake is not None:
            self.intake.put_back(got)
        return None


class Lanes:
    """Made anew whenever anything changes. Each tick: ``take_in``, ``decode``, ``prepare``, ``send``."""

    __slots__ = (
        "_buffer", "_busy", "_coder", "_hearing", "_lanes", "_payloads", "_rows", "_sending", "_shared", "_sound",
        "talking",
    )  # fmt: skip

    def __init__(self, members: Sequence[Termination], shared: Shared) -> None:
        """Intakes and outlets of the members are those they have now."""
        self._shared = shared
        self._buffer = bytearray(len(members) * PACKET_BYTES)
        view = memoryview(self._buffer)
        self._lanes = [
            Lane(index, member, view[index * PACKET_BYTES : (index + 1) * PACKET_BYTES])
            for index, member in enumerate(members)
        ]
        self._hearing = [lane for lane in self._lanes if lane.outlet is not None]
        self._busy = [lane for lane in self._lanes if lane.member.signals is not None and not lane.member.signals.idle]
        """Those to whom something is played, or of whom something is recorded."""
        packets: NDArray[np.uint8] = np.frombuffer(self._buffer, np.uint8).reshape(len(members), PACKET_BYTES)
        self._sound = packets[:, HEADER_SIZE:]
        self._coder = G711Rows([_law(member) for member in members], G711_BYTES)
        self._payloads: list[bytes | None] = [None] * len(members)
        self._rows: Rows = np.zeros((len(members), G711_BYTES), np.int16)
        self._sending: list[Lane] = []
        self.talking = 0
        """Those of whom a packet was taken in this tick."""

    def take_in(self, now: float) -> Iterator[None]:
        """Take everybody's next packet."""
        payloads: list[bytes | None] = []
        append = payloads.append
        for first in range(0, len(self._lanes), AT_ONCE):
            for lane in self._lanes[first : first + AT_ONCE]:
                get = lane.get
                got = get(now)
                if got.__class__ is bytes and len(got) == G711_BYTES:
                    lane.latest = got
                    append(got)
                    continue
                append(lane.unusual(got))
                if lane.intake is not None and lane.intake.odd:
                    self._shared.touch(lane.member.context)  # which takes him out of the lane
            yield
        self._payloads = payloads
        self.talking = len(payloads) - payloads.count(None)

    def decode(self) -> Sum | None:
        """The sum of what was said; None when nobody spoke."""
        self._rows = self._coder.decode(self._payloads)
        return add(self._rows) if self.talking else None

    def prepare(self, total: Sum | None) -> None:
        """Encode for everybody the sum of all voices but his own. None: there are none."""
        heard = total - self._rows if total is not None else np.zeros(self._rows.shape, np.int32)
        sounding = self._overlay(heard) if self._busy else {}
        if total is not None:
            self._sending = self._hearing
        else:
            self._sending = list(sounding.values())
            for lane in self._hearing:
                if lane.index not in sounding and lane.outlet is not None:
                    lane.outlet.pause()
        rows = saturated(heard)
        if self._sending:
            self._sound[:] = self._coder.encode(rows)
        for lane in self._busy:
            self._keep(lane, rows[lane.index] if total is not None or lane.index in sounding else None)

    def _overlay(self, heard: NDArray[np.int32]) -> dict[int, Lane]:
        """Put what is played to members on top of what they hear; the lanes with something on it, by index."""
        sounding = {}
        for lane in self._busy:
            signals = lane.member.signals
            if signals is None or lane.outlet is None or not signals.over:
                continue
            sound, ended = signals.overlay(None, RATE)
            if sound is not None:
                heard[lane.index] += sound
                sounding[lane.index] = lane
            for signal in ended:
                lane.member.end_signal(signal, "finished")
        return sounding

    def _keep(self, lane: Lane, heard: Pcm | None) -> None:
        """Leave what was said and heard where recordings look for it."""
        lane.member.heard = heard.copy() if heard is not None else None
        if lane.intake is not None:
            spoke = self._payloads[lane.index] is not None
            lane.intake.frame = self._rows[lane.index].copy() if spoke else None

    def send(self, now: float) -> Iterator[None]:
        """Send the packets."""
        buffer = self._buffer
        for first in range(0, len(self._sending), AT_ONCE):
            for lane in self._sending[first : first + AT_ONCE]:
                outlet = lane.outlet
                if outlet is None:
                    continue
                try:
                    outlet.stamp(buffer, lane.index * PACKET_BYTES, G711_BYTES, now)
                    lane.link.transmit(lane.packet)
                except Exception as error:
                    self._shared.fail(lane.member, error)
            yield


def _law(member: Termination) -> str:
    """The law he hears in, or else speaks; they are the same, or he has only one."""
    codec = member.stream.send if member.outlet is not None and member.stream is not None else member.codec
    return codec.name if codec is not None else LAWS[0]


def _nothing(now: float) -> None:
    """What those say who do not speak."""
