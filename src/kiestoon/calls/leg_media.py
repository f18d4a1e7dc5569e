"""A leg's media: ports, descriptions offered and answered, the termination in the media process.

Every leg agrees its media with the exchange alone; whether packets are relayed or transcoded follows from what the two
sides agreed. Offers are built so that relaying wins wherever both phones can do it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kiestoon.calls.call import Call
from kiestoon.calls.causes import NO_PORT
from kiestoon.calls.leg import Leg
from kiestoon.calls.media_pool import host_for
from kiestoon.calls.securing import end_to_offer, fresh_end, keys, srtp_policy
from kiestoon.media.protocol import Add, Codec, Modify, Stream, Watch
from kiestoon.registrar.sources import LOOPBACK
from kiestoon.sdp.negotiate import (
    BadSdp,
    LocalMedia,
    NotAcceptable,
    OfferRead,
    answer_offer,
    build_offer,
    merge_codecs,
    read_answer,
    read_offer,
)

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.media.client import MediaLink


class UnusableAnswer(Exception):
    """What the peer sent cannot be used: no common codec, encryption missing, or not a session description."""


@contextmanager
def _usable() -> Iterator[None]:
    """Whatever is wrong with the peer's description inside is an ``UnusableAnswer``."""
    try:
        yield
    except NotAcceptable as bad:
        raise UnusableAnswer(str(bad)) from bad
    except BadSdp as bad:
        raise UnusableAnswer("Broken session description") from bad


def lease_port(x: Exchange, call: Call, leg: Leg, towards: str) -> bool:
    """Give the leg a media port on the call's media process that ``towards`` (an address) reaches; False: none left."""
    if leg.port is not None:
        return True
    if leg.webrtc and towards in LOOPBACK:
        towards = ""  # a proxy in front of us; and a browser on this very machine reaches every address of it
    if call.link is None:
        leased = x.media.lease(towards, call.company_id)
        if leased is None:
            return False
        call.link, leg.port = leased
        call.context = x.ids.number()
        return True
    link = call.link
    leg.port = link.lease(host_for(link.hosts, towards)) if link.connected else None
    return leg.port is not None


def lease_elsewhere(x: Exchange, call: Call, leg: Leg, link: MediaLink) -> bool:
    """Give a caller to whom nothing has been sent yet its port on another media process, where those are whom it is to
    meet. False: it stays where it is."""
    if call.link is link:
        return True
    alone = [other for other in call.live_legs() if other is not leg] == []
    if leg.port is None or leg.termination or not alone or not link.connected:
        return False
    flow = leg.session.flow if leg.session is not None else None
    port = link.lease(host_for(link.hosts, flow.remote_host if flow is not None else ""))
    if port is None:
        return False
    if call.link is not None:
        call.link.release(leg.port)
    call.link, call.context, leg.port = link, x.ids.number(), port
    return True


def offer_of(caller: Leg) -> OfferRead:
    """The caller's offer, read once and kept until it is answered. Raises BadSdp."""
    if caller.offer_read is None:
        caller.offer_read = read_offer(caller.offered_body)
    return caller.offer_read


def offer_for(x: Exchange, leg: Leg, caller: Leg | None) -> bytes:
    """Our offer to a dialled party: the caller's formats first and in its order (what a caller who has been answered
    speaks already), then what we can transcode."""
    codecs: list[Codec] | tuple[Codec, ...] = x.settings.codecs
    if caller is not None and caller.send_codec is not None and caller.state == "answered":
        codecs = merge_codecs([caller.send_codec], x.settings.codecs)
    elif caller is not None and caller.offered_body:
        codecs = merge_codecs(offer_of(caller).codecs, x.settings.codecs)
    return _offer(x, leg, codecs)


def offer_caller(x: Exchange, call: Call, caller: Leg, prefer: Codec | None) -> bytes:
    """Our offer to a caller who made none: the called party's format first."""
    codecs = merge_codecs([prefer], x.settings.codecs) if prefer is not None else x.settings.codecs
    caller.owes_answer = True
    return _offer(x, caller, codecs)


