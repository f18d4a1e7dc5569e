"""From bytes to messages (RFC 3261 §7, §18.3), and what to do with those that are none.

The head is split once and kept as text; of the headers only those every element needs are read at once, so that a
message that gets through can be used without further checks. Everything is linear in the size of the message, and the
sizes are bounded.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache

from kiestoon.sip.headers.address import parse_contact, parse_name_addr
from kiestoon.sip.headers.grammar import TOKEN, BadHeader
from kiestoon.sip.headers.names import KNOWN
from kiestoon.sip.headers.sequence import parse_cseq
from kiestoon.sip.headers.via import parse_via
from kiestoon.sip.message import Message, Request, Response, UnsafeMessage, parse_call_id

MAX_HEAD_BYTES = 32_768
"""Start line and headers together. The largest real ones (STIR, long History-Info) are below 8 KB."""
MAX_LINE_CHARS = 8_192
_KEPT_LENGTH = 200
MAX_HEADER_LINES = 256
MAX_BODY_BYTES = 262_144
"""Streams only; datagrams are bounded by UDP. Presence lists of large companies are the biggest bodies."""

_request_line = re.compile(rf"({TOKEN}) ([^ \t\r\n]+) SIP/([0-9]+\.[0-9]+)", re.ASCII | re.IGNORECASE)
_status_line = re.compile(r"SIP/([0-9]+\.[0-9]+) ([0-9]{3})(?: (.*))?", re.ASCII | re.IGNORECASE)
_field_name = re.compile(rf"({TOKEN})[ \t]*", re.ASCII)
_fold = re.compile(r"\r\n[ \t]+")
_request_like = re.compile(rf"{TOKEN} .*SIP/[0-9]+\.[0-9]+[ \t]*", re.ASCII | re.IGNORECASE)


_SINGLE: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("Call-ID", parse_call_id),
    ("From", parse_name_addr),
    ("To", parse_name_addr),
    ("CSeq", parse_cseq),
)
_AT_MOST_ONE = ("Max-Forwards", "Content-Type")
_LISTS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("Contact", parse_contact),
    ("Route", parse_name_addr),
    ("Record-Route", parse_name_addr),
)


class BadMessage(Exception):
    """Bytes that are no acceptable message.

    ``status``: the code to answer with, 0 for silence. ``reason``: what is wrong, for the log and the answer's reason
    phrase. ``response``: ready to send back where the bytes came from, or None. Never carries a traceback when handed
    out as a value.
    """

    def __init__(self, status: int, reason: str, response: Response | None = None) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.response = response


class _Fault(Exception):
    """Why the message under construction is to be refused."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class _Folded(Exception):
    """A header goes on in the next line (RFC 3261 §7.3.1): rare enough to be found in passing."""


def parse_message(data: bytes) -> Request | Response:
    """Reads one datagram or one framed message. Raises ``BadMessage`` and nothing else.

    Bytes beyond Content-Length are cut off; without Content-Length the body is the rest (RFC 3261 §18.3).
    """
    message = split_message(data)
    try:
        check_core(message)
    except BadHeader as bad:
        raise _refuse(message, 400, str(bad)) from None
    except _Fault as fault:
        raise _refuse(message, fault.status, fault.reason) from None
    return message


def split_message(data: bytes) -> Request | Response:
    """The lazy half of ``parse_message``: lines and body, no header read. Raises ``BadMessage``."""
    if data[:2] == b"\r\n":
        data = data.lstrip(b"\r\n")
    end = data.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES + 4)
    complete = end >= 0
    if not complete:
        end = min(len(data), MAX_HEAD_BYTES)
    text = data[:end].decode("utf-8", "surrogateescape")
    try:
        message, fault = _read_head(text)
    except _Folded:
        message, fault = _read_head(_fold.sub(" ", text))
    if not complete:
        fault = _Fault(513, "Message Too Large") if len(data) > end else _Fault(400, "Headers without an end")
    fault = _cut_body(message, data, end + 4) or fault
    if fault is not None:
        raise _refuse(message, fault.status, fault.reason)
    return message


def _read_head(text: str) -> tuple[Request | Response, _Fault | None]:
    lines = text.split("\r\n")
    message, fault = _start(lines[0])
    return message, _read_fields(message, lines, text) or fault


def _start(line: str) -> tuple[Request | Response, _Fault | None]:
    method, rest, version = _known_start(line) if len(line) <= _KEPT_LENGTH else _parse_start(line)
    if isinstance(method, str):
        request = _bare_request(method, rest)
        if not rest:
            # Blanks or brackets around the Request-URI (RFC 4475 §3.1.2.7-10): the sender can be told.
            return request, _Fault(400, "Malformed Request-Line")
        return request, None if version == "2.0" else _Fault(505, "Version Not Supported")
    if version != "2.0" or not 100 <= method <= 699:
        raise BadMessage(0, "not a SIP/2.0 response")
    response = Response.__new__(Response)
    response._fields, response._odd, response._cache = {}, None, {}
    response.status, response.reason = method, rest
    return response, None


def _parse_start(line: str) -> tuple[str | int, str, str]:
    """Method, Request-URI ("": there is none to be made out) and version, or status, reason and version."""
    found = _request_line.fullmatch(line)
    if found is not None:
        method, uri, version = found.groups()
        return method, uri, version
    found = _status_line.fullmatch(line)
    if found is not None:
        version, status, reason = found.groups()
        return int(status), reason or "", version
    if line[:4].upper() != "SIP/" and _request_like.fullmatch(line):
        return line.partition(" ")[0], "", ""
    raise BadMessage(0, "no SIP start line")


