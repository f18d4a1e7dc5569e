"""Messages being left for a voicemail box (VM-1): once recording has begun nothing of them is lost.

A message is known, here and in the journal, from the moment its recording begins until it lies in its box. So it does
not matter who goes first: a caller who hangs up leaves the message as well as one who presses #; when the media process
dies, what it had written is stored; when this process dies, the next one goes on with the recording, or stores it. What
cannot be stored now (the database away, the disk full) is tried again until it can.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

import structlog

from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.calls.mailboxes import Added
from kiestoon.calls.requests import Failed
from kiestoon.calls.voicemail_requests import Message, MessageReason, Stored, StoreMessage
from kiestoon.media.protocol import Record, Stop, Watch

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.service import Service
    from kiestoon.company.model import VoicemailBox
    from kiestoon.media.client import MediaLink
    from kiestoon.media.protocol import SignalEnded
    from kiestoon.sip.deadlines import Deadline

log = structlog.get_logger("voicemail")

TIMER = "message"
SILENCE_S = 10.0
"""Nothing said for so long ends the message."""
_LATE_S = 10.0
"""A recording is over by its own limit; should its end not be told within this, it is stored as it is."""
_STOP_S = 3.0
_AGAIN_S = 60.0


class Leaving:
    """A message that is not in its box yet.

    ``link``: who records it; None when that process is gone. ``deadline``: when it is looked for on the disk, whatever
    the media process says or does not say. ``service``: whom to tell how it went. ``storing``: the back office is at
    it; ``delayed``: it could not store it yet.
    """

    __slots__ = ("deadline", "delayed", "link", "message", "service", "storing")

    def __init__(self, message: Message, link: MediaLink | None) -> None:
        self.message = message
        self.link = link
        self.deadline: Deadline[str] | None = None
        self.service: Service | None = None
        self.storing = self.delayed = False


def begin(
    x: Exchange, call: Call, leg: Leg, box: VoicemailBox, reason: MessageReason, service: Service, now: float
) -> int:
    """Begin to record what a party says for a box; returns the recording's number, 0 when it cannot be recorded."""
    link = call.link
    if not leg.termination or link is None or leg.state == "ended":
        return 0
    signal = x.ids.number()
    party = leg.party
    message = Message(
        signal, leg.termination, link.incarnation, call.company_id, box.extension,
        f"{folder_of(x, call.company_id)}/{call.id}-{signal}.wav", call.id, x.wall_ms(), box.longest_s * 1000, reason,
        _clean(party.number), _clean(party.name), party.withheld,
    )  # fmt: skip
    leaving = Leaving(message, link)
    leaving.service = service
    x.messages[signal] = leaving
    x.journal.message_begun(message)
    link.send(Record(leg.termination, signal, message.path, max_ms=message.longest_ms))
    _listen(x, leaving, leg)
    _look_at(x, leaving, now + box.longest_s + _LATE_S)
    return signal


def _clean(text: str) -> str:
    """What the network sent, as text that can be written anywhere."""
    return text.encode(errors="replace").decode().replace("\0", "")


def folder_of(x: Exchange, company_id: int) -> str:
    """Where a company's messages lie."""
    return f"{x.settings.voicemail_folder}/{company_id}"


def go_on(x: Exchange, leg: Leg, signal: int, service: Service, now: float) -> bool:
    """Wait on, after a crash, for the end of a recording that was begun before it; False when it is over already."""
    leaving = x.messages.get(signal)
    if leaving is None or leaving.storing:
        return False
    leaving.service = service
    message = leaving.message
    left_s = max(0.0, (message.began_ms + message.longest_ms - x.wall_ms()) / 1000.0)
    _listen(x, leaving, leg)
    _look_at(x, leaving, now + left_s + _LATE_S)
    return True


def finish(x: Exchange, signal: int, now: float) -> None:
    """The message is to end: the caller has said so, or says nothing any more."""
    leaving = x.messages.get(signal)
    if leaving is None or leaving.storing or leaving.link is None:
        return
    leaving.link.send(Stop(leaving.message.termination, signal))
    _look_at(x, leaving, now + _STOP_S)


def forget_service(x: Exchange, signal: int) -> None:
    """Nobody waits for the message's end any more."""
    leaving = x.messages.get(signal)
    if leaving is not None:
        leaving.service = None


