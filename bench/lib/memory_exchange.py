"""A whole exchange in memory: real SIP engine, registrar, routing, call control, journal, records; sockets, trace and
media process left out. Its callers and phones are templates, so that next to nothing but the exchange is measured.

The messages are those of the SIPp scenarios in ``bench/peers/sipp``: a call comes in by an outside line, rings a
registered phone, is answered, acknowledged and hung up by the caller.
"""

from __future__ import annotations

import gc
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "sim"))

from network import Network
from world import EXCHANGE, PROVIDER, FakeOffice, SimulatedExchange

from kiestoon.calls.journal import CallJournal
from kiestoon.calls.record import CallRecord, encode_record
from kiestoon.company.model import Company, CompanyRows, Device, Number, Trunk, User
from kiestoon.media.framing import encode_batch
from kiestoon.media.protocol import Command, Event, Port, Quality, Subtract, Subtracted
from kiestoon.phones.lamps import Lamps
from kiestoon.registrar import Binding, BindingChanged
from kiestoon.sip.flow import Flow, Output, Send
from kiestoon.sip.parse import parse_message

TRUNK = Flow("udp", *EXCHANGE, *PROVIDER, 1)
PHONE_HOST = "192.0.2.1"
PHONE = Flow("udp", *EXCHANGE, PHONE_HOST, 5060, 1)
CALL_LIMIT = 1_000_000
CRLF = "\r\n"

ABILITIES = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO\r\nSupported: timer, replaces\r\n"
OFFER = (
    f"v=0\r\no=- 53655765 2353687637 IN IP4 {PROVIDER[0]}\r\ns=-\r\nc=IN IP4 {PROVIDER[0]}\r\nt=0 0\r\n"
    "m=audio 6000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
)
ANSWER = (
    f"v=0\r\no=- 53655765 2353687637 IN IP4 {PHONE_HOST}\r\ns=-\r\nc=IN IP4 {PHONE_HOST}\r\nt=0 0\r\n"
    "m=audio 6000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
    "a=ptime:20\r\na=sendrecv\r\n"
)


class InstantMedia:
    """A ``MediaLink`` that encodes its commands as the real client does and answers every ``Subtract`` at once."""

    connected = True
    incarnation = "m1"
    hosts = ("198.51.100.9",)

    def __init__(self) -> None:
        self.events: deque[Event] = deque()
        self.on_event: Callable[[Event], None] = self.events.append
        self.on_lost: Callable[[str], None] = print
        self._batch: list[Command] = []
        self._next_port = 0
        self._quality = Quality(mos=4.4)

    def lease(self, host: str = "") -> Port | None:
        self._next_port = (self._next_port + 2) % 40_000
        return Port(self.hosts[0], 20_000 + self._next_port)

    def release(self, port: Port) -> None:
        """Nothing to give back to."""

    def send(self, command: Command) -> None:
        self._batch.append(command)
        if type(command) is Subtract:
            self.events.append(Subtracted(command.termination, self._quality))

    def flush(self) -> None:
        """Encode what was sent in this turn."""
        if self._batch:
            encode_batch(self._batch)
            self._batch.clear()


class Engine(SimulatedExchange):
    """The simulations' exchange without their fake media process."""

    media: InstantMedia

    def outputs(self) -> list[Output]:
        outputs = list(super(SimulatedExchange, self).outputs())
        while self.media.events:
            self._media_events.extend(self.media.events)
            self.media.events.clear()
            outputs += super(SimulatedExchange, self).outputs()
        self.media.flush()
        return outputs


class MemoryExchange:
    """An exchange with ``devices`` registered phones and a stop-watch (processor time) that runs only inside it.

    ``rows``: a town with more in it.
    """

    def __init__(self, devices: int = 100, rows: CompanyRows | None = None) -> None:
        self.network = Network(1)
        self.engine = Engine(self.network, rows or town(devices), InstantMedia(), FakeOffice())  # type: ignore[arg-type]
        self.exchange = self.engine.exchange
        self.devices = devices
        self.now = self.network.now
        self.spent_s = 0.0
        self.journal_bytes = 0
        self.records = 0
        self.exchange.followed = False  # as in production, until somebody follows events
        self.lamps = Lamps(self.exchange, keep=len, wall_s=lambda: self.network.now)
        self.exchange.watching = self.lamps
        self.exchange.journal = CallJournal(self._journal)
        self.exchange.record = self._record
        for number in range(devices):
            contact = f"sip:{extension(number)}@{PHONE_HOST}:5060"
            binding = Binding(number + 1, contact, self.now + 1e6, f"r{number}", 1, PHONE, PHONE_HOST)
            self.exchange.registrar.restore([BindingChanged(number + 1, contact, self.now + 1e6, binding)], self.now)

    def _journal(self, data: bytes) -> None:
        self.journal_bytes += len(data)

    def _record(self, record: CallRecord) -> None:
        self.records += 1
        encode_record(record)

    def take(self, data: bytes, flow: Flow) -> list[bytes]:
        """Hand in one datagram; what the exchange sends."""
        begun = time.process_time()
        self.engine.receive(parse_message(data), flow, self.now)
        outputs = self.engine.outputs()
        self.spent_s += time.process_time() - begun
        return [output.data for output in outputs if isinstance(output, Send)]

    def pass_time(self, seconds: float) -> None:
        """Run the timers that are due."""
        self.now += seconds
        self.network.now = self.now
        begun = time.process_time()
        while (due := self.engine.next_deadline()) is not None and due <= self.now:
            self.engine.handle_timers(self.now)
            self.engine.outputs()
        self.spent_s += time.process_time() - begun

    def open(self, number: int) -> Caller:
        """Ring, answer and acknowledge call ``number``."""
        caller = Caller(number, number % self.devices)
        invite = _one(self.take(caller.invite(), TRUNK), b"INVITE")
        self.take(from_phone(invite, "180 Ringing", number), PHONE)
        answered = self.take(from_phone(invite, "200 OK", number, ABILITIES, ANSWER), PHONE)
        caller.learn(_one(answered, b"SIP/2.0 200"))
        self.take(caller.ack(), TRUNK)
        return caller

    def close(self, caller: Caller) -> None:
        """The caller hangs up."""
        bye = _one(self.take(caller.bye(), TRUNK), b"BYE")
        self.take(from_phone(bye, "200 OK", caller.number), PHONE)

    def run(self, first: int, calls: int, rate: float = 1250.0) -> float:
        """Make calls one after the other, at ``rate`` a second on the exchange's clock; seconds of processor time per
        call."""
        self.spent_s = 0.0
        for number in range(first, first + calls):
            self.pass_time(1 / rate)
            self.close(self.open(number))
        return self.spent_s / calls


