"""Offer/answer (RFC 3264) for one audio stream per party, as pure functions.

A session's life: ``build_offer`` → ``read_answer`` when we call; ``answer_offer`` when we are called; later changes in
the same dialog by ``reoffer`` / ``build_offer(previous=…)`` / ``answer_offer(previous=…)``. Keys and session ids come
from the caller: nothing here is random. Other streams (video, T.38 …) are refused with port 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from kiestoon.media.protocol import Codec, Direction, SrtpKey, Stream
from kiestoon.sdp.agreement import (
    Agreed,
    Answered,
    LocalMedia,
    Negotiated,
    NotAcceptable,
    Offer,
    OfferState,
    SrtpPolicy,
)
from kiestoon.sdp.audio import DEFAULT_PTIME_MS, Audio, OfferRead, acceptable_shape, read_audio, read_offer
from kiestoon.sdp.codecs import EVENTS, find_format, free_number, merge_codecs, numbered, renumbered
from kiestoon.sdp.compose import AudioSection, describe, refused_rows
from kiestoon.sdp.crypto import CryptoLine, choose_crypto, crypto_lines
from kiestoon.sdp.description import BadSdp, MediaDescription, SessionDescription, parse_sdp
from kiestoon.sdp.direction import both, receives, reverse
from kiestoon.sdp.webrtc import PROFILE as WEBRTC_PROFILE
from kiestoon.sdp.webrtc import WebRtcAgreed, WebRtcLocal, agree_to_answer, agree_to_offer, is_bundled

__all__ = [
    "Agreed",
    "Answered",
    "BadSdp",
    "LocalMedia",
    "Negotiated",
    "NotAcceptable",
    "Offer",
    "OfferRead",
    "OfferState",
    "SrtpPolicy",
    "WebRtcLocal",
    "answer_offer",
    "build_offer",
    "merge_codecs",
    "offered_codecs",
    "read_answer",
    "read_offer",
    "reoffer",
]


def build_offer(
    local: LocalMedia,
    codecs: Sequence[Codec],
    *,
    direction: Direction = "sendrecv",
    srtp: SrtpPolicy = "off",
    crypto_offers: Sequence[SrtpKey] = (),
    version: int = 1,
    ptime_ms: int = DEFAULT_PTIME_MS,
    dtmf: bool = True,
    rtcp_mux: bool = False,
    previous: bytes = b"",
    webrtc: WebRtcLocal | None = None,
) -> Offer:
    """Offer ``codecs`` in this order; colliding payload types are renumbered.

    ``srtp`` "required" offers RTP/SAVP; "optional" RTP/AVP with ``a=crypto`` (opportunistic, RFC 8643 §3.1), so that
    phones without SRTP still answer. ``crypto_offers`` are our keys, one per suite, preferred first. ``webrtc`` offers
    to a browser instead: DTLS and ICE, whatever ``srtp`` says. ``previous`` is our last description in the dialog: its
    ``m=`` lines keep their places (RFC 3264 §8) and the version follows it. Raises ``ValueError`` without codecs, or
    without keys where SRTP is wanted.
    """
    if not codecs:
        raise ValueError("an offer needs a codec")
    speech, events = _offer_formats(tuple(codecs))
    events = events if dtmf else ()
    if webrtc is not None:
        section = AudioSection(WEBRTC_PROFILE, speech, events, direction, (), ptime_ms, rtcp_mux=True, webrtc=webrtc)
        return _offer(local, section, "off", version, previous)
    if srtp != "off" and not crypto_offers:
        raise ValueError("SRTP needs keys")
    profile = "RTP/SAVP" if srtp == "required" else "RTP/AVP"
    crypto = crypto_lines(crypto_offers) if srtp != "off" else ()
    section = AudioSection(profile, speech, events, direction, crypto, ptime_ms, rtcp_mux)
    return _offer(local, section, srtp, version, previous)


def reoffer(
    local: LocalMedia,
    agreed: Agreed,
    *,
    direction: Direction = "sendrecv",
    codecs: Sequence[Codec] | None = None,
) -> Offer:
    """Offer again what was agreed, with another direction ("sendonly" holds, "sendrecv" resumes) or ``codecs``.

    Payload types, events, profile and our SRTP key stay, so that media going on is not disturbed (RFC 4568 §7.1.4).
    """
    speech = numbered(codecs, (event.payload_type for event in agreed.events)) if codecs else agreed.codecs
    crypto = (agreed.crypto,) if agreed.crypto else ()
    section = AudioSection(agreed.profile, speech, agreed.events, direction, crypto, agreed.ptime_ms, agreed.rtcp_mux)
    section.webrtc = agreed.webrtc.local if agreed.webrtc is not None else None
    return _offer(local, section, "required" if crypto else "off", 1, agreed.body)


def _offer(local: LocalMedia, section: AudioSection, srtp: SrtpPolicy, version: int, previous: bytes) -> Offer:
    rows: list[str] = []
    index = 0
    earlier = parse_sdp(previous).media if previous else []
    if earlier:
        index = next((place for place, media in enumerate(earlier) if media.port), 0)
    if section.webrtc is not None:
        section.mid = (earlier[index].attribute("mid") if earlier else None) or "0"
    for place in range(max(len(earlier), 1)):
        if place == index:
            rows.extend(section.rows(local))
        else:
            rows.extend(refused_rows(earlier[place]))
    body = describe(local, rows, version=version, previous=previous, session=section.session_rows())
    state = OfferState(
        body=body,
        codecs=tuple(section.codecs),
        events=tuple(section.events),
        direction=section.direction,
        srtp=srtp,
        crypto=tuple(section.crypto),
        rtcp_mux=section.rtcp_mux,
        index=index,
        webrtc=section.webrtc,
    )
    return Offer(body, state)


@lru_cache(128)
def _offer_formats(codecs: tuple[Codec, ...]) -> tuple[tuple[Codec, ...], tuple[Codec, ...]]:
    """Speech and telephone-event formats of an offer."""
    speech = tuple(numbered(codecs))
    return speech, tuple(_event_formats(speech))


def _event_formats(codecs: Sequence[Codec]) -> list[Codec]:
    """telephone-event once per RTP clock among the codecs: events share the stream's timestamps (RFC 4733 §2.1).

    8000 Hz comes first and gets 101: some phones take 101 for it without reading the rtpmap.
    """
    used = {codec.payload_type for codec in codecs}
    events = []
    for clock_hz in sorted({codec.clock_hz for codec in codecs}, key=lambda clock: (clock != 8_000, clock)):
        number = free_number(used, 101)
        if number >= 0:
            used.add(number)
            events.append(Codec(EVENTS, number, clock_hz, 1, "0-15"))
    return events


def offered_codecs(offer: bytes | SessionDescription | OfferRead) -> list[Codec]:
    """The peer's speech codecs, its order and payload types; [] when there is no usable audio stream.

    ``merge_codecs(offered_codecs(a_offer), ours)`` is the offer to the other party that avoids transcoding. Raises
    ``BadSdp``.
    """
    return (offer if isinstance(offer, OfferRead) else read_offer(offer)).codecs


def answer_offer(
    local: LocalMedia,
    offer: bytes | SessionDescription | OfferRead,
    capabilities: Sequence[Codec],
    *,
    prefer: Sequence[str] = (),
    srtp: SrtpPolicy = "off",
    crypto: Sequence[SrtpKey] = (),
    hold: bool = False,
    direction: Direction = "sendrecv",
    dtmf: bool = True,
    rtcp_mux: bool = True,
    single_codec: bool = True,
    version: int = 1,
    previous: Agreed | None = None,
    webrtc: WebRtcLocal | None = None,
) -> Answered:
    """Answer the peer's offer. Raises ``BadSdp`` (→ 400) and ``NotAcceptable`` (→ 488).

    The codec is the offer's first that ``capabilities`` has, codec names in ``prefer`` (those the other party speaks)
    going first. ``single_codec`` answers with just that one, so that the peer cannot change to another in
    mid-stream; else all common ones. ``hold`` is short for ``direction`` "sendonly". ``crypto`` are our keys, one per
    suite. ``previous`` is the dialog's last agreement: the version follows it and a suite in use keeps its key.
    ``rtcp_mux`` does not count for an offer that has been read already. ``webrtc`` is our end for a browser's offer;
    without it DTLS is refused.
    """
    if not isinstance(offer, OfferRead):
        offer = read_offer(offer, mux_allowed=rtcp_mux)
    session = offer.session
    keys = _keys_to_use(crypto, previous)
    index, audio, matched, secured = _choose_stream(offer, capabilities, srtp, keys, dtls=webrtc is not None)
    matched = _ordered(matched, prefer)
    if single_codec:
        matched = matched[:1]
    ours = both("sendonly" if hold else direction, reverse(audio.direction))
    # The offer's payload types are used both ways, with our own format parameters (RFC 3264 §6.1).
    receive = tuple(renumbered(own, theirs.payload_type) for theirs, own in matched)
    events = _matching_events(audio.events, receive) if dtmf else ()
    media, key = session.media[index], (secured[1],) if secured else ()
    section = AudioSection(
        profile=media.protocol, codecs=receive, events=events, direction=ours, crypto=key,
        ptime_ms=audio.ptime_ms, rtcp_mux=audio.rtcp_mux, mid=media.attribute("mid") or "",
    )  # fmt: skip
    settled = _settle_webrtc(section, session, audio, webrtc, previous)
    body = _answer_body(local, session, index, section, version, previous.body if previous else b"")
    stream = _stream(
        audio,
        matched[0][0],
        receive=receive,
        direction=ours,
        events_send=events,
        events_receive=events,
        secured=secured,
        webrtc=settled,
    )
    return Answered(body, stream, _agreed(body, section, audio, index, settled))


def _settle_webrtc(
    section: AudioSection, session: SessionDescription, audio: Audio, ours: WebRtcLocal | None, previous: Agreed | None
) -> WebRtcAgreed | None:
    """Agree with a browser on DTLS and ICE, and say so in our section; None: the offer is no browser's."""
    if audio.webrtc is None or ours is None:
        return None
    settled = agree_to_offer(audio.webrtc, ours, previous.webrtc if previous else None)
    section.webrtc = settled.local
    section.setup = "active" if settled.dtls.role == "client" else "passive"
    section.bundled = is_bundled(session.lines, section.mid)
    return settled


