"""Offer/answer (RFC 3264) between us and phones of all kinds."""

import contextlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.media.protocol import Codec, SrtpKey
from kiestoon.sdp import BadSdp, parse_sdp
from kiestoon.sdp.negotiate import (
    Agreed,
    LocalMedia,
    NotAcceptable,
    OfferState,
    answer_offer,
    build_offer,
    merge_codecs,
    offered_codecs,
    read_answer,
    reoffer,
)

US = LocalMedia("192.0.2.1", 20_000, 77)
THEM = LocalMedia("198.51.100.9", 30_000, 99)
OPUS = Codec("OPUS", 107, 48_000, 2, "useinbandfec=1")
G722 = Codec("G722", 9)
PCMA = Codec("PCMA", 8)
PCMU = Codec("PCMU", 0)
ALL = (OPUS, G722, PCMA, PCMU)
CM80 = SrtpKey("AES_CM_128_HMAC_SHA1_80", b"A" * 30)
GCM = SrtpKey("AEAD_AES_128_GCM", b"B" * 28)
CM80_B = SrtpKey("AES_CM_128_HMAC_SHA1_80", b"C" * 30)


def sdp(*media, connection="c=IN IP4 198.51.100.9", session=()):
    head = ["v=0", "o=- 5 6 IN IP4 198.51.100.9", "s=-", *([connection] if connection else []), "t=0 0", *session]
    return ("\r\n".join([*head, *media]) + "\r\n").encode()


