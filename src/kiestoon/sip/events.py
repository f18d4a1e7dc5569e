"""What the SIP endpoint tells its user: the small vocabulary both legs of a call speak.

The user drains ``Endpoint.events()`` after every call into the engine; the engine never calls back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

from kiestoon.sip.flow import Flow

if TYPE_CHECKING:
    from kiestoon.sip.message import Request, Response
    from kiestoon.sip.session import Session
    from kiestoon.sip.subscription import Subscription
    from kiestoon.sip.transaction import ServerTransaction


class SipEvent(msgspec.Struct, gc=False):
    """Base of all events of the endpoint."""


class RequestReceived(SipEvent):
    """A request outside any INVITE session (REGISTER, OPTIONS, SUBSCRIBE, MESSAGE, …), to be answered with
    ``Endpoint.respond(transaction, …)``."""

    transaction: ServerTransaction
    request: Request
    flow: Flow


class InviteReceived(SipEvent):
    """A new INVITE outside any dialog. ``session`` is the UAS side; ``session.trying`` sends 100 once the caller is
    known, ``session.drop`` keeps silent.


    ``request.body`` holds the offer or is empty (offerless INVITE: we must offer in 2xx or a reliable 18x).
    ``replaces`` is the session named by a valid Replaces header (RFC 3891); unmatched ones were answered 481 already.
    """

    session: Session
    request: Request
    flow: Flow
    replaces: Session | None = None


class Progressed(SipEvent):
    """A provisional response above 100 to our INVITE. ``body`` is session description or b"".

    ``tag`` names the early dialog (forking peers have several). Reliable ones have been PRACKed.
    """

    session: Session
    status: int
    tag: str
    body: bytes
    response: Response


class Accepted(SipEvent):
    """The first 2xx to our INVITE; the ACK is sent by the endpoint (after ``Session.acknowledge`` if the 2xx holds an
    offer). ``body`` is the answer, the offer, or b"" when the answer came earlier in a reliable provisional."""

    session: Session
    tag: str
    body: bytes
    response: Response


class Refused(SipEvent):
    """Our INVITE failed for good (after authentication, 422 and target failover were tried). The session is over.

    ``status`` is the final status; 408 with ``local`` true when nobody answered at all (timer B), 503 with ``local``
    when every transport failed, 487 after our own cancel. ``response`` is None when made up locally.
    """

    session: Session
    status: int
    reason: str
    local: bool
    response: Response | None


class Redirected(SipEvent):
    """Our INVITE got a 3xx; the session is over. ``contacts`` are URIs in order of preference."""

    session: Session
    status: int
    contacts: tuple[str, ...]
    response: Response


class Cancelled(SipEvent):
    """The caller cancelled its INVITE (487 has been sent); the session is over. ``answered_elsewhere`` from Reason."""

    session: Session
    answered_elsewhere: bool = False


class Confirmed(SipEvent):
    """The ACK for our 2xx arrived. ``body`` is the answer when our 2xx held the offer, else b""."""

    session: Session
    body: bytes


class OfferReceived(SipEvent):
    """The party wants to change the session (re-INVITE or UPDATE, also in an early dialog).

    Answer with ``Session.answer(body)`` or ``Session.refuse(status)``. ``body`` b"": offerless re-INVITE, our
    ``answer`` is then an offer and the party's answer follows as ``AnswerReceived``.
    """

    session: Session
    body: bytes
    request: Request


class AnswerReceived(SipEvent):
    """The party accepted our offer (``Session.offer``, or our offer in a 2xx / reliable 18x). ``body`` b"": a refresh
    without change."""

    session: Session
    body: bytes


class OfferRefused(SipEvent):
    """The party refused our offer; the session stays as it was. (481 and 408 end the session instead. 491 is retried
    by the endpoint and never seen here.)"""

    session: Session
    status: int
    reason: str


class Updated(SipEvent):
    """A target refresh without session description: the remote identity or contact may have changed (RFC 4916)."""

    session: Session
    request: Request


class Ended(SipEvent):
    """An accepted session is over. ``by``: "remote" (BYE), "local" (our BYE, now answered or given up), "timeout"
    (session timer, 408), "gone" (481), "no-ack" (our 2xx was never acknowledged), "transport".

    Exactly one of Refused/Redirected/Cancelled/Ended closes every session (also one we rejected ourselves: by="local").
    """

    session: Session
    by: str
    status: int = 0
    request: Request | None = None


class InfoReceived(SipEvent):
    """INFO inside a session, already answered 200 (RFC 6086; DTMF relay bodies)."""

    session: Session
    content_type: str
    body: bytes


class ReferReceived(SipEvent):
    """REFER inside a session (RFC 3515). Answer with ``Endpoint.respond(transaction, 202 …)`` and report progress
    with ``Session.notify_refer``. ``replaces`` is the dialog named in Refer-To (RFC 3891) when it is one of ours."""

    session: Session
    transaction: ServerTransaction
    refer_to: str
    referred_by: str
    replaces: Session | None = None


class SessionRequestReceived(SipEvent):
    """Any other request inside a session (MESSAGE, NOTIFY, …), to be answered with ``Endpoint.respond``."""

    session: Session
    transaction: ServerTransaction
    request: Request


class ResponseReceived(SipEvent):
    """A final response to ``Endpoint.request(…, token)`` or ``Session.request(…, token)``; ``local`` when made up
    (408 timeout, 503 transport). Authentication was tried already. ``flow``: where the answer came from."""

    token: object
    status: int
    response: Response | None
    local: bool
    flow: Flow | None = None


class SubscriptionEvent(SipEvent):
    """Base of what happens to subscriptions at our endpoint."""

    subscription: Subscription


class SubscriptionRefreshed(SubscriptionEvent):
    """The watcher has renewed it, perhaps from another address."""


class RenewalReceived(SubscriptionEvent):
    """A renewal that wants something, of a subscription with ``heeds_bodies``. To be answered, by
    ``Subscription.renew`` when it is granted, else with ``Endpoint.respond(transaction, …)``."""

    transaction: ServerTransaction
    request: Request
    flow: Flow


class WatcherSilent(SubscriptionEvent):
    """A NOTIFY was not answered, could not be sent, or came at a bad time. ``Subscription.resend`` tries again."""


class WatcherBack(SubscriptionEvent):
    """A watcher that was silent has answered."""


class SubscriptionEnded(SubscriptionEvent):
    """A subscription is over. ``reason``: "timeout" (expired, or the watcher left), "gone" (a NOTIFY was refused), or
    what ``Subscription.terminate`` was told."""

    reason: str


Event: TypeAlias = (
    RequestReceived | InviteReceived | Progressed | Accepted | Refused | Redirected | Cancelled | Confirmed
    | OfferReceived | AnswerReceived | OfferRefused | Updated | Ended | InfoReceived | ReferReceived
    | SessionRequestReceived | ResponseReceived | SubscriptionRefreshed | RenewalReceived | WatcherSilent
    | WatcherBack | SubscriptionEnded
)  # fmt: skip
