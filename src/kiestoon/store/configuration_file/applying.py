"""Applying a document: everything in the one transaction of the ``Changes`` given, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import Connection

from kiestoon.company.model import BELONGING, NOWHERE, Company, CompanyRows, Device, Row
from kiestoon.store.configuration_file.checking import check_document
from kiestoon.store.configuration_file.difference import Change, changes_of, compare
from kiestoon.store.configuration_file.document import Document, Entry, document_of
from kiestoon.store.configuration_file.shapes import Part, is_clearable
from kiestoon.store.configuration_file.steps import Steps, plan_steps
from kiestoon.store.configuration_file.troubles import RefusedFileError, Trouble
from kiestoon.store.configuration_file.values import extension_in, from_plain
from kiestoon.store.errors import InvalidRowError
from kiestoon.store.keys import Vault, new_secret
from kiestoon.store.load import iterate_rows
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules import Peek
from kiestoon.store.rules.licences import misplaced_packs
from kiestoon.store.write import Changes


class NewSecret(msgspec.Struct, frozen=True):
    """The password made up for a new phone: shown this once."""

    username: str
    secret: str


class Applied(msgspec.Struct, frozen=True):
    """What was done."""

    company_id: int
    changes: list[Change]
    secrets: list[NewSecret]


def rows_of(connection: Connection, company_id: int, vault: Vault | None) -> CompanyRows | None:
    """One company as the connection sees it; without a vault without secrets."""
    company = next(iterate_rows(connection, Company, row_id=company_id), None)
    if company is None:
        return None
    belonging: dict[str, Any] = {
        entity.table: tuple(iterate_rows(connection, entity.row, vault=vault, company_id=company_id))
        for entity in BELONGING
    }
    return CompanyRows(company=company, **belonging)


def difference_of(connection: Connection, vault: Vault, company_id: int | None, wanted: Document) -> list[Change]:
    """What applying would change. Raises ``RefusedFileError``."""
    check_document(wanted)
    current = _current(connection, vault, company_id)
    difference = compare(current, wanted)
    return changes_of(difference, plan_steps(difference, wanted).replaced)


def apply_document(
    changes: Changes,
    vault: Vault,
    company_id: int | None,
    wanted: Document,
    *,
    may_remove: bool,
    permit: Callable[[list[Change]], None] = lambda changes: None,
) -> Applied:
    """Make the company what the document says; ``company_id`` None makes a new one.

    ``permit`` sees the changes before anything is written and raises when somebody may not make them. Raises
    ``RefusedFileError``: 409 when rows would be removed and ``may_remove`` is False, 422 for all that is wrong.
    """
    check_document(wanted)
    current = _current(changes.connection, vault, company_id)
    difference = compare(current, wanted)
    steps = plan_steps(difference, wanted)
    planned = changes_of(difference, steps.replaced)
    permit(planned)
    removals = sum(change.action == "remove" for change in planned)
    if removals and not may_remove:
        raise RefusedFileError([Trouble(0, "", problem("", "removals", value=removals))], 409)
    return _Application(changes, wanted, steps, company_id).run(planned)


def _current(connection: Connection, vault: Vault, company_id: int | None) -> Document | None:
    if company_id is None:
        return None
    rows = rows_of(connection, company_id, vault)
    if rows is None:
        raise RefusedFileError([Trouble(0, "", problem("company", "gone"))], 404)
    return document_of(rows)


class _Application:
    """One application under way. Writes that must wait for others are tried again until nothing moves any more."""

    def __init__(self, changes: Changes, wanted: Document, steps: Steps, company_id: int | None) -> None:
        self._changes = changes
        self._wanted = wanted
        self._steps = steps
        self._company_id = company_id
        self._rows: dict[int, Row] = {}  # by the id of its entry: the row as it is now
        self._ids: dict[tuple[str, str], int] = {}
        self._extensions: set[str] = set()
        self._secrets: list[NewSecret] = []
        self._errors: dict[int, InvalidRowError] = {}
        self._moved: set[int] = set()

    def run(self, planned: list[Change]) -> Applied:
        cleared = {(type(row), row.id): self._attempt_now(row) for row in self._steps.cleared}
        for key, pair in self._steps.kept.items():
            if key not in self._steps.replaced and pair.old.row is not None:
                self._has(pair.new, cleared.get((type(pair.old.row), pair.old.row.id), pair.old.row))
        self._remove()
        self._write([*self._wanted])
        self._check_packs()
        if self._company_id is None:
            raise RuntimeError("a company was applied without being written")
        return Applied(self._company_id, planned, self._secrets)

    def _check_packs(self) -> None:
        """Where packs are available is told by several rows: only all of them together can be wrong."""
        found = tuple(misplaced_packs(Peek(self._changes.connection, self._company_id)))
        if found:
            raise RefusedFileError([Trouble(0, "pack_assignments", each) for each in found], 409)

    def _attempt_now(self, row: Row) -> Row:
        try:
            return self._changes.update(row)
        except InvalidRowError as error:
            raise RefusedFileError([Trouble(0, "", found) for found in _problems(error)], error.status) from None

    def _has(self, entry: Entry, row: Row) -> None:
        self._rows[id(entry)] = row
        self._ids[entry.shape.table, entry.label] = row.id
        if entry.shape.entity.has_extension:
            self._extensions.add(getattr(row, "extension", ""))

    # --- removing --------------------------------------------------------------------------------------------------

    def _remove(self) -> None:
        left = self._steps.removed[::-1]
        while left:
            again = [entry for entry in left if not self._try(entry, self._take_away)]
            if len(again) == len(left) and not self._loosen(again):
                self._refuse(again)
            left = again

    def _loosen(self, left: list[Entry]) -> bool:
        """Rows that hold one another: take their references away first. Whether there was any."""
        loose = [entry for entry in left if id(entry) in self._steps.loosened and id(entry) not in self._moved]
        self._moved.update(id(entry) for entry in loose)
        return sum(self._try(entry, self._let_go) for entry in loose) > 0

    def _let_go(self, entry: Entry) -> bool:
        self._changes.update(self._steps.loosened[id(entry)])
        return True

    def _take_away(self, entry: Entry) -> bool:
        if entry.row is not None:
            self._changes.remove(entry.row)
        return True

    # --- writing ---------------------------------------------------------------------------------------------------

    def _write(self, left: list[Entry]) -> None:
        """Add and change, in rounds: an entry is done when its row is what the file says."""
        while left:
            written = len(self._rows)
            again = [entry for entry in left if not self._try(entry, self._bring_about)]
            if len(again) == len(left) and len(self._rows) == written and not self._make_way(again):
                self._refuse(again)
            left = again

    def _bring_about(self, entry: Entry) -> bool:
        """Write what can be written of an entry; whether that is all of it."""
        present = self._rows.get(id(entry))
        resolved = self._resolve(entry, present)
        if resolved is None:
            return False
        row, whole = resolved
        if present is None:
            added = self._changes.add(row)
            if isinstance(added, Company):
                self._company_id = added.id
            self._has(entry, added)
            if isinstance(added, Device) and not entry.secret and id(entry) not in self._steps.replaced:
                self._secrets.append(NewSecret(added.username, added.secret))
        elif row != present and whole:
            self._rows[id(entry)] = self._changes.update(row)
        return whole

    def _resolve(self, entry: Entry, present: Row | None) -> tuple[Row, bool] | None:
        """The row an entry stands for, and whether all it refers to is there; None: it cannot be written yet."""
        values: dict[str, Any] = {}
        whole = True
        for part in entry.shape.parts.values():
            if part.name not in entry.values:
                values[part.field.name] = part.default
                continue
            plain = entry.values[part.name]
            found = self._ids.get((part.refers, plain)) if part.refers else from_plain(plain, part.field)
            number = extension_in(plain, part.field)
            if (part.refers and found is None) or (number and number not in self._extensions):
                if not is_clearable(entry.shape, part):
                    return None
                whole, found = False, _nothing(part)
            values[part.field.name] = found
        return entry.shape.entity.row(**self._beside(entry, present), **values), whole

    def _beside(self, entry: Entry, present: Row | None) -> dict[str, Any]:
        """What a row has and the file does not."""
        own: dict[str, Any] = {"id": 0} if present is None else {"id": present.id, "version": present.version}
        if "company_id" in entry.shape.entity.row.__struct_fields__:
            own["company_id"] = self._company_id
        own |= {part.field.name: getattr(present, part.field.name, part.default) for part in entry.shape.moment}
        if entry.shape.has_secret:
            pair = self._steps.kept.get(id(entry))
            old = present if present is not None else pair.old.row if pair is not None else None
            made_up = new_secret() if entry.shape.entity.row is Device else ""
            own["secret"] = entry.secret or (getattr(old, "secret", "") if old is not None else made_up)
        return own

    # --- trouble ---------------------------------------------------------------------------------------------------

    def _try(self, entry: Entry, work: Callable[[Entry], bool]) -> bool:
        try:
            with self._changes.connection.begin_nested():
                done = work(entry)
        except InvalidRowError as error:
            self._errors[id(entry)] = error
            return False
        self._errors.pop(id(entry), None)
        return done

    def _make_way(self, left: list[Entry]) -> bool:
        """Rows that hold each other up (two that swap positions): move one aside for the moment."""
        for entry in left:
            present = None if id(entry) in self._moved else self._rows.get(id(entry))
            for found in _problems(self._errors.get(id(entry))):
                aside = _aside(present, found, self._rows) if present is not None else None
                if aside is not None and self._try(entry, lambda entry, row=aside: self._move(entry, row)):  # type: ignore[misc]
                    return True
        return False

    def _move(self, entry: Entry, row: Row) -> bool:
        self._moved.add(id(entry))
        self._rows[id(entry)] = self._changes.update(row)
        return True

    def _refuse(self, left: list[Entry]) -> None:
        troubles: list[Trouble] = []
        status = 422
        for entry in left:
            error = self._errors.get(id(entry))
            if error is None:
                continue
            status = error.status if not troubles else status
            place = f"{entry.shape.table} {entry.shown}".strip()
            troubles += [Trouble(entry.line_of(found.field), place, found) for found in _problems(error)]
        if not troubles:  # each waits for another
            first = left[0]
            place = f"{first.shape.table} {first.shown}".strip()
            troubles = [Trouble(first.line, place, problem("", "circle"))]
        raise RefusedFileError(troubles, status)


def _problems(error: InvalidRowError | None) -> tuple[Problem, ...]:
    if error is None:
        return ()
    return error.problems or (problem("", "invalid", detail=error.what),)


def _nothing(part: Part) -> Any:
    return NOWHERE if part.field.shape == "destination" and not part.field.optional else part.default


def _aside(row: Row, found: Problem, rows: dict[int, Row]) -> Row | None:
    """The row with the contested field somewhere nobody is."""
    if found.code == "overlap" and found.field == "blocks":
        return msgspec.structs.replace(row, blocks=())
    if found.code != "taken" or found.field != "position":
        return None
    taken = {getattr(other, "position", 0) for other in rows.values() if type(other) is type(row)}
    free = next((number for number in range(99, 0, -1) if number not in taken), None)
    return None if free is None else msgspec.structs.replace(row, position=free)
