"""The transaction layer: finds the transaction a message belongs to, makes new ones, and runs their timers."""

from __future__ import annotations

from collections import deque

from kiestoon.sip.flow import Destination, Flow, Output, Send, Target
from kiestoon.sip.headers import parse_name_addr
from kiestoon.sip.local import Local
from kiestoon.sip.message import Message, Request, Response
from kiestoon.sip.tokens import Tokens
from kiestoon.sip.transaction import client_invite, client_non_invite, server_invite, server_non_invite
from kiestoon.sip.transaction.client_invite import ClientInvite
from kiestoon.sip.transaction.client_non_invite import ClientNonInvite
from kiestoon.sip.transaction.events import AckForSuccess, CancelFor, NewRequest, StrayResponse, TransactionEvent
from kiestoon.sip.transaction.matching import (
    DEFAULT_PORT,
    client_key,
    merge_key,
    response_destination,
    server_key,
    stamp_source,
    tag_in,
    via_value,
)
from kiestoon.sip.transaction.server_invite import ServerInvite
from kiestoon.sip.transaction.server_non_invite import ServerNonInvite
from kiestoon.sip.transaction.timers import TimerValues
from kiestoon.sip.transaction.wiring import Table, Wiring, status_class, step, which_timer

ClientTransaction = ClientInvite | ClientNonInvite
ServerTransaction = ServerInvite | ServerNonInvite

TABLES: dict[type, Table] = {
    ClientInvite: client_invite.TABLE,
    ClientNonInvite: client_non_invite.TABLE,
    ServerInvite: server_invite.TABLE,
    ServerNonInvite: server_non_invite.TABLE,
}
TIMERS_PER_TURN = 500
"""At most this many timers are run by one ``handle_timers``, so that no turn of the event loop gets long."""


