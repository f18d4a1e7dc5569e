"""The number somebody dialled last, the caller who called last: for redial and call return (CALL-12)."""

from __future__ import annotations

from kiestoon.calls.requests import FindLast, LastCall
from kiestoon.store.phone_requests.office import Office
from kiestoon.store.recent_calls import last_caller, recent_numbers
from kiestoon.store.rules.peek import Peek


def find_last(office: Office, request: FindLast) -> LastCall | None:
    """Also of calls that ended a moment ago."""
    ended = tuple(office.ended)
    with office.database.read() as connection:
        if request.which == "dialled":
            numbers = recent_numbers(connection, request.company_id, request.user_id, 1, ended)
            return LastCall(numbers[0].number) if numbers else None
        company = Peek(connection, request.company_id).company()
        country = company.country if company is not None else ""
        return last_caller(connection, request.company_id, country, request.user_id, ended)
