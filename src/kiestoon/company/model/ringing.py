"""Several phones for one person's calls: at once, or one after the other (V 9.1-9.3)."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from kiestoon.company.model.row import NOWHERE, CompanyId, Destination, OwnerId, Row, refers

RingWhen: TypeAlias = Literal["always", "busy", "free"]
"""When the other phones ring: always, only while the person is in a call, only while not."""
RingService: TypeAlias = Literal["simultaneous", "sequential"]
"""All at once, or one after the other."""
MOST_RINGING: dict[RingService, int] = {"simultaneous": 10, "sequential": 5}
"""How many numbers somebody can have for each (V 9.2, V 9.3)."""
Rings: TypeAlias = Annotated[int, Meta(ge=2, le=20)]


class SimultaneousRinging(Row, frozen=True):
    """The person's ``ring_numbers`` of the service "simultaneous" ring along with the person's phones (V 9.2).

    Where there are rules of the service "simultaneous_ringing", one must fit; without any it is for all calls.
    """

    company_id: CompanyId
    user_id: OwnerId
    active: bool = True
    ring_when: RingWhen = "always"


class SequentialRinging(Row, frozen=True):
    """Calls nobody answers go to the person's ``ring_numbers`` of the service "sequential", one by one (V 9.3).

    Only where a rule of the service "sequential_ringing" fits. ``base_first``: the person's own phones ring before,
    for ``base_rings``. ``continue_if_busy``: the search goes on also while they are busy. ``caller_may_stop``: by #,
    which leads where calls nobody answers go.
    """

    company_id: CompanyId
    user_id: OwnerId
    active: bool = True
    base_first: bool = True
    base_rings: Rings = 4
    continue_if_busy: bool = False
    caller_may_stop: bool = False


class RemoteOffice(Row, frozen=True):
    """Another telephone, at home or in a hotel, is the person's for the time being (V 9.5).

    ``number``, as it is dialled, rings in place of the person's phones, for calls that come in and for those that are
    made from a screen. ``confirm``: as with ``RingNumber``.
    """

    company_id: CompanyId
    user_id: OwnerId
    active: bool = True
    number: Annotated[str, Meta(max_length=40, pattern=r"^(\+?[0-9]+)?$", examples=["00201234567"])] = ""
    confirm: bool = False


class AssistantGroup(Row, frozen=True):
    """A manager's calls are offered to the members of a privacy group; the manager is told, and may take them (E 6.2).

    ``active``: for all calls, where the person's REACH profile of the moment does not say otherwise.
    """

    company_id: CompanyId
    user_id: OwnerId
    group_id: Annotated[int, refers("privacy_groups")]
    active: bool = True


class RingNumber(Row, frozen=True):
    """A number that is rung for a person: ``to`` is an extension, a number, or the own mobile or other number.

    ``position`` is its place in the list: 1 to 10 for "simultaneous", 1 to 5 for "sequential". ``confirm``: whoever
    answers there must press 1 to get the call, so that no voicemail takes it (V 9.1.2). ``rings``: how often it rings
    in its turn, for "sequential".
    """

    company_id: CompanyId
    user_id: OwnerId
    service: RingService
    position: Annotated[int, Meta(ge=1, le=10)]
    to: Destination = NOWHERE
    confirm: bool = False
    rings: Rings = 4
