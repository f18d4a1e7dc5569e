"""STUN messages (RFC 8489) as ICE uses them: Binding requests read and checked, responses written.

Only what connectivity checks need: short-term credentials with SHA-1 (RFC 8445 §7.1.1 wants no other) and FINGERPRINT,
without which a packet is not taken for STUN at all. Nothing here keeps state.
"""

from __future__ import annotations

import hmac
import ipaddress
import struct
import zlib
from collections.abc import Sequence

import msgspec

HEADER_SIZE = 20
MAX_SIZE = 1280
MAX_ATTRIBUTES = 32
_COOKIE = 0x2112A442
_FINGERPRINT_XOR = 0x5354554E
_header = struct.Struct("!HHI12s")
_attribute = struct.Struct("!HH")

REQUEST, INDICATION, SUCCESS, ERROR = 0x0001, 0x0011, 0x0101, 0x0111
"""Message types of the Binding method."""

USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, UNKNOWN_ATTRIBUTES = 0x0006, 0x0008, 0x0009, 0x000A
XOR_MAPPED_ADDRESS, PRIORITY, USE_CANDIDATE = 0x0020, 0x0024, 0x0025
FINGERPRINT, ICE_CONTROLLED, ICE_CONTROLLING = 0x8028, 0x8029, 0x802A
_UNDERSTOOD = frozenset({
    USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, UNKNOWN_ATTRIBUTES, XOR_MAPPED_ADDRESS, PRIORITY, USE_CANDIDATE,
    0x0014, 0x0015, 0x001C, 0x001D, 0x001E,  # REALM, NONCE and their kin: of other mechanisms, known and unused
})  # fmt: skip

REASONS = {
    400: "Bad Request",
    401: "Unauthenticated",
    420: "Unknown Attribute",
    487: "Role Conflict",
}


class BadStun(ValueError):
    """These bytes are no STUN message: drop them (RFC 8489 §6.3)."""


class StunMessage(msgspec.Struct, frozen=True, gc=False):
    """A message whose fingerprint is right. ``attributes`` are those that integrity covers, the first of each type."""

    kind: int
    transaction: bytes
    attributes: dict[int, bytes]
    integrity: bytes | None
    covered: bytes
    """What MESSAGE-INTEGRITY was computed over: the message up to it, with the length as if it ended there."""

    def is_authentic(self, password: str) -> bool:
        """Whether whoever wrote it knows the password (RFC 8489 §14.5)."""
        return self.integrity is not None and hmac.compare_digest(self.integrity, _integrity(self.covered, password))

    @property
    def username(self) -> str | None:
        """USERNAME; None when absent."""
        value = self.attributes.get(USERNAME)
        return value.decode("utf-8", "replace") if value is not None else None

    @property
    def not_understood(self) -> list[int]:
        """Attributes that must be understood and are not (RFC 8489 §6.3.1)."""
        return [kind for kind in self.attributes if kind < 0x8000 and kind not in _UNDERSTOOD]


def parse_stun(data: bytes) -> StunMessage:
    """Read untrusted bytes. Raises BadStun."""
    if not HEADER_SIZE <= len(data) <= MAX_SIZE:
        raise BadStun("size")
    kind, length, cookie, transaction = _header.unpack_from(data)
    if kind >> 14 or cookie != _COOKIE or length & 3 or length + HEADER_SIZE != len(data):
        raise BadStun("header")
    attributes: dict[int, bytes] = {}
    integrity, covered, at = None, b"", HEADER_SIZE
    for _ in range(MAX_ATTRIBUTES):
        if at + 4 > len(data):
            break
        name, size = _attribute.unpack_from(data, at)
        value = data[at + 4 : at + 4 + size]
        if len(value) != size:
            raise BadStun("attribute longer than the message")
        if name == FINGERPRINT:
            if size != 4 or at + 8 != len(data) or int.from_bytes(value) != _fingerprint(data[:at]):
                raise BadStun("fingerprint")
            return StunMessage(kind, transaction, attributes, integrity, covered)
        if integrity is None:  # what follows it is covered by nothing (RFC 8489 §14.5)
            if name == MESSAGE_INTEGRITY:
                integrity, covered = value, _shortened(data, at)
            else:
                attributes.setdefault(name, value)
        at += 4 + (size + 3 & ~3)
    raise BadStun("no fingerprint")


def encode_stun(
    kind: int, transaction: bytes, attributes: Sequence[tuple[int, bytes]], password: str | None = None
) -> bytes:
    """Write a message, with MESSAGE-INTEGRITY where a password is given and always with FINGERPRINT."""
    body = b"".join(_attribute.pack(name, len(value)) + value + bytes(-len(value) & 3) for name, value in attributes)
    message = _header.pack(kind, len(body), _COOKIE, transaction) + body
    if password is not None:
        covered = _with_length(message, len(message) + 4)
        message = covered + _attribute.pack(MESSAGE_INTEGRITY, 20) + _integrity(covered, password)
    message = _with_length(message, len(message) - HEADER_SIZE + 8)
    return message + _attribute.pack(FINGERPRINT, 4) + _fingerprint(message).to_bytes(4)


def xor_address(address: tuple[str, int], transaction: bytes) -> bytes:
    """The value of XOR-MAPPED-ADDRESS (RFC 8489 §14.2)."""
    mask = _COOKIE.to_bytes(4) + transaction
    packed = ipaddress.ip_address(address[0]).packed
    hidden = bytes(octet ^ key for octet, key in zip(packed, mask, strict=False))
    return struct.pack("!BBH", 0, 1 if len(packed) == 4 else 2, address[1] ^ _COOKIE >> 16) + hidden


def error_value(code: int) -> bytes:
    """The value of ERROR-CODE (RFC 8489 §14.8)."""
    return bytes((0, 0, code // 100, code % 100)) + REASONS[code].encode()


def _integrity(covered: bytes, password: str) -> bytes:
    return hmac.digest(password.encode(), covered, "sha1")


def _fingerprint(before: bytes) -> int:
    return zlib.crc32(before) ^ _FINGERPRINT_XOR


def _shortened(data: bytes, at: int) -> bytes:
    """The message up to an integrity attribute at ``at``, its length ending behind that attribute."""
    return _with_length(data[:at], at + 24 - HEADER_SIZE)


def _with_length(message: bytes, length: int) -> bytes:
    return message[:2] + length.to_bytes(2) + message[4:]
