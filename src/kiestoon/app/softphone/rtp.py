"""One audio stream of a software telephone: sends what a source gives, keeps what it hears."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np

from kiestoon.media.audio.codecs import decoder, encoder
from kiestoon.media.audio.pcm import Pcm
from kiestoon.media.audio.telephone_event import EventReceiver, EventSender
from kiestoon.media.protocol import Codec, Stream

_FRAME_S = 0.02
_KEEP_FRAMES = 3000  # a minute
_MOST_MISSING = 500  # ten seconds
_RTP = struct.Struct("!BBHII")


class Source(Protocol):
    """Where the audio comes from."""

    def read(self, samples: int) -> Pcm:
        """The next samples at the stream's rate."""


class Sine:
    """A steady tone."""

    def __init__(self, hz: float, rate: int, amplitude: float = 0.4) -> None:
        self._step = 2 * np.pi * hz / rate
        self._phase = 0.0
        self._amplitude = amplitude * 32767

    def read(self, samples: int) -> Pcm:
        """The next samples, in phase with the last ones."""
        phases = self._phase + self._step * np.arange(samples)
        self._phase = float((self._phase + self._step * samples) % (2 * np.pi))
        return np.asarray(self._amplitude * np.sin(phases), dtype=np.int16)


class Silence:
    """Nothing to say."""

    def read(self, samples: int) -> Pcm:
        """Zeros."""
        return np.zeros(samples, dtype=np.int16)


class Echo:
    """Says what it hears, a little later."""

    def __init__(self) -> None:
        self._frames: deque[Pcm] = deque(maxlen=25)

    def hear(self, pcm: Pcm) -> None:
        """A frame from the other side."""
        self._frames.append(pcm)

    def read(self, samples: int) -> Pcm:
        """The oldest frame not yet said."""
        frame = self._frames.popleft() if self._frames else np.zeros(samples, dtype=np.int16)
        return frame if len(frame) == samples else np.resize(frame, samples)


