"""Offer/answer with browsers: DTLS-SRTP, ICE-lite, BUNDLE of one section (RFC 8829, 8839, 8842, 9143)."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiestoon.media.protocol import Codec, IceCredentials, SrtpKey
from kiestoon.sdp import BadSdp, parse_sdp
from kiestoon.sdp.negotiate import (
    Agreed,
    LocalMedia,
    NotAcceptable,
    OfferState,
    WebRtcLocal,
    answer_offer,
    build_offer,
    read_answer,
    read_offer,
    reoffer,
)

US = LocalMedia("192.0.2.1", 20_000, 77)
OPUS = Codec("OPUS", 107, 48_000, 2, "useinbandfec=1")
PCMA = Codec("PCMA", 8)
ALL = (OPUS, Codec("G722", 9), PCMA, Codec("PCMU", 0))
DIGEST = bytes(range(32))
OTHER_DIGEST = bytes(range(1, 33))
LOCAL = WebRtcLocal("sha-256 " + bytes(32).hex(":"), "ourU", "ourPasswordOf22Letters")
FRESH = WebRtcLocal(LOCAL.fingerprint, "newU", "newPasswordOf22Letters")
CM80 = SrtpKey("AES_CM_128_HMAC_SHA1_80", b"A" * 30)


def fingerprint(digest=DIGEST, name="sha-256"):
    return f"a=fingerprint:{name} {digest.hex(':').upper()}"


SECURITY = ("a=ice-ufrag:theirU", "a=ice-pwd:theirPasswordOf22Letters", fingerprint(), "a=setup:actpass")
CHROME_AUDIO = (
    "m=audio 51234 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126",
    "c=IN IP4 198.51.100.9",
    "a=rtcp:9 IN IP4 0.0.0.0",
    "a=candidate:2190 1 udp 2113937151 4a0e6f9c-aaaa-4c8e-9df2-1c2d3e4f5a6b.local 51234 typ host generation 0",
    "a=candidate:77 1 udp 1677729535 198.51.100.9 51234 typ srflx raddr 0.0.0.0 rport 0 generation 0",
    "a=ice-options:trickle",
    "a=mid:0",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=sendrecv",
    "a=msid:- 0b5cdd5e-7f5f-4b6a-8a4e-2c9a8c1a0b11",
    "a=rtcp-mux",
    "a=rtcp-rsize",
    "a=rtpmap:111 opus/48000/2",
    "a=rtcp-fb:111 transport-cc",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "a=rtpmap:63 red/48000/2",
    "a=fmtp:63 111/111",
    "a=rtpmap:9 G722/8000",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:13 CN/8000",
    "a=rtpmap:110 telephone-event/48000",
    "a=rtpmap:126 telephone-event/8000",
    "a=ssrc:3735928559 cname:abcdefgh",
)
VIDEO = ("m=video 51234 UDP/TLS/RTP/SAVPF 96", "a=mid:1", "a=rtcp-mux", "a=rtpmap:96 VP8/90000", *SECURITY)
BUNDLE = "a=group:BUNDLE 0 1"


def browser(*media, session=(), security=SECURITY):
    """An offer; ``security`` goes into the audio section."""
    audio, rest = (media or (CHROME_AUDIO,))[0], media[1:]
    head = ("v=0", "o=- 5 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=msid-semantic: WMS", *session)
    rows = [*head, *audio, *security, *(row for section in rest for row in section)]
    return ("\r\n".join(rows) + "\r\n").encode()


def without(*names):
    return tuple(row for row in SECURITY if not row.startswith(tuple(f"a={name}" for name in names)))


def answered(offer, **options):
    options.setdefault("webrtc", LOCAL)
    return answer_offer(US, offer, ALL, **options)


def audio_of(body):
    return next(media for media in parse_sdp(body).media if media.kind == "audio")


def their_answer(ours, *, setup="active", lines=(), drop=(), protocol="UDP/TLS/RTP/SAVPF"):
    """A browser's answer to our offer."""
    audio = audio_of(ours)
    rows = ["v=0", "o=- 9 2 IN IP4 127.0.0.1", "s=-", "t=0 0", f"m=audio 9 {protocol} {audio.formats[0]}"]
    body = ["c=IN IP4 0.0.0.0", "a=rtcp-mux", f"a=rtpmap:{audio.formats[0]} opus/48000/2", *without("setup")]
    if setup:
        body.append(f"a=setup:{setup}")
    rows += [row for row in body if not row.startswith(tuple(f"a={name}" for name in drop) or ("?",))]
    return ("\r\n".join([*rows, *lines]) + "\r\n").encode()


# --- we answer -------------------------------------------------------------------------------------------------------