def _answer_body(
    local: LocalMedia, session: SessionDescription, index: int, section: AudioSection, version: int, previous: bytes
) -> bytes:
    """Our answer: the taken stream in its place, every other one refused with port 0."""
    rows: list[str] = []
    for place, media in enumerate(session.media):
        if place == index:
            rows.extend(section.rows(local))
        else:
            rows.extend(refused_rows(media))
    # The answer's t= must equal the offer's (RFC 3264 §6).
    timing = next((line for line in session.lines if line.startswith("t=")), "t=0 0")
    extra = section.session_rows()
    return describe(local, rows, version=version, previous=previous, timing=timing, session=extra)


def read_answer(offer_state: OfferState, answer: bytes | SessionDescription) -> Negotiated:
    """Read the peer's answer to our offer. Raises ``BadSdp`` and ``NotAcceptable``.

    Put up with: other payload types for our codecs, missing rtpmaps, streams out of place, a profile that differs
    while its keys say the same, a direction we did not offer (both ends' wishes are intersected).
    """
    session = answer if isinstance(answer, SessionDescription) else parse_sdp(answer)
    media = _answered_stream(session, offer_state.index)
    known = (*offer_state.codecs, *offer_state.events)
    audio = read_audio(session, media, mux_allowed=offer_state.rtcp_mux, known=known, answering=True)
    matched = _matches(audio.codecs, offer_state.codecs)
    if not matched:
        raise NotAcceptable("No offered codec in the answer")
    settled = _answered_webrtc(offer_state, audio)
    secured = _answered_crypto(offer_state, audio) if settled is None else None
    ours = both(offer_state.direction, reverse(audio.direction))
    receive = _receivable(matched, (*offer_state.events, *audio.events))
    send = matched[0][0]
    events_send = _matching_events(audio.events, (send,))
    events_receive = _matching_events(offer_state.events, (send,)) if events_send else ()
    section = AudioSection(
        profile=media.protocol,
        codecs=tuple(own for _, own in matched),
        events=offer_state.events if events_send else (),
        direction=ours,
        crypto=(secured[1],) if secured else (),
        ptime_ms=audio.ptime_ms,
        rtcp_mux=audio.rtcp_mux,
    )
    stream = _stream(
        audio,
        send,
        receive=receive,
        direction=ours,
        events_send=events_send,
        events_receive=events_receive,
        secured=secured,
        webrtc=settled,
    )
    return Negotiated(stream, _agreed(offer_state.body, section, audio, offer_state.index, settled))