# --- the recording's end ---------------------------------------------------------------------------------------------


def ended(x: Exchange, event: SignalEnded) -> None:
    """A recording is over, whoever is still there; others than messages are nothing of ours."""
    leaving = x.messages.get(event.signal)
    if leaving is not None:
        if event.reason.startswith("failed"):
            log.error("message not recorded to its end", call=leaving.message.call_id, reason=event.reason)
        _store(x, leaving)


def not_recorded(x: Exchange, termination: int) -> None:
    """The media process refused to record."""
    for leaving in [each for each in x.messages.values() if each.message.termination == termination]:
        _store(x, leaving)


def media_lost(x: Exchange, link: MediaLink) -> None:
    """A media process is gone: what it has written is all there will be."""
    for leaving in [each for each in x.messages.values() if each.link is link]:
        leaving.link = None
        _store(x, leaving)


def media_back(x: Exchange, link: MediaLink, held: Iterable[int], now: float) -> None:
    """The connection to a media process is mended: the ends of recordings may have been told to nobody."""
    alive = set(held)
    for leaving in x.messages.values():
        if leaving.link is link and not leaving.storing and leaving.message.termination not in alive:
            _look_at(x, leaving, now + _STOP_S)


def due(x: Exchange, signal: int) -> None:
    """A message's time is up: store what there is of it, now or again."""
    leaving = x.messages.get(signal)
    if leaving is not None:
        leaving.deadline = None
        _store(x, leaving)


# --- after a crash ---------------------------------------------------------------------------------------------------


def take_over(x: Exchange, messages: Iterable[Message]) -> None:
    """Messages a process before this one had begun: before its calls are taken over."""
    for message in messages:
        x.ids.go_past(message.signal)
        x.messages[message.signal] = Leaving(message, x.media.find(message.incarnation))


def store_rest(x: Exchange, now: float) -> None:
    """After the calls were taken over: store the messages nobody goes on with. A living media process ends them with
    their calls; a dead one has written all there is."""
    for leaving in list(x.messages.values()):
        if leaving.link is None:
            _store(x, leaving)
        elif leaving.service is None:
            _look_at(x, leaving, now + _STOP_S)


# --- storing ---------------------------------------------------------------------------------------------------------


def _store(x: Exchange, leaving: Leaving) -> None:
    if leaving.storing:
        return
    leaving.storing = True
    _stop_clock(x, leaving)
    message = leaving.message
    token = x.have_done(StoreMessage(message.company_id, message), partial(_stored, x, message.signal))
    if leaving.service is not None:
        leaving.service.expect(x, message.call_id, token)


def _stored(x: Exchange, signal: int, reply: object, now: float) -> None:
    leaving = x.messages.get(signal)
    if leaving is None:
        return
    leaving.storing = False
    leaving.service = None
    message = leaving.message
    if isinstance(reply, Failed):
        log.error("message not stored yet", call=message.call_id, box=message.extension, problem=reply.reason)
        x.count("messages_delayed")
        leaving.delayed = True
        _look_at(x, leaving, now + _AGAIN_S)
        return
    del x.messages[signal]
    x.journal.message_settled(signal)
    if isinstance(reply, Stored):
        x.count("messages_stored")
        x.mailboxes.changed(message.company_id, message.extension, Added(reply.message_id, reply.duration_ms, message))


# --- parts -----------------------------------------------------------------------------------------------------------


def _listen(x: Exchange, leaving: Leaving, leg: Leg) -> None:
    """Have the media process tell when the party says nothing any more."""
    if leaving.link is not None:
        leaving.link.send(
            Watch(
                leg.termination,
                no_rtp_ms=int(x.settings.no_rtp_s * 1000),
                silence_ms=int(SILENCE_S * 1000),
                digits_in_band=leg.dtmf == "inband",
            )
        )


def _look_at(x: Exchange, leaving: Leaving, at: float) -> None:
    _stop_clock(x, leaving)
    leaving.deadline = x.deadlines.start(at, TIMER, str(leaving.message.signal))


def _stop_clock(x: Exchange, leaving: Leaving) -> None:
    if leaving.deadline is not None:
        x.deadlines.stop(leaving.deadline)
        leaving.deadline = None
