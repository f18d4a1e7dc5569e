"""What we answer to phones' offers (RFC 3264 §6), and where media goes."""

import pytest
from sdp_samples import ALL, OFFER, PCMA, PCMU, US, audio_of, sdp

from kiestoon.media.protocol import Codec
from kiestoon.sdp import parse_sdp
from kiestoon.sdp.negotiate import NotAcceptable, answer_offer

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
        (["m=audio 30000 UDP/TLS/RTP/SAVPF 8"], 302),
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
