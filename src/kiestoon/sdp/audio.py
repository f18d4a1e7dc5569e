"""One audio section of the peer's description, read into values offer/answer can compare."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec

from kiestoon.media.protocol import Codec, Direction
from kiestoon.sdp.codecs import EVENTS, NOT_SPEECH, STATIC
from kiestoon.sdp.crypto import CryptoLine, parse_cryptos
from kiestoon.sdp.description import MediaDescription, SessionDescription, parse_sdp
from kiestoon.sdp.direction import DIRECTIONS
from kiestoon.sdp.webrtc import ATTRIBUTES as WEBRTC_ATTRIBUTES
from kiestoon.sdp.webrtc import PROFILES as WEBRTC_PROFILES
from kiestoon.sdp.webrtc import WebRtcRead, read_webrtc

PROFILES: Final = frozenset({"RTP/AVP", "RTP/SAVP", "RTP/AVPF", "RTP/SAVPF"}) | WEBRTC_PROFILES
PTIMES_MS: Final = (10, 20, 30, 40, 60)
DEFAULT_PTIME_MS: Final = 20
_HOLD_HOSTS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, never bound
_MAX_CLOCK_HZ: Final = 192_000
_CACHED_LENGTH: Final = 160  # longer texts are not worth keeping, and nobody shall fill memory with them


class Audio(msgspec.Struct):
    """``direction`` is the peer's own, already without receiving when it holds by ``c=0.0.0.0`` (RFC 3264 §8.4).

    ``remote`` None: port 0, held, or a host that is no address. ``ptime_ms`` is what the peer asks to be sent.
    ``webrtc``: keys come by DTLS and addresses by ICE, so there are no ``cryptos`` and no ``remote``.
    """

    profile: str
    port: int
    codecs: list[Codec]
    events: list[Codec]
    direction: Direction = "sendrecv"
    remote: tuple[str, int] | None = None
    remote_rtcp: tuple[str, int] | None = None
    ptime_ms: int = DEFAULT_PTIME_MS
    rtcp_mux: bool = False
    cryptos: list[CryptoLine] = msgspec.field(default_factory=list)
    webrtc: WebRtcRead | None = None

    @property
    def secure_profile(self) -> bool:
        """RTP/SAVP or RTP/SAVPF."""
        return "SAVP" in self.profile


def acceptable_shape(media: MediaDescription) -> bool:
    """An audio stream over RTP that is switched on."""
    return media.kind == "audio" and media.port != 0 and media.protocol.upper() in PROFILES


def read_audio(
    session: SessionDescription,
    media: MediaDescription,
    *,
    mux_allowed: bool = True,
    known: Iterable[Codec] = (),
    answering: bool = False,
) -> Audio:
    """Read one section; never raises, what makes no sense is left out.

    ``known`` gives the meaning of dynamic payload types the peer left undescribed (it answers with our numbers).
    ``mux_allowed``: whether our side offered or accepts RTP and RTCP on one port. ``answering``: it is an answer.
    """
    reading = _Reading({str(codec.payload_type): codec for codec in known})
    reading.session_lines(session.lines)
    reading.media_lines(media.lines)
    codecs, events = reading.formats(media.formats)
    audio = Audio(
        profile=media.protocol.upper(),
        port=media.port,
        codecs=codecs,
        events=events,
        direction=reading.direction,
        ptime_ms=reading.chosen_ptime_ms(),
        rtcp_mux=reading.rtcp_mux and mux_allowed,
        cryptos=parse_cryptos(reading.cryptos) if reading.cryptos else [],
    )
    # Browsers of before RFC 8829 wrote RTP/SAVPF: a fingerprint where no key is (RFC 8829 §5.1.2).
    if audio.profile in WEBRTC_PROFILES or (
        audio.secure_profile and not audio.cryptos and "a=fingerprint" in reading.webrtc
    ):
        audio.cryptos = []
        audio.webrtc = read_webrtc(reading.webrtc, mux=audio.rtcp_mux, answering=answering)
    else:
        _set_addresses(audio, reading)
    return audio


class OfferRead(msgspec.Struct):
    """The peer's offer, read once for everything that is asked of it: its streams we could take, by their places."""

    session: SessionDescription
    streams: list[tuple[int, Audio]]

    @property
    def codecs(self) -> list[Codec]:
        """The peer's speech codecs, its order and payload types; [] when there is no usable audio stream."""
        return self.streams[0][1].codecs if self.streams else []

    def fits(self, srtp: str) -> bool:
        """Whether a stream could be taken under this SRTP policy ("off", "optional", "required")."""
        for _, audio in self.streams:
            if audio.webrtc is not None:  # a browser knows no other way, whatever the policy on SDES
                if audio.codecs and not audio.webrtc.problem:
                    return True
                continue
            encrypted = audio.secure_profile or srtp == "required"
            if audio.codecs and (not encrypted or (srtp != "off" and bool(audio.cryptos))):
                return True
        return False


