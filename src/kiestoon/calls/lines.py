"""Outside lines (RTE-20): registration at providers, how many calls each carries, which one is out of order."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING

import msgspec
import structlog

from kiestoon.sip.digest import Credentials
from kiestoon.sip.flow import Destination, Target
from kiestoon.sip.headers import NameAddr
from kiestoon.sip.uri import Uri

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.company.model import Trunk
    from kiestoon.sip.deadlines import Deadline
    from kiestoon.sip.events import ResponseReceived

log = structlog.get_logger("lines")

DEFAULT_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}
RETRY_FIRST_S = 30.0
RETRY_MOST_S = 1800.0
AVOID_S = 30.0
LONGEST_S = 86400


class LineState(msgspec.Struct, gc=False):
    """One trunk's live state. ``registered_until`` and ``avoid_until`` (a call set-up failed) are engine time;
    ``minimum_s`` is the shortest registration the provider takes (423). ``failure`` says what went wrong last, with a
    call or the login, at ``failed_at`` of engine time."""

    calls: int = 0
    registered: bool = False
    registered_until: float = 0.0
    minimum_s: int = 0
    failures: int = 0
    avoid_until: float = 0.0
    call_id: str = ""
    cseq: int = 0
    status: int = 0
    failure: str = ""
    failed_at: float = 0.0
    timer: Deadline[str] | None = None


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

    def order(self, trunk_ids: Iterable[int], now: float) -> list[int]:
        """The same lines, those that failed moments ago last."""
        return sorted(trunk_ids, key=lambda trunk_id: self.state(trunk_id).avoid_until > now)

    def entered(self, trunk_id: int) -> None:
        """A call uses the line."""
        self.state(trunk_id).calls += 1

    def left(self, trunk_id: int) -> None:
        """A call left the line."""
        state = self.state(trunk_id)
        state.calls = max(0, state.calls - 1)

    def failed(self, trunk_id: int, now: float, why: str) -> None:
        """A call could not be set up for the line's own reasons: try others first for a while."""
        state = self.state(trunk_id)
        state.avoid_until = now + AVOID_S
        state.failure, state.failed_at = f"call: {why}", now

    def succeeded(self, trunk_id: int) -> None:
        """A call was answered over the line."""
        self.state(trunk_id).avoid_until = 0.0

    def credentials(self, trunk: Trunk) -> Credentials | None:
        """The login the provider may ask for on calls."""
        return Credentials(trunk.username, trunk.secret) if trunk.username else None


def contact_user(trunk_id: int) -> str:
    """The user part of our Contact at a provider: what its calls to us are addressed to."""
    return f"line{trunk_id}"


def trunk_uri(trunk: Trunk, user: str = "") -> str:
    """The provider's server as a URI: what is resolved by RFC 3263 to reach it."""
    params: dict[str, str | None] = {} if trunk.transport == "udp" else {"transport": trunk.transport}
    return str(Uri("sip", user, host=trunk.host, port=trunk.port or None, params=params))


def trunk_target(trunk: Trunk) -> tuple[Destination, ...] | None:
    """Where to send when the host is an address; None: its name must be resolved."""
    host = trunk.host.strip("[]")
    try:
        ip_address(host)
    except ValueError:
        return None
    return (Target(trunk.transport, host, trunk.port or DEFAULT_PORTS[trunk.transport]),)


def start_registrations(x: Exchange, now: float) -> None:
    """Register every line that logs in at its provider and has not; forget lines that are gone (their ids may come
    back)."""
    for trunk_id in [known for known in x.lines.states if x.directory.trunk(known) is None]:
        _forget(x, trunk_id)
    for trunk in x.directory.trunks():
        if trunk.kind == "register" and not x.lines.state(trunk.id).cseq:
            register(x, trunk, now)


