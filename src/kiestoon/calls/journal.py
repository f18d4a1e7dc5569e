"""The call journal: what a restarted control process needs to take established calls over (docs/architecture.md).

Entries are MessagePack arrays: ``CallOpened`` says that a record is owed and who waits for an answer, ``LegRinging``
that a party has to be told when nobody waits any more, ``CallState`` replaces what was known of a call,
``LegConfirmed`` adds that an ACK came, ``CallGone`` forgets the call; ``MessageBegun`` and ``MessageSettled`` say which
voicemail messages have to be stored (``messages``). Reading the journal is replaying it into a
dictionary. A call keeps the entries that say all of it as bytes, so that compaction is joining them: encoding ten
thousand calls anew in one go would stall every one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from kiestoon.calls.call import Call, Holder, Onlooker, RoomState
from kiestoon.calls.leg import Leg, LegState
from kiestoon.calls.party import Party
from kiestoon.calls.record import CallDirection, Outcome, Segment, mend
from kiestoon.calls.service_data import ServiceData
from kiestoon.calls.voicemail_requests import Message
from kiestoon.company.model import DtmfMethod, Encryption
from kiestoon.media.protocol import Port, Stream
from kiestoon.routing import Reason, Situation
from kiestoon.sdp.agreement import Agreed, OfferState
from kiestoon.sip.session.state import SessionState
from kiestoon.sip.session.unanswered import UnansweredInvite, invite_received, invite_sent, is_same
from kiestoon.unreadable import UNREADABLE


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
    muted: bool = False
    holding: bool = False
    confirm: bool = False


class CallOpened(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """A call has begun: what its record will need, should nothing else become known of it."""

    id: str
    company_id: int
    dialled: str
    direction: CallDirection
    opened_ms: int
    caller: int
    party: Party
    sip_call_id: str
    waiting: UnansweredInvite | None = None


class Ringing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An INVITE of ours that has to be cancelled should this process die. ``device`` 0: a line's."""

    leg: int
    device: int
    invite: UnansweredInvite