OFFER = sdp("m=audio 30000 RTP/AVP 8 0 101", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:20")


def audio_of(body):
    return next(media for media in parse_sdp(body).media if media.kind == "audio")


# --- offers ----------------------------------------------------------------------------------------------------------


def test_an_offer_names_every_codec_and_events_for_each_clock():
    media = audio_of(build_offer(US, ALL).body)
    assert media.formats == ["107", "9", "8", "0", "101", "96"]
    assert media.attributes("rtpmap") == [
        "107 opus/48000/2",
        "9 G722/8000",
        "8 PCMA/8000",
        "0 PCMU/8000",
        "101 telephone-event/8000",
        "96 telephone-event/48000",
    ]


def test_an_offer_is_a_clean_description_without_findings():
    session = parse_sdp(build_offer(US, ALL, rtcp_mux=True).body)
    assert session.findings == []
    assert session.media[0].attribute("rtcp-mux") == ""
    assert str(session.origin) == "- 77 1 IN IP4 192.0.2.1"


def test_ipv6_is_named_so():
    session = parse_sdp(build_offer(LocalMedia("2001:db8::1", 20_000, 1), ALL).body)
    assert "c=IN IP6 2001:db8::1" in session.lines


def test_srtp_required_offers_savp_and_optional_offers_avp_with_keys():
    required = audio_of(build_offer(US, ALL, srtp="required", crypto_offers=[GCM, CM80]).body)
    assert required.protocol == "RTP/SAVP"
    assert [value.split()[:2] for value in required.attributes("crypto")] == [
        ["1", "AEAD_AES_128_GCM"],
        ["2", "AES_CM_128_HMAC_SHA1_80"],
    ]
    optional = audio_of(build_offer(US, ALL, srtp="optional", crypto_offers=[CM80]).body)
    assert (optional.protocol, len(optional.attributes("crypto"))) == ("RTP/AVP", 1)
    off = audio_of(build_offer(US, ALL, srtp="off", crypto_offers=[CM80]).body)
    assert off.attributes("crypto") == []


def test_our_own_mistakes_are_value_errors():
    with pytest.raises(ValueError, match="codec"):
        build_offer(US, [])
    with pytest.raises(ValueError, match="keys"):
        build_offer(US, ALL, srtp="required")


def test_the_offer_to_b_keeps_as_order_and_numbers_and_adds_ours():
    offer = sdp("m=audio 30000 RTP/AVP 0 96 18", "a=rtpmap:96 opus/48000/2")
    codecs = merge_codecs(offered_codecs(offer), ALL)
    assert [(codec.name, codec.payload_type) for codec in codecs] == [
        ("PCMU", 0),
        ("OPUS", 96),
        ("G729", 18),
        ("G722", 9),
        ("PCMA", 8),
    ]


def test_without_audio_there_are_no_offered_codecs():
    assert offered_codecs(sdp("m=video 5000 RTP/AVP 96")) == []
    assert offered_codecs(sdp("m=audio 0 RTP/AVP 0")) == []


# --- answers to phones -----------------------------------------------------------------------------------------------


def test_an_ordinary_answer():
    answered = answer_offer(US, OFFER, ALL)
    media = audio_of(answered.body)
    assert (media.port, media.formats) == (20_000, ["8", "101"])
    stream = answered.stream
    assert stream.remote == ("198.51.100.9", 30_000)
    assert stream.remote_rtcp == ("198.51.100.9", 30_001)
    assert (stream.send, stream.receive) == (PCMA, (PCMA,))
    assert (stream.dtmf_send, stream.dtmf_receive, stream.direction) == (101, 101, "sendrecv")


def test_the_other_partys_codec_goes_first():
    answered = answer_offer(US, OFFER, ALL, prefer=["pcmu"])
    assert answered.stream.send == PCMU


def test_all_common_codecs_when_asked_for():
    answered = answer_offer(US, OFFER, ALL, prefer=["PCMU"], single_codec=False)
    assert audio_of(answered.body).formats == ["0", "8", "101"]
    assert answered.stream.receive == (PCMU, PCMA)


def test_the_answer_uses_the_offers_payload_types_and_our_parameters():
    offer = sdp("m=audio 30000 RTP/AVP 96 97", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 stereo=1",
                "a=rtpmap:97 telephone-event/48000")  # fmt: skip
    stream = answer_offer(US, offer, ALL).stream
    assert stream.send == Codec("OPUS", 96, 48_000, 2, "stereo=1")
    assert stream.receive == (Codec("OPUS", 96, 48_000, 2, "useinbandfec=1"),)
    assert stream.dtmf_send == 97


def test_events_follow_the_chosen_codecs_clock():
    offer = sdp("m=audio 30000 RTP/AVP 96 8 97 98", "a=rtpmap:96 opus/48000/2", "a=rtpmap:97 telephone-event/8000",
                "a=rtpmap:98 telephone-event/48000")  # fmt: skip
    assert answer_offer(US, offer, ALL).stream.dtmf_send == 98
    assert answer_offer(US, offer, ALL, prefer=["PCMA"]).stream.dtmf_send == 97
    assert answer_offer(US, offer, ALL, dtmf=False).stream.dtmf_send is None


def test_other_streams_are_refused_with_port_0_in_their_place():
    offer = sdp("m=image 4000 udptl t38", "m=video 5000 RTP/AVP 31 34", "m=audio 30000 RTP/AVP 8",
                "m=audio 30002 RTP/AVP 0")  # fmt: skip
    heads = [media.head for media in parse_sdp(answer_offer(US, offer, ALL).body).media]
    assert heads == [
        "m=image 0 udptl t38",
        "m=video 0 RTP/AVP 31 34",
        "m=audio 20000 RTP/AVP 8",
        "m=audio 0 RTP/AVP 0",
    ]


def test_the_first_stream_that_fits_is_used():
    offer = sdp("m=audio 30000 RTP/AVP 18", "m=audio 30002 RTP/AVP 0")
    answered = answer_offer(US, offer, ALL)
    assert answered.agreed.index == 1
    assert answered.stream.remote == ("198.51.100.9", 30_002)


@pytest.mark.parametrize("profile", ["RTP/AVP", "RTP/AVPF", "rtp/avp"])
def test_the_profile_is_echoed(profile):
    assert audio_of(answer_offer(US, sdp(f"m=audio 30000 {profile} 8"), ALL).body).protocol == profile


@pytest.mark.parametrize(
    ("media", "code"),
    [
        (["m=audio 30000 RTP/AVP 18"], 305),
        (["m=video 30000 RTP/AVP 31"], 304),
        (["m=audio 0 RTP/AVP 8"], 304),
        (["m=audio 30000 UDP/TLS/RTP/SAVPF 8"], 304),
        (["m=audio 30000 RTP/SAVP 8"], 302),
        ([], 304),
    ],
)
def test_what_does_not_fit_is_not_acceptable(media, code):
    with pytest.raises(NotAcceptable) as refused:
        answer_offer(US, sdp(*media), ALL)
    assert refused.value.warn_code == code
    assert refused.value.warning("pbx") == f'{code} pbx "{refused.value.text}"'


def test_the_answer_repeats_the_offers_time():
    offer = sdp("m=audio 30000 RTP/AVP 8").replace(b"t=0 0", b"t=3034423619 3042462419")
    assert "t=3034423619 3042462419" in parse_sdp(answer_offer(US, offer, ALL).body).lines


# --- addresses, RTCP, ptime ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "remote", "rtcp"),
    [
        ([], ("198.51.100.9", 30_000), ("198.51.100.9", 30_001)),
        (["c=IN IP4 203.0.113.5"], ("203.0.113.5", 30_000), ("203.0.113.5", 30_001)),
        (["c=IN IP4 203.0.113.5/127"], ("203.0.113.5", 30_000), ("203.0.113.5", 30_001)),
        (["c=IN IP6 2001:DB8::5"], ("2001:db8::5", 30_000), ("2001:db8::5", 30_001)),
        (["c=IN IP4 phone.example"], None, None),
        (["c=IN IP4 999.1.1.1"], None, None),
        (["c=IN IP6 fe80::1%eth0"], None, None),
        (["a=rtcp:40001"], ("198.51.100.9", 30_000), ("198.51.100.9", 40_001)),
        (["a=rtcp:40001 IN IP4 203.0.113.6"], ("198.51.100.9", 30_000), ("203.0.113.6", 40_001)),
        (["a=rtcp:99999"], ("198.51.100.9", 30_000), ("198.51.100.9", 30_001)),
        (["a=rtcp-mux"], ("198.51.100.9", 30_000), ("198.51.100.9", 30_000)),
    ],
)
def test_where_media_goes(lines, remote, rtcp):
    stream = answer_offer(US, sdp("m=audio 30000 RTP/AVP 8", *lines), ALL).stream
    assert (stream.remote, stream.remote_rtcp) == (remote, rtcp)


