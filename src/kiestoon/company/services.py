"""Which services an extension has: by its kind, by packs and by hand (ORG-5, ORG-11, V 6.1, V 29.1, V 30.1).

What is asked, in this order:

1. A service that is nothing for the extension's kind (a person's profile, a virtual user) is not there.
2. What was given to the extension by itself, or taken from it, decides.
3. A service of a pack that is available at the extension's location is there for those such a pack is given to.
4. Every other service is there. So a company or location without packs restricts nothing.

What is not there is as if it were not set: see ``in_force``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, Literal, TypeAlias

from kiestoon.company.model import (
    VIRTUAL_TABLES,
    CallLimit,
    CompanyRows,
    ForwardExtension,
    LocationRouting,
    PackAssignment,
    ServiceAssignment,
    ServicePack,
    TimeRouting,
    User,
)
from kiestoon.company.profiles import SERVICES, Kind, services_of

Standing: TypeAlias = Literal["open", "pack", "by_hand", "unassigned", "withheld", "not_offered"]
"""Why a service is there ("open": nothing restricts it) or not (from "unassigned" on)."""

HAVING: Final[frozenset[Standing]] = frozenset({"open", "pack", "by_hand"})
_NOTHING: Final[frozenset[str]] = frozenset()


class Licensing:
    """A company's packs: what they hold, where they are available, who has them. And what was given by hand."""

    __slots__ = ("_by_hand", "_given", "_known", "_packs", "_places")

    def __init__(
        self,
        packs: Iterable[ServicePack],
        assignments: Iterable[PackAssignment],
        by_hand: Iterable[ServiceAssignment],
    ) -> None:
        self._packs = {pack.id: pack for pack in packs}
        self._places: dict[int, set[int]] = {}
        self._given: dict[str, tuple[int, ...]] = {}
        self._by_hand: dict[str, dict[str, bool]] = {}
        self._known: dict[tuple[Kind, int | None, tuple[int, ...]], frozenset[str]] = {}
        for row in assignments:
            if row.location_id is not None:
                self._places.setdefault(row.pack_id, set()).add(row.location_id)
            elif row.extension:
                self._given[row.extension] = (*self._given.get(row.extension, ()), row.pack_id)
        for one in by_hand:
            self._by_hand.setdefault(one.extension, {})[one.service] = one.assigned

    def is_available(self, pack_id: int, location_id: int | None) -> bool:
        """Whether a pack can be given to extensions at a location (None: at none)."""
        places = self._places.get(pack_id)
        return places is None or location_id in places

    def packs_of(self, extension: str, location_id: int | None) -> tuple[ServicePack, ...]:
        """The packs an extension has, as far as they are available where it is."""
        return tuple(
            self._packs[pack_id]
            for pack_id in self._given.get(extension, ())
            if pack_id in self._packs and self.is_available(pack_id, location_id)
        )

    def packs_holding(self, service: str, location_id: int | None) -> tuple[ServicePack, ...]:
        """The packs by which a service is licensed at a location."""
        return tuple(
            pack
            for pack in self._packs.values()
            if service in pack.services and self.is_available(pack.id, location_id)
        )

    def standing(self, service: str, extension: str, kind: Kind, location_id: int | None) -> Standing:
        """Why an extension has a service or not."""
        if service not in services_of(kind):
            return "not_offered"
        by_hand = self._by_hand.get(extension, {}).get(service)
        if by_hand is not None:
            return "by_hand" if by_hand else "withheld"
        if not self.packs_holding(service, location_id):
            return "open"
        held = any(service in pack.services for pack in self.packs_of(extension, location_id))
        return "pack" if held else "unassigned"

    def lacking(self, extension: str, kind: Kind, location_id: int | None) -> frozenset[str]:
        """Every service the extension does not have."""
        key = (kind, location_id, self._given.get(extension, ()))
        lacking = self._known.get(key)  # most people have the same packs
        if lacking is None:
            lacking = self._known[key] = self._unlicensed(extension, location_id) | _never(kind)
        by_hand = self._by_hand.get(extension)
        if by_hand is None:
            return lacking
        given = {service for service, assigned in by_hand.items() if assigned}
        return (lacking - given) | (by_hand.keys() - given) | _never(kind)

    def _unlicensed(self, extension: str, location_id: int | None) -> frozenset[str]:
        available = (pack for pack in self._packs.values() if self.is_available(pack.id, location_id))
        licensed = {service for pack in available for service in pack.services}
        return frozenset(licensed.difference(*(pack.services for pack in self.packs_of(extension, location_id))))

    @property
    def restricts(self) -> bool:
        """Whether there is anything that could keep a service from somebody."""
        return bool(self._packs or self._by_hand)


class Services:
    """Which services each extension of a company has. Built once for each snapshot; treat as immutable.

    ``lacking``: by extension the services it does not have. ``restricts``: whether that is more than its nature.
    """

    __slots__ = ("_lacking", "_without", "restricts")

    def __init__(self, lacking: Mapping[str, frozenset[str]], *, restricts: bool) -> None:
        self._lacking = lacking
        self._without: dict[str, frozenset[str]] = {}
        self.restricts = restricts

    @classmethod
    def of(cls, rows: CompanyRows) -> Services:
        """The services of everybody in a company."""
        licensing = Licensing(rows.service_packs, rows.pack_assignments, rows.service_assignments)
        places = {row.id: row.location_id for row in rows.departments}
        found: dict[str, frozenset[str]] = {}
        restricts = False
        for row in _owners(rows):
            location_id = place_of(row, places) if licensing.restricts else None
            lacking = licensing.lacking(row.extension, kind_of(row), location_id)
            if lacking:
                found[row.extension] = lacking
                restricts = restricts or lacking not in _NOBODYS
        return cls(found, restricts=restricts)

    def has(self, extension: str, service: str) -> bool:
        """Whether an extension has a service. What has no services of its own (nobody's number) lacks none."""
        return service not in self._lacking.get(extension, _NOTHING)

    def lacking(self, extension: str) -> frozenset[str]:
        """Every service an extension does not have."""
        return self._lacking.get(extension, _NOTHING)

    def without(self, service: str) -> frozenset[str]:
        """The extensions that do not have a service."""
        found = self._without.get(service)
        if found is None:
            found = frozenset(extension for extension, lacking in self._lacking.items() if service in lacking)
            self._without[service] = found
        return found


def place_of(row: Any, places: Mapping[int, int | None]) -> int | None:
    """Where a user or virtual user is: at its own location, else its department's (``places``)."""
    if row.location_id is not None:
        return int(row.location_id)
    return None if row.department_id is None else places.get(row.department_id)


def kind_of(row: Any) -> Kind:
    """The kind of a row with an internal number of its own."""
    if isinstance(row, User):
        return row.profile
    return "function" if isinstance(row, LocationRouting | TimeRouting | CallLimit | ForwardExtension) else "virtual"


@cache
def _never(kind: Kind) -> frozenset[str]:
    """What nobody of this kind can have."""
    return frozenset(SERVICES.keys() - services_of(kind))


_NOBODYS: Final = (_never("virtual"), _never("function"))
"""What lacks to those who are no people, without anything being restricted."""


def _owners(rows: CompanyRows) -> Iterable[Any]:
    for table in ("users", *VIRTUAL_TABLES):
        yield from getattr(rows, table)
