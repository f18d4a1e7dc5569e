"""The client side of digest authentication: answering challenges, and using a nonce for as long as it lasts."""

from __future__ import annotations

import msgspec

from kiestoon.sip.digest.hashing import HASHES, digest_response
from kiestoon.sip.digest.values import Challenge, parse_auth_params, parse_challenge
from kiestoon.sip.headers.grammar import BadHeader, quote
from kiestoon.sip.message import Response
from kiestoon.sip.tokens import Tokens

_HEADERS = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}
_MAX_REALMS = 8
"""Realms remembered at a time: a server that makes up a new one each time must not grow our memory."""
_STRENGTH = {name: rank for rank, name in enumerate(HASHES)}


class Credentials(msgspec.Struct, frozen=True):
    """A login at somebody else's server. ``realm`` "" answers any realm."""

    username: str
    password: str
    realm: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.username!r}, …)"


class _InUse:
    """A challenge being answered: the nonce count and the cnonce that goes with it."""

    __slots__ = ("challenge", "cnonce", "nc")

    def __init__(self, challenge: Challenge, cnonce: str) -> None:
        self.challenge = challenge
        self.cnonce = cnonce
        self.nc = 0


class DigestState:
    """The nonces in use towards one or more realms, for one login. ``tokens`` makes the cnonces."""

    __slots__ = ("_in_use", "_tokens")

    def __init__(self, tokens: Tokens | None = None) -> None:
        self._tokens = tokens or Tokens()
        self._in_use: dict[tuple[str, str], _InUse] = {}

    def accept(self, header: str, challenge: Challenge) -> None:
        """Remembers ``challenge`` for ``header`` (Authorization or Proxy-Authorization) and its realm."""
        key = (header, challenge.realm)
        held = self._in_use.get(key)
        if held is None or held.challenge.nonce != challenge.nonce:
            if held is None and len(self._in_use) >= _MAX_REALMS:
                del self._in_use[next(iter(self._in_use))]
            self._in_use[key] = _InUse(challenge, self._tokens.new_tag())

    def authorize(
        self, method: str, uri: str, username: str, password: str, body: bytes = b""
    ) -> list[tuple[str, str]]:
        """Header names and values for a request to a server that challenged before: saves a round trip."""
        return [self.answer(key, method, uri, username, password, body) for key in self._in_use]

    def answer(
        self, key: tuple[str, str], method: str, uri: str, username: str, password: str, body: bytes
    ) -> tuple[str, str]:
        """Credentials for the (header, realm) ``key``, counting one use of its nonce."""
        held = self._in_use[key]
        held.nc += 1
        return key[0], _credentials(held, method, uri, username, password, body)

    def succeeded(self, response: Response) -> None:
        """Takes over ``nextnonce`` from a success (Authentication-Info, RFC 7616 §3.5)."""
        for name, header in (
            ("Authentication-Info", "Authorization"),
            ("Proxy-Authentication-Info", "Proxy-Authorization"),
        ):
            value = response.get(name)
            if value is None:
                continue
            try:
                nonce = parse_auth_params(f"Digest {value}")[1].get("nextnonce")
            except BadHeader:
                continue
            mine = [key for key in self._in_use if key[0] == header]
            if nonce and len(mine) == 1:  # the header does not name its realm
                held = self._in_use[mine[0]]
                self.accept(header, msgspec.structs.replace(held.challenge, nonce=nonce, stale=False))


def answer_challenge(
    response: Response, method: str, uri: str, username: str, password: str, body: bytes, state: DigestState
) -> tuple[str, str] | None:
    """The header (name, value) to repeat a request with after a 401 or 407; None when no challenge can be answered.

    Takes the strongest algorithm offered. The caller counts its attempts: a second challenge without ``stale`` for
    the same request means that the password is wrong. Where several realms ask at once: ``answer_challenges``.
    """
    answers = answer_challenges(response, method, uri, username, password, body, state)
    return answers[0] if answers else None


def answer_challenges(
    response: Response, method: str, uri: str, username: str, password: str, body: bytes, state: DigestState
) -> list[tuple[str, str]]:
    """One header (name, value) for each realm that asks in this response (RFC 3261 §22.3), in its order.

    A forking proxy may put both kinds of challenge into one response: both are answered, those of its status first.
    """
    if response.status not in _HEADERS:
        return []
    answers: list[tuple[str, str]] = []
    for status in (401, 407) if response.status == 401 else (407, 401):
        challenge_name, header = _HEADERS[status]
        for challenge in _strongest_by_realm(response.all(challenge_name)):
            state.accept(header, challenge)
            answers.append(state.answer((header, challenge.realm), method, uri, username, password, body))
    return answers


def is_stale(response: Response) -> bool:
    """Whether a challenge says that only the nonce was too old, not the password wrong."""
    name = _HEADERS.get(response.status, ("",))[0]
    return any(challenge.stale for challenge in _readable(response.all(name) if name else []))


def _readable(values: list[str]) -> list[Challenge]:
    challenges: list[Challenge] = []
    for value in values:
        try:
            challenge = parse_challenge(value)
        except BadHeader:
            continue
        if _base(challenge) in HASHES and (not challenge.qop or _qop(challenge)):
            challenges.append(challenge)
    return challenges


def _strongest_by_realm(values: list[str]) -> list[Challenge]:
    best: dict[str, Challenge] = {}
    for challenge in _readable(values):
        held = best.get(challenge.realm)
        if held is None or _STRENGTH[_base(challenge)] > _STRENGTH[_base(held)]:
            best[challenge.realm] = challenge
    return list(best.values())[:_MAX_REALMS]


def _base(challenge: Challenge) -> str:
    return (challenge.algorithm or "MD5").partition("-sess")[0]


def _qop(challenge: Challenge) -> str:
    """The protection to use: auth where offered, auth-int where nothing else is."""
    for qop in ("auth", "auth-int"):
        if qop in challenge.qop:
            return qop
    return ""


def _credentials(held: _InUse, method: str, uri: str, username: str, password: str, body: bytes) -> str:
    challenge = held.challenge
    qop = _qop(challenge)
    nc = f"{held.nc:08x}"
    algorithm = challenge.algorithm or "MD5"
    response = digest_response(
        algorithm,
        username=username,
        realm=challenge.realm,
        password=password,
        method=method,
        uri=uri,
        nonce=challenge.nonce,
        nc=nc,
        cnonce=held.cnonce,
        qop=qop,
        body=body,
    )
    # Realm, nonce and opaque go back as they came, escapes included (RFC 7616 §3.4).
    parts = [
        f"username={quote(username)}",
        f'realm="{challenge.realm}"',
        f'nonce="{challenge.nonce}"',
        f'uri="{uri}"',
        f'response="{response}"',
    ]
    if challenge.algorithm:
        parts.append(f"algorithm={challenge.algorithm}")
    if challenge.opaque:
        parts.append(f'opaque="{challenge.opaque}"')
    if qop or "-sess" in algorithm:
        parts.append(f'cnonce="{held.cnonce}"')
    if qop:
        parts += [f"qop={qop}", f"nc={nc}"]
    return "Digest " + ", ".join(parts)