class TransactionLayer:
    """All transactions of one endpoint (RFC 3261 §17).

    After every call drain ``outputs`` (to the transport) and ``events`` (to the user), then ask ``next_deadline``.
    ``trying_after_s``: the layer sends 100 Trying by itself when the user has not answered an INVITE for so long;
    None leaves it to the user. ``force_rport``: answer UDP requests to their source port even where the peer did not
    ask for it (RFC 3581 asks for ``rport``; some phones behind NAT do not say it).
    """

    def __init__(
        self,
        tokens: Tokens,
        local: Local,
        timers: TimerValues | None = None,
        *,
        trying_after_s: float | None = None,
        force_rport: bool = False,
    ) -> None:
        self._tokens = tokens
        self._local = local
        self._wiring = Wiring(timers or TimerValues(), TABLES)
        self._trying_after_s = trying_after_s
        self._force_rport = force_rport

    @property
    def outputs(self) -> deque[Output]:
        return self._wiring.outputs

    @property
    def events(self) -> deque[TransactionEvent]:
        return self._wiring.events

    @property
    def timers(self) -> TimerValues:
        return self._wiring.values

    def __len__(self) -> int:
        """Live transactions, those only absorbing retransmissions included."""
        return len(self._wiring.clients) + len(self._wiring.servers)

    # --- commands ---------------------------------------------------------------------------------------------------

    def request(
        self, request: Request, to: Destination, now: float, patience_s: float = 0.0, udp_limit: int = 0
    ) -> ClientTransaction:
        """Send a request (not ACK) in a transaction of its own. Its Via headers are replaced by ours, so the same
        message may be tried at another target after a failure. ``patience_s``: how long an INVITE waits for any answer
        (0: 64*T1, timer B). ``udp_limit``: with more bytes than that (and not 0) it goes by TCP instead of UDP; the
        transaction's ``to`` tells."""
        branch = self._tokens.new_branch()
        sent_by = self._local.sent_by(to)
        self._stamp_via(request, to, sent_by, branch)
        data = request.encode()
        if udp_limit and len(data) > udp_limit and isinstance(to, Target) and to.transport == "udp":
            to = Target("tcp", to.host, to.port)
            sent_by = self._local.sent_by(to)
            self._stamp_via(request, to, sent_by, branch)
            data = request.encode()
        return self._start_client(request, data, to, branch, sent_by, now, quiet=False, patience_s=patience_s)

    def cancel(self, transaction: ClientInvite, now: float, reason: str = "") -> None:
        """Cancel an INVITE of ours: now if a provisional response was seen, else as soon as one comes (§9.1); never
        once a final response is here. ``reason`` is a Reason header value (RFC 3326). The outcome shows as the
        INVITE's: usually 487, possibly a 2xx that overtook the CANCEL, or ``TimedOut`` after 64*T1."""
        if transaction.cancelled:
            return
        if transaction.state == "calling":
            transaction.cancel_reason = reason
        elif transaction.state == "proceeding":
            self._send_cancel(transaction, reason, now)

    def call_off(self, invite: Request, to: Destination, now: float) -> None:
        """Cancel an INVITE sent before a restart, by what is known of it: its CANCEL goes out at once, and its final
        response gets an ACK. Another attempt at another place takes the place of the one before."""
        via = invite.via
        for method in ("INVITE", "CANCEL"):
            before = self._wiring.clients.get(client_key(via.branch, method))
            if before is not None:
                self._wiring.forget(before)
        transaction = ClientInvite(
            key=client_key(via.branch, "INVITE"), method="INVITE", to=to, state="proceeding", request=invite,
            sent_by=(via.host, via.port or DEFAULT_PORT),
        )  # fmt: skip
        self._wiring.clients[transaction.key] = transaction
        self.cancel(transaction, now)

    def turn_away(self, invite: Request, response: Response, to: Destination, now: float) -> None:
        """Answer an INVITE received before a restart, by what is known of it; repeated until its ACK comes."""
        key = server_key(invite, invite.via, "INVITE")
        transaction = ServerInvite(key=key, method="INVITE", to=to, state="proceeding", request=invite)
        self._wiring.servers[key] = transaction
        self.respond(transaction, response, now)

    def respond(self, transaction: ServerTransaction, response: Response, now: float) -> None:
        """Send a response. Ignored when the state allows it no more (a second final response, a transaction that
        ended by a transport error): races decide such cases, not programming errors."""
        what = f"send {status_class(response.status)}"
        step(transaction, self._wiring, what, now, message=response)

    def drop(self, transaction: ServerTransaction) -> None:
        """Forget a request without answering it."""
        transaction.request = None
        self._wiring.forget(transaction)

    def send_stateless(self, message: Message, to: Destination) -> Send:
        """Send without a transaction: the ACK for a 2xx (gets a Via when it has none), or a response (routed by its
        top Via when ``to`` is the flow of the request). Returns what was queued, for retransmission with ``resend``."""
        if isinstance(message, Request):
            if message.get("Via") is None:
                self._stamp_via(message, to, self._local.sent_by(to), self._tokens.new_branch())
        elif isinstance(to, Flow):
            to = response_destination(message.via, to, force_rport=self._force_rport)
        send = Send(to, message.encode())
        self._wiring.outputs.append(send)
        return send

    def resend(self, send: Send) -> None:
        """Queue earlier bytes again: a 2xx or an ACK, whose retransmission is the user's business (§13.3.1.4)."""
        self._wiring.outputs.append(send)

    # --- input ------------------------------------------------------------------------------------------------------

    def receive(self, message: Message, flow: Flow, now: float) -> None:
        """Take one parsed message from the transport."""
        if isinstance(message, Request):
            self._receive_request(message, flow, now)
        elif isinstance(message, Response):
            self._receive_response(message, flow, now)

    def transport_failed(self, transaction_key: str, now: float) -> None:
        """``Send.transaction`` could not be delivered. Unknown keys are ignored: the transaction may be over."""
        transaction = self._wiring.clients.get(transaction_key) or self._wiring.servers.get(transaction_key)
        if transaction is not None:
            step(transaction, self._wiring, "transport error", now)

    def unreachable(self, transaction_key: str, host: str, port: int, now: float) -> None:
        """The network says so (§18.4). Believed only of a request outside any dialog, where it went, while nothing was
        heard from there: what is established ends by its own timers, not by what anybody on the way may claim. Nor
        before the second repetition (1.5 s): a server that restarts says the same."""
        transaction = self._wiring.clients.get(transaction_key)
        if transaction is None or transaction.state not in ("calling", "trying"):
            return
        if transaction.interval_s < 4 * self.timers.t1_s:
            return
        request, to = transaction.request, transaction.to
        place = (to.remote_host, to.remote_port) if isinstance(to, Flow) else (to.host, to.port)
        if request is not None and not request.to.tag and place == (host, port):
            step(transaction, self._wiring, "transport error", now)

    def handle_timers(self, now: float) -> None:
        """Run what is due, at most ``TIMERS_PER_TURN`` of it: ask ``next_deadline`` again afterwards."""
        for tick, transaction in self._wiring.wheel.due(now, TIMERS_PER_TURN):
            if transaction.tick == tick:
                transaction.tick = -1
                what = which_timer(transaction, tick)
                step(transaction, self._wiring, what, now)

    def next_deadline(self) -> float | None:
        """When to call ``handle_timers`` next (in the past when work was left over), None when no timer runs."""
        return self._wiring.wheel.next_deadline()

    # --- client side ------------------------------------------------------------------------------------------------

    def _stamp_via(self, request: Request, to: Destination, sent_by: tuple[str, int], branch: str) -> None:
        request.put_first("Via", via_value(to, sent_by, branch))

    def _start_client(
        self,
        request: Request,
        data: bytes,
        to: Destination,
        branch: str,
        sent_by: tuple[str, int],
        now: float,
        *,
        quiet: bool,
        patience_s: float = 0.0,
    ) -> ClientTransaction:
        method = request.method
        key = client_key(branch, method)
        packet = Send(to, data, key)
        transaction: ClientTransaction
        if method == "INVITE":
            transaction = ClientInvite(
                key=key, method=method, to=to, state="calling", request=request, packet=packet, sent_by=sent_by
            )
            self._wiring.clients[key] = transaction
            client_invite.start(transaction, self._wiring, now, patience_s)
        else:
            transaction = ClientNonInvite(
                key=key,
                method=method,
                to=to,
                state="trying",
                request=request,
                packet=packet,
                sent_by=sent_by,
                quiet=quiet,
            )
            self._wiring.clients[key] = transaction
            client_non_invite.start(transaction, self._wiring, now)
        return transaction

    def _send_cancel(self, transaction: ClientInvite, reason: str, now: float) -> None:
        invite = transaction.request
        if invite is None:
            return
        cancel = client_invite.cancellation(invite, reason)
        branch = transaction.key.partition("|")[0]
        self._start_client(cancel, cancel.encode(), transaction.to, branch, transaction.sent_by, now, quiet=True)
        client_invite.expect_end(transaction, self._wiring, now)

    def _receive_response(self, response: Response, flow: Flow, now: float) -> None:
        via = response.via
        method = response.cseq.method
        transaction = self._wiring.clients.get(client_key(via.branch, method))
        if transaction is None:
            if method == "INVITE" and 200 <= response.status < 300:
                self._wiring.events.append(StrayResponse(response, flow))
            return
        if (via.host, via.port or DEFAULT_PORT) != transaction.sent_by:
            return  # not sent to us (§18.1.2)
        step(transaction, self._wiring, status_class(response.status), now, message=response, flow=flow)
        if method == "INVITE" and transaction.cancel_reason is not None and transaction.state == "proceeding":
            reason, transaction.cancel_reason = transaction.cancel_reason, None
            self._send_cancel(transaction, reason, now)

    # --- server side ------------------------------------------------------------------------------------------------

    def _receive_request(self, request: Request, flow: Flow, now: float) -> None:
        via = request.via
        method = request.method
        key = server_key(request, via, "INVITE" if method == "ACK" else method)
        transaction = self._wiring.servers.get(key)
        if method == "ACK":
            self._receive_ack(request, transaction, flow, now)
        elif transaction is not None:
            step(transaction, self._wiring, "request", now, message=request, flow=flow)
        else:
            to = response_destination(via, flow, force_rport=self._force_rport)
            stamp_source(request, flow)
            self._begin_server(request, key, to, flow, now)

    def _receive_ack(self, ack: Request, transaction: ServerInvite | None, flow: Flow, now: float) -> None:
        if transaction is None:
            self._wiring.events.append(AckForSuccess(ack, flow))
        else:
            step(transaction, self._wiring, "ack", now, message=ack, flow=flow)

    def _begin_server(self, request: Request, key: str, to: Destination, flow: Flow, now: float) -> None:
        wiring = self._wiring
        merge = merge_key(request) if request.method != "CANCEL" else 0
        transaction: ServerTransaction
        if request.method == "INVITE":
            transaction = ServerInvite(
                key=key, method="INVITE", to=to, state="proceeding", request=request, merge_key=merge
            )
            server_invite.start(transaction, wiring, now, self._trying_after_s)
        else:
            transaction = ServerNonInvite(
                key=key, method=request.method, to=to, state="trying", request=request, merge_key=merge
            )
            server_non_invite.start(transaction, wiring, now)
        wiring.servers[key] = transaction
        if merge and merge in wiring.merged:
            transaction.merge_key = 0
            self.respond(transaction, self._answer(request, 482, "Loop Detected"), now)
        elif request.method == "CANCEL":
            self._answer_cancel(request, transaction, now)
        else:
            if merge:
                wiring.merged.add(merge)
            wiring.events.append(NewRequest(transaction, request, flow))

    def _answer_cancel(self, cancel: Request, transaction: ServerTransaction, now: float) -> None:
        """200 when the INVITE is known, else 481 (§9.2); the user hears of it while the INVITE is unanswered."""
        invite = self._wiring.servers.get(transaction.key.removesuffix("CANCEL") + "INVITE")
        if not isinstance(invite, ServerInvite):
            self.respond(transaction, self._answer(cancel, 481, "Call/Transaction Does Not Exist"), now)
            return
        # The To tag should be the one the INVITE's response has (§9.2).
        answered = invite.answered_to
        tag = parse_name_addr(answered).tag if answered else tag_in(invite.packet)
        self.respond(transaction, self._answer(cancel, 200, "OK", tag), now)
        if invite.state == "proceeding":
            self._wiring.events.append(CancelFor(invite, cancel))

    def _answer(self, request: Request, status: int, reason: str, tag: str = "") -> Response:
        return Response.answer(request, status, reason, to_tag=tag or self._tokens.new_tag())
