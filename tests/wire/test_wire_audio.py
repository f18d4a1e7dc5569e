"""Speech between real phones: a tone sent by one baresip is measured at the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench.lib.exchange import Exchange
from parties import WIRE
from talking import CALLED_HZ, CALLER_HZ, end, talk


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One with the default digest algorithms: real phones must get in as they come."""
    with Exchange(tmp_path_factory.mktemp("exchange"), [WIRE], sip={"digest": ("SHA-256", "MD5")}) as exchange:
        yield exchange


@pytest.mark.parametrize("codec", ["PCMA", "PCMU", "G722", "opus"])
def test_tone_is_relayed_between_phones_with_one_codec(exchange, phone, codec):
    end(*talk(phone, {"codecs": (codec,)}, {"codecs": (codec,)}))


@pytest.mark.parametrize(("codec", "other"), [("PCMA", "opus"), ("opus", "G722"), ("G722", "PCMA"), ("PCMA", "PCMU")])
def test_tone_is_transcoded(exchange, phone, codec, other):
    end(*talk(phone, {"codecs": (codec,)}, {"codecs": (other,)}))


def test_tone_is_transcoded_between_encrypted_and_plain(exchange, phone):
    """TLS and SRTP on one side, UDP and RTP on the other, with different codecs."""
    secure = {"transport": "tls", "encryption": "srtp-mand", "codecs": ("opus",)}
    end(*talk(phone, secure, {"codecs": ("PCMA",)}))


def test_phones_that_must_encrypt(exchange, phone):
    secure = {"transport": "tls", "encryption": "srtp-mand", "codecs": ("PCMA",)}
    end(*talk(phone, secure, secure, ("118", "119")))


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_phones_on_connections_are_reached_over_them(exchange, phone, transport):
    """The exchange reuses the connection a phone registered over, in both directions (RFC 5626)."""
    calling, answering = talk(phone, {"transport": transport}, {"transport": transport})
    answering.hang_up()
    calling.wait_for("CALL_CLOSED")


def test_phone_that_must_encrypt_is_refused_in_the_clear(exchange, phone, registered):
    """TLS alone is not enough: its speech would be in the clear."""
    registered("102")
    calling = phone("118", transport="tls")
    calling.dial("102")
    assert calling.wait_for("CALL_CLOSED").param.startswith("488")


def test_held_party_hears_music_then_the_holder_again(exchange, phone):
    calling, answering = talk(phone, {}, {})
    calling.hold()
    answering.wait_for_change(CALLER_HZ)
    calling.resume()
    answering.wait_for_tone(CALLER_HZ)
    end(calling, answering)


def test_called_party_can_hold_too(exchange, phone):
    calling, answering = talk(phone, {}, {})
    answering.hold()
    calling.wait_for_change(CALLED_HZ)
    answering.resume()
    calling.wait_for_tone(CALLED_HZ)
    end(calling, answering)


@pytest.mark.parametrize("codec", ["PCMA", "opus"])
def test_digits_reach_the_other_phone(exchange, phone, codec):
    calling, answering = talk(phone, {"codecs": ("PCMA",)}, {"codecs": (codec,)})
    calling.send_digits("58#")
    heard = [answering.wait_for("CALL_DTMF_START").param for _ in range(3)]
    assert heard == ["5", "8", "#"]
    end(calling, answering)


def test_record_tells_how_good_the_speech_was(exchange, phone):
    end(*talk(phone, {}, {}))
    record = exchange.new_records()[0]
    for leg in record.legs:
        assert leg.quality is not None
        assert leg.quality.codec == "PCMA"
        assert leg.quality.packets_received > 20
        assert leg.quality.mos > 4.0