def test_a_description_without_address_is_learnt_from_packets():
    assert answer_offer(US, sdp("m=audio 30000 RTP/AVP 8", connection=""), ALL).stream.remote is None


def test_rtcp_mux_is_agreed_only_when_we_allow_it():
    offer = sdp("m=audio 30000 RTP/AVP 8", "a=rtcp-mux")
    assert answer_offer(US, offer, ALL).stream.rtcp_mux
    answered = answer_offer(US, offer, ALL, rtcp_mux=False)
    assert not answered.stream.rtcp_mux
    assert answered.stream.remote_rtcp == ("198.51.100.9", 30_001)
    assert b"rtcp-mux" not in answered.body


@pytest.mark.parametrize(
    ("lines", "ptime"),
    [
        ([], 20),
        (["a=ptime:30"], 30),
        (["a=ptime:0"], 20),
        (["a=ptime:25"], 20),
        (["a=ptime:20.0"], 20),
        (["a=ptime:x"], 20),
        (["a=ptime:60", "a=maxptime:40"], 40),
        (["a=maxptime:10"], 10),
        (["a=maxptime:5"], 10),
        (["a=ptime:99999999999"], 20),
    ],
)
def test_packet_time(lines, ptime):
    assert answer_offer(US, sdp("m=audio 30000 RTP/AVP 8", *lines), ALL).stream.ptime_ms == ptime


