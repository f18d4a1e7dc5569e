"""Later offers of a dialog: hold, resume, versions (RFC 3264 §8)."""

import pytest
from sdp_samples import ALL, OFFER, PCMA, US, audio_of, sdp

from kiestoon.sdp import parse_sdp
from kiestoon.sdp.negotiate import LocalMedia, answer_offer, build_offer, read_answer, reoffer

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
