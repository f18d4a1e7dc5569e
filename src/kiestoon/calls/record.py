"""The record every attempted call leaves behind: who, when, how it ended, why it went where it went.

Times are wall-clock milliseconds since the epoch, UTC; 0 = it never came to that. The structs travel through the spool
as MessagePack arrays: new fields go to the end and need a default, so that records of an older version can be read.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from kiestoon.media.protocol import Quality
from kiestoon.routing import Reason

CallDirection: TypeAlias = Literal["internal", "in", "out"]
LegKind: TypeAlias = Literal["caller", "device", "trunk", "service"]
Outcome: TypeAlias = Literal[
    "answered", "busy", "no_answer", "cancelled", "rejected", "unreachable", "not_found", "refused", "failed"
]
EndedBy: TypeAlias = Literal["caller", "callee", "exchange", "media", "network", ""]


class LegRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One party's part in the call. ``party`` is the number or extension; ``codec`` its encoding name as agreed.

    ``outcome`` of a ringing device that lost the race is "cancelled". ``cause`` is a Q.850 cause (0 = none),
    ``sip_status`` the final status seen or sent. ``sip_call_id`` finds the leg in traces.
    """

    kind: LegKind
    party: str
    display: str = ""
    device_id: int | None = None
    user_id: int | None = None
    trunk_id: int | None = None
    started_ms: int = 0
    ringing_ms: int = 0
    answered_ms: int = 0
    ended_ms: int = 0
    outcome: Outcome = "failed"
    cause: int = 0
    sip_status: int = 0
    codec: str = ""
    sip_call_id: str = ""
    quality: Quality | None = None


SegmentKind: TypeAlias = Literal["talk", "conference", "service", "parked", "held", "camped"]


class Segment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A stretch of a call's story, as the party it is about lived it: with whom or where, from when until when.

    ``party`` is a number, an extension, a lot or a service's number; ``display`` a name. Several make the story: "101
    (40 s), parked on 3 (12 s), 117". ``ended_ms`` 0: it goes on.
    """

    kind: SegmentKind
    party: str
    display: str = ""
    began_ms: int = 0
    ended_ms: int = 0


class CallRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A call, from first INVITE to last hang-up. ``call_id`` is unique for ever: importing twice does no harm.

    ``company_id`` 0: the call could not be ascribed to a company. ``dialled`` is what the caller asked for,
    ``final_party`` who was reached in the end. ``cause`` is a Q.850 cause, ``sip_status`` what the caller was told.
    ``caller_withheld``: the caller's number is known but must not be shown to whom was called (RFC 3323).
    ``segments`` tell the story of an answered call. ``continued_in``: the call this one became part of, by a transfer
    or because its caller took another call over; that one's record tells how it ended.
    ``reasons`` are routing's, in order, as codes with parameters: ``Reason.render`` puts them into words for a reader.
    """

    call_id: str
    company_id: int
    direction: CallDirection
    opened_ms: int
    answered_ms: int
    closed_ms: int
    caller_number: str
    caller_display: str
    dialled: str
    final_party: str
    outcome: Outcome
    ended_by: EndedBy
    cause: int = 0
    sip_status: int = 0
    caller_device_id: int | None = None
    caller_trunk_id: int | None = None
    reasons: tuple[Reason, ...] = ()
    legs: tuple[LegRecord, ...] = ()
    caller_withheld: bool = False
    segments: tuple[Segment, ...] = ()
    continued_in: str = ""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(CallRecord)


def encode_record(record: CallRecord) -> bytes:
    """Write a record for the spool. Texts with lone surrogates (undecodable bytes from the network) are mended."""
    try:
        return _encoder.encode(record)
    except UnicodeEncodeError:
        return _encoder.encode(mend(msgspec.to_builtins(record)))


def mend(value: object) -> object:
    """Plain values with lone surrogates in texts replaced by question marks."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, list | tuple):
        return [mend(item) for item in value]
    if isinstance(value, dict):
        return {mend(key): mend(item) for key, item in value.items()}
    return value


def decode_record(data: bytes) -> CallRecord:
    """Read a record from the spool; raises ``msgspec.DecodeError`` (or its ValidationError) for anything else."""
    return _decoder.decode(data)
