"""The encoding side of a termination: audio made here (mixed, transcoded, played) and key presses, as RTP."""

from __future__ import annotations

import numpy as np

from kiestoon.media.audio import codecs
from kiestoon.media.audio.pcm import Pcm, silence
from kiestoon.media.audio.resample import Resampler
from kiestoon.media.audio.telephone_event import EventPacket
from kiestoon.media.link import Link
from kiestoon.media.protocol import Codec, Stream
from kiestoon.media.rtp import HEADER, HEADER_SIZE, MARKER, VERSION_2, Sender

_pack = HEADER.pack_into
PTIMES_MS = (10, 20, 30, 40, 60)


def packet_ms(codec: Codec, ptime_ms: int) -> int:
    """How much sound a packet carries where so much is wanted."""
    return ptime_ms if ptime_ms in PTIMES_MS and not (codec.name == "OPUS" and ptime_ms == 30) else 20


class Outlet:
    """Feeds a termination's ``Sender``. Raises UnsupportedCodec (a ValueError) for a codec that can't be encoded."""

    __slots__ = (
        "_clock_hz", "_codec", "_encoder", "_held", "_link", "_packet_samples", "_packet_units", "_ptime_ms",
        "_resampler", "_running", "_tx", "_word", "rate",
    )  # fmt: skip

    def __init__(self, stream: Stream, rate: int, tx: Sender, link: Link) -> None:
        assert stream.send is not None  # noqa: S101 (narrows the type: whoever hears has a format to hear in)
        self._tx = tx
        self._link = link
        self._running = False
        self._open(stream.send, stream.ptime_ms, rate)

    def follow(self, stream: Stream, rate: int) -> None:
        """A new agreement, or another rate of what is played."""
        if stream.send is not None and (stream.send, stream.ptime_ms, rate) != (self._codec, self._ptime_ms, self.rate):
            self._open(stream.send, stream.ptime_ms, rate)
            self._running = False

    def _open(self, codec: Codec, ptime_ms: int, rate: int) -> None:
        ptime = packet_ms(codec, ptime_ms)
        encoder = codecs.encoder(codec, ptime, rate if codec.name == "OPUS" else None)  # Opus takes any rate
        self._encoder = encoder
        self._codec = codec
        self._word = VERSION_2 | codec.payload_type
        self._ptime_ms = ptime_ms
        self._clock_hz = codec.clock_hz
        self._packet_samples = encoder.sample_rate * ptime // 1000
        self._packet_units = codec.clock_hz * ptime // 1000
        self.rate = rate
        self._resampler = Resampler(rate, encoder.sample_rate) if rate != encoder.sample_rate else None
        self._held = silence(0)

    def play(self, pcm: Pcm | None, now: float) -> Pcm | None:
        """Send the next 20 ms; None is a pause. Returns what was given."""
        if pcm is None:
            self.pause()
            return None
        sound = pcm if self._resampler is None else self._resampler.process(pcm)
        size = self._packet_samples
        if len(self._held):
            sound = np.concatenate((self._held, sound))
        while len(sound) >= size:
            self.send(self._encoder.encode(sound[:size]), now)
            sound = sound[size:]
        self._held = sound
        return pcm

    def pause(self) -> None:
        """Nothing to hear: what comes next starts anew, with the marker bit."""
        self._running = False
        if len(self._held):
            self._held = silence(0)

    def send(self, payload: bytes, now: float) -> None:
        """Send one packet's worth of encoded audio."""
        packet = bytearray(HEADER_SIZE + len(payload))
        packet[HEADER_SIZE:] = payload
        self.stamp(packet, 0, len(payload), now)
        self._link.transmit(packet)

    def stamp(self, packets: bytearray, offset: int, octets: int, now: float) -> None:
        """Write the header of the next packet, which has so many octets of audio, into ``packets`` at ``offset``."""
        tx = self._tx
        word = self._word
        if self._running and tx.feeder is self:
            seq = (tx.seq + 1) & 0xFFFF
            timestamp = (tx.timestamp + self._packet_units) & 0xFFFFFFFF
        else:
            seq, timestamp = tx.start(self, now, self._clock_hz)
            self._running = True
            word |= MARKER
        tx.seq = seq
        tx.timestamp = timestamp
        tx.at = now
        tx.packets += 1
        tx.octets += octets
        _pack(packets, offset, word, seq, timestamp, tx.ssrc)

    def start_events(self, now: float) -> int:
        """The timestamp at which a series of key presses begins."""
        _, timestamp = self._tx.start(self, now, self._clock_hz)
        self._running = False
        return timestamp

    def send_event(self, payload_type: int, event: EventPacket, began: int, tick: int, now: float) -> None:
        """Send a packet of a key press (RFC 4733): all packets of a press carry the timestamp of its beginning.

        ``tick`` counts the 20 ms intervals since ``began``: where the stream as a whole has come to.
        """
        tx = self._tx
        seq = (tx.seq + 1) & 0xFFFF
        word = VERSION_2 | payload_type | (MARKER if event.marker else 0)
        tx.sent(seq, (began + tick * self._clock_hz // 50) & 0xFFFFFFFF, len(event.payload), now)
        self._link.transmit(HEADER.pack(word, seq, (began + event.timestamp) & 0xFFFFFFFF, tx.ssrc) + event.payload)

    @property
    def clock_hz(self) -> int:
        """RTP clock of what is sent."""
        return self._clock_hz
