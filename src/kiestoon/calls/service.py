"""Services: short coroutines a caller talks to, over a facade that knows neither SIP nor RTP.

A service waits for one thing at a time (a signal's end, digits, media, a connection's failure). It is driven by call
control's events, not by a scheduler, so it runs on the same stepped clock as everything else in the simulations. The
coroutine holds the call's id, never the call: a caller who vanishes closes it without a trace.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import structlog

from kiestoon.calls import custody, signals
from kiestoon.calls.bridging import NOT_ACCEPTABLE
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.causes import BROKEN, HUNG_UP, NORMAL
from kiestoon.calls.events import LegAnswered
from kiestoon.calls.leg_media import UnusableAnswer, answer_caller, offer_caller
from kiestoon.calls.speaking import language_of
from kiestoon.media.protocol import File
from kiestoon.speech import Phrase

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.company.model import LocationRouting
    from kiestoon.media.protocol import SignalEnded, SignalSource
    from kiestoon.sip.deadlines import Deadline
    from kiestoon.speech.composing import Utterance

log = structlog.get_logger("services")

Waiting: TypeAlias = Literal["media", "signal", "speech", "digits", "connection", "nothing"]
Prompt: TypeAlias = str | Phrase | Sequence[Phrase]
"""The path of an audio file, or something to say."""


class _Wait:
    """What a service coroutine yields to its driver; the driver sends the result back."""

    __slots__ = ("what",)

    def __init__(self, what: Waiting) -> None:
        self.what = what

    def __await__(self) -> Generator[_Wait, Any, Any]:
        return (yield self)


class Conversation:
    """What a service may do with its caller."""

    __slots__ = ("_call", "_driver", "_x")

    def __init__(self, x: Exchange, call_id: str, driver: Service) -> None:
        self._x = x
        self._call = call_id
        self._driver = driver

    async def answer(self) -> None:
        """Answer the caller, if nobody has yet; returns once there is audio."""
        if self._driver.answer(self._x, self._x.calls[self._call]):
            await _Wait("media")

    async def play(self, path: str) -> None:
        """Play an audio file to its end. Key presses are kept for the next ``collect``."""
        if self._driver.play(self._x, self._x.calls[self._call], File(path)):
            await _Wait("signal")

    async def say(self, *phrases: Phrase, language: str = "") -> None:
        """Say something, one phrase after the other. ``language``: "" = the caller's. Key presses are kept.

        What must be rendered first is waited for; what cannot be is left out.
        """
        for utterance in self._planned(phrases, language):
            if path := await self._rendered(utterance):
                await self.play(path)

    async def collect(
        self, *, most: int, timeout_s: float, prompt: Prompt = "", end: str = "#", language: str = ""
    ) -> str:
        """Digits keyed in, at most ``most``, without the ``end`` key. A key press stops the prompt.

        ``timeout_s`` counts from the prompt's end or the last key; "" when nothing was keyed.
        """
        files = () if self._driver.keyed_ahead else await self._files(prompt, language)
        if not self._driver.collect(self._x, self._x.calls[self._call], most, timeout_s, files, end):
            return str(await _Wait("digits"))
        return self._driver.take_digits()

    async def speak_before_answer(self, prompt: Prompt) -> None:
        """Let a caller who has not been answered hear something (early media, RFC 3960), then go on."""
        if self._driver.progress(self._x, self._x.calls[self._call]):
            for path in await self._files(prompt, ""):
                await self.play(path)

    async def _files(self, prompt: Prompt, language: str) -> tuple[str, ...]:
        """All the files of a prompt."""
        if isinstance(prompt, str):
            return (prompt,) if prompt else ()
        planned = self._planned((prompt,) if isinstance(prompt, Phrase) else prompt, language)
        files = [await self._rendered(utterance) for utterance in planned]
        return tuple(path for path in files if path)

    def _planned(self, phrases: Sequence[Phrase], language: str) -> Sequence[Utterance]:
        """What is to be heard; all that must be rendered is requested at once."""
        x, call = self._x, self._x.calls[self._call]
        planned = x.speech.plan(call.company_id, language or language_of(x, call), phrases)
        for utterance in planned:
            if x.speech.ready(utterance) is None:
                x.speech.request(utterance, self._call)
        return planned

    async def _rendered(self, utterance: Utterance) -> str:
        """The file of an utterance; "" when it cannot be said."""
        speech = self._x.speech
        while (path := speech.ready(utterance)) is None:
            speech.request(utterance, self._call)
            await _Wait("speech")
        return path

    async def refuse(self, failure: Failure) -> None:
        """Turn the caller away; does not return."""
        self._driver.failure = failure
        await _Wait("nothing")

    async def route(self, digits: str) -> Failure:
        """Go on as routing says for what was keyed in ("" = nothing); returns only when nobody could be reached."""
        self._driver.keyed = True
        self._driver.wish = digits
        return cast("Failure", await _Wait("connection"))

    async def connect(self, extension: str) -> Failure:
        """Seek somebody by extension; returns only when that failed, the caller being back in the service."""
        self._driver.wish = extension  # call control follows it up once this event has been treated
        return cast("Failure", await _Wait("connection"))


ServiceFunction: TypeAlias = Callable[[Conversation, Any], Coroutine[_Wait, Any, None]]


class Service:
    """Drives one service coroutine for one caller."""

    __slots__ = (
        "_coroutine",
        "_deadline",
        "_digits",
        "_end",
        "_most",
        "_now",
        "_prompts",
        "_running",
        "_signal",
        "_timeout_s",
        "_waiting",
        "entered",
        "failure",
        "keyed",
        "name",
        "postcode_of",
        "wish",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.wish = ""
        self.postcode_of: LocationRouting | None = None
        self.failure: Failure | None = None
        self.entered = 1
        self.keyed = False
        self._coroutine: Coroutine[_Wait, Any, None] | None = None
        self._waiting: Waiting | None = None
        self._digits = ""
        self._most = 0
        self._timeout_s = 0.0
        self._end = "#"
        self._prompts: tuple[str, ...] = ()
        self._signal = 0
        self._deadline: Deadline[str] | None = None
        self._now = 0.0
        self._running = False

    def start(self, x: Exchange, call: Call, function: ServiceFunction, argument: object, now: float) -> None:
        """Enter the service: it has custody of the caller from here."""
        call.service = self
        custody.take(x, call, "service")
        self._coroutine = function(Conversation(x, call.id, self), argument)
        self._step(x, call, None, now)

    def close(self, x: Exchange) -> None:
        """The caller left, or is in conversation: the service is over."""
        self._stop_clock(x)
        self._waiting = None
        self.wish = ""
        if self._running:
            self._coroutine = None  # the step under way ends it
            return
        coroutine, self._coroutine = self._coroutine, None
        if coroutine is not None:
            coroutine.close()

    # --- what happens ----------------------------------------------------------------------------------------------

    def media_ready(self, x: Exchange, call: Call, now: float) -> None:
        """The caller's answer to our offer arrived."""
        if self._waiting == "media":
            self._step(x, call, None, now)

    def signal_ended(self, x: Exchange, call: Call, event: SignalEnded, now: float) -> None:
        """A prompt ended (or could not be played, which must not strand the caller)."""
        if event.signal != self._signal:
            return
        self._signal = 0
        if event.reason.startswith("failed"):
            log.error("prompt not playable", call=call.id, service=self.name, reason=event.reason)
        if self._waiting == "signal":
            self._step(x, call, None, now)
        elif self._waiting == "digits" and not self._prompt_next(x, call):
            self._start_clock(x, call, now)

    def speech_ready(self, x: Exchange, call: Call, now: float) -> None:
        """What was to be rendered is, or cannot be."""
        if self._waiting == "speech":
            self._step(x, call, None, now)

    def digit(self, x: Exchange, call: Call, digit: str, now: float) -> None:
        """The caller pressed a key."""
        self._digits += digit
        if self._waiting != "digits":
            return
        self._silence(x, call)
        if self._complete():
            self._step(x, call, self.take_digits(), now)
        else:
            self._start_clock(x, call, now)

    def time_out(self, x: Exchange, call: Call, now: float) -> None:
        """No (further) key in time."""
        self._deadline = None
        if self._waiting == "digits":
            self._step(x, call, self.take_digits(), now)

    def resume(self, x: Exchange, call: Call, failure: Failure, now: float) -> None:
        """The seek the service asked for failed."""
        signals.stop_tone(call, call.legs[call.caller])
        if self._waiting == "connection":
            self._step(x, call, failure, now)

    # --- what the conversation asks --------------------------------------------------------------------------------

    def answer(self, x: Exchange, call: Call) -> bool:
        """Send the 200; True when audio must still be agreed (the caller made no offer)."""
        caller = call.legs[call.caller]
        session = caller.session
        if caller.state == "answered" or session is None:
            return False
        if session.state == "ended":
            return True  # the event that tells so follows
        try:
            body = answer_caller(x, call, caller, None) if caller.offered_body else offer_caller(x, call, caller, None)
        except UnusableAnswer:
            custody.end_with(x, call, NOT_ACCEPTABLE, self._now)
            return True  # never resumed: the call has ended, and the service with it
        caller.advance("answer")
        caller.answered_ms = call.answered_ms = x.wall_ms()
        call.outcome = "answered"
        session.accept(self._now, body)
        x.emit(LegAnswered, call, caller.id)
        x.journal.changed(call)
        return caller.stream is None

    def progress(self, x: Exchange, call: Call) -> bool:
        """Send 183 with our answer; False when there can be no early media (no offer, no common format)."""
        caller = call.legs[call.caller]
        session = caller.session
        if session is None or session.state == "ended" or not caller.offered_body:
            return False
        try:
            body = answer_caller(x, call, caller, None)
        except UnusableAnswer:
            return False
        caller.advance("ring")
        session.progress(self._now, 183, body=body)
        return True

    def play(self, x: Exchange, call: Call, source: SignalSource) -> bool:
        """Start a prompt; False when it cannot play."""
        self._signal = signals.play(x, call, call.legs[call.caller], source)
        return self._signal != 0

    @property
    def keyed_ahead(self) -> bool:
        """Something has been keyed in that nobody has asked for yet."""
        return bool(self._digits)

    def collect(self, x: Exchange, call: Call, most: int, timeout_s: float, prompts: tuple[str, ...], end: str) -> bool:
        """Prepare for digits; True when what was keyed already suffices."""
        self._most, self._timeout_s, self._end = most, timeout_s, end
        if self._complete():
            return True
        self._prompts = () if self._digits else prompts
        if not self._prompt_next(x, call):
            self._start_clock(x, call, self._now)
        return False

    def take_digits(self) -> str:
        """The digits so far, without the end key; keeps what was keyed beyond them."""
        before, end, after = self._digits.partition(self._end)
        taken = before[: self._most]
        self._digits = before[self._most :] + end + after if len(before) > self._most else after
        return taken

    # --- driving ---------------------------------------------------------------------------------------------------

    def _complete(self) -> bool:
        return self._end in self._digits or len(self._digits) >= self._most

    def _step(self, x: Exchange, call: Call, value: object, now: float) -> None:
        self._stop_clock(x)
        self._now = now
        self._waiting = None
        coroutine = self._coroutine
        if coroutine is None:
            return
        failure = NORMAL
        self._running = True
        try:
            waiting = coroutine.send(value).what
        except StopIteration:
            pass
        except Exception:  # a service's fault ends that call, not the exchange
            log.exception("service failed", service=self.name, call=call.id)
            failure = BROKEN
        else:
            if self._coroutine is not None and self.failure is None:
                self._waiting = waiting
                return
        finally:
            self._running = False
        self._coroutine = None
        coroutine.close()
        if call.service is self:
            ending = failure if call.answered_ms or failure is BROKEN else HUNG_UP
            custody.end_with(x, call, self.failure or ending, now)

    def _prompt_next(self, x: Exchange, call: Call) -> bool:
        """Play the next part of a prompt; False when there is none (that can be played)."""
        while self._prompts:
            path, *rest = self._prompts
            self._prompts = tuple(rest)
            if self.play(x, call, File(path)):
                return True
        return False

    def _silence(self, x: Exchange, call: Call) -> None:
        self._prompts = ()
        if self._signal:
            self._signal = 0
            signals.stop_tone(call, call.legs[call.caller])

    def _start_clock(self, x: Exchange, call: Call, now: float) -> None:
        self._stop_clock(x)
        self._deadline = x.deadlines.start(now + self._timeout_s, "service", call.id)

    def _stop_clock(self, x: Exchange) -> None:
        if self._deadline is not None:
            x.deadlines.stop(self._deadline)
            self._deadline = None
