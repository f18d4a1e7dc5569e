"""Whose a recorded call was: written down with its record, read as the call history of one of them (ORG-8, V 18.5).

Records name extensions, which may be somebody else's tomorrow; here they are rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select

from kiestoon.calls.record import CallRecord
from kiestoon.company.model import AlternateNumber
from kiestoon.store import tables
from kiestoon.store.tables import TABLES, call_parties, call_records, metadata

Owner = tuple[str, int]
"""A table and a row's id."""
_ALTERNATES: Final = TABLES[AlternateNumber]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls of whom. ``before``: beginning behind this call (its time and id), the newest come first."""

    company_id: int
    owner: Owner
    since_ms: int | None = None
    until_ms: int | None = None
    outcome: str = ""
    direction: str = ""
    before: tuple[int, str] | None = None


def note_parties(connection: Connection, records: Mapping[str, CallRecord]) -> None:
    """Write down whose these calls were, in the transaction that stores their records."""
    named: defaultdict[int, set[str]] = defaultdict(set)
    for record in records.values():
        named[record.company_id] |= _numbers(record)
    owners = {company_id: _owners(connection, company_id, numbers) for company_id, numbers in named.items()}
    rows = [
        {
            "call_id": call_id,
            "owner_table": table,
            "owner_id": row_id,
            "company_id": record.company_id,
            "opened_ms": record.opened_ms,
        }
        for call_id, record in records.items()
        for table, row_id in _parties(record, owners[record.company_id])
    ]
    if rows:
        connection.execute(insert(call_parties), rows)


def _parties(record: CallRecord, owners: Mapping[str, Owner]) -> list[Owner]:
    found = {owners[number] for number in _numbers(record) if number in owners}
    return sorted(found | {("users", leg.user_id) for leg in record.legs if leg.user_id})


def _numbers(record: CallRecord) -> set[str]:
    """The extensions the call came to or passed through, as its reasons tell."""
    return {str(reason.params.get("extension", "")) for reason in record.reasons} - {""}


def _owners(connection: Connection, company_id: int, numbers: set[str]) -> dict[str, Owner]:
    known = tables.extensions
    query = select(known.c.number, known.c.table_name).where(
        known.c.company_id == company_id, known.c.number.in_(sorted(numbers))
    )
    by_table: defaultdict[str, list[str]] = defaultdict(list)
    for number, table_name in connection.execute(query) if numbers else ():
        by_table[table_name].append(number)
    return {
        number: owner for name, mine in by_table.items() for number, owner in _rows(connection, company_id, name, mine)
    }


def _rows(connection: Connection, company_id: int, name: str, numbers: list[str]) -> Iterator[tuple[str, Owner]]:
    table = metadata.tables[name]
    is_alternate = table is _ALTERNATES  # the call was its person's
    query = select(table.c.extension, table.c.user_id if is_alternate else table.c.id).where(
        table.c.company_id == company_id, table.c.extension.in_(numbers)
    )
    for number, row_id in connection.execute(query):
        yield number, ("users" if is_alternate else name, row_id)


def history_ids(connection: Connection, wanted: Wanted, limit: int) -> list[tuple[int, str]]:
    """Time and id of somebody's calls, the newest first."""
    table = call_parties
    query = (
        select(table.c.opened_ms, table.c.call_id)
        .join(call_records, call_records.c.call_id == table.c.call_id)
        .where(*_conditions(wanted))
        .order_by(table.c.opened_ms.desc(), table.c.call_id.desc())
        .limit(limit)
    )
    return [(row.opened_ms, row.call_id) for row in connection.execute(query)]


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    parties, records = call_parties.c, call_records.c
    yield parties.company_id == wanted.company_id
    yield records.company_id == wanted.company_id
    yield and_(parties.owner_table == wanted.owner[0], parties.owner_id == wanted.owner[1])
    if wanted.since_ms is not None:
        yield parties.opened_ms >= wanted.since_ms
    if wanted.until_ms is not None:
        yield parties.opened_ms < wanted.until_ms
    if wanted.outcome:
        yield records.outcome == wanted.outcome
    if wanted.direction:
        yield records.direction == wanted.direction
    if wanted.before is not None:
        at_ms, call_id = wanted.before
        yield or_(parties.opened_ms < at_ms, and_(parties.opened_ms == at_ms, parties.call_id < call_id))
