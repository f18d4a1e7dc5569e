"""A termination's sockets at work: packets from the right source, in the clear, with the fast path of the relay.

``receive_connected`` is what every relayed packet goes through: about 2 µs of Python between two system calls. It
handles only the ordinary (the next packet in sequence, a plain header, and one listener with the same format);
everything else goes the complete way through ``packet``. (Functions kept in slots are loaded before they are called:
CPython 3.11 takes a slow way for both in one.) ``receive_patient`` is the same for packets that nobody but a
jitter buffer waits for: they are read when the audio they belong to is made.
"""

from __future__ import annotations

import contextlib
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable

from kiestoon.media.link import Link
from kiestoon.media.ports import PortPair
from kiestoon.media.protocol import Codec, SourceLatched, Stream
from kiestoon.media.relay import Route
from kiestoon.media.reporting import Reporter
from kiestoon.media.rtp import HEADER, HEADER_SIZE, MAX_PACKET, Receiver, Sender
from kiestoon.media.shared import Shared
from kiestoon.media.srtp import SrtpError, SrtpReceiver, SrtpSender

BUFFER = bytearray(MAX_PACKET)  # one is enough: a packet is finished before the next is read
VIEWS = [memoryview(BUFFER)[:size] for size in range(MAX_PACKET + 1)]
PAYLOADS = [memoryview(BUFFER)[HEADER_SIZE:size] for size in range(MAX_PACKET + 1)]
"""What follows a plain header in packets of each size."""
BUFFERS = [BUFFER]
_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; not in Python's socket module
STAMP_SPACE = socket.CMSG_SPACE(16)
_UNTIMED = 3
"""A packet with its time stamp costs more than without: every fourth of a stream is enough to know its jitter."""
_unpack = HEADER.unpack_from
_pack = HEADER.pack_into
_MAX_DRAIN = 300

LISTENING_SILENCE_S = 0.5
"""A connected socket whose source is silent for this long is opened to others again (see ``lock``)."""
MAX_STEP = 16000.0
"""A transit step of 2 s at 8 kHz: a restarted clock or a wrapped timestamp, not jitter."""


def nobody(seq: int, timestamp: int, payload: bytes, now: float) -> None:
    """Nobody decodes."""


