"""Authorization and WWW-Authenticate values (RFC 7616 §3.3, §3.4) read into parts."""

from __future__ import annotations

import re

import msgspec

from kiestoon.sip.headers.grammar import TOKEN, BadHeader
from kiestoon.sip.message import Message

_scheme = re.compile(rf"[ \t]*({TOKEN})[ \t]+", re.ASCII)
_param = re.compile(
    rf'[ \t]*({TOKEN})[ \t]*=[ \t]*(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^\s",]*))[ \t]*(?:,|$)', re.ASCII | re.DOTALL
)
_escape = re.compile(r"\\(.)", re.DOTALL)


class Authorization(msgspec.Struct, frozen=True, gc=False):
    """Digest credentials sent by a client. Text is what stood between the quotes, escapes untouched: that is what is
    hashed (RFC 7616 §3.4.2, ``unq``). ``algorithm`` as spelled in HASHES, "MD5" when absent."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str = "MD5"
    qop: str = ""
    nc: str = ""
    cnonce: str = ""

    @property
    def login(self) -> str:
        """The user name with escapes resolved."""
        return _escape.sub(r"\1", self.username)


class Challenge(msgspec.Struct, frozen=True, gc=False):
    """A Digest challenge by a server. ``qop`` holds the offered values in lower case, () for RFC 2069 servers.
    ``algorithm`` is "" when absent (then MD5 is meant and the answer leaves it out as well)."""

    realm: str
    nonce: str
    algorithm: str = ""
    qop: tuple[str, ...] = ()
    opaque: str = ""
    stale: bool = False


def parse_auth_params(text: str) -> tuple[str, dict[str, str]]:
    """``Scheme name=value, …`` → the scheme in lower case and the raw values. Raises ``BadHeader``."""
    found = _scheme.match(text)
    if found is None:
        raise BadHeader("no authentication scheme")
    params: dict[str, str] = {}
    position, end = found.end(), len(text)
    while position < end:
        item = _param.match(text, position)
        if item is None:
            raise BadHeader("bad authentication parameter")
        name, quoted, plain = item.groups()
        name = name.lower()
        if name in params:
            raise BadHeader(f"{name} given twice")
        params[name] = plain if quoted is None else quoted
        position = item.end()
    return found.group(1).lower(), params


def parse_authorization(text: str) -> Authorization:
    """Raises ``BadHeader``, also for schemes other than Digest."""
    scheme, params = parse_auth_params(text)
    if scheme != "digest":
        raise BadHeader(f"authentication scheme {scheme} is not offered")
    get = params.get
    try:
        return Authorization(
            params["username"],
            params["realm"],
            params["nonce"],
            params["uri"],
            params["response"],
            get("algorithm", "MD5").upper().replace("-SESS", "-sess"),
            get("qop", "").lower(),
            get("nc", ""),
            get("cnonce", ""),
        )
    except KeyError as missing:
        raise BadHeader(f"credentials without {missing.args[0]}") from None


def parse_challenge(text: str) -> Challenge:
    """Raises ``BadHeader``, also for schemes other than Digest."""
    scheme, params = parse_auth_params(text)
    if scheme != "digest":
        raise BadHeader(f"cannot answer a {scheme} challenge")
    if "realm" not in params or "nonce" not in params:
        raise BadHeader("challenge without realm or nonce")
    return Challenge(
        params["realm"],
        params["nonce"],
        params.get("algorithm", "").upper().replace("-SESS", "-sess"),
        tuple(value for part in params.get("qop", "").split(",") if (value := part.strip(" \t").lower())),
        params.get("opaque", ""),
        params.get("stale", "").lower() == "true",
    )


def find_authorization(message: Message, realm: str) -> Authorization | None:
    """The Digest credentials a request carries for ``realm``, in Authorization or Proxy-Authorization; None when
    there are none that can be read."""
    for name in ("Authorization", "Proxy-Authorization"):
        for value in message.all(name):
            try:
                found = parse_authorization(value)
            except BadHeader:
                continue
            if found.realm == realm:
                return found
    return None
