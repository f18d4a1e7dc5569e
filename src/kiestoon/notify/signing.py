"""Signatures as Standard Webhooks has them: HMAC-SHA256 over id, time and body (its specification, "Signature scheme").

The library of the same name checks them in the tests; to make one takes less than it brings along.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

PREFIX: Final = "whsec_"
_KEY_BYTES: Final = 32  # the specification: 24 to 64


def new_signing_secret() -> str:
    """A new secret, as the receiver enters it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def is_signing_secret(text: str) -> bool:
    """Whether a secret has the form and length of the specification."""
    if not text.startswith(PREFIX):
        return False
    try:
        return 24 <= len(base64.b64decode(text[len(PREFIX) :], validate=True)) <= 64
    except binascii.Error:
        return False


def signed_headers(secret: str, message_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a delivery. ``at_s`` is wall time: receivers refuse what is too old."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.new(key, f"{message_id}.{at_s}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
