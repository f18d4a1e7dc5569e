"""Strict RTP: whose packets a termination listens to.

RTP carries no proof of origin, so whoever can reach the port could speak into a call ("RTP bleed") or lure our packets
away. The lock decides by these rules, in this order:

- The address negotiated in SDP is believed with its first packet.
- Without packets from there, another source (a phone behind NAT) is believed after a few consecutive sequence numbers
  of one SSRC: fewer from the negotiated host (only the port was translated) or when nothing was negotiated.
- For ``SETTLE_S`` after that the negotiated address can still claim its place.
- A settled source stays. Another is heard only when the old one has been silent for ``SILENCE_S``: soon when it carries
  on the same SSRC and sequence (a NAT binding changed), later when it does not.
- A packet that SRTP has authenticated proves its origin and is believed at once.
"""

from __future__ import annotations

from typing import TypeAlias

Address: TypeAlias = tuple[str, int]

SETTLE_S = 3.0
SILENCE_S = 0.5
CONTINUED = 2
"""Consecutive packets wanted from the negotiated host, or from a stream that goes on with the same SSRC."""
STRANGER = 3
"""Consecutive packets wanted from another host while nothing has been heard from the negotiated one."""
TAKEOVER = 5
"""Consecutive packets wanted from a new stream when a settled source went silent."""
MAX_SEQUENCE_GAP = 3000
"""RFC 3550 A.1 MAX_DROPOUT: a jump beyond this is no continuation."""


class SourceLock:
    """The state of one termination's lock. ``source`` is None until somebody is believed."""

    __slots__ = ("_candidate", "_locked_at", "_negotiated", "_run", "_seq", "_ssrc", "source")

    def __init__(self, negotiated: Address | None) -> None:
        self.source: Address | None = None
        self._negotiated = negotiated
        self._locked_at = 0.0
        self._candidate: Address | None = None
        self._ssrc = 0
        self._seq = 0
        self._run = 0

    @property
    def negotiated(self) -> Address | None:
        """Where SDP said packets would come from."""
        return self._negotiated

    def renegotiate(self, negotiated: Address | None) -> bool:
        """A new agreement; True when it names another address, so that the lock starts anew."""
        if negotiated == self._negotiated:
            return False
        self._negotiated = negotiated
        self._candidate = None
        if self.source == negotiated:
            return False
        self.source = None
        return True

    def settled(self, now: float) -> bool:
        """Whether nothing but silence can move the lock any more (the socket may be connected)."""
        if self.source is None:
            return False
        return self.source == self._negotiated or now - self._locked_at >= SETTLE_S

    def allows(  # the rules of the module's docstring, in their order
        self,
        address: Address,
        ssrc: int,
        seq: int,
        now: float,
        *,
        last_heard: float,
        last_ssrc: int,
        last_seq: int,
        authentic: bool = False,
    ) -> bool:
        """Whether to listen to a packet from ``address``; may move the lock (compare ``source``).

        ``last_*`` describe the newest packet accepted so far.
        """
        source = self.source
        if address == source:
            return True
        if authentic or (address == self._negotiated and not self.settled(now)):
            self._take(address, now)
            return True
        if source is None:
            same_host = self._negotiated is None or address[0] == self._negotiated[0]
            wanted = CONTINUED if same_host else STRANGER
        elif now - last_heard < SILENCE_S:
            return False
        else:
            continued = ssrc == last_ssrc and 0 < (seq - last_seq) & 0xFFFF < MAX_SEQUENCE_GAP
            wanted = CONTINUED if continued or address == self._negotiated else TAKEOVER
        if not self._counted(address, ssrc, seq, wanted):
            return False
        self._take(address, now)
        return True

    def _counted(self, address: Address, ssrc: int, seq: int, wanted: int) -> bool:
        if address == self._candidate and ssrc == self._ssrc and seq == (self._seq + 1) & 0xFFFF:
            self._run += 1
        else:
            self._candidate = address
            self._ssrc = ssrc
            self._run = 1
        self._seq = seq
        return self._run >= wanted

    def _take(self, address: Address, now: float) -> None:
        self.source = address
        self._locked_at = now
        self._candidate = None
        self._run = 0
