"""A service is set up by whoever has it: what is not assigned is refused, with a sentence that says so (ORG-5, V 6.1).

Switching off and removing is everybody's. What was set before a service was taken away stays, out of force
(``company.in_force``), until the service is given back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

import msgspec

from kiestoon.company.in_force import (
    FIELDS,
    OF_RINGING,
    OF_RULE,
    OF_VIRTUAL,
    service_of_ringing,
    services_of_forward,
)
from kiestoon.company.model import (
    AlternateNumber,
    CallClass,
    Forward,
    PackAssignment,
    ReachCell,
    ReachOverride,
    ReachProfile,
    ReachStatus,
    RingNumber,
    Row,
    Rule,
    ServiceAssignment,
    ServicePack,
    StatusForward,
    User,
    VoicemailBox,
)
from kiestoon.company.profiles import offered
from kiestoon.company.services import HAVING, Licensing, Standing, kind_of
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.licences import not_offered
from kiestoon.store.rules.peek import Peek, named
from kiestoon.store.rules.places import OWNERS, located
from kiestoon.store.rules.shape import Check
from kiestoon.store.service_names import service_name

_FIELD_OF: Final = {"voicemail": "voicemail", "ring_reminder": "ring_reminder"}


class Held:
    """Which services one extension has, as the database says now."""

    def __init__(self, owner: Any, peek: Peek) -> None:
        given = (*peek.find(PackAssignment, extension=owner.extension), *peek.find(PackAssignment, extension=None))
        by_hand = peek.find(ServiceAssignment, extension=owner.extension)
        self.licensing = Licensing(peek.find(ServicePack), given, by_hand)
        self.owner = owner
        self.kind = kind_of(owner)
        self.location_id = located(owner, peek)

    def standing(self, service: str) -> Standing:
        """Why the extension has a service or not."""
        return self.licensing.standing(service, self.owner.extension, self.kind, self.location_id)

    def lacking(self) -> frozenset[str]:
        """Every service the extension does not have."""
        return self.licensing.lacking(self.owner.extension, self.kind, self.location_id)

    def missing(self, field: str, service: str) -> Iterator[Problem]:
        """What is to be said about a service that is wanted and not there."""
        standing = self.standing(service)
        if standing == "not_offered":
            yield from not_offered(field, service, self.owner)
        elif standing not in HAVING:
            yield problem(field, "service_not_assigned", value=service_name(service), other=named(self.owner))


def held_by(extension: str, peek: Peek) -> Held | None:
    """The services of an extension; None for a number that has none of its own."""
    owner = peek.extension_owner(extension)
    return Held(owner, peek) if isinstance(owner, OWNERS) else None


def new_owner_problems(row: Row, peek: Peek) -> Iterator[Problem]:
    """A person or virtual user who has just been added has what is not licensed; the rest cannot be set up yet."""
    held = Held(row, peek)
    for field, service in _wanted_fields(row, None):
        yield from held.missing(field, service)


def _owner(row: Any, peek: Peek) -> Iterator[Problem]:
    old = peek.get(type(row), row.id) if row.id else None
    wanted = list(_wanted_fields(row, old))
    if old is None:  # nothing can have been assigned yet: whoever writes a whole company does so afterwards
        for field, service in wanted:
            if not offered(service, kind_of(row)):
                yield from not_offered(field, service, row)
        return
    held = Held(row, peek) if wanted else None
    for field, service in wanted:
        if held is not None:
            yield from held.missing(field, service)


def _wanted_fields(row: Row, old: Row | None) -> Iterator[tuple[str, str]]:
    """The fields that are set to something a service is needed for, and were not before (by default)."""
    fields = FIELDS if isinstance(row, User) else OF_VIRTUAL
    before = msgspec.structs.asdict(old) if old is not None else _defaults(type(row))
    for field, (service, without) in fields.items():
        value = getattr(row, field)
        if value not in (without, before[field]):
            yield field, service
            if field == "do_not_disturb_reminder":
                yield field, "do_not_disturb"


@cache
def _defaults(row_type: type[Row]) -> dict[str, Any]:
    return {field.name: field.default for field in msgspec.structs.fields(row_type)}


def _forward(row: Forward, peek: Peek) -> Iterator[Problem]:
    if row.active:
        wanted = ((_FIELD_OF.get(service, "case"), service) for service in sorted(services_of_forward(row)))
        yield from _needs(row.extension, wanted, peek)


def _rule(row: Rule, peek: Peek) -> Iterator[Problem]:
    service = OF_RULE.get(row.service)
    if row.active and row.extension and service is not None:
        yield from _needs(row.extension, [("service", service)], peek)


def _box(row: VoicemailBox, peek: Peek) -> Iterator[Problem]:
    held = held_by(row.extension, peek) if row.enabled else None
    if held is not None and held.kind != "function":  # what else can have no box: see the rules over boxes
        yield from held.missing("extension", "voicemail")


def _needs(extension: str, wanted: Iterable[tuple[str, str]], peek: Peek) -> Iterator[Problem]:
    held = held_by(extension, peek)
    if held is None:
        if peek.extension_owner(extension) is not None:
            yield problem("extension", "no_services", value=extension)
        return
    for field, service in wanted:
        if held.kind == "function":  # it sends calls on by itself: nothing else would ever act
            yield from not_offered(field, service, held.owner)
        else:
            yield from held.missing(field, service)


def _status_forward(row: StatusForward, peek: Peek) -> Iterator[Problem]:
    if row.to:
        yield from _of_person(row, [("to", "voicemail" if row.to.kind == "voicemail" else "forwarding")], peek)


def _alternate(row: AlternateNumber, peek: Peek) -> Iterator[Problem]:
    wanted = [("user_id", "alternate_numbers")]
    if row.ring_pattern != 1:
        wanted.append(("ring_pattern", "distinctive_ringing"))
    yield from _of_person(row, wanted, peek)


def _reach(row: Row, peek: Peek) -> Iterator[Problem]:
    wanted = [("user_id", "reach")]
    if isinstance(row, ReachOverride) and row.roaming:
        wanted.append(("roaming", "roaming_status"))
    yield from _of_person(row, wanted, peek)


def _ringing(row: Row, peek: Peek) -> Iterator[Problem]:
    if getattr(row, "active", True):
        yield from _of_person(row, [("user_id", service_of_ringing(row))], peek)


def _of_person(row: Any, wanted: Iterable[tuple[str, str]], peek: Peek) -> Iterator[Problem]:
    person = peek.get(User, row.user_id)
    held = Held(person, peek) if person is not None else None
    for field, service in wanted if held is not None else ():
        yield from held.missing(field, service)  # type: ignore[union-attr]  # as just asked


CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {
    **dict.fromkeys(OWNERS, (_owner,)),
    Forward: (_forward,),
    Rule: (_rule,),
    VoicemailBox: (_box,),
    StatusForward: (_status_forward,),
    AlternateNumber: (_alternate,),
    **dict.fromkeys((*OF_RINGING, RingNumber), (_ringing,)),
    **dict.fromkeys((CallClass, ReachStatus, ReachProfile, ReachCell, ReachOverride), (_reach,)),
}