def test_a_browsers_offer_is_answered_in_kind():
    result = answered(browser(session=("a=group:BUNDLE 0",)))
    session = parse_sdp(result.body)
    audio = session.media[0]
    assert session.findings == []
    assert (audio.protocol, audio.port, audio.formats) == ("UDP/TLS/RTP/SAVPF", 20_000, ["111", "110"])
    assert "a=ice-lite" in session.lines
    assert session.attributes("group") == ["BUNDLE 0"]
    for name, value in (
        ("mid", "0"),
        ("rtcp-mux", ""),
        ("ice-ufrag", "ourU"),
        ("ice-pwd", "ourPasswordOf22Letters"),
        ("fingerprint", LOCAL.fingerprint),
        ("setup", "active"),
        ("candidate", "1 1 udp 2130706431 192.0.2.1 20000 typ host"),
        ("end-of-candidates", ""),
    ):
        assert audio.attributes(name) == [value]
    assert audio.attributes("crypto") == []


def test_what_the_media_process_needs_to_know_of_a_browser():
    stream = answered(browser()).stream
    assert (stream.remote, stream.remote_rtcp, stream.rtcp_mux) == (None, None, True)
    assert stream.ice == IceCredentials("ourU", "ourPasswordOf22Letters", "theirU")
    assert stream.dtls is not None
    assert (stream.dtls.role, stream.dtls.fingerprints) == ("client", (("sha-256", DIGEST),))
    assert (stream.srtp_send, stream.srtp_receive) == (None, None)
    assert stream.send is not None
    assert (stream.send.name, stream.send.payload_type, stream.dtmf_send) == ("OPUS", 111, 110)


def test_ipv6_is_offered_as_candidate_where_the_port_is_there():
    audio = audio_of(answer_offer(LocalMedia("2001:db8::1", 20_000, 1), browser(), ALL, webrtc=LOCAL).body)
    assert audio.attribute("candidate") == "1 1 udp 2130706431 2001:db8::1 20000 typ host"


@pytest.mark.parametrize(
    ("theirs", "ours", "role"),
    [("actpass", "active", "client"), ("passive", "active", "client"), ("active", "passive", "server")],
)
def test_who_begins_the_handshake(theirs, ours, role):
    result = answered(browser(security=(*without("setup"), f"a=setup:{theirs}")))
    assert audio_of(result.body).attribute("setup") == ours
    assert result.stream.dtls.role == role


def test_an_offer_without_setup_means_active():
    assert answered(browser(security=without("setup"))).stream.dtls.role == "server"


def test_video_is_refused_and_left_out_of_the_bundle():
    session = parse_sdp(answered(browser(CHROME_AUDIO, VIDEO, session=(BUNDLE,))).body)
    assert [(media.kind, media.port != 0) for media in session.media] == [("audio", True), ("video", False)]
    assert session.media[1].attribute("mid") == "1"
    assert session.attributes("group") == ["BUNDLE 0"]


def test_video_first_does_not_matter():
    video_first = browser(VIDEO, (*CHROME_AUDIO, *SECURITY), session=("a=group:BUNDLE 1 0",), security=())
    session = parse_sdp(answered(video_first).body)
    assert [media.port for media in session.media] == [0, 20_000]
    assert session.attributes("group") == ["BUNDLE 0"]


def test_who_does_not_bundle_is_not_answered_with_a_bundle():
    assert parse_sdp(answered(browser()).body).attributes("group") == []


def test_attributes_of_the_session_count_for_the_section():
    assert answered(browser(session=SECURITY, security=())).stream.dtls.fingerprints == (("sha-256", DIGEST),)


def test_the_sections_fingerprint_replaces_the_sessions():
    result = answered(browser(session=(fingerprint(OTHER_DIGEST),)))
    assert result.stream.dtls.fingerprints == (("sha-256", DIGEST),)


def test_every_fingerprint_that_can_be_checked_is_kept():
    more = (fingerprint(OTHER_DIGEST), fingerprint(bytes(20), "SHA-1"), fingerprint(bytes(16), "md5"))
    result = answered(browser(security=(*SECURITY, *more)))
    assert [name for name, _ in result.stream.dtls.fingerprints] == ["sha-1", "sha-256", "sha-256"]


def test_the_order_of_fingerprints_means_nothing():
    one = answered(browser(security=(*SECURITY, fingerprint(OTHER_DIGEST))))
    other = answered(browser(security=(fingerprint(OTHER_DIGEST), *SECURITY)), previous=one.agreed)
    assert one.stream.dtls == other.stream.dtls


