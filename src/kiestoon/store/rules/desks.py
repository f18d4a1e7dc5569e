"""Who may be on which phone: bound by an administrator, logged in by code, at most so many at once (DEV-3, E 6.11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kiestoon.company.desks import can_leave, holder_of, most_phones, other_phones
from kiestoon.company.model import Device, Row, User
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek, named
from kiestoon.store.rules.services import Held
from kiestoon.store.rules.shape import Check


def _device(row: Device, peek: Peek) -> Iterator[Problem]:
    old = peek.get(Device, row.id) if row.id else None
    owner, guest = peek.get(User, row.user_id), peek.get(User, row.logged_in_user_id)
    if owner is not None and guest is not None and not row.hot_desk:
        if old is not None and old.logged_in_user_id == guest.id:
            yield problem("user_id", "logged_in_here", other=named(guest))
        else:
            yield problem("logged_in_user_id", "phone_bound", other=named(owner))
        return
    if old is not None and old.user_id == row.user_id and row.logged_in_user_id in (old.logged_in_user_id, None):
        return  # as it was, or somebody has left: whoever comes back to the own phone by that is not asked
    person = peek.get(User, holder_of(row))
    if person is None:
        return
    if can_leave(row) and old is not None:  # whoever writes a whole company assigns services after this
        yield from Held(person, peek).missing("logged_in_user_id", "hot_desking")
    yield from _too_many(row, person, peek)


def _too_many(row: Device, person: User, peek: Peek) -> Iterator[Problem]:
    """An administrator binds a person to as many phones as he likes; whoever logs in leaves others first."""
    theirs = {*peek.find(Device, user_id=person.id), *peek.find(Device, logged_in_user_id=person.id)}
    others = other_phones(sorted(theirs, key=lambda device: device.id), person, row.id)
    by_code = can_leave(row) or any(can_leave(other) for other in others)
    if row.active and row.kind == "fixed" and by_code and len(others) >= most_phones(person):
        field = "logged_in_user_id" if can_leave(row) else "user_id"
        yield problem(field, "logged_in_elsewhere", other=named(*others))


CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {Device: (_device,)}
