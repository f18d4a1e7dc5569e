"""Digest authentication, both sides (RFC 3261 §22, RFC 7616, RFC 8760)."""

from kiestoon.sip.digest.challenger import Challenger, Lookup, Verdict, is_same_target
from kiestoon.sip.digest.client import Credentials, DigestState, answer_challenge, answer_challenges, is_stale
from kiestoon.sip.digest.hashing import digest_response
from kiestoon.sip.digest.values import (
    Authorization,
    Challenge,
    find_authorization,
    parse_authorization,
    parse_challenge,
)

__all__ = [
    "Authorization",
    "Challenge",
    "Challenger",
    "Credentials",
    "DigestState",
    "Lookup",
    "Verdict",
    "answer_challenge",
    "answer_challenges",
    "digest_response",
    "find_authorization",
    "is_same_target",
    "is_stale",
    "parse_authorization",
    "parse_challenge",
]
