"""Outside lines (RTE-20): registration at providers, how many calls each carries, which one is out of order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import structlog

from kiestoon.sip.digest import Credentials
from kiestoon.sip.headers import NameAddr
from kiestoon.sip.uri import Uri

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.company.model import Trunk
    from kiestoon.sip.events import ResponseReceived
    from kiestoon.sip.flow import Destination

log = structlog.get_logger("lines")

RETRY_FIRST_S = 30.0
RETRY_MOST_S = 1800.0
AVOID_S = 30.0


class LineState(msgspec.Struct, gc=False):
    """One trunk's live state. ``registered_until`` is engine time; ``avoid_until`` after a failed call set-up."""

    calls: int = 0
    registered: bool = False
    failures: int = 0
    avoid_until: float = 0.0
    call_id: str = ""
    cseq: int = 0
    status: int = 0
    reason: str = ""


class Registering(msgspec.Struct, frozen=True, gc=False):
    """Token of a REGISTER of ours."""

    trunk_id: int
    remove: bool = False


class Lines:
    """Live state of every trunk. Registration follows RFC 3261 §10.2, back-off RFC 5626 §4.5."""

    def __init__(self) -> None:
        self.states: dict[int, LineState] = {}

    def state(self, trunk_id: int) -> LineState:
        """The trunk's state, made on first use."""
        state = self.states.get(trunk_id)
        if state is None:
            state = self.states[trunk_id] = LineState()
        return state

    # --- calls -----------------------------------------------------------------------------------------------------

    def may_take(self, trunk: Trunk, *, emergency: bool, now: float) -> bool:
        """Whether the next call may go out here. Nothing refuses an emergency call (RTE-23)."""
        if emergency:
            return True
        state = self.state(trunk.id)
        if trunk.max_calls and state.calls >= trunk.max_calls:
            return False
        return not (trunk.kind == "register" and not state.registered and state.failures)

    def order(self, trunk_ids: list[int], now: float) -> list[int]:
        """The same lines, those that failed moments ago last."""
        return sorted(trunk_ids, key=lambda trunk_id: self.state(trunk_id).avoid_until > now)

    def entered(self, trunk_id: int) -> None:
        """A call uses the line."""
        self.state(trunk_id).calls += 1

    def left(self, trunk_id: int) -> None:
        """A call left the line."""
        state = self.state(trunk_id)
        state.calls = max(0, state.calls - 1)

    def failed(self, trunk_id: int, now: float) -> None:
        """A call could not be set up for the line's own reasons: try others first for a while."""
        self.state(trunk_id).avoid_until = now + AVOID_S

    def succeeded(self, trunk_id: int) -> None:
        """A call was answered over the line."""
        self.state(trunk_id).avoid_until = 0.0

    def destination(self, trunk: Trunk) -> tuple[Destination, ...] | None:
        """Where to send: None = resolve the trunk's host by RFC 3263."""
        return None

    def credentials(self, trunk: Trunk) -> Credentials | None:
        """The login the provider may ask for on calls."""
        return Credentials(trunk.username, trunk.secret) if trunk.username else None


def contact_user(trunk_id: int) -> str:
    """The user part of our Contact at a provider: what its calls to us are addressed to."""
    return f"line{trunk_id}"


def start_registrations(x: Exchange, now: float) -> None:
    """Register every line that logs in at its provider."""
    for trunk in x.directory.trunks():
        if trunk.kind == "register" and not x.lines.state(trunk.id).cseq:
            register(x, trunk, now)


def register(x: Exchange, trunk: Trunk, now: float, *, expires_s: int | None = None) -> None:
    """Send a REGISTER (``expires_s`` 0: log out). The answer comes back to ``registered``."""
    state = x.lines.state(trunk.id)
    state.cseq += 1
    domain = trunk.domain or trunk.host
    address = NameAddr("", Uri("sip", trunk.username, host=domain))
    params: dict[str, str | None] = {} if trunk.transport == "udp" else {"transport": trunk.transport}
    expires = trunk.expires_s if expires_s is None else expires_s
    state.call_id = state.call_id or x.endpoint.tokens.new_call_id()
    x.endpoint.request(
        now,
        method="REGISTER",
        uri=str(Uri("sip", "", host=trunk.host, port=trunk.port or None, params=params)),
        from_=address,
        to=address,
        destination=x.lines.destination(trunk),
        headers=(("Expires", str(expires)),),
        contact_user=contact_user(trunk.id),
        credentials=x.lines.credentials(trunk),
        token=Registering(trunk.id, remove=expires == 0),
        call_id=state.call_id,
        cseq=state.cseq,
    )


def registered(x: Exchange, token: Registering, event: ResponseReceived, now: float) -> None:
    """The provider answered our REGISTER: refresh before it expires, or come back later with growing patience."""
    trunk = x.directory.trunk(token.trunk_id)
    if trunk is None or token.remove:
        return
    state = x.lines.state(trunk.id)
    state.status = event.status
    if event.status == 423 and event.response is not None:
        minimum = event.response.get("Min-Expires") or ""
        if minimum.isdigit() and trunk.expires_s < int(minimum) <= 86400:
            register(x, trunk, now, expires_s=int(minimum))
            return
    if event.response is not None:
        state.cseq = max(state.cseq, event.response.cseq.number)  # a challenge answered has used up one more
    if 200 <= event.status < 300 and event.response is not None:
        if not state.registered:
            log.info("line registered", trunk=trunk.name)
        if event.flow is not None:
            x.doorkeeper.trunk_registered(trunk.id, contact_user(trunk.id), (event.flow.remote_host,))
        state.registered, state.failures = True, 0
        _again(x, trunk.id, now + max(10.0, granted_s(event, contact_user(trunk.id), trunk.expires_s) * 0.85))
        return
    if state.registered or not state.failures:
        log.warning("line registration refused", trunk=trunk.name, status=event.status)
    state.registered = False
    state.failures += 1
    x.doorkeeper.trunk_unregistered(trunk.id)
    _again(x, trunk.id, now + min(RETRY_MOST_S, RETRY_FIRST_S * 2 ** min(state.failures - 1, 8)))


def granted_s(event: ResponseReceived, user: str, asked_s: int) -> int:
    """Seconds the registrar granted: our Contact's expires parameter, else Expires (RFC 3261 §10.2.4)."""
    response = event.response
    if response is None:
        return asked_s
    for contact in response.contacts:
        value = contact.params.get("expires")
        if contact.uri.user == user and value and value.isdigit():
            return int(value)
    header = (response.get("Expires") or "").strip()
    return int(header) if header.isdigit() else asked_s


def _again(x: Exchange, trunk_id: int, at: float) -> None:
    x.deadlines.start(at, "trunk", str(trunk_id))


def due(x: Exchange, trunk_id: int, now: float) -> None:
    """Time to register again."""
    trunk = x.directory.trunk(trunk_id)
    if trunk is not None and trunk.kind == "register":
        register(x, trunk, now)
    else:
        x.lines.states.pop(trunk_id, None)
