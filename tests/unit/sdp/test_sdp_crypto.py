"""SDES keys (RFC 4568)."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.media.protocol import SrtpKey
from kiestoon.sdp.crypto import choose_crypto, crypto_lines, parse_crypto, parse_cryptos

KEY30 = bytes(range(30))
B64 = base64.b64encode(KEY30).decode()
CM80 = SrtpKey("AES_CM_128_HMAC_SHA1_80", KEY30)
CM32 = SrtpKey("AES_CM_128_HMAC_SHA1_32", KEY30[::-1])
GCM = SrtpKey("AEAD_AES_128_GCM", KEY30[:28])
GCM256 = SrtpKey("AEAD_AES_256_GCM", KEY30 + KEY30[:14])


def test_what_is_written_is_read_back():
    lines = crypto_lines([GCM256, GCM, CM80, CM32])
    assert [line.tag for line in lines] == [1, 2, 3, 4]
    assert parse_cryptos([str(line).partition(":")[2] for line in lines]) == list(lines)


@pytest.mark.parametrize(
    "value",
    [
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{B64}",
        f"1 aes_cm_128_hmac_sha1_80 INLINE:{B64}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{B64}|2^31",
        f"1  AES_CM_128_HMAC_SHA1_80  inline:{B64}|2^20 WSH=64",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{B64} -IGNORABLE=1",
    ],
)
def test_usable_lines_are_read(value):
    line = parse_crypto(value)
    assert line is not None
    assert line.key == CM80


def test_missing_base64_padding_is_put_up_with():
    text = base64.b64encode(GCM.key_salt).decode().rstrip("=")
    line = parse_crypto(f"7 AEAD_AES_128_GCM inline:{text}")
    assert line is not None
    assert line.key == GCM


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        f"x AES_CM_128_HMAC_SHA1_80 inline:{B64}",
        f"1 F8_128_HMAC_SHA1_80 inline:{B64}",
        "1 AES_CM_128_HMAC_SHA1_80 inline:short",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{B64}AAAA",
        "1 AES_CM_128_HMAC_SHA1_80 inline:!!!!",
        f"1 AES_CM_128_HMAC_SHA1_80 uri:{B64}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{B64}|2^20|1:4",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{B64};inline:{B64}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{B64} UNENCRYPTED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{B64} UNAUTHENTICATED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{B64} KDR=1",
        f"{'9' * 5000} AES_CM_128_HMAC_SHA1_80 inline:{B64}",
    ],
)
def test_lines_we_cannot_honour_are_skipped(value):
    assert parse_crypto(value) is None


def test_the_offerers_order_decides():
    offered = crypto_lines([GCM, CM80])
    chosen = choose_crypto(offered, [CM80, SrtpKey("AEAD_AES_128_GCM", b"o" * 28)])
    assert chosen is not None
    theirs, ours = chosen
    assert theirs.key == GCM
    assert (ours.tag, ours.key.key_salt) == (1, b"o" * 28)
    assert choose_crypto(offered, [CM32]) is None


def test_a_key_of_wrong_length_is_our_own_mistake():
    with pytest.raises(ValueError, match="octets"):
        crypto_lines([SrtpKey("AEAD_AES_128_GCM", b"short")])


@given(st.text(max_size=120))
@settings(max_examples=100)
def test_any_text_is_read_or_skipped(text):
    parse_crypto(text)
    parse_crypto(f"1 AES_CM_128_HMAC_SHA1_80 inline:{text}")
