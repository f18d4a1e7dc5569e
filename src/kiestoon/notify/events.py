"""Every event there is: its type, and what it tells. The one list of both.

The control process and the change feed fill in the structs; the OpenAPI document is made from their annotations.
Fields that are ``UNSET`` are left out.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from kiestoon.calls import events
from kiestoon.calls.events import CallEvent


class EventData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what events tell."""


class Party(EventData, frozen=True):
    """One party of a call. Number, name and ids are left out when the party withholds its number."""

    id: Annotated[int, Meta(description="The leg, unique within the call.", examples=[2])]
    is_caller: bool
    kind: Literal["device", "trunk", "service"]
    number: Annotated[str, Meta(description="Extension, E.164 number, or empty.", examples=["204"])]
    name: Annotated[str, Meta(examples=["Sam Jansen"])]
    withheld: bool
    user_id: Annotated[int | None, Meta(examples=[17])]
    device_id: Annotated[int | None, Meta(examples=[5])]


class CallData(EventData, frozen=True):
    """A step in a call. ``leg`` is null when it concerns the whole call."""

    call_id: Annotated[str, Meta(examples=["6745f0a2-1"])]
    direction: Literal["internal", "in", "out"]
    dialled: Annotated[str, Meta(examples=["204"])]
    leg: Party | None
    cause: Annotated[int, Meta(description="SIP status with which a leg ended; 0 = it hung up.")] | UnsetType = UNSET
    holder: Annotated[str, Meta(description="Who has the caller: seek, bridge, service or nobody.")] | UnsetType = UNSET
    target: Annotated[str, Meta(description="Where the call goes on.")] | UnsetType = UNSET
    lot: Annotated[str, Meta(description="Where a call is parked.", examples=["3"])] | UnsetType = UNSET
    by: Annotated[str, Meta(description="Who transferred, parked or took it.", examples=["102"])] | UnsetType = UNSET
    of: (
        Annotated[str, Meta(description="At whose phone it rang, or whose assistants are rung.", examples=["103"])]
        | UnsetType
    ) = UNSET
    mos: Annotated[float, Meta(description="Speech quality of the leg, 1 to 4.5.")] | UnsetType = UNSET
    outcome: Annotated[str, Meta(description="How the call ended.", examples=["answered"])] | UnsetType = UNSET
    ended_by: Annotated[str, Meta(examples=["caller"])] | UnsetType = UNSET


class NoticeData(EventData, frozen=True):
    """A call rings at somebody's phone or at a group, or has stopped ringing there.

    Number and name of the caller are left empty when the caller withholds the number.
    """

    call_id: Annotated[str, Meta(examples=["6745f0a2-1"])]
    extension: Annotated[str, Meta(description="Where it rings.", examples=["204"])]
    name: Annotated[str, Meta(description="Of whoever has the extension.", examples=["Sam Jansen"])]
    state: Literal["ringing", "answered", "over"]
    number: Annotated[str, Meta(description="Of the caller.", examples=["+31201234567"])]
    caller_name: Annotated[str, Meta(examples=["Anna de Vries"])]
    withheld: bool


LineState: TypeAlias = Literal["idle", "dialling", "ringing", "busy"]


class LineData(EventData, frozen=True):
    """Somebody's line, of all his phones: what could be taken over first, then conversations."""

    user_id: Annotated[int, Meta(examples=[17])]
    extension: Annotated[str, Meta(examples=["204"])]
    state: LineState


class PresenceData(EventData, frozen=True):
    """What somebody has set about being there. Times are ms since 1970, 0 = not known."""

    user_id: Annotated[int, Meta(examples=[17])]
    extension: Annotated[str, Meta(examples=["204"])]
    status: Annotated[str, Meta(examples=["lunch"])]
    until_ms: Annotated[int, Meta(description="The status ends then.", examples=[1798128000000])]
    return_ms: Annotated[int, Meta(description="When the person means to be back.", examples=[0])]
    note: Annotated[str, Meta(examples=["With a customer"])]
    own_status: Annotated[str, Meta(description="The person's own name for the situation.", examples=["On the road"])]
    own_message: str


class DeviceData(EventData, frozen=True):
    """A phone that can be reached from now on, or no more."""

    device_id: Annotated[int, Meta(examples=[5])]
    username: Annotated[str, Meta(examples=["reception-1"])]
    user_id: Annotated[int | None, Meta(examples=[17])]
    transport: Annotated[str, Meta(examples=["tls"])]
    user_agent: str


class VoicemailData(EventData, frozen=True):
    """What a voicemail box holds now. With a message that has come: who left it, unless the number was withheld."""

    extension: Annotated[str, Meta(examples=["204"])]
    user_id: Annotated[int | None, Meta(description="Whose box it is; null for a group's.", examples=[17])]
    new: Annotated[int, Meta(examples=[2])]
    old: Annotated[int, Meta(examples=[5])]
    message_id: Annotated[int, Meta(examples=[12])] | UnsetType = UNSET
    at: Annotated[str, Meta(description="RFC 3339, UTC.", examples=["2026-11-21T16:02:43Z"])] | UnsetType = UNSET
    duration_ms: Annotated[int, Meta(examples=[21500])] | UnsetType = UNSET
    reason: Annotated[str, Meta(description="Why the caller came.", examples=["no-answer"])] | UnsetType = UNSET
    number: Annotated[str, Meta(description="Of the caller.", examples=["+31201234567"])] | UnsetType = UNSET
    name: Annotated[str, Meta(examples=["Sam Jansen"])] | UnsetType = UNSET
    withheld: bool | UnsetType = UNSET


