"""What people may do with calls they have or that ring near them: transfer, park, pick up."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from kiestoon.company.model.row import ADDED, CompanyId, Extension, MemberExtension, Name, OwnerId, Row, refers

RecallUnanswered: TypeAlias = Literal["end", "operator", "voicemail"]
"""What becomes of a call that came back to whoever transferred it and is not answered there either: it ends (E 5.1.3),
the company's operator gets it, or the transferor's voicemail."""
Alternate: TypeAlias = Literal["after", "instead"]
"""When a parked call goes to the alternate extension: after whoever parked it did not answer, or instead (V 24.1)."""


class TransferOptions(Row, frozen=True):
    """How somebody's transfers go (V 7.5). Who has no such row: calls come back after four rings, nothing else.

    ``recall``: a call transferred unannounced comes back after ``recall_rings``; else the target's own forwarding
    applies. ``camp_on``: at a busy target it waits up to ``camp_on_s`` for it to be free. ``inhibit_blind``,
    ``inhibit_attended``: the target can neither forward it nor take it to voicemail. ``callback``: whoever calls a busy
    colleague is offered to be called back when that one is free (V 7.4.3). ``park_notice``: at whose extension this
    person parks a call, that one's phones show it (V 10.1.2).
    """

    company_id: CompanyId
    user_id: OwnerId
    recall: bool = True
    recall_rings: Annotated[int, Meta(ge=2, le=20)] = 4
    camp_on: bool = False
    camp_on_s: Annotated[int, Meta(ge=30, le=600)] = 60
    inhibit_blind: bool = False
    inhibit_attended: bool = False
    callback: bool = False
    park_notice: Annotated[bool, ADDED] = False


class OperatorSettings(Row, frozen=True):
    """Who takes what nobody else does at a location; ``location_id`` None: everywhere else.

    ``operator``: the extension (a person, group or hunt group) callers fall back to, "" = none.
    """

    company_id: CompanyId
    location_id: Annotated[int, refers("locations", "cascade")] | None = None
    operator: Extension = ""
    recall_unanswered: RecallUnanswered = "end"


class ParkSettings(Row, frozen=True):
    """How calls parked at a location come back (V 24.1); ``location_id`` None: everywhere else.

    ``recall_s`` after parking it rings whoever parked it, with ring pattern ``recall_pattern`` (0 = the usual one); for
    ``alternate_s``, then at ``alternate`` (a hunt group). ``announce``: the one who parks hears where; the number stays
    on the display for ``show_s``.
    """

    company_id: CompanyId
    location_id: Annotated[int, refers("locations", "cascade")] | None = None
    recall_s: Annotated[int, Meta(ge=10, le=3600)] = 60
    recall_pattern: Annotated[int, Meta(ge=0, le=4)] = 0
    alternate: Extension = ""
    alternate_when: Alternate = "after"
    alternate_s: Annotated[int, Meta(ge=5, le=600)] = 30
    announce: bool = True
    show_s: Annotated[int, Meta(ge=0, le=60)] = 10


class ParkGroup(Row, frozen=True):
    """People at whose extensions their calls are parked, the first free one in their order (V 24.2).

    ``alternate`` "" = the location's.
    """

    company_id: CompanyId
    name: Name
    location_id: Annotated[int, refers("locations", "cascade")] | None = None
    alternate: Extension = ""
    alternate_when: Alternate = "after"


class ParkMember(Row, frozen=True):
    """One of a park group; searched in the order of ``position``. Everybody is in one group at most."""

    company_id: CompanyId
    group_id: Annotated[int, refers("park_groups", "cascade")]
    extension: MemberExtension
    position: Annotated[int, Meta(ge=0, le=10_000)] = 0


class PickupGroup(Row, frozen=True):
    """People who may answer each other's ringing phones (V 25)."""

    company_id: CompanyId
    name: Name
    location_id: Annotated[int, refers("locations", "cascade")] | None = None


class PickupMember(Row, frozen=True):
    """One of a pickup group. Everybody is in one group at most (V 25.2)."""

    company_id: CompanyId
    group_id: Annotated[int, refers("pickup_groups", "cascade")]
    extension: MemberExtension
