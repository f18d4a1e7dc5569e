"""Call records into SQL and out again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, String, delete, insert, select, update

from kiestoon.calls.record import CallRecord, LegRecord, Segment
from kiestoon.media.protocol import Quality
from kiestoon.routing import Reason
from kiestoon.store import tables
from kiestoon.store.call_parties import note_parties
from kiestoon.store.database import Database
from kiestoon.store.outbox import companies_told_of_calls, note_calls
from kiestoon.store.scope import INSTALLATION

_TABLE = tables.call_records
_COLUMNS = tuple(column.name for column in _TABLE.columns)
_LENGTHS = {column.name: column.type.length for column in _TABLE.columns if isinstance(column.type, String)}


def store_records(connection: Connection, records: Sequence[CallRecord]) -> int:
    """Insert those that are not there yet; returns how many. Part of the caller's transaction.

    Those somebody may want to be told of are noted for the notifier.
    """
    fresh = {record.call_id[: _LENGTHS["call_id"]]: record for record in records}
    known = select(_TABLE.c.call_id).where(_TABLE.c.call_id.in_(list(fresh)))
    for call_id in connection.execute(known, execution_options=INSTALLATION).scalars().all():
        del fresh[call_id]
    if fresh:
        connection.execute(insert(_TABLE), [_cells(record) for record in fresh.values()])
        note_parties(connection, fresh)
        curious = companies_told_of_calls(connection)
        note_calls(connection, (name for name, record in fresh.items() if record.company_id in curious))
    return len(fresh)


def read_positions(database: Database) -> dict[str, int]:
    """How far each spool segment has been stored."""
    with database.read() as connection:
        rows = connection.execute(select(tables.spool_positions)).all()
    return {row.segment: row.position for row in rows}


def store_position(connection: Connection, segment: str, position: int) -> None:
    """Remember how far a segment has been stored, in the transaction that stores it."""
    table = tables.spool_positions
    if connection.execute(update(table).where(table.c.segment == segment).values(position=position)).rowcount == 0:
        connection.execute(insert(table).values(segment=segment, position=position))


def forget_position(database: Database, segment: str) -> None:
    """Forget a segment that has been deleted."""
    with database.write() as connection:
        connection.execute(delete(tables.spool_positions).where(tables.spool_positions.c.segment == segment))


def list_records(
    database: Database, company_id: int | None = None, limit: int = 50, call_id: str | None = None
) -> list[CallRecord]:
    """The latest records, newest first."""
    query = select(_TABLE).order_by(_TABLE.c.opened_ms.desc(), _TABLE.c.call_id).limit(limit)
    if company_id is not None:
        query = query.where(_TABLE.c.company_id == company_id)
    if call_id is not None:
        query = query.where(_TABLE.c.call_id == call_id)
    with database.read() as connection:
        rows = connection.execute(query, execution_options=INSTALLATION).all()
    return [_record(row._asdict()) for row in rows]


def find_records(connection: Connection, call_ids: Sequence[str]) -> list[CallRecord]:
    """The records of these calls, oldest first."""
    query = select(_TABLE).where(_TABLE.c.call_id.in_(list(call_ids))).order_by(_TABLE.c.closed_ms)
    rows = connection.execute(query, execution_options=INSTALLATION).all()
    return [_record(row._asdict()) for row in rows]


def _cells(record: CallRecord) -> dict[str, Any]:
    cells = {
        name: _text(name, getattr(record, name)) for name in _COLUMNS if name not in ("legs", "reasons", "segments")
    }
    cells["reasons"] = [_reason_cells(reason) for reason in record.reasons]
    cells["legs"] = [_leg_cells(leg) for leg in record.legs]
    cells["segments"] = [_leg_cells(segment) for segment in record.segments]
    return cells


def _reason_cells(reason: Reason) -> list[Any]:
    return [_clean(reason.code), {_clean(name): _clean(value) for name, value in reason.params.items()}]


def _leg_cells(leg: LegRecord | Segment) -> dict[str, Any]:
    cells = {name: _clean(value) if isinstance(value, str) else value for name, value in _fields(leg).items()}
    if isinstance(leg, LegRecord) and leg.quality is not None:
        cells["quality"] = _fields(leg.quality)
    return cells


def _fields(value: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(value)


def _text(name: str, value: object) -> object:
    """Fit what came from the network into its column."""
    return _clean(value)[: _LENGTHS[name]] if isinstance(value, str) else value


def _clean(value: str) -> str:
    """PostgreSQL takes no NUL characters in text."""
    return value.replace("\x00", "")


def _record(cells: dict[str, Any]) -> CallRecord:
    cells["reasons"] = tuple(Reason(code, params) for code, params in cells["reasons"])
    cells["legs"] = tuple(_leg(leg) for leg in cells["legs"])
    cells["segments"] = tuple(_segment(segment) for segment in cells["segments"])
    return CallRecord(**cells)


def _leg(cells: dict[str, Any]) -> LegRecord:
    quality = cells.get("quality")
    known = {name: value for name, value in cells.items() if name in LegRecord.__struct_fields__}
    known["quality"] = None if quality is None else _quality(quality)
    return LegRecord(**known)


def _segment(cells: dict[str, Any]) -> Segment:
    return Segment(**{name: value for name, value in cells.items() if name in Segment.__struct_fields__})


def _quality(cells: dict[str, Any]) -> Quality:
    return Quality(**{name: value for name, value in cells.items() if name in Quality.__struct_fields__})