def register(x: Exchange, trunk: Trunk, now: float, *, expires_s: int | None = None) -> None:
    """Send a REGISTER (``expires_s`` 0: log out). The answer comes back to ``registered``."""
    state = x.lines.state(trunk.id)
    state.cseq += 1
    domain = trunk.domain or trunk.host
    address = NameAddr("", Uri("sip", trunk.username, host=domain))
    expires = max(trunk.expires_s, state.minimum_s) if expires_s is None else expires_s
    state.call_id = state.call_id or x.endpoint.tokens.new_call_id()
    x.endpoint.request(
        now,
        method="REGISTER",
        uri=str(Uri("sip", "", host=domain)) if trunk.domain else trunk_uri(trunk),
        hop=trunk_uri(trunk),
        destination=trunk_target(trunk),
        from_=address,
        to=address,
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
    if event.response is not None:
        state.cseq = max(state.cseq, event.response.cseq.number)  # a challenge answered has used up one more
        if event.status == 423 and _longer(trunk, state, event.response.get("Min-Expires")):
            register(x, trunk, now)
            return
        if 200 <= event.status < 300:
            _granted(x, trunk, state, event, now)
            return
    if state.registered or not state.failures:
        log.warning("line registration refused", trunk=trunk.name, status=event.status)
    state.failures += 1
    state.failure, state.failed_at = f"login: {_why(event)}", now
    # A provider that is merely out of reach keeps what it granted; its calls are still welcome until that is over.
    if not (event.local or event.status >= 500) or now >= state.registered_until:
        _lost(x, trunk, state)
    again(x, trunk.id, now + min(RETRY_MOST_S, RETRY_FIRST_S * 2 ** min(state.failures - 1, 8)))


def _why(event: ResponseReceived) -> str:
    if event.response is not None:
        return f"{event.status} {event.response.reason}"
    return "no answer" if event.status == 408 else "cannot be reached"


def _longer(trunk: Trunk, state: LineState, header: str | None) -> bool:
    """Whether a 423's Min-Expires asks for more than we did (else it would go on for ever)."""
    minimum = (header or "").strip()
    if not (minimum.isascii() and minimum.isdigit() and len(minimum) < 7):
        return False
    if not max(trunk.expires_s, state.minimum_s) < int(minimum) <= LONGEST_S:
        return False
    state.minimum_s = int(minimum)
    return True


def _granted(x: Exchange, trunk: Trunk, state: LineState, event: ResponseReceived, now: float) -> None:
    if not state.registered:
        log.info("line registered", trunk=trunk.name)
    user = contact_user(trunk.id)
    if event.flow is not None:
        x.doorkeeper.trunk_registered(trunk.id, user, (event.flow.remote_host,))
    granted = granted_s(event, user, max(trunk.expires_s, state.minimum_s))
    state.registered, state.failures = True, 0
    state.registered_until = now + granted
    again(x, trunk.id, now + max(10.0, granted * 0.85))


def _lost(x: Exchange, trunk: Trunk, state: LineState) -> None:
    state.registered = False
    x.doorkeeper.trunk_unregistered(trunk.id)


def granted_s(event: ResponseReceived, user: str, asked_s: int) -> int:
    """Seconds the registrar granted: our Contact's expires parameter, else Expires (RFC 3261 §10.2.4)."""
    response = event.response
    if response is None:
        return asked_s
    for contact in response.contacts:
        value = contact.params.get("expires")
        if contact.uri.user == user and (seconds := _seconds(value)) is not None:
            return seconds
    seconds = _seconds(response.get("Expires"))
    return asked_s if seconds is None else seconds


def _seconds(text: str | None) -> int | None:
    text = (text or "").strip()
    return min(int(text), LONGEST_S) if text.isascii() and text.isdigit() and len(text) < 11 else None


def again(x: Exchange, trunk_id: int, at: float) -> None:
    """Let the line register at ``at``."""
    state = x.lines.state(trunk_id)
    if state.timer is not None:
        x.deadlines.stop(state.timer)
    state.timer = x.deadlines.start(at, "trunk", str(trunk_id))


def due(x: Exchange, trunk_id: int, now: float) -> None:
    """Time to register again."""
    trunk = x.directory.trunk(trunk_id)
    if trunk is not None and trunk.kind == "register":
        register(x, trunk, now)
    else:
        _forget(x, trunk_id)


def _forget(x: Exchange, trunk_id: int) -> None:
    """The line is gone, or logs in no more: nothing of it is left but its calls."""
    x.doorkeeper.trunk_unregistered(trunk_id)
    state = x.lines.state(trunk_id)
    if state.timer is not None:
        x.deadlines.stop(state.timer)
    x.lines.states[trunk_id] = LineState(calls=state.calls)
