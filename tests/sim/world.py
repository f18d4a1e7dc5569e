"""A whole exchange on the fake network: real SIP engine, registrar, routing and call control, a fake media process."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fake_media import FakeMedia
from fake_speech import FakeSpeech
from network import Conditions, FakeLocal, Network, Node
from phones import Phone

from kiestoon.app.services import all_services, all_ways
from kiestoon.calls.engine import ExchangeEngine
from kiestoon.calls.events import CallEvent, CallOpened
from kiestoon.calls.exchange import Exchange, Settings
from kiestoon.calls.ids import Ids
from kiestoon.calls.journal import CallJournal, replay, replay_messages, snapshot
from kiestoon.calls.lines import Lines, start_registrations
from kiestoon.calls.media_pool import MediaPool
from kiestoon.calls.record import CallRecord
from kiestoon.calls.requests import Failed
from kiestoon.calls.sharing_journal import encode_hunt, encode_share, replay_shares
from kiestoon.company.directory import Directory
from kiestoon.company.model import Company, CompanyRows, Device, Menu, Number, Trunk, User
from kiestoon.media.protocol import Codec
from kiestoon.registrar import BindingChanged, Bindings, Doorkeeper, Guard, GuardSettings, Registrar
from kiestoon.sdp.negotiate import LocalMedia, answer_offer, build_offer, read_answer
from kiestoon.sip import events
from kiestoon.sip.digest import Challenger, Credentials
from kiestoon.sip.endpoint import Endpoint
from kiestoon.sip.flow import Flow, Output, Target, Transport
from kiestoon.sip.session import Session
from kiestoon.sip.tokens import Tokens

DOMAIN = "kiestad.example"
EXCHANGE = ("198.51.100.1", 5060)
PROVIDER = ("203.0.113.10", 5060)
SECOND_PROVIDER = ("203.0.113.20", 5060)
PHONE_CODECS = (Codec("PCMA", 8), Codec("PCMU", 0))


def sample_rows(**company: Any) -> CompanyRows:
    """Three users with a phone each (the third has two), two outside lines, a menu."""
    company.setdefault("music_path", "/music.wav")
    users = tuple(
        User(id=n, company_id=1, extension=f"10{n}", name=f"User {n}", caller_number="+31201234560") for n in (1, 2, 3)
    )
    owners = {"anna": 1, "bert": 2, "carla": 3, "carla2": 3}
    devices = tuple(
        Device(id=n, company_id=1, username=name, secret=f"secret of {name}", user_id=user, call_limit=2)
        for n, (name, user) in enumerate(owners.items(), 1)
    )
    trunks = (
        Trunk(id=1, company_id=1, name="first", kind="peer", host=PROVIDER[0], sources=(PROVIDER[0],), priority=1),
        Trunk(id=2, company_id=1, name="second", kind="peer", host=SECOND_PROVIDER[0], priority=2,
              sources=(SECOND_PROVIDER[0],)),
    )  # fmt: skip
    return CompanyRows(
        company=Company(
            id=1, name="Kiestad", domain=DOMAIN, area_code="020", emergency_number="+31201234500", **company
        ),
        users=users,
        devices=devices,
        numbers=(
            Number(id=1, company_id=1, e164="+31201234561", extension="101"),
            Number(id=2, company_id=1, e164="+31201234562", extension="102"),
            Number(id=3, company_id=1, e164="+31201234500", extension="200"),
        ),
        menus=(Menu(id=1, company_id=1, extension="200", name="Welcome", fallback_extension="103"),),
        trunks=trunks,
    )


def opened_in(heard: Iterable[CallEvent]) -> list[str]:
    return [event.call for event in heard if isinstance(event, CallOpened)]


class FakeOffice:
    """Does what services ask for at once: ``handlers`` by type of request; replies are delivered in the next turn."""

    def __init__(self) -> None:
        self.handlers: dict[type, Callable[[Any], object]] = {}
        self.asked: list[Any] = []
        self.replies: list[tuple[int, object]] = []

    def ask(self, token: int, request: object) -> None:
        self.asked.append(request)
        handler = self.handlers.get(type(request))
        self.replies.append((token, handler(request) if handler is not None else Failed("nobody does this")))


class SimulatedExchange(ExchangeEngine):
    """Everything of one exchange process. A second one can be made from its journal."""

    def __init__(
        self, network: Network, rows: CompanyRows, media: FakeMedia, office: FakeOffice, seed: int = 1, **settings: Any
    ) -> None:
        self.office = office
        source = random.Random(f"exchange {seed}")
        self.network = network
        self.media = media
        self.records: list[CallRecord] = []
        self.journal: list[bytes] = []
        self.shares: list[bytes] = []
        self.bindings: list[BindingChanged] = []
        self.heard: list[CallEvent] = []
        self.speech = FakeSpeech()
        directory = Directory([rows])
        self.endpoint = Endpoint(FakeLocal(*EXCHANGE), Tokens(source), source=source)
        bindings = Bindings()
        guard = Guard(GuardSettings(exempt=("0.0.0.0/0",)), bindings.devices_at)
        doorkeeper = Doorkeeper(directory, Challenger(b"k" * 32), guard)
        exchange = Exchange(
            endpoint=self.endpoint,
            directory=directory,
            registrar=Registrar(doorkeeper, bindings, wall_s=lambda: network.now, tokens=Tokens(source)),
            doorkeeper=doorkeeper,
            media=MediaPool([media]),
            lines=Lines(),
            ids=Ids(int(network.now), source),
            wall_ms=lambda: int(network.now * 1000),
            journal=CallJournal(self.journal.append),
            record=self.records.append,
            settings=Settings(**settings),
            services=all_services(),
            ways=all_ways(),
            back_office=office,
            speech=self.speech,
        )
        exchange.present.on_hunt = lambda group_id, record: self.shares.append(encode_hunt(group_id, record))
        exchange.queues.shares.on_share = lambda share: self.shares.append(encode_share(share))
        super().__init__(exchange, on_bindings=self.bindings.extend, on_events=self.heard.extend)

    def outputs(self) -> Iterable[Output]:
        self._now = self.network.now
        self._media_events.extend(self.media.events)
        self.media.events.clear()
        outputs = list(super().outputs())
        while self.office.replies:
            self.replied(*self.office.replies.pop(0), self.network.now)
            outputs += super().outputs()
        return outputs or (self.outputs() if self.media.events else [])

    def recover(self, journal: list[bytes], now: float) -> int:
        """Do what a restarted control process does."""
        audits = {self.media.incarnation: self.media.audit()} if self.media.connected else {}
        return self.take_over(replay(journal).values(), audits, now, replay_messages(journal))


class DeskPhone(Phone):
    """A phone with a login and real session descriptions. ``mode``: what it does with calls to it."""

    def __init__(
        self, world: World, name: str, host: str, codecs: Sequence[Codec] = PHONE_CODECS, seed: int | None = None
    ) -> None:
        super().__init__(world.network, name, host, seed=world.seed if seed is None else seed)
        self.world = world
        self.codecs = codecs
        self.mode = "answer"
        self.port = 40000 + 2 * len(world.phones)
        self.host = host
        self.direction = "sendrecv"
        self.on_event = self.react
        self.offers: dict[int, Any] = {}
        self.agreed: dict[int, Any] = {}
        self.streams: dict[int, Any] = {}
        self.info: list[bytes] = []
        world.phones[name] = self

    def react(self, phone: Phone, event: Any, now: float) -> None:
        if isinstance(event, events.InviteReceived):
            self._invited(event, now)
        elif isinstance(event, events.OfferReceived):
            event.session.answer(
                now, self.answer_to(event.session, event.body) if event.body else self.offer(event.session)
            )
        elif isinstance(event, events.Accepted | events.Progressed | events.AnswerReceived | events.Confirmed):
            if event.body and event.session.id in self.offers:
                self.streams[event.session.id] = read_answer(self.offers[event.session.id], event.body).stream
            elif event.body and isinstance(event, events.Accepted):
                event.session.acknowledge(now, self.answer_to(event.session, event.body))
        elif isinstance(event, events.InfoReceived):
            self.info.append(event.body)
        elif isinstance(event, events.ReferReceived | events.SessionRequestReceived):
            self.endpoint.respond(now, event.transaction, 200)

    def _invited(self, event: events.InviteReceived, now: float) -> None:
        session = event.session
        if self.mode == "busy":
            session.reject(now, 486)
        elif self.mode == "decline":
            session.reject(now, 603)
        elif self.mode == "looped":
            session.reject(now, 482)
        elif self.mode == "unavailable":
            session.reject(now, 503)
        elif self.mode == "redirect":
            session.redirect(now, [f"sip:103@{DOMAIN}"])
        elif self.mode in ("ring", "answer") or (self.mode == "early" and not event.request.body):
            session.progress(now, 180)
            if self.mode == "answer":
                self.accept(session, event.request.body)
        elif self.mode == "early":
            session.progress(now, 183, body=self.answer_to(session, event.request.body))

    def accept(self, session: Session, offer: bytes) -> None:
        session.accept(self.now, self.answer_to(session, offer) if offer else self.offer(session))

    def answer_waiting(self) -> None:
        """Lift the receiver."""
        event = self.last(events.InviteReceived)
        self.accept(event.session, event.request.body)

    def offer(self, session: Session | None = None) -> bytes:
        number = session.id if session is not None else 0
        previous = self.agreed.get(number)
        built = build_offer(LocalMedia(self.host, self.port, 7), self.codecs, direction=self.direction,
                            previous=previous.body if previous else b"")  # fmt: skip
        self.offers[number] = built.state
        return built.body

    def answer_to(self, session: Session, offer: bytes) -> bytes:
        answered = answer_offer(LocalMedia(self.host, self.port, 8), offer, self.codecs, direction=self.direction,
                                previous=self.agreed.get(session.id))  # fmt: skip
        self.agreed[session.id] = answered.agreed
        self.streams[session.id] = answered.stream
        return answered.body

    def register(self, expires_s: int = 300, transport: Transport = "udp") -> None:
        """Log in at the exchange."""
        self.endpoint.request(
            self.now, method="REGISTER", uri=f"sip:{DOMAIN}", from_=f"<sip:{self.name}@{DOMAIN}>",
            to=f"<sip:{self.name}@{DOMAIN}>", destination=[Target(transport, *EXCHANGE)], contact_user=self.name,
            headers=[("Expires", str(expires_s))], credentials=Credentials(self.name, f"secret of {self.name}"),
        )  # fmt: skip

    def dial(self, number: str, *, offerless: bool = False) -> Session:
        """Call somebody through the exchange."""
        session = self.endpoint.invite(
            self.now, uri=f"sip:{number}@{DOMAIN}", to=f"<sip:{number}@{DOMAIN}>",
            from_=f'"{self.name}" <sip:{self.name}@{DOMAIN}>', destination=[Target("udp", *EXCHANGE)],
            body=b"" if offerless else self.offer(), credentials=Credentials(self.name, f"secret of {self.name}"),
        )  # fmt: skip
        if not offerless:
            self.offers[session.id] = self.offers[0]
        return session

    def hold(self, session: Session) -> None:
        self._change(session, "sendonly")

    def resume(self, session: Session) -> None:
        self._change(session, "sendrecv")

    def _change(self, session: Session, direction: str) -> None:
        self.direction = direction
        session.offer(self.now, self.offer(session))

    def hears(self, session: Session) -> set[str]:
        """What this phone hears in a call, as far as the exchange sends anything."""
        stream = self.streams.get(session.id)
        return self.world.media.hears(stream.remote[1]) if stream is not None and stream.remote else set()

    def sends_to(self, session: Session) -> str:
        """The exchange's port this phone's speech goes to."""
        return str(self.streams[session.id].remote[1])


class World:
    """Network, exchange, phones."""

    def __init__(self, seed: int = 1, rows: CompanyRows | None = None, **settings: Any) -> None:
        self.seed = seed
        self.network = Network(seed)
        self.rows = rows or sample_rows()
        self.media = FakeMedia()
        self.crashes = 0
        self.on_restart: list[Callable[[], None]] = []
        """What a new control process is given before it takes over."""
        self.opened: list[str] = []
        self.phones: dict[str, DeskPhone] = {}
        self.settings = settings
        self.office = FakeOffice()
        self.engine = SimulatedExchange(self.network, self.rows, self.media, self.office, seed, **settings)
        self.node = self.network.add(Node("exchange", self.engine, EXCHANGE))
        self.all_records: list[CallRecord] = self.engine.records

    @property
    def exchange(self) -> Exchange:
        return self.engine.exchange

    @property
    def records(self) -> list[CallRecord]:
        return self.all_records

    def phone(
        self, name: str, host: str, *, registered: bool = True, codecs: Sequence[Codec] = PHONE_CODECS
    ) -> DeskPhone:
        phone = DeskPhone(self, name, host, codecs)
        if registered:
            phone.register()
            self.network.run(1)
            assert phone.last(events.ResponseReceived).status == 200, self.network.ladder()
        return phone

    def provider(self, address: tuple[str, int] = PROVIDER) -> DeskPhone:
        return DeskPhone(self, f"provider {address[0]}", address[0])

    def run(self, for_s: float = 1.0) -> None:
        self.network.run(for_s)

    def crash(self) -> int:
        """kill -9 the control process, start another from its journal; returns how many calls it adopted."""
        old = self.engine
        self.crashes += 1
        self.opened += opened_in(old.heard)
        self.media.disconnect()
        self.media.connected = True
        self.engine = SimulatedExchange(
            self.network, self.rows, self.media, self.office, self.seed + 1000 * self.crashes, **self.settings
        )
        self.engine.exchange.record = self.all_records.append
        shares = replay_shares(old.shares)
        self.exchange.present.restore_hunts(shares.hunts)
        self.exchange.queues.shares.restore(shares.queues)
        for prepare in self.on_restart:
            prepare()
        self.restore_logins(old.bindings)
        self.node.engine = self.engine
        adopted = self.engine.recover(old.journal, self.network.now)
        self.engine.journal[:] = snapshot(
            self.exchange.calls.values(), [leaving.message for leaving in self.exchange.messages.values()]
        )
        self.network.drain(self.node)
        return adopted

    def restore_logins(self, bindings: Sequence[BindingChanged]) -> None:
        """Phones that have logged in before count as such."""
        self.engine.bindings.extend(bindings)
        self.exchange.registrar.restore(bindings, self.network.now)

    def finish_prompts(self) -> None:
        """Every prompt that plays comes to its end."""
        self.media.finish_files()
        self.network.drain(self.node)

    def kill_media(self) -> None:
        """The media process dies; call control learns of it."""
        self.media.die()
        self.engine.media_lost(self.media, "killed", self.network.now)
        self.network.drain(self.node)

    def mend_media(self) -> None:
        """The control connection to the media process stands again."""
        self.media.connected = True
        self.engine.media_back(self.media, self.media.audit(), self.network.now)
        self.network.drain(self.node)

    def move(self, phone: DeskPhone, address: tuple[str, int]) -> None:
        """The phone loses its connection (behind a NAT: only it can make a new one) and appears elsewhere."""
        flows = [number for (_, other), number in self.network.connections.items() if other == phone.node.public]
        self.network.connections = {key: n for key, n in self.network.connections.items() if n not in flows}
        for number in flows:
            self.engine.connection_closed(Flow("tcp", *EXCHANGE, *phone.node.public, number), self.network.now)
        del self.network.nodes[phone.node.public]
        phone.node.nat = address
        self.network.add(phone.node)

    def attempts(self) -> list[str]:
        """The calls that were opened, by any process."""
        return self.opened + opened_in(self.engine.heard)

    def start_lines(self) -> None:
        start_registrations(self.exchange, self.network.now)
        self.network.drain(self.node)

    def make_worse(self, conditions: Conditions) -> None:
        self.network.conditions = conditions

    def assert_nothing_left(self, timers: int = 0) -> None:
        """Let every timer of a call run out; then nothing of any call may be left, anywhere. ``timers`` are others'."""
        self.network.run(400)
        x = self.exchange
        ladder = self.network.ladder()
        assert not x.calls, f"{list(x.calls)}\n{ladder}"
        assert not x.legs, ladder
        assert not x.terminations, ladder
        for kept in (x.held, x.bereft, x.touched, x.pointless, x.lots, x.rooms, x.replies):
            assert not kept, ladder
        assert not x.device_calls, ladder
        assert not x.queues, ladder
        assert not x.queues.offers, ladder
        assert not x.queues.served_legs(), ladder
        assert not x.present.outside, ladder
        assert not x.company_calls, ladder
        assert not x.reminders, ladder
        assert len(x.deadlines) == timers, ladder
        assert not any(state.calls for state in x.lines.states.values()), ladder
        assert not self.media.leaked, f"{self.media.leaked}\n{ladder}"
        assert not self.media.mistakes, f"{self.media.mistakes}\n{ladder}"
        counts = self.engine.endpoint.counts()
        assert not any(counts.values()), f"{counts}\n{ladder}"
        assert not replay(self.engine.journal), ladder
        assert not replay_messages(self.engine.journal), ladder
        assert not x.messages, ladder
