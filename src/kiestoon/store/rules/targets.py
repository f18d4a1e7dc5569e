"""Where rows send calls: to what there is, and what whoever forwards may call (REACH-1, E 9.1).

The same reading as for what is keyed in at a telephone (``routing.forwardable``). What may be called can become less
later, and speed dials go: so a number is looked at when it is set, or its row is switched on, and a call that cannot go
there is refused by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from kiestoon.company.model import (
    BY_ROW,
    AlternateNumber,
    Company,
    Destination,
    FeatureCode,
    Forward,
    GroupCall,
    GroupCallMember,
    Location,
    LocationRoute,
    LocationRouting,
    Meeting,
    Number,
    ReachProfile,
    RemoteOffice,
    RingNumber,
    Row,
    Rule,
    ShortNumber,
    SpeedDial,
    StatusForward,
    TimeRoute,
    TimeRouting,
    User,
)
from kiestoon.company.short_ways import caller_meant
from kiestoon.routing.forwardable import NotThere, comes_back, read_target
from kiestoon.routing.words import value_in_words
from kiestoon.store.columns import fields_of
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek, named
from kiestoon.store.rules.places import located

OWN_NUMBERS: Final = ("mobile", "external")
_OF_PERSON: Final = (StatusForward, ReachProfile, RingNumber, RemoteOffice, Meeting)
_WHOSE: Final[dict[type[Row], tuple[str, ...]]] = {
    **dict.fromkeys(_OF_PERSON, ("user_id",)),
    **dict.fromkeys((Forward, Rule), ("extension",)),
    **dict.fromkeys((LocationRoute, TimeRoute), ("routing_id",)),
}
"""The fields that say who forwards by a row."""
_CODES: Final = {
    "no_number": "not_dialable",
    "unknown_extension": "unknown_extension",
    "emergency": "emergency_target",
    "own": "leads_back",
}


def check_targets(row: Row, peek: Peek) -> Iterator[Problem]:
    """Every destination of a row, and what else it has called."""
    reader = _Reader(row, peek)
    for name in _destinations(type(row)):
        to = getattr(row, name)
        if to is not None:
            yield from _destination(name, to, reader)
    for name in _numbers(type(row)):
        value = getattr(row, name)
        for number in value if isinstance(value, tuple) else (value,) if value else ():
            yield from reader.problems(name, number)
    if isinstance(row, Meeting):
        for guest in row.guests:
            if guest.call and guest.number:
                yield from reader.problems("guests", guest.number)
    if isinstance(row, User):
        yield from _own_numbers(row, reader)
    if isinstance(row, Rule):
        yield from _patterns(row, reader)


def _destinations(row_type: type[Row]) -> tuple[str, ...]:
    return tuple(field.name for field in fields_of(BY_ROW[row_type]) if field.shape == "destination")


def _numbers(row_type: type[Row]) -> tuple[str, ...]:
    """Fields that hold numbers to call without being destinations."""
    if row_type in (RemoteOffice, GroupCallMember):
        return ("number",)
    return tuple(name for name in row_type.__struct_fields__ if name.endswith("_also"))


def _destination(name: str, to: Destination, reader: _Reader) -> Iterator[Problem]:
    if to.kind in OWN_NUMBERS:
        yield from _own_number(name, to, reader)
    elif to.kind in {"extension", "number"} and not to.target:
        yield problem(name, "needs_target")
    elif to.kind == "number":
        yield from reader.problems(name, to.target)
    elif to.kind in {"extension", "voicemail"} and to.target:
        owner = reader.owner(to.target)
        if owner is None:
            yield problem(name, "unknown_extension", value=to.target)
        elif to.kind == "extension" and reader.is_set(name, to.target) and comes_back(owner, reader.forwarder):
            yield reader.told(name, to.target, NotThere("own"))


def _own_number(name: str, to: Destination, reader: _Reader) -> Iterator[Problem]:
    """Only people have a mobile and another number of their own (U 4.1.4)."""
    person = reader.forwarder
    if not isinstance(person, User):
        yield problem(name, "nobodys_number", value=to.kind)
        return
    number = person.mobile_number if to.kind == "mobile" else person.external_number
    if number:
        yield from reader.problems(name, number, only="blocked")


def _own_numbers(row: User, reader: _Reader) -> Iterator[Problem]:
    """A number of a person's own that calls are sent to: the settings say "my mobile", whichever that is."""
    old = reader.old
    for name, kind in (("mobile_number", "mobile"), ("external_number", "external")):
        number = getattr(row, name)
        if isinstance(old, User) and number not in ("", getattr(old, name)) and _is_target(row, kind, reader.peek):
            yield from reader.problems(name, number, only="blocked")


def _patterns(row: Rule, reader: _Reader) -> Iterator[Problem]:
    """A speed dial, short number or code among the callers of a rule stands for somebody's number (V 6.5)."""
    company, person = reader.peek.company(), reader.forwarder
    before = reader.old.patterns if isinstance(reader.old, Rule) else ()
    for pattern in row.patterns:
        if company is None or pattern[:1] not in ("*", "#") or pattern in ("*", *before):
            continue
        book = PeekBook(company, reader.peek, reader.owner)
        user_id = person.id if isinstance(person, User) else 0
        if not caller_meant(book, company.extension_digits, user_id, pattern):
            yield problem("patterns", "nobodys_short_way", value=pattern)


def _is_target(person: User, kind: str, peek: Peek) -> bool:
    """Whether something the person has set leads to this number."""
    if any(row.active for row in peek.find(Forward, extension=person.extension, to_kind=kind)):
        return True
    if any(row.active for row in peek.find(Rule, extension=person.extension, to_kind=kind)):
        return True
    if any(peek.find(row_type, user_id=person.id, to_kind=kind) for row_type in (StatusForward, RingNumber)):
        return True
    cases = _destinations(ReachProfile)
    return any(peek.find(ReachProfile, user_id=person.id, **{f"{case}_kind": kind}) for case in cases)


