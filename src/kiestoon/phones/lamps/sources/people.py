"""People's lines: their calls, and what they have set for when there are none (E 6.1, V 10.1, U 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from kiestoon.calls.call import Call
from kiestoon.calls.exchange import Exchange
from kiestoon.calls.leg import Leg
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import AlternateNumber, Device, User
from kiestoon.company.time.zones import DAY_S
from kiestoon.phones.lamps.live_calls import PERSON, LiveCalls
from kiestoon.phones.lamps.state import Appearance, Phase, Published, Seen, State, View
from kiestoon.routing.at_rest import forwards_all, next_change_ms, presence_at

_PHASES: dict[str, Phase] = {"offered": "trying", "dialling": "trying", "early": "early", "answered": "confirmed"}


class People:
    """Extensions of people, their alternate internal numbers, and the logins of their phones. Keys are user ids: a lamp
    follows a person to a new extension only if the phone asks for that."""

    kind = PERSON

    def __init__(self, exchange: Exchange, live: LiveCalls, published: Callable[[int], Published | None]) -> None:
        self._x = exchange
        self._live = live
        self._published = published

    def find(self, index: CompanyIndex, device: Device, name: str) -> str:
        """By extension, else by a phone's login: the person logged in there."""
        owner = index.arrangements.extensions.get(name)
        if isinstance(owner, User):
            return str(owner.id)
        if isinstance(owner, AlternateNumber):
            return str(owner.user_id)
        if owner is not None:
            return ""
        phone = index.devices.get(name)
        return str(phone.user_id) if phone is not None and phone.user_id in index.users else ""

    def view(self, index: CompanyIndex, viewer: int | None, key: str) -> View:
        """By the person's and the company's choice, and privacy groups."""
        user = index.users.get(int(key))
        if user is None:
            return View()
        rights, own = index.rights, viewer == user.id
        calls = rights.sees_line(viewer, user)
        return View(
            calls=calls,
            names=calls and (own or rights.sees_names(viewer, user.extension)),
            pick_up=calls and (own or rights.may_pick_up(viewer, user.extension)),
            own=own,
            status=rights.sees_status(viewer, user),
        )

    def state(self, index: CompanyIndex, key: str, now_ms: int) -> State | None:
        """Calls and settings."""
        user = index.users.get(int(key))
        if user is None:
            return None
        shown = presence_at(index, user, now_ms)
        diverted = index.arrangements.status_forwards.get((user.id, shown.status))
        return State(
            appearances=tuple(self._appearances(index, user)),
            do_not_disturb=user.do_not_disturb,
            forwarded=forwards_all(index, user, now_ms),
            status=shown.status,
            status_forwarded=diverted is not None and bool(diverted.to),
            note=shown.note,
            back=_clock(index, user, shown.back_ms, now_ms) if shown.back_ms else "",
            reachable=self._x.present.is_reachable(index.company.id, user.id),
            published=self._published(user.id),
            until_ms=next_change_ms(index, user, now_ms) or 0,
        )

    def _appearances(self, index: CompanyIndex, user: User) -> Iterator[Appearance]:
        """One for each call, however many of the person's phones it rings at; phones that are only just being called
        do not ring yet."""
        found: dict[tuple[str, bool], Appearance] = {}
        for leg, call in self._live.legs_of(user.id):
            phase = _PHASES.get(leg.state)
            if phase is None or (leg.state == "dialling" and not leg.incoming):
                continue
            key = (leg.call, leg.incoming)
            if key not in found or (phase == "confirmed" and found[key].phase != "confirmed"):
                found[key] = _appearance(index, user, call, leg, phase)
        yield from found.values()


def _clock(index: CompanyIndex, user: User, at_ms: int, now_ms: int) -> str:
    """A time on the person's clock, with the day unless it is today's."""
    location = index.location_of(user)
    zone = index.arrangements.times.zone(location.id if location is not None else None)
    local_s, today = zone.local_s(at_ms // 1000), zone.local_s(now_ms // 1000) // DAY_S
    read = datetime.fromtimestamp(local_s, UTC)
    return read.strftime("%H:%M" if local_s // DAY_S == today else "%d-%m %H:%M")


def _appearance(index: CompanyIndex, user: User, call: Call, leg: Leg, phase: Phase) -> Appearance:
    own = Seen(user.extension, user.name)
    return Appearance(
        id=f"{leg.id:x}",
        phase=phase,
        direction="initiator" if leg.incoming else "recipient",
        line=own if leg.incoming else called_line(index, call, own),
        party=other_side(index, call, leg),
        held=leg.held and phase == "confirmed",
        dialog=sip_dialog(leg),
    )


def other_side(index: CompanyIndex, call: Call, leg: Leg) -> Seen:
    """Whom the party speaks with, is called by, or is calling."""
    other = call.other(leg)
    if call.room is not None:
        return Seen(call.room.extension, call.room.name)
    if call.bridge is not None and leg.id in call.bridge and other is None:
        others = [call.legs[leg_id].party for leg_id in call.bridge if leg_id != leg.id]
        return Seen("", ", ".join(party.name or party.number for party in others if not party.withheld))
    if other is None and not leg.incoming:
        other = call.anchor
    if other is None or other is leg:
        number = call.target or call.dialled
        owner = index.arrangements.extensions.get(number)
        return Seen(number, str(getattr(owner, "name", "")))
    return Seen() if other.party.withheld else Seen(other.party.number, other.party.name)


def called_line(index: CompanyIndex, call: Call, own: Seen) -> Seen:
    """What the caller called, where that is more than the person: a group, an outside number of the person's."""
    situation = call.situation
    at = situation.at if situation is not None and situation.hunt is not None else call.target
    owner = index.arrangements.extensions.get(at) if at != own.number else None
    if owner is not None and not isinstance(owner, User):
        return Seen(at, str(getattr(owner, "name", "")))
    if situation is not None and situation.own_number:
        return Seen(situation.own_number, own.name)
    return own


def sip_dialog(leg: Leg) -> tuple[str, str, str] | tuple[()]:
    """Call-ID, the phone's tag and ours; () before the phone has given a tag."""
    session = leg.session
    if session is None:
        return ()
    tag = session.dialog.remote_tag if session.dialog is not None else session.remote_tag
    return (session.call_id, tag, session.local_tag) if tag else ()
