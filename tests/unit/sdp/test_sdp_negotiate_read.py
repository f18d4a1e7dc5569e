"""Answers of real phones to our offers, as they are read."""

import msgspec
import pytest
from sdp_samples import ALL, CM80, CM80_B, G722, GCM, OPUS, PCMA, PCMU, THEM, US, audio_of, sdp

from kiestoon.media.protocol import Codec
from kiestoon.sdp.negotiate import (
    Agreed,
    NotAcceptable,
    OfferState,
    answer_offer,
    build_offer,
    read_answer,
    reoffer,
)


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