class Caller:
    """A call of SIPp's."""

    def __init__(self, number: int, device: int) -> None:
        self.number = number
        self._from = f'"Caller 09{number % 9973:06d}" <sip:+31209{number % 9973:06d}@{PROVIDER[0]}>;tag=77c{number}'
        self._called = f"+31201{device:06d}"
        self._to = f"<sip:{self._called}@{EXCHANGE[0]}:5060>"

    def _head(self, method: str, cseq: int, uri: str) -> str:
        return (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {PROVIDER[0]}:5060;rport;branch=z9hG4bK-77-{self.number}-{cseq}{method}\r\n"
            f"From: {self._from}\r\nTo: {self._to}\r\nCall-ID: {self.number}-77@{PROVIDER[0]}\r\n"
            f"CSeq: {cseq} {method}\r\n"
        )

    def invite(self) -> bytes:
        """With an offer of A-law and µ-law."""
        return (
            f"{self._head('INVITE', 1, f'sip:{self._called}@{EXCHANGE[0]}:5060')}"
            f"Contact: <sip:{self._called}@{PROVIDER[0]}:5060>\r\nMax-Forwards: 70\r\n{ABILITIES}User-Agent: SIPp\r\n"
            f"Content-Type: application/sdp\r\nContent-Length: {len(OFFER)}\r\n\r\n{OFFER}"
        ).encode()

    def learn(self, answer: bytes) -> None:
        """Take the dialog from the 200."""
        self._to = next(line for line in answer.decode().split(CRLF) if line.startswith("To:"))[4:]

    def ack(self) -> bytes:
        """For the 200."""
        return (
            f"{self._head('ACK', 1, f'sip:{EXCHANGE[0]}:5060')}Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n".encode()
        )

    def bye(self) -> bytes:
        """Ends the call."""
        return (
            f"{self._head('BYE', 2, f'sip:{EXCHANGE[0]}:5060')}Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n".encode()
        )


def from_phone(request: bytes, status: str, number: int, headers: str = "", body: str = "") -> bytes:
    """The called phone's response."""
    kept = [line for line in request.decode().split(CRLF) if line.startswith(("Via", "From", "To", "Call-ID", "CSeq"))]
    kept = [f"{line};tag=88s{number}" if line.startswith("To") and ";tag=" not in line else line for line in kept]
    described = "Content-Type: application/sdp\r\n" if body else ""
    contact = f"Contact: <sip:{PHONE_HOST}:5060>\r\n"
    head = f"SIP/2.0 {status}\r\n{CRLF.join(kept)}\r\n{contact}{headers}{described}Content-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def _one(sent: list[bytes], start: bytes) -> bytes:
    return next(data for data in sent if data.startswith(start))


def extension(device: int) -> str:
    """A device's user name and its user's extension."""
    return f"{10_000 + device}"


def town(devices: int) -> CompanyRows:
    """A company with so many people, one phone and one outside number each, and one outside line."""
    return CompanyRows(
        company=Company(id=1, name="Town", domain="town.example", extension_digits=5, emergency_number="+31201234500"),
        users=tuple(User(id=n + 1, company_id=1, extension=extension(n), name=f"User {n}") for n in range(devices)),
        devices=tuple(
            Device(id=n + 1, company_id=1, username=extension(n), secret="s", user_id=n + 1, call_limit=CALL_LIMIT)
            for n in range(devices)
        ),
        numbers=tuple(
            Number(id=n + 1, company_id=1, e164=f"+31201{n:06d}", extension=extension(n)) for n in range(devices)
        ),
        trunks=(Trunk(id=1, company_id=1, name="line", kind="peer", host=PROVIDER[0], sources=(PROVIDER[0],)),),
    )


def freeze() -> None:
    """What has been loaded is not the collector's any more, as in the control process."""
    gc.collect()
    gc.freeze()
