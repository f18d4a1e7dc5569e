"""Requests of ours on their way to a final response: resolution and failover (RFC 3263), authentication (RFC 8760)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

from kiestoon.sip.dialog import Dialog
from kiestoon.sip.digest import Credentials, DigestState, answer_challenges, is_stale
from kiestoon.sip.flow import Destination, Flow, Resolve, Target
from kiestoon.sip.message import Request, Response
from kiestoon.sip.tokens import Tokens
from kiestoon.sip.transaction import ClientInvite, ClientTransaction, Responded, TransactionLayer

if TYPE_CHECKING:
    from kiestoon.sip.session import Session

Headers: TypeAlias = Iterable[tuple[str, str]]
Finish: TypeAlias = Callable[["Outgoing", int, Response | None, float], None]
OnProvisional: TypeAlias = Callable[["Outgoing", Response, Flow, float], None]

UDP_ONLY_S = 3600.0
"""How long a server that does not take TCP is not tried by TCP again for what is large."""
MAX_UDP_ONLY = 1000
MAX_CHALLENGES = 3
"""Challenges answered per request: one each from the server and a proxy, and one for a stale nonce."""


class DigestIdentity:
    """Credentials and the nonces in use with them, kept for as long as a dialog lasts (RFC 3261 §22.2)."""

    __slots__ = ("credentials", "state")

    def __init__(self, credentials: Credentials, tokens: Tokens) -> None:
        self.credentials = credentials
        self.state = DigestState(tokens)

    def sign(self, request: Request) -> None:
        """Put in credentials for the nonces in use: saves the round trip of a further challenge."""
        login = self.credentials
        for header in self.state.authorize(request.method, request.uri, login.username, login.password, request.body):
            request.add(*header)

    def answer(self, request: Request, response: Response) -> bool:
        """Put in the answer to a challenge. False when there is none we can answer."""
        login = self.credentials
        answers = answer_challenges(
            response, request.method, request.uri, login.username, login.password, request.body, self.state
        )
        for name in {name for name, _ in answers}:
            request.set_all(name, [value for key, value in answers if key == name])
        return bool(answers)


class Outgoing:
    """One request, through as many transactions as it takes. ``finish`` is called once, with the final response or
    with None and a status made up (408 nobody answered, 503 nobody could be reached).

    ``contact``: a Contact of ours is put in, fitting where the request goes. ``hop`` is what is resolved when neither
    ``to`` nor ``targets`` say where that is. ``stopped``: no more attempts, whatever comes. ``to_server``: the places
    are those of a server, which may speak TCP as well as UDP; a phone's may be the hole in its NAT.
    """

    __slots__ = (
        "challenged", "challenges", "contact", "contact_user", "dialog", "finish", "flow", "hop", "identity",
        "patience_s", "provisional", "request", "resolved", "retries", "session", "stopped", "targets", "to",
        "to_server", "transaction",
    )  # fmt: skip

    def __init__(
        self, request: Request, finish: Finish, *, hop: str, contact: bool = False, dialog: Dialog | None = None,
        session: Session | None = None, identity: DigestIdentity | None = None,
        provisional: OnProvisional | None = None,
    ) -> None:  # fmt: skip
        self.request = request
        self.finish = finish
        self.provisional = provisional
        self.hop = hop
        self.contact = contact
        self.contact_user = ""
        self.patience_s = 0.0
        self.dialog = dialog
        self.session = session
        self.identity = identity
        self.to: Destination | None = None
        self.targets: list[Destination] = []
        self.resolved = False
        self.flow: Flow | None = None
        self.transaction: ClientTransaction | None = None
        self.challenges = 0
        self.challenged = 0
        self.retries = 0
        self.stopped = False
        self.to_server = False


class OutgoingRequests:
    """The endpoint's requests without a final response yet."""

    def __init__(
        self, layer: TransactionLayer, contact: Callable[[Destination, str], str], elsewhere: Elsewhere,
        udp_limit: int = 0,
    ) -> None:  # fmt: skip
        self._layer = layer
        self._contact = contact
        self._elsewhere = elsewhere
        self._udp_limit = udp_limit
        self._udp_only: dict[tuple[str, int], float] = {}
        self._waiting: dict[str, Outgoing] = {}
        self._resolving: dict[int, Outgoing] = {}
        self._tokens = count(1)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._resolving)

    # --- commands --------------------------------------------------------------------------------------------------

    def send(self, outgoing: Outgoing, now: float) -> None:
        """Send to ``outgoing.to``, else to the first of its targets, else resolve first."""
        to = outgoing.to
        if to is None:
            if not outgoing.targets:
                self._resolve(outgoing)
                return
            outgoing.to = to = outgoing.targets.pop(0)
        request = outgoing.request
        if outgoing.contact:
            session = outgoing.session
            contact = session.contact_for(to) if session is not None else self._contact(to, outgoing.contact_user)
            request.set("Contact", contact)
        if request.method == "ACK":
            self._layer.send_stateless(request, to)
            return
        if request.method == "INVITE" and outgoing.session is not None:
            outgoing.session.begin_attempt()
        transaction = self._layer.request(request, to, now, outgoing.patience_s, self._limit(outgoing, to, now))
        outgoing.transaction = transaction
        self._waiting[transaction.key] = outgoing

    def stop(self, outgoing: Outgoing, now: float, reason: str = "") -> bool:
        """Make no further attempt, and cancel an INVITE under way. False when nothing is under way any more or yet:
        ``finish`` will not be called."""
        outgoing.stopped = True
        transaction = outgoing.transaction
        if transaction is None or transaction.key not in self._waiting:
            for token, waiting in self._resolving.items():
                if waiting is outgoing:
                    del self._resolving[token]
                    break
            return False
        if isinstance(transaction, ClientInvite):
            self._layer.cancel(transaction, now, reason)
        return True

    def retry(self, outgoing: Outgoing, now: float) -> None:
        """Send again under the next sequence number, to the same place (after 401, 407, 422, 491)."""
        request = outgoing.request
        number = request.cseq.number + 1
        if outgoing.dialog is not None:
            outgoing.dialog.local_cseq = number = max(number, outgoing.dialog.local_cseq + 1)
        request.set("CSeq", f"{number} {request.method}")
        outgoing.transaction = None
        self.send(outgoing, now)

    # --- input -----------------------------------------------------------------------------------------------------

    def resolved(self, token: int, targets: Sequence[Target], now: float) -> None:
        """The answer to a ``Resolve``; without targets the request has failed."""
        outgoing = self._resolving.pop(token, None)
        if outgoing is None:
            return
        if not targets:
            outgoing.finish(outgoing, 503, None, now)
            return
        outgoing.targets = list(targets)
        if outgoing.session is not None:
            outgoing.session.hop = targets[0]
        self.send(outgoing, now)

    def responded(self, event: Responded, now: float) -> Outgoing | None:
        """A response. Returns the request it was for, None when that had its final response already (a further 2xx
        to an INVITE)."""
        key = event.transaction.key
        outgoing = self._waiting.get(key)
        if outgoing is None:
            return None
        response = event.response
        status = response.status
        outgoing.flow = event.flow
        if status < 200:
            if outgoing.provisional is not None:
                outgoing.provisional(outgoing, response, event.flow, now)
            return outgoing
        del self._waiting[key]
        if status in (401, 407) and not outgoing.stopped and self._authenticate(outgoing, response, now):
            return outgoing
        if status == 503 and not outgoing.stopped and self._next_target(outgoing, now):
            return outgoing
        outgoing.finish(outgoing, status, response, now)
        return outgoing

    def failed(self, key: str, status: int, now: float) -> None:
        """A transaction ended without a response: 408 timed out, 503 the transport failed."""
        outgoing = self._waiting.pop(key, None)
        if outgoing is None:
            return
        if not outgoing.stopped and (
            self._by_udp_after_all(outgoing, now)
            or self._next_target(outgoing, now)
            or self._other_way(outgoing, status, now)
        ):
            return
        outgoing.finish(outgoing, status, None, now)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _resolve(self, outgoing: Outgoing) -> None:
        token = next(self._tokens)
        self._resolving[token] = outgoing
        outgoing.resolved = True
        self._layer.outputs.append(Resolve(outgoing.hop, token))

    def _limit(self, outgoing: Outgoing, to: Destination, now: float) -> int:
        """From how many bytes on this goes by TCP; 0: it stays as it is."""
        if not outgoing.to_server or not self._udp_limit or not isinstance(to, Target) or to.transport != "udp":
            return 0
        return 0 if self._udp_only.get((to.host, to.port), 0.0) > now else self._udp_limit

    def _by_udp_after_all(self, outgoing: Outgoing, now: float) -> bool:
        """A large request found nobody by TCP: it goes by UDP (§18.1.1), and so do further ones."""
        to, transaction = outgoing.to, outgoing.transaction
        if not isinstance(to, Target) or to.transport != "udp" or transaction is None:
            return False
        if transaction.to.transport == "udp":
            return False
        if len(self._udp_only) >= MAX_UDP_ONLY:
            self._udp_only.clear()
        self._udp_only[(to.host, to.port)] = now + UDP_ONLY_S
        self.send(outgoing, now)
        return True

    def _next_target(self, outgoing: Outgoing, now: float) -> bool:
        """RFC 3263 §4.3: try the next target, as a new transaction."""
        if not outgoing.targets:
            return False
        outgoing.to = outgoing.targets.pop(0)
        if outgoing.session is not None:
            outgoing.session.hop = outgoing.to
        self.send(outgoing, now)
        return True

    def _other_way(self, outgoing: Outgoing, status: int, now: float) -> bool:
        """The flow a dialog used is gone: go where the user knows, or where the dialog's next hop resolves to."""
        if status != 503 or outgoing.resolved or not isinstance(outgoing.to, Flow) or outgoing.dialog is None:
            return False
        outgoing.to = self._elsewhere(outgoing)
        outgoing.resolved = True
        self.send(outgoing, now)
        return True

    def _authenticate(self, outgoing: Outgoing, response: Response, now: float) -> bool:
        identity, status = outgoing.identity, response.status
        if identity is None or outgoing.challenges >= MAX_CHALLENGES:
            return False
        if status == outgoing.challenged and not is_stale(response):
            return False  # the password is wrong
        if not identity.answer(outgoing.request, response):
            return False
        outgoing.challenges += 1
        outgoing.challenged = status
        self.retry(outgoing, now)
        return True


Elsewhere: TypeAlias = Callable[[Outgoing], Destination | None]


def add_headers(message: Request | Response, headers: Headers) -> None:
    """Add a user's headers; those that may stand once only (Max-Forwards, User-Agent, …) replace ours."""
    for name, value in headers:
        if name in _SINGLE:
            message.set(name, value)
        else:
            message.add(name, value)


_SINGLE = frozenset({"Max-Forwards", "User-Agent", "Server", "Expires", "Subject", "Contact", "Content-Type"})


def bracketed(value: str) -> str:
    """An address in angle brackets, so that its URI's parameters stay its own."""
    return value if "<" in value else f"<{value}>"


def first_hop(uri: str, route: Sequence[str]) -> str:
    return route[0].partition("<")[2].partition(">")[0] or route[0] if route else uri
