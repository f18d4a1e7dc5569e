"""Switches people set by telephone: forwarding, do not disturb, withheld number, status."""

from __future__ import annotations

from msgspec.structs import replace

from kiestoon.calls.requests import Failed, SetStatus, StopForwarding, SwitchForward, SwitchService
from kiestoon.company.model import NOWHERE, Forward, ForwardCase, Presence, User
from kiestoon.store.phone_requests.acting import as_person
from kiestoon.store.rules.peek import Peek
from kiestoon.store.write import Changes

SWITCHED: tuple[ForwardCase, ...] = ("always", "busy", "no_answer", "unreachable")
"""Forwarding by rules is no switch: its rules say when."""


@as_person
def switch_forward(changes: Changes, peek: Peek, user: User, request: SwitchForward) -> Failed | None:
    """Off means off: also for calls to numbers of one's own that are forwarded elsewhere (V 7.1)."""
    rows = peek.find(Forward, extension=user.extension, case=request.case)
    if not request.to:
        _switch_off(changes, rows)
        return None
    to_box = request.to.kind == "voicemail" and request.to.target in ("", user.extension)
    row = next((row for row in rows if not row.own_number), None)
    before = row or Forward(id=0, company_id=request.company_id, extension=user.extension, case=request.case)
    wanted = replace(
        before,
        active=True,
        to=NOWHERE if to_box else request.to,  # a number would win over the voicemail
        voicemail=to_box,
        rings=request.rings or before.rings,
    )
    if row is None:
        changes.add(wanted)
    elif wanted != row:
        changes.update(wanted)
    return None


@as_person
def stop_forwarding(changes: Changes, peek: Peek, user: User, request: StopForwarding) -> Failed | None:
    """Every case that is a switch."""
    _switch_off(changes, peek.find(Forward, extension=user.extension, case=list(SWITCHED)))
    return None


def _switch_off(changes: Changes, rows: list[Forward]) -> None:
    """The targets stay, for the next time."""
    for row in rows:
        if row.active:
            changes.update(replace(row, active=False))


@as_person
def switch_service(changes: Changes, peek: Peek, user: User, request: SwitchService) -> Failed | None:
    """A field of the person's own row."""
    if getattr(user, request.service) != request.on:
        changes.update(replace(user, **{request.service: request.on}))
    return None


@as_person
def set_status(changes: Changes, peek: Peek, user: User, request: SetStatus) -> Failed | None:
    """What was said about an earlier absence does not hold for this one."""
    row = next(iter(peek.find(Presence, user_id=user.id)), None)
    wanted = Presence(
        id=row.id if row is not None else 0,
        version=row.version if row is not None else 1,
        company_id=request.company_id,
        user_id=user.id,
        status=request.status,
        until_ms=request.until_ms,
    )
    if row is None:
        changes.add(wanted)
    elif wanted != row:
        changes.update(wanted)
    return None
