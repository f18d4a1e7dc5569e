"""A browser's way into a termination: ICE finds its address, DTLS its keys, on the port RTP uses too (RFC 7983).

RTP is the termination's and does not pass here. What does is bounded: without a check that knows the password, nothing
from an address is looked at, no handshake begins and nothing is sent there but a few short refusals; handshakes are
bounded in octets and time.
"""

from __future__ import annotations

import errno
import socket
from typing import Protocol

import structlog

from kiestoon.media.dtls import DtlsFailed, DtlsSession, SrtpKeys, check_fingerprints
from kiestoon.media.ice import CONSENT_S, IceAgent
from kiestoon.media.lock import Address
from kiestoon.media.loop import Timer
from kiestoon.media.protocol import DtlsPeer, IceCredentials
from kiestoon.media.shared import Shared

log = structlog.get_logger(__name__)

SETUP_S = 30.0
"""From agreement to keys, at most."""
CLOSED_S = 5.0
"""A party that closed its side hangs up too, a moment later; if not, it is gone."""
REPEAT_S = 10.0
"""A failure is told again until something comes of it: call control may have been between two lives."""


class Owner(Protocol):
    """The termination, told what was found."""

    number: int

    def path_found(self, address: Address) -> None:
        """The party is to be reached there from now on."""

    def secured(self, keys: SrtpKeys) -> None:
        """The handshake is through and the party is who it should be."""

    def unsecured(self) -> None:
        """The keys count no more: another handshake begins, or nothing does."""

    def media_failed(self, reason: str) -> None:
        """There is nobody to speak with."""


