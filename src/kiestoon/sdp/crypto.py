"""SDES key exchange: the ``a=crypto`` attribute (RFC 4568; GCM suites RFC 7714 §14.2)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Final, cast

import msgspec

from kiestoon.media.protocol import SrtpKey, SrtpSuite

KEY_SALT_LENGTH: Final[dict[str, int]] = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "AEAD_AES_128_GCM": 28,
    "AEAD_AES_256_GCM": 44,
}
"""Octets of master key plus master salt."""


class CryptoLine(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One usable ``a=crypto`` line: its tag and the key its sender encrypts with."""

    tag: int
    key: SrtpKey

    def __str__(self) -> str:
        return f"a=crypto:{self.tag} {self.key.suite} inline:{base64.b64encode(self.key.key_salt).decode()}"


def parse_crypto(value: str) -> CryptoLine | None:
    """Read an attribute value; None for what we cannot use (an unusable line is skipped, RFC 4568 §5.1.2)."""
    fields = value.split()
    if len(fields) < 3:
        return None
    tag, suite, key_parameters = fields[:3]
    length = KEY_SALT_LENGTH.get(suite.upper())
    if length is None or not (tag.isascii() and tag.isdigit() and len(tag) <= 9):
        return None
    # Session parameters change how packets are protected; only the window hint and "-" (ignorable) ones may be passed
    # over (RFC 4568 §6.3).
    if not all(parameter.startswith(("WSH=", "-")) for parameter in fields[3:]):
        return None
    key_salt = _inline_key(key_parameters, length)
    if key_salt is None:
        return None
    return CryptoLine(int(tag), SrtpKey(cast("SrtpSuite", suite.upper()), key_salt))


def _inline_key(text: str, length: int) -> bytes | None:
    method, _, info = text.partition(":")
    if method.lower() != "inline" or ";" in info:  # several keys need MKIs
        return None
    encoded, *rest = info.split("|")
    if any(":" in part for part in rest):  # MKI:length would lengthen every packet; SRTP here runs without
        return None
    try:
        key_salt = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key_salt if len(key_salt) == length else None


def parse_cryptos(values: Sequence[str]) -> list[CryptoLine]:
    """The usable ones, in the sender's order of preference."""
    return [line for line in map(parse_crypto, values) if line is not None]


def crypto_lines(keys: Sequence[SrtpKey]) -> tuple[CryptoLine, ...]:
    """Number keys for an offer, tags from 1 in order of preference. Raises ``ValueError`` for a key of wrong length."""
    for key in keys:
        if len(key.key_salt) != KEY_SALT_LENGTH[key.suite]:
            raise ValueError(f"{key.suite} needs {KEY_SALT_LENGTH[key.suite]} octets of key and salt")
    return tuple(CryptoLine(tag, key) for tag, key in enumerate(keys, 1))


def choose_crypto(offered: Sequence[CryptoLine], ours: Sequence[SrtpKey]) -> tuple[CryptoLine, CryptoLine] | None:
    """The offerer's first suite for which we have a key: (theirs, ours under the same tag) (RFC 4568 §5.1.2)."""
    for theirs in offered:
        for key in ours:
            if key.suite == theirs.key.suite:
                return theirs, CryptoLine(theirs.tag, key)
    return None
