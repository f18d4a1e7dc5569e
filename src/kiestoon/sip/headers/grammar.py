"""The pieces of RFC 3261 §25 that headers share: tokens, quoted strings, lists and parameters.

One rule for all readers in ``sip.headers``: ``parse_*`` takes one value as text, returns a typed value, and raises
``BadHeader`` (and nothing else) when the text is not what the grammar says. Costs are linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


class BadHeader(ValueError):
    """A header value that does not follow its grammar. The text says which header and why."""


TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]+"  # noqa: S105 - grammar, no password
QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'

_token = re.compile(TOKEN, re.ASCII)
_quoted = re.compile(QUOTED, re.DOTALL)
_escape = re.compile(r"\\(.)", re.DOTALL)
_separator = re.compile(r'[",<]')
_whitespace = " \t"
_param = re.compile(
    rf"[ \t]*;[ \t]*({TOKEN})[ \t]*(?:=[ \t]*({QUOTED}|[^;\"\s<>,]*)[ \t]*)?",
    re.ASCII | re.DOTALL,
)
_plain_params = re.compile(r"[;=A-Za-z0-9\-.!%*_+`'~]+", re.ASCII)
_unsafe_in_quotes = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_plain_param = re.compile(r"[^\s\x00-\x1f\x7f;\",<>]*")
_control = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_undecoded = re.compile("[\udc80-\udcff]")


def is_token(text: str) -> bool:
    return _token.fullmatch(text) is not None


def split_commas(text: str) -> list[str]:
    """The elements of a comma-separated list, stripped; commas in quotes and angle brackets do not separate.

    Empty elements are kept as "": the typed readers refuse them, lists of tokens skip them. An unterminated quote or
    bracket swallows the rest, so that the last element is refused by its reader.
    """
    if "," not in text:
        return [text.strip(_whitespace)]
    if '"' not in text and "<" not in text:
        return [part.strip(_whitespace) for part in text.split(",")]
    parts: list[str] = []
    start = position = 0
    while found := _separator.search(text, position):
        at = found.start()
        mark = text[at]
        if mark == ",":
            parts.append(text[start:at].strip(_whitespace))
            start = position = at + 1
            continue
        if mark == '"':
            quoted = _quoted.match(text, at)
            position = quoted.end() if quoted else len(text)
        else:
            position = text.find(">", at) + 1 or len(text)
    parts.append(text[start:].strip(_whitespace))
    return parts


def parse_tokens(text: str) -> list[str]:
    """A list of tokens such as Supported or Allow; empty elements and non-tokens are skipped, never refused."""
    return [part for part in split_commas(text) if part and _token.fullmatch(part)]


def parse_params(text: str) -> dict[str, str | None]:
    """``;name=value;flag`` as a dictionary: names in lower case, quoted values unquoted, flags None.

    The first of repeated parameters counts. Raises ``BadHeader`` for an empty parameter (";;") or stray characters.
    """
    params: dict[str, str | None] = {}
    if _plain_params.fullmatch(text) and text[0] == ";":
        for part in text[1:].split(";"):
            name, mark, value = part.partition("=")
            if not name:
                raise BadHeader("empty parameter")
            name = name.lower()
            if name not in params:
                params[name] = value if mark else None
        return params
    position, end = 0, len(text)
    while position < end:
        found = _param.match(text, position)
        if found is None:
            raise BadHeader(f"bad parameter at {text[position : position + 40]!r}")
        name, given = found.groups()
        name = name.lower()
        if name not in params:
            params[name] = unquote(given) if given and given[0] == '"' else given
        position = found.end()
    return params


def split_params(text: str) -> tuple[str, dict[str, str | None]]:
    """``value;params`` → the value, stripped, and its parameters. Quotes in the value hide semicolons."""
    if '"' in text:
        at = _find_unquoted(text, ";")
        return text[:at].strip(_whitespace), parse_params(text[at:])
    head, mark, tail = text.partition(";")
    return head.strip(_whitespace), parse_params(mark + tail) if mark else {}


def _find_unquoted(text: str, mark: str) -> int:
    position = 0
    while True:
        at = text.find(mark, position)
        quote = text.find('"', position)
        if quote < 0 or 0 <= at < quote:
            return at if at >= 0 else len(text)
        quoted = _quoted.match(text, quote)
        if quoted is None:
            raise BadHeader("unterminated quoted string")
        position = quoted.end()


def match_quoted(text: str) -> int:
    """Where the quoted string at the start of ``text`` ends (after its closing quote). Raises ``BadHeader``."""
    found = _quoted.match(text)
    if found is None:
        raise BadHeader("unterminated quoted string")
    return found.end()


def unquote(text: str) -> str:
    """The content of a quoted string (with its quotes), escapes resolved."""
    inner = text[1:-1]
    return _escape.sub(r"\1", inner) if "\\" in inner else inner


def quote(text: str) -> str:
    """``text`` as a quoted string. Control characters (line ends above all) are dropped: no caller name may write
    a header of its own."""
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _unsafe_in_quotes.sub("", text) + '"'


def encode_params(params: Mapping[str, str | None]) -> str:
    """``;name=value`` for each parameter, quoting values that need it."""
    return "".join(
        f";{name}" if value is None else f";{name}={value if value and _plain_param.fullmatch(value) else quote(value)}"
        for name, value in params.items()
    )


def readable(text: str) -> str:
    """Text for people: control characters dropped, bytes that were not UTF-8 read as Latin-1 (what such
    phones mean)."""
    if text.isascii() and text.isprintable():
        return text
    text = _undecoded.sub(lambda found: chr(ord(found.group()) - 0xDC00), text)
    return _control.sub("", text)


def parse_number(text: str, what: str, *, maximum: int = 2**32 - 1) -> int:
    """Digits only, at most ``maximum``. Raises ``BadHeader``; bounded before ``int`` sees it."""
    digits = text.strip(_whitespace)
    if not (digits.isascii() and digits.isdigit()) or len(digits.lstrip("0")) > 10:
        raise BadHeader(f"{what} is not a number")
    number = int(digits)
    if number > maximum:
        raise BadHeader(f"{what} is above {maximum}")
    return number


def lenient(parse: Callable[[str], T], text: str | None) -> T | None:
    """``parse(text)``, or None when the header is absent or garbage: for headers that may be ignored (§8.2.2)."""
    if text is None:
        return None
    try:
        return parse(text)
    except BadHeader:
        return None
