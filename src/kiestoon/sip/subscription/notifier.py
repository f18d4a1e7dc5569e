"""The notifier's side of RFC 6665: subscriptions to lamps, mailboxes and presence, and the NOTIFYs that serve them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from kiestoon.sip.deadlines import Deadline
from kiestoon.sip.dialog import Dialog, uas_dialog
from kiestoon.sip.dialog_state import JUMP
from kiestoon.sip.events import (
    RenewalReceived,
    SubscriptionEnded,
    SubscriptionRefreshed,
    WatcherBack,
    WatcherSilent,
)
from kiestoon.sip.flow import Destination, Flow
from kiestoon.sip.headers.grammar import lenient
from kiestoon.sip.headers.subscription import parse_event
from kiestoon.sip.headers.timers import parse_expires
from kiestoon.sip.message import Request, Response
from kiestoon.sip.outgoing import Headers, Outgoing, add_headers
from kiestoon.sip.subscription.state import SubscriptionData

if TYPE_CHECKING:
    from kiestoon.sip.endpoint import Endpoint
    from kiestoon.sip.transaction import ServerTransaction

DEFAULT_EXPIRES_S = 3600
MIN_EXPIRES_S = 60
EXPIRY_TIMER = "subscription expiry"
GRACE_S = 5.0
"""A refresh that is this late still finds its subscription: phones refresh at the last moment."""

SubscriptionPhase: TypeAlias = Literal["pending", "active", "terminated"]
Render: TypeAlias = Callable[[int], bytes]


class Subscription:
    """One watcher of one resource in one event package.

    ``resource`` is the Request-URI it subscribed to, ``package`` and ``event_id`` come from Event, ``accepts`` from
    Accept (empty: the package's default). ``context`` belongs to the user. ``silent``: the watcher did not answer, or
    could not be reached; nothing more is sent until the user calls ``resend`` or the watcher is heard of.
    ``heeds_bodies``: a renewal with a body is for the user to answer (``RenewalReceived``). ``require``: the option our
    NOTIFYs need (RFC 4662).
    """

    __slots__ = (
        "_deadline",
        "_dialog",
        "_endpoint",
        "_render",
        "_to",
        "_unsent",
        "_waiting",
        "accepts",
        "content_type",
        "context",
        "event_id",
        "expires_at",
        "heeds_bodies",
        "id",
        "package",
        "reason",
        "require",
        "resource",
        "silent",
        "state",
        "version",
    )

    def __init__(
        self, endpoint: Endpoint, number: int, data: SubscriptionData, to: Destination | None, dialog: Dialog
    ) -> None:
        self.id = number
        self.context: object = None
        self.resource = data.resource
        self.package, self.event_id = data.package, data.event_id
        self.accepts = data.accepts
        self.state: SubscriptionPhase = "active"
        self.reason = ""
        self.expires_at = 0.0
        self.content_type = data.content_type
        self.version = data.version
        self.silent = False
        self.heeds_bodies = False
        self.require = ""
        self._endpoint = endpoint
        self._dialog = dialog
        self._to = to
        self._render: Render = _nothing
        self._waiting: Outgoing | None = None
        self._unsent = False
        self._deadline: Deadline[Any] | None = None

    @property
    def tag(self) -> str:
        """Our tag, by which its refreshes are found."""
        return self._dialog.local_tag

    @property
    def contact(self) -> str:
        """The watcher's Contact."""
        return self._dialog.remote_target

    @property
    def destination(self) -> Destination | None:
        """Where its NOTIFYs go, as far as that is known without asking the name service."""
        return self._to

    @property
    def under_way(self) -> bool:
        """Whether a NOTIFY waits for its answer."""
        return self._waiting is not None

    def data(self) -> SubscriptionData:
        """The subscription as plain data, for a journal."""
        return SubscriptionData(
            self._dialog.state(), self.resource, self.package, self.event_id, self.accepts, self.content_type,
            self.version,
        )  # fmt: skip

    # --- commands --------------------------------------------------------------------------------------------------

    def notify(self, now: float, body: bytes | Render, content_type: str = "") -> None:
        """Tell the watcher the new state. ``body`` may be a function of the version number (RFC 4235 §4.3). While a
        NOTIFY is under way the newest state waits for it; those between are never sent."""
        if self.state == "terminated":
            return
        self._render = body if callable(body) else partial(_fixed, body)
        self.content_type = content_type or self.content_type
        self._send_or_wait(now)

    def poll(self, now: float, body: bytes | Render) -> None:
        """Expires 0: tell the state once and end (RFC 6665 §4.4.3)."""
        self._render = body if callable(body) else partial(_fixed, body)
        self._end(now, "timeout", notify=True)

    def activate(self, now: float) -> None:
        """The owner lets a pending watcher in."""
        if self.state == "pending":
            self.state = "active"
            self._send_or_wait(now)

    def resend(self, now: float, to: Destination | None = None) -> None:
        """Tell the state again, at ``to`` where that is given. A NOTIFY under way counts no more: it went to where the
        watcher may not be any longer."""
        if self.state != "terminated":
            self._to = to or self._to
            self._waiting = None
            self._send(now)

    def move(self, now: float, to: Destination) -> None:
        """The watcher is somewhere else now; what is under way to where it was is sent again."""
        self._to = to
        if self._waiting is not None:
            self.resend(now)

    def silence(self) -> None:
        """Send nothing until ``resend``: its phone is known to be away."""
        self.silent = self._unsent = True

    def renew(self, event: RenewalReceived, now: float, headers: Headers = ()) -> bool:
        """Grant what was received: 200 (with ``headers``). The NOTIFY that belongs to it is the user's to send, once it
        is known what came of the wish; not that of an end (Expires 0). False: it was too short, and 423 the answer."""
        return self._endpoint.subscriptions.grant(self, event, now, headers)

    def terminate(self, now: float, reason: str = "noresource") -> None:
        """End it with a last NOTIFY; ``reason`` is one of RFC 6665 §4.1.3 ("deactivated" asks to come back)."""
        if self.state != "terminated":
            self._end(now, reason, notify=True)

    # --- what the subscriptions table calls ------------------------------------------------------------------------

    def extend(self, now: float, expires_s: float) -> None:
        self.expires_at = now + expires_s
        if self._deadline is not None:
            self._endpoint.deadlines.stop(self._deadline)
        self._deadline = self._endpoint.deadlines.start(self.expires_at + GRACE_S, EXPIRY_TIMER, self)

    def refresh(
        self, request: Request, transaction: ServerTransaction, flow: Flow, expires_s: int, now: float,
        headers: Headers = (), *, tell: bool = True,
    ) -> None:  # fmt: skip
        """SUBSCRIBE inside the dialog (RFC 6665 §4.2.1.3): every one is answered with the full state. ``tell`` False:
        that follows."""
        if self.silent or flow != self._to:
            self._waiting = None
        self.silent = False
        self._to = flow
        self._dialog.refresh_target(request)
        self._endpoint.subscriptions.send_success(transaction, request, self, flow, expires_s, now, headers)
        if expires_s:
            self.extend(now, expires_s)
            self._endpoint.emit(SubscriptionRefreshed(self))
            if tell:
                self._send_or_wait(now)
        else:
            self._end(now, "timeout", notify=True)

    def on_timer(self, _name: str, now: float) -> None:
        """Not refreshed in time."""
        self._deadline = None
        self._end(now, "timeout", notify=not self.silent)

    def takes_cseq(self, number: int) -> bool:
        return self._dialog.accepts_cseq(number)

    def matches(self, request: Request) -> bool:
        """Whether a request inside a dialog belongs to this one."""
        return (request.call_id, request.from_.tag) == (self._dialog.call_id, self._dialog.remote_tag)

    def allows(self, content_type: str) -> bool:
        """Whether the watcher can read this kind of body."""
        family = content_type.partition("/")[0]
        kinds = {kind.partition(";")[0].strip().lower() for kind in self.accepts}
        return not kinds or bool(kinds & {content_type, f"{family}/*", "*/*"})

    # --- inside ----------------------------------------------------------------------------------------------------

    def _send_or_wait(self, now: float) -> None:
        if self._waiting is not None or self.silent:
            self._unsent = True
        else:
            self._send(now)

    def _send(self, now: float) -> None:
        self._unsent = False
        dialog = self._dialog
        request = dialog.request("NOTIFY")
        request.add("Event", f"{self.package};id={self.event_id}" if self.event_id else self.package)
        left_s = max(0, round(self.expires_at - now))
        state = f"terminated;reason={self.reason}" if self.state == "terminated" else f"{self.state};expires={left_s}"
        request.add("Subscription-State", state)
        request.add("User-Agent", self._endpoint.settings.user_agent)
        if self.require:
            request.add("Require", self.require)
        # A pending watcher is told nothing but that it is pending (RFC 3857 §4.7.1).
        body = b"" if self.state == "pending" else self._render(self.version)
        if body:
            self.version += 1
            request.set("Content-Type", self.content_type)
            request.body = body
        outgoing = Outgoing(request, self._notified, hop=dialog.next_hop(), contact=True, dialog=dialog)
        outgoing.to = None if self._to is None else dialog.way(self._to)
        self._waiting = outgoing
        self._endpoint.subscriptions.notifies += 1
        self._endpoint.requests.send(outgoing, now)

    def _notified(self, outgoing: Outgoing, status: int, response: Response | None, now: float) -> None:
        """A NOTIFY that is refused ends the subscription (RFC 6665 §4.2.2), except where it may be tried again later.

        One that nobody answers does not, though the RFC would have it so: the phone still believes in it, and a lamp
        that changed while the network was away would stay wrong until the phone refreshes.
        """
        if outgoing is not self._waiting:
            return
        self._waiting = None
        if self.state == "terminated":
            if self._unsent:
                self._send(now)
        elif response is None or (status >= 300 and response.get("Retry-After") is not None):
            self.silence()
            self._endpoint.emit(WatcherSilent(self))
        elif status >= 300:
            self._end(now, "gone", notify=False)
        else:
            self._answered(outgoing.flow, now)

    def _answered(self, flow: Flow | None, now: float) -> None:
        if flow is not None:
            self._to = flow
        if self.silent:
            self.silent = False
            self._endpoint.emit(WatcherBack(self))
        if self._unsent:
            self._send(now)

    def _end(self, now: float, reason: str, notify: bool) -> None:
        self.state, self.reason = "terminated", reason
        if self._deadline is not None:
            self._endpoint.deadlines.stop(self._deadline)
            self._deadline = None
        self._endpoint.subscriptions.forget(self)
        if notify:
            self.silent = False
            self._send_or_wait(now)
        self._endpoint.emit(SubscriptionEnded(self, reason))


class Subscriptions:
    """All subscriptions at one endpoint. ``notifies`` counts the NOTIFYs sent."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.notifies = 0
        self._endpoint = endpoint
        self._by_tag: dict[str, Subscription] = {}
        self._numbers = count(1)

    def __len__(self) -> int:
        return len(self._by_tag)

    def accept(
        self,
        now: float,
        transaction: ServerTransaction,
        flow: Flow,
        *,
        body: bytes | Render,
        content_type: str,
        max_expires_s: int = DEFAULT_EXPIRES_S,
        readable: str = "",
        require: str = "",
        pending: bool = False,
        context: object = None,
        headers: Headers = (),
    ) -> Subscription | None:
        """Accept a SUBSCRIBE that came as ``RequestReceived``: 200 (with ``headers``) and the first NOTIFY.

        ``readable``: what the watcher must be able to read, if that is not ``content_type`` but what is in it.
        ``require``: see ``Subscription``.

        None when it was refused: 423 (too short), 406 (the watcher cannot read ``content_type``), or answered before.
        Expires 0 is a poll: one NOTIFY, and ``SubscriptionEnded`` at once.
        """
        request = transaction.request
        if request is None:
            return None
        endpoint = self._endpoint
        expires_s = self._expires(transaction, request, max_expires_s, now)
        if expires_s is None:
            return None
        dialog = uas_dialog(request, endpoint.tokens.new_tag(), request.target.scheme == "sips")
        data = SubscriptionData(
            dialog.state(), request.uri, *read_event(request), _accepted(tuple(request.all("Accept"))), content_type, 0
        )
        subscription = Subscription(endpoint, next(self._numbers), data, flow, dialog)
        if not subscription.allows(readable or content_type):
            endpoint.respond(now, transaction, 406, headers=[("Accept", readable or content_type)])
            return None
        subscription.context = context
        subscription.require = require
        if pending:
            subscription.state = "pending"
        self.send_success(transaction, request, subscription, flow, expires_s, now, headers)
        self._by_tag[subscription.tag] = subscription
        if expires_s:
            subscription.extend(now, expires_s)
            subscription.notify(now, body, content_type)
        else:
            subscription.poll(now, body)
        return subscription

    def restore(
        self, data: SubscriptionData, to: Destination | None, now: float, *, expires_s: float, restarts: int = 1
    ) -> Subscription:
        """Go on with a subscription of before a restart. It is silent until ``resend``, which needs a state to tell:
        call ``notify`` before.

        Numbers jump ahead, once for each of the ``restarts`` since ``data`` was written down: NOTIFYs of after that
        have used some (RFC 3261 §12.2.1.1 and RFC 4235 §4.3 want them to grow).
        """
        dialog = Dialog(data.dialog)
        dialog.local_cseq += JUMP * restarts
        subscription = Subscription(self._endpoint, next(self._numbers), data, to, dialog)
        subscription.version += JUMP * restarts
        subscription.silent = True
        self._by_tag[subscription.tag] = subscription
        subscription.extend(now, expires_s)
        return subscription

    def receive(self, transaction: ServerTransaction, request: Request, flow: Flow, now: float) -> bool:
        """A request inside a dialog. False when it is none of ours."""
        subscription = self._by_tag.get(request.to.tag)
        if subscription is None or not subscription.matches(request):
            return False
        if not subscription.takes_cseq(request.cseq.number):
            self._endpoint.respond(now, transaction, 500, "Out of Order")
        elif request.method != "SUBSCRIBE":
            self._endpoint.respond(now, transaction, 405, headers=[("Allow", "SUBSCRIBE, NOTIFY")])
        elif request.body and subscription.heeds_bodies:
            self._endpoint.emit(RenewalReceived(subscription, transaction, request, flow))
        else:
            expires_s = self._expires(transaction, request, DEFAULT_EXPIRES_S, now)
            if expires_s is not None:
                subscription.refresh(request, transaction, flow, expires_s, now)
        return True

    def grant(self, subscription: Subscription, event: RenewalReceived, now: float, headers: Headers) -> bool:
        """See ``Subscription.renew``."""
        request, transaction = event.request, event.transaction
        expires_s = self._expires(transaction, request, DEFAULT_EXPIRES_S, now)
        if expires_s is None:
            return False
        subscription.refresh(request, transaction, event.flow, expires_s, now, headers, tell=False)
        return True

    def send_success(
        self, transaction: ServerTransaction, request: Request, subscription: Subscription, flow: Flow, expires_s: int,
        now: float, headers: Headers = (),
    ) -> None:  # fmt: skip
        """200 with the interval granted."""
        response = Response.answer(request, 200, to_tag=subscription.tag)
        response.add("Contact", f"<{self._endpoint.local.contact(flow)}>")
        response.add("Expires", str(expires_s))
        if subscription.require:
            response.add("Require", subscription.require)
        add_headers(response, headers)
        self._endpoint.layer.respond(transaction, response, now)

    def forget(self, subscription: Subscription) -> None:
        self._by_tag.pop(subscription.tag, None)

    def _expires(self, transaction: ServerTransaction, request: Request, maximum_s: int, now: float) -> int | None:
        """The interval to grant; None when 423 was answered."""
        asked_s = lenient(parse_expires, request.get("Expires"))
        granted_s = DEFAULT_EXPIRES_S if asked_s is None else asked_s
        if 0 < granted_s < MIN_EXPIRES_S:
            self._endpoint.respond(now, transaction, 423, headers=[("Min-Expires", str(MIN_EXPIRES_S))])
            return None
        return min(granted_s, max(maximum_s, MIN_EXPIRES_S))


def read_event(request: Request) -> tuple[str, str]:
    """Event as (package, id); ("", "") when absent or unreadable."""
    event = lenient(parse_event, request.get("Event"))
    return (event.package, event.id) if event is not None else ("", "")


@lru_cache(256)
def _accepted(kinds: tuple[str, ...]) -> frozenset[str]:
    """Accept: the same in every SUBSCRIBE of a model of phone."""
    return frozenset(kinds)


def _fixed(body: bytes, _version: int) -> bytes:
    return body


def _nothing(_version: int) -> bytes:
    return b""