def read_offer(offer: bytes | SessionDescription, *, mux_allowed: bool = True) -> OfferRead:
    """Read an offer. Raises ``BadSdp``."""
    session = offer if isinstance(offer, SessionDescription) else parse_sdp(offer)
    streams = [
        (index, read_audio(session, media, mux_allowed=mux_allowed))
        for index, media in enumerate(session.media)
        if acceptable_shape(media)
    ]
    return OfferRead(session, streams)


class _Reading:
    """One pass over the lines; media-level values override session-level ones by coming later."""

    def __init__(self, known: dict[str, Codec]) -> None:
        self.known = known
        self.connection = ""
        self.direction: Direction = "sendrecv"
        self.ptime_ms = 0
        self.max_ptime_ms = 0
        self.rtcp_mux = False
        self.rtcp = ""
        self.cryptos: list[str] = []
        self.webrtc: dict[str, list[str]] = {}
        self.maps: dict[str, str] = {}
        self.parameters: dict[str, str] = {}

    def session_lines(self, lines: list[str]) -> None:
        for line in lines:
            kind = line[:1]
            if kind == "c":
                self.connection = line[2:]
            elif kind == "a":
                if line in DIRECTIONS:
                    self.direction = DIRECTIONS[line]
                elif line.startswith("a=ptime:"):
                    self.ptime_ms = _milliseconds(line[8:])
                else:
                    name, _, value = line.partition(":")
                    if name in WEBRTC_ATTRIBUTES:
                        self.webrtc.setdefault(name, []).append(value)

    def media_lines(self, lines: list[str]) -> None:
        maps, parameters = self.maps, self.parameters
        own: dict[str, list[str]] = {}
        for line in lines:
            name, _, value = line.partition(":")
            if name == "a=rtpmap":
                number, _, rest = value.partition(" ")
                maps.setdefault(number, rest)
            elif name == "a=fmtp":
                number, _, rest = value.partition(" ")
                parameters.setdefault(number, rest.strip())
            elif name in DIRECTIONS:
                self.direction = DIRECTIONS[name]
            elif line.startswith("c="):
                self.connection = line[2:]
            elif name in WEBRTC_ATTRIBUTES:
                own.setdefault(name, []).append(value)
            else:
                self._attribute(name, value)
        self.webrtc |= own  # a section's fingerprints replace the session's (RFC 8122 §5)

    def _attribute(self, name: str, value: str) -> None:
        if name == "a=ptime":
            self.ptime_ms = _milliseconds(value)
        elif name == "a=maxptime":
            self.max_ptime_ms = _milliseconds(value)
        elif name == "a=crypto":
            self.cryptos.append(value)
        elif name == "a=rtcp":
            self.rtcp = value
        elif name == "a=rtcp-mux":
            self.rtcp_mux = True

    def formats(self, numbers: list[str]) -> tuple[list[Codec], list[Codec]]:
        codecs: list[Codec] = []
        events: list[Codec] = []
        seen = set()
        for number in numbers:
            if number in seen:
                continue
            seen.add(number)
            codec = self._format(number)
            if codec is None:
                continue
            if codec.name == EVENTS:
                events.append(codec)
            elif codec.name not in NOT_SPEECH:
                codecs.append(codec)
        return codecs, events

    def _format(self, number: str) -> Codec | None:
        if not (number.isascii() and number.isdigit() and len(number) <= 3 and int(number) <= 127):
            return None
        payload_type = int(number)
        described = self.maps.get(number)
        fmtp = self.parameters.get(number, "")
        if described is None:
            static = self.known.get(number) or STATIC.get(payload_type)
            if static is None or not fmtp:
                return static
            return Codec(static.name, payload_type, static.clock_hz, static.channels, fmtp)
        if len(described) + len(fmtp) > _CACHED_LENGTH:
            return read_format(payload_type, described, fmtp)
        return _known_format(payload_type, described, fmtp)

    def chosen_ptime_ms(self) -> int:
        wanted = self.ptime_ms if self.ptime_ms in PTIMES_MS else DEFAULT_PTIME_MS
        if self.max_ptime_ms and wanted > self.max_ptime_ms:
            wanted = max((ptime for ptime in PTIMES_MS if ptime <= self.max_ptime_ms), default=PTIMES_MS[0])
        return wanted


