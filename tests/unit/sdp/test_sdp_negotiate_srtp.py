"""Keys in descriptions (RFC 4568): offered, answered, required, refused."""

import pytest
from sdp_samples import ALL, CM80, CM80_B, GCM, OFFER, PCMA, THEM, US, audio_of, sdp

from kiestoon.media.protocol import SrtpKey
from kiestoon.sdp.negotiate import NotAcceptable, answer_offer, build_offer, read_answer, reoffer


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
