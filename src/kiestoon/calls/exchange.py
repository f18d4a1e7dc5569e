"""The state of one exchange: everything call control knows, and nothing global.

The modules beside this one are functions over an ``Exchange``; ``control`` decides which of them an event concerns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec
import structlog

from kiestoon.calls.agenda import Agenda
from kiestoon.calls.events import CallEvent
from kiestoon.calls.ids import Ids
from kiestoon.calls.leg import Owner
from kiestoon.calls.mailboxes import Mailboxes
from kiestoon.calls.present import Present
from kiestoon.calls.queues.state import Queues
from kiestoon.media.protocol import Codec
from kiestoon.sip.deadlines import DeadlineQueue

if TYPE_CHECKING:
    from kiestoon.calls.call import Call
    from kiestoon.calls.conversation import ServiceFunction
    from kiestoon.calls.leg import Leg
    from kiestoon.calls.lines import Lines
    from kiestoon.calls.media_pool import MediaPool
    from kiestoon.calls.messages import Leaving
    from kiestoon.calls.operations.targets import Way
    from kiestoon.calls.record import CallRecord
    from kiestoon.calls.service import Service
    from kiestoon.calls.voicemail_requests import Message
    from kiestoon.company.directory import Directory
    from kiestoon.company.model import Company
    from kiestoon.registrar import BindingChanged, Doorkeeper, Registrar
    from kiestoon.sip.endpoint import Endpoint
    from kiestoon.sip.events import RequestReceived, SubscriptionEvent
    from kiestoon.sip.session import Session
    from kiestoon.sip.session.unanswered import UnansweredInvite
    from kiestoon.speech import Phrase
    from kiestoon.speech.composing import Utterance

log = structlog.get_logger("calls")

CODECS: tuple[Codec, ...] = (
    Codec("OPUS", 107, 48000, 2, "useinbandfec=1"),
    Codec("G722", 9),
    Codec("PCMA", 8),
    Codec("PCMU", 0),
)
"""What we can decode and encode, in the order we offer when the caller's own order does not decide."""


class Settings(msgspec.Struct, frozen=True):
    """Limits and defaults of call control. Times in seconds. ``no_rtp_s``: a party silent for so long is told of; 0 =
    never."""

    codecs: tuple[Codec, ...] = CODECS
    music_path: str = ""
    recordings_folder: str = ""
    voicemail_folder: str = ""
    ring_s: float = 60.0
    ring_outside_s: float = 180.0
    closing_wait_s: float = 2.0
    line_patience_s: float = 6.0
    device_patience_s: float = 8.0
    max_calls: int = 0
    retry_after_s: int = 5
    max_diversions: int = 10
    no_rtp_s: float = 0.0


class Journal(Protocol):
    """Where call control writes what is needed to take calls over after a crash."""

    def opened(self, call: Call) -> None:
        """A call exists; its record is owed."""

    def ringing(self, call: Call, leg: Leg) -> None:
        """A party is being called, or called anew: it must not be left ringing by a crash."""

    def changed(self, call: Call) -> None:
        """An established call's legs, bridge or media changed."""

    def confirmed(self, call: Call, leg: Leg) -> None:
        """The leg's 2xx was acknowledged."""

    def closed(self, call: Call) -> None:
        """The call's record has been handed over; forget the call."""

    def message_begun(self, message: Message) -> None:
        """A message is being recorded: it must get into its box."""

    def message_settled(self, signal: int) -> None:
        """It is there, or there was nothing to store."""


class Speech(Protocol):
    """Turns what is to be said into files to play, without ever waiting (``speech.service``)."""

    def plan(self, company_id: int, language: str, phrases: Sequence[Phrase]) -> Sequence[Utterance]:
        """What says these phrases to somebody of a company, one after the other."""

    def ready(self, utterance: Utterance) -> str | None:
        """The file that says it; "" when it cannot be said, None when it must be requested."""

    def request(self, utterance: Utterance, call: str) -> None:
        """Have it rendered. ``ExchangeEngine.speech_ready(call)`` follows later, whatever comes of it."""


class BackOffice(Protocol):
    """Who does what takes time: writes configuration, looks into a mailbox. Its replies come back as events."""

    def ask(self, token: int, request: object) -> None:
        """Have it done; ``ExchangeEngine.replied(token, reply)`` follows, whatever happens."""


class NoBackOffice:
    """Nobody is there: requests stay without a reply."""

    def ask(self, token: int, request: object) -> None:
        """Nothing."""


class Watching(Protocol):
    """Who tells phones how others' lines stand: what it is asked, and what it learns. It faces its own faults."""

    def requested(self, event: RequestReceived, now: float) -> None:
        """A SUBSCRIBE or PUBLISH outside any dialog."""

    def subscription_event(self, event: SubscriptionEvent, now: float) -> None:
        """What happened to a subscription."""

    def calls_changed(self, calls: Collection[Call], now: float) -> None:
        """Something happened to these calls in this turn; some of them may be over."""

    def bindings_changed(self, changes: list[BindingChanged], now: float) -> None:
        """Registrations."""

    def forget_device(self, device_id: int, now: float) -> None:
        """A device was deleted or locked, or has a new password."""

    def settle(self, now: float) -> None:
        """The end of a turn: what is to be sent must be with the endpoint afterwards."""

    def handle_timers(self, now: float) -> None:
        """What is due."""

    def next_deadline(self, now: float) -> float | None:
        """When that is; ``now`` when something was left over."""