def _keys_to_use(crypto: Sequence[SrtpKey], previous: Agreed | None) -> Sequence[SrtpKey]:
    if previous is None or previous.crypto is None:
        return crypto
    in_use = previous.crypto.key
    return [in_use, *(key for key in crypto if key.suite != in_use.suite)]


_Secured = tuple[CryptoLine, CryptoLine] | None
_Matched = list[tuple[Codec, Codec]]


def _choose_stream(
    offer: OfferRead,
    capabilities: Sequence[Codec],
    srtp: SrtpPolicy,
    keys: Sequence[SrtpKey],
    *,
    dtls: bool,
) -> tuple[int, Audio, _Matched, _Secured]:
    """The first stream that fits policy and codecs; the reason of the last one that did not, otherwise."""
    failure = NotAcceptable("No audio stream over RTP", 304)
    for index, audio in offer.streams:
        matched = _matches(audio.codecs, capabilities)
        if not matched:
            failure = NotAcceptable("No common codec")
            continue
        if audio.webrtc is not None:
            if dtls and not audio.webrtc.problem:
                return index, audio, matched, None
            failure = NotAcceptable(audio.webrtc.problem, 399) if dtls else NotAcceptable("No DTLS here", 302)
            continue
        secured = choose_crypto(audio.cryptos, keys) if srtp != "off" else None
        if secured is None and (audio.secure_profile or srtp == "required"):
            text = "Encryption required" if srtp == "required" else "No common SRTP suite"
            failure = NotAcceptable(text, 302 if audio.secure_profile or audio.cryptos else 399)
            continue
        return index, audio, matched, secured
    raise failure


