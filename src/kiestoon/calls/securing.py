"""How a leg's speech is secured: which way, and with what of ours.

Phones get SRTP keys in the description (SDES), browsers a certificate and ICE credentials (DTLS). A party that calls
says itself which of the two it speaks; one that is called is known by how it registered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.media.protocol import SrtpKey, SrtpSuite
from kiestoon.sdp.crypto import KEY_SALT_LENGTH
from kiestoon.sdp.negotiate import SrtpPolicy, WebRtcLocal
from kiestoon.sip.flow import WEB
from kiestoon.sip.uri import BadUri, parse_uri

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.leg import Leg
    from kiestoon.registrar import Binding

SUITES: tuple[SrtpSuite, ...] = ("AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM")


def srtp_policy(leg: Leg) -> SrtpPolicy:
    """Keys travel in the description, so SRTP is offered only where signalling is encrypted too (RFC 4568 §8)."""
    if leg.encryption == "required":
        return "required"
    return "optional" if leg.encryption == "optional" and leg.secure else "off"


def keys(x: Exchange, policy: SrtpPolicy) -> tuple[SrtpKey, ...]:
    """Fresh keys of ours, one for each suite."""
    if policy == "off":
        return ()
    return tuple(SrtpKey(suite, x.ids.key(KEY_SALT_LENGTH[suite])) for suite in SUITES)


def is_browser(binding: Binding) -> bool:
    """Whether a contact is a browser's: it registered over WebSocket, by itself or behind a proxy (RFC 7118 §5)."""
    destination = binding.destination
    if destination is not None and destination.transport in WEB:
        return True
    try:
        return parse_uri(binding.contact).transport in WEB
    except BadUri:
        return False


def end_to_offer(x: Exchange, leg: Leg) -> WebRtcLocal | None:
    """Our end for an offer to a browser: the one already agreed, else a fresh one. None: the party is a phone."""
    if leg.agreed is not None:
        return leg.agreed.webrtc.local if leg.agreed.webrtc is not None else None
    return fresh_end(x, leg) if leg.webrtc else None


def fresh_end(x: Exchange, leg: Leg) -> WebRtcLocal | None:
    """A new end of ours on the call's media process, with credentials nobody can guess (RFC 8445 §5.3: 24 and 128 bits
    at least). None when that process has no certificate."""
    call = x.calls.get(leg.call)
    if call is None or call.link is None or not call.link.fingerprint:
        return None
    return WebRtcLocal(call.link.fingerprint, x.ids.text(6), x.ids.text(18))
