"""Descriptions, codecs and keys for negotiations between us and a phone."""

from kiestoon.media.protocol import Codec, SrtpKey
from kiestoon.sdp import parse_sdp
from kiestoon.sdp.negotiate import LocalMedia

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
