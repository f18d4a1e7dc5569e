"""One party's media: its sockets, the stream it sends, the stream it is sent.

``receive_connected`` is the fast path every relayed packet takes: about 2 µs of Python between two system calls. It
handles only the ordinary (the next packet in sequence, a plain header, one listener with the same format); everything
else goes the complete way through ``_packet``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from kiestoon.media.digits import EventTracker, Press
from kiestoon.media.link import Link
from kiestoon.media.ports import PortPair
from kiestoon.media.protocol import (
    Codec,
    DigitReceived,
    Quality,
    RtpLost,
    RtpResumed,
    SourceLatched,
    Stream,
    Watch,
)
from kiestoon.media.relay import COMFORT_NOISE, TELEPHONE_EVENT, Route
from kiestoon.media.reporting import Reporter
from kiestoon.media.rtp import (
    HEADER,
    HEADER_SIZE,
    LATE,
    MARKER,
    MAX_PACKET,
    REFUSED,
    RESTART,
    Receiver,
    Sender,
    payload_bounds,
)
from kiestoon.media.shared import Shared
from kiestoon.media.srtp import SrtpError, SrtpReceiver, SrtpSender

if TYPE_CHECKING:
    from kiestoon.media.context import Context
    from kiestoon.media.intake import Intake
    from kiestoon.media.outlet import Outlet

log = structlog.get_logger(__name__)

_BUFFER = bytearray(MAX_PACKET)  # one is enough: a packet is finished before the next is read
_VIEWS = [memoryview(_BUFFER)[:size] for size in range(MAX_PACKET + 1)]
_unpack = HEADER.unpack_from
_pack = HEADER.pack_into
_MAX_DRAIN = 300

LISTENING_SILENCE_S = 0.5
"""A connected socket whose source is silent for this long is opened to others again (see ``lock``)."""
MAX_STEP = 16000.0
"""A transit step of 2 s at 8 kHz: a restarted clock or a wrapped timestamp, not jitter."""


class Termination:
    """Created by ``Add``, ended by ``close``. ``routes`` lead to who hears this party without decoding."""

    __slots__ = (
        "_lost_at", "_receive_map", "_recv_into", "_recvfrom_into", "_rtcp_open", "_shared", "active", "closed",
        "codec", "context", "decryption", "event_type", "events", "fast", "hears", "intake", "link", "loop",
        "number", "on_change", "outlet", "pair", "reporter", "route_in", "routes", "rx", "speaks", "stream", "tx",
        "watch", "watched_at",
    )  # fmt: skip

    def __init__(self, number: int, pair: PortPair, context: Context, shared: Shared) -> None:
        self.number = number
        self.pair = pair
        self.context = context
        self._shared = shared
        self.loop = shared.loop
        self.link = Link(pair, shared)
        self.rx = Receiver()
        self.tx = Sender()
        self.reporter = Reporter(shared, self.link, self.rx, self.tx)
        self.stream: Stream | None = None
        self.codec: Codec | None = None
        """What the party speaks now, of the formats it may use."""
        self.event_type: int | None = None
        self.hears = False
        """The party may be sent something."""
        self.speaks = False
        """What the party says is listened to."""
        self.routes: list[Route] = []
        self.fast: Route | None = None
        """The only route, when nothing but its headers need touching."""
        self.route_in: Route | None = None
        self.intake: Intake | None = None
        self.outlet: Outlet | None = None
        self.decryption: SrtpReceiver | None = None
        self.events = EventTracker()
        self.watch = Watch(number)
        self.watched_at = 0.0
        self.active = False
        self.closed = False
        self._receive_map: dict[int, Codec] = {}
        self._lost_at = -1.0
        self._rtcp_open = False
        self._recv_into = pair.rtp.recv_into
        self._recvfrom_into = pair.rtp.recvfrom_into
        self.loop.register(pair.rtp.fileno(), self.receive_open)

    # --- agreement -----------------------------------------------------------------------------------------------

    def agree(self, stream: Stream) -> None:
        """Follow a (new) agreement; what we send goes on. Raises ValueError for an impossible one."""
        before = self.stream
        encryption, decryption = self._keys(stream)
        was_connected = self.link.connected
        self.link.agree(stream)
        if was_connected and not self.link.connected:
            self.loop.handlers[self.pair.rtp.fileno()] = self.receive_open
        if self.link.protection is not encryption:
            if self.link.protection is not None:
                self.tx.renew_ssrc()
            self.link.protection = encryption
        self.decryption = decryption
        self.stream = stream
        self.event_type = stream.dtmf_receive
        self.hears = stream.direction in {"sendrecv", "sendonly"} and stream.send is not None
        self.speaks = stream.direction in {"sendrecv", "recvonly"}
        self.tx.ptime_s = stream.ptime_ms / 1000.0
        self._receive_map = _receive_map(stream)
        self.codec = _spoken(stream, self.codec if before is not None else None)
        if self.codec is not None:
            self.rx.set_clock(self.codec.clock_hz)

    def _keys(self, stream: Stream) -> tuple[SrtpSender | None, SrtpReceiver | None]:
        """Ciphers for the agreement; the present ones stay (with their rollover counters) while the keys do."""
        encryption, decryption = self.link.protection, self.decryption
        if stream.srtp_send is None:
            encryption = None
        elif encryption is None or encryption.key != stream.srtp_send:
            encryption = SrtpSender(stream.srtp_send)
        if stream.srtp_receive is None:
            decryption = None
        elif decryption is None or decryption.key != stream.srtp_receive:
            decryption = SrtpReceiver(stream.srtp_receive)
        return encryption, decryption

    # --- packets in ----------------------------------------------------------------------------------------------

    def receive_connected(self) -> None:
        """Read one packet of the settled source."""
        try:
            size = self._recv_into(_BUFFER)
        except OSError as error:
            self._receive_failed(error)
            return
        if not HEADER_SIZE <= size < MAX_PACKET:
            self._shared.drop("size")
            return
        word, seq, timestamp, ssrc = _unpack(_BUFFER)
        rx = self.rx
        route = self.fast
        if route is not None and seq == rx.next_seq and ssrc == rx.ssrc:
            tx = route.tx
            header = route.headers.get(word)
            if header is not None and tx.feeder is route:
                now = self.loop.now
                rx.next_seq = seq + 1
                rx.received += 1
                rx.at = now
                transit = now * rx.clock_hz - timestamp
                step = transit - rx.transit
                rx.transit = transit
                if step < 0.0:
                    step = -step
                if step < MAX_STEP:
                    rx.jitter += (step - rx.jitter) * 0.0625
                tx.seq = seq = (seq + route.seq_shift) & 0xFFFF
                tx.timestamp = timestamp = (timestamp + route.ts_shift) & 0xFFFFFFFF
                tx.at = now
                tx.packets += 1
                tx.octets += size - HEADER_SIZE
                _pack(_BUFFER, 0, header, seq, timestamp, tx.ssrc)
                try:
                    route.link.emit(_VIEWS[size])
                except OSError as error:
                    route.link.send_failed(error)
                return
        self._complete(size, word, None)

    def receive_open(self) -> None:
        """Read one packet while anybody may send."""
        self._read_open()

    def _read_open(self) -> bool:
        """Read one packet; False when there was none."""
        try:
            size, address = self._recvfrom_into(_BUFFER)
        except BlockingIOError:
            return False
        except OSError as error:
            self._receive_failed(error)
            return True
        if not HEADER_SIZE <= size < MAX_PACKET:
            self._shared.drop("size")
            return True
        word = (_BUFFER[0] << 8) | _BUFFER[1]
        self._complete(size, word, (address[0], address[1]))
        return True

    def _complete(self, size: int, word: int, address: tuple[str, int] | None) -> None:
        """The way of every packet that is not ordinary; ``address`` is None when the kernel has checked it."""
        if self.stream is None:
            self._shared.drop("no_agreement")
            return
        if word >> 14 != 2:
            self._shared.drop("not_rtp")
            return
        if 192 <= word & 0xFF <= 223:  # RTCP beside RTP (RFC 5761 §4)
            self._muxed_rtcp(size, address)
            return
        if word & 0x7F not in self._receive_map:
            self._shared.drop("payload_type")
            return
        data: bytes | bytearray = _BUFFER
        if self.decryption is not None:
            try:
                data = self.decryption.unprotect(bytes(_VIEWS[size]))
            except SrtpError as error:
                self._shared.drop("srtp_replay" if error.replayed else "srtp_auth")
                return
            size = len(data)
        _, seq, timestamp, ssrc = _unpack(data)
        if address is not None and address != self.link.lock.source and not self._admit(address, ssrc, seq):
            self._shared.drop("foreign_source")
            return
        self._packet(data, size, word, seq, timestamp, ssrc)

    def _packet(self, data: bytes | bytearray, size: int, word: int, seq: int, timestamp: int, ssrc: int) -> None:
        """Use an RTP packet from the right source."""
        now = self.loop.now
        bounds = payload_bounds(data, size, word)
        if bounds is None:
            self._shared.drop("malformed")
            return
        verdict = self.rx.update(seq, timestamp, ssrc, now)
        if verdict == REFUSED:
            self._shared.drop("sequence")
            return
        if verdict == RESTART:
            self._restarted()
        if not self.speaks:
            self._shared.drop("direction")
            return
        payload = bytes(data[bounds[0] : bounds[1]])
        if word & 0x7F == self.event_type:
            self._telephone_event(word, seq, timestamp, payload, late=verdict == LATE)
            return
        codec = self._receive_map[word & 0x7F]
        if codec is not self.codec and codec.name != COMFORT_NOISE:
            self._changed_codec(codec)
        late = verdict == LATE
        for route in self.routes:
            route.relay(word, seq, timestamp, payload, now, late=late)
        if self.intake is not None and codec.name != COMFORT_NOISE:
            self.intake.put(seq, timestamp, payload, now)

    def _changed_codec(self, codec: Codec) -> None:
        """The party changed to another of the agreed formats: routes may have to become transcodings."""
        self.codec = codec
        self.rx.set_clock(codec.clock_hz)
        self.context.wire()

    def _restarted(self) -> None:
        """A new source, or the old one with a new sequence."""
        for route in self.routes:
            route.interrupt()
        self._pressed(self.events.restart())
        if self.intake is not None:
            self.intake.restart()
        self.activate()

    def _telephone_event(self, word: int, seq: int, timestamp: int, payload: bytes, *, late: bool) -> None:
        events = self.events
        now = self.loop.now
        self._pressed(events.packet(payload, timestamp, now, marker=bool(word & MARKER)))
        for route in self.routes:
            route.relay(word, seq, timestamp, payload, now, late=late)
        self.context.telephone_event(self, payload, timestamp, started=events.started)

    def _pressed(self, presses: list[Press]) -> None:
        for press in presses:
            duration_ms = press.duration * 1000 // self.rx.clock_hz
            self._shared.report(DigitReceived(self.number, press.digit, duration_ms))

    # --- source --------------------------------------------------------------------------------------------------

    def _admit(self, address: tuple[str, int], ssrc: int, seq: int) -> bool:
        lock = self.link.lock
        rx = self.rx
        source = lock.source
        admitted = lock.allows(
            address,
            ssrc,
            seq,
            self.loop.now,
            last_heard=rx.at,
            last_ssrc=rx.ssrc,
            last_seq=rx.next_seq - 1,
            authentic=self.decryption is not None,
        )
        if admitted and lock.source != source:
            self.link.latch(symmetric=self.stream is not None and self.stream.symmetric)
            self._shared.report(SourceLatched(self.number, *address))
        return admitted

    def _connect(self) -> None:
        """Let the kernel keep strangers out; what they queued before is still judged by its address."""
        if not self.link.connect():
            return
        for _ in range(_MAX_DRAIN):
            if not self._read_open():
                break
        if self.link.connected:
            self.loop.handlers[self.pair.rtp.fileno()] = self.receive_connected

    def _disconnect(self) -> None:
        self.link.disconnect()
        self.loop.handlers[self.pair.rtp.fileno()] = self.receive_open

    def _receive_failed(self, error: OSError) -> None:
        """An ICMP error came back for something we sent; reading it has cleared it."""
        if not isinstance(error, BlockingIOError):
            self._shared.drop("unreachable")

    # --- RTCP ----------------------------------------------------------------------------------------------------

    def _muxed_rtcp(self, size: int, address: tuple[str, int] | None) -> None:
        if not self.link.mux or (address is not None and address != self.link.lock.source):
            self._shared.drop("rtcp")
            return
        self.reporter.receive(bytes(_VIEWS[size]), self.decryption)

    def _receive_rtcp(self) -> None:
        try:
            data, address = self.pair.rtcp.recvfrom(MAX_PACKET)
        except OSError as error:
            self._receive_failed(error)
            return
        source = self.link.lock.source
        remote_rtcp = self.link.rtcp_target
        if (source is None or address[0] != source[0]) and (remote_rtcp is None or address[:2] != remote_rtcp):
            self._shared.drop("rtcp")
            return
        if self.stream is not None and self.stream.symmetric:
            self.link.rtcp_target = (address[0], address[1])
        self.reporter.receive(data, self.decryption)

    # --- life ----------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Something is being received or sent: begin reports and look after this termination regularly."""
        if self.active or self.closed:
            return
        self.active = True
        self._shared.active[self.number] = self
        self.reporter.start()
        if not self._rtcp_open:
            self._rtcp_open = True
            self.loop.register(self.pair.rtcp.fileno(), self._receive_rtcp)

    def observe(self, watch: Watch) -> None:
        """Watch for what the command asks."""
        self.watch = watch
        self.watched_at = self.loop.now
        self._lost_at = -1.0
        self._shared.active[self.number] = self
        self.context.wire()

    def sweep(self, now: float) -> None:
        """What is due a few times a second."""
        rx = self.rx
        silent_s = now - rx.at
        if self.link.connected:
            if silent_s >= LISTENING_SILENCE_S:
                self._disconnect()
        elif rx.at >= 0 and silent_s < LISTENING_SILENCE_S and self.link.lock.settled(now):
            self._connect()
        if self.events.pending:
            self._pressed(self.events.expire(now))
        rx.note_jitter()
        if self.watch.no_rtp_ms:
            self._check_loss(now)

    def _check_loss(self, now: float) -> None:
        since_s = now - max(self.rx.at, self.watched_at)
        if self._lost_at >= 0:
            if self.rx.at > self._lost_at:
                self._lost_at = -1.0
                self._shared.report(RtpResumed(self.number))
        elif since_s * 1000.0 >= self.watch.no_rtp_ms:
            self._lost_at = now
            self._shared.report(RtpLost(self.number, int(since_s * 1000.0)))

    def quality(self) -> Quality:
        """Figures so far."""
        late = self.intake.packets_late if self.intake is not None else 0
        return self.reporter.figures(self.stream, late)

    def close(self) -> Quality:
        """End it: the sockets are silent and unconnected afterwards. Links to others are the context's to cut."""
        self._pressed(self.events.flush())
        figures = self.quality()
        self.closed = True
        self.reporter.stop()
        self._shared.active.pop(self.number, None)
        self._shared.packets_received += self.rx.received
        self._shared.packets_sent += self.tx.packets
        self.loop.unregister(self.pair.rtp.fileno())
        if self._rtcp_open:
            self.loop.unregister(self.pair.rtcp.fileno())
        self.link.disconnect()
        return figures


def _receive_map(stream: Stream) -> dict[int, Codec]:
    """Every payload type the party may use."""
    known = {codec.payload_type: codec for codec in stream.receive}
    if stream.dtmf_receive is not None and stream.dtmf_receive not in known:
        known[stream.dtmf_receive] = Codec(TELEPHONE_EVENT, stream.dtmf_receive)
    return known


def _spoken(stream: Stream, present: Codec | None) -> Codec | None:
    """The format to expect until packets say otherwise: the present one, what we send, or the first agreed."""
    audio = [
        codec
        for codec in stream.receive
        if codec.name not in {COMFORT_NOISE, TELEPHONE_EVENT} and codec.payload_type != stream.dtmf_receive
    ]
    for wanted in (present, stream.send):
        if wanted is not None:
            for codec in audio:
                if (codec.name, codec.clock_hz) == (wanted.name, wanted.clock_hz):
                    return codec
    return audio[0] if audio else None
