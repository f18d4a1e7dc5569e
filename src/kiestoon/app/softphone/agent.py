"""A SIP user agent on real sockets: places calls, takes calls, carries their audio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import structlog

from kiestoon.app.softphone.rtp import RtpStream, Silence, Source
from kiestoon.media.protocol import Codec, Direction
from kiestoon.net.driver import EndpointDriver
from kiestoon.net.local import ListenerAddresses
from kiestoon.net.resolver import SipResolver
from kiestoon.net.settings import Listener, NetSettings
from kiestoon.net.transports import SipTransports
from kiestoon.sdp.agreement import Agreed, OfferState
from kiestoon.sdp.negotiate import BadSdp, LocalMedia, NotAcceptable, answer_offer, build_offer, read_answer
from kiestoon.sip import events
from kiestoon.sip.digest import Credentials
from kiestoon.sip.endpoint import Endpoint, Settings
from kiestoon.sip.flow import Destination
from kiestoon.sip.session import Session

log = structlog.get_logger(__name__)

CallState: TypeAlias = Literal["trying", "ringing", "talking", "ended"]
CODECS: tuple[Codec, ...] = (Codec("PCMA", 8), Codec("PCMU", 0))


class PhoneProblem(Exception):
    """Something the phone was told to do did not come about; the text says what, for a person."""


class PhoneCall:
    """One call of a software telephone. ``until`` waits for a state; ``status`` and ``reason`` say why it ended."""

    def __init__(self, agent: SipAgent, session: Session, stream: RtpStream, number: str) -> None:
        self.agent = agent
        self.session = session
        self.stream = stream
        self.number = number
        self.state: CallState = "trying"
        self.status = 0
        self.reason = ""
        self.held_by_peer = False
        self._offer: OfferState | None = None
        self._agreed: Agreed | None = None
        self._changed = asyncio.Event()
        self._answers = 0
        self._refused = 0

    # --- what a person does ----------------------------------------------------------------------------------------

    def ring(self) -> None:
        """Tell the caller that it rings here."""
        self.session.progress(self.agent.now, 180)
        self.agent.touch()

    def answer(self, offer: bytes) -> None:
        """Lift the receiver."""
        body = self._answer_to(offer) if offer else self.make_offer("sendrecv")
        self.session.accept(self.agent.now, body)
        self.move("talking")
        self.agent.touch()

    def reject(self, status: int) -> None:
        """Do not take the call."""
        self.session.reject(self.agent.now, status)
        self.agent.touch()

    async def hold(self) -> None:
        """Put the other side on hold."""
        await self._change("sendonly")

    async def resume(self) -> None:
        """Take the other side off hold."""
        await self._change("sendrecv")

    def send_digits(self, digits: str) -> None:
        """Press keys."""
        self.stream.send_digits(digits)

    async def hang_up(self) -> None:
        """End the call and wait until the other side knows."""
        self.session.bye(self.agent.now)
        self.agent.touch()
        await self.until("ended")

    async def until(self, state: CallState, timeout_s: float = 10.0) -> None:
        """Wait for a state. Raises PhoneProblem when the call ends instead, or nothing happens."""
        await self.until_true(lambda: self.state in (state, "ended"), f"the call did not become {state}", timeout_s)
        if self.state != state:
            raise PhoneProblem(f"the call to {self.number} ended: {self.status} {self.reason}")

    async def until_true(self, condition: Callable[[], bool], what: str, timeout_s: float = 10.0) -> None:
        """Wait for anything about this call that an event of it may bring."""
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise PhoneProblem(f"{what} within {timeout_s:.0f} s") from None

    async def _change(self, direction: Direction) -> None:
        answers, self._refused = self._answers, 0
        self.session.offer(self.agent.now, self.make_offer(direction))
        self.agent.touch()
        await self.until_true(
            lambda: self._answers > answers or self._refused > 0 or self.state == "ended",
            "the exchange did not answer the change",
        )
        if self._answers == answers:
            raise PhoneProblem(f"the exchange refused the change ({self._refused or 'the call ended'})")

    # --- what happens ----------------------------------------------------------------------------------------------

    def move(self, state: CallState) -> None:
        """Enter a state and wake who waits."""
        if self.state != "ended":
            self.state = state
        self._changed.set()

    def make_offer(self, direction: Direction) -> bytes:
        """A session description of ours."""
        previous = self._agreed.body if self._agreed is not None else b""
        offer = build_offer(self._local(), self.agent.codecs, direction=direction, previous=previous)
        self._offer = offer.state
        return offer.body

    def take_answer(self, body: bytes) -> None:
        """The other side's session description, in answer to ours."""
        if body and self._offer is not None:
            try:
                negotiated = read_answer(self._offer, body)
            except (BadSdp, NotAcceptable) as bad:
                log.warning("unusable answer", problem=str(bad))
                return
            self._agreed = negotiated.agreed
            self.stream.agree(negotiated.stream)
        self._answers += 1
        self._changed.set()

    def take_refusal(self, status: int) -> None:
        """The other side does not want the change; all stays as it was."""
        self._refused = status
        self._changed.set()

    def take_offer(self, body: bytes) -> None:
        """The other side changes the call."""
        self.session.answer(self.agent.now, self._answer_to(body) if body else self.make_offer("sendrecv"))

    def can_answer(self, offer: bytes) -> bool:
        """Whether this phone understands an offer of speech; it can always make one of its own."""
        try:
            return not offer or bool(answer_offer(self._local(), offer, self.agent.codecs))
        except (BadSdp, NotAcceptable):
            return False

    def _answer_to(self, offer: bytes) -> bytes:
        answered = answer_offer(self._local(), offer, self.agent.codecs, previous=self._agreed)
        self._agreed = answered.agreed
        self.held_by_peer = answered.agreed.held
        self.stream.agree(answered.stream)
        return answered.body

    def _local(self) -> LocalMedia:
        return LocalMedia(self.stream.host, self.stream.port, self.session.id)