# --- hold ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "hold", "ours", "held"),
    [
        ([], False, "sendrecv", False),
        (["a=sendrecv"], False, "sendrecv", False),
        (["a=sendonly"], False, "recvonly", True),
        (["a=recvonly"], False, "sendonly", False),
        (["a=inactive"], False, "inactive", True),
        ([], True, "sendonly", False),
        (["a=sendonly"], True, "inactive", True),
        (["a=recvonly"], True, "sendonly", False),
        (["c=IN IP4 0.0.0.0"], False, "recvonly", True),
        (["c=IN IP6 ::"], False, "recvonly", True),
        (["c=IN IP4 0.0.0.0", "a=sendonly"], False, "recvonly", True),
        (["c=IN IP4 0.0.0.0", "a=inactive"], False, "inactive", True),
        (["c=IN IP4 0.0.0.0", "a=recvonly"], False, "inactive", True),
    ],
)
def test_directions_and_hold(lines, hold, ours, held):
    answered = answer_offer(US, sdp("m=audio 30000 RTP/AVP 8", *lines), ALL, hold=hold)
    assert answered.stream.direction == ours
    assert audio_of(answered.body).attribute(ours) == ""
    assert answered.agreed.held == held


def test_a_session_level_direction_counts_unless_the_stream_has_its_own():
    offer = sdp("m=audio 30000 RTP/AVP 8", session=["a=sendonly"])
    assert answer_offer(US, offer, ALL).stream.direction == "recvonly"
    offer = sdp("m=audio 30000 RTP/AVP 8", "a=sendrecv", session=["a=sendonly"])
    assert answer_offer(US, offer, ALL).stream.direction == "sendrecv"


def test_hold_and_resume_keep_what_was_agreed():
    answered = answer_offer(US, OFFER, ALL)
    held = reoffer(US, answered.agreed, direction="sendonly")
    assert audio_of(held.body).attribute("sendonly") == ""
    negotiated = read_answer(held.state, sdp("m=audio 30000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000",
                                             "a=recvonly"))  # fmt: skip
    assert negotiated.stream.direction == "sendonly"
    resumed = reoffer(US, negotiated.agreed)
    assert audio_of(resumed.body).attribute("sendrecv") == ""
    assert audio_of(resumed.body).formats == ["8", "101"]
    versions = [parse_sdp(body).origin.version for body in (answered.body, held.body, resumed.body)]
    assert versions == ["1", "2", "3"]


# --- versions --------------------------------------------------------------------------------------------------------


def test_the_version_rises_only_when_the_body_changes():
    first = answer_offer(US, OFFER, ALL, version=1_000)
    same = answer_offer(US, OFFER, ALL, previous=first.agreed)
    assert same.body == first.body
    held = answer_offer(US, OFFER + b"a=sendonly\r\n", ALL, previous=same.agreed)
    assert parse_sdp(held.body).origin.version == "1001"
    offer = build_offer(US, ALL, previous=held.agreed.body)
    assert parse_sdp(offer.body).origin.version == "1002"
    assert build_offer(US, ALL, previous=offer.body).body == offer.body


def test_the_session_id_stays_for_the_dialog():
    first = answer_offer(US, OFFER, ALL)
    moved = LocalMedia("192.0.2.1", 22_222, 12_345)
    again = answer_offer(moved, OFFER, ALL, previous=first.agreed)
    assert parse_sdp(again.body).origin.session_id == "77"


def test_later_offers_keep_refused_streams_in_place():
    offer = sdp("m=video 5000 RTP/AVP 31", "m=audio 30000 RTP/AVP 8")
    answered = answer_offer(US, offer, ALL)
    for again in (reoffer(US, answered.agreed), build_offer(US, ALL, previous=answered.body)):
        assert [media.port for media in parse_sdp(again.body).media] == [0, 20_000]
        assert again.state.index == 1
        back = sdp("m=video 0 RTP/AVP 31", "m=audio 30000 RTP/AVP 8")
        assert read_answer(again.state, back).stream.send == PCMA


# --- SRTP ------------------------------------------------------------------------------------------------------------


