"""A world with lamps: phones that subscribe and what their lamps show, over the fake network."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from email import message_from_bytes
from functools import partial
from itertools import count
from typing import Any

from world import DOMAIN, EXCHANGE, DeskPhone, World

from kiestoon.company.model import CompanyRows
from kiestoon.phones.lamps import Lamps, decode_journal
from kiestoon.sip import events
from kiestoon.sip.digest import Credentials
from kiestoon.sip.flow import Flow, Target, Transport
from kiestoon.sip.headers.subscription import parse_subscription_state
from kiestoon.sip.message import Request, Response
from kiestoon.sip.outgoing import DigestIdentity, Outgoing
from kiestoon.sip.subscription import dialog_info, feature_events, message_summary, presence, resource_list

DIALOG, PRESENCE, MESSAGES = dialog_info.PACKAGE, presence.PACKAGE, message_summary.PACKAGE
_DIALOGS = "{urn:ietf:params:xml:ns:dialog-info}"
_PIDF = "{urn:ietf:params:xml:ns:pidf}"
_RPID = "{urn:ietf:params:xml:ns:pidf:rpid}"


class Watch:
    """One subscription as its phone sees it: what the NOTIFYs said, the newest last."""

    def __init__(self, phone: WatchingPhone, name: str, package: str) -> None:
        tokens = phone.endpoint.tokens
        self.phone, self.name, self.package = phone, name, package
        self.call_id, self.tag = tokens.new_call_id(), tokens.new_tag()
        self.remote_tag = ""
        self.target = ""
        self.cseq = 0
        self.status = 0
        self.notifies: list[Request] = []

    @property
    def state(self) -> str:
        """Subscription-State, with the reason once it is over: "active", "terminated noresource"."""
        state = parse_subscription_state(self.notifies[-1].get("Subscription-State") or "")
        return f"{state.state} {state.reason}".strip()

    @property
    def dialogs(self) -> list[ET.Element]:
        """The dialogs of the newest NOTIFY; it must be whole."""
        root = ET.fromstring(self.notifies[-1].body)
        assert root.get("state") == "full"
        return root.findall(f"{_DIALOGS}dialog")

    @property
    def lamp(self) -> str:
        """How a phone shows the newest NOTIFY: "off", "blinks" or "on"."""
        return _lamp(self.dialogs)

    @property
    def lines(self) -> dict[str, str]:
        """The lamps of a list, by name, in their order."""
        notify = self.notifies[-1]
        assert notify.get("Require") == resource_list.OPTION
        head = f"Content-Type: {notify.get('Content-Type')}\r\n\r\n".encode()
        parts = {part["Content-ID"].strip("<>"): part for part in message_from_bytes(head + notify.body).get_payload()}
        listed = ET.fromstring(parts["list@kiestoon"].get_payload(decode=True))
        assert listed.get("fullState") == "true"
        found = {}
        for resource in listed:
            (name, instance) = resource
            document = ET.fromstring(parts[instance.get("cid")].get_payload(decode=True))
            assert document.get("entity") == resource.get("uri")
            found[name.text or ""] = _lamp(document.findall(f"{_DIALOGS}dialog"))
        return found

    def party(self, side: str, at: int = 0) -> tuple[str, str]:
        """Display name and URI of a side of a dialog, ("", "") where they are not told."""
        identity = self.dialogs[at].find(f"{_DIALOGS}{side}/{_DIALOGS}identity")
        return ("", "") if identity is None else (identity.get("display", ""), identity.text or "")

    @property
    def activity(self) -> str:
        """The RPID activity of a presence body, "" for none."""
        found = ET.fromstring(self.notifies[-1].body).find(f".//{_RPID}activities")
        return "" if found is None else found[0].tag.removeprefix(_RPID)

    @property
    def basic(self) -> str:
        return ET.fromstring(self.notifies[-1].body).findtext(f"{_PIDF}tuple/{_PIDF}status/{_PIDF}basic") or ""

    @property
    def note(self) -> str:
        return ET.fromstring(self.notifies[-1].body).findtext(f"{_PIDF}note") or ""

    @property
    def text(self) -> str:
        return self.notifies[-1].body.decode()

    def versions(self) -> list[int]:
        return [int(ET.fromstring(each.body).get("version", "-1")) for each in self.notifies if each.body]


def _lamp(dialogs: list[ET.Element]) -> str:
    states = [(each.findtext(f"{_DIALOGS}state"), each.get("direction")) for each in dialogs]
    if ("early", "recipient") in states:
        return "blinks"
    return "on" if any(state != "terminated" for state, _ in states) else "off"


class WatchingPhone(DeskPhone):
    """A phone with lamps. ``transport`` is how it speaks to the exchange. Registrations keep their Call-ID until
    ``reboot``."""

    def __init__(self, world: LampWorld, name: str, host: str, transport: Transport = "udp") -> None:
        super().__init__(world, name, host, seed=next(world.seeds))
        self.transport: Transport = transport
        self.watches: list[Watch] = []
        self.boot = 0
        self.registrations = 0
        self.deaf = False
        """It gets NOTIFYs and does not answer."""
        self.unsolicited: list[str] = []
        """Bodies of NOTIFYs it never asked for."""
        self.endpoint._in_dialog = partial(self._in_dialog, self.endpoint._in_dialog)

    def react(self, phone: Any, event: Any, now: float) -> None:
        if isinstance(event, events.RequestReceived) and event.request.method == "NOTIFY":
            self.unsolicited.append(event.request.body.decode())
            self.endpoint.respond(now, event.transaction, 200)
        else:
            super().react(phone, event, now)

    def register(self, expires_s: int = 300, transport: Transport = "udp") -> None:
        self.registrations += 1
        self.endpoint.request(
            self.now, method="REGISTER", uri=f"sip:{DOMAIN}", from_=f"<sip:{self.name}@{DOMAIN}>",
            to=f"<sip:{self.name}@{DOMAIN}>", destination=[Target(self.transport, *EXCHANGE)], contact_user=self.name,
            headers=[("Expires", str(expires_s))], credentials=Credentials(self.name, f"secret of {self.name}"),
            call_id=f"{self.name}-boot-{self.boot}", cseq=10 * self.registrations,
        )  # fmt: skip

    def subscribe(
        self,
        name: str,
        package: str = DIALOG,
        *,
        expires_s: int = 3600,
        watch: Watch | None = None,
        domain: str = DOMAIN,
        lists: bool = False,
        wish: str = "",
        password: str = "",
    ) -> Watch:
        """Ask for a lamp, or renew one; ``lists``: the phone reads lists of them; ``wish`` is a document for
        feature keys."""
        if watch is None:
            watch = Watch(self, name, package)
            self.watches.append(watch)
        watch.cseq += 1
        address = f"sip:{name}@{domain}" if name else f"sip:{domain}"
        uri = watch.target or address
        to = f"<{address}>" + (f";tag={watch.remote_tag}" if watch.remote_tag else "")
        request = Request.of("SUBSCRIBE", uri, {
            "Max-Forwards": ("70",), "From": (f"<sip:{self.name}@{DOMAIN}>;tag={watch.tag}",), "To": (to,),
            "Call-ID": (watch.call_id,), "CSeq": (f"{watch.cseq} SUBSCRIBE",), "Event": (watch.package,),
            "Expires": (str(expires_s),),
        })  # fmt: skip
        if lists:
            request.add("Supported", resource_list.OPTION)
        if wish:
            request.add("Content-Type", feature_events.DOCUMENT_TYPE)
            request.body = wish.encode()
        secret = password or f"secret of {self.name}"
        identity = DigestIdentity(Credentials(self.name, secret), self.endpoint.tokens)
        outgoing = Outgoing(request, partial(_answered, watch), hop=uri, contact=True, identity=identity)
        outgoing.contact_user = self.name
        outgoing.targets = [Target(self.transport, *EXCHANGE)]
        self.endpoint.requests.send(outgoing, self.now)
        self.network.drain(self.node)
        return watch

    def watch(self, name: str, package: str = DIALOG, **options: Any) -> Watch:
        """Ask for a lamp and wait for the first state."""
        watch = self.subscribe(name, package, **options)
        self.network.run(0.2)
        return watch

    def renew(self, watch: Watch, expires_s: int = 3600, **options: Any) -> None:
        self.subscribe(watch.name, watch=watch, expires_s=expires_s, **options)
        self.network.run(0.2)

    def reboot(self) -> None:
        """It forgets everything it had subscribed to."""
        self.watches = []
        self.boot += 1

    def _in_dialog(
        self, ordinary: Callable[..., None], transaction: Any, request: Request, flow: Flow, now: float
    ) -> None:
        if request.method != "NOTIFY":
            ordinary(transaction, request, flow, now)
            return
        if self.deaf:
            self.endpoint.drop(transaction)
            return
        for watch in self.watches:
            if (watch.call_id, watch.tag) == (request.call_id, request.to.tag):
                newest = not watch.notifies or request.cseq.number > watch.notifies[-1].cseq.number
                if newest:
                    watch.notifies.append(request)
                self.endpoint.respond(now, transaction, 200 if newest else 500)
                return
        self.endpoint.respond(now, transaction, 481)


def _answered(watch: Watch, outgoing: Outgoing, status: int, response: Response | None, now: float) -> None:
    watch.status = status
    if response is not None:
        watch.cseq = max(watch.cseq, response.cseq.number)
        if status < 300:
            watch.remote_tag = response.to.tag
            watch.target = str(response.contacts[0].uri)


class LampWorld(World):
    """The exchange with lamps. ``counts`` is what mailboxes hold."""

    def __init__(self, seed: int = 1, rows: CompanyRows | None = None, **settings: Any) -> None:
        super().__init__(seed, rows, **settings)
        self.seeds = count(1000 * seed)
        self.counts: dict[str, tuple[int, int, int, int]] = {}
        self.kept: list[bytes] = []
        self.lamps = self._attach()

    def _attach(self) -> Lamps:
        lamps = Lamps(
            self.exchange,
            keep=self.kept.append,
            wall_s=lambda: self.network.now,
            mailbox_counts=lambda _, extension: self.counts.get(extension, (0, 0, 0, 0)),
        )
        self.exchange.watching = lamps
        return lamps

    def crash(self) -> int:
        adopted = super().crash()
        self.lamps = self._attach()
        self.lamps.restore(decode_journal(self.kept), self.network.now)
        self.network.drain(self.node)
        return adopted

    def watcher(self, name: str, host: str, transport: Transport = "udp") -> WatchingPhone:
        """A phone with lamps that is registered."""
        phone = WatchingPhone(self, name, host, transport)
        phone.register()
        self.network.run(0.2)
        return phone

    def stay_registered(self, for_s: float) -> None:
        """Let time go by; phones register again in time."""
        end = self.network.now + for_s
        while self.network.now < end:
            for phone in self.phones.values():
                if phone.node.connected:
                    phone.register()
            self.network.run(min(200.0, end - self.network.now))

    def change(self, rows: CompanyRows) -> None:
        """The administrator changes the company; the exchange takes it over."""
        self.rows = rows
        self.exchange.directory.replace(rows)
        self.lamps.configuration_changed([rows.company.id], self.network.now)
        self.network.drain(self.node)
        self.network.run(0.2)

    def notifies(self) -> int:
        """NOTIFYs the exchange has sent, repetitions included."""
        return sum(isinstance(each, Request) and each.method == "NOTIFY" for each in self.node.sent)
