"""What somebody dialled, and who called him last, from the records of his calls (CALL-12).

``ended`` are the latest records, which may not have come into the database yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import msgspec
from sqlalchemy import Connection

from kiestoon.calls.record import CallRecord, Outcome
from kiestoon.calls.requests import LastCall
from kiestoon.routing import see_outsider
from kiestoon.store.call_parties import Wanted, history_ids
from kiestoon.store.records import find_records

_PAGE: Final = 50
_MOST_LOOKED_AT: Final = 500
"""Calls. Who has made none of them by hand, or whom nobody has called in them, has to wait for the next."""


class RecentNumber(msgspec.Struct, frozen=True):
    """A number somebody dialled. ``number``: as it would be dialled again; ``called``: the extension or E.164 meant.

    ``name`` is a colleague's, "" for outside numbers; ``outcome`` that of the latest call.
    """

    number: str
    called: str
    name: str
    at_ms: int
    outcome: Outcome


def recent_numbers(
    connection: Connection, company_id: int, user_id: int, most: int, ended: Collection[CallRecord] = ()
) -> list[RecentNumber]:
    """The numbers dialled last, each once, the latest first."""
    found: dict[str, RecentNumber] = {}
    for record in _calls_of(connection, company_id, user_id, ended):
        if _caller_of(record) == user_id:
            number = _dialled(record)
            if number is not None:
                found.setdefault(number.called or number.number, number)
        if len(found) == most:
            break
    return list(found.values())


def last_caller(
    connection: Connection, company_id: int, country: str, user_id: int, ended: Collection[CallRecord] = ()
) -> LastCall | None:
    """Who called last, whether somebody answered or not; None: nobody yet."""
    for record in _calls_of(connection, company_id, user_id, ended):
        caller = _caller_of(record)
        if caller == user_id or (not caller and record.direction != "in"):
            continue
        if record.caller_withheld:
            return LastCall("")
        if record.direction == "in":
            return LastCall(see_outsider(record.caller_number, withheld=False, country=country).number)
        return LastCall(record.caller_number)
    return None


def _calls_of(
    connection: Connection, company_id: int, user_id: int, ended: Collection[CallRecord]
) -> Iterator[CallRecord]:
    """Somebody's calls, the latest first."""
    fresh = {
        record.call_id: record
        for record in ended
        if record.company_id == company_id and any(leg.user_id == user_id for leg in record.legs)
    }
    before: tuple[int, str] | None = None
    for _ in range(_MOST_LOOKED_AT // _PAGE):
        wanted = Wanted(company_id=company_id, owner=("users", user_id), before=before)
        ids = history_ids(connection, wanted, _PAGE)
        stored = find_records(connection, [call_id for _, call_id in ids if call_id not in fresh])
        yield from sorted((*fresh.values(), *stored), key=_begun, reverse=True)
        fresh = {}
        if len(ids) < _PAGE:
            return
        before = ids[-1]


def _begun(record: CallRecord) -> tuple[int, str]:
    return record.opened_ms, record.call_id


def _caller_of(record: CallRecord) -> int | None:
    return next((leg.user_id for leg in record.legs if leg.kind == "caller"), None)


def _dialled(record: CallRecord) -> RecentNumber | None:
    """The number of a call that was made by dialling one; None for a feature code.

    The reasons tell: a redial is a code first and then the number; a speed dial says what it stands for. What follows
    the first number is where its call went, or what was keyed in there.
    """
    number = called = name = ""
    for reason in record.reasons:
        if reason.code == "code":
            number = called = ""
        elif reason.code == "dialled":
            if number:
                break
            number = str(reason.params.get("number", ""))
        elif reason.code in ("speed_dial", "short_number"):
            number = str(reason.params.get("target", ""))
        elif number and not called and reason.code in ("extension", "own_number", "kind", "emergency"):
            called = str(reason.params.get("extension") or reason.params.get("number", ""))
            name = str(reason.params.get("name", "")) if reason.code == "extension" else ""
    return RecentNumber(number, called, name, record.opened_ms, record.outcome) if number else None
