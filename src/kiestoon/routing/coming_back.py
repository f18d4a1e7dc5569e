"""Ringing whoever transferred or parked a call, when it comes back."""

from __future__ import annotations

from msgspec.structs import replace

from kiestoon.company.directory import Directory
from kiestoon.routing.context import Route
from kiestoon.routing.decision import Decision, RingAll, RingUser
from kiestoon.routing.members import has_mobile
from kiestoon.routing.outward import mobile_of
from kiestoon.routing.ringing import own_phones
from kiestoon.routing.situation import CallerSeen, Live, Situation


def ring_back(
    directory: Directory, company_id: int, user_id: int, ring_s: int, *, live: Live, alert: int = 0
) -> Decision | None:
    """Ring the person at the phones, and the mobile where it rings with them, or at the one telephone that is his now;
    whatever he has arranged besides. At the mobile 1 must be pressed, so that no voicemail takes the call. Nothing
    follows. None: there is no such person."""
    index = directory.company(company_id)
    user = index.users.get(user_id) if index is not None else None
    if index is None or user is None:
        return None
    route = Route(directory, index, live, Situation(company_id, CallerSeen("internal"), "", at=user.extension))
    step = own_phones(route, user, ring_s, alert)
    mobile = mobile_of(route, user) if isinstance(step, RingUser) and has_mobile(route, user) else None
    if isinstance(step, RingUser) and mobile is not None:
        step = RingAll((step,), (replace(mobile, confirm=True),), ring_s, personal=True)
    return Decision(step, tuple(route.reasons), company_id, called=user.extension)
