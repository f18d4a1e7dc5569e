"""SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966) and, kept as they are, URIs of other schemes.

Escapes: ``user``, ``password``, parameters and headers hold *readable* text. An escape of a printable character is
resolved ("%2B31" reads "+31"); escapes of control characters, of "%" itself and of bytes that are not UTF-8 stay as
"%XX" (upper case). So no component ever holds a control character, and ``str`` gives back an equivalent URI.
"""

from __future__ import annotations

import re
from functools import lru_cache
from sys import intern
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from kiestoon.sip.headers.names import canonical


class BadUri(ValueError):
    """Text that is not a URI, or a SIP, SIPS or tel URI that does not follow its grammar."""


PLAIN_SIP = (
    r"(sips?):(?:([A-Za-z0-9\-_.!~*'()&=+$,;?/]+)@)?([A-Za-z0-9.-]+)(?::([0-9]{1,5}))?"
    r"((?:;[A-Za-z0-9\-_.!~*'()\[\]/:&+$=]+)*)"
)
"""What nearly every SIP URI looks like: no escapes, password, IPv6 or headers. Five groups for ``plain_uri``."""
_plain = re.compile(PLAIN_SIP, re.ASCII)
_sip = re.compile(
    r"(?:([^@:]*)(?::([^@]*))?@)?"  # userinfo; no "@" may stand unescaped in any other part
    r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?"
    r"((?:;[^?@]*)?)(?:\?([^@]*))?",
    re.ASCII,
)
_scheme = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.+)", re.ASCII | re.DOTALL)
_never = re.compile(r"[\x00-\x20\x7f\"<>]")
_tel_number = re.compile(r"\+[0-9]+|[0-9A-Fa-f*#]+")
_separators = re.compile(r"[().-]")
_escapes = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_bad_escape = re.compile(r"%(?![0-9A-Fa-f]{2})")
_in_user = re.compile(r"[^A-Za-z0-9\-_.!~*'()&=+$,;?/%]|%(?![0-9A-Fa-f]{2})")
_in_password = re.compile(r"[^A-Za-z0-9\-_.!~*'()&=+$,%]|%(?![0-9A-Fa-f]{2})")
_in_param = re.compile(r"[^A-Za-z0-9\-_.!~*'()\[\]/:&+$%]|%(?![0-9A-Fa-f]{2})")
_in_header = re.compile(r"[^A-Za-z0-9\-_.!~*'()\[\]/?:+$%]|%(?![0-9A-Fa-f]{2})")
_in_other = re.compile(r"[^\x21\x23-\x3b\x3d\x3f-\x7e]")

_KEPT_LENGTH = 200
_NONE: dict[str, Any] = {}

_MUST_MATCH = ("user", "ttl", "method", "maddr", "transport")
"""URI parameters that make URIs differ also when only one of them has it (RFC 3261 §19.1.4)."""


class Uri(msgspec.Struct, frozen=True, gc=False):
    """A URI in parts. ``host`` is in lower case, IPv6 without brackets; "" for tel and other schemes.

    tel: ``user`` is the number as written. Other schemes: ``user`` is everything after the colon, untouched.
    ``params``: names in lower case, None for a flag. ``headers``: canonical names. Treat both as read-only.
    """

    scheme: str
    user: str
    password: str = ""
    host: str = ""
    port: int | None = None
    params: dict[str, str | None] = {}
    headers: dict[str, str] = {}

    @property
    def is_sip(self) -> bool:
        return self.scheme in {"sip", "sips"}

    @property
    def transport(self) -> str:
        """The transport parameter in lower case, "" when absent."""
        return (self.params.get("transport") or "").lower()

    def bare(self) -> Uri:
        """The address-of-record form: scheme, user, host and port, nothing else."""
        return Uri(self.scheme, self.user, "", self.host, self.port)

    def with_params(self, **params: str | None) -> Uri:
        return msgspec.structs.replace(self, params={**self.params, **params})

    def without_params(self, *names: str) -> Uri:
        return msgspec.structs.replace(self, params={k: v for k, v in self.params.items() if k not in names})

    def matches(self, other: Uri) -> bool:
        """Whether both are equivalent (RFC 3261 §19.1.4; RFC 3966 §4 for tel)."""
        if self.scheme != other.scheme:
            return False
        if self.scheme == "tel":
            return _same_tel(self, other)
        return (
            self.user == other.user
            and self.password == other.password
            and self.host == other.host
            and self.port == other.port
            and _same_params(self.params, other.params)
            and self.headers == other.headers
        )

    def __str__(self) -> str:
        if self.scheme == "tel":
            return f"tel:{_escape(self.user, _in_param)}{self._params_text()}"
        if not self.is_sip:
            return f"{self.scheme}:{_escape(self.user, _in_other)}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        userinfo = ""
        if self.user:
            password = f":{_escape(self.password, _in_password)}" if self.password else ""
            userinfo = f"{_escape(self.user, _in_user)}{password}@"
        port = "" if self.port is None else f":{self.port}"
        text = f"{self.scheme}:{userinfo}{host}{port}{self._params_text() if self.params else ''}"
        if not self.headers:
            return text
        pairs = (f"{_escape(k, _in_header)}={_escape(v, _in_header)}" for k, v in self.headers.items())
        return f"{text}?{'&'.join(pairs)}"

    def _params_text(self) -> str:
        return "".join(
            f";{_escape(name, _in_param)}"
            if value is None
            else f";{_escape(name, _in_param)}={_escape(value, _in_param)}"
            for name, value in self.params.items()
        )


