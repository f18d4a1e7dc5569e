"""Which rows must go before others can come: what a difference means for rows that refer to one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from kiestoon.company.model import NOWHERE, Destination, Row
from kiestoon.store.configuration_file.difference import Difference, Pair
from kiestoon.store.configuration_file.document import Document, Entry
from kiestoon.store.configuration_file.shapes import ORDERED, Part, is_clearable


class Steps(msgspec.Struct, eq=False):
    """The way from one document to the other.

    ``cleared``: rows that stay, without their references to rows that go. ``removed``: in the order of the file; they
    go in reverse. ``loosened``: by the id of its entry, a row that goes without its references to others that go, for
    when they refer to one another in a circle. ``replaced``: ids of new entries whose row goes too and is added again.
    ``kept``: by the id of the new entry.
    """

    cleared: list[Row]
    loosened: dict[int, Row]
    removed: list[Entry]
    replaced: frozenset[int]
    kept: dict[int, Pair]


def plan_steps(difference: Difference, wanted: Document) -> Steps:
    """Work out what else must move for the difference to be written."""
    return _Planner(difference, wanted).plan()


class _Planner:
    def __init__(self, difference: Difference, wanted: Document) -> None:
        self._difference = difference
        self._wanted = wanted
        self._kept = {id(pair.new): pair for pair in difference.kept}
        self._replaced: set[int] = set()
        self._ids: set[tuple[str, int]] = set()
        self._extensions: set[str] = set()

    def plan(self) -> Steps:
        for entry in self._difference.gone:
            self._doom(entry)
        while self._spread():
            pass
        olds = [pair.old for key, pair in self._kept.items() if key in self._replaced]
        staying = [pair for key, pair in self._kept.items() if key not in self._replaced]
        cleared = [row for pair in staying if (row := self._cleared(pair.old)) is not None]
        going = [*self._difference.gone, *olds]
        loosened = {id(old): row for old in going if (row := self._cleared(old)) is not None}
        return Steps(cleared, loosened, going, frozenset(self._replaced), self._kept)

    def _doom(self, old: Entry) -> None:
        row = _row(old)
        self._ids.add((old.shape.table, row.id))
        if old.shape.entity.has_extension:
            self._extensions.add(getattr(row, "extension", ""))
        self._extensions.discard("")

    def _spread(self) -> bool:
        """Doom what cannot stay beside what is doomed; whether there was any."""
        before = len(self._replaced)
        for key, pair in self._kept.items():
            if key not in self._replaced and any(not _can_do_without(pair.old, part) for part in self._hits(pair.old)):
                self._replace(key, pair)
        for table, within in ORDERED.items():
            self._keep_order(self._wanted.sections[table], within)
        return len(self._replaced) > before

    def _replace(self, key: int, pair: Pair) -> None:
        self._replaced.add(key)
        self._doom(pair.old)

    def _keep_order(self, entries: list[Entry], within: tuple[str, ...]) -> None:
        """New rows get higher ids than all others: what comes behind one in the file must be new as well."""
        highest: dict[tuple[Any, ...], float] = {}
        for entry in entries:
            group = tuple(entry.values.get(name) for name in within)
            pair = self._kept.get(id(entry))
            if pair is None or id(entry) in self._replaced:
                highest[group] = float("inf")
            elif _row(pair.old).id < highest.get(group, 0):
                self._replace(id(entry), pair)
                highest[group] = float("inf")
            else:
                highest[group] = _row(pair.old).id

    def _hits(self, old: Entry) -> Iterator[Part]:
        """The row's references to what is doomed."""
        row = _row(old)
        for part in (*old.shape.parts.values(), *old.shape.moment):
            value = getattr(row, part.field.name)
            if isinstance(value, Destination):
                hit = value.kind in {"extension", "voicemail"} and value.target in self._extensions
            elif part.refers:
                hit = (part.refers, value) in self._ids
            else:
                hit = part.is_extension and value in self._extensions
            if hit:
                yield part

    def _cleared(self, old: Entry) -> Row | None:
        """The row without the doomed references that it can do without; None when it has none."""
        empty = {
            part.field.name: NOWHERE if part.field.shape == "destination" and not part.field.optional else part.default
            for part in self._hits(old)
            if _can_do_without(old, part)
        }
        return msgspec.structs.replace(_row(old), **empty) if empty else None


def _can_do_without(old: Entry, part: Part) -> bool:
    return part.gone != "cascade" and is_clearable(old.shape, part)


def _row(entry: Entry) -> Row:
    if entry.row is None:
        raise RuntimeError("an entry of the database without its row")
    return entry.row