def read_format(payload_type: int, described: str, fmtp: str) -> Codec | None:
    """``a=rtpmap`` and ``a=fmtp`` of one payload type, None when they describe no format."""
    name, _, rate = described.strip().partition("/")
    clock, _, channels = rate.partition("/")
    clock_hz = _number(clock, _MAX_CLOCK_HZ)
    if not name or not clock_hz:
        return None
    name = name.strip().upper()
    if name == "G722" and clock_hz == 16_000:
        clock_hz = 8_000  # a common misreading of RFC 3551 §4.5.2
    # RFC 7587 §7 fixes Opus at two channels; some phones leave the number out.
    channel_count = 2 if name == "OPUS" else _number(channels, 8) or 1
    return Codec(name, payload_type, clock_hz, channel_count, fmtp)


_known_format = lru_cache(1024)(read_format)
"""All phones of a model describe their formats in the same words."""


def _set_addresses(audio: Audio, reading: _Reading) -> None:
    host = _host(reading.connection)
    if host in _HOLD_HOSTS:
        audio.direction = "sendonly" if audio.direction in {"sendrecv", "sendonly"} else "inactive"
        return
    if not host or not audio.port:
        return
    audio.remote = (host, audio.port)
    if audio.rtcp_mux:
        audio.remote_rtcp = audio.remote  # RFC 5761 §5.1.1
        return
    audio.remote_rtcp = rtcp_address(reading.rtcp, audio.remote)


def rtcp_address(attribute: str, remote: tuple[str, int]) -> tuple[str, int]:
    """Where RTCP goes: ``a=rtcp:PORT [IN IP4 HOST]`` (RFC 3605 §2.1), else the port above RTP's."""
    port_text, _, connection = attribute.partition(" ")
    port = _number(port_text, 65_535)
    if not port:
        return remote[0], min(remote[1] + 1, 65_535)
    host = _host(connection)
    return (host if host and host not in _HOLD_HOSTS else remote[0]), port


def _host(connection: str) -> str:
    """The address of ``IN IP4 192.0.2.1/127``; "" for names: media is then learnt from the first packet."""
    return _address(connection) if len(connection) <= _CACHED_LENGTH else ""


@lru_cache(4096)
def _address(connection: str) -> str:
    fields = connection.split()
    if len(fields) != 3:
        return ""
    text = fields[2].partition("/")[0].strip("[]")
    if len(text) > 64 or "%" in text:
        return ""
    try:
        return str(ipaddress.ip_address(text)) if ":" in text else str(ipaddress.IPv4Address(text))
    except ValueError:
        return ""


def _milliseconds(text: str) -> int:
    return _number(text.strip().partition(".")[0], 1_000)


def _number(text: str, largest: int) -> int:
    """A decimal number up to ``largest``; 0 when it is none."""
    if len(text) > 6 or not (text.isascii() and text.isdigit()):
        return 0
    number = int(text)
    return number if number <= largest else 0
