"""Call ladders as SIPp scenarios: written in a test as the messages of one party in order, run by a real SIPp.

``Ladder`` collects steps and renders SIPp's XML; ``caller`` and ``called`` start one with the party's headers. Branches
and CSeq numbers follow RFC 3261 by themselves: an ACK for a failure and a CANCEL take the INVITE's branch (§9.1,
§17.1.1.3), any other request gets a new one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Self
from xml.sax.saxutils import quoteattr

PCMA = ("8 PCMA/8000",)
PCMU = ("0 PCMU/8000",)
G711 = ("8 PCMA/8000", "0 PCMU/8000")
G722 = ("9 G722/8000",)
DTMF = "101 telephone-event/8000"

OF_LAST = "[last_Via:]\n[last_Record-Route:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]"
OF_INVITE = "Via:[$invite_via]\nFrom:[$invite_from]\nTo:[$invite_to]\nCall-ID: [call_id]\nCSeq:[$invite_cseq]"
REMEMBER_PARTIES = "".join(
    f'<ereg regexp=".*" search_in="hdr" header="{name}:" check_it="true" assign_to="last_{name.lower()}"/>'
    for name in ("From", "To")
)
REMEMBER_INVITE = "".join(
    f'<ereg regexp=".*" search_in="hdr" header="{name}:" check_it="true" assign_to="invite_{name.lower()}"/>'
    for name in ("Via", "From", "To", "CSeq")
)


def sdp(
    codecs: tuple[str, ...] = PCMA, direction: str = "sendrecv", version: int = 1, *, media_port: str = "[media_port]"
) -> str:
    """A session description of the party itself; DTMF events are always offered."""
    formats = (*codecs, DTMF)
    numbers = " ".join(each.split()[0] for each in formats)
    maps = "\n".join(f"a=rtpmap:{each}" for each in formats)
    return (
        f"v=0\no=- 20519 {version} IN IP[local_ip_type] [local_ip]\ns=-\nc=IN IP[media_ip_type] [media_ip]\nt=0 0\n"
        f"m=audio {media_port} RTP/AVP {numbers}\n{maps}\na=fmtp:101 0-15\na=ptime:20\na={direction}\n"
    )


@dataclass
class Ladder:
    """One party's messages. ``me`` and ``peer`` are the user parts, ``domain`` the host part of both addresses."""

    name: str
    me: str
    peer: str
    domain: str
    password: str = ""
    target: str = ""
    """Request URI of out-of-dialog requests; made from ``peer`` and ``domain`` when empty."""
    via: str = "[transport]"
    steps: list[str] = field(default_factory=list)
    _cseq: int = 0
    _count: int = 0
    _invite_at: int = 0
    _invite_cseq: int = 0
    _last_was_request: bool = False
    _reinvited: bool = False

    # --- requests of ours ---

    def request(
        self,
        method: str,
        *,
        body: str | None = None,
        headers: str = "",
        in_dialog: bool = True,
        branch_of: int | None = None,
        cseq: int | None = None,
        retransmit: bool = True,
        uri: str = "",
        content_type: str = "application/sdp",
    ) -> Self:
        """Send a request. ``branch_of`` is the step whose branch is taken over, ``cseq`` overrides the next number."""
        if cseq is None:
            self._cseq += 1
            cseq = self._cseq
        branch = "[branch]" if branch_of is None else f"[branch-{self._count - branch_of}]"
        routes = "[routes]\n" if in_dialog else ""
        start = uri or ("[next_url]" if in_dialog else self.target or self._peer_uri)
        lines = [
            f"{method} {start} SIP/2.0",
            f"Via: SIP/2.0/{self.via} [local_ip]:[local_port];rport;branch={branch}",
            routes + (self._dialog_identity if in_dialog else self._new_identity),
            "Call-ID: [call_id]",
            f"CSeq: {cseq} {method}",
            "Max-Forwards: 70",
            "User-Agent: SIPp",
        ]
        if method not in ("ACK", "CANCEL", "BYE", "PRACK"):
            lines.append(self.contact_header)
        return self._send("\n".join(lines), body, headers, content_type, retransmit and method != "ACK")

    def invite(self, body: str | None = "", *, headers: str = "", authorize: bool = False, **options: object) -> Self:
        """A first INVITE; ``body`` "" is a plain offer, None none at all (offerless)."""
        if authorize:
            headers = f"[authentication username={self.me} password={self.password}]\n{headers}"
        self._invite_at = self._count
        self._invite_cseq = self._cseq + 1
        offer = sdp() if body == "" else body
        allow = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO\n"
        return self.request("INVITE", body=offer, headers=allow + headers, in_dialog=False, **options)  # type: ignore[arg-type]  # passed through

    def reinvite(self, body: str | None, *, headers: str = "") -> Self:
        """An INVITE inside the dialog; ``body`` None asks for an offer."""
        self._invite_at = self._count
        self._invite_cseq = self._cseq + 1
        return self.request("INVITE", body=body, headers=headers)

    def ack(self, *, body: str | None = None) -> Self:
        """ACK for a 2xx: a request of its own (RFC 3261 §13.2.2.4)."""
        return self.request("ACK", body=body, cseq=self._invite_cseq)

    def ack_failure(self, *, in_dialog: bool = False) -> Self:
        """ACK for a 3xx-6xx: part of the INVITE transaction (§17.1.1.3)."""
        uri = "[next_url]" if in_dialog else (self.target or self._peer_uri)
        return self._of_invite("ACK", uri, self._dialog_identity)

    def cancel(self) -> Self:
        """CANCEL of the first INVITE (§9.1): its URI, branch and To without tag."""
        return self._of_invite("CANCEL", self.target or self._peer_uri, self._new_identity)

    def _of_invite(self, method: str, uri: str, identity: str) -> Self:
        branch = f"[branch-{self._count - self._invite_at}]"
        text = "\n".join((
            f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/{self.via} [local_ip]:[local_port];rport;branch={branch}",
            identity, "Call-ID: [call_id]", f"CSeq: {self._invite_cseq} {method}", "Max-Forwards: 70",
        ))  # fmt: skip
        return self._send(text, None, "", "", method != "ACK")

    def bye(self) -> Self:
        """End the call and expect 200."""
        return self.request("BYE").expect(200)

    def prack(self, *, body: str | None = None) -> Self:
        """Acknowledge the reliable provisional response just received (RFC 3262); its RSeq must be in ``rseq``."""
        return self.request("PRACK", body=body, headers=f"RAck: [$rseq] {self._invite_cseq} INVITE\n").expect(200)

    # --- responses of ours ---

    def respond(self, status: int, reason: str, *, body: str | None = None, headers: str = "") -> Self:
        """Answer the last request received, inside the dialog."""
        return self._respond(status, reason, OF_LAST, body, headers, retransmit=False)

    def respond_invite(
        self, status: int, reason: str, *, body: str | None = None, headers: str = "", tag: str = "[pid]s[call_number]"
    ) -> Self:
        """Answer the last INVITE awaited with ``invited``, whatever came since; 2xx are retransmitted until ACK."""
        own_tag = f";tag={tag}" if tag and not self._reinvited else ""
        fields = OF_INVITE.replace("[$invite_to]", f"[$invite_to]{own_tag}")
        return self._respond(status, reason, fields, body, headers, retransmit=status >= 200)

    def _respond(
        self, status: int, reason: str, fields: str, body: str | None, headers: str, *, retransmit: bool
    ) -> Self:
        lines = [f"SIP/2.0 {status} {reason}", fields]
        if 100 < status < 300:
            lines.append(self.contact_header)
        return self._send("\n".join(lines), body, headers, "application/sdp", retransmit)

    # --- what we expect ---

    def expect(
        self, status: int, *, optional: bool = False, timeout_ms: int = 0, dialog: bool = False, check: str = "",
        challenge: bool = False,
    ) -> Self:  # fmt: skip
        """Expect a response. ``dialog``: take the route set and target from it. ``check``: XML of actions.
        ``challenge``: keep it for the credentials of the next request."""
        extra = ' optional="true"' if optional else ""
        extra += ' rrs="true"' if dialog else ""
        extra += ' auth="true"' if challenge else ""
        extra += f' timeout="{timeout_ms}"' if timeout_ms else ""
        return self._receive(f'response="{status}"{extra}', check)

    def ringing(self) -> Self:
        """100 may come, 180 must."""
        return self.expect(100, optional=True).expect(180)

    def refused(self, status: int, *, check: str = "") -> Self:
        """The INVITE is refused with this status, after provisional responses or none; acknowledged."""
        return self.provisional().expect(status, check=check).ack_failure()

    def provisional(self) -> Self:
        """100, 180, 183 may come, in any number."""
        return self.expect(100, optional=True).expect(180, optional=True).expect(183, optional=True)

    def answered(self, *, check: str = "") -> Self:
        """Provisional responses, then 200 to the INVITE."""
        return self.provisional().expect(200, dialog=True, check=check)

    def challenged(self, status: int = 407) -> Self:
        """A challenge to the first INVITE; acknowledged."""
        self.expect(100, optional=True)
        self._receive(f'response="{status}" auth="true"')
        return self.ack_failure()

    def await_request(self, method: str, *, optional: bool = False, timeout_ms: int = 0, check: str = "") -> Self:
        """Expect a request. ``check``: XML of actions, see ``check_header``."""
        extra = ' optional="true"' if optional else ""
        extra += f' timeout="{timeout_ms}"' if timeout_ms else ""
        self._receive(f'request="{method}"{extra}', check)
        self._last_was_request = True
        return self

    def invited(self, *, again: bool = False, check: str = "") -> Self:
        """Expect an INVITE and remember it for ``respond_invite``; ``again``: inside the dialog."""
        self._reinvited = again
        rrs = "" if again else ' rrs="true"'
        self._receive(f'request="INVITE"{rrs}', REMEMBER_INVITE + check)
        self._last_was_request = True
        return self

    def byed(self) -> Self:
        """The exchange ends the call."""
        return self.await_request("BYE").respond(200, "OK")

    # --- whole passages ---

    def call(self, body: str | None = "", *, headers: str = "") -> Self:
        """INVITE with digest, until answered and acknowledged."""
        return self.dial(body, headers=headers).answered().ack()

    def dial(self, body: str | None = "", *, headers: str = "") -> Self:
        """INVITE, challenged and repeated with digest when there is a password."""
        self.invite(body, headers=headers)
        if self.password:
            self.challenged().invite(body, headers=headers, authorize=True)
        return self

    def ring_and_answer(self, body: str = "") -> Self:
        """Take a call: 180, 200, ACK."""
        self.invited().respond_invite(180, "Ringing")
        return self.respond_invite(200, "OK", body=body or sdp()).await_request("ACK")

    def pause(self, milliseconds: int) -> Self:
        """The party takes its time (this is what is tested; nothing waits for it otherwise)."""
        return self._step(f'<pause milliseconds="{milliseconds}"/>')

    def nop(self, actions: str) -> Self:
        """Actions of SIPp without a message."""
        return self._step(f"<nop><action>{actions}</action></nop>")

    def label(self, name: str) -> Self:
        """A place to jump to."""
        self.steps.append(f'<label id="{name}"/>')
        return self

    # --- rendering ---

    @property
    def begins(self) -> bool:
        """Whether this party speaks first."""
        return bool(self.steps) and self.steps[0].startswith("<send")

    @property
    def _peer_uri(self) -> str:
        return f"sip:{self.peer}@{self.domain}"

    @property
    def _new_identity(self) -> str:
        """From and To of a first request."""
        own = f'"SIPp {self.me}" <sip:{self.me}@{self.domain}>;tag=[pid]c[call_number]'
        return f"From: {own}\nTo: <{self.target or self._peer_uri}>"

    @property
    def _dialog_identity(self) -> str:
        """From and To inside the dialog, out of the last message received, whichever way that went."""
        if self._last_was_request:
            return "From:[$last_to]\nTo:[$last_from]"
        return "From:[$last_from]\nTo:[$last_to]"

    @property
    def contact_header(self) -> str:
        """Our Contact."""
        return f"Contact: <sip:{self.me}@[local_ip]:[local_port];transport=[transport]>"

    def _send(self, text: str, body: str | None, headers: str, content_type: str, retransmit: bool) -> Self:
        extra = headers.strip("\n")
        if extra:
            text += "\n" + extra
        if body is None:
            text += "\nContent-Length: 0\n\n"
        else:
            text += f"\nContent-Type: {content_type}\nContent-Length: [len]\n\n{body}"
        retrans = ' retrans="500"' if retransmit else ""
        return self._step(f"<send{retrans}><![CDATA[\n\n{text}\n]]></send>")

    def _receive(self, attributes: str, actions: str = "") -> Self:
        self._last_was_request = False
        return self._step(f"<recv {attributes}><action>{REMEMBER_PARTIES}{actions}</action></recv>")

    def _step(self, xml: str) -> Self:
        self.steps.append(xml)
        self._count += 1
        return self

    def xml(self) -> str:
        """The scenario for SIPp."""
        text = "\n".join(self.steps)
        variables = sorted(set(re.findall(r'assign_to="(\w+)"', text)))
        reference = f'<Reference variables="{",".join(variables)}"/>' if variables else ""
        return (
            f'<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name={quoteattr(self.name)}>\n'
            f"{text}\n{reference}\n</scenario>\n"
        )


def check_header(name: str, pattern: str, *, into: str = "seen") -> str:
    """Actions: the header must match this regular expression."""
    return (
        f'<ereg regexp={quoteattr(pattern)} search_in="hdr" header={quoteattr(name + ":")} check_it="true" '
        f'assign_to="{into}"/>'
    )


def check_body(pattern: str, *, into: str = "seen") -> str:
    """Actions: the body must match this regular expression."""
    return f'<ereg regexp={quoteattr(pattern)} search_in="body" check_it="true" assign_to="{into}"/>'


REMEMBER_RSEQ = '<ereg regexp="[0-9]+" search_in="hdr" header="RSeq:" check_it="true" assign_to="rseq"/>'
