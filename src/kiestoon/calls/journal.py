"""The call journal: what a restarted control process needs to take established calls over (docs/architecture.md).

Entries are MessagePack arrays: ``CallState`` replaces what was known of a call, ``CallGone`` forgets it. Reading the
journal is replaying it into a dictionary; compaction is writing that dictionary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import msgspec

from kiestoon.calls.call import Call, Holder
from kiestoon.calls.leg import Leg, LegState
from kiestoon.calls.party import Party
from kiestoon.calls.record import CallDirection, Outcome
from kiestoon.company.model import DtmfMethod, Encryption
from kiestoon.media.protocol import Port, Stream
from kiestoon.sdp.agreement import Agreed, OfferState
from kiestoon.sip.session.state import SessionState


class LegData(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A leg as plain data. ``session`` None: nothing is left of it but its place in the record."""

    id: int
    party: Party
    incoming: bool
    state: LegState
    opened_ms: int
    ringing_ms: int
    answered_ms: int
    ended_ms: int
    sip_call_id: str
    status: int
    cause: int
    outcome: Outcome
    dtmf: DtmfMethod
    encryption: Encryption
    secure: bool
    held: bool
    music: int
    termination: int
    port: Port | None
    stream: Stream | None
    agreed: Agreed | None
    offer: OfferState | None
    owes_answer: bool
    session: SessionState | None


class CallState(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """A call as plain data. ``established``: it can be taken over; otherwise only its record is owed."""

    id: str
    company_id: int
    dialled: str
    direction: CallDirection
    opened_ms: int
    answered_ms: int
    caller: int
    target: str
    emergency: bool
    reasons: tuple[str, ...]
    established: bool = False
    incarnation: str = ""
    context: int = 0
    holder: Holder = "nobody"
    bridge: tuple[int, int] | None = None
    legs: tuple[LegData, ...] = ()


class CallGone(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """The call's record has been written."""

    id: str


Entry: TypeAlias = CallState | CallGone

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Entry] = msgspec.msgpack.Decoder(Entry)


class CallJournal:
    """Writes entries through ``append``, which must keep them safe from ``kill -9`` by the end of the loop's turn."""

    __slots__ = ("_append",)

    def __init__(self, append: Callable[[bytes], None]) -> None:
        self._append = append

    def opened(self, call: Call) -> None:
        """A call exists; its record is owed."""
        self._append(_encoder.encode(call_state(call, established=False)))

    def changed(self, call: Call) -> None:
        """An answered call's legs, bridge or media changed."""
        self._append(_encoder.encode(call_state(call, established=True)))

    def closed(self, call_id: str) -> None:
        """Forget the call."""
        self._append(_encoder.encode(CallGone(call_id)))


def call_state(call: Call, *, established: bool) -> CallState:
    """The call as plain data."""
    return CallState(
        id=call.id,
        company_id=call.company_id,
        dialled=call.dialled,
        direction=call.direction,
        opened_ms=call.opened_ms,
        answered_ms=call.answered_ms,
        caller=call.caller,
        target=call.target,
        emergency=call.emergency,
        reasons=tuple(str(reason) for reason in call.reasons),
        established=established,
        incarnation=call.link.incarnation if call.link is not None else "",
        context=call.context,
        holder=call.holder,
        bridge=call.bridge,
        legs=tuple(leg_data(leg) for leg in call.legs.values()),
    )


def leg_data(leg: Leg) -> LegData:
    """The leg as plain data."""
    session = leg.session
    return LegData(
        id=leg.id,
        party=leg.party,
        incoming=leg.incoming,
        state=leg.state,
        opened_ms=leg.opened_ms,
        ringing_ms=leg.ringing_ms,
        answered_ms=leg.answered_ms,
        ended_ms=leg.ended_ms,
        sip_call_id=leg.sip_call_id,
        status=leg.status,
        cause=leg.cause,
        outcome=leg.outcome,
        dtmf=leg.dtmf,
        encryption=leg.encryption,
        secure=leg.secure,
        held=leg.held,
        music=leg.music,
        termination=leg.termination,
        port=leg.port,
        stream=leg.stream,
        agreed=leg.agreed,
        offer=leg.offer if leg.owes_answer else None,
        owes_answer=leg.owes_answer,
        session=session.state_data() if session is not None and leg.state == "answered" else None,
    )


def replay(entries: Iterable[bytes]) -> dict[str, CallState]:
    """The calls alive at the end of the journal. Entries of another version are passed over."""
    alive: dict[str, CallState] = {}
    for data in entries:
        try:
            entry = _decoder.decode(data)
        except msgspec.DecodeError:
            continue
        if isinstance(entry, CallGone):
            alive.pop(entry.id, None)
        else:
            alive[entry.id] = entry
    return alive


def snapshot(calls: Iterable[Call]) -> Iterator[bytes]:
    """The entries that say all there is about these calls, for compaction."""
    for call in calls:
        yield _encoder.encode(call_state(call, established=call.holder in ("bridge", "service")))
