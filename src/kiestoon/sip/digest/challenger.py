"""The server side of digest authentication: challenges, and what to make of the credentials that come back."""

from __future__ import annotations

import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import msgspec

from kiestoon.sip.digest.hashing import HASHES, digest_response
from kiestoon.sip.digest.values import Authorization, parse_authorization
from kiestoon.sip.headers.grammar import BadHeader, quote
from kiestoon.sip.uri import BadUri, parse_uri

Outcome: TypeAlias = Literal["accepted", "stale", "refused", "malformed"]
Lookup: TypeAlias = Callable[[str, str], str | None]
"""``lookup(username, realm)``: the clear secret, None for an unknown user."""

_nonce = re.compile(r"([0-9a-f]{1,16})\.([0-9a-f]{1,16})\.([0-9a-f]{32})", re.ASCII)
_nc = re.compile(r"[0-9A-Fa-f]{8}", re.ASCII)


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What became of credentials.

    ``outcome``: "accepted"; "stale": the password is right but the nonce expired, was replayed or is not ours, so
    challenge again with stale=true (no failure of the user's); "refused": unknown user or wrong password, which the
    sender must not be able to tell apart; "malformed": cannot be evaluated (400). ``why`` is for the log only.
    """

    outcome: Outcome
    username: str = ""
    realm: str = ""
    nonce: str = ""
    why: str = ""

    @property
    def accepted(self) -> bool:
        return self.outcome == "accepted"


class Challenger:
    """Issues nonces and verifies credentials, for any number of realms.

    A nonce says when it was issued and is authenticated with ``secret_key``, so challenges cost no memory. Only
    nonces that were used with a right password are remembered, with their last count: ``capacity`` at most, and when
    one is forgotten, all as old as it expire. Use fresh random bytes as key in every process: the counts do not
    outlive it either. ``lifetime_s`` bounds how long a nonce is accepted.
    """

    def __init__(
        self,
        secret_key: bytes,
        *,
        algorithms: Sequence[str] = ("SHA-256", "MD5"),
        lifetime_s: float = 300.0,
        capacity: int = 50_000,
    ) -> None:
        if unknown := [name for name in algorithms if name not in HASHES]:
            raise ValueError(f"unknown digest algorithms: {unknown}")
        self._key = secret_key
        self._algorithms = tuple(algorithms)
        self._lifetime_ms = int(lifetime_s * 1000)
        self._capacity = capacity
        self._issued = 0
        self._used: OrderedDict[int, tuple[int, int]] = OrderedDict()  # nonce number → issued_ms, last nc
        self._floor_ms = -1
        self._dummy = secrets.token_hex(16)

    def challenge(self, realm: str, now: float, stale: bool = False, only: tuple[str, ...] | None = None) -> list[str]:
        """WWW-Authenticate (or Proxy-Authenticate) values, one per algorithm (of ``only``), the best first (RFC 8760
        §2.3)."""
        name = quote(realm)
        nonce = self._make_nonce(name[1:-1], now)
        tail = ", stale=true" if stale else ""
        return [
            f'Digest realm={name}, nonce="{nonce}", algorithm={algorithm}, qop="auth"{tail}'
            for algorithm in self._algorithms
            if only is None or algorithm in only
        ]

    def verify(self, header: str | Authorization, method: str, uri: str, lookup: Lookup, now: float) -> Verdict:
        """Judges one Authorization or Proxy-Authorization value for a request ``method uri``.

        An unknown user costs exactly what a wrong password costs. Never raises for hostile credentials.
        """
        if isinstance(header, str):
            try:
                header = parse_authorization(header)
            except BadHeader as bad:
                return Verdict("malformed", why=str(bad))
        who = header
        if fault := self._fault(who, uri):
            return Verdict("malformed", who.login, who.realm, who.nonce, fault)
        secret = lookup(who.login, who.realm)
        expected = digest_response(
            who.algorithm,
            username=who.username,
            realm=who.realm,
            password=self._dummy if secret is None else secret,
            method=method,
            uri=who.uri,
            nonce=who.nonce,
            nc=who.nc,
            cnonce=who.cnonce,
            qop=who.qop,
        )
        given = who.response.lower().encode("utf-8", "surrogateescape")
        right = hmac.compare_digest(expected.encode(), given)
        if secret is None or not right:
            why = "wrong password" if secret is not None else "unknown user"
            return Verdict("refused", who.login, who.realm, who.nonce, why)
        why = self._use_nonce(who, now)
        return Verdict("stale" if why else "accepted", who.login, who.realm, who.nonce, why)

    def issued(self, nonce: str, realm: str) -> bool:
        """Whether we made this nonce for the realm, however old: who sends it back really received it, so its source
        address is not forged."""
        found = _nonce.fullmatch(nonce)
        return found is not None and hmac.compare_digest(self._seal(f"{found[1]}.{found[2]}", realm), found[3])

    def authentication_info(self, verdict: Verdict, now: float) -> str | None:
        """An Authentication-Info value with the next nonce (RFC 7616 §3.5) once the present one is past half of its
        life, so that a busy phone is never challenged again; None before."""
        found = _nonce.fullmatch(verdict.nonce)
        if not verdict.accepted or found is None or int(now * 1000) - int(found[1], 16) < self._lifetime_ms // 2:
            return None
        return f'nextnonce="{self._make_nonce(verdict.realm, now)}"'

    def _fault(self, who: Authorization, uri: str) -> str:
        if who.algorithm not in self._algorithms:
            return "algorithm was not offered"
        if who.qop:
            if who.qop != "auth":
                return "qop was not offered"
            if not who.cnonce or _nc.fullmatch(who.nc) is None:
                return "qop without cnonce or nc"
        if not is_same_target(who.uri, uri):
            return "credentials for another URI"
        return ""

    def _make_nonce(self, realm: str, now: float) -> str:
        self._issued += 1
        text = f"{int(now * 1000):x}.{self._issued:x}"
        return f"{text}.{self._seal(text, realm)}"

    def _seal(self, text: str, realm: str) -> str:
        data = f"{text}.{realm}".encode("utf-8", "surrogateescape")
        return hmac.digest(self._key, data, "sha256")[:16].hex()

    def _use_nonce(self, who: Authorization, now: float) -> str:
        """Counts one use of a nonce. Why it is stale, or ""."""
        found = _nonce.fullmatch(who.nonce)
        if found is None or not hmac.compare_digest(self._seal(f"{found[1]}.{found[2]}", who.realm), found[3]):
            return "nonce is not ours"
        issued_ms, number = int(found[1], 16), int(found[2], 16)
        age_ms = int(now * 1000) - issued_ms
        if not 0 <= age_ms <= self._lifetime_ms:
            return "nonce expired"
        used = self._used.get(number)
        if used is None and issued_ms <= self._floor_ms:
            return "nonce was forgotten"
        # Clients without qop cannot count: their nonce is good for one request.
        count = int(who.nc, 16) if who.qop else 1
        if count <= (used[1] if used else 0):
            return "nonce count was used before"
        self._used[number] = (issued_ms, count)
        if used is None and len(self._used) > self._capacity:
            _, (forgotten_ms, _) = self._used.popitem(last=False)
            self._floor_ms = max(self._floor_ms, forgotten_ms)
        return ""


def is_same_target(digest_uri: str, request_uri: str) -> bool:
    """Whether credentials made for ``digest_uri`` may stand in a request to ``request_uri``.

    The same host, and the same user where both have one. Ports and parameters may differ: phones leave them out of
    either, and proxies in between add them (RFC 7616 §3.4.5 asks for the same resource, not the same spelling).
    """
    if digest_uri == request_uri:
        return True
    try:
        one, two = parse_uri(digest_uri), parse_uri(request_uri)
    except BadUri:
        return False
    if not (one.is_sip and two.is_sip):
        return one.matches(two)
    return one.host == two.host and (one.user == two.user or not one.user or not two.user)