_known_start = lru_cache(2048)(_parse_start)


def _bare_request(method: str, uri: str) -> Request:
    request = Request.__new__(Request)
    request._fields, request._odd, request._cache = {}, None, {}
    request.method, request.uri = method, uri
    return request


def _read_fields(message: Message, lines: list[str], text: str) -> _Fault | None:
    fault: _Fault | None = None
    breaks = len(lines) - 1
    if text.count("\n") != breaks or text.count("\r") != breaks:
        fault = _Fault(400, "Stray line end")
    elif "\0" in text and "\0" in text.replace("\\\0", ""):
        fault = _Fault(400, "NUL in the headers")
    elif breaks > MAX_HEADER_LINES:
        fault = _Fault(513, "Too Many Headers")
        del lines[MAX_HEADER_LINES + 1 :]
    elif len(text) > MAX_LINE_CHARS and max(map(len, lines)) > MAX_LINE_CHARS:
        fault = _Fault(513, "Header Too Long")
    fields = message._fields
    known = KNOWN.get
    del lines[0]
    for line in lines:
        name, colon, value = line.partition(":")
        key = known(name) or _odd_name(message, name)
        if not key or not colon:
            continue  # a malformed line that nothing depends on is ignored (§8.2.2); if it mattered, it is missing now
        if key in fields:
            fields[key] += (value.strip(" \t"),)
        else:
            fields[key] = (value.strip(" \t"),)
    return fault


def _odd_name(message: Message, name: str) -> str:
    """The key of a header that is not known by this spelling, "" for a line that is no header."""
    if name[:1] in {" ", "\t"}:
        raise _Folded
    found = _field_name.fullmatch(name)
    return message._make(found.group(1)) if found else ""


def _cut_body(message: Message, data: bytes, start: int) -> _Fault | None:
    values = message._fields.pop("Content-Length", None)
    if values is None:
        message.body = data[start:]
        return None
    length = read_content_length(values)
    if length is None:
        return _Fault(400, "Bad Content-Length")
    message.body = data[start : start + length]
    if len(message.body) < length:
        return _Fault(400, "Body shorter than Content-Length")
    return None


def read_content_length(values: tuple[str, ...]) -> int | None:
    """The one Content-Length, None when it is repeated or no number."""
    text = values[0]
    if len(values) != 1 or not (text.isascii() and text.isdigit()) or len(text.lstrip("0")) > 9:
        return None
    return int(text)


def check_core(message: Request | Response) -> None:
    """Reads what every element needs, so that the message's properties cannot fail later.

    Raises ``BadHeader`` (or an internal fault with the status). Also refuses repeated single-value headers
    (RFC 4475 §3.3.8) and a CSeq for another method (§3.1.2.17).
    """
    fields, cache = message._fields, message._cache
    for key, parse in _SINGLE:
        values = fields.get(key)
        if values is None:
            raise BadHeader(f"no {key}")
        if len(values) > 1:
            raise BadHeader(f"more than one {key}")
        cache[key] = parse(values[0])
    for key in _AT_MOST_ONE:
        if key in fields and len(fields[key]) > 1:
            raise BadHeader(f"more than one {key}")
    vias = fields.get("Via")
    if vias is not None and "," not in vias[0]:
        cache["Via"] = parse_via(vias[0])
    _ = message.via, message.max_forwards
    for key, parse in _LISTS:
        if key in fields:
            message._many(key, parse)
    if isinstance(message, Request):
        if cache["CSeq"].method != message.method:
            raise BadHeader("CSeq names another method")
        _ = message.target


def _refuse(message: Request | Response, status: int, reason: str) -> BadMessage:
    """The refusal with its answer: for requests that have a Via, whatever it says (it is the sender's own), but for
    ACK. What is missing cannot be copied (RFC 4475 §3.3.1)."""
    if isinstance(message, Response) or message.method == "ACK" or "Via" not in message._fields:
        return BadMessage(0, reason)
    message._cache.clear()
    response = Response.answer(message, status, _phrase(reason))
    _add_stateless_tag(message, response)
    try:
        response.encode()
    except UnsafeMessage:
        return BadMessage(0, reason)
    return BadMessage(status, reason, response)


def _add_stateless_tag(message: Message, response: Response) -> None:
    """The same request gets the same tag, though nothing is remembered of it (RFC 3261 §8.2.7)."""
    fields = message._fields
    try:
        if message.to.tag:
            return
    except BadHeader:
        return
    mark = "\n".join((*fields["Via"], *fields.get("Call-ID", ())))
    tag = hashlib.blake2s(mark.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    response.set("To", f"{fields['To'][0]};tag={tag}")


def _phrase(reason: str) -> str:
    """The reason as a phrase that can stand in a status line whatever the sender put into it."""
    return "".join(c for c in reason if c.isascii() and c.isprintable())[:120]


def refuse_head(head: bytes, status: int, reason: str) -> BadMessage:
    """A ``BadMessage`` for a head whose body cannot be had (a stream that lost its framing)."""
    try:
        message = split_message(head)
    except BadMessage as bad:
        if bad.response is None:
            return BadMessage(0, reason)
        bad.response.status, bad.response.reason = status, reason
        return BadMessage(status, reason, bad.response)
    return _refuse(message, status, reason)