class WebRtc:
    """ICE and DTLS of one termination. ``close`` cuts the tie to it: nothing here is left for a collector."""

    __slots__ = (
        "_agent", "_dtls", "_failed", "_from", "_owner", "_reason", "_repeat", "_session", "_shared", "_since",
        "_socket", "_started", "_watchdog",
    )  # fmt: skip

    def __init__(self, owner: Owner, sock: socket.socket, shared: Shared, ice: IceCredentials, dtls: DtlsPeer) -> None:
        """Raises ValueError for fingerprints none of which can be checked."""
        self._session = DtlsSession(shared.identity, dtls)
        self._owner: Owner | None = owner
        self._socket = sock
        self._shared = shared
        self._dtls = dtls
        self._agent = IceAgent(ice, shared.loop.now)
        self._from: Address | None = None
        """Where the party's last handshake packet came from; ICE may not have chosen yet."""
        self._started = False
        self._failed = False
        self._reason = ""
        self._repeat: Timer | None = None
        self._since = shared.loop.now
        self._watchdog = shared.loop.call_at(self._since + SETUP_S, self._look)

    def agree(self, ice: IceCredentials, dtls: DtlsPeer) -> None:
        """A new agreement: an ICE restart keeps the keys, another certificate or role means another handshake
        (RFC 8842 §3). Raises ValueError, changing nothing."""
        check_fingerprints(dtls.fingerprints)
        self._agent.restart(ice)
        if dtls == self._dtls and not self._failed:
            return
        self._session = DtlsSession(self._shared.identity, dtls)
        self._dtls = dtls
        self._started = self._failed = False
        self._since = self._agent.checked_at = self._shared.loop.now
        if self._owner is not None:
            self._owner.unsecured()
        self._watch_at(self._since + SETUP_S)
        if self._agent.selected is not None:
            if self._owner is not None:
                self._owner.path_found(self._agent.selected)
            self._begin()

    def admits(self, address: Address) -> bool:
        """Whether RTP from there may be looked at: its sender has proved itself and there are keys."""
        return (
            self._session.keys is not None and not self._failed and self._agent.proves(address, self._shared.loop.now)
        )

    def receive(self, data: bytes, address: Address) -> None:
        """Whatever is not RTP or RTCP (RFC 7983 §7)."""
        first = data[0]
        if first < 4:
            self._check(data, address)
        elif 20 <= first <= 63 and not self._failed and self._agent.proves(address, self._shared.loop.now):
            self._from = address
            self._handshake(data)
        else:
            self._shared.drop("foreign_source" if 20 <= first <= 63 else "not_rtp")

    def close(self) -> None:
        """End it, with a word to the party."""
        self._session.close()
        self._send()
        self._owner = None
        self._watchdog.cancel()
        if self._repeat is not None:
            self._repeat.cancel()

    # --- ICE -----------------------------------------------------------------------------------------------------

    def _check(self, data: bytes, address: Address) -> None:
        before = self._agent.selected
        checked = self._agent.receive(data, address, self._shared.loop.now)
        if checked.response:
            self._send_to(checked.response, address)
        if not checked.proven:
            self._shared.drop("stun")
        elif checked.nominated and not self._failed:
            if address != before and self._owner is not None:
                self._owner.path_found(address)
            self._begin()

    def _begin(self) -> None:
        """Our ClientHello waits for an address that can be trusted not to be somebody else's."""
        if self._started:
            return
        self._started = True
        try:
            self._session.start()
        except DtlsFailed as error:
            self._fail(str(error))
        self._send()
        self._arm()

    # --- DTLS ----------------------------------------------------------------------------------------------------

    def _handshake(self, data: bytes) -> None:
        session = self._session
        secured, closed = session.keys is not None, session.closed
        try:
            session.receive(data)
        except DtlsFailed as error:
            self._send()  # the alert that says why
            self._fail(str(error))
            return
        self._send()
        self._arm()
        if session.keys is not None and not secured and self._owner is not None:
            self._shared.dtls_completed += 1
            self._owner.secured(session.keys)
        if session.closed and not closed and self._owner is not None:
            self._owner.unsecured()  # RFC 5764 §4.1: media ends with the association
            self._watch_at(self._shared.loop.now + CLOSED_S)

    def _arm(self) -> None:
        """Have OpenSSL repeat its flight when nothing comes (RFC 6347 §4.2.4)."""
        if self._repeat is not None:
            self._repeat.cancel()
            self._repeat = None
        wait_s = self._session.timeout_s()
        if wait_s is not None and not self._failed:
            self._repeat = self._shared.loop.call_at(self._shared.loop.now + wait_s, self._again)

    def _again(self) -> None:
        try:
            self._session.handle_timeout()
        except DtlsFailed as error:
            self._fail(str(error))
            return
        self._send()
        self._arm()

    # --- life ----------------------------------------------------------------------------------------------------

    def _watch_at(self, when: float) -> None:
        self._watchdog.cancel()
        self._watchdog = self._shared.loop.call_at(when, self._look)

    def _look(self) -> None:
        """Is there still somebody? Browsers ask for consent every few seconds (RFC 7675), so silence means no."""
        now = self._shared.loop.now
        if self._failed:
            self._tell()
        elif self._session.closed:
            self._fail("closed by the party")
        elif self._session.keys is None and now - self._since >= SETUP_S:
            self._fail("no handshake in time" if self._agent.selected else "no address proved in time")
        elif now - self._agent.checked_at >= CONSENT_S:
            self._fail("no check for consent in time")
        else:
            due = self._agent.checked_at + CONSENT_S
            if self._session.keys is None:
                due = min(due, self._since + SETUP_S)
            self._watch_at(max(due, now + 0.1))

    def _fail(self, reason: str) -> None:
        if self._failed or self._owner is None:
            return
        self._failed = True
        self._reason = reason
        if self._session.keys is None:
            self._shared.dtls_failed += 1
        log.warning("webrtc_failed", termination=self._owner.number, reason=reason, address=self._agent.selected)
        self._owner.unsecured()
        self._tell()

    def _tell(self) -> None:
        if self._owner is not None:
            self._owner.media_failed(self._reason)
            self._watch_at(self._shared.loop.now + REPEAT_S)

    # --- packets out -----------------------------------------------------------------------------------------------

    def _send(self) -> None:
        address = self._agent.selected or self._from
        for datagram in self._session.outgoing():
            if address is not None:
                self._send_to(datagram, address)

    def _send_to(self, data: bytes, address: Address) -> None:
        try:
            self._socket.sendto(data, address)
        except OSError as error:
            self._shared.drop("send_" + errno.errorcode.get(error.errno or 0, "error").lower())