def _matches(theirs: Sequence[Codec], ours: Sequence[Codec]) -> _Matched:
    """(their entry, our entry) of the common formats, in their order."""
    matched = []
    for codec in theirs:
        own = find_format(codec, ours)
        if own is not None:
            matched.append((codec, own))
    return matched


def _ordered(matched: _Matched, prefer: Sequence[str]) -> _Matched:
    if not prefer:
        return matched
    rank = {name.upper(): place for place, name in reversed(list(enumerate(prefer)))}
    return sorted(matched, key=lambda pair: rank.get(pair[0].name, len(rank)))


def _receivable(matched: _Matched, events: Sequence[Codec]) -> tuple[Codec, ...]:
    """Our numbers, and the peer's own where it renumbered: many peers send with what they wrote (RFC 3264 §5.1 has
    them use ours)."""
    receive = [own for _, own in matched]
    used = {codec.payload_type for codec in (*receive, *events)}
    for theirs, own in matched:
        if theirs.payload_type not in used:
            used.add(theirs.payload_type)
            receive.append(renumbered(own, theirs.payload_type))
    return tuple(receive)


def _matching_events(events: Sequence[Codec], codecs: Sequence[Codec]) -> tuple[Codec, ...]:
    """telephone-event formats for these codecs' clocks; failing that the first (wide-band phones)."""
    clocks = {codec.clock_hz for codec in codecs}
    chosen = tuple(
        Codec(EVENTS, event.payload_type, event.clock_hz, 1, "0-15") for event in events if event.clock_hz in clocks
    )
    if not chosen and events:
        return (Codec(EVENTS, events[0].payload_type, events[0].clock_hz, 1, "0-15"),)
    return chosen