class RtpPort(ABC):
    """Receives for one termination. ``fast`` is the only route, when nothing but its headers need touching; ``feed``
    takes what is only decoded."""

    __slots__ = (
        "_receive_map", "_recv_into", "_recvfrom_into", "_recvmsg_into", "_rtcp_open", "_shared", "active", "arrived",
        "closed", "decryption", "fast", "feed", "feed_word", "link", "loop", "number", "pair", "patient", "reporter",
        "rx", "stream", "timed", "tx",
    )  # fmt: skip

    def __init__(self, number: int, pair: PortPair, shared: Shared) -> None:
        self.number = number
        self.pair = pair
        self._shared = shared
        self.loop = shared.loop
        self.link = Link(pair, shared)
        self.rx = Receiver()
        self.tx = Sender()
        self.reporter = Reporter(shared, self.link, self.rx, self.tx)
        self.stream: Stream | None = None
        self.fast: Route | None = None
        self.feed_word = -1
        """How packets begin that need nothing but ``feed``: the jitter buffer alone is waiting for them."""
        self.feed: Callable[[int, int, bytes, float], None] = nobody
        self.decryption: SrtpReceiver | None = None
        self.active = False
        self.closed = False
        self.timed = True
        """It is known when the packet being read came in:"""
        self.arrived = 0.0
        """that is, in loop time."""
        self.patient = False
        """Packets wait for the next tick."""
        self._receive_map: dict[int, Codec] = {}
        self._rtcp_open = False
        self._recv_into = pair.rtp.recv_into
        self._recvfrom_into = pair.rtp.recvfrom_into
        self._recvmsg_into = pair.rtp.recvmsg_into
        self.loop.register(pair.rtp.fileno(), self.receive_open)

    @abstractmethod
    def packet(self, data: bytes | bytearray, size: int, word: int, seq: int, timestamp: int, ssrc: int) -> None:
        """Use an RTP packet from the right source, with a payload type that was agreed."""

    def set_transport(self, stream: Stream) -> None:
        """Follow the agreement's addresses and keys. Raises ValueError, changing nothing, when they make no sense."""
        encryption, decryption = self._keys(stream)
        self.link.agree(stream)
        self._set_handler()
        if self.link.protection is not encryption:
            if self.link.protection is not None:
                self.tx.renew_ssrc()
            self.link.protection = encryption
        self.decryption = decryption

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

    def set_patience(self, *, patient: bool) -> None:
        """Whether packets may wait for the next tick, because nobody else is waiting for them."""
        if patient == self.patient:
            return
        self.patient = patient
        self.timed = True
        with contextlib.suppress(OSError):  # then a packet counts as arrived when it is read
            self.pair.rtp.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, int(patient))
        self.loop.set_patience(self.pair.rtp.fileno(), patient=patient)
        self._set_handler()

    def _set_handler(self) -> None:
        """Read packets in the way that suits the present state."""
        if self.link.connected:
            handler = self.receive_patient if self.patient else self.receive_connected
        else:
            handler = self.receive_timed if self.patient else self.receive_open
        self.loop.handlers[self.pair.rtp.fileno()] = handler

    # --- packets in ----------------------------------------------------------------------------------------------

    def receive_connected(self) -> None:
        """Read one packet of the settled source."""
        try:
            receive = self._recv_into
            size = receive(BUFFER)
        except OSError as error:
            self._receive_failed(error)
            return
        if not HEADER_SIZE <= size < MAX_PACKET:
            self._shared.drop("size")
            return
        word, seq, timestamp, ssrc = _unpack(BUFFER)
        rx = self.rx
        route = self.fast
        if route is not None and seq == rx.next_seq and ssrc == rx.ssrc and route.tx.feeder is route:
            header = route.headers.get(word)
            if header is not None:
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
                tx = route.tx
                tx.seq = seq = (seq + route.seq_shift) & 0xFFFF
                tx.timestamp = timestamp = (timestamp + route.ts_shift) & 0xFFFFFFFF
                tx.at = now
                tx.packets += 1
                tx.octets += size - HEADER_SIZE
                _pack(BUFFER, 0, header, seq, timestamp, tx.ssrc)
                try:
                    emit = route.link.emit
                    emit(VIEWS[size])
                except OSError as error:
                    route.link.send_failed(error)
                return
        self.arrived = self.loop.now
        self._complete(size, word, None)

    def receive_patient(self) -> None:
        """Read one packet of the settled source that nobody but the jitter buffer waits for."""
        rx = self.rx
        if not rx.received & _UNTIMED:
            self.receive_timed()
            return
        try:
            receive = self._recv_into
            size = receive(BUFFER)
        except OSError as error:
            self._receive_failed(error)
            return
        if not HEADER_SIZE <= size < MAX_PACKET:
            self._shared.drop("size")
            return
        word, seq, timestamp, ssrc = _unpack(BUFFER)
        now = self.loop.now
        if word == self.feed_word and seq == rx.next_seq and ssrc == rx.ssrc:
            rx.next_seq = seq + 1
            rx.received += 1
            rx.at = now
            feed = self.feed
            feed(seq, timestamp, PAYLOADS[size].tobytes(), now)
            return
        self.timed = False
        self.arrived = now
        self._complete(size, word, None)

    def receive_timed(self) -> None:
        """Read one packet together with the time at which the kernel received it."""
        try:
            size, stamps, _, address = self._recvmsg_into(BUFFERS, STAMP_SPACE)
        except OSError as error:
            self._receive_failed(error)
            return
        self.timed = True
        self.arrived = self.loop.arrival(stamps)
        if not HEADER_SIZE <= size < MAX_PACKET:
            self._shared.drop("size")
            return
        word = (BUFFER[0] << 8) | BUFFER[1]
        self._complete(size, word, None if self.link.connected else (address[0], address[1]))

    def receive_open(self) -> None:
        """Read one packet while anybody may send."""
        self._read_open()

    def _read_open(self) -> bool:
        """Read one packet; False when there was none."""
        self.arrived = self.loop.now
        try:
            size, address = self._recvfrom_into(BUFFER)
        except BlockingIOError:
            return False
        except OSError as error:
            self._receive_failed(error)
            return True
        if not HEADER_SIZE <= size < MAX_PACKET:
            self._shared.drop("size")
            return True
        word = (BUFFER[0] << 8) | BUFFER[1]
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
        data: bytes | bytearray = BUFFER
        if self.decryption is not None:
            try:
                data = self.decryption.unprotect(bytes(VIEWS[size]))
            except SrtpError as error:
                self._shared.drop("srtp_replay" if error.replayed else "srtp_auth")
                return
            size = len(data)
        _, seq, timestamp, ssrc = _unpack(data)
        if address is not None and address != self.link.lock.source and not self._admit(address, ssrc, seq):
            self._shared.drop("foreign_source")
            return
        self.packet(data, size, word, seq, timestamp, ssrc)

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
        self._set_handler()

    def _disconnect(self) -> None:
        self.link.disconnect()
        self._set_handler()

    def _receive_failed(self, error: OSError) -> None:
        """An ICMP error came back for something we sent; reading it has cleared it."""
        if not isinstance(error, BlockingIOError):
            self._shared.drop("unreachable")

    # --- RTCP ----------------------------------------------------------------------------------------------------

    def _muxed_rtcp(self, size: int, address: tuple[str, int] | None) -> None:
        if not self.link.mux or (address is not None and address != self.link.lock.source):
            self._shared.drop("rtcp")
            return
        self.reporter.receive(bytes(VIEWS[size]), self.decryption)

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

    def follow_source(self, now: float) -> None:
        """Connect to a settled source, listen to everybody when it fell silent; called a few times a second."""
        rx = self.rx
        silent_s = now - rx.at
        if self.link.connected:
            if silent_s >= LISTENING_SILENCE_S:
                self._disconnect()
        elif rx.at >= 0 and silent_s < LISTENING_SILENCE_S and self.link.lock.settled(now):
            self._connect()

    def open_rtcp(self) -> None:
        """Read the RTCP socket too; not done before there is RTP, so that calls without speech don't pay for it."""
        if not self._rtcp_open:
            self._rtcp_open = True
            self.loop.register(self.pair.rtcp.fileno(), self._receive_rtcp)

    def close_sockets(self) -> None:
        """Read no more; the sockets are unconnected afterwards and can serve another call."""
        self.set_patience(patient=False)
        self.loop.unregister(self.pair.rtp.fileno())
        if self._rtcp_open:
            self.loop.unregister(self.pair.rtcp.fileno())
        self.link.disconnect()
