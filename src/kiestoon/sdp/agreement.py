"""What offer/answer remembers and yields: plain, serialisable values (the crash journal keeps them)."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from kiestoon.media.protocol import Codec, Direction, Stream
from kiestoon.sdp.crypto import CryptoLine
from kiestoon.sdp.webrtc import WebRtcAgreed, WebRtcLocal

SrtpPolicy: TypeAlias = Literal["off", "optional", "required"]


class NotAcceptable(Exception):
    """No stream fits: answer 488 with a Warning header of ``warn_code`` (RFC 3261 §20.43) and ``text``."""

    def __init__(self, text: str, warn_code: int = 305) -> None:
        super().__init__(text)
        self.text = text
        self.warn_code = warn_code

    def warning(self, agent: str) -> str:
        """The Warning header's value; ``agent`` is our host."""
        return f'{self.warn_code} {agent} "{self.text}"'


class LocalMedia(msgspec.Struct, frozen=True, gc=False):
    """Our end: the leased port's host and RTP port (RTCP is on the next one) and the ``o=`` session id."""

    host: str
    rtp_port: int
    session_id: int


class OfferState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An offer waiting for its answer. ``codecs`` and ``events`` carry the payload types we receive; ``webrtc``: keys
    come by DTLS."""

    body: bytes
    codecs: tuple[Codec, ...]
    events: tuple[Codec, ...] = ()
    direction: Direction = "sendrecv"
    srtp: SrtpPolicy = "off"
    crypto: tuple[CryptoLine, ...] = ()
    rtcp_mux: bool = False
    index: int = 0
    webrtc: WebRtcLocal | None = None


class Agreed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The state both ends hold after an exchange; the ground for the next one in the same dialog.

    ``body`` is our last description. ``codecs``/``events`` carry the payload types we receive, the one in use first.
    ``direction`` is ours; ``held``: the party does not want to hear anything now. ``crypto`` is the line with our key.
    ``index`` is the audio stream's place among the ``m=`` lines.
    """

    body: bytes
    codecs: tuple[Codec, ...]
    events: tuple[Codec, ...] = ()
    direction: Direction = "sendrecv"
    held: bool = False
    profile: str = "RTP/AVP"
    crypto: CryptoLine | None = None
    ptime_ms: int = 20
    rtcp_mux: bool = False
    index: int = 0
    webrtc: WebRtcAgreed | None = None


class Offer(msgspec.Struct, frozen=True, gc=False):
    """A built offer: the bytes to send and what to remember until the answer."""

    body: bytes
    state: OfferState


class Answered(msgspec.Struct, frozen=True, gc=False):
    """An answer to the peer's offer: the bytes to send, the stream for the media process, the state to keep."""

    body: bytes
    stream: Stream
    agreed: Agreed


class Negotiated(msgspec.Struct, frozen=True, gc=False):
    """The peer's answer to our offer, read: the stream for the media process and the state to keep."""

    stream: Stream
    agreed: Agreed
