"""How messages find their transaction and responses their way: RFC 3261 §17.1.3, §17.2.3, §18.2, RFC 3581."""

from __future__ import annotations

from kiestoon.sip.flow import Destination, Flow, Send
from kiestoon.sip.headers import Via
from kiestoon.sip.message import Message, Request
from kiestoon.sip.parse import parse_message

DEFAULT_PORT = 5060


def client_key(branch: str, method: str) -> str:
    """§17.1.3: branch of the top Via and method of the CSeq (CANCEL shares its INVITE's branch)."""
    return f"{branch}|{method}"


def server_key(request: Request, via: Via, method: str) -> str:
    """§17.2.3: branch, sent-by and method (INVITE when the request is an ACK); the RFC 2543 way if branchless."""
    if via.is_rfc3261:
        return f"{via.branch}|{via.host}:{via.port}|{method}"
    # The To tag is left out: an ACK has one that its INVITE had not. The layer compares it where it matters.
    return f"{request.uri}|{request.from_.tag}|{request.call_id}|{request.cseq.number}|{request.all('Via')[0]}|{method}"


def merge_key(request: Request) -> int:
    """What §8.2.2.2 compares to find a request that reached us over two paths; 0 for requests inside a dialog."""
    if request.to.tag:
        return 0
    cseq = request.cseq
    return hash((request.call_id, request.from_.tag, cseq.number, cseq.method)) or 1


def via_value(destination: Destination, sent_by: tuple[str, int], branch: str) -> str:
    """The Via of a request of ours, asking for symmetric response routing (RFC 3581 §3)."""
    host, port = sent_by
    if ":" in host:
        host = f"[{host}]"
    return f"SIP/2.0/{destination.transport.upper()} {host}:{port};branch={branch};rport"


def response_destination(via: Via, flow: Flow, *, force_rport: bool = False) -> Destination:
    """Where the response to a request that came over ``flow`` goes (§18.2.2, RFC 3581 §4).

    Streams: the same connection. UDP: the source address, and the source port when the peer asked for it with
    ``rport``, else the port of the sent-by. ``maddr`` is not followed: multicast is not served, and a unicast maddr
    would let any sender aim our responses at third parties.
    """
    if flow.transport != "udp" or force_rport or "rport" in via.params:
        return flow
    port = via.port or DEFAULT_PORT
    if port == flow.remote_port:
        return flow
    return Flow(flow.transport, flow.local_host, flow.local_port, flow.remote_host, port, flow.number)


def stamp_source(message: Message, flow: Flow) -> None:
    """Write where a request really came from into its top Via, or into that of the response made from it:
    ``received`` when the sent-by does not say it (§18.2.1), ``received`` and ``rport`` when the peer asked for
    ``rport`` (RFC 3581 §4)."""
    via = message.via
    wants_port = "rport" in via.params
    if not wants_port and via.host == flow.remote_host and "received" not in via.params:
        return
    params = {**via.params, "received": flow.remote_host}
    if wants_port:
        params["rport"] = str(flow.remote_port)
    message.replace_first("Via", str(Via(via.transport, via.host, via.port, params)))


def tag_in(packet: Send | None) -> str:
    """The To tag of a response we sent, "" when it has none. Read back from the bytes: it is asked for rarely, and a
    field in every transaction would cost memory always."""
    if packet is None:
        return ""
    response = parse_message(packet.data)
    return response.to.tag