def _answered_stream(session: SessionDescription, index: int) -> MediaDescription:
    if index < len(session.media) and acceptable_shape(session.media[index]):
        return session.media[index]
    for media in session.media:
        if acceptable_shape(media):
            return media
    raise NotAcceptable("Audio stream refused", 304)


def _answered_webrtc(state: OfferState, audio: Audio) -> WebRtcAgreed | None:
    """What a browser's answer settled; None when neither side spoke of DTLS."""
    if state.webrtc is None and audio.webrtc is None:
        return None
    if state.webrtc is None or audio.webrtc is None:
        raise NotAcceptable("DTLS on one side only", 302)
    settled = agree_to_answer(audio.webrtc, state.webrtc)
    if audio.webrtc.problem or settled is None:
        raise NotAcceptable(audio.webrtc.problem or "No usable DTLS setup", 399)
    return settled


def _answered_crypto(state: OfferState, audio: Audio) -> _Secured:
    secured = choose_crypto(audio.cryptos, [line.key for line in state.crypto])
    if secured is not None:
        theirs, ours = secured
        tag = next(line.tag for line in state.crypto if line.key == ours.key)
        return theirs, CryptoLine(tag, ours.key)
    if state.srtp == "required":
        raise NotAcceptable("Encryption required", 399)
    if audio.secure_profile:
        raise NotAcceptable("No common SRTP suite", 302)
    return None


def _stream(
    audio: Audio,
    send: Codec,
    *,
    receive: tuple[Codec, ...],
    direction: Direction,
    events_send: Sequence[Codec],
    events_receive: Sequence[Codec],
    secured: _Secured,
    webrtc: WebRtcAgreed | None,
) -> Stream:
    return Stream(
        remote=audio.remote,
        remote_rtcp=audio.remote_rtcp,
        send=send,
        receive=receive,
        direction=direction,
        ptime_ms=audio.ptime_ms,
        dtmf_send=_event_number(events_send, send),
        dtmf_receive=_event_number(events_receive, send),
        rtcp_mux=audio.rtcp_mux,
        srtp_send=secured[1].key if secured else None,
        srtp_receive=secured[0].key if secured else None,
        ice=webrtc.ice if webrtc else None,
        dtls=webrtc.dtls if webrtc else None,
    )


def _event_number(events: Sequence[Codec], send: Codec) -> int | None:
    for event in events:
        if event.clock_hz == send.clock_hz:
            return event.payload_type
    return events[0].payload_type if events else None


def _agreed(body: bytes, section: AudioSection, audio: Audio, index: int, webrtc: WebRtcAgreed | None = None) -> Agreed:
    return Agreed(
        body=body,
        codecs=tuple(section.codecs),
        events=tuple(section.events),
        direction=section.direction,
        held=not receives(audio.direction),
        profile=section.profile,
        crypto=section.crypto[0] if section.crypto else None,
        ptime_ms=section.ptime_ms,
        rtcp_mux=section.rtcp_mux,
        index=index,
        webrtc=webrtc,
    )
