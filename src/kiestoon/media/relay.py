"""One direction of a call relayed packet by packet: a talker's stream continued in a listener's.

Nothing is decoded. Header fields are mapped so that the listener sees one stream whoever speaks (RFC 3550 §7.1, a
translator that hides its sources): own SSRC, sequence and timestamp shifted by constants that are set anew, with the
marker bit, when the source changes. Gaps and reordering stay visible, so the listener conceals them as usual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.media.audio import g711
from kiestoon.media.protocol import Codec, Stream
from kiestoon.media.rtp import HEADER, MARKER, VERSION_2

if TYPE_CHECKING:
    from kiestoon.media.termination import Termination

TELEPHONE_EVENT = "TELEPHONE-EVENT"
COMFORT_NOISE = "CN"
G711 = frozenset({"PCMA", "PCMU"})
_RECODED = {law: g711.transcode(bytes(range(256)), law) for law in G711}
"""A-law ↔ µ-law is a table of 256 entries: cheaper than decoding, and loses nothing that decoding would keep."""


def same_format(one: Codec, other: Codec) -> bool:
    """Whether payloads of one can be sent as the other unchanged."""
    return one.name == other.name and one.clock_hz == other.clock_hz and one.channels == other.channels


def is_wide(codec: Codec) -> bool:
    """Whether the format carries more than telephone bandwidth."""
    return codec.name in {"G722", "OPUS"} or (codec.name == "L16" and codec.clock_hz > 8000)


class RelayPlan:
    """What can be relayed between two agreements, or why not: ``possible`` is False when samples must be touched."""

    __slots__ = ("headers", "payload_types", "possible", "translate")

    def __init__(self, talker: Stream, codec: Codec | None, listener: Stream) -> None:
        """``codec`` is what the talker speaks now."""
        self.payload_types: dict[int, int] = {}
        self.translate: bytes | None = None
        send = listener.send
        self.possible = codec is not None and send is not None
        if codec is None or send is None:
            self.headers: dict[int, int] = {}
            return
        if not same_format(codec, send):
            self.possible = {codec.name, send.name} <= G711 and codec.channels == send.channels == 1
            if self.possible:
                self.translate = _RECODED[send.name]
        if self.possible:
            self.payload_types[codec.payload_type] = send.payload_type
            self._map_companions(talker, listener)
        self.headers = {}
        if self.translate is None:
            for theirs, ours in self.payload_types.items():
                if theirs != talker.dtmf_receive:  # events are looked into, so they take the longer way
                    self.headers[VERSION_2 | theirs] = VERSION_2 | ours
                    self.headers[VERSION_2 | MARKER | theirs] = VERSION_2 | MARKER | ours

    def _map_companions(self, talker: Stream, listener: Stream) -> None:
        """Telephone events and comfort noise, where both sides have agreed on them."""
        if talker.dtmf_receive is not None and listener.dtmf_send is not None:
            self.payload_types[talker.dtmf_receive] = listener.dtmf_send
        theirs = [codec.payload_type for codec in talker.receive if codec.name == COMFORT_NOISE]
        ours = [codec.payload_type for codec in listener.receive if codec.name == COMFORT_NOISE]
        if theirs and ours:
            self.payload_types[theirs[0]] = ours[0]


class Route:
    """A relayed direction at work. The talker's fast path reads the fields; ``relay`` is the complete way."""

    __slots__ = (
        "first_seq", "headers", "link", "listener", "payload_types", "rx", "seq_shift", "talker", "translate",
        "ts_shift", "tx",
    )  # fmt: skip

    def __init__(self, talker: Termination, listener: Termination, plan: RelayPlan) -> None:
        self.talker = talker
        self.listener = listener
        self.rx = talker.rx
        self.tx = listener.tx
        self.link = listener.link
        self.seq_shift = 0
        self.ts_shift = 0
        self.first_seq = 0
        self.follow(plan)

    def follow(self, plan: RelayPlan) -> None:
        """Adopt a new plan without breaking the stream."""
        self.headers = plan.headers
        self.payload_types = plan.payload_types
        self.translate = plan.translate

    @property
    def fast(self) -> bool:
        """Whether the talker may rewrite headers in place and send at once."""
        return bool(self.headers) and self.link.protection is None and not self.link.sealed

    def relay(self, word: int, seq: int, timestamp: int, payload: bytes, now: float, *, late: bool) -> None:
        """Send one packet of the talker on. ``word`` is the first 16 bits of its header."""
        payload_type = self.payload_types.get(word & 0x7F)
        if payload_type is None:
            return
        tx = self.tx
        marker = word & MARKER
        if tx.feeder is not self:
            if late:
                return  # belongs before the point where this source took over
            self._align(seq, timestamp, now)
            marker = MARKER
        elif late and (seq - self.first_seq) & 0xFFFF >= 0x8000:
            return
        if self.translate is not None and word & 0x7F != self.talker.event_type:
            payload = payload.translate(self.translate)
        seq = (seq + self.seq_shift) & 0xFFFF
        timestamp = (timestamp + self.ts_shift) & 0xFFFFFFFF
        packet = HEADER.pack(VERSION_2 | marker | payload_type, seq, timestamp, tx.ssrc) + payload
        if late:
            tx.packets += 1
            tx.octets += len(payload)
        else:
            tx.sent(seq, timestamp, len(payload), now)
        self.link.transmit(packet)

    def interrupt(self) -> None:
        """The talker's source restarted: align again with its next packet."""
        if self.tx.feeder is self:
            self.tx.feeder = None

    def _align(self, seq: int, timestamp: int, now: float) -> None:
        first_seq, first_timestamp = self.tx.start(self, now, self.rx.clock_hz)
        self.seq_shift = (first_seq - seq) & 0xFFFF
        self.ts_shift = (first_timestamp - timestamp) & 0xFFFFFFFF
        self.first_seq = seq
        self.listener.activate()
