"""STUN binding keep-alives on the SIP port (RFC 5626 §4.4.2, RFC 8489): the few bytes of it that SIP needs."""

from __future__ import annotations

import ipaddress
import struct

MAGIC_COOKIE = 0x2112A442
BINDING_REQUEST = 0x0001
BINDING_RESPONSE = 0x0101
XOR_MAPPED_ADDRESS = 0x0020

_HEADER = struct.Struct(">HHI12s")
_COOKIE = struct.pack(">I", MAGIC_COOKIE)


def is_stun(data: bytes) -> bool:
    """Whether a datagram is STUN: two zero bits, the magic cookie, a length that fits (RFC 8489 §6.3). No SIP message
    starts with such bytes."""
    return (
        len(data) >= 20
        and data[0] < 0x40
        and data[4:8] == _COOKIE
        and int.from_bytes(data[2:4]) == len(data) - 20
        and not data[3] & 3
    )


def answer_binding(data: bytes, host: str, port: int) -> bytes | None:
    """The response to a binding request from (host, port); None for anything else (indications, responses)."""
    if not is_stun(data) or int.from_bytes(data[:2]) != BINDING_REQUEST:
        return None
    transaction = data[8:20]
    attribute = _xor_mapped_address(host, port, transaction)
    return _HEADER.pack(BINDING_RESPONSE, len(attribute), MAGIC_COOKIE, transaction) + attribute


def encode_binding_request(transaction: bytes) -> bytes:
    """A keep-alive of ours; ``transaction`` is 12 random bytes."""
    return _HEADER.pack(BINDING_REQUEST, 0, MAGIC_COOKIE, transaction)


def parse_mapped_address(data: bytes) -> tuple[str, int] | None:
    """Our own address as a binding response tells it; None when there is none in it."""
    if not is_stun(data) or int.from_bytes(data[:2]) != BINDING_RESPONSE:
        return None
    at = 20
    while at + 4 <= len(data):
        kind, length = struct.unpack_from(">HH", data, at)
        value = data[at + 4 : at + 4 + length]
        if kind == XOR_MAPPED_ADDRESS and len(value) in (8, 20):
            port = int.from_bytes(value[2:4]) ^ (MAGIC_COOKIE >> 16)
            mask = (_COOKIE + data[8:20])[: len(value) - 4]
            packed = bytes(a ^ b for a, b in zip(value[4:], mask, strict=True))
            return str(ipaddress.ip_address(packed)), port
        at += 4 + length + (-length % 4)
    return None


def _xor_mapped_address(host: str, port: int, transaction: bytes) -> bytes:
    """RFC 8489 §14.2."""
    packed = ipaddress.ip_address(host.partition("%")[0]).packed
    mask = (_COOKIE + transaction)[: len(packed)]
    family = 1 if len(packed) == 4 else 2
    xored = bytes(a ^ b for a, b in zip(packed, mask, strict=True))
    return struct.pack(">HHBBH", XOR_MAPPED_ADDRESS, 4 + len(packed), 0, family, port ^ (MAGIC_COOKIE >> 16)) + xored