class ChangeData(EventData, frozen=True):
    """A change of the configuration.

    Company administrators and operators get the row with who changed it; others the row where it is theirs, else only
    that it changed. Fetch the row for what you may see of it.
    """

    change: Annotated[int, Meta(description="The number in the change feed.", examples=[41])]
    table: Annotated[str, Meta(examples=["users"])]
    row_id: Annotated[int, Meta(examples=[17])]
    action: Annotated[str, Meta(examples=["updated"])] | UnsetType = UNSET
    row: dict[str, Any] | UnsetType | None = UNSET
    before: Annotated[dict[str, Any] | None, Meta(description="The changed fields, as they were.")] | UnsetType = UNSET
    acting_user: Annotated[str, Meta(description="Who changed it.", examples=["anna@noord.example"])] | UnsetType = (
        UNSET
    )
    acting_for: Annotated[str | None, Meta(description="In whose view.")] | UnsetType = UNSET


class NoData(EventData, frozen=True):
    """Nothing further."""


CALL_EVENTS: Final[dict[type[CallEvent], str]] = {
    events.CallOpened: "call.opened",
    events.LegOffered: "call.leg.offered",
    events.LegDialled: "call.leg.dialled",
    events.LegRinging: "call.leg.ringing",
    events.LegProgressed: "call.leg.progressed",
    events.LegAnswered: "call.leg.answered",
    events.LegHeld: "call.leg.held",
    events.LegResumed: "call.leg.resumed",
    events.LegEnded: "call.leg.ended",
    events.BridgeJoined: "call.bridge.joined",
    events.BridgeLeft: "call.bridge.left",
    events.CustodyMoved: "call.custody.moved",
    events.CallForwarded: "call.forwarded",
    events.CallTransferred: "call.transferred",
    events.CallParked: "call.parked",
    events.CallRetrieved: "call.retrieved",
    events.CallPickedUp: "call.picked.up",
    events.AssistantsRung: "call.assistants.rung",
    events.QualityMeasured: "call.quality",
    events.CallClosed: "call.closed",
}
"""What call control's events are called outside. Their own fields are ``CallData``'s of the same name."""


class Kind(msgspec.Struct, frozen=True):
    """Events that tell the same things: ``name`` in the OpenAPI document, the ``types``, and what they are about."""

    name: str
    data: type[EventData]
    types: tuple[str, ...]
    text: str


_LIVE: Final = (
    Kind("CallEvent", CallData, tuple(CALL_EVENTS.values()), "What happens in calls."),
    Kind(
        "LineEvent",
        LineData,
        ("line.changed",),
        "A line is free, rings, dials or is busy. Everybody of the company hears it, unless its owner hides the line.",
    ),
    Kind(
        "NoticeEvent",
        NoticeData,
        ("notice.started", "notice.ended"),
        "A call rings at somebody else. Those hear it whom a privacy group gives the right to, after its delay.",
    ),
    Kind(
        "PresenceEvent",
        PresenceData,
        ("presence.changed",),
        "Somebody is away or back. Those hear it who may see the person's presence.",
    ),
    Kind("DeviceEvent", DeviceData, ("device.registered", "device.unregistered"), "Registrations."),
    Kind(
        "VoicemailEvent",
        VoicemailData,
        ("voicemail.added", "voicemail.changed"),
        "A message has come to a voicemail box, or something was done to its messages.",
    ),
)
_CHANGES: Final = Kind(
    "ChangeEvent",
    ChangeData,
    ("configuration.added", "configuration.updated", "configuration.removed", "configuration.recorded"),
    'Changes of the configuration. "recorded": something was done to a row beside its fields (a password set).',
)
KINDS: Final = (
    *_LIVE,
    _CHANGES,
    Kind(
        "ResyncEvent",
        NoData,
        ("resync",),
        "Events were missed and cannot be told again: fetch anew what you show, then go on from this cursor.",
    ),
    Kind("HelloEvent", NoData, ("hello",), "The first message on a WebSocket. What was missed follows."),
)
LIVE_EVENTS: Final = tuple(name for kind in _LIVE for name in kind.types)
CHANGE_EVENTS: Final = _CHANGES.types
TOLD_EVENTS: Final = tuple(name for kind in KINDS for name in kind.types)
"""What listeners hear."""
HOOK_EVENTS: Final = ("call.recorded", "webhook.test")
"""For webhooks only: a call's record, and a test."""
ALL_EVENTS: Final = (*LIVE_EVENTS, *CHANGE_EVENTS, *HOOK_EVENTS)


def change_type(action: str) -> str:
    """The type of event of an action in the change feed."""
    name = f"configuration.{action}"
    return name if name in CHANGE_EVENTS else "configuration.recorded"


def fits(patterns: tuple[str, ...], event_type: str) -> bool:
    """Whether a type is among those asked for: whole, by ``call.*``, or by ``*``."""
    return any(
        pattern in ("*", event_type) or (pattern.endswith(".*") and event_type.startswith(pattern[:-1]))
        for pattern in patterns
    )
