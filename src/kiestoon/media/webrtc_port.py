"""A termination's sockets when the party may be a browser: what ICE and DTLS find becomes target, source and keys.

A browser's socket is never connected, since checks come from new addresses while media still flows from the old one.
Its packets come in by ``receive_webrtc``; the paths of plain RTP and of SDES know nothing of it.
"""

from __future__ import annotations

from abc import ABC

from kiestoon.media.dtls import SrtpKeys
from kiestoon.media.lock import Address
from kiestoon.media.ports import PortPair
from kiestoon.media.protocol import MediaFailed, SourceLatched, Stream
from kiestoon.media.rtp import HEADER_SIZE, MAX_PACKET
from kiestoon.media.rtp_port import BUFFER, BUFFERS, STAMP_SPACE, VIEWS, RtpPort
from kiestoon.media.shared import Shared
from kiestoon.media.srtp import SrtpReceiver, SrtpSender
from kiestoon.media.webrtc import WebRtc


class WebRtcPort(RtpPort, ABC):
    """``webrtc`` is there while the agreement says so."""

    __slots__ = ("webrtc",)

    def __init__(self, number: int, pair: PortPair, shared: Shared) -> None:
        super().__init__(number, pair, shared)
        self.webrtc: WebRtc | None = None

    def set_transport(self, stream: Stream) -> None:
        """Follow the agreement's addresses and keys. Raises ValueError, changing nothing, when they make no sense."""
        if stream.ice is None and stream.dtls is None:
            super().set_transport(stream)
            if self.webrtc is not None:  # the party, a browser until now, agreed to plain RTP
                self.webrtc.close()
                self.webrtc = None
                self._set_handler()
            return
        if stream.ice is None or stream.dtls is None:
            raise ValueError("ICE and DTLS come together")
        if self.webrtc is not None:
            self.webrtc.agree(stream.ice, stream.dtls)
            return
        self.webrtc = WebRtc(self, self.pair.rtp, self._shared, stream.ice, stream.dtls)
        self.link.seal()
        self.unsecured()
        self._set_handler()

    def _set_handler(self) -> None:
        if self.webrtc is None:
            super()._set_handler()
        else:
            self.loop.handlers[self.pair.rtp.fileno()] = self.receive_webrtc

    def receive_webrtc(self) -> None:
        """Read one packet of a browser, or of whoever says so (RFC 7983 §7)."""
        webrtc = self.webrtc
        try:
            if self.patient:
                size, stamps, _, sender = self._recvmsg_into(BUFFERS, STAMP_SPACE)
                self.arrived = self.loop.arrival(stamps)
            else:
                size, sender = self._recvfrom_into(BUFFER)
                self.arrived = self.loop.now
        except OSError as error:
            self._receive_failed(error)
            return
        address = (sender[0], sender[1])
        if webrtc is None or not HEADER_SIZE <= size < MAX_PACKET:
            self._shared.drop("size")
        elif not 128 <= BUFFER[0] <= 191:
            webrtc.receive(bytes(VIEWS[size]), address)
        elif self.decryption is not None and webrtc.admits(address):
            self._complete(size, (BUFFER[0] << 8) | BUFFER[1], None)
        else:
            self._shared.drop("foreign_source")

    def follow_source(self, now: float) -> None:
        """Nothing to follow where ICE says who it is."""
        if self.webrtc is None:
            super().follow_source(now)

    def close_sockets(self) -> None:
        """Take leave of a browser, then as ever."""
        if self.webrtc is not None:
            self.webrtc.close()
            self.webrtc = None
        super().close_sockets()

    # --- what WebRtc found ---------------------------------------------------------------------------------------

    def path_found(self, address: Address) -> None:
        """See ``webrtc.Owner``."""
        self.link.aim_at(address)
        self._shared.report(SourceLatched(self.number, *address))

    def secured(self, keys: SrtpKeys) -> None:
        """See ``webrtc.Owner``."""
        if self.tx.packets:
            self.tx.renew_ssrc()  # one key, one counter: what was sent before is not continued (RFC 3711 §3.3.1)
        self.link.protection = SrtpSender(keys.send)
        self.decryption = SrtpReceiver(keys.receive)

    def unsecured(self) -> None:
        """See ``webrtc.Owner``."""
        self.link.protection = None
        self.decryption = None

    def media_failed(self, reason: str) -> None:
        """See ``webrtc.Owner``."""
        self.link.aim_at(None)
        self._shared.report(MediaFailed(self.number, reason))