def parse_uri(text: str) -> Uri:
    """Reads one URI without angle brackets. Raises ``BadUri``. The same text may give the same object."""
    return _known_uri(text) if len(text) <= _KEPT_LENGTH else _parse_uri(text)


def _parse_uri(text: str) -> Uri:
    plain = _plain.fullmatch(text)
    if plain is not None:
        return plain_uri(*plain.groups())
    if _never.search(text):
        raise BadUri("a URI holds no blank, quote or angle bracket")
    found = _scheme.fullmatch(text)
    if found is None:
        raise BadUri("not a URI: no scheme")
    scheme, rest = found.groups()
    scheme = scheme.lower()
    if scheme in {"sip", "sips"}:
        return _parse_sip(scheme, rest)
    if scheme == "tel":
        return _parse_tel(rest)
    return Uri(scheme, rest)


_known_uri = lru_cache(1024)(_parse_uri)


def plain_uri(scheme: str, user: str | None, host: str, port_text: str | None, params: str) -> Uri:
    """The URI of a ``PLAIN_SIP`` match. Raises ``BadUri`` for what the pattern leaves open."""
    port = None
    if port_text is not None:
        port = int(port_text)
        if port > 65535:
            raise BadUri("port above 65535")
    # What has none shares one empty dictionary, and what has the same host shares that: registered devices by the
    # thousand have their addresses remembered.
    read = _parse_uri_params(params) if params else _NONE
    return Uri(scheme, user or "", "", intern(host.lower()), port, read, _NONE)


def _parse_sip(scheme: str, rest: str) -> Uri:
    found = _sip.fullmatch(rest)
    if found is None:
        raise BadUri(f"not a {scheme} URI: {rest[:60]!r}")
    user, password, host6, host, port_text, params_text, headers_text = found.groups()
    if user is None:
        user = password = ""
    elif not user:
        raise BadUri("empty user part")
    elif "%" in user or not user.isascii():
        user = _readable(user)
    port = None
    if port_text is not None:
        port = int(port_text)
        if port > 65535:
            raise BadUri("port above 65535")
    return Uri(
        scheme,
        user,
        _readable(password) if password else "",
        (host6 or host).lower(),
        port,
        _parse_uri_params(params_text) if params_text else {},
        _parse_uri_headers(headers_text) if headers_text else {},
    )


def _parse_uri_params(text: str) -> dict[str, str | None]:
    if "%" in text or not text.isascii():
        return _escaped_params(text)
    params: dict[str, str | None] = {}
    for part in text[1:].split(";"):
        name, mark, value = part.partition("=")
        if not name:
            raise BadUri("empty URI parameter")
        name = name.lower()
        if name not in params:
            params[name] = value if mark else None
    return params


def _escaped_params(text: str) -> dict[str, str | None]:
    params: dict[str, str | None] = {}
    for part in text[1:].split(";"):
        name, mark, value = part.partition("=")
        if not name:
            raise BadUri("empty URI parameter")
        params.setdefault(_readable(name).lower(), _readable(value) if mark else None)
    return params


def _parse_uri_headers(text: str) -> dict[str, str]:
    headers: dict[str, list[str]] = {}
    for part in text.split("&"):
        name, mark, value = part.partition("=")
        if not mark or not name:
            raise BadUri("URI header without name or value")
        name = _readable(name)
        headers.setdefault(canonical(name) or name, []).append(_readable(value))
    return {name: ", ".join(values) for name, values in headers.items()}


def _parse_tel(rest: str) -> Uri:
    number, mark, params = rest.partition(";")
    number = _readable(number)
    if _tel_number.fullmatch(_separators.sub("", number)) is None:
        raise BadUri(f"not a tel number: {number[:40]!r}")
    return Uri("tel", number, params=_parse_uri_params(mark + params) if mark else {})


def _readable(text: str) -> str:
    if "%" in text:
        if _bad_escape.search(text):
            raise BadUri("broken percent escape")
        text = _escapes.sub(_resolve, text)
    if not text.isascii():
        text = "".join(c if c.isprintable() else _percent(c) for c in text)
    return text


def _resolve(found: re.Match[str]) -> str:
    text = unquote_to_bytes(found.group()).decode("utf-8", "surrogateescape")
    return "".join(c if c != "%" and c.isprintable() else _percent(c) for c in text)


def _percent(text: str) -> str:
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = "\ufffd".encode()  # half a character that no parser and no database made
    return "".join(f"%{byte:02X}" for byte in data)


def _escape(text: str, unsafe: re.Pattern[str]) -> str:
    return unsafe.sub(lambda found: _percent(found.group()), text) if unsafe.search(text) else text


def _same_params(one: dict[str, str | None], two: dict[str, str | None]) -> bool:
    if one == two:
        return True
    for name in _MUST_MATCH:
        if (name in one) != (name in two):
            return False
    return all(_fold(value) == _fold(two[name]) for name, value in one.items() if name in two)


def _same_tel(one: Uri, two: Uri) -> bool:
    if _separators.sub("", one.user).lower() != _separators.sub("", two.user).lower():
        return False
    return {k: _fold(v) for k, v in one.params.items()} == {k: _fold(v) for k, v in two.params.items()}


def _fold(value: str | None) -> str | None:
    return None if value is None else value.lower()
