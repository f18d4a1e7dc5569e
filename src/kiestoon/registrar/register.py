"""Processing a REGISTER that its sender was allowed to send (RFC 3261 §10.3, RFC 5626 §6, RFC 3327 §5.3)."""

from __future__ import annotations

from email.utils import formatdate
from functools import lru_cache
from sys import intern
from typing import Final

import msgspec

from kiestoon.registrar.bindings import Binding, Bindings, binding_source, same_binding
from kiestoon.sip.flow import RELIABLE, Flow
from kiestoon.sip.headers import NameAddr
from kiestoon.sip.headers.grammar import quote
from kiestoon.sip.message import Request, Response

EXTENSIONS: Final = frozenset({"path", "outbound"})
_MAX_TEXT: Final = 512
_MAX_PATH: Final = 8


class RegisterSettings(msgspec.Struct, frozen=True):
    """Expiry in seconds: what a device asks for is cut to ``max_expires_s``, refused with 423 below ``min_expires_s``.
    ``flow_timer_s`` is told to RFC 5626 phones on connections as the longest silence between keep-alives."""

    min_expires_s: int = 60
    max_expires_s: int = 3_600
    default_expires_s: int = 3_600
    max_contacts: int = 8
    flow_timer_s: int = 120


class Rejected(Exception):
    """The registration fails as a whole with this status; nothing was changed."""

    def __init__(self, status: int, reason: str = "", headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.headers = headers


def register(
    request: Request,
    device_id: int,
    flow: Flow,
    *,
    bindings: Bindings,
    settings: RegisterSettings,
    now: float,
    wall_s: float,
    to_tag: str,
) -> Response:
    """Change the device's bindings as the request says and answer it. All or nothing (§10.3 step 7)."""
    try:
        _check_extensions(request)
        if request.has("Contact"):
            updated = _updated(request, bindings.of(device_id), _Asked(request, device_id, flow, settings, now))
            bindings.replace(device_id, updated, now, wall_s)
    except Rejected as rejected:
        response = Response.answer(request, rejected.status, rejected.reason, to_tag=to_tag)
        for name, value in rejected.headers:
            response.add(name, value)
        return response
    return _accepted(request, bindings.of(device_id), flow, settings, now=now, wall_s=wall_s, to_tag=to_tag)


def _check_extensions(request: Request) -> None:
    unknown = request.required - EXTENSIONS
    if unknown:
        raise Rejected(420, "", (("Unsupported", ", ".join(sorted(unknown))),))


class _Asked:
    """What all contacts of one REGISTER share."""

    def __init__(self, request: Request, device_id: int, flow: Flow, settings: RegisterSettings, now: float) -> None:
        self.request = request
        self.device_id = device_id
        self.flow = flow
        self.settings = settings
        self.now = now
        self.call_id = request.call_id
        self.cseq = request.cseq.number
        header = request.get("Expires")
        self.expires_s = settings.default_expires_s if header is None else _seconds(header, settings.default_expires_s)
        self.path = tuple(request.all("Path"))
        if len(self.path) > _MAX_PATH or sum(map(len, self.path)) > _MAX_TEXT * 2:
            raise Rejected(400, "Path Too Long")
        self.user_agent = intern((request.get("User-Agent") or "")[:80])
        self.outbound = "outbound" in request.supported and _first_hop_keeps_flow(request)

    def binding(self, contact: NameAddr, expires_s: int) -> Binding:
        uri = str(contact.uri)
        if not contact.uri.is_sip or not contact.uri.host or len(uri) > _MAX_TEXT:
            raise Rejected(400, "Bad Contact")
        instance = (contact.params.get("+sip.instance") or "")[:_MAX_TEXT]
        reg_id = _reg_id(contact.params.get("reg-id")) if instance else 0
        if reg_id and "outbound" in self.request.supported and not self.outbound:
            raise Rejected(439)  # RFC 5626 §6: a proxy in between would not keep the flow
        return Binding(
            device_id=self.device_id,
            contact=uri,
            expires_at=self.now + expires_s,
            call_id=self.call_id,
            cseq=self.cseq,
            flow=self.flow,
            source=binding_source(self.flow),
            path=self.path,
            instance=instance,
            reg_id=reg_id if self.outbound else 0,
            q=_thousandths(contact.params.get("q")),
            user_agent=self.user_agent,
        )

    def granted_s(self, contact: NameAddr) -> int:
        """The expiry for one contact: its own parameter before the header (§10.3 step 6); 0 removes it."""
        own = contact.params.get("expires")
        asked = self.expires_s if own is None else _seconds(own, self.settings.default_expires_s)
        if 0 < asked < self.settings.min_expires_s:
            raise Rejected(423, "", (("Min-Expires", str(self.settings.min_expires_s)),))
        return min(asked, self.settings.max_expires_s)


def _updated(request: Request, current: tuple[Binding, ...], asked: _Asked) -> list[Binding]:
    contacts = request.contacts
    if len(contacts) > asked.settings.max_contacts:
        raise Rejected(403, "Too Many Contacts")
    if any(contact.star for contact in contacts):
        if len(contacts) > 1 or asked.expires_s != 0 or request.get("Expires") is None:
            raise Rejected(400, "Contact * Needs Expires: 0 And No Other Contact")  # §10.3 step 6
        for binding in current:
            _check_order(binding, asked)
        return []
    updated = list(current)
    for contact in contacts:
        expires_s = asked.granted_s(contact)
        fresh = asked.binding(contact, expires_s)
        for old in [binding for binding in updated if same_binding(binding, fresh)]:
            if old in current:
                _check_order(old, asked)
            updated.remove(old)
        if expires_s:
            updated.append(fresh)
    return updated


def _check_order(binding: Binding, asked: _Asked) -> None:
    """§10.3 step 7: a request that was overtaken must not undo a later one."""
    if binding.call_id == asked.call_id and asked.cseq <= binding.cseq:
        raise Rejected(500, "Out Of Order")


def _first_hop_keeps_flow(request: Request) -> bool:
    """RFC 5626 §6: directly connected (one Via), or the edge proxy said "ob" in the last Path added."""
    if len(request.all("Via")) == 1:
        return True
    path = request.all("Path")
    return bool(path) and _has_ob(path[-1])


def _has_ob(path: str) -> bool:
    uri = path.partition("<")[2].partition(">")[0]
    return "ob" in {part.partition("=")[0].lower() for part in uri.split(";")[1:]}


def _accepted(
    request: Request,
    bindings: tuple[Binding, ...],
    flow: Flow,
    settings: RegisterSettings,
    *,
    now: float,
    wall_s: float,
    to_tag: str,
) -> Response:
    response = Response.answer(request, 200, to_tag=to_tag)
    outbound = False
    for binding in bindings:
        response.add("Contact", _contact(binding, now))
        outbound = outbound or (bool(binding.reg_id) and binding.flow == flow)
    if outbound:
        response.add("Require", "outbound")  # RFC 5626 §6
        if flow.transport in RELIABLE and settings.flow_timer_s:
            response.add("Flow-Timer", str(settings.flow_timer_s))
    if "path" in request.supported:
        for value in request.all("Path"):
            response.add("Path", value)  # RFC 3327 §5.3
    response.add("Supported", "path, outbound")
    response.add("Date", sip_date(wall_s))
    return response


def _contact(binding: Binding, now: float) -> str:
    text = f"<{binding.contact}>;expires={binding.remaining_s(now)}"
    if binding.q != 1000:
        text += f";q={binding.q / 1000:g}"
    if binding.instance:
        text += f";+sip.instance={quote(binding.instance)}"
        if binding.reg_id:
            text += f";reg-id={binding.reg_id}"
    return text


def sip_date(wall_s: float) -> str:
    """A Date header's value (RFC 3261 §20.17)."""
    return _date_of(int(wall_s))


@lru_cache(4)
def _date_of(second: int) -> str:
    return formatdate(second, usegmt=True)


def _seconds(text: str, otherwise: int) -> int:
    """delta-seconds; malformed values count as the default (§20.19), large ones as the largest."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        return otherwise
    return min(int(text), 2**32 - 1) if len(text) <= 10 else 2**32 - 1


def _reg_id(text: str | None) -> int:
    """reg-id (RFC 5626 §11.1): 1 to 2^31 - 1, 0 for none."""
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 10:
        return 0
    number = int(text)
    return number if number < 2**31 else 0


def _thousandths(text: str | None) -> int:
    """qvalue (§25.1) in thousandths; 1000 when absent or malformed."""
    if not text or len(text) > 5:
        return 1000
    whole, _, part = text.partition(".")
    if whole not in {"0", "1"} or not (part == "" or (part.isascii() and part.isdigit())):
        return 1000
    return min(1000, int(whole) * 1000 + int(part.ljust(3, "0")[:3]))
