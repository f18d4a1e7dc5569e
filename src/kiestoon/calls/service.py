"""Driving a service: one coroutine for one party, stepped by call control's events (see ``conversation``)."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import structlog

from kiestoon.calls import custody, messages, signals, story
from kiestoon.calls.bridging import NOT_ACCEPTABLE
from kiestoon.calls.call import PLAIN, Call, Failure, Manner
from kiestoon.calls.causes import BROKEN, HUNG_UP, NORMAL
from kiestoon.calls.conversation import Conversation, ServiceFunction, Wait, Waiting
from kiestoon.calls.events import LegAnswered
from kiestoon.calls.leaving import leave
from kiestoon.calls.leg import Leg
from kiestoon.calls.leg_media import UnusableAnswer, answer_caller, offer_caller, watch
from kiestoon.media.protocol import File, SignalEnded

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.service_data import ServiceData
    from kiestoon.calls.voicemail_requests import MessageReason
    from kiestoon.company.model import LocationRouting, VoicemailBox
    from kiestoon.media.protocol import SignalSource
    from kiestoon.routing import Decision
    from kiestoon.sip.deadlines import Deadline

log = structlog.get_logger("services")


class Service:
    """Drives one service coroutine for the party at ``leg_id`` (0: whoever will answer us).

    It has custody of the call's caller, or is a conversation on the side (``Leg.side``) while somebody else has it.
    ``data`` is what the journal keeps of it: with that it is entered again after a crash.
    """

    __slots__ = (
        "_coroutine",
        "_deadline",
        "_digits",
        "_end",
        "_key",
        "_most",
        "_prompts",
        "_recording",
        "_running",
        "_signal",
        "_timeout_s",
        "_token",
        "_waiting",
        "data",
        "decision",
        "entered",
        "entertains",
        "failed",
        "failure",
        "gives_up",
        "keyed",
        "language",
        "leg_id",
        "manner",
        "message",
        "name",
        "now",
        "postcode_of",
        "under_way",
        "wish",
    )

    def __init__(self, name: str, data: ServiceData | None = None) -> None:
        self.name = name
        self.data = data
        self.leg_id = 0
        self.language = ""
        """What the party is spoken to in; "" = as the party would choose."""
        self.message = 0
        """The voicemail message being recorded."""
        self.wish = ""
        self.keyed = False
        self.postcode_of: LocationRouting | None = None
        self.decision: Decision | None = None
        self.manner: Manner = PLAIN
        self.under_way = False
        self.entertains = False
        """Speaks to the party while somebody is sought for it, in place of what rings there."""
        self.gives_up = False
        """The party does not want anybody to be sought any more."""
        self.failed: Failure | None = None
        """How the attempt ended that it was not waiting for at the time."""
        self.failure: Failure | None = None
        self.entered = 1
        self.now = 0.0
        self._coroutine: Coroutine[Wait, Any, None] | None = None
        self._waiting: Waiting | None = None
        self._digits = ""
        self._most = 0
        self._timeout_s = 0.0
        self._end = "#"
        self._prompts: tuple[str, ...] = ()
        self._signal = self._recording = 0
        self._key = ""
        self._token = 0
        self._deadline: Deadline[str] | None = None
        self._running = False

    def start(self, x: Exchange, call: Call, function: ServiceFunction, argument: object, now: float) -> None:
        """Enter the service: it has custody of the caller from here."""
        call.service = self
        self.leg_id = call.caller
        custody.take(x, call, "service")
        self.begin(x, call, function, argument, now)

    def start_aside(
        self, x: Exchange, call: Call, leg: Leg, function: ServiceFunction, argument: object, now: float
    ) -> None:
        """Converse with a party of whom somebody else has custody."""
        leg.side = self
        self.leg_id = leg.id
        self.begin(x, call, function, argument, now)

    def close(self, x: Exchange) -> None:
        """The party left, or is in conversation: the service is over."""
        self._stop_clock(x)
        self._waiting = None
        self.wish, self.decision = "", None
        x.replies.pop(self._token, None)
        if self.message:
            messages.forget_service(x, self.message)
        if self._running:
            self._coroutine = None  # the step under way ends it
            return
        coroutine, self._coroutine = self._coroutine, None
        if coroutine is not None:
            coroutine.close()

    @property
    def wants_to_go(self) -> bool:
        """Whether it has asked for somebody to be sought."""
        return bool(self.wish or self.keyed or self.decision is not None)

    # --- what happens ------------------------------------------------------------------------------------------------

    def media_ready(self, x: Exchange, call: Call, now: float) -> None:
        """The caller's answer to our offer arrived."""
        if self._waiting == "media":
            self._step(x, call, None, now)

    def found(self, x: Exchange, call: Call, leg: Leg, now: float) -> None:
        """Somebody we called has answered: the conversation is with him from now on."""
        self.leg_id = leg.id
        if self._waiting == "connection":
            self._step(x, call, NORMAL, now)

    def signal_ended(self, x: Exchange, call: Call, event: SignalEnded, now: float) -> None:
        """A prompt ended (or could not be played, which must not strand the caller), or a recording."""
        if event.signal == self._recording:
            self._recording = 0
            self._step(x, call, (event.duration_ms / 1000.0, self._key), now)
            return
        if event.signal != self._signal:
            return
        self._signal = 0
        if event.reason.startswith("failed"):
            log.error("prompt not playable", call=call.id, service=self.name, reason=event.reason)
        if self._waiting == "signal":
            self._step(x, call, None, now)
        elif self._waiting == "digits" and not self._prompt_next(x, call):
            self.start_clock(x, call, self._timeout_s, now)

    def media_back(self, x: Exchange, call: Call, now: float) -> bool:
        """The end of a prompt may have been told to nobody. False: who waits for it is to enter the service again, as
        after a crash; where ``data`` does not say how, or somebody is sought, it goes on as if the end had come."""
        if not self._signal or self._waiting not in ("signal", "digits"):
            return True
        if self.data is not None and call.seek is None:
            return False
        leg = call.legs[self.leg_id]
        signals.stop_tone(call, leg)
        self.signal_ended(x, call, SignalEnded(leg.termination, self._signal, "stopped"), now)
        return True

    def speech_ready(self, x: Exchange, call: Call, now: float) -> None:
        """What was to be rendered is, or cannot be."""
        if self._waiting == "speech":
            self._step(x, call, None, now)

    def digit(self, x: Exchange, call: Call, digit: str, now: float) -> None:
        """The party pressed a key."""
        if self.message:
            if digit == "#":
                messages.finish(x, self.message, now)
            return
        if self._recording:
            if digit in self._end or not self._end:
                self._key = digit
                signals.stop(call, call.legs[self.leg_id], self._recording)
            return
        self._digits += digit
        if self._waiting != "digits":
            return
        self.hush(x, call)
        if self._complete():
            self._step(x, call, self.take_digits(), now)
        else:
            self.start_clock(x, call, self._timeout_s, now)

    def time_out(self, x: Exchange, call: Call, now: float) -> None:
        """No (further) key in time, or the pause is over."""
        self._deadline = None
        if self._waiting == "digits":
            self._step(x, call, self.take_digits(), now)
        elif self._waiting == "time":
            self._step(x, call, None, now)

    def resume(self, x: Exchange, call: Call, failure: Failure, now: float) -> None:
        """The seek the service asked for failed."""
        leg = call.legs.get(self.leg_id)
        if leg is not None and leg.signal != self._signal:  # what rang, not what is being said
            signals.stop_tone(call, leg)
        if self._waiting == "connection":
            self._step(x, call, failure, now)
        else:
            self.failed = failure
            self.stop_entertaining(x, call, now)

    def stop_entertaining(self, x: Exchange, call: Call, now: float) -> None:
        """The party hears of the attempt itself from now on."""
        if not self.entertains:
            return
        self.entertains = False
        self.hush(x, call)
        if self._waiting == "digits":
            self._step(x, call, self.take_digits(), now)

    def replied(self, x: Exchange, call: Call, reply: object, now: float) -> None:
        """The back office has done what was asked of it."""
        self._token = 0
        if self.message:
            self.message = 0
            watch(x, call, call.legs[self.leg_id])  # silence means nothing any more
        if self._waiting == "reply":
            self._step(x, call, reply, now)

    # --- what the conversation asks ----------------------------------------------------------------------------------

    def answer(self, x: Exchange, call: Call) -> bool:
        """Send the 200; True when audio must still be agreed (the caller made no offer)."""
        caller = call.legs[self.leg_id]
        session = caller.session
        if caller.state == "answered" or session is None:
            return False
        if session.state == "ended":
            return True  # the event that tells so follows
        try:
            body = answer_caller(x, call, caller, None) if caller.offered_body else offer_caller(x, call, caller, None)
        except UnusableAnswer:
            custody.end_with(x, call, NOT_ACCEPTABLE, self.now)
            return True  # never resumed: the call has ended, and the service with it
        caller.advance("answer")
        caller.answered_ms = call.answered_ms = x.wall_ms()
        call.outcome = "answered"
        session.accept(self.now, body)
        x.emit(LegAnswered, call, caller.id)
        story.turn(x, call, "service", call.target or call.dialled, self.name)
        x.journal.changed(call)
        return caller.stream is None

    def progress(self, x: Exchange, call: Call) -> bool:
        """Send 183 with our answer; False when there can be no early media (no offer, no common format)."""
        caller = call.legs[self.leg_id]
        session = caller.session
        if session is None or session.state == "ended" or not caller.offered_body or caller.state == "answered":
            return False
        try:
            body = answer_caller(x, call, caller, None)
        except UnusableAnswer:
            return False
        caller.advance("ring")
        session.progress(self.now, 183, body=body)
        return True

    def play(self, x: Exchange, call: Call, source: SignalSource) -> bool:
        """Start a prompt; False when it cannot play."""
        leg = call.legs[self.leg_id]
        signals.stop_music(call, leg)
        self._signal = signals.play(x, call, leg, source)
        return self._signal != 0

    def record(self, x: Exchange, call: Call, path: str, max_s: float, end: str) -> bool:
        """Start to record; False when that cannot be."""
        self._end, self._key = end, ""
        self._recording = signals.record(x, call, call.legs[self.leg_id], path, int(max_s * 1000))
        return self._recording != 0

    def take_message(self, x: Exchange, call: Call, box: VoicemailBox, reason: MessageReason) -> int:
        """Begin to record a message; returns its number, 0 when that cannot be. ``replied`` tells what became of it."""
        leg = call.legs[self.leg_id]
        signals.stop_all(call, leg)
        self.message = messages.begin(x, call, leg, box, reason, self, self.now)
        return self.message

    def go_on_with_message(self, x: Exchange, call: Call, number: int) -> bool:
        """The same for one that was begun before a crash; False when it is over."""
        if not messages.go_on(x, call.legs[self.leg_id], number, self, self.now):
            return False
        self.message = number
        return True

    def expect(self, x: Exchange, call_id: str, token: int) -> None:
        """The reply to this request of somebody else's is for us, too."""
        self._token = token
        x.replies[token] = (call_id, self)

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
            self.start_clock(x, call, timeout_s)
        return False

    def take_digits(self) -> str:
        """The digits so far, without the end key; keeps what was keyed beyond them."""
        if not self._end:
            taken, self._digits = self._digits[: self._most], self._digits[self._most :]
            return taken
        before, end, after = self._digits.partition(self._end)
        taken = before[: self._most]
        self._digits = before[self._most :] + end + after if len(before) > self._most else after
        return taken

    def ask(self, x: Exchange, call: Call, request: object) -> None:
        """Hand a request to the back office; its reply comes by ``Exchange.replied``."""
        self._token = x.ids.number()
        x.replies[self._token] = (call.id, self)
        x.back_office.ask(self._token, request)

    def hush(self, x: Exchange, call: Call) -> None:
        """Stop the prompt."""
        self._prompts = ()
        if self._signal:
            self._signal = 0
            signals.stop_tone(call, call.legs[self.leg_id])

    def start_clock(self, x: Exchange, call: Call, seconds: float, now: float | None = None) -> None:
        """``time_out`` is called after ``seconds``."""
        self._stop_clock(x)
        since = self.now if now is None else now
        aside = call.service is not self
        self._deadline = x.deadlines.start(since + seconds, f"aside {self.leg_id}" if aside else "service", call.id)

    # --- driving -----------------------------------------------------------------------------------------------------

    def begin(self, x: Exchange, call: Call, function: ServiceFunction, argument: object, now: float) -> None:
        """Start the coroutine."""
        self._coroutine = function(Conversation(x, call.id, self), argument)
        self._step(x, call, None, now)

    def _complete(self) -> bool:
        return bool(self._end and self._end in self._digits) or len(self._digits) >= self._most

    def _step(self, x: Exchange, call: Call, value: object, now: float) -> None:
        self._stop_clock(x)
        self.now = now
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
        self._over(x, call, failure, now)

    def _over(self, x: Exchange, call: Call, failure: Failure, now: float) -> None:
        """The coroutine has come to its end: without a next step its party is hung up, or a side is just over."""
        if call.service is self:
            ending = failure if call.answered_ms or failure is BROKEN else HUNG_UP
            custody.end_with(x, call, self.failure or ending, now)
            return
        leg = call.legs.get(self.leg_id)
        if leg is not None and leg.side is self:
            leg.side = None
            if call.room is not None:
                signals.update_music(x, call)
            if self.failure is not None:
                leave(x, call, leg, now, failure=self.failure)
                x.journal.changed(call)

    def _prompt_next(self, x: Exchange, call: Call) -> bool:
        """Play the next part of a prompt; False when there is none (that can be played)."""
        while self._prompts:
            path, *rest = self._prompts
            self._prompts = tuple(rest)
            if self.play(x, call, File(path)):
                return True
        return False

    def _stop_clock(self, x: Exchange) -> None:
        if self._deadline is not None:
            x.deadlines.stop(self._deadline)
            self._deadline = None
