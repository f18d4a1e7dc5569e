"""SRTP with keys from SDP (RFC 3711, RFC 4568, RFC 7714), over libsrtp.

libsrtp keeps the rollover counter and the replay window; what fails authentication or was seen before is an
``SrtpError`` and gets counted by the caller.
"""

from __future__ import annotations

import pylibsrtp

from kiestoon.media.protocol import SrtpKey, SrtpSuite

_PROFILES: dict[SrtpSuite, int] = {
    "AES_CM_128_HMAC_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}
KEY_SALT_SIZE: dict[SrtpSuite, int] = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "AEAD_AES_128_GCM": 28,
    "AEAD_AES_256_GCM": 44,
}
REPLAY_WINDOW = 128


class SrtpError(Exception):
    """A packet that can't be en- or decrypted. ``replayed``: it was seen before or is too old."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.replayed = "replay" in reason


def _session(key: SrtpKey, ssrc_type: int) -> pylibsrtp.Session:
    wanted = KEY_SALT_SIZE[key.suite]
    if len(key.key_salt) != wanted:
        raise ValueError(f"{key.suite} wants {wanted} octets of key and salt, got {len(key.key_salt)}")
    policy = pylibsrtp.Policy(key=key.key_salt, ssrc_type=ssrc_type, srtp_profile=_PROFILES[key.suite])
    policy.window_size = REPLAY_WINDOW
    try:
        return pylibsrtp.Session(policy=policy)
    except pylibsrtp.Error as error:
        raise ValueError(f"{key.suite}: {error}") from error


class SrtpSender:
    """Encrypts one direction. Raises ValueError for a key of the wrong length."""

    __slots__ = ("_session", "key")

    def __init__(self, key: SrtpKey) -> None:
        self.key = key
        self._session = _session(key, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)

    def protect(self, packet: bytes) -> bytes:
        """RTP → SRTP. Raises SrtpError."""
        try:
            protected: bytes = self._session.protect(packet)
        except (pylibsrtp.Error, ValueError) as error:
            raise SrtpError(str(error)) from error
        return protected

    def protect_rtcp(self, packet: bytes) -> bytes:
        """RTCP → SRTCP. Raises SrtpError."""
        try:
            protected: bytes = self._session.protect_rtcp(packet)
        except (pylibsrtp.Error, ValueError) as error:
            raise SrtpError(str(error)) from error
        return protected


class SrtpReceiver:
    """Decrypts one direction. Raises ValueError for a key of the wrong length."""

    __slots__ = ("_session", "key")

    def __init__(self, key: SrtpKey) -> None:
        self.key = key
        self._session = _session(key, pylibsrtp.Policy.SSRC_ANY_INBOUND)

    def unprotect(self, packet: bytes) -> bytes:
        """SRTP → RTP. Raises SrtpError."""
        try:
            plain: bytes = self._session.unprotect(packet)
        except (pylibsrtp.Error, ValueError) as error:
            raise SrtpError(str(error)) from error
        return plain

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        """SRTCP → RTCP. Raises SrtpError."""
        try:
            plain: bytes = self._session.unprotect_rtcp(packet)
        except (pylibsrtp.Error, ValueError) as error:
            raise SrtpError(str(error)) from error
        return plain
