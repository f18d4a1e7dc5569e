"""One INVITE usage (RFC 5057): its data and the commands its user may give. The verbs live in the files beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from kiestoon.sip.deadlines import Deadline
from kiestoon.sip.dialog import Dialog
from kiestoon.sip.events import ResponseReceived
from kiestoon.sip.flow import Destination, Flow, Send
from kiestoon.sip.message import Message, Request, Response
from kiestoon.sip.outgoing import DigestIdentity, Finish, Headers, OnProvisional, Outgoing, add_headers
from kiestoon.sip.session import closing, offer, provisional, refer, timer, uac, uas
from kiestoon.sip.session.state import Phase, Refresher, Role, SessionMisuse, SessionState, TimerState

if TYPE_CHECKING:
    from kiestoon.sip.endpoint import Endpoint
    from kiestoon.sip.session.offer import Exchange, HeldOffer, Wish
    from kiestoon.sip.session.provisional import Reliable
    from kiestoon.sip.session.refer import Referral
    from kiestoon.sip.session.uas import Unacknowledged
    from kiestoon.sip.transaction import ServerInvite

SDP = "application/sdp"


class Session:
    """A call leg's signalling.

    state       what holds in it
    calling     uac: INVITE sent, nothing above 100 heard. uas: INVITE received, nothing above 100 sent
    early       a 101-199 was received or sent; there may be early dialogs
    accepted    uas only: our 2xx is out and its ACK has not come yet
    confirmed   the dialog stands
    ended       the closing event is out; nothing in the endpoint refers to the session any more

    Commands given to a session that is over, or ending, do nothing: the peer may have ended it a moment before, with
    the closing event still in the queue. ``context`` belongs to the user, who breaks the link when done with it.
    """

    __slots__ = (
        "ack", "answered", "call_id", "cancelled", "contact", "contact_to", "content_type", "context", "dialog",
        "early", "ending", "endpoint", "exchange", "flow", "flow_lost", "held", "hop", "id", "identity",
        "interval_s", "invite", "invite_request", "invite_transaction", "local_body", "local_tag", "min_se_s",
        "offering", "owns_call_id", "progress_headers", "progress_status", "reason", "refer_count", "referrals",
        "refresher", "reliable", "remote_allows", "remote_body", "remote_supported", "remote_tag", "role", "secure",
        "state",
        "timed_out", "timers", "unacknowledged", "wanted_s", "wish",
    )  # fmt: skip

    def __init__(self, endpoint: Endpoint, number: int, role: Role, call_id: str, local_tag: str) -> None:
        self.id = number
        self.endpoint = endpoint
        self.context: object = None
        self.role: Role = role
        self.state: Phase = "calling"
        self.call_id = call_id
        self.local_tag = local_tag
        self.remote_tag = ""
        self.owns_call_id = role == "uac"
        self.remote_allows: frozenset[str] = frozenset()
        self.remote_supported: frozenset[str] = frozenset()
        self.secure = False
        # Where the peer is.
        self.flow: Flow | None = None
        self.flow_lost = False
        self.hop: Destination | None = None
        self.contact = ""
        self.contact_to: Destination | None = None
        # The dialog: the confirmed one, before that the early dialog heard last; the others are in ``early``.
        self.dialog: Dialog | None = None
        self.early: dict[str, Dialog] | None = None
        self.identity: DigestIdentity | None = None
        # Our INVITE (uac), theirs (uas).
        self.invite: Outgoing | None = None
        self.invite_transaction: ServerInvite | None = None
        self.invite_request: Request | None = None
        self.cancelled = False
        self.timed_out = False
        self.reason = ""
        self.ack: tuple[int, Send] | None = None
        self.unacknowledged: dict[int, Unacknowledged] | None = None
        self.ending: closing.Ending = ""
        # Session descriptions: what we said and heard last, and the exchange under way (RFC 3264).
        self.local_body = b""
        self.content_type = SDP
        self.remote_body = b""
        self.exchange: Exchange = "none"
        self.offering: Outgoing | None = None
        self.held: HeldOffer | None = None
        self.wish: Wish | None = None
        self.answered = False
        # Provisional responses (uas).
        self.reliable: Reliable | None = None
        self.progress_status = 0
        self.progress_headers: Headers = ()
        # RFC 4028.
        self.interval_s = 0
        self.min_se_s = 90
        self.wanted_s = 0
        self.refresher: Refresher = ""
        self.timers: dict[str, Deadline[Any]] = {}
        self.referrals: dict[int, Referral] | None = None
        self.refer_count = 0

    # --- commands of the called side -------------------------------------------------------------------------------

    def trying(self, now: float) -> None:
        """Send 100: the INVITE will be treated (the layer sends it by itself after 200 ms)."""
        if self.invite_transaction is not None and self.invite_request is not None:
            self.endpoint.layer.respond(self.invite_transaction, Response.answer(self.invite_request, 100), now)

    def drop(self) -> None:
        """Keep silent about the INVITE and forget it; no event follows."""
        if self.invite_transaction is not None:
            self.endpoint.drop(self.invite_transaction)
        self.stop_timer(uas.EXPIRES_TIMER)
        self.state = "ended"
        self.endpoint.forget(self)

    def progress(
        self, now: float, status: int, reason: str = "", headers: Headers = (), body: bytes = b"",
        *, reliable: bool | None = None,
    ) -> None:  # fmt: skip
        """Send a 101-199. Reliable (RFC 3262) when the peer requires it, when ``body`` is our offer, or when asked
        for with ``reliable`` and supported by the peer. Reliable ones wait for the one before to be acknowledged."""
        provisional.progress(self, now, status, reason, headers, body, reliable)

    def accept(self, now: float, body: bytes, headers: Headers = ()) -> None:
        """Send 200 with ``body`` (left out when a reliable provisional has brought the answer already)."""
        uas.accept(self, now, body, headers)

    def reject(self, now: float, status: int, reason: str = "", headers: Headers = ()) -> None:
        """Answer 3xx-6xx; ``Ended(by="local")`` follows."""
        uas.reject(self, now, status, reason, headers)

    def redirect(self, now: float, contacts: Sequence[str]) -> None:
        """Answer 302 with these URIs, most wanted first."""
        uas.redirect(self, now, contacts)

    # --- commands of the calling side ------------------------------------------------------------------------------

    def cancel(self, now: float, reason: str = "") -> None:
        """Give our INVITE up; ``Refused`` follows with 487, whatever the race with an answer brings. ``reason`` is a
        Reason header's value (RFC 3326)."""
        uac.cancel(self, now, reason)

    def acknowledge(self, now: float, body: bytes) -> None:
        """Answer the offer a 2xx to our offerless (re-)INVITE held: the ACK goes out."""
        offer.answer(self, now, body)

    # --- commands of both ------------------------------------------------------------------------------------------

    def offer(self, now: float, body: bytes, headers: Headers = ()) -> None:
        """Offer a new session description by UPDATE (early dialogs, or where the peer allows it) or re-INVITE.

        Ends in ``AnswerReceived`` or ``OfferRefused``. While another exchange is under way the offer waits; a newer
        one takes the place of one that waits. Without any way to offer (early, no UPDATE) it waits for the answer.
        """
        offer.wish(self, now, body, headers)

    def reoffer_request(self, now: float) -> None:
        """Ask the peer for an offer (re-INVITE without body); it comes as ``OfferReceived``."""
        offer.wish(self, now, b"", (), reinvite=True)

    def answer(self, now: float, body: bytes) -> None:
        """Answer the pending ``OfferReceived`` (or ``Progressed``/``Accepted`` holding an offer)."""
        offer.answer(self, now, body)

    def refuse(self, now: float, status: int) -> None:
        """Refuse the pending ``OfferReceived``; the session stays as it was."""
        offer.refuse(self, now, status)

    def bye(self, now: float, reason: str = "") -> None:
        """End the session in whatever way its state asks for: BYE, CANCEL, or 480 to an INVITE not answered yet.
        ``reason`` is a Reason header's value (RFC 3326)."""
        closing.bye(self, now, reason)

    def request(
        self, now: float, method: str, headers: Headers = (), body: bytes = b"", content_type: str = "",
        token: object = None,
    ) -> None:  # fmt: skip
        """Send any other request in the dialog (INFO, MESSAGE, NOTIFY, REFER, …); ``ResponseReceived(token)``
        follows, at once with 481 when there is no dialog to send it in."""
        dialog = self.dialog
        if dialog is None or self.over:
            self.endpoint.emit(ResponseReceived(token, 481, None, local=True))
            return
        request = dialog.request(method)
        add_headers(request, headers)
        if body:
            request.set("Content-Type", content_type or "application/octet-stream")
            request.body = body
        self.send(request, partial(_answered, self, token), now, contact=method in _TARGET_REFRESH)

    def notify_refer(self, now: float, status: int, final: bool, reason: str = "") -> None:
        """Tell the party who sent the last REFER how far it has come (RFC 3515 §2.4.4); ``final`` ends it."""
        refer.notify(self, now, status, final, reason)

    def state_data(self) -> SessionState:
        """The session as plain data for the journal. Only accepted and confirmed sessions have any."""
        dialog = self.dialog
        if dialog is None or self.state not in ("accepted", "confirmed"):
            raise SessionMisuse(f"a session in state {self.state} cannot be kept")
        waiting = (self.unacknowledged or {}).get(dialog.invite_cseq)
        return SessionState(
            id=self.id,
            role=self.role,
            phase=self.state,
            dialog=dialog.state(),
            flow=self.flow,
            contact=self.contact,
            timer=TimerState(self.interval_s, self.min_se_s, self.refresher),
            local_body=self.local_body,
            local_content_type=self.content_type,
            remote_body=self.remote_body,
            remote_allows=tuple(sorted(self.remote_allows)),
            remote_supported=tuple(sorted(self.remote_supported)),
            unacknowledged=waiting.packet.data if waiting else b"",
            offered_in_accept=waiting.offered if waiting else False,
            owns_call_id=self.owns_call_id,
            username=self.identity.credentials.username if self.identity else "",
        )

    # --- for the verbs ---------------------------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """Whether it has ended or we have begun to end it: no command makes sense any more."""
        return self.state == "ended" or self.ending != "" or self.cancelled

    def has_remote_tag(self, tag: str) -> bool:
        """Whether one of its dialogs, early ones included, is with this tag."""
        return self.dialog_with(tag) is not None

    def dialog_with(self, tag: str) -> Dialog | None:
        """The dialog with this remote tag, early ones included."""
        dialog = self.dialog
        if dialog is not None and dialog.remote_tag == tag:
            return dialog
        return self.early.get(tag) if self.early else None

    def begin_attempt(self) -> None:
        """An INVITE of ours goes out (again): what an earlier attempt brought counts no more, and reliable
        provisionals are numbered anew (RFC 3262 §3)."""
        if self.dialog is not None:
            self.dialog.last_rseq = -1
        if self.early is not None:
            self.early = self.dialog = None

    def on_timer(self, name: str, now: float) -> None:
        """One of its timers is due."""
        self.timers.pop(name, None)
        _TIMERS[name](self, now)

    def start_timer(self, name: str, at: float) -> None:
        """(Re)start the timer ``name``; ``Endpoint.handle_timers`` calls its function (see ``endpoint``)."""
        running = self.timers.get(name)
        if running is not None:
            self.endpoint.deadlines.stop(running)
        self.timers[name] = self.endpoint.deadlines.start(at, name, self)

    def stop_timer(self, name: str) -> None:
        running = self.timers.pop(name, None)
        if running is not None:
            self.endpoint.deadlines.stop(running)

    def contact_for(self, to: Destination) -> str:
        """Our Contact value towards ``to``; the last one is remembered, as it hardly ever changes in a call."""
        if to is not self.contact_to and to != self.contact_to:
            self.contact = f"<{self.endpoint.local.contact(to)}>"
            self.contact_to = to
        return self.contact

    def learn_flow(self, flow: Flow) -> None:
        """Remember where a message of the peer came from: that is where it can be reached."""
        if flow is not self.flow and flow != self.flow:
            self.flow = flow
            self.hop = None
        self.flow_lost = False

    def learn(self, message: Message, flow: Flow) -> None:
        """Take over what the peer tells of itself: where it is, what it allows and supports. Asked of messages that
        set a session up or change it only; reading Allow and Supported costs as much as all the rest."""
        self.learn_flow(flow)
        if message.has("Allow"):
            self.remote_allows = message.allowed
        if message.has("Supported"):
            self.remote_supported = message.supported

    def send(
        self, request: Request, finish: Finish, now: float,
        *, contact: bool = True, dialog: Dialog | None = None, provisional: OnProvisional | None = None,
    ) -> Outgoing:  # fmt: skip
        """Send a request in the dialog and call ``finish`` with its final response (None: made up)."""
        dialog = dialog or self.dialog
        outgoing = Outgoing(
            request, finish, dialog=dialog, session=self, identity=self.identity, contact=contact,
            provisional=provisional, hop=dialog.next_hop() if dialog else request.uri,
        )  # fmt: skip
        if self.identity is not None:
            self.identity.sign(request)
        outgoing.to = self.endpoint.way_to(self, dialog)
        self.endpoint.requests.send(outgoing, now)
        return outgoing


_TARGET_REFRESH = frozenset({"INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"})


def _answered(
    session: Session, token: object, _outgoing: Outgoing, status: int, response: Response | None, now: float
) -> None:
    session.endpoint.emit(ResponseReceived(token, status, response, local=response is None))
    closing.judge(session, status, now)


_TIMERS: dict[str, Callable[[Session, float], None]] = {
    offer.GLARE_TIMER: offer.next_wish,
    offer.OFFER_TIMER: offer.on_offer_timeout,
    provisional.KEEP_ALIVE_TIMER: provisional.on_keep_alive,
    provisional.RELIABLE_TIMER: provisional.on_reliable_timer,
    timer.EXPIRY_TIMER: timer.on_expiry,
    timer.REFRESH_TIMER: timer.on_refresh_due,
    uac.PROGRESS_TIMER: uac.on_progress_timeout,
    uas.ACK_TIMER: uas.on_ack_timer,
    uas.EXPIRES_TIMER: uas.on_expires,
}