def test_no_address_yet_is_no_hold():
    """Trickle ICE: port 9 and 0.0.0.0 say nothing about direction (RFC 8840 §4.1.1)."""
    trickling = [row.replace("51234", "9").replace("198.51.100.9", "0.0.0.0") for row in CHROME_AUDIO]
    result = answered(browser(trickling))
    assert (result.agreed.held, result.stream.direction) == (False, "sendrecv")


@pytest.mark.parametrize(
    ("theirs", "ours"), [("sendonly", "recvonly"), ("inactive", "inactive"), ("recvonly", "sendonly")]
)
def test_a_browser_holds_by_direction(theirs, ours):
    held = [row.replace("sendrecv", theirs) for row in CHROME_AUDIO]
    result = answered(browser(held))
    assert (result.stream.direction, result.agreed.held) == (ours, theirs in {"sendonly", "inactive"})


def test_savp_over_dtls_without_feedback_is_taken_too():
    plain = [row.replace("SAVPF", "SAVP") for row in CHROME_AUDIO]
    assert audio_of(answered(browser(plain)).body).protocol == "UDP/TLS/RTP/SAVP"


def test_a_fingerprint_under_the_old_profile_means_dtls():
    old = [row.replace("UDP/TLS/", "") for row in CHROME_AUDIO]
    result = answered(browser(old))
    assert audio_of(result.body).protocol == "RTP/SAVPF"
    assert result.stream.dtls is not None


def test_a_key_under_the_old_profile_means_sdes():
    old = [
        *(row.replace("UDP/TLS/", "") for row in CHROME_AUDIO),
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "QUFB" * 10,
    ]
    result = answered(browser(old), srtp="optional", crypto=[CM80])
    assert (result.stream.dtls, result.stream.srtp_send) == (None, CM80)


@pytest.mark.parametrize(
    ("security", "reason"),
    [
        (without("fingerprint"), "fingerprint"),
        ((*without("fingerprint"), "a=fingerprint:md5 " + bytes(16).hex(":")), "fingerprint"),
        ((*without("fingerprint"), "a=fingerprint:sha-256 AB:CD"), "fingerprint"),
        ((*without("fingerprint"), "a=fingerprint:sha-256 nonsense"), "fingerprint"),
        (without("ice-ufrag"), "ICE credentials"),
        (without("ice-pwd"), "ICE credentials"),
        ((*without("ice-pwd"), "a=ice-pwd:short"), "ICE credentials"),
        ((*without("ice-ufrag"), "a=ice-ufrag:a b c d"), "ICE credentials"),
        ((*SECURITY, "a=ice-lite"), "ICE-lite"),
        ((*without("setup"), "a=setup:holdconn"), "setup"),
    ],
)  # fmt: skip
def test_what_cannot_be_secured_is_not_acceptable(security, reason):
    offer = browser(security=security)
    assert not read_offer(offer).fits("off")
    with pytest.raises(NotAcceptable, match=reason) as refused:
        answered(offer)
    assert refused.value.warn_code == 399


def test_a_browser_that_wants_rtcp_apart_is_not_acceptable():
    apart = [row for row in CHROME_AUDIO if row != "a=rtcp-mux"]
    with pytest.raises(NotAcceptable, match="multiplexed"):
        answered(browser(apart))


@pytest.mark.parametrize("policy", ["off", "optional", "required"])
def test_a_browser_fits_under_every_policy_on_sdes(policy):
    assert read_offer(browser()).fits(policy)


def test_without_a_certificate_of_ours_dtls_is_refused():
    with pytest.raises(NotAcceptable, match="DTLS"):
        answered(browser(), webrtc=None)


def test_a_phone_that_speaks_dtls_without_ice_is_refused():
    with pytest.raises(NotAcceptable, match="ICE"):
        answered(browser(security=without("ice-ufrag", "ice-pwd")))


# --- later offers of theirs ------------------------------------------------------------------------------------------


def test_a_later_offer_changes_neither_credentials_nor_role():
    first = answered(browser(security=(*without("setup"), "a=setup:active")))
    held = [row.replace("sendrecv", "sendonly") for row in CHROME_AUDIO]
    again = answered(browser(held), previous=first.agreed, webrtc=FRESH)
    assert (again.stream.ice, again.stream.dtls) == (first.stream.ice, first.stream.dtls)
    assert audio_of(again.body).attribute("setup") == "passive"


def test_an_ice_restart_gets_new_credentials_and_keeps_the_association():
    first = answered(browser())
    restarted = (*without("ice-ufrag", "ice-pwd"), "a=ice-ufrag:next", "a=ice-pwd:nextPasswordOf22Letters")
    again = answered(browser(security=restarted), previous=first.agreed, webrtc=FRESH)
    assert again.stream.ice == IceCredentials("newU", "newPasswordOf22Letters", "next")
    assert again.stream.dtls == first.stream.dtls