class SipAgent:
    """A user agent. ``on_call(call, invite)`` decides about incoming calls; without it they get 486."""

    def __init__(
        self,
        name: str,
        host: str,
        port: int = 0,
        *,
        source: Callable[[int], Source] = lambda rate: Silence(),
        codecs: Sequence[Codec] = CODECS,
    ) -> None:
        self.name = name
        self.host = host
        self.codecs = tuple(codecs)
        self.on_call: Callable[[PhoneCall, events.InviteReceived], None] | None = None
        self.calls: dict[int, PhoneCall] = {}
        self._source = source
        self._port = port
        self._opened = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._answers: dict[int, asyncio.Future[events.ResponseReceived]] = {}

    async def open(self) -> None:
        """Open the sockets. Raises OSError."""
        local = ListenerAddresses()
        self.endpoint = Endpoint(local, settings=Settings(user_agent=f"Kiestoon {self.name}"))
        self.driver: EndpointDriver[events.Event] = EndpointDriver(self.endpoint, self._event)
        listeners = (Listener("udp", self.host, self._port), Listener("tcp", self.host, self._port))
        self.transports = SipTransports(self.driver, NetSettings(listeners), local=local)
        await self.transports.start()
        self.driver.attach(self.transports, SipResolver())
        self._opened = True

    async def close(self) -> None:
        """Hang up everything and close the sockets; nothing when they were never open."""
        if not self._opened:
            return
        for call in list(self.calls.values()):
            call.session.bye(self.now)
        self.driver.flush()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for call in list(self.calls.values()):
            call.stream.close()
        await self.driver.close()
        await self.transports.close()

    @property
    def now(self) -> float:
        """The endpoint's clock."""
        return self.driver.now

    def touch(self) -> None:
        """Send what the endpoint wants sent."""
        self.driver.touch()

    async def call(
        self,
        uri: str,
        *,
        from_: str,
        destination: Destination,
        credentials: Credentials | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> PhoneCall:
        """Place a call; returns at once, use ``until``."""
        stream = RtpStream(self.host, self._source)
        await stream.open()
        number = uri.partition(":")[2].partition("@")[0]
        offer = build_offer(LocalMedia(self.host, stream.port, stream.port), self.codecs)
        session = self.endpoint.invite(
            self.now,
            uri=uri,
            to=f"<{uri}>",
            from_=from_,
            destination=[destination],
            headers=tuple(headers),
            body=offer.body,
            credentials=credentials,
        )
        call = PhoneCall(self, session, stream, number)
        call._offer = offer.state  # the offer had to be made before the session existed
        self.calls[session.id] = call
        self.touch()
        return call

    async def ask(
        self, method: str, uri: str, *, address: str, destination: Destination, credentials: Credentials | None,
        headers: Sequence[tuple[str, str]] = (), contact_user: str = "", timeout_s: float = 10.0,
    ) -> events.ResponseReceived:  # fmt: skip
        """Send a request outside of calls (REGISTER, OPTIONS) and wait for the answer."""
        future: asyncio.Future[events.ResponseReceived] = asyncio.get_running_loop().create_future()
        self.endpoint.request(
            self.now,
            method=method,
            uri=uri,
            from_=address,
            to=address,
            destination=[destination],
            headers=tuple(headers),
            credentials=credentials,
            token=id(future),
            contact_user=contact_user,
        )
        return await self._answer(future, method, timeout_s)

    async def ask_in_call(
        self, session: Session, method: str, *, body: bytes = b"", content_type: str = "", timeout_s: float = 10.0
    ) -> events.ResponseReceived:
        """Send a request inside a call (INFO, OPTIONS, MESSAGE) and wait for the answer."""
        future: asyncio.Future[events.ResponseReceived] = asyncio.get_running_loop().create_future()
        session.request(self.now, method, body=body, content_type=content_type, token=id(future))
        return await self._answer(future, method, timeout_s)

    async def _answer(
        self, future: asyncio.Future[events.ResponseReceived], method: str, timeout_s: float
    ) -> events.ResponseReceived:
        self._answers[id(future)] = future  # events are looked at when the driver is touched, not before
        self.touch()
        try:
            return await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            raise PhoneProblem(f"no answer to {method} within {timeout_s:.0f} s") from None
        finally:
            self._answers.pop(id(future), None)

    def start(self, work: asyncio.Future[None] | None) -> None:
        """Keep a task of this agent until it ends."""
        if isinstance(work, asyncio.Task):
            self._tasks.add(work)
            work.add_done_callback(self._tasks.discard)

    # --- events ----------------------------------------------------------------------------------------------------

    def _event(self, event: events.Event, now: float) -> None:
        if isinstance(event, events.ResponseReceived):
            future = self._answers.get(event.token) if isinstance(event.token, int) else None
            if future is not None and not future.done():
                future.set_result(event)
        elif isinstance(event, events.RequestReceived):
            self.endpoint.respond(now, event.transaction, 200 if event.request.method == "OPTIONS" else 405)
        elif isinstance(event, events.InviteReceived):
            self.start(asyncio.get_running_loop().create_task(self._take(event)))
        elif not isinstance(event, events.SubscriptionEvent):
            call = self.calls.get(event.session.id)
            if call is not None:
                self._of_call(call, event, now)

    async def _take(self, event: events.InviteReceived) -> None:
        stream = RtpStream(self.host, self._source)
        await stream.open()
        call = PhoneCall(self, event.session, stream, event.request.target.user)
        self.calls[event.session.id] = call
        if not call.can_answer(event.request.body):
            call.reject(488)  # a browser's offer, say: the exchange makes another one
        elif self.on_call is None:
            call.reject(486)
        else:
            self.on_call(call, event)
        self.touch()

    def _of_call(self, call: PhoneCall, event: events.Event, now: float) -> None:
        if isinstance(event, events.Progressed):
            call.take_answer(event.body)
            call.move("ringing")
        elif isinstance(event, events.Accepted | events.Confirmed):
            call.take_answer(event.body)
            call.move("talking")
        elif isinstance(event, events.AnswerReceived):
            call.take_answer(event.body)
        elif isinstance(event, events.OfferRefused):
            call.take_refusal(event.status)
        elif isinstance(event, events.OfferReceived):
            try:
                call.take_offer(event.body)
            except (BadSdp, NotAcceptable):
                event.session.refuse(now, 488)
            call.move(call.state)
        elif isinstance(event, events.ReferReceived | events.SessionRequestReceived):
            self.endpoint.respond(now, event.transaction, 405)
        elif isinstance(event, events.Refused | events.Redirected | events.Cancelled | events.Ended):
            if isinstance(event, events.Refused):
                call.status, call.reason = event.status, event.reason
            call.move("ended")
            call.stream.close()
            self.calls.pop(call.session.id, None)
