"""A termination's RTCP: the reports we send, what the party's reports tell us, and the figures that come out."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from kiestoon.media import quality
from kiestoon.media.link import Link
from kiestoon.media.loop import Timer
from kiestoon.media.protocol import Quality, Stream
from kiestoon.media.rtcp import (
    BadRtcp,
    ReportBlock,
    Rtcp,
    SenderInfo,
    encode_report,
    interval_s,
    middle_bits,
    ntp_time,
    parse_rtcp,
)
from kiestoon.media.rtp import Receiver, Sender
from kiestoon.media.shared import Shared
from kiestoon.media.srtp import SrtpError, SrtpReceiver

MAX_ROUND_TRIP_S = 10.0
"""A larger one is a broken clock at the other side."""


class Reporter:
    """Sends a report every 5 s while started, reads the party's."""

    __slots__ = (
        "_cname", "_link", "_remote_ntp", "_remote_ntp_at", "_rx", "_shared", "_timer", "_tx", "_wall",
        "remote_jitter_ms", "remote_lost", "round_trip_s",
    )  # fmt: skip

    def __init__(
        self,
        shared: Shared,
        link: Link,
        rx: Receiver,
        tx: Sender,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._shared = shared
        self._link = link
        self._rx = rx
        self._tx = tx
        self._wall = wall
        self._timer: Timer | None = None
        self._cname = b""
        self._remote_ntp = 0
        self._remote_ntp_at = 0.0
        self.round_trip_s = 0.0
        self.remote_lost = 0
        self.remote_jitter_ms = 0.0

    def start(self) -> None:
        """Begin reporting; harmless when begun."""
        if self._timer is None:
            # A random CNAME says nothing about machine or user (RFC 7022 §4.2).
            self._cname = secrets.token_urlsafe(12).encode()
            self._again(first=True)

    def stop(self) -> None:
        """Say goodbye (§6.3.7) when we have sent something, and stop."""
        if self._timer is not None and self._tx.packets:
            self._link.transmit_rtcp(self._report(bye=True))
        self.cancel()

    def cancel(self) -> None:
        """Stop without a word."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def receive(self, data: bytes, decryption: SrtpReceiver | None) -> None:
        """Read a compound packet from the party; what is broken is counted and ignored."""
        try:
            if decryption is not None:
                data = decryption.unprotect_rtcp(data)
            found = parse_rtcp(data)
        except SrtpError:
            self._shared.drop("srtcp")
        except BadRtcp:
            self._shared.drop("rtcp")
        else:
            self._read(found)

    def figures(self, stream: Stream | None, packets_late: int) -> Quality:
        """The termination's figures so far."""
        rx, tx = self._rx, self._tx
        rx.note_jitter()
        codec = stream.send.name if stream is not None and stream.send is not None else ""
        lost = rx.lost
        expected = rx.received + lost
        score = delay_ms = 0.0
        if rx.received:
            share = (lost + packets_late) / expected
            score = quality.estimate_mos(codec, share, rx.jitter_ms, self.round_trip_s * 1000.0)
            delay_ms = quality.one_way_delay_ms(codec, rx.jitter_ms, self.round_trip_s * 1000.0)
        return Quality(
            codec=codec,
            packets_received=rx.received,
            packets_sent=tx.packets,
            packets_lost=lost,
            packets_late=packets_late,
            jitter_ms=round(rx.jitter_ms, 2),
            max_jitter_ms=round(rx.max_jitter_ms, 2),
            round_trip_ms=round(self.round_trip_s * 1000.0, 1),
            remote_lost=self.remote_lost,
            remote_jitter_ms=round(self.remote_jitter_ms, 2),
            mos=round(score, 2),
            delay_ms=round(delay_ms, 1),
        )

    def _again(self, *, first: bool = False) -> None:
        loop = self._shared.loop
        self._timer = loop.call_at(loop.now + interval_s(self._shared.rng, first=first), self._due)

    def _due(self) -> None:
        self._again()
        self._link.transmit_rtcp(self._report(bye=False))

    def _report(self, *, bye: bool) -> bytes:
        now = self._shared.loop.now
        tx = self._tx
        sender = None
        if tx.packets:
            # The RTP timestamp of this very instant (§6.4.1).
            timestamp = (tx.timestamp + round((now - tx.at) * tx.clock_hz)) & 0xFFFFFFFF
            sender = SenderInfo(ntp_time(self._wall()), timestamp, tx.packets, tx.octets)
        return encode_report(tx.ssrc, self._cname, sender, self._block(now), bye=bye)

    def _block(self, now: float) -> ReportBlock | None:
        rx = self._rx
        if rx.ssrc < 0:
            return None
        delay = 0
        if self._remote_ntp:
            delay = min(0xFFFFFFFF, int((now - self._remote_ntp_at) * 65536))
        return ReportBlock(
            rx.ssrc, rx.fraction_lost(), rx.lost_now, rx.highest, int(rx.jitter), middle_bits(self._remote_ntp), delay
        )

    def _read(self, found: Rtcp) -> None:
        now = self._shared.loop.now
        if found.sender is not None:
            self._remote_ntp = found.sender.ntp
            self._remote_ntp_at = now
        for block in found.blocks:
            if block.ssrc != self._tx.ssrc:
                continue
            self.remote_lost = max(0, block.lost)
            self.remote_jitter_ms = block.jitter * 1000.0 / self._tx.clock_hz
            if block.lsr:
                passed = (middle_bits(ntp_time(self._wall())) - block.lsr - block.dlsr) & 0xFFFFFFFF
                if passed < MAX_ROUND_TRIP_S * 65536:
                    self.round_trip_s = passed / 65536.0
