"""SIP requests and responses as values: a start line, headers and a body.

Headers are kept as text under their canonical names; typed forms are read on first use and cached until the header is
changed. Order between different headers is that of their first appearance, which RFC 3261 §7.3.1 gives no meaning.
Messages hold only text and frozen values, so they are never part of a reference cycle.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

from kiestoon.sip.headers.address import NameAddr, parse_contact, parse_name_addr
from kiestoon.sip.headers.grammar import BadHeader, is_token, parse_number, parse_tokens, split_commas
from kiestoon.sip.headers.names import KNOWN, LISTS, canonical
from kiestoon.sip.headers.sequence import CSeq, parse_cseq
from kiestoon.sip.headers.via import Via, parse_via
from kiestoon.sip.reasons import REASONS
from kiestoon.sip.uri import BadUri, Uri, parse_uri

T = TypeVar("T")
Headers: TypeAlias = Iterable[tuple[str, str]] | Mapping[str, str]

_FORWARDS = {str(number): number for number in range(256)}
_COPIED = ("Via", "From", "To", "Call-ID", "CSeq")
_COPIED_WITH_ROUTE = ("Via", "Record-Route", "From", "To", "Call-ID", "CSeq")
_COPIED_VALUES = ("Via", "From", "Call-ID", "CSeq")
_DIALOG_FORMING = frozenset({"INVITE", "SUBSCRIBE", "REFER", "NOTIFY"})


class UnsafeMessage(ValueError):
    """Our own mistake: a message that would not be one message on the wire (line ends in a value, a bad name)."""


class Message:
    """What requests and responses share. Header names are accepted in any case and in compact form.

    The typed properties raise ``BadHeader`` when the header is garbage; messages from ``parse_message`` were checked,
    so theirs do not. Treat the returned values as read-only and change the headers instead.
    """

    __slots__ = ("_cache", "_fields", "_odd", "body")

    def __init__(self, headers: Headers = (), body: bytes = b"") -> None:
        self._fields: dict[str, tuple[str, ...]] = {}
        self._odd: dict[str, str] | None = None
        self._cache: dict[str, Any] = {}
        self.body = body
        for name, value in headers.items() if isinstance(headers, Mapping) else headers:
            self.add(name, value)

    # -- headers as text ----------------------------------------------------------------------------------------------

    def get(self, name: str) -> str | None:
        """The first value of a header, None when absent."""
        key = KNOWN.get(name) or self._find(name)
        values = self._fields.get(key)
        if values is None:
            return None
        value = values[0]
        return split_commas(value)[0] if "," in value and key in LISTS else value

    def all(self, name: str) -> list[str]:
        """Every value of a header in order; comma-separated lists are split where RFC 3261 says so."""
        key = KNOWN.get(name) or self._find(name)
        values = self._fields.get(key, ())
        if key not in LISTS:
            return list(values)
        split: list[str] = []
        for value in values:
            if "," in value:
                split += split_commas(value)
            else:
                split.append(value)
        return split

    def has(self, name: str) -> bool:
        return (KNOWN.get(name) or self._find(name)) in self._fields

    __contains__ = has

    def add(self, name: str, value: str) -> None:
        """Appends a value below those that are there."""
        key = KNOWN.get(name) or self._make(name)
        fields = self._fields
        if key in fields:
            fields[key] = (*fields[key], value)
            self._cache.pop(key, None)
        else:
            fields[key] = (value,)

    def prepend(self, name: str, value: str) -> None:
        """Puts a value above those that are there; a header that was absent goes to the top (Via, Route)."""
        key = KNOWN.get(name) or self._make(name)
        values = self._fields.get(key)
        if values is None:
            self._fields = {key: (value,), **self._fields}
        else:
            self._fields[key] = (value, *values)
        self._cache.pop(key, None)

    def set(self, name: str, value: str) -> None:
        """Replaces all values by one."""
        key = KNOWN.get(name) or self._make(name)
        self._fields[key] = (value,)
        self._cache.pop(key, None)

    def put(self, fields: Mapping[str, tuple[str, ...]]) -> None:
        """Sets several headers at once, given by their canonical names."""
        self._fields.update(fields)
        if self._cache:
            for key in fields:
                self._cache.pop(key, None)

    def put_first(self, key: str, value: str) -> None:
        """Replaces all values of the header with this canonical name by one, and moves it to the top."""
        self._fields.pop(key, None)
        self._fields = {key: (value,), **self._fields}
        self._cache.pop(key, None)

    def set_all(self, name: str, values: Iterable[str]) -> None:
        """Replaces all values; none removes the header."""
        key = KNOWN.get(name) or self._make(name)
        fields = tuple(values)
        if fields:
            self._fields[key] = fields
        else:
            self._fields.pop(key, None)
        self._cache.pop(key, None)

    def remove(self, name: str) -> None:
        """Removes a header if it is there."""
        key = KNOWN.get(name) or self._find(name)
        self._fields.pop(key, None)
        self._cache.pop(key, None)

    def replace_first(self, name: str, value: str) -> None:
        """Replaces the first value (the top Via, say) and keeps the others."""
        self.set_all(name, [value, *self.all(name)[1:]])

    def drop_first(self, name: str) -> None:
        """Removes the first value (our Via from a response, a Route that was reached)."""
        self.set_all(name, self.all(name)[1:])

    def items(self) -> Iterator[tuple[str, str]]:
        """All header lines as (name, value), without Content-Length."""
        for name, values in self._fields.items():
            for value in values:
                yield name, value

    def _find(self, name: str) -> str:
        key = canonical(name)
        if key is not None:
            return key
        return self._odd.get(name.lower(), name) if self._odd else name

    def _make(self, name: str) -> str:
        key = canonical(name)
        if key is not None:
            return key
        if not is_token(name):
            raise UnsafeMessage(f"not a header name: {name!r}")
        if self._odd is None:
            self._odd = {}
        return self._odd.setdefault(name.lower(), name)

    # -- headers as values --------------------------------------------------------------------------------------------

    def _one(self, key: str, parse: Callable[[str], T]) -> T:
        cached: T | None = self._cache.get(key)
        if cached is None:
            values = self._fields.get(key)
            if values is None:
                raise BadHeader(f"no {key}")
            if len(values) != 1:
                raise BadHeader(f"more than one {key}")
            cached = self._cache[key] = parse(values[0])
        return cached

    def _many(self, key: str, parse: Callable[[str], T]) -> list[T]:
        values = self._fields.get(key)
        if values is None:
            return []
        cached: list[T] | None = self._cache.get(key)
        if cached is None:
            if len(values) == 1 and "," not in values[0]:
                cached = [parse(values[0])]
            else:
                cached = [parse(value) for value in self.all(key)]
            self._cache[key] = cached
        return cached

    def _tags(self, key: str, fold: bool) -> frozenset[str]:
        values = self._fields.get(key)
        if values is None:
            return _NO_TAGS
        cached: frozenset[str] | None = self._cache.get(key)
        if cached is None:
            short = len(values) == 1 and len(values[0]) <= _KEPT_LENGTH
            cached = self._cache[key] = _known_tags(values, fold) if short else _parse_tags(values, fold)
        return cached

    @property
    def call_id(self) -> str:
        return self._one("Call-ID", parse_call_id)

    @property
    def cseq(self) -> CSeq:
        return self._one("CSeq", parse_cseq)

    @property
    def via(self) -> Via:
        """The top Via."""
        cached: Via | None = self._cache.get("Via")
        if cached is None:
            value = self.get("Via")
            if value is None:
                raise BadHeader("no Via")
            cached = self._cache["Via"] = parse_via(value)
        return cached

    @property
    def from_(self) -> NameAddr:
        return self._one("From", parse_name_addr)

    @property
    def to(self) -> NameAddr:
        return self._one("To", parse_name_addr)

    @property
    def contacts(self) -> list[NameAddr]:
        """The Contact values; "*" has ``star`` set."""
        return self._many("Contact", parse_contact)

    @property
    def routes(self) -> list[NameAddr]:
        return self._many("Route", parse_name_addr)

    @property
    def record_routes(self) -> list[NameAddr]:
        return self._many("Record-Route", parse_name_addr)

    @property
    def max_forwards(self) -> int | None:
        return self._one("Max-Forwards", _parse_max_forwards) if "Max-Forwards" in self._fields else None

    @property
    def content_type(self) -> str:
        """The media type in lower case without parameters ("application/sdp"), "" when absent."""
        values = self._fields.get("Content-Type")
        if values is None:
            return ""
        value = values[0]
        return "application/sdp" if value == "application/sdp" else value.partition(";")[0].strip().lower()

    @property
    def supported(self) -> frozenset[str]:
        """Option tags in lower case."""
        return self._tags("Supported", fold=True)

    @property
    def required(self) -> frozenset[str]:
        """Option tags of Require in lower case."""
        return self._tags("Require", fold=True)

    @property
    def allowed(self) -> frozenset[str]:
        """Methods of Allow, case-sensitive as methods are."""
        return self._tags("Allow", fold=False)

    # -- the wire -----------------------------------------------------------------------------------------------------

    @abstractmethod
    def start_line(self) -> str:
        """The first line, without its line end."""

    def encode(self) -> bytes:
        """The message as bytes, Content-Length included.

        Raises ``UnsafeMessage`` when a line end or NUL sits in the start line or a header: whatever a caller name or
        a database field holds, it cannot add a header. (NUL stays legal as a quoted pair, RFC 3261 §25.1.)
        """
        body = self.body
        lines = [self.start_line()]
        lines += [f"{name}: {value}" for name, values in self._fields.items() for value in values]
        lines.append(f"Content-Length: {len(body)}\r\n\r\n")
        head = "\r\n".join(lines)
        ends = len(lines) + 1
        if head.count("\n") != ends or head.count("\r") != ends or ("\0" in head and "\0" in head.replace("\\\0", "")):
            raise UnsafeMessage("line end or NUL in a header value")
        try:
            return head.encode("utf-8", "surrogateescape") + body
        except UnicodeEncodeError:
            raise UnsafeMessage("a header value is not text") from None

    def _copy_into(self, other: Message) -> None:
        other._fields = dict(self._fields)
        other._odd = dict(self._odd) if self._odd else None
        other._cache = dict(self._cache)
        other.body = self.body


class Request(Message):
    """A request. ``uri`` is the Request-URI as text; ``target`` the same, parsed."""

    __slots__ = ("method", "uri")

    def __init__(self, method: str, uri: str | Uri, headers: Headers = (), body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.method = method
        self.uri = uri if isinstance(uri, str) else str(uri)

    @classmethod
    def of(cls, method: str, uri: str, fields: dict[str, tuple[str, ...]]) -> Request:
        """A request of our own making: ``fields`` are headers by their canonical names, and become its own."""
        request = cls.__new__(cls)
        request._fields, request._odd, request._cache = fields, None, {}
        request.method, request.uri, request.body = method, uri, b""
        return request

    @property
    def target(self) -> Uri:
        """The Request-URI. Raises ``BadHeader`` when it is garbage (never after ``parse_message``)."""
        cached: tuple[str, Uri] | None = self._cache.get("")
        if cached is None or cached[0] is not self.uri:
            try:
                cached = self._cache[""] = (self.uri, parse_uri(self.uri))
            except BadUri as bad:
                raise BadHeader(f"Request-URI: {bad}") from None
        return cached[1]

    def start_line(self) -> str:
        method, uri = self.method, self.uri
        if " " in uri or " " in method or not uri or not method:
            raise UnsafeMessage("blank in the request line")
        return f"{method} {uri} SIP/2.0"

    def copy(self) -> Request:
        """An independent copy; costs little, the values are shared."""
        other = Request.__new__(Request)
        self._copy_into(other)
        other.method, other.uri = self.method, self.uri
        return other

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri}>"


class Response(Message):
    """A response. An empty ``reason`` becomes the status code's default phrase."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str = "", headers: Headers = (), body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.status = status
        self.reason = reason or REASONS.get(status, "")

    @classmethod
    def answer(cls, request: Request, status: int, reason: str = "", *, to_tag: str = "") -> Response:
        """A response to ``request`` with Via, From, To, Call-ID and CSeq copied (RFC 3261 §8.2.6), Timestamp into a 100
        and Record-Route into what forms a dialog (§12.1.1). ``to_tag`` is added unless To has a tag."""
        response = cls.__new__(cls)
        response.status, response.reason = status, reason or REASONS.get(status, "")
        response._odd, response.body = None, b""
        fields = request._fields
        forming = 100 < status < 300 and request.method in _DIALOG_FORMING and "Record-Route" in fields
        response._fields = copied = {
            name: fields[name] for name in (_COPIED_WITH_ROUTE if forming else _COPIED) if name in fields
        }
        if status == 100 and "Timestamp" in fields:
            copied["Timestamp"] = fields["Timestamp"]
        cache = request._cache
        response._cache = {name: cache[name] for name in _COPIED_VALUES if name in cache}
        if to_tag and status != 100 and not request.to.tag:
            # Before any other parameter would need the same care; after the value is always grammatical.
            copied["To"] = (f"{copied['To'][0]};tag={to_tag}",)
        return response

    @property
    def final(self) -> bool:
        return self.status >= 200

    def start_line(self) -> str:
        return f"SIP/2.0 {self.status:03d} {self.reason}"

    def copy(self) -> Response:
        """An independent copy; costs little, the values are shared."""
        other = Response.__new__(Response)
        self._copy_into(other)
        other.status, other.reason = self.status, self.reason
        return other

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason}>"


_NO_TAGS: frozenset[str] = frozenset()
_KEPT_LENGTH = 300


def _parse_tags(values: tuple[str, ...], fold: bool) -> frozenset[str]:
    tokens = [token for value in values for token in parse_tokens(value)]
    return frozenset(token.lower() for token in tokens) if fold else frozenset(tokens)


_known_tags = lru_cache(1024)(_parse_tags)
"""Allow and Supported: the same in all messages of a model of phone."""


def parse_call_id(text: str) -> str:
    if not text or " " in text or "\t" in text:
        raise BadHeader("bad Call-ID")
    return text


def _parse_max_forwards(text: str) -> int:
    number = _FORWARDS.get(text)
    return parse_number(text, "Max-Forwards", maximum=255) if number is None else number
