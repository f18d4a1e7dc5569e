"""What we offer (RFC 3264 §5)."""

import pytest
from sdp_samples import ALL, CM80, GCM, US, audio_of, sdp

from kiestoon.sdp import parse_sdp
from kiestoon.sdp.negotiate import LocalMedia, build_offer, merge_codecs, offered_codecs


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
