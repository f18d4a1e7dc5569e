"""What happened in call control, for listeners only: lamps, journal of calls, statistics, webhooks, metrics."""

from __future__ import annotations

import msgspec


class CallEvent(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Base. ``at_ms`` is wall time (UTC ms); ``sequence`` counts up within one exchange; ``leg`` 0: the whole call."""

    company_id: int
    call: str
    leg: int
    at_ms: int
    sequence: int


class CallOpened(CallEvent, frozen=True, gc=False, tag=True):
    """The first INVITE was accepted for treatment."""


class LegOffered(CallEvent, frozen=True, gc=False, tag=True):
    """A party called us."""


class LegDialled(CallEvent, frozen=True, gc=False, tag=True):
    """We called a party."""


class LegRinging(CallEvent, frozen=True, gc=False, tag=True):
    """A dialled party's device rings."""


class LegProgressed(CallEvent, frozen=True, gc=False, tag=True):
    """Early media from a dialled party."""


class LegAnswered(CallEvent, frozen=True, gc=False, tag=True):
    """A leg is in conversation with us."""


class LegHeld(CallEvent, frozen=True, gc=False, tag=True):
    """The party put us on hold."""


class LegResumed(CallEvent, frozen=True, gc=False, tag=True):
    """The party took us off hold."""


class LegEnded(CallEvent, frozen=True, gc=False, tag=True):
    """A leg is over."""

    cause: int = 0


class BridgeJoined(CallEvent, frozen=True, gc=False, tag=True):
    """A leg entered a bridge."""


class BridgeLeft(CallEvent, frozen=True, gc=False, tag=True):
    """A leg left a bridge."""


class CustodyMoved(CallEvent, frozen=True, gc=False, tag=True):
    """Another holder answers for the caller now."""

    holder: str = ""


class CallForwarded(CallEvent, frozen=True, gc=False, tag=True):
    """The call goes on to another target."""

    target: str = ""


class CallTransferred(CallEvent, frozen=True, gc=False, tag=True):
    """The party ``leg`` was transferred by ``by`` (a number) to ``target``."""

    by: str = ""
    target: str = ""


class CallParked(CallEvent, frozen=True, gc=False, tag=True):
    """The party ``leg`` waits on a lot, see ``service_data.Parked``."""

    lot: str = ""
    by: str = ""


class CallRetrieved(CallEvent, frozen=True, gc=False, tag=True):
    """A parked party is in conversation again; or it has left the lot otherwise (``by`` "")."""

    lot: str = ""
    by: str = ""


class CallPickedUp(CallEvent, frozen=True, gc=False, tag=True):
    """Somebody took a call that rang elsewhere: at ``of``, by ``by``."""

    of: str = ""
    by: str = ""


class AssistantsRung(CallEvent, frozen=True, gc=False, tag=True):
    """A call for ``of`` (an extension) is offered to his assistants: he is told of it, and may take it."""

    of: str = ""


class QualityMeasured(CallEvent, frozen=True, gc=False, tag=True):
    """A leg's media figures."""

    mos: float = 0.0


class CallClosed(CallEvent, frozen=True, gc=False, tag=True):
    """Every leg ended and the record is written."""
