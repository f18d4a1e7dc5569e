"""The arithmetic of digest authentication (RFC 7616 §3.4, RFC 8760, RFC 2617 for clients without qop)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()  # RFC 8760 keeps it for phones that know no other


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sha512_256(data: bytes) -> str:
    return hashlib.new("sha512_256", data).hexdigest()


HASHES: dict[str, Callable[[bytes], str]] = {"MD5": _md5, "SHA-256": _sha256}
"""Algorithm name → hash in hexadecimal, weakest first."""
if "sha512_256" in hashlib.algorithms_available:
    HASHES["SHA-512-256"] = _sha512_256


def digest_response(  # the names are the RFC's
    algorithm: str,
    *,
    username: str,
    realm: str,
    password: str,
    method: str,
    uri: str,
    nonce: str,
    nc: str = "",
    cnonce: str = "",
    qop: str = "",
    body: bytes = b"",
) -> str:
    """The ``response`` value in hexadecimal. ``algorithm`` may end in "-sess"; ``qop`` is "", "auth" or "auth-int".

    Text that came from the wire as bytes that are not UTF-8 is hashed as those bytes.
    """
    name, session, _ = algorithm.partition("-sess")
    hashed = HASHES[name]
    ha1 = hashed(f"{username}:{realm}:{password}".encode("utf-8", "surrogateescape"))
    if session:
        ha1 = hashed(f"{ha1}:{nonce}:{cnonce}".encode("utf-8", "surrogateescape"))
    a2 = f"{method}:{uri}:{hashed(body)}" if qop == "auth-int" else f"{method}:{uri}"
    ha2 = hashed(a2.encode("utf-8", "surrogateescape"))
    middle = f"{nonce}:{nc}:{cnonce}:{qop}" if qop else nonce
    return hashed(f"{ha1}:{middle}:{ha2}".encode("utf-8", "surrogateescape"))
