"""Companies in which several phones ring for Anna, and what tests about it do."""

from __future__ import annotations

from typing import Any

import msgspec
from test_parking_and_pickup import with_codes
from world import DeskPhone, World

from kiestoon.company.model import CompanyRows, Destination, RingNumber, RingService, SimultaneousRinging
from kiestoon.media.protocol import DigitReceived
from kiestoon.sip import events
from kiestoon.sip.session import Session

MOBILE = "+31655550001"
OTHER = "+31655550002"


def numbers(
    service: RingService, *targets: str, confirm: bool = False, first_id: int = 1, **more: Any
) -> tuple[RingNumber, ...]:
    """Anna's numbers for one of the services."""
    return tuple(
        RingNumber(
            id=first_id + n - 1,
            company_id=1,
            user_id=1,
            service=service,
            position=n,
            to=Destination("extension" if len(target) == 3 else "number", target),
            confirm=confirm,
            **more,
        )
        for n, target in enumerate(targets, 1)
    )


def ringing_along(*targets: str, confirm: bool = False, **rows: Any) -> CompanyRows:
    """These ring along with Anna's phone (101)."""
    rows.setdefault("simultaneous_ringing", (SimultaneousRinging(id=1, company_id=1, user_id=1),))
    return with_codes(ring_numbers=numbers("simultaneous", *targets, confirm=confirm), **rows)


def calls_anna(world: World, number: str = "101") -> tuple[DeskPhone, Session]:
    """Bert calls Anna."""
    bert = world.phones.get("bert") or world.phone("bert", "192.0.2.2")
    session = bert.dial(number)
    world.run()
    return bert, session


def rung(phone: DeskPhone, number: str = "") -> Session:
    """The call that rings (or rang) last at a phone, of a provider: to that number."""
    invites = [event for event in phone.events if isinstance(event, events.InviteReceived)]
    return next(event.session for event in reversed(invites) if number in ("", event.request.target.user))


def lift(phone: DeskPhone, number: str = "") -> Session:
    """Somebody, or something, answers there."""
    session = rung(phone, number)
    phone.accept(session, session.remote_body)
    phone.world.run(0.5)
    return session


def press(phone: DeskPhone, session: Session, key: str) -> None:
    """A key at a phone that has answered, or been answered."""
    termination = phone.world.media.at(int(phone.sends_to(session)))
    assert termination is not None
    phone.world.media.events.append(DigitReceived(termination.number, key, 100))
    phone.world.network.drain(phone.world.node)
    phone.world.run(0.5)


def with_user(rows: CompanyRows, number: int, **changes: Any) -> CompanyRows:
    """One of the people is otherwise."""
    users = tuple(msgspec.structs.replace(row, **changes) if row.id == number else row for row in rows.users)
    return msgspec.structs.replace(rows, users=users)
