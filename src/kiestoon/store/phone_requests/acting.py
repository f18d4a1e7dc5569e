"""Writing configuration for somebody at a telephone: as that person, by the rules for everybody, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

from kiestoon.calls.requests import Changed, Failed, OwnRequest
from kiestoon.company.model import User
from kiestoon.store.errors import InvalidRowError
from kiestoon.store.load import iterate_rows
from kiestoon.store.phone_requests.office import Office
from kiestoon.store.rules.peek import Peek
from kiestoon.store.write import Changes, changing

RequestT = TypeVar("RequestT", bound=OwnRequest)
Work = Callable[[Changes, Peek, User, RequestT], Failed | None]
"""Writes what is asked for; what it raises, or a ``Failed``, leaves everything as it was."""

GONE: Final = Failed("The person or what it concerns is not there any more", "gone")
NOT_PERMITTED: Final = Failed("The person has no right to this", "not_permitted")
_CODES: Final = {
    "service_not_assigned": "not_assigned",
    "not_for_profile": "not_assigned",
    "gone": "gone",
    "changed_meanwhile": "conflict",
    "phone_bound": "bound",
    "logged_in_elsewhere": "elsewhere",
    "closed_queue": "not_permitted",
}


class _Undo(Exception):
    def __init__(self, failed: Failed) -> None:
        self.failed = failed


def as_person(work: Work[RequestT]) -> Callable[[Office, RequestT], Any]:
    """The handler that does ``work`` as the person who asks, in one audited transaction."""

    @wraps(work)
    def handle(office: Office, request: RequestT) -> Any:
        name = name_of(office, request)
        if name is None:
            return GONE
        try:
            with changing(office.database, office.vault, acting_user=f"{name} (phone)") as changes:
                peek = Peek(changes.connection, request.company_id)
                user = peek.get(User, request.user_id)
                failed = GONE if user is None else work(changes, peek, user, request)
                if failed is not None:
                    raise _Undo(failed)
        except _Undo as undo:
            return undo.failed
        except InvalidRowError as error:
            first = error.problems[0].code if error.problems else ""
            return Failed(str(error), _CODES.get(first, "refused"))
        return Changed(None)

    return handle


def name_of(office: Office, request: OwnRequest) -> str | None:
    """What whoever asks is called; None when there is nobody any more."""
    with office.database.read() as connection:
        rows = iterate_rows(connection, User, company_id=request.company_id, row_id=request.user_id)
        user = next(rows, None)
    return None if user is None else user.name
