"""What a service may do with the party it converses with: a facade that knows neither SIP nor RTP.

A service is a short coroutine over a ``Conversation``. It waits for one thing at a time (a signal's end, digits, time,
a reply, a connection's failure). It is driven by call control's events, not by a scheduler, so it runs on the same
stepped clock as everything else in the simulations. It holds the call's id, never the call: a caller who vanishes
closes it without a trace, wherever it stands (``finally`` blocks run, but must not await).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from kiestoon.calls import signals, topology
from kiestoon.calls.addresses import origin_of
from kiestoon.calls.call import Call, Failure, Manner
from kiestoon.calls.leg import Leg
from kiestoon.calls.leg_media import lease_elsewhere
from kiestoon.calls.requests import Failed
from kiestoon.calls.speaking import language_of
from kiestoon.media.protocol import File, Tone
from kiestoon.routing import DialOutside, route
from kiestoon.speech import Phrase
from kiestoon.speech.phrase import Param

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.party import Party
    from kiestoon.calls.service import Service
    from kiestoon.calls.service_data import ServiceData
    from kiestoon.calls.voicemail_requests import MessageReason
    from kiestoon.company.directory import CompanyIndex
    from kiestoon.company.model import Device, User, VoicemailBox
    from kiestoon.company.music import WaitState
    from kiestoon.routing import Decision
    from kiestoon.speech.composing import Utterance

Waiting: TypeAlias = Literal["media", "signal", "speech", "digits", "connection", "time", "reply", "nothing"]
Prompt: TypeAlias = str | Phrase | Sequence[Phrase]
"""The path of an audio file, or something to say."""


class Wait:
    """What a service coroutine yields to its driver; the driver sends the result back."""

    __slots__ = ("what",)

    def __init__(self, what: Waiting) -> None:
        self.what = what

    def __await__(self) -> Generator[Wait, Any, Any]:
        return (yield self)


class Conversation:
    """One party's conversation with a service."""

    __slots__ = ("_call", "_driver", "_x")

    def __init__(self, x: Exchange, call_id: str, driver: Service) -> None:
        self._x = x
        self._call = call_id
        self._driver = driver

    # --- who and where -----------------------------------------------------------------------------------------------

    @property
    def exchange(self) -> Exchange:
        """For operations on calls (``calls.operations``)."""
        return self._x

    @property
    def call(self) -> Call:
        """The call as it stands now."""
        return self._x.calls[self._call]

    @property
    def call_id(self) -> str:
        """The call's id."""
        return self._call

    @property
    def leg(self) -> Leg:
        """The party's leg."""
        return self.call.legs[self._driver.leg_id]

    @property
    def now(self) -> float:
        """The engine's time of the event under way, seconds."""
        return self._driver.now

    @property
    def index(self) -> CompanyIndex | None:
        """The company's snapshot; None when it was removed meanwhile."""
        return self._x.directory.company(self.call.company_id)

    @property
    def user(self) -> User | None:
        """The colleague at the other end; None for callers from outside and phones nobody is logged in on."""
        index = self.index
        return index.users.get(self.leg.party.user_id) if index is not None else None

    @property
    def device(self) -> Device | None:
        """The phone at the other end; None for callers from outside."""
        return self._x.directory.device_by_id(self.leg.device_id) if self.leg.device_id else None

    @property
    def language(self) -> str:
        """The language the party is spoken to in (VM-8)."""
        return self._driver.language or language_of(self._x, self.call, self.leg)

    def speak(self, language: str) -> None:
        """Speak this language from now on, whatever the party would choose; "" = as the party would."""
        self._driver.language = language

    # --- speaking and listening --------------------------------------------------------------------------------------

    async def answer(self) -> None:
        """Answer the caller, if nobody has yet; returns once there is audio."""
        if self._driver.answer(self._x, self.call):
            await Wait("media")

    def come_near(self, other: Call | None) -> None:
        """Have the party, while it has not been answered, on the media process of a call it is to join."""
        if other is not None and other.link is not None and self.leg.state != "answered":
            lease_elsewhere(self._x, self.call, self.leg, other.link)

    async def play(self, path: str) -> None:
        """Play an audio file to its end. Key presses are kept for the next ``collect``."""
        if self._driver.play(self._x, self.call, File(path)):
            await Wait("signal")

    async def say(self, said: str | Phrase, *more: Phrase, **params: Param) -> None:
        """Say something in the party's language: a text by its key with what is filled in, or phrases one after the
        other. Key presses are kept for the next ``collect``.

        What must be rendered first is waited for; what cannot be is left out.
        """
        first = Phrase(said, params) if isinstance(said, str) else said
        for utterance in self._planned((first, *more)):
            if path := await self._rendered(utterance):
                await self.play(path)

    async def prepare(self, phrase: Phrase, language: str) -> str:
        """Have something spoken into a file for others to hear; "" when it cannot be, or would be several files."""
        x = self._x
        planned = x.speech.plan(self.call.company_id, language, (phrase,))
        return await self._rendered(planned[0]) if len(planned) == 1 else ""

    async def ask_for(self, key: str, *, most: int, timeout_s: float = 8.0, end: str = "#", **params: Param) -> str:
        """Speak the text ``key`` and collect digits; a key press stops the speech."""
        return await self.collect(most=most, timeout_s=timeout_s, prompt=Phrase(key, params), end=end)

    async def tone(self, name: str, seconds: float) -> None:
        """Play a tone of the company's country for a while (see ``media.protocol.Tone``)."""
        index = self.index
        country = index.company.country if index is not None else "NL"
        self._driver.play(self._x, self.call, Tone(name, country))
        await self.pause(seconds)
        self._driver.hush(self._x, self.call)

    def music(self, state: WaitState) -> None:
        """Let the party hear music until something else is played."""
        signals.start_music(self._x, self.call, self.leg, state)

    def hush(self) -> None:
        """Stop whatever the party hears."""
        signals.stop_music(self.call, self.leg)
        self._driver.hush(self._x, self.call)

    def mirror(self) -> None:
        """Let the party hear itself whenever nothing is played."""
        topology.mirror(self.call, self.leg)

    def isolate(self) -> None:
        """Let the party hear nobody, itself included."""
        topology.silence(self.call)

    async def collect(self, *, most: int, timeout_s: float, prompt: Prompt = "", end: str = "#") -> str:
        """Digits keyed in, at most ``most``, without the ``end`` key. A key press stops the prompt.

        ``timeout_s`` counts from the prompt's end or the last key; "" when nothing was keyed.
        """
        files = () if self._driver.keyed_ahead else await self._files(prompt)
        if not self._driver.collect(self._x, self.call, most, timeout_s, files, end):
            return str(await Wait("digits"))
        return self._driver.take_digits()

    async def pause(self, seconds: float) -> None:
        """Let time pass."""
        self._driver.start_clock(self._x, self.call, seconds)
        await Wait("time")

    async def speak_before_answer(self, prompt: Prompt) -> None:
        """Let a caller who has not been answered hear something (early media, RFC 3960), then go on."""
        if self._driver.progress(self._x, self.call):
            for path in await self._files(prompt):
                await self.play(path)

    async def _files(self, prompt: Prompt) -> tuple[str, ...]:
        """All the files of a prompt."""
        if isinstance(prompt, str):
            return (prompt,) if prompt else ()
        planned = self._planned((prompt,) if isinstance(prompt, Phrase) else prompt)
        files = [await self._rendered(utterance) for utterance in planned]
        return tuple(path for path in files if path)

    def _planned(self, phrases: Sequence[Phrase]) -> Sequence[Utterance]:
        """What is to be heard; all that must be rendered is requested at once."""
        x = self._x
        planned = x.speech.plan(self.call.company_id, self.language, phrases)
        for utterance in planned:
            if x.speech.ready(utterance) is None:
                x.speech.request(utterance, self._call)
        return planned

    async def _rendered(self, utterance: Utterance) -> str:
        """The file of an utterance; "" when it cannot be said."""
        speech = self._x.speech
        while (path := speech.ready(utterance)) is None:
            speech.request(utterance, self._call)
            await Wait("speech")
        return path

    async def record(self, path: str, *, max_s: float, end: str = "#") -> tuple[float, str]:
        """Record what the party says into a WAV file, until the ``end`` key, silence of the line or ``max_s``.

        Returns how many seconds there are, and the key that ended it ("" = none). The file is whole and on the disk.
        """
        if not self._driver.record(self._x, self.call, path, max_s, end):
            return 0.0, ""
        return cast("tuple[float, str]", await Wait("signal"))

    async def take_message(self, box: VoicemailBox, reason: MessageReason, note: Callable[[int], None]) -> Any:
        """Record a message for a voicemail box, until #, silence or the longest time, and have it stored.

        ``note`` gets its number when recording begins. Returns ``Stored``, ``Dropped`` or ``Failed``; a party who hangs
        up has left the message just as well (see ``messages``).
        """
        number = self._driver.take_message(self._x, self.call, box, reason)
        if not number:
            return Failed("nothing can be recorded")
        note(number)
        return await Wait("reply")

    async def message_left(self, number: int) -> Any:
        """Go on with a message that was begun before a crash: as ``take_message``; None when it is over already."""
        if not self._driver.go_on_with_message(self._x, self.call, number):
            return None
        return await Wait("reply")

    # --- going on ----------------------------------------------------------------------------------------------------

    async def refuse(self, failure: Failure) -> None:
        """Turn the caller away; does not return."""
        self._driver.failure = failure
        await Wait("nothing")

    async def route(self, digits: str) -> Failure:
        """Go on as routing says for what was keyed in ("" = nothing); returns only when nobody could be reached."""
        self._driver.keyed = True
        self._driver.wish = digits
        return cast("Failure", await Wait("connection"))

    async def connect(self, extension: str) -> Failure:
        """Seek somebody by extension; returns only when that failed, the caller being back in the service."""
        self._driver.wish = extension  # call control follows it up once this event has been treated
        return cast("Failure", await Wait("connection"))

    async def reach(
        self,
        decision: Decision,
        shown: Party | None = None,
        within_s: float = 0.0,
        *,
        automatic: bool = False,
        confirm: bool = False,
    ) -> Failure:
        """Do what routing decided; returns only when that failed (``call.Manner`` says what the rest means).

        In a call that has nobody yet it returns NORMAL when somebody has answered: he is the party from then on.
        """
        self._driver.decision, self._driver.manner = decision, Manner(shown, within_s, automatic, confirm)
        return cast("Failure", await Wait("connection"))

    async def dial(self, number: str) -> Failure:
        """Call a number as the party would from its phone; returns only when that failed, and the party is answered."""
        x, call = self._x, self.call
        decision = route(x.directory, origin_of(x, call, self.leg), number, live=x.present)
        if isinstance(decision.step, DialOutside):
            call.direction = "out"
            call.emergency = decision.step.emergency
        return await self.reach(decision)

    def seek(self, decision: Decision) -> None:
        """Do what routing decided on, and go on speaking to the party meanwhile, who does not hear it ring: as long as
        ``entertains``. Then ``outcome`` has to be waited for."""
        self._driver.failed = None
        self._driver.decision, self._driver.entertains = decision, True

    @property
    def entertains(self) -> bool:
        """Whether the party is still to be spoken to while somebody is sought."""
        return self._driver.entertains

    def give_up(self) -> None:
        """Seek no longer: what follows when nobody answers follows now."""
        self._driver.gives_up = True

    async def outcome(self) -> Failure:
        """Wait until what ``seek`` began has failed."""
        failed, self._driver.failed = self._driver.failed, None
        self._driver.entertains = False
        return failed if failed is not None else cast("Failure", await Wait("connection"))

    def ring(self) -> None:
        """Let the party hear that somebody is being rung."""
        call, leg = self.call, self.leg
        if leg.state == "answered":
            signals.ringback(self._x, call, leg)
        elif leg.session is not None and leg.session.state != "ended":
            leg.advance("ring")
            leg.session.progress(self.now, 180)

    async def reached(self) -> Failure:
        """Wait for an attempt that was under way when the service was entered; returns when it failed."""
        self._driver.under_way = False
        return cast("Failure", await Wait("connection"))

    @property
    def under_way(self) -> bool:
        """Whether somebody rings for the party already."""
        return self._driver.under_way

    def keep(self, data: ServiceData) -> None:
        """From here on it is this with which the service is entered again after a crash."""
        self._driver.data = data
        self._x.journal.changed(self.call)

    async def ask(self, request: object) -> Any:
        """Have something done that takes time, such as writing configuration (see ``Exchange.back_office``): its
        reply. Whatever went wrong is in the reply, nothing is raised."""
        self._driver.ask(self._x, self.call, request)
        return await Wait("reply")

    async def wait(self) -> None:
        """Stay until call control moves the party elsewhere; does not return."""
        await Wait("nothing")


ServiceFunction: TypeAlias = Callable[[Conversation, Any], Coroutine[Wait, Any, None]]