class Exchange:
    """One exchange's live state. Fields are read by the modules of this package; only they change it."""

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        directory: Directory,
        registrar: Registrar,
        doorkeeper: Doorkeeper,
        media: MediaPool,
        lines: Lines,
        ids: Ids,
        wall_ms: Callable[[], int],
        journal: Journal,
        record: Callable[[CallRecord], None],
        settings: Settings,
        services: dict[str, ServiceFunction],
        back_office: BackOffice | None = None,
        ways: dict[str, Way] | None = None,
        speech: Speech,
    ) -> None:
        self.endpoint = endpoint
        self.directory = directory
        self.registrar = registrar
        self.doorkeeper = doorkeeper
        self.media = media
        self.lines = lines
        self.ids = ids
        self.wall_ms = wall_ms
        self.journal = journal
        self.record = record
        self.settings = settings
        self.services: dict[str, ServiceFunction] = services
        self.speech = speech
        self.ways: dict[str, Way] = ways or {}
        """What a transfer to a feature code does, by feature."""
        self.back_office: BackOffice = back_office or NoBackOffice()
        self.watching: Watching | None = None
        self._begin()

    def _begin(self) -> None:
        """Nothing happens yet."""
        self.calls: dict[str, Call] = {}
        self.legs: dict[int, Leg] = {}
        self.terminations: dict[int, Leg] = {}
        self.device_calls: dict[int, tuple[str, ...]] = {}
        self.left_ringing: dict[int, list[UnansweredInvite]] = {}
        self.reminders: dict[int, tuple[Session, ...]] = {}
        self.company_calls: dict[int, int] = {}
        self.deadlines: DeadlineQueue[str] = DeadlineQueue()
        self.events: deque[CallEvent] = deque()
        self.present = Present(self)
        self.lots: dict[tuple[int, str], str] = {}
        """Calls that are parked, by company and lot."""
        # Calls that hold a conference room's members, by company and room
        self.rooms: dict[tuple[int, int], str] = {}
        self.held: dict[int, str] = {}
        """Legs that hold somebody by keys in the call, and the call of whom they hold (``operations.consult``)."""
        # Legs of onlookers whose conversation is over: they are hung up
        self.unheld: list[int] = []
        # Calls we make for a conversation that is over: they are given up
        self.pointless: list[str] = []
        self.bereft: list[int] = []
        """Legs that held somebody and are over: whom they held must not be forgotten."""
        self.replies: dict[int, tuple[str, Service]] = {}
        """Services that wait for the back office, by token."""
        self.errands: dict[int, Callable[[object, float], None]] = {}
        """What else waits for it: functions of the reply and the time."""
        self.messages: dict[int, Leaving] = {}
        """Voicemail messages that are not in their boxes yet, by the number of their recording."""
        self.mailboxes = Mailboxes(self)
        self.agenda = Agenda(self)
        self.queues = Queues(self)
        self.touched: list[Call] = []
        """Other calls than the one an event is about, that have been changed by it."""
        self.followed = False
        self.stirred: dict[str, Call] = {}
        self.counters: dict[str, int] = {}
        self._sequence = 0

    @property
    def listening(self) -> bool:
        """Whether anybody wants to hear of events: whoever follows them from outside, or lamps."""
        return self.followed or self.watching is not None

    def emit(self, kind: type[CallEvent], call: Call, leg_id: int = 0, **details: object) -> None:
        """Queue an event for the listeners; costs next to nothing while there are none. Lamps only want to know of
        which call."""
        self.stir(call)
        if not self.followed:
            return
        self._sequence += 1
        self.events.append(kind(call.company_id, call.id, leg_id, self.wall_ms(), self._sequence, **details))

    def stir(self, call: Call) -> None:
        """Something about the call may look different to who watches those in it."""
        if self.watching is not None:
            self.stirred[call.id] = call

    def count(self, name: str) -> None:
        """Add one to a counter shown as a metric."""
        self.counters[name] = self.counters.get(name, 0) + 1

    def have_done(self, request: object, then: Callable[[object, float], None]) -> int:
        """Ask the back office for something no service waits for; ``then(reply, now)`` is called. Returns the token."""
        token = self.ids.number()
        self.errands[token] = then
        self.back_office.ask(token, request)
        return token

    def company_of(self, call: Call) -> Company | None:
        """The call's company; None when it has been removed meanwhile."""
        index = self.directory.company(call.company_id)
        return index.company if index is not None else None

    def find_leg(self, context: object) -> Leg | None:
        """The live leg a session with this ``context`` belongs to (an ``Owner``)."""
        return self.legs.get(context.leg) if isinstance(context, Owner) else None
