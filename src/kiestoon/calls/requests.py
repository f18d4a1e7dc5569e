"""What services ask the back office for (``Conversation.ask``): plain data; the answers are plain data too.

Whoever adds a request says here what it is and what comes back; what it does stands in ``store/phone_requests`` and
runs in a thread, so that no call waits for it. In simulations a function of the test takes its place.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from kiestoon.company.model import NOWHERE, Destination, ForwardCase, PresenceStatus
from kiestoon.company.queue_switches import QueueSwitch


class Request(msgspec.Struct, frozen=True):
    """Base of all requests. ``company_id``: whose rows it concerns; nothing outside them is touched."""

    company_id: int


class Failed(msgspec.Struct, frozen=True):
    """The answer when it could not be done: ``reason`` for people, ``code`` for programs.

    ``code``: "conflict", "gone" (what it was about is not there any more), "not_assigned" (the person does not have
    that service), "not_permitted", "refused" (a rule of the configuration forbids it), or "" for every trouble of ours.
    """

    reason: str
    code: str = ""


class CheckPin(Request, frozen=True):
    """Whether somebody has keyed in the right PIN of a person. ``extension``: the one that asks, "phone ID" for a phone
    that is nobody's, "" for outsiders.

    Reply: ``PinChecked`` or ``Failed``.
    """

    user_id: int
    pin: str
    extension: str = ""

    def __repr__(self) -> str:
        return f"CheckPin(company_id={self.company_id}, user_id={self.user_id})"


class CheckRoomPin(Request, frozen=True):
    """Which PIN of a conference room somebody has keyed in. ``extension``: the one that asks, "" for outsiders.

    Reply: ``RoomPinChecked`` or ``Failed``.
    """

    room_id: int
    pin: str
    extension: str = ""

    def __repr__(self) -> str:
        return f"CheckRoomPin(company_id={self.company_id}, room_id={self.room_id})"


class RoomPinChecked(msgspec.Struct, frozen=True):
    """As what it lets in. "wait": it was not looked at, because too many wrong ones came before."""

    verdict: Literal["member", "organiser", "wrong", "wait"]


class PinChecked(msgspec.Struct, frozen=True):
    """ "must_change": right, but another one must be chosen first. ``wait_s``: until the next attempt is looked at."""

    verdict: Literal["right", "must_change", "wrong", "wait", "no_pin"]
    wait_s: int = 0


class Changed(NamedTuple):
    """Configuration was written; ``reply`` is given once that is in force."""

    reply: Any


# --- what people switch for themselves -------------------------------------------------------------------------------


class OwnRequest(Request, frozen=True):
    """``user_id``: who asks, for himself. Answered by None, or ``Failed``."""

    user_id: int


class SwitchForward(OwnRequest, frozen=True):
    """Forward calls in a case: ``to`` NOWHERE switches it off, the own "voicemail" without target sends them there.
    ``rings``: how many before there is no answer, 0 = as it was."""

    case: ForwardCase
    to: Destination = NOWHERE
    rings: int = 0


class StopForwarding(OwnRequest, frozen=True):
    """Switch off forwarding in every case: always, busy, no answer, unreachable."""


SwitchedService: TypeAlias = Literal["do_not_disturb", "hide_number", "reject_anonymous", "call_waiting"]
"""Fields of a person that are on or off."""


class SwitchService(OwnRequest, frozen=True):
    """Switch one of the services that are on or off."""

    service: SwitchedService
    on: bool


class SetStatus(OwnRequest, frozen=True):
    """Say whether one is there: until ``until_ms`` (wall clock), 0 = until it is changed."""

    status: PresenceStatus
    until_ms: int = 0


Last: TypeAlias = Literal["dialled", "caller"]


class FindLast(OwnRequest, frozen=True):
    """The number the person dialled last, or who called last: ``LastCall``, None for nobody yet, or ``Failed``."""

    which: Last


class LastCall(msgspec.Struct, frozen=True):
    """``number``: as the person would dial it, "" for a caller who withheld it."""

    number: str


class SwitchPlan(OwnRequest, frozen=True):
    """Switch a scheme to one of its plans, until ``until_ms`` (wall clock), 0 = until it is changed. ``plan_id`` 0:
    back to the schedule. For people with the right to it only (E 8.2.7)."""

    scheme_id: int
    plan_id: int = 0
    until_ms: int = 0


# --- queues ---------------------------------------------------------------------------------------------------------


class QueueLogin(OwnRequest, frozen=True):
    """Log in to a queue, or out of it; ``queue_id`` 0: all that the person is a member of (E 7.5.3).

    ``Failed`` "not_permitted": the queue is closed, and the person no member of it.
    """

    queue_id: int
    on: bool


class SwitchQueue(OwnRequest, frozen=True):
    """Switch the forced forwarding or the night service of a queue, by a code (V 23.3.2, V 23.3.4).

    ``Failed`` "by_code": the queue is switched by no code; "nowhere": calls would have nowhere to go.
    """

    queue_id: int
    what: QueueSwitch
    on: bool


# --- recordings ------------------------------------------------------------------------------------------------------


class KeepRecording(OwnRequest, frozen=True):
    """Keep what was spoken into the WAV file ``path``, which goes, in the company's part of ``folder``.

    Reply: ``Kept``, or ``Failed`` ("short": there is nothing in it; "full": the company has as many as it may).
    """

    path: str
    folder: str
    at_ms: int


class Kept(msgspec.Struct, frozen=True):
    """The number the recording is found by."""

    number: int