def test_another_certificate_is_another_association_with_the_role_chosen_anew():
    first = answered(browser(security=(*without("setup"), "a=setup:active")))
    other = (*without("fingerprint"), fingerprint(OTHER_DIGEST))
    again = answered(browser(security=other), previous=first.agreed, webrtc=FRESH)
    assert again.stream.dtls.fingerprints == (("sha-256", OTHER_DIGEST),)
    assert again.stream.dtls.role == "client"


# --- we offer --------------------------------------------------------------------------------------------------------


def test_our_offer_to_a_browser():
    session = parse_sdp(build_offer(US, ALL, webrtc=LOCAL, srtp="optional").body)
    audio = session.media[0]
    assert (audio.protocol, audio.port) == ("UDP/TLS/RTP/SAVPF", 20_000)
    assert (session.attributes("group"), audio.attribute("mid")) == (["BUNDLE 0"], "0")
    assert "a=ice-lite" in session.lines
    assert (audio.attribute("setup"), audio.attribute("rtcp-mux")) == ("actpass", "")
    assert audio.attributes("crypto") == []
    assert "107 useinbandfec=1" in audio.attributes("fmtp")
    assert {"101 telephone-event/8000", "96 telephone-event/48000"} <= set(audio.attributes("rtpmap"))


@pytest.mark.parametrize(("setup", "role"), [("active", "server"), ("passive", "client"), ("", "client")])
def test_a_browsers_answer_is_read(setup, role):
    offer = build_offer(US, ALL, webrtc=LOCAL)
    result = read_answer(offer.state, their_answer(offer.body, setup=setup))
    assert result.stream.ice == IceCredentials("ourU", "ourPasswordOf22Letters", "theirU")
    assert (result.stream.dtls.role, result.stream.dtls.fingerprints) == (role, (("sha-256", DIGEST),))
    assert (result.stream.remote, result.stream.rtcp_mux, result.agreed.held) == (None, True, False)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"drop": ("fingerprint",)}, "fingerprint"),
        ({"drop": ("ice-pwd",)}, "ICE credentials"),
        ({"drop": ("rtcp-mux",)}, "multiplexed"),
        ({"setup": "actpass"}, "setup"),
        ({"setup": "holdconn"}, "setup"),
        ({"lines": ("a=ice-lite",)}, "ICE-lite"),
        ({"protocol": "RTP/AVP"}, "one side"),
    ],
)
def test_an_answer_that_cannot_be_secured_is_not_acceptable(how, reason):
    offer = build_offer(US, ALL, webrtc=LOCAL)
    with pytest.raises(NotAcceptable, match=reason):
        read_answer(offer.state, their_answer(offer.body, **how))


def test_dtls_in_answer_to_an_offer_without_is_not_acceptable():
    plain = build_offer(US, ALL)
    with pytest.raises(NotAcceptable, match="one side"):
        read_answer(plain.state, their_answer(plain.body))


def test_our_later_offer_keeps_credentials_name_and_certificate():
    theirs = [row.replace("a=mid:0", "a=mid:audio") for row in CHROME_AUDIO]
    first = answered(browser(theirs))
    for again in (
        build_offer(US, ALL, webrtc=first.agreed.webrtc.local, previous=first.body),
        reoffer(US, first.agreed, direction="sendonly"),
    ):
        audio = audio_of(again.body)
        assert audio.attribute("ice-ufrag") == "ourU"
        assert (audio.attribute("mid"), audio.attribute("setup")) == ("audio", "actpass")
        assert audio.attribute("fingerprint") == LOCAL.fingerprint
        result = read_answer(again.state, their_answer(again.body, setup="passive"))
        assert (result.stream.ice, result.stream.dtls) == (first.stream.ice, first.stream.dtls)


def test_what_is_remembered_survives_the_journal():
    offer = build_offer(US, ALL, webrtc=LOCAL)
    result = answered(browser())
    for value, kind in ((offer.state, OfferState), (result.agreed, Agreed)):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=kind) == value


@given(
    st.lists(
        st.sampled_from([*CHROME_AUDIO[1:], *SECURITY, "a=ice-lite", "a=fingerprint:", "a=setup:", "a=ice-pwd"]),
        max_size=20,
    )
)
def test_any_mixture_of_lines_is_taken_or_refused(lines):
    try:
        result = answered(browser((CHROME_AUDIO[0], *lines), security=()))
    except (NotAcceptable, BadSdp):
        return
    assert result.stream.dtls is not None
    assert result.stream.ice is not None
