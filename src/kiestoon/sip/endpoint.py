"""The SIP endpoint: transactions, sessions and subscriptions of one user agent, as one engine without I/O.

After every call into it drain ``outputs`` (to the transport) and ``events`` (to call control), then ask
``next_deadline``. It never calls back.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any

import msgspec

from kiestoon.sip import events, validation
from kiestoon.sip.deadlines import DeadlineQueue
from kiestoon.sip.dialog import MAX_FORWARDS, Dialog
from kiestoon.sip.digest import Credentials
from kiestoon.sip.events import Event, InviteReceived, RequestReceived, ResponseReceived
from kiestoon.sip.flow import Destination, Flow, Output, Send, Target
from kiestoon.sip.headers.address import NameAddr
from kiestoon.sip.headers.transfer import Replaces
from kiestoon.sip.local import Local
from kiestoon.sip.message import Message, Request, Response
from kiestoon.sip.outgoing import DigestIdentity, Headers, Outgoing, OutgoingRequests, add_headers, bracketed, first_hop
from kiestoon.sip.session import Session, SessionState, closing, info, offer, provisional, refer, timer, uac, uas
from kiestoon.sip.session.replacing import named_in
from kiestoon.sip.session.restoring import resume, revive
from kiestoon.sip.settings import Settings
from kiestoon.sip.subscription.notifier import Subscription, Subscriptions, read_event
from kiestoon.sip.tokens import Tokens
from kiestoon.sip.transaction import (
    AckForSuccess,
    CancelFor,
    NewRequest,
    Responded,
    ServerInvite,
    ServerTransaction,
    StrayResponse,
    TimedOut,
    TransactionLayer,
    TransportFailed,
)

MAX_RELEASES_PER_S = 20


__all__ = ["Endpoint", "Settings"]


class Endpoint:
    """One user agent. ``flow_for`` may be set to a function that knows a newer way to a session's peer than the
    connection it used (a phone that registered again); it must not call into the endpoint."""

    def __init__(
        self, local: Local, tokens: Tokens | None = None, settings: Settings | None = None,
        *, source: random.Random | None = None,
    ) -> None:  # fmt: skip
        self.local = local
        self.tokens = tokens or Tokens()
        self.settings = settings or Settings()
        self.random = source or random.SystemRandom()
        self.flow_for: Callable[[Session], Destination | None] = _nowhere
        self.layer = TransactionLayer(
            self.tokens, local, self.settings.timers, trying_after_s=self.settings.trying_after_s
        )
        self.requests = OutgoingRequests(self.layer, self._contact, self._elsewhere, self.settings.udp_limit)
        self.sessions: dict[int, Session] = {}
        self.subscriptions = Subscriptions(self)
        self.deadlines: DeadlineQueue[Session | Subscription] = DeadlineQueue()
        self._by_tag: dict[str, Session] = {}
        self._by_invite: dict[str, Session] = {}
        self._events: deque[Event] = deque()
        self._numbers = count(1)
        self._released_since, self._released = 0.0, 0
        abilities = {"Allow": (self.settings.allow,), "Supported": (self.settings.supported,)}
        self._of_requests = {**abilities, "User-Agent": (self.settings.user_agent,)}
        self._of_responses = {**abilities, "Server": (self.settings.user_agent,)}
        self._methods = frozenset(self.settings.methods)
        self._options = frozenset(self.settings.options)
        self._other_options = frozenset(self.settings.other_options)

    # --- input -----------------------------------------------------------------------------------------------------

    def receive(self, message: Message, flow: Flow, now: float) -> None:
        """Take one parsed message from the transport."""
        self.layer.receive(message, flow, now)
        self._pump(now)

    def resolved(self, token: int, targets: Sequence[Target], now: float) -> None:
        """The answer to a ``Resolve`` output; no targets: the name does not lead anywhere."""
        self.requests.resolved(token, targets, now)
        self._pump(now)

    def transport_failed(self, transaction: str, now: float) -> None:
        """``Send.transaction`` could not be delivered."""
        self.layer.transport_failed(transaction, now)
        self._pump(now)

    def unreachable(self, transaction: str, host: str, port: int, now: float) -> None:
        """The network says that what ``Send.transaction`` sent did not reach there (ICMP)."""
        self.layer.unreachable(transaction, host, port, now)
        self._pump(now)

    def handle_timers(self, now: float) -> None:
        """Run what is due."""
        self.layer.handle_timers(now)
        self._pump(now)
        for owner, name in self.deadlines.due(now):
            owner.on_timer(name, now)
        self._pump(now)

    # --- output ----------------------------------------------------------------------------------------------------

    def outputs(self) -> list[Output]:
        """What the driver has to do, in order; empties the queue."""
        queue = self.layer.outputs
        drained = list(queue)
        queue.clear()
        return drained

    def events(self) -> list[Event]:
        """What has happened, in order; empties the queue."""
        drained = list(self._events)
        self._events.clear()
        return drained

    def next_deadline(self) -> float | None:
        """When to call ``handle_timers`` next, None when no timer runs."""
        ours, theirs = self.deadlines.next_deadline(), self.layer.next_deadline()
        if ours is None or theirs is None:
            return theirs if ours is None else ours
        return min(ours, theirs)

    def counts(self) -> dict[str, int]:
        """How much of everything there is; all zero once every call is over and its timers ran out."""
        return {
            "sessions": len(self.sessions),
            "dialogs": len(self._by_tag),
            "invites": len(self._by_invite),
            "transactions": len(self.layer),
            "requests": len(self.requests),
            "timers": len(self.deadlines),
            "subscriptions": len(self.subscriptions),
        }

    # --- commands --------------------------------------------------------------------------------------------------

    def invite(
        self, now: float, *, uri: str, to: str | NameAddr, from_: str | NameAddr,
        destination: Sequence[Destination] | None = None, headers: Headers = (), body: bytes = b"",
        content_type: str = "application/sdp", route: Sequence[str] = (), credentials: Credentials | None = None,
        session_expires_s: int | None = None, context: object = None, call_id: str = "", hop: str = "",
        patience_s: float = 0.0, to_server: bool = False,
    ) -> Session:  # fmt: skip
        """Place a call. ``to`` and ``from_`` are header values without tags; ``destination`` the places to try in
        order, None to resolve ``hop``, else the first of ``route``, else ``uri``. ``session_expires_s`` 0: no session
        timer. ``patience_s``: how long a place may be silent before the next is tried (0: 64*T1). ``to_server``: see
        ``Outgoing``."""
        session = Session(self, next(self._numbers), "uac", call_id or self.tokens.new_call_id(), self.tokens.new_tag())
        session.context = context
        session.content_type = content_type
        session.wanted_s = self.settings.session_expires_s if session_expires_s is None else session_expires_s
        session.min_se_s = self.settings.min_se_s
        session.identity = DigestIdentity(credentials, self.tokens) if credentials is not None else None
        request = self._new_request("INVITE", uri, to, from_, session.local_tag, session.call_id, 1, route)
        self.add_capabilities(request)
        timer.add_to_request(session, request)
        add_headers(request, headers)
        if body:
            request.set("Content-Type", content_type)
            request.body = body
        outgoing = Outgoing(
            request, partial(uac.on_final, session), hop=hop or first_hop(uri, route), contact=True, session=session,
            identity=session.identity, provisional=partial(uac.on_provisional, session),
        )  # fmt: skip
        outgoing.patience_s = patience_s
        outgoing.to_server = to_server
        outgoing.targets = list(destination or ())
        self.sessions[session.id] = session
        self._by_tag[session.local_tag] = session
        uac.begin(session, outgoing, now)
        return session

    def request(
        self, now: float, *, method: str, uri: str, from_: str | NameAddr, to: str | NameAddr,
        destination: Sequence[Destination] | None = None, headers: Headers = (), body: bytes = b"",
        content_type: str = "", credentials: Credentials | None = None, token: object = None, call_id: str = "",
        cseq: int = 1, route: Sequence[str] = (), contact: bool = False, contact_user: str = "", hop: str = "",
    ) -> None:  # fmt: skip
        """Send a request outside any dialog; ``ResponseReceived(token)`` follows. A challenge answered uses up a
        further CSeq number: continue from the one in the response. ``contact``: put our Contact in,
        with ``contact_user`` as its user part. ``hop`` is what is resolved in place of the URI."""
        request = self._new_request(
            method, uri, to, from_, self.tokens.new_tag(), call_id or self.tokens.new_call_id(), cseq, route
        )
        request.add("User-Agent", self.settings.user_agent)
        add_headers(request, headers)
        if body:
            request.set("Content-Type", content_type or "application/octet-stream")
            request.body = body
        outgoing = Outgoing(
            request, partial(self._answered, token), hop=hop or first_hop(uri, route),
            contact=contact or contact_user != "",
            identity=DigestIdentity(credentials, self.tokens) if credentials is not None else None,
        )  # fmt: skip
        outgoing.contact_user = contact_user
        outgoing.targets = list(destination or ())
        self.requests.send(outgoing, now)

    def respond(
        self, now: float, transaction: ServerTransaction, status: int, reason: str = "", headers: Headers = (),
        body: bytes = b"", content_type: str = "",
    ) -> None:  # fmt: skip
        """Answer a request. Does nothing when it was answered before or its transaction is over."""
        request = transaction.request
        if request is None:
            return
        tag = request.to.tag
        session = self._by_tag.get(tag) if tag else None
        response = Response.answer(
            request, status, reason, to_tag="" if tag or status == 100 else self.tokens.new_tag()
        )
        add_headers(response, headers)
        if body:
            response.set("Content-Type", content_type or "application/octet-stream")
            response.body = body
        referral = request.cseq.number if session is not None and request.method == "REFER" and status >= 200 else 0
        if session is not None and referral:
            refer.on_answered(session, referral, response, now)
            response.set("Contact", session.contact_for(session.flow or transaction.to))
        self.layer.respond(transaction, response, now)
        if session is not None and referral:
            refer.after_answer(session, referral, now)

    def answer(self, now: float, transaction: ServerTransaction, response: Response) -> None:
        """Answer a request outside any dialog with a response made elsewhere (the registrar's)."""
        self.layer.respond(transaction, response, now)

    def drop(self, transaction: ServerTransaction) -> None:
        """Say nothing to a request: who sent it shall not learn that anybody is here."""
        self.layer.drop(transaction)

    def restore(self, state: SessionState, now: float, credentials: Credentials | None = None) -> Session:
        """Go on with a session of before a restart.

        Connections do not survive one, and listeners may be numbered anew: the peer is reached where ``flow_for``
        says, at its UDP address of before, or where its Contact or route leads.
        """
        identity = DigestIdentity(credentials, self.tokens) if credentials is not None else None
        session = revive(self, state, identity)
        self.sessions[session.id] = session
        self._by_tag[session.local_tag] = session
        self.go_past(state.id)
        session.hop = self.flow_for(session) or session.hop
        resume(session, state, now)
        self._pump(now)
        return session

    def go_past(self, number: int) -> None:
        """Give this number, or a lower one, to no new session: it is that of one still to be restored."""
        self._numbers = count(max(number + 1, next(self._numbers)))

    # --- for the sessions ------------------------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        self._events.append(event)

    def add_capabilities(self, message: Request | Response) -> None:
        """Allow, Supported and who we are."""
        message.put(self._of_requests if isinstance(message, Request) else self._of_responses)

    def send_response(
        self, session: Session, transaction: ServerTransaction, response: Response, now: float
    ) -> Send | None:
        """Send a dialog-forming or target-refreshing response: with our Contact. Returns what went out, None when the
        transaction is past taking it."""
        if not response.has("Contact"):
            response.add("Contact", session.contact_for(session.flow or transaction.to))
        self.layer.respond(transaction, response, now)
        outputs = self.layer.outputs
        last = outputs[-1] if outputs else None
        return last if isinstance(last, Send) and last.transaction == transaction.key else None

    def way_to(self, session: Session, dialog: Dialog | None) -> Destination | None:
        """Where a request inside a dialog goes (RFC 5626 §5.3 in spirit: the flow the peer used, as its Contact may
        lie behind a NAT), None: resolve its next hop."""
        flow = session.flow
        if (
            flow is not None
            and not session.flow_lost
            and (dialog is None or not dialog.route_set or dialog.routes_to(flow.remote_host))
        ):
            return flow
        newer = self.flow_for(session) if session.flow_lost else None
        return session.hop if newer is None else newer

    def forget(self, session: Session) -> None:
        """Let a closed session go."""
        self.sessions.pop(session.id, None)
        self._by_tag.pop(session.local_tag, None)
        self.forget_invite(session)

    def forget_invite(self, session: Session) -> None:
        """The INVITE of a called session has its final response."""
        if session.invite_transaction is not None:
            self._by_invite.pop(session.invite_transaction.key, None)

    def find_replaced(self, replaces: Replaces) -> Session | None:
        """The session a Replaces names (RFC 3891 §3), None when there is none.

        Who picks up what a lamp shows names the dialog as the watched phone has it (RFC 5359 §2.16), and sends that to
        us, who stand for that phone: our tag is then the other one.
        """
        for ours, theirs in ((replaces.to_tag, replaces.from_tag), (replaces.from_tag, replaces.to_tag)):
            session = self._by_tag.get(ours)
            if session is not None and session.call_id == replaces.call_id and session.has_remote_tag(theirs):
                return session
        return None

    # --- what the transaction layer says ----------------------------------------------------------------------------

    def _pump(self, now: float) -> None:
        queue = self.layer.events
        while queue:
            event = queue.popleft()
            _HANDLERS[type(event)](self, event, now)

    def _on_request(self, event: NewRequest, now: float) -> None:
        request, transaction = event.request, event.transaction
        refused = validation.refusal(request, self._methods, self._options, self._other_options)
        if refused is not None:
            self.respond(now, transaction, refused[0], headers=refused[1])
        elif request.to.tag:
            self._in_dialog(transaction, request, event.flow, now)
        elif isinstance(transaction, ServerInvite):
            self._new_invite(transaction, request, event.flow, now)
        elif request.method in validation.IN_DIALOG_ONLY:
            self.respond(now, transaction, 481)
        elif request.method == "SUBSCRIBE" and read_event(request)[0] not in self.settings.packages:
            self.respond(now, transaction, 489, headers=[("Allow-Events", ", ".join(self.settings.packages))])
        else:
            self.emit(RequestReceived(transaction, request, event.flow))

    def _in_dialog(self, transaction: ServerTransaction, request: Request, flow: Flow, now: float) -> None:
        """§12.2.2: the dialog by its tags, then the order of its requests."""
        session = self._find(request)
        dialog = session.dialog_with(request.from_.tag) if session is not None else None
        if session is None or dialog is None:
            if session is not None or not self.subscriptions.receive(transaction, request, flow, now):
                self.respond(now, transaction, 481)
            return
        if not dialog.accepts_cseq(request.cseq.number):
            self.respond(now, transaction, 500, "Out of Order")
            return
        if request.method in ("INVITE", "UPDATE"):
            session.learn(request, flow)
        else:
            session.learn_flow(flow)
        _VERBS.get(request.method, info.on_other)(session, transaction, request, now)

    def _find(self, request: Request) -> Session | None:
        session = self._by_tag.get(request.to.tag)
        return session if session is not None and session.call_id == request.call_id else None

    def _new_invite(self, transaction: ServerInvite, request: Request, flow: Flow, now: float) -> None:
        replaces, status = named_in(self, request)
        if status:
            self.respond(now, transaction, status)
            return
        session = Session(self, next(self._numbers), "uas", request.call_id, self.tokens.new_tag())
        session.wanted_s = self.settings.session_expires_s
        session.invite_transaction, session.invite_request = transaction, request
        if timer.refuses(session, transaction, request, now):
            return
        session.learn(request, flow)
        uas.begin(session, request, now)
        self.sessions[session.id] = session
        self._by_tag[session.local_tag] = session
        self._by_invite[transaction.key] = session
        self.emit(InviteReceived(session, request, flow, replaces))

    def _on_ack(self, event: AckForSuccess, now: float) -> None:
        session = self._find(event.request)
        if session is not None and session.has_remote_tag(event.request.from_.tag):
            uas.on_ack(session, event.request, event.flow, now)

    def _on_cancel(self, event: CancelFor, now: float) -> None:
        session = self._by_invite.get(event.transaction.key)
        if session is not None:
            uas.terminate(session, now, event.request)
            return
        session = self._find(event.request) if event.request.to.tag else None
        if session is not None:
            offer.on_cancel(session, event.transaction, now)

    def _on_response(self, event: Responded, now: float) -> None:
        if self.requests.responded(event, now) is None and 200 <= event.response.status < 300:
            self._on_further_success(event.response, event.flow, now)

    def _on_further_success(self, response: Response, flow: Flow, now: float) -> None:
        session = self._by_tag.get(response.from_.tag)
        if session is not None and session.call_id == response.call_id:
            uac.on_further_success(session, response, flow, now)
        else:
            # A fork answers after the call it belonged to is over already.
            closing.release(self, response, flow, now)

    def _on_stray(self, event: StrayResponse, now: float) -> None:
        """A 2xx to an INVITE without a transaction: repeated after its end, or the answer to a call that was ringing
        when the process before this one died. The latter must not be left talking to nobody."""
        session = self._by_tag.get(event.response.from_.tag)
        if session is None:
            if self._may_release(now):
                closing.release(self, event.response, event.flow, now)
        elif session.call_id == event.response.call_id and session.dialog is not None:
            uac.on_stray_success(session, event.response, now)

    def _may_release(self, now: float) -> bool:
        """Forged answers must not make us send two messages for each of theirs without end."""
        if now - self._released_since >= 1.0:
            self._released_since, self._released = now, 0
        self._released += 1
        return self._released <= MAX_RELEASES_PER_S

    def _on_time_out(self, event: TimedOut, now: float) -> None:
        self.requests.failed(event.transaction.key, 408, now)

    def _on_transport_failure(self, event: TransportFailed, now: float) -> None:
        key = event.transaction.key
        session = self._by_invite.get(key)
        if session is not None:
            closing.close(session, events.Ended(session, "transport"), now)
        else:
            self.requests.failed(key, 503, now)

    # --- helpers ---------------------------------------------------------------------------------------------------

    def _new_request(
        self, method: str, uri: str, to: str | NameAddr, from_: str | NameAddr, tag: str, call_id: str, cseq: int,
        route: Sequence[str],
    ) -> Request:  # fmt: skip
        fields: dict[str, tuple[str, ...]] = {
            "Max-Forwards": (MAX_FORWARDS,),
            "From": (f"{bracketed(str(from_))};tag={tag}",),
            "To": (bracketed(str(to)),),
            "Call-ID": (call_id,),
            "CSeq": (f"{cseq} {method}",),
        }
        return Request.of(method, uri, {"Route": tuple(map(bracketed, route)), **fields} if route else fields)

    def _contact(self, to: Destination, user: str) -> str:
        contact = self.local.contact(to)
        return f"<{msgspec.structs.replace(contact, user=user) if user else contact}>"

    def _elsewhere(self, outgoing: Outgoing) -> Destination | None:
        session = outgoing.session
        if session is None:
            return None
        session.flow_lost = True
        found = self.flow_for(session)
        session.hop = found if found != outgoing.to else None
        return session.hop

    def _answered(self, token: object, outgoing: Outgoing, status: int, response: Response | None, _now: float) -> None:
        self.emit(ResponseReceived(token, status, response, local=response is None, flow=outgoing.flow))


def _nowhere(_session: Session) -> Destination | None:
    return None


Verb = Callable[[Session, ServerTransaction, Request, float], None]

_VERBS: dict[str, Verb] = {
    "BYE": closing.on_bye,
    "INFO": info.on_info,
    "INVITE": offer.on_reinvite,
    "OPTIONS": info.on_options,
    "PRACK": provisional.on_prack,
    "REFER": refer.on_refer,
    "UPDATE": offer.on_update,
}

_HANDLERS: dict[type, Callable[[Endpoint, Any, float], None]] = {
    NewRequest: Endpoint._on_request,
    AckForSuccess: Endpoint._on_ack,
    CancelFor: Endpoint._on_cancel,
    Responded: Endpoint._on_response,
    StrayResponse: Endpoint._on_stray,
    TimedOut: Endpoint._on_time_out,
    TransportFailed: Endpoint._on_transport_failure,
}