class RtpStream(asyncio.DatagramProtocol):
    """RTP on a port of its own. ``heard`` holds the last minute, decoded; ``digits`` what was keyed in (RFC 4733).

    What is missing between two packets by their timestamps stands as silence in ``heard``, so that lost speech is heard
    as such. ``latest_ms`` is by how much this program itself was late at worst since ``forget``: a wait for packets no
    longer than that proves nothing against the other side.
    """

    def __init__(self, host: str, make_source: Callable[[int], Source]) -> None:
        self.host = host
        self.port = 0
        self.heard: deque[Pcm] = deque(maxlen=_KEEP_FRAMES)
        self.rate = 8000
        self.packets_received = 0
        self.packets_sent = 0
        self.digits = ""
        self._longest_wait_ms = 0.0
        self.latest_ms = 0.0
        self._arrived_at: float | None = None
        self._heard_until: tuple[bytes, int] | None = None  # SSRC, and the timestamp the next frame should have
        self._make_source = make_source
        self._source: Source = Silence()
        self._transport: asyncio.DatagramTransport | None = None
        self._stream: Stream | None = None
        self._send_codec: Codec | None = None
        self._sequence = secrets.randbelow(1 << 15)
        self._timestamp = secrets.randbelow(1 << 31)
        self._ssrc = secrets.randbits(32)
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._events_in = EventReceiver()
        self._events_out: EventSender | None = None
        self._events_from: int | None = None

    async def open(self) -> None:
        """Bind an even port."""
        loop = asyncio.get_running_loop()
        while True:
            sock = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((self.host, 0))
            self.port = sock.getsockname()[1]
            if self.port % 2 == 0:
                break
            sock.close()
        sock.setblocking(False)
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=sock)

    @property
    def agreed(self) -> Stream | None:
        """The agreement in force."""
        return self._stream

    def agree(self, stream: Stream) -> None:
        """Follow an agreement: codec, address, direction."""
        self._stream = stream
        if stream.send is not None and stream.send != self._send_codec:
            self._send_codec = stream.send
            self._encoder = encoder(stream.send)
            self._decoders = {codec.payload_type: decoder(codec) for codec in stream.receive}
            self.rate = self._encoder.sample_rate
            self._source = self._make_source(self.rate)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._due = loop.time()
            self._tick()

    def send_digits(self, digits: str, duration_ms: int = 100, gap_ms: int = 60) -> None:
        """Key digits in as RFC 4733 events."""
        self._events_out = EventSender(digits, duration_ms, gap_ms)
        self._events_from = None

    def forget(self) -> None:
        """Start listening anew."""
        self.heard.clear()
        self.packets_received = 0
        self._longest_wait_ms = self.latest_ms = 0.0
        self._arrived_at = None
        self._heard_until = None

    @property
    def waited_ms(self) -> float:
        """The longest time without a packet since the first one after ``forget``, the present wait included."""
        if self._arrived_at is None:
            return 0.0
        return max(self._longest_wait_ms, (asyncio.get_running_loop().time() - self._arrived_at) * 1000)

    def recorded(self, last_s: float) -> Pcm:
        """The last seconds heard."""
        frames = list(self.heard)[-int(last_s / _FRAME_S) :]
        return np.concatenate(frames) if frames else np.zeros(0, dtype=np.int16)

    def close(self) -> None:
        """Stop and give the port back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    # --- packets ---------------------------------------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        stream = self._stream
        if stream is None or len(data) < 12 or data[0] >> 6 != 2:
            return
        payload_type, payload = data[1] & 0x7F, data[12 + 4 * (data[0] & 0x0F) :]
        self.packets_received += 1
        now_s = asyncio.get_running_loop().time()
        self._longest_wait_ms = self.waited_ms
        self._arrived_at = now_s
        timestamp = struct.unpack_from("!I", data, 4)[0]
        if payload_type == stream.dtmf_receive:
            for press in self._events_in.feed(payload, timestamp, now_s, marker=bool(data[1] & 0x80)):
                self.digits += press.digit
            return
        decode = self._decoders.get(payload_type)
        if decode is None:
            return
        pcm = decode.decode(payload)
        self._fill_gap(data[8:12], timestamp, len(pcm))
        self.heard.append(pcm)
        if isinstance(self._source, Echo):
            self._source.hear(pcm)

    def _fill_gap(self, ssrc: bytes, timestamp: int, samples: int) -> None:
        """Put silence in the place of frames that did not come; another SSRC begins a time of its own."""
        stream = self._stream
        clock_hz = stream.receive[0].clock_hz if stream is not None and stream.receive else 8000
        step = round(samples * clock_hz / self.rate)
        if self._heard_until is not None and self._heard_until[0] == ssrc and step:
            missing = ((timestamp - self._heard_until[1]) & 0xFFFFFFFF) // step
            if missing <= _MOST_MISSING:  # more is a jump (or a late packet): nothing tells how long it lasted
                self.heard.extend(np.zeros(samples, dtype=np.int16) for _ in range(missing))
        self._heard_until = (ssrc, (timestamp + step) & 0xFFFFFFFF)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self.latest_ms = max(self.latest_ms, (loop.time() - self._due) * 1000)
        self._send_frame()
        self._due += _FRAME_S
        if self._due < loop.time() - 0.2:
            self._due = loop.time()  # a stalled process must not send a burst afterwards
        self._timer = loop.call_at(self._due, self._tick)

    def _send_frame(self) -> None:
        stream, codec = self._stream, self._send_codec
        if stream is None or codec is None or stream.remote is None or self._transport is None:
            return
        samples = int(self.rate * _FRAME_S)
        step = int(codec.clock_hz * _FRAME_S)
        self._timestamp = (self._timestamp + step) & 0xFFFFFFFF
        pcm = self._source.read(samples)
        if stream.direction not in ("sendrecv", "sendonly"):
            return
        if self._events_out is not None and stream.dtmf_send is not None and self._send_event(stream.dtmf_send):
            return
        self._send(codec.payload_type, self._timestamp, self._encoder.encode(pcm), marker=False)

    def _send_event(self, payload_type: int) -> bool:
        """Send the press due now in place of speech; False in pauses and when all digits are keyed in."""
        sender = self._events_out
        if sender is None or sender.finished:
            self._events_out = None
            return False
        if self._events_from is None:
            self._events_from = self._timestamp
        packet = sender.tick()
        if packet is None:
            return False
        timestamp = (self._events_from + packet.timestamp) & 0xFFFFFFFF
        self._send(payload_type, timestamp, packet.payload, marker=packet.marker)
        return True

    def _send(self, payload_type: int, timestamp: int, payload: bytes, *, marker: bool) -> None:
        if self._transport is None or self._stream is None or self._stream.remote is None:
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        header = _RTP.pack(0x80, payload_type | (0x80 if marker else 0), self._sequence, timestamp, self._ssrc)
        self._transport.sendto(header + payload, self._stream.remote)
        self.packets_sent += 1
