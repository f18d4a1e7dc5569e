"""What a description says of ICE (RFC 8839) and DTLS-SRTP (RFC 5763, RFC 8122, RFC 8842), and what comes of both sides.

We are a lite agent with one candidate, so the peer's candidates are of no interest: trickled ones, names under .local
and those for RTCP are passed over unread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from kiestoon.media.protocol import DtlsPeer, IceCredentials

Setup: TypeAlias = Literal["actpass", "active", "passive"]
Fingerprints: TypeAlias = tuple[tuple[str, bytes], ...]

PROFILES: Final = frozenset({"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP"})
PROFILE: Final = "UDP/TLS/RTP/SAVPF"
ATTRIBUTES: Final = frozenset(
    {"a=fingerprint", "a=setup", "a=ice-ufrag", "a=ice-pwd", "a=ice-lite", "a=mid"}
)  # those read here
_DIGEST_OCTETS: Final = {"sha-1": 20, "sha-224": 28, "sha-256": 32, "sha-384": 48, "sha-512": 64}
_ICE_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_SETUPS: Final[dict[str, Setup]] = {"actpass": "actpass", "active": "active", "passive": "passive"}
_HOST_PRIORITY: Final = 126 << 24 | 65535 << 8 | 255
"""RFC 8445 §5.1.2.1 with type preference 126, one address, component 1."""


class WebRtcLocal(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Our end: the media process's certificate ("sha-256 AB:CD:…") and what checks sent to us must know."""

    fingerprint: str
    ufrag: str
    password: str


class WebRtcAgreed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What both sides settled: ground for the next offer, which keeps it unless it says otherwise."""

    local: WebRtcLocal
    ice: IceCredentials
    dtls: DtlsPeer


class WebRtcRead(msgspec.Struct, frozen=True):
    """The peer's side of one section. ``setup`` "" stands for what makes no sense here, such as "holdconn"."""

    ufrag: str
    password: str
    fingerprints: Fingerprints
    setup: Setup | Literal[""]
    lite: bool
    mux: bool

    @property
    def problem(self) -> str:
        """Why nothing can be agreed on this, "" when something can."""
        if not self.fingerprints:
            return "No usable certificate fingerprint"
        if not (_is_ice_text(self.ufrag, 4) and _is_ice_text(self.password, 22)):
            return "No ICE credentials"
        if self.lite:
            return "ICE-lite at both ends"  # nobody would send a check
        if not self.mux:
            return "RTCP has to be multiplexed"
        return "" if self.setup else "No usable DTLS setup"


def read_webrtc(attributes: Mapping[str, Sequence[str]], *, mux: bool, answering: bool) -> WebRtcRead:
    """Read a section's attributes (``ATTRIBUTES`` by name); never raises.

    ``answering``: it is an answer, where a missing ``a=setup`` means "passive", else "active" (RFC 4145 §4).
    """
    setup = _first(attributes, "a=setup") or ("passive" if answering else "active")
    return WebRtcRead(
        ufrag=_first(attributes, "a=ice-ufrag"),
        password=_first(attributes, "a=ice-pwd"),
        # Sorted: the same ones in another order are no change, which would mean another handshake (RFC 8842 §3.1).
        fingerprints=tuple(sorted(set(filter(None, map(_fingerprint, attributes.get("a=fingerprint", ())))))),
        setup=_SETUPS.get(setup.lower(), ""),
        lite="a=ice-lite" in attributes,
        mux=mux,
    )


def agree_to_offer(theirs: WebRtcRead, ours: WebRtcLocal, previous: WebRtcAgreed | None) -> WebRtcAgreed:
    """Our side of the answer.

    The credentials of before stay unless the peer's changed, which is an ICE restart (RFC 8839 §4.4.1.1.1); the role of
    before stays while the certificate does, else we are the active side where we may choose (RFC 5763 §5).
    """
    if previous is not None and previous.ice.remote_ufrag == theirs.ufrag:
        ours = previous.local
    role: Literal["client", "server"] = "server" if theirs.setup == "active" else "client"
    if theirs.setup == "actpass" and previous is not None and previous.dtls.fingerprints == theirs.fingerprints:
        role = previous.dtls.role
    return _agreed(theirs, ours, role)


def agree_to_answer(theirs: WebRtcRead, ours: WebRtcLocal) -> WebRtcAgreed | None:
    """What the peer's answer settled; None when it leaves open who begins (RFC 8842 §5.3)."""
    if theirs.setup not in {"active", "passive"}:
        return None
    return _agreed(theirs, ours, "server" if theirs.setup == "active" else "client")


def _agreed(theirs: WebRtcRead, ours: WebRtcLocal, role: Literal["client", "server"]) -> WebRtcAgreed:
    ice = IceCredentials(ours.ufrag, ours.password, theirs.ufrag)
    return WebRtcAgreed(ours, ice, DtlsPeer(role, theirs.fingerprints))


def webrtc_rows(local: WebRtcLocal, setup: Setup, host: str, port: int) -> list[str]:
    """Our section's lines for ICE and DTLS."""
    return [
        f"a=ice-ufrag:{local.ufrag}",
        f"a=ice-pwd:{local.password}",
        "a=ice-options:ice2",
        f"a=fingerprint:{local.fingerprint}",
        f"a=setup:{setup}",
        f"a=candidate:1 1 udp {_HOST_PRIORITY} {host} {port} typ host",
        "a=end-of-candidates",
    ]


def session_rows(mid: str, *, bundled: bool) -> list[str]:
    """Our lines for the session: the lite agent, and BUNDLE of the one section that is taken (RFC 9143 §7.3)."""
    return ["a=ice-lite", f"a=group:BUNDLE {mid}"] if bundled and mid else ["a=ice-lite"]


def is_bundled(lines: Sequence[str], mid: str) -> bool:
    """Whether the peer's session groups the section named ``mid``."""
    return any(line.startswith("a=group:BUNDLE ") and mid in line.split()[1:] for line in lines)


def _first(attributes: Mapping[str, Sequence[str]], name: str) -> str:
    values = attributes.get(name)
    return values[0].strip() if values else ""


def _fingerprint(text: str) -> tuple[str, bytes] | None:
    """``sha-256 AB:CD:…`` (RFC 8122 §5); None for what no certificate can be held against."""
    name, _, digest = text.strip().partition(" ")
    try:
        octets = bytes.fromhex(digest.strip().replace(":", ""))
    except ValueError:
        return None
    return (name.lower(), octets) if len(octets) == _DIGEST_OCTETS.get(name.lower(), 0) else None


def _is_ice_text(text: str, shortest: int) -> bool:
    return shortest <= len(text) <= 256 and _ICE_CHARACTERS.issuperset(text)