def reoffer(x: Exchange, leg: Leg) -> bytes:
    """Our offer in answer to an offerless re-INVITE: everything we can do, the present format first."""
    current = leg.send_codec
    codecs = merge_codecs([current], x.settings.codecs) if current is not None else x.settings.codecs
    return _offer(x, leg, codecs)


def _offer(x: Exchange, leg: Leg, codecs: list[Codec] | tuple[Codec, ...]) -> bytes:
    policy = srtp_policy(leg)
    offer = build_offer(
        _local(leg),
        codecs,
        srtp=policy,
        crypto_offers=keys(x, policy),
        dtmf=leg.dtmf == "rfc4733",
        previous=leg.agreed.body if leg.agreed is not None else b"",
        webrtc=end_to_offer(x, leg),
    )
    leg.offer = offer.state
    return offer.body


def take_answer(x: Exchange, call: Call, leg: Leg, body: bytes) -> None:
    """Read the party's answer to our offer and set its termination up. Raises UnusableAnswer.

    An empty body means the answer came earlier, in a provisional response.
    """
    if leg.offer is None:
        raise UnusableAnswer("Answer without an offer")
    if not body:
        if leg.stream is None:
            raise UnusableAnswer("No session description in the answer")
        return
    with _usable():
        negotiated = read_answer(leg.offer, body)
    leg.agreed = negotiated.agreed
    set_stream(x, call, leg, negotiated.stream)


def answer_caller(x: Exchange, call: Call, caller: Leg, prefer: Codec | None) -> bytes:
    """The answer to the caller's offer; made once, then repeated (RFC 3261 §13.3.1.4).

    Raises UnusableAnswer.
    """
    if not caller.answer_body:
        caller.answer_body = answer_reoffer(x, call, caller, offer_of(caller), prefer)
        caller.offer_read = None
    return caller.answer_body


def answer_reoffer(x: Exchange, call: Call, leg: Leg, offer: bytes | OfferRead, prefer: Codec | None) -> bytes:
    """Answer an offer, the other party's format first if it is among the offered. Raises UnusableAnswer."""
    policy = srtp_policy(leg)
    capabilities = x.settings.codecs if prefer is None else merge_codecs(x.settings.codecs, [prefer])
    with _usable():
        offer = offer if isinstance(offer, OfferRead) else read_offer(offer)
        answered = answer_offer(
            _local(leg),
            offer,
            capabilities,
            prefer=() if prefer is None else (prefer.name,),
            srtp=policy,
            crypto=keys(x, policy),
            dtmf=leg.dtmf == "rfc4733",
            previous=leg.agreed,
            webrtc=fresh_end(x, leg) if offer.from_browser else None,
        )
    leg.agreed = answered.agreed
    set_stream(x, call, leg, answered.stream)
    return answered.body


def set_stream(x: Exchange, call: Call, leg: Leg, stream: Stream) -> None:
    """Tell the media process what was agreed: a new termination the first time, a change later."""
    if stream == leg.stream:
        return
    leg.stream = stream
    link = call.link
    if link is None or leg.port is None:
        return
    if leg.termination:
        link.send(Modify(leg.termination, stream))
        return
    leg.termination = x.ids.number()
    x.terminations[leg.termination] = leg
    link.send(Add(call.context, leg.termination, leg.port.rtp, stream))
    watch(x, call, leg)


def watch(x: Exchange, call: Call, leg: Leg) -> None:
    """Have the media process tell of key presses as sound and of missing packets, from now on."""
    in_band, no_rtp_ms = leg.dtmf == "inband", int(x.settings.no_rtp_s * 1000)
    if call.link is not None and leg.termination and (in_band or no_rtp_ms):
        call.link.send(Watch(leg.termination, no_rtp_ms=no_rtp_ms, digits_in_band=in_band))


def _local(leg: Leg) -> LocalMedia:
    port = leg.port
    if port is None:
        raise UnusableAnswer(NO_PORT.text)
    return LocalMedia(port.host, port.rtp, leg.id)