class LegRinging(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """A party is being called. Replaces what was said of this leg before: each attempt is an INVITE of its own."""

    id: str
    ringing: Ringing


class CallState(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """A call as plain data. ``established``: it can be taken over; otherwise only its record is owed.

    ``waiting`` is the caller's INVITE while it has no final response, ``ringing`` are ours without one.
    """

    id: str
    company_id: int
    dialled: str
    direction: CallDirection
    opened_ms: int
    answered_ms: int
    caller: int
    target: str
    emergency: bool
    reasons: tuple[Reason, ...]
    established: bool = False
    incarnation: str = ""
    context: int = 0
    holder: Holder = "nobody"
    bridge: tuple[int, ...] | None = None
    legs: tuple[LegData, ...] = ()
    waiting: UnansweredInvite | None = None
    ringing: tuple[Ringing, ...] = ()
    through: tuple[str, ...] = ()
    situation: Situation | None = None
    first: int = 0
    service: ServiceData | None = None
    onlookers: tuple[tuple[int, Onlooker], ...] = ()
    segments: tuple[Segment, ...] = ()
    continued_in: str = ""
    no_music: bool = False
    origin: Party | None = None
    room: RoomState | None = None


class LegConfirmed(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """The ACK for our 2xx to this leg came: nothing is left to repeat."""

    id: str
    leg: int


class CallGone(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """The call's record has been written."""

    id: str


class MessageBegun(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """A voicemail message is being recorded. It outlives its call: a caller who hangs up has left it."""

    message: Message


class MessageSettled(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """The message is in its box, or there was none after all."""

    signal: int


CallEntry: TypeAlias = CallOpened | CallState | LegRinging | LegConfirmed | CallGone
Entry: TypeAlias = CallEntry | MessageBegun | MessageSettled

_MESSAGE = b"Message"  # in the tags of entries about messages, right at their beginning
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Entry] = msgspec.msgpack.Decoder(Entry)


class CallJournal:
    """Writes entries through ``append``, which must keep them safe from ``kill -9`` by the end of the loop's turn."""

    __slots__ = ("_append",)

    def __init__(self, append: Callable[[bytes], None]) -> None:
        self._append = append

    def opened(self, call: Call) -> None:
        """A call exists; its record is owed."""
        caller = call.legs[call.caller]
        entry = CallOpened(
            call.id, call.company_id, call.dialled, call.direction, call.opened_ms,
            caller.id, caller.party, caller.sip_call_id,
            invite_received(caller.session) if caller.session is not None else None,
        )  # fmt: skip
        self._begin(call, entry)

    def ringing(self, call: Call, leg: Leg) -> None:
        """Our INVITE to the leg's party is on its way; nothing new is no entry."""
        session = leg.session
        if session is None or (leg.invite is not None and is_same(leg.invite, session)):
            return
        leg.invite = invite_sent(session)
        if leg.invite is not None:
            self._add(call, LegRinging(call.id, Ringing(leg.id, leg.device_id, leg.invite)))

    def changed(self, call: Call) -> None:
        """An answered call's legs, bridge or media changed."""
        self._begin(call, call_state(call))

    def confirmed(self, call: Call, leg: Leg) -> None:
        """The leg's 2xx was acknowledged."""
        self._add(call, LegConfirmed(call.id, leg.id))

    def closed(self, call: Call) -> None:
        """Forget the call."""
        call.entries = ()
        self._append(encode_entry(CallGone(call.id)))

    def message_begun(self, message: Message) -> None:
        """A message is being recorded: it must get into its box."""
        self._append(encode_entry(MessageBegun(message)))

    def message_settled(self, signal: int) -> None:
        """It is there, or there was nothing to store."""
        self._append(encode_entry(MessageSettled(signal)))

    def _add(self, call: Call, entry: Entry) -> None:
        data = encode_entry(entry)
        call.entries = (*call.entries, data)
        self._append(data)

    def _begin(self, call: Call, entry: Entry) -> None:
        data = encode_entry(entry)
        call.entries = (data,)
        self._append(data)


def encode_entry(entry: Entry) -> bytes:
    """One entry. Bytes from the network that were no UTF-8 are mended: they stand in display names only, and tags and
    URIs, which make a dialog, are ASCII."""
    try:
        return _encoder.encode(entry)
    except UnicodeEncodeError:
        return _encoder.encode(mend(msgspec.to_builtins(entry, builtin_types=(bytes,))))


def call_state(call: Call) -> CallState:
    """The call as plain data. A caller whom a service has sent seeking counts as the service's: it begins again."""
    caller = call.legs.get(call.caller)
    in_service = call.service is not None and caller is not None and caller.state == "answered"
    holder: Holder = "bridge" if call.bridge is not None else "service" if in_service else "nobody"
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
        reasons=tuple(call.reasons),
        established=holder != "nobody",
        incarnation=call.link.incarnation if call.link is not None else "",
        context=call.context,
        holder=holder,
        bridge=call.bridge,
        legs=tuple(leg_data(leg) for leg in call.legs.values()),
        waiting=_waiting(caller),
        ringing=tuple(
            Ringing(leg.id, leg.device_id, leg.invite)
            for leg in call.legs.values()
            if leg.invite is not None and leg.state in ("dialling", "early")
        ),
        through=call.through,
        situation=call.situation,
        first=call.first,
        service=call.service.data if call.service is not None else None,
        onlookers=tuple(call.onlookers.items()),
        segments=tuple(call.segments),
        continued_in=call.continued_in,
        no_music=call.no_music,
        origin=call.origin,
        room=call.room,
    )


def _waiting(caller: Leg | None) -> UnansweredInvite | None:
    """The INVITE of a caller who has no final response yet."""
    if caller is None or caller.session is None or not caller.incoming or caller.state not in ("offered", "early"):
        return None
    return invite_received(caller.session)


def leg_data(leg: Leg) -> LegData:
    """The leg as plain data."""
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
        # A session may be over already, with the event that tells so still on its way here.
        session=_session_data(leg),
        muted=leg.muted,
        holding=leg.holding,
        confirm=leg.confirm,
    )


def _session_data(leg: Leg) -> SessionState | None:
    """None also for a session that is over already, with the event that tells so still on its way here."""
    session = leg.session
    if session is None or leg.state != "answered" or session.state not in ("accepted", "confirmed"):
        return None
    return session.state_data()


def replay(entries: Iterable[bytes]) -> dict[str, CallState]:
    """The calls alive at the end of the journal. Entries of another version are passed over."""
    alive: dict[str, CallState] = {}
    for data in entries:
        try:
            entry = _decoder.decode(data)
        except UNREADABLE:
            continue
        if isinstance(entry, CallState):
            alive[entry.id] = entry
        elif isinstance(entry, CallGone):
            alive.pop(entry.id, None)
        elif isinstance(entry, CallOpened):
            alive[entry.id] = _just_opened(entry)
        elif isinstance(entry, MessageBegun | MessageSettled) or entry.id not in alive:
            continue
        elif isinstance(entry, LegRinging):
            alive[entry.id] = _with_ringing(alive[entry.id], entry.ringing)
        else:
            alive[entry.id] = _with_confirmed(alive[entry.id], entry.leg)
    return alive


def replay_messages(entries: Iterable[bytes]) -> list[Message]:
    """The voicemail messages that were being left, or had not been stored yet, at the end of the journal."""
    begun: dict[int, Message] = {}
    for data in entries:
        if _MESSAGE not in data[:16]:
            continue
        try:
            entry = _decoder.decode(data)
        except UNREADABLE:
            continue
        if isinstance(entry, MessageBegun):
            begun[entry.message.signal] = entry.message
        elif isinstance(entry, MessageSettled):
            begun.pop(entry.signal, None)
    return list(begun.values())


def _just_opened(entry: CallOpened) -> CallState:
    leg = Leg(entry.caller, entry.id, entry.party, incoming=True, opened_ms=entry.opened_ms)
    leg.sip_call_id = entry.sip_call_id
    return CallState(
        entry.id, entry.company_id, entry.dialled, entry.direction, entry.opened_ms, 0, entry.caller, "", False, (),
        legs=(leg_data(leg),), waiting=entry.waiting, first=entry.caller,
    )  # fmt: skip


def _with_ringing(state: CallState, ringing: Ringing) -> CallState:
    others = tuple(other for other in state.ringing if other.leg != ringing.leg)
    return msgspec.structs.replace(state, ringing=(*others, ringing))


def _with_confirmed(state: CallState, leg_id: int) -> CallState:
    legs = tuple(_confirmed(leg) if leg.id == leg_id else leg for leg in state.legs)
    return msgspec.structs.replace(state, legs=legs)


def _confirmed(leg: LegData) -> LegData:
    if leg.session is None:
        return leg
    session = msgspec.structs.replace(leg.session, phase="confirmed", unacknowledged=b"", offered_in_accept=False)
    return msgspec.structs.replace(leg, session=session)


def snapshot(calls: Iterable[Call], messages: Iterable[Message] = ()) -> list[bytes]:
    """The entries that say all there is about these calls, and messages being left, for compaction."""
    entries: list[bytes] = [encode_entry(MessageBegun(message)) for message in messages]
    for call in calls:
        entries += call.entries or (encode_entry(call_state(call)),)
    return entries