def secure_offer(profile="RTP/SAVP", keys=(GCM, CM80_B)):
    rows = audio_of(build_offer(THEM, [PCMA], srtp="required", crypto_offers=keys).body)
    return sdp(f"m=audio 30000 {profile} 8", *(f"a=crypto:{value}" for value in rows.attributes("crypto")))


def test_a_secure_offer_is_answered_with_our_key_for_their_first_common_suite():
    answered = answer_offer(US, secure_offer(), ALL, srtp="optional", crypto=[CM80])
    assert (answered.stream.srtp_send, answered.stream.srtp_receive) == (CM80, CM80_B)
    assert audio_of(answered.body).attributes("crypto")[0].startswith("2 AES_CM_128_HMAC_SHA1_80 inline:")
    assert audio_of(answered.body).protocol == "RTP/SAVP"


def test_opportunistic_srtp_is_taken_up():
    answered = answer_offer(US, secure_offer("RTP/AVP"), ALL, srtp="optional", crypto=[CM80])
    assert answered.stream.srtp_send == CM80
    assert audio_of(answered.body).protocol == "RTP/AVP"
    plain = answer_offer(US, secure_offer("RTP/AVP"), ALL, srtp="off", crypto=[CM80])
    assert plain.stream.srtp_send is None
    assert b"crypto" not in plain.body


def test_plain_offers_are_refused_where_encryption_is_required():
    with pytest.raises(NotAcceptable, match="Encryption required"):
        answer_offer(US, OFFER, ALL, srtp="required", crypto=[CM80])


def test_secure_offers_are_refused_where_it_is_off_or_no_suite_is_common():
    with pytest.raises(NotAcceptable):
        answer_offer(US, secure_offer(), ALL, srtp="off", crypto=[CM80])
    with pytest.raises(NotAcceptable, match="suite"):
        answer_offer(US, secure_offer(keys=[GCM]), ALL, srtp="optional", crypto=[CM80])


def test_of_two_streams_the_secure_one_is_taken_where_required():
    crypto = audio_of(secure_offer()).attributes("crypto")[1]
    offer = sdp("m=audio 30000 RTP/AVP 8", "m=audio 30002 RTP/SAVP 8", f"a=crypto:{crypto}")
    assert answer_offer(US, offer, ALL, srtp="required", crypto=[CM80]).agreed.index == 1


def test_a_key_in_use_stays_through_later_offers():
    first = answer_offer(US, secure_offer(), ALL, srtp="optional", crypto=[CM80])
    new_key = SrtpKey("AES_CM_128_HMAC_SHA1_80", b"N" * 30)
    again = answer_offer(US, secure_offer(), ALL, srtp="optional", crypto=[new_key], previous=first.agreed)
    assert again.stream.srtp_send == CM80
    assert again.body == first.body
    hold = reoffer(US, again.agreed, direction="sendonly")
    assert audio_of(hold.body).attributes("crypto") == audio_of(first.body).attributes("crypto")


def test_reading_a_secure_answer():
    offer = build_offer(US, ALL, srtp="required", crypto_offers=[GCM, CM80])
    answer = answer_offer(THEM, offer.body, [PCMA], srtp="required", crypto=[CM80_B])
    negotiated = read_answer(offer.state, answer.body)
    assert (negotiated.stream.srtp_send, negotiated.stream.srtp_receive) == (CM80, CM80_B)
    assert negotiated.agreed.crypto.tag == 2


def test_an_answer_without_keys_is_plain_when_optional_and_refused_when_required():
    answer = sdp("m=audio 30000 RTP/AVP 8")
    optional = build_offer(US, ALL, srtp="optional", crypto_offers=[CM80])
    assert read_answer(optional.state, answer).stream.srtp_send is None
    required = build_offer(US, ALL, srtp="required", crypto_offers=[CM80])
    with pytest.raises(NotAcceptable, match="Encryption"):
        read_answer(required.state, answer)
    with pytest.raises(NotAcceptable, match="suite"):
        read_answer(optional.state, sdp("m=audio 30000 RTP/SAVP 8"))


# --- answers of real phones ------------------------------------------------------------------------------------------


