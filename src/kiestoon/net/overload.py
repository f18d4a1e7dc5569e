"""Overload protection: how many new calls are let in, and refusing the others for almost nothing.

The gate measures how long input waits (the kernel's receive queue, the event loop) and limits the rate of new INVITEs
when even the shortest wait of an interval is too long (CoDel's sign of a standing queue, RFC 8289 §4). From then on
the limit is steered by the wait and its trend (as PIE does, RFC 8033 §4.2) so that a short queue stays: the processor
never runs dry, and nobody waits long. The limit is lifted as soon as an interval passes without a refusal.
Everything inside calls in progress, registrations and emergency calls always pass.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Literal, TypeAlias

from kiestoon.sip.message import Request, Response

NO_LIMIT = float("inf")
LEAST_RATE = 10.0
"""Calls per second that are always let in: so few do no harm, and from nothing there is no way back."""
SETTLING_S = 0.25
"""In about this time a queue is brought to the length wanted."""
CAUTION = 0.6
"""How much of what one interval seems to ask for is done: waits and arrivals fluctuate."""
MARK = b"ovl-"
"""Start of the To tags we put into stateless refusals, so that their ACKs are known again (no state is kept)."""

_CALL_ID = re.compile(rb"\r\n(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_COPIED = re.compile(rb"\r\n(via|v|from|f|to|t|call-id|i|cseq)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
"""The headers a response copies, in one sweep: a refusal has to cost next to nothing."""
_PLACES = {b"via": 0, b"v": 0, b"from": 1, b"f": 1, b"to": 2, b"t": 2, b"call-id": 3, b"i": 3, b"cseq": 4}
_PLACES |= {name.encode(): _PLACES[name.lower().encode()] for name in ("Via", "From", "To", "Call-ID", "CSeq")}
_Head: TypeAlias = tuple[list[bytes], bytes, bytes, bytes, bytes]
"""Via values, From, To, Call-ID, CSeq."""
_MARKED = re.compile(rb";tag=(" + MARK + rb"[0-9a-f]{16})(?=[;\r])")
_TAG = re.compile(rb";[ \t]*tag[ \t]*=[ \t]*([^;\s]*)", re.IGNORECASE)
_USER = re.compile(rb"INVITE (?:(?:sips?|tel):([^@;>\s]*)|urn:service:(sos)(?=[.\s]))", re.IGNORECASE)
_USUAL_VIA = re.compile(
    rb"(SIP/2\.0/UDP [A-Za-z0-9._-]+(?::[0-9]{1,5})?(?:;branch=[A-Za-z0-9._-]+)?);rport((?:;branch=[A-Za-z0-9._-]+)?)"
)
"""What nearly every phone and trunk writes; ``_TOP_VIA`` reads the others."""
_TOP_VIA = re.compile(rb"SIP/2\.0/(?:UDP|udp) (?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?([^,\"]*)(,.*)?")
_RPORT = re.compile(rb";[ \t]*rport(?![^;=\s])[^;,]*", re.IGNORECASE)
_RECEIVED = re.compile(rb";[ \t]*received[ \t]*=[^;,]*", re.IGNORECASE)
_REFUSAL = b"SIP/2.0 503 Service Unavailable\r\nVia: %b\r\nFrom: %b\r\nTo: %b;tag=%b\r\nCall-ID: %b\r\nCSeq: %b\r\n%b"

Wait = Literal["socket", "loop"]


class OverloadGate:
    """Decides about new INVITEs. ``secret`` keys the marks in refusals; ``emergency`` are users of Request-URIs that
    always pass ("sos": also ``urn:service:sos``, RFC 5031); ``target_s`` is the longest wait that is still fine;
    ``retry_after_s`` goes into the 503."""

    def __init__(
        self,
        secret: bytes,
        emergency: frozenset[str] = frozenset({"112", "911", "999", "sos"}),
        *,
        target_s: float = 0.02,
        interval_s: float = 0.1,
        retry_after_s: int = 5,
    ) -> None:
        self._keyed = hashlib.blake2b(digest_size=8, key=secret[:32])
        self._emergency: frozenset[bytes] = frozenset()
        self.let_pass(emergency)
        self._target_s = target_s
        self._interval_s = interval_s
        self._tail = b"Retry-After: %d\r\nContent-Length: 0\r\n\r\n" % retry_after_s
        self._retry_after = str(retry_after_s)
        self.rate = NO_LIMIT
        """New calls per second let in at present; infinite when not overloaded."""
        self.admitted = 0
        self.refused = 0
        self._tokens = 0.0
        self._refilled_at = 0.0
        self._interval_from = float("-inf")
        self._shortest: dict[Wait, float] = {}
        self._busy = 0.0
        self._last_wait = 0.0
        self._counts = (0, 0)
        # Call-IDs let in lately: their retransmissions and authenticated repeats are no new calls. Two generations.
        self._known: set[int] = set()
        self._known_before: set[int] = set()
        self._aged_at = 0.0

    def let_pass(self, emergency: Iterable[str]) -> None:
        """Exchange the users of Request-URIs that always pass."""
        self._emergency = frozenset(user.encode() for user in emergency)

    # --- measuring --------------------------------------------------------------------------------------------------

    def sample(self, waited_s: float, now: float, kind: Wait = "socket") -> None:
        """One measured wait: of a datagram in the socket, or of a timer in the event loop."""
        shortest = self._shortest.get(kind)
        if shortest is None or waited_s < shortest:
            self._shortest[kind] = waited_s
        if now - self._interval_from >= self._interval_s:
            self._close_interval(now)

    def sample_busy(self, fraction: float) -> None:
        """How much of a core the process used lately (0-1): a saturated one gets no higher limit."""
        self._busy = fraction

    def _close_interval(self, now: float) -> None:
        length = now - self._interval_from
        admitted, refused = self.admitted - self._counts[0], self.refused - self._counts[1]
        self._counts = (self.admitted, self.refused)
        self._interval_from = now
        wait = max(self._shortest.values(), default=0.0)
        self._shortest.clear()
        last_wait, self._last_wait = self._last_wait, wait
        if wait <= self._target_s and (refused == 0 or self.rate == NO_LIMIT):
            self.rate = NO_LIMIT
        elif length < 10 * self._interval_s:
            # Where nothing was refused, it is not the limit that decided how many came in.
            present = self.rate if refused else min(self.rate, max(1, admitted) / length)
            self.rate = max(LEAST_RATE, present * (1.0 + self._correction(wait, (wait - last_wait) / length)))
            self._tokens = min(self._tokens, 1.0)

    def _correction(self, wait: float, trend: float) -> float:
        """By which share to change the limit.

        A wait that grows by a tenth of the time that passes means a tenth too much work, so trend and distance from
        the queue wanted are shares of the work already. An idle processor adds to that: a limit that was set while
        something else had it must not linger.
        """
        distance = (wait - self._target_s / 2) / SETTLING_S
        idle = max(0.0, 0.97 - self._busy) if wait < self._target_s / 4 else 0.0
        return max(-0.3, min(0.5, 0.4 * idle - CAUTION * (trend + distance)))

    # --- deciding ---------------------------------------------------------------------------------------------------

    def admit(self, now: float) -> bool:
        """Whether one more call may come in now. Counts it."""
        if now - self._interval_from >= self._interval_s:
            self._close_interval(now)
        if self.rate == NO_LIMIT:
            self.admitted += 1
            self._refilled_at = now
            return True
        burst = max(1.0, self.rate * self._interval_s)
        self._tokens = min(burst, self._tokens + (now - self._refilled_at) * self.rate)
        self._refilled_at = now
        if self._tokens < 1.0:
            self.refused += 1
            return False
        self._tokens -= 1.0
        self.admitted += 1
        return True

    def _is_known(self, call_id: bytes) -> bool:
        key = hash(call_id)
        return key in self._known or key in self._known_before

    def _remember(self, call_id: bytes, now: float) -> None:
        if now - self._aged_at > 32.0:
            self._known_before, self._known, self._aged_at = self._known, set(), now
        self._known.add(hash(call_id))

    # --- datagrams, before parsing ----------------------------------------------------------------------------------

    def screen(self, data: bytes, source: tuple[str, int], now: float) -> tuple[bytes, int] | None:
        """What to answer an INVITE datagram with instead of handling it, and to which port of its source; None: handle
        it. For anything that is no new call, and for what this reader cannot make out, the answer is None."""
        if self.rate == NO_LIMIT and self.admit(now):
            quick = _CALL_ID.search(data)
            if quick is not None:
                self._remember(quick.group(1), now)
            return None
        found = _read_head(data)
        if found is None:
            return None
        _, _, to, call_id, _ = found
        if _tag_of(to) or self._is_known(call_id):
            return None
        if self._is_emergency(data) or self.admit(now):
            self._remember(call_id, now)
            return None
        return self._refusal(found, source)

    def stateless_503(self, data: bytes, source: tuple[str, int]) -> bytes | None:
        """The 503 for a new INVITE straight from its bytes; None when they are no INVITE this reader can make out, are
        inside a dialog, or go to an emergency number."""
        found = _read_head(data)
        if found is None or _tag_of(found[2]) or self._is_emergency(data):
            return None
        refusal = self._refusal(found, source)
        return None if refusal is None else refusal[0]

    def _is_emergency(self, data: bytes) -> bool:
        user = _USER.match(data)
        return user is not None and (b"sos" if user.group(2) else user.group(1)) in self._emergency

    def _refusal(self, found: _Head, source: tuple[str, int]) -> tuple[bytes, int] | None:
        vias, from_, to, call_id, cseq = found
        stamped = _stamp(vias[0], source)
        if stamped is None:
            return None
        vias[0], port = stamped
        answer = (
            b"SIP/2.0 503 Service Unavailable\r\nVia: %b\r\nFrom: %b\r\nTo: %b;tag=%b\r\nCall-ID: %b\r\nCSeq: %b\r\n%b"
        )
        return answer % (b"\r\nVia: ".join(vias), from_, to, self._mark(call_id), call_id, cseq, self._tail), port

    def _mark(self, call_id: bytes) -> bytes:
        mark = self._keyed.copy()
        mark.update(call_id)
        return MARK + mark.hexdigest().encode()

    def absorbs(self, data: bytes) -> bool:
        """Whether a datagram is the ACK for a stateless refusal of ours; it needs no further handling."""
        if data[:4] != b"ACK " or MARK not in data:
            return False
        marked, call_id = _MARKED.search(data), _CALL_ID.search(data)
        if marked is not None and call_id is not None and marked.group(1) == self._mark(call_id.group(1)):
            return True
        found = _read_head(data)
        return found is not None and _tag_of(found[2]) == self._mark(found[3])

    # --- messages from streams, already parsed ----------------------------------------------------------------------

    def screen_request(self, request: Request, now: float) -> Response | None:
        """Like ``screen`` for a parsed INVITE."""
        if request.method != "INVITE" or request.to.tag:
            return None
        call_id = request.call_id.encode("utf-8", "surrogateescape")
        if self._is_known(call_id):
            return None
        if self._is_emergency(f"INVITE {request.target} ".encode("utf-8", "surrogateescape")) or self.admit(now):
            self._remember(call_id, now)
            return None
        refusal = Response.answer(request, 503, "Service Unavailable", to_tag=self._mark(call_id).decode())
        refusal.add("Retry-After", self._retry_after)
        return refusal

    def absorbs_request(self, request: Request) -> bool:
        """Like ``absorbs`` for a parsed ACK."""
        tag = request.to.tag
        if request.method != "ACK" or not tag.startswith(MARK.decode()):
            return False
        return tag.encode("utf-8", "surrogateescape") == self._mark(request.call_id.encode("utf-8", "surrogateescape"))


def _read_head(data: bytes) -> _Head | None:
    """The headers a response copies, None unless each is there and none is folded."""
    end = data.find(b"\r\n\r\n", 0, 16384)
    if end < 0 or data.find(b"\r\n ", 0, end) >= 0 or data.find(b"\r\n\t", 0, end) >= 0:
        return None
    found: tuple[list[bytes], ...] = ([], [], [], [], [])
    for name, value in _COPIED.findall(data, 0, end):
        place = _PLACES.get(name)
        found[_PLACES[name.lower()] if place is None else place].append(value)
    vias, from_, to, call_id, cseq = found
    if not vias or not len(from_) == len(to) == len(call_id) == len(cseq) == 1:
        return None
    return vias, from_[0], to[0], call_id[0], cseq[0]


def _tag_of(address: bytes) -> bytes:
    """The tag parameter of a From or To value, b"" when it has none."""
    found = _TAG.search(address, address.rfind(b">") + 1)
    return found.group(1) if found else b""


def _stamp(via: bytes, source: tuple[str, int]) -> tuple[bytes, int] | None:
    """The top Via with ``received`` and ``rport``, and the port to answer to (RFC 3261 §18.2, RFC 3581 §4)."""
    host, port = source
    usual = _USUAL_VIA.fullmatch(via)
    if usual is not None:
        return b"%b;rport=%d%b;received=%b" % (usual[1], port, usual[2], host.encode()), port
    found = _TOP_VIA.fullmatch(via)
    if found is None:
        return None
    port_text, params, others = found.groups()
    own = via[: found.start(2)]
    if b"received" in params.lower():
        params = _RECEIVED.sub(b"", params)
    params, asked = _RPORT.subn(b";rport=%d" % port, params, count=1)
    if not asked:
        port = int(port_text) if port_text else 5060
    return own + params.rstrip() + b";received=" + host.encode() + (others or b""), port if 0 < port < 65536 else 5060
