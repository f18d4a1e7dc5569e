"""Offer/answer (RFC 3264) with anything at all: both ends agree, and nothing raises."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from sdp_samples import ALL, CM80, GCM, THEM, US, sdp

from kiestoon.sdp import BadSdp, parse_sdp
from kiestoon.sdp.negotiate import NotAcceptable, answer_offer, build_offer, read_answer

LINES = [
    "a=rtpmap:8 PCMA/8000", "a=rtpmap:96 opus/48000/2", "a=rtpmap:96", "a=rtpmap:x y/z/w", "a=rtpmap:999 PCMA/8000",
    "a=fmtp:8 annexb=no", "a=fmtp", "a=rtcp:", "a=rtcp:1 IN IP4 x", "a=ptime:", "a=maxptime:-1", "c=IN", "c=",
    "c=IN IP4 0.0.0.0", "a=sendonly", "a=inactive", "a=crypto:1", "a=crypto:1 AEAD_AES_128_GCM inline:", "a=rtcp-mux",
]  # fmt: skip
FORMATS = ["8", "0", "96", "101", "18", "-1", "999", "x", "٣", "8"]


@given(
    st.lists(st.sampled_from(LINES), max_size=8),
    st.lists(st.sampled_from(FORMATS), max_size=6),
    st.sampled_from(["RTP/AVP", "RTP/SAVP", "udptl"]),
    st.sampled_from(["off", "optional", "required"]),
)
@settings(max_examples=150)
def test_any_offer_is_answered_or_refused(lines, formats, profile, policy):
    offer = sdp(f"m=audio 30000 {profile} {' '.join(formats)}", *lines)
    try:
        answered = answer_offer(US, offer, ALL, srtp=policy, crypto=[CM80, GCM])
    except (NotAcceptable, BadSdp):
        return
    assert answered.stream.send is not None
    assert parse_sdp(answered.body).findings == []
    state = build_offer(US, ALL).state
    with contextlib.suppress(NotAcceptable):
        read_answer(state, offer)


@given(
    st.permutations(ALL), st.lists(st.sampled_from(ALL), min_size=1, unique=True), st.booleans(), st.booleans(),
    st.sampled_from(["sendrecv", "sendonly", "recvonly", "inactive"]), st.booleans(),
)  # fmt: skip
@settings(max_examples=100)
def test_both_ends_agree_on_the_same_thing(offered, capable, mux, single, direction, hold):
    offer = build_offer(US, offered, direction=direction, rtcp_mux=mux)
    answered = answer_offer(THEM, offer.body, capable, single_codec=single, hold=hold)
    ours, theirs = read_answer(offer.state, answered.body).stream, answered.stream
    assert ours.send is not None
    assert theirs.send is not None
    assert (ours.send.name, ours.send.payload_type) == (theirs.receive[0].name, theirs.receive[0].payload_type)
    assert (theirs.send.name, theirs.send.payload_type) == (ours.receive[0].name, ours.receive[0].payload_type)
    opposite = {"sendonly": "recvonly", "recvonly": "sendonly"}
    assert ours.direction == opposite.get(theirs.direction, theirs.direction)
    assert ours.dtmf_send == theirs.dtmf_receive
    assert ours.rtcp_mux == theirs.rtcp_mux == mux
    assert ours.remote == (THEM.host, THEM.rtp_port)