def test_an_ordinary_answer_is_read():
    offer = build_offer(US, ALL)
    negotiated = read_answer(offer.state, sdp("m=audio 30000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000"))
    stream = negotiated.stream
    assert (stream.send, stream.receive) == (PCMU, (PCMU,))
    assert (stream.dtmf_send, stream.dtmf_receive) == (96, 101)
    assert stream.remote == ("198.51.100.9", 30_000)


def test_a_phone_that_renumbers_is_sent_its_numbers_and_may_send_either():
    offer = build_offer(US, [OPUS])
    answer = sdp("m=audio 30000 RTP/AVP 120 121", "a=rtpmap:120 OPUS/48000/2", "a=rtpmap:121 telephone-event/48000")
    stream = read_answer(offer.state, answer).stream
    assert stream.send == Codec("OPUS", 120, 48_000, 2)
    assert [codec.payload_type for codec in stream.receive] == [107, 120]
    assert (stream.dtmf_send, stream.dtmf_receive) == (121, 101)


def test_missing_rtpmaps_mean_what_we_offered():
    offer = build_offer(US, [OPUS, PCMA])
    stream = read_answer(offer.state, sdp("m=audio 30000 RTP/AVP 107 101")).stream
    assert stream.send is not None
    assert (stream.send.name, stream.dtmf_send) == ("OPUS", 101)


@pytest.mark.parametrize("rtpmap", ["107 opus/48000", "107 OPUS/48000/2", "107  opus/48000/2"])
def test_opus_is_recognised_however_it_is_spelt(rtpmap):
    offer = build_offer(US, [OPUS])
    stream = read_answer(offer.state, sdp("m=audio 30000 RTP/AVP 107", f"a=rtpmap:{rtpmap}")).stream
    assert stream.send is not None
    assert stream.send.name == "OPUS"


def test_g722_at_16000_is_g722():
    offer = build_offer(US, [G722])
    stream = read_answer(offer.state, sdp("m=audio 30000 RTP/AVP 9", "a=rtpmap:9 G722/16000")).stream
    assert stream.send == G722


def test_an_answer_without_events_agrees_none():
    offer = build_offer(US, ALL)
    negotiated = read_answer(offer.state, sdp("m=audio 30000 RTP/AVP 8"))
    assert (negotiated.stream.dtmf_send, negotiated.stream.dtmf_receive) == (None, None)
    assert audio_of(reoffer(US, negotiated.agreed).body).formats == ["8"]


def test_a_direction_we_did_not_offer_is_cut_to_what_we_did():
    offer = build_offer(US, ALL, direction="sendonly")
    assert read_answer(offer.state, sdp("m=audio 30000 RTP/AVP 8", "a=sendrecv")).stream.direction == "sendonly"
    assert read_answer(offer.state, sdp("m=audio 30000 RTP/AVP 8", "a=sendonly")).stream.direction == "inactive"


def test_the_audio_stream_is_found_out_of_place():
    offer = build_offer(US, ALL)
    assert read_answer(offer.state, sdp("m=video 0 RTP/AVP 31", "m=audio 30000 RTP/AVP 8")).stream.send == PCMA


@pytest.mark.parametrize("media", [["m=audio 0 RTP/AVP 8"], [], ["m=audio 30000 RTP/AVP 18"], ["m=audio 3 RTP/AVP"]])
def test_refused_or_foreign_answers_are_not_acceptable(media):
    with pytest.raises(NotAcceptable):
        read_answer(build_offer(US, ALL).state, sdp(*media))


def test_what_is_remembered_survives_the_journal():
    offer = build_offer(US, ALL, srtp="required", crypto_offers=[GCM, CM80])
    packed = msgspec.msgpack.encode(offer.state)
    assert msgspec.msgpack.decode(packed, type=OfferState) == offer.state
    agreed = answer_offer(THEM, offer.body, ALL, srtp="required", crypto=[CM80_B]).agreed
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(agreed), type=Agreed) == agreed


# --- properties ------------------------------------------------------------------------------------------------------

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
