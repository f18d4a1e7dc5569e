"""The events as they are described in the OpenAPI document: one model for each kind of data."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kiestoon.api.events.cursor import PATTERN

_CURSOR = "41.9f31c07ab2d4.1207"


class _Described(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Party(_Described):
    """One party of a call. Number, name and ids are left out when the party withholds its number."""

    id: int = Field(description="The leg, unique within the call.", examples=[2])
    is_caller: bool
    kind: Literal["device", "trunk", "service"]
    number: str = Field(description="Extension, E.164 number, or empty.", examples=["204"])
    name: str = Field(examples=["Sam Jansen"])
    withheld: bool
    user_id: int | None = Field(examples=[17])
    device_id: int | None = Field(examples=[5])


class CallData(_Described):
    """A step in a call. ``leg`` is null when it concerns the whole call."""

    call_id: str = Field(examples=["6745f0a2-1"])
    direction: Literal["internal", "in", "out"]
    dialled: str = Field(examples=["204"])
    leg: Party | None
    cause: int | None = Field(None, description="SIP status with which a leg ended; 0 = it hung up.")
    holder: str | None = Field(None, description="Who has the caller now: seek, bridge, service or nobody.")
    target: str | None = Field(None, description="Where the call goes on.")
    mos: float | None = Field(None, description="Speech quality of the leg, 1 to 4.5.")
    outcome: str | None = Field(None, description="How the call ended.", examples=["answered"])
    ended_by: str | None = Field(None, examples=["caller"])


class LineData(_Described):
    """Somebody's line: the busiest of all his phones."""

    user_id: int
    extension: str = Field(examples=["204"])
    state: Literal["idle", "ringing", "busy"]


class DeviceData(_Described):
    """A phone that can be reached from now on, or no more."""

    device_id: int
    username: str = Field(examples=["reception-1"])
    user_id: int | None
    transport: str = Field(examples=["tls"])
    user_agent: str


class ChangeData(_Described):
    """A change of the configuration.

    Company administrators and operators get the row with who changed it; others the row where it is theirs, else only
    that it changed. Fetch the row for what you may see of it.
    """

    change: int = Field(description="The number in the change feed.", examples=[41])
    table: str = Field(examples=["users"])
    row_id: int = Field(examples=[17])
    action: str | None = Field(None, examples=["updated"])
    row: dict[str, Any] | None = None
    before: dict[str, Any] | None = Field(None, description="The fields that were changed, as they were.")
    acting_user: str | None = None
    acting_for: str | None = None


class NoData(_Described):
    """Nothing further."""


class _Event(_Described):
    timestamp: str = Field(description="RFC 3339, UTC.", examples=["2026-11-21T16:02:43.120Z"])
    cursor: str = Field(pattern=PATTERN, description="Hand it in to go on after this event.", examples=[_CURSOR])
    company_id: int | None = Field(examples=[1])


class CallEvent(_Event):
    """What happens in calls."""

    type: Literal[
        "call.opened",
        "call.leg.offered",
        "call.leg.dialled",
        "call.leg.ringing",
        "call.leg.progressed",
        "call.leg.answered",
        "call.leg.held",
        "call.leg.resumed",
        "call.leg.ended",
        "call.bridge.joined",
        "call.bridge.left",
        "call.custody.moved",
        "call.forwarded",
        "call.transferred",
        "call.parked",
        "call.retrieved",
        "call.picked.up",
        "call.quality",
        "call.closed",
    ]
    data: CallData


class LineEvent(_Event):
    """A line is free, rings or is busy. Everybody of the company hears it, unless its owner hides the line."""

    type: Literal["line.changed"]
    data: LineData


class DeviceEvent(_Event):
    """Registrations."""

    type: Literal["device.registered", "device.unregistered"]
    data: DeviceData


class ChangeEvent(_Event):
    """Changes of the configuration."""

    type: Literal["configuration.added", "configuration.updated", "configuration.removed", "configuration.recorded"]
    data: ChangeData


class ResyncEvent(_Event):
    """Events were missed and cannot be told again: fetch anew what you show, then go on from this cursor."""

    type: Literal["resync"]
    data: NoData


class HelloEvent(_Event):
    """The first message on a WebSocket. What was missed since the cursor follows."""

    type: Literal["hello"]
    data: NoData


Event = Annotated[
    CallEvent | LineEvent | DeviceEvent | ChangeEvent | ResyncEvent | HelloEvent, Field(discriminator="type")
]


class Events(_Described):
    """Events since a cursor, oldest first, and the cursor to go on from."""

    items: list[Event]
    cursor: str = Field(pattern=PATTERN, examples=[_CURSOR])