class _Reader:
    """Reads numbers of one row, as whoever forwards by it."""

    def __init__(self, row: Row, peek: Peek) -> None:
        self.row = row
        self.peek = peek
        self._owners: dict[str, Row | None] = {}

    @cached_property
    def old(self) -> Row | None:
        """The row as it was."""
        return self.peek.get(type(self.row), self.row.id) if self.row.id else None

    @cached_property
    def forwarder(self) -> Row | None:
        """Who sends calls on by this row: a person, a group, a location."""
        return _forwarder(self.row, self.peek)

    def owner(self, extension: str) -> Row | None:
        """What an internal number belongs to."""
        if extension not in self._owners:
            self._owners[extension] = self.peek.extension_owner(extension)
        return self._owners[extension]

    def problems(self, name: str, number: str, only: str = "") -> Iterator[Problem]:
        """Why calls cannot be sent to ``number``, unless it was there before; ``only`` that reason where given."""
        company = self.peek.company()
        if company is None or not self.is_set(name, number):
            return
        found = read_target(PeekBook(company, self.peek, self.owner), self.forwarder, number)
        if isinstance(found, NotThere) and only in ("", found.why) and self._matters(found):
            yield self.told(name, number, found)

    def is_set(self, name: str, number: str) -> bool:
        """Whether the number comes with this write, or takes effect by it, or becomes somebody else's."""
        old = self.old
        if old is None or (getattr(self.row, "active", True) and not getattr(old, "active", True)):
            return True
        whose = next((fields for row_type, fields in _WHOSE.items() if isinstance(self.row, row_type)), ())
        if any(getattr(old, field) != getattr(self.row, field) for field in whose):
            return True
        before, now = getattr(old, name), getattr(self.row, name)
        if isinstance(now, Destination):
            return bool(before != now)
        if name == "guests":
            return all(guest.number != number or not guest.call for guest in before)
        return number not in before if isinstance(before, tuple) else bool(before != number)

    def _matters(self, found: NotThere) -> bool:
        """Members of a group call and guests of a meeting are called like by hand: what is no number fails there."""
        return not isinstance(self.row, GroupCallMember | Meeting) or found.why in ("blocked", "emergency")

    def told(self, name: str, number: str, found: NotThere) -> Problem:
        """What is wrong with it."""
        forwarder = self.forwarder
        if found.why != "blocked":
            other = named(forwarder) if forwarder is not None else ("", "")
            return problem(name, _CODES[found.why], value=number, other=other)
        words = value_in_words("kind", found.kind, dutch=False), value_in_words("kind", found.kind, dutch=True)
        if found.by == "user" and forwarder is not None:
            return problem(name, "blocked_for", value=number, kind=words, category=found.kind, other=named(forwarder))
        return problem(name, "blocked_target", value=number, kind=words, category=found.kind)


def for_another(to: Destination | None, source: User, target: User, peek: Peek) -> Destination | None:
    """Where somebody else's calls go who is given a person's settings (E 10.8.5).

    What stands for a number only with that person becomes the number; None where it leads to the other one.
    """
    company = peek.company()
    if to is None or company is None or to.kind not in ("extension", "number"):
        return to
    book = PeekBook(company, peek, peek.extension_owner)
    if to.target[:1] in ("*", "#"):
        meant = read_target(book, source, to.target)
        to = meant if isinstance(meant, Destination) else to
    back = read_target(book, target, to.target) if to.kind != "voicemail" else to
    return None if isinstance(back, NotThere) and back.why == "own" else to


def _forwarder(row: Any, peek: Peek) -> Row | None:
    if isinstance(row, _OF_PERSON):
        return peek.get(User, row.user_id)
    if isinstance(row, GroupCallMember):
        return peek.get(GroupCall, row.group_call_id)
    if isinstance(row, LocationRoute):
        return peek.get(LocationRouting, row.routing_id)
    if isinstance(row, TimeRoute):
        return peek.get(TimeRouting, row.routing_id)
    if isinstance(row, Forward | Rule) and row.extension:
        owner = peek.extension_owner(row.extension)
        return peek.get(User, owner.user_id) if isinstance(owner, AlternateNumber) else owner
    return peek.get(Location, row.location_id) if isinstance(row, Rule) else row


class PeekBook:
    """``routing.forwardable.Book`` over the database."""

    def __init__(self, company: Company, peek: Peek, owner: Callable[[str], Row | None]) -> None:
        self.company = company
        self._peek = peek
        self.owner = owner

    @cached_property
    def codes(self) -> Mapping[str, FeatureCode]:
        """See ``Ways``."""
        return {code.code: code for code in self._peek.find(FeatureCode)}

    def speed_dial(self, user_id: int, digits: str) -> SpeedDial | None:
        """See ``Ways``."""
        return next(iter(self._peek.find(SpeedDial, user_id=user_id, code=digits)), None)

    def short_number(self, code: str) -> ShortNumber | None:
        """See ``Ways``."""
        return next(iter(self._peek.find(ShortNumber, code=code)), None)

    def own_number(self, e164: str) -> Number | None:
        """See ``Book``."""
        return next(iter(self._peek.find(Number, e164=e164)), None)

    def alternate(self, number: Number) -> AlternateNumber | None:
        """See ``Book``."""
        return next(iter(self._peek.find(AlternateNumber, number_id=number.id)), None)

    def location_of(self, row: Row) -> Location | None:
        """See ``Book``."""
        place = located(row, self._peek) if hasattr(row, "location_id") else None
        return self._peek.get(Location, place)
