"""Dialogs: RFC 3261 §12. Tags, sequence numbers, route set and remote target, and the requests made from them."""

from __future__ import annotations

from kiestoon.sip.dialog_state import DialogState
from kiestoon.sip.flow import Destination, Flow
from kiestoon.sip.headers.address import NameAddr
from kiestoon.sip.message import Message, Request, Response
from kiestoon.sip.uri import BadUri, parse_uri

MAX_FORWARDS = "70"


class Dialog:
    """One dialog, early or confirmed, from our side.

    ``local`` and ``remote`` are the whole From/To values we send, tags included: they are copied, never rebuilt, so
    that peers which compare them as text agree too. ``remote_cseq`` is -1 until the peer sent a request.
    ``last_rseq`` is the last reliable provisional we acknowledged (RFC 3262), -1 for none.
    """

    __slots__ = (
        "call_id",
        "invite_cseq",
        "last_rseq",
        "local",
        "local_cseq",
        "local_tag",
        "remote",
        "remote_cseq",
        "remote_tag",
        "remote_target",
        "route_set",
        "secure",
        "strict",
    )

    def __init__(self, state: DialogState) -> None:
        self.call_id = state.call_id
        self.local = state.local
        self.remote = state.remote
        self.local_tag = state.local_tag
        self.remote_tag = state.remote_tag
        self.local_cseq = state.local_cseq
        self.remote_cseq = state.remote_cseq
        self.invite_cseq = state.invite_cseq
        self.remote_target = state.remote_target
        self.route_set = state.route_set
        self.secure = state.secure
        self.strict = bool(state.route_set) and not _is_loose(state.route_set[0])
        self.last_rseq = -1

    def state(self) -> DialogState:
        """The dialog as plain data."""
        return DialogState(
            call_id=self.call_id,
            local=self.local,
            remote=self.remote,
            local_tag=self.local_tag,
            remote_tag=self.remote_tag,
            local_cseq=self.local_cseq,
            remote_cseq=self.remote_cseq,
            invite_cseq=self.invite_cseq,
            remote_target=self.remote_target,
            route_set=self.route_set,
            secure=self.secure,
        )

    # --- requests we send ------------------------------------------------------------------------------------------

    def request(self, method: str, cseq: int = 0) -> Request:
        """A request inside the dialog (§12.2.1.1). ``cseq`` 0: the next number; ACK takes its INVITE's."""
        if not cseq:
            self.local_cseq = cseq = self.local_cseq + 1
        target, routes = self.remote_target, self.route_set
        if self.strict:
            # The first proxy is a strict router: it expects itself in the Request-URI and the target last.
            target, routes = _as_request_uri(routes[0]), (*routes[1:], f"<{target}>")
        fields: dict[str, tuple[str, ...]] = {
            "Max-Forwards": (MAX_FORWARDS,),
            "From": (self.local,),
            "To": (self.remote,),
            "Call-ID": (self.call_id,),
            "CSeq": (f"{cseq} {method}",),
        }
        return Request.of(method, target, {"Route": tuple(routes), **fields} if routes else fields)

    def next_hop(self) -> str:
        """The URI to resolve for a request inside the dialog: the first route, else the remote target."""
        return _as_request_uri(self.route_set[0]) if self.route_set else self.remote_target

    def routes_to(self, host: str) -> bool:
        """Whether the first route is at this address (an IP literal): its messages may then use a flow from there."""
        try:
            uri = parse_uri(self.next_hop())
            return (uri.params.get("maddr") or uri.host) == host
        except BadUri:
            return False

    def way(self, to: Destination) -> Destination | None:
        """Where the peer was last, unless the route set leads elsewhere (None: to be resolved)."""
        host = to.remote_host if isinstance(to, Flow) else to.host
        return to if not self.route_set or self.routes_to(host) else None

    def take_routes(self, response: Response) -> None:
        """Take the route set of the 2xx, which may differ from that of the early dialog (§13.2.2.4)."""
        self.route_set = tuple(reversed(response.all("Record-Route")))
        self.strict = bool(self.route_set) and not _is_loose(self.route_set[0])

    # --- what the peer sends ---------------------------------------------------------------------------------------

    def accepts_cseq(self, number: int) -> bool:
        """Take the number of a request from the peer; False when it is out of order (answer 500, §12.2.2)."""
        if number <= self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def refresh_target(self, message: Message) -> bool:
        """Take a new remote target from a target refresh request or a 2xx to ours. True when it changed."""
        target = contact_uri(message)
        if not target or target == self.remote_target:
            return False
        self.remote_target = target
        return True

    def refresh_identity(self, request: Request) -> None:
        """Take a changed remote URI from a request of the peer (RFC 4916 §4.3); the tag stays what it was."""
        value = request.get("From")
        if value is not None and value != self.remote and request.from_.tag == self.remote_tag:
            self.remote = value


def uas_dialog(request: Request, local_tag: str, secure: bool) -> Dialog:
    """The dialog a 101-299 to this request creates, from the callee's side (§12.1.1)."""
    return Dialog(
        DialogState(
            call_id=request.call_id,
            local=f"{request.get('To')};tag={local_tag}",
            remote=request.get("From") or "",
            local_tag=local_tag,
            remote_tag=request.from_.tag or "",
            local_cseq=0,
            remote_cseq=request.cseq.number,
            invite_cseq=request.cseq.number,
            remote_target=contact_uri(request) or str(request.from_.uri),
            route_set=tuple(request.all("Record-Route")),
            secure=secure,
        )
    )


def uac_dialog(response: Response, secure: bool) -> Dialog:
    """The dialog a 101-299 creates, from the caller's side (§12.1.2)."""
    cseq = response.cseq.number
    return Dialog(
        DialogState(
            call_id=response.call_id,
            local=response.get("From") or "",
            remote=response.get("To") or "",
            local_tag=response.from_.tag,
            remote_tag=response.to.tag,
            local_cseq=cseq,
            remote_cseq=-1,
            invite_cseq=cseq,
            remote_target=contact_uri(response) or str(response.to.uri),
            route_set=tuple(reversed(response.all("Record-Route"))),
            secure=secure,
        )
    )


def contact_uri(message: Message) -> str:
    """The URI of the first Contact, "" where there is none."""
    contacts: list[NameAddr] = message.contacts
    if not contacts or contacts[0].star:  # "*" is for REGISTER and leads nowhere
        return ""
    return str(contacts[0].uri)


def _is_loose(route: str) -> bool:
    """Whether a route names a loose router. Read from the text: a route's URI always stands in angle brackets."""
    start, end = route.find("<"), route.find(">")
    uri = route[start + 1 : end] if 0 <= start < end else route
    return any(param.partition("=")[0].strip().lower() == "lr" for param in uri.split(";")[1:])


def _as_request_uri(route: str) -> str:
    """A route's URI without what a Request-URI may not carry (§19.1.1: headers, method)."""
    start, end = route.find("<"), route.find(">")
    text = route[start + 1 : end] if 0 <= start < end else route
    try:
        uri = parse_uri(text)
    except BadUri:
        return text
    if not uri.headers and "method" not in uri.params:
        return text
    return text.partition("?")[0].replace(f";method={uri.params.get('method')}", "")
