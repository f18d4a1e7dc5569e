"""name-addr and addr-spec (RFC 3261 §20.10, §25.1): From, To, Contact, Route and everything shaped like them."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from kiestoon.sip.headers.grammar import (
    TOKEN,
    BadHeader,
    encode_params,
    match_quoted,
    parse_params,
    quote,
    readable,
    split_commas,
    unquote,
)
from kiestoon.sip.uri import PLAIN_SIP, BadUri, Uri, parse_uri, plain_uri

_plain = re.compile(
    rf'(?:"([^"\\\x00-\x1f\x7f]*)" ?|([A-Za-z0-9\-.!%*_+`\'~]*) ?)<{PLAIN_SIP}>(?:;tag=({TOKEN}))?(;.*)?',
    re.ASCII | re.DOTALL,
)
"""What nearly every From and To looks like; everything else takes the long way below."""
_tag = re.compile(TOKEN, re.ASCII)
_KEPT_LENGTH = 200
_NONE: dict[str, str | None] = {}
"""Shared by all addresses without parameters: they are remembered by the thousand."""
_not_in_display = re.compile(r"[\",;<>\\]")
_must_quote = re.compile(r"[^A-Za-z0-9\-.!%*_+`'~ ]")


class NameAddr(msgspec.Struct, frozen=True, gc=False):
    """An address with its display name and header parameters (names in lower case, None for a flag).

    ``display`` is text for people: no control characters, bytes that were not UTF-8 read as Latin-1. ``star`` is only
    true for the Contact value "*" (RFC 3261 §10.2.2), whose ``uri`` is empty.
    """

    display: str
    uri: Uri
    params: dict[str, str | None] = {}
    star: bool = False

    @property
    def tag(self) -> str:
        """The tag parameter, "" when absent."""
        return self.params.get("tag") or ""

    def with_params(self, **params: str | None) -> NameAddr:
        return msgspec.structs.replace(self, params={**self.params, **params})

    def with_tag(self, tag: str) -> NameAddr:
        return self.with_params(tag=tag)

    def __str__(self) -> str:
        if self.star:
            return "*"
        params = encode_params(self.params) if self.params else ""
        if not self.display:
            return f"<{self.uri}>{params}"
        return f"{quote(self.display)} <{self.uri}>{params}"


_STAR = NameAddr("", Uri("", ""), {}, True)


def parse_name_addr(text: str) -> NameAddr:
    """Reads one address. Raises ``BadHeader``.

    Without angle brackets, parameters belong to the header (§20.10) and the URI may hold neither "?" nor ",".
    An unquoted display name may be any text without ``" , ; < > \\``: many phones do not keep to tokens. Values with
    the same text may share their parts.
    """
    if len(text) > _KEPT_LENGTH:
        return _parse_name_addr(text)
    # The same address comes with every message of a call; what differs between calls is the tag.
    address, mark, tag = text.rpartition(";tag=")
    if mark and address[-1:] == ">" and _tag.fullmatch(tag):
        known = _known_name_addr(address)
        if not known.params:
            return NameAddr(known.display, known.uri, {"tag": tag})
    return _known_name_addr(text)


def _parse_name_addr(text: str) -> NameAddr:
    plain = _plain.fullmatch(text)
    if plain is not None:
        quoted, word, scheme, user, host, port, uri_params, tag, rest = plain.groups()
        name = quoted or word or ""
        try:
            uri = plain_uri(scheme, user, host, port, uri_params)
        except BadUri as bad:
            raise BadHeader(str(bad)) from None
        params: dict[str, str | None] = {"tag": tag} if tag else _NONE
        if rest:
            params = {**parse_params(rest), **params}
        return NameAddr(name if name.isascii() else readable(name), uri, params)
    return _parse_any_name_addr(text.strip(" \t"))


_known_name_addr = lru_cache(4096)(_parse_name_addr)


def _parse_any_name_addr(text: str) -> NameAddr:
    start = text.find("<")
    if text.startswith('"'):
        end = match_quoted(text)
        start = end + len(text[end:]) - len(text[end:].lstrip(" \t"))
        if not text.startswith("<", start):
            raise BadHeader("display name without <address>")
        display = readable(unquote(text[:end]))
    elif start < 0:
        return _parse_addr_spec(text)
    elif start:
        display = text[:start].rstrip(" \t")
        if _not_in_display.search(display):
            raise BadHeader("display name needs quotes")
        display = readable(display)
    else:
        display = ""
    end = text.find(">", start)
    if end < 0:
        raise BadHeader("unterminated <address>")
    params = parse_params(text[end + 1 :]) if end + 1 < len(text) else {}
    return NameAddr(display, _uri(text[start + 1 : end]), params)


def parse_name_addrs(text: str) -> list[NameAddr]:
    """Reads a comma-separated list of addresses. Raises ``BadHeader``, also for an empty element."""
    return [parse_name_addr(part) for part in split_commas(text)]


def parse_contact(text: str) -> NameAddr:
    """Reads one Contact value: an address or "*". Raises ``BadHeader``."""
    return _STAR if text.strip(" \t") == "*" else parse_name_addr(text)


def _parse_addr_spec(text: str) -> NameAddr:
    # A ";" before "@" belongs to the user part (RFC 4475 §3.1.1.9); "@" in a later parameter value cannot be told
    # apart and makes the URI unreadable, which refuses it.
    at = text.find("@")
    cut = text.find(";", at + 1)
    address, params = (text, "") if cut < 0 else (text[:cut], text[cut:])
    address = address.rstrip(" \t")
    if "?" in address[at + 1 :] or "," in address[at + 1 :]:
        raise BadHeader("an address with ? or , needs angle brackets")
    return NameAddr("", _uri(address), parse_params(params) if params else {})


def _uri(text: str) -> Uri:
    try:
        return parse_uri(text)
    except BadUri as bad:
        raise BadHeader(str(bad)) from None


def encode_display(display: str, uri: Uri | str, params: dict[str, str | None] | None = None) -> str:
    """``"display" <uri>;params`` with the display name quoted only where it must be."""
    clean = readable(display).strip()
    name = quote(clean) if _must_quote.search(clean) else clean
    return f"{name}{' ' if name else ''}<{uri}>{encode_params(params) if params else ''}"
