"""What happened in calls, put into words for those outside: who it is about, and who may hear of it.

Call control's events name call and leg; here the parties are looked up while the call is still known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from kiestoon.app.line_view import foremost
from kiestoon.app.presence_watch import PresenceWatch
from kiestoon.calls import events
from kiestoon.calls.call import Call
from kiestoon.calls.events import CallEvent
from kiestoon.calls.exchange import Exchange
from kiestoon.calls.leg import Leg
from kiestoon.calls.mailboxes import Added, MailboxChanged
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Row, User
from kiestoon.notify.events import (
    CALL_EVENTS,
    CallData,
    DeviceData,
    EventData,
    LineData,
    LineState,
    Party,
    PresenceData,
    VoicemailData,
)
from kiestoon.notify.live import LiveEvent
from kiestoon.registrar import BindingChanged

_BASE: Final = frozenset(CallEvent.__struct_fields__)
_STATES: Final[dict[type[CallEvent], LineState]] = {
    events.LegOffered: "dialling",
    events.LegRinging: "ringing",
    events.LegAnswered: "busy",
    events.LegEnded: "idle",
}


class Draft(msgspec.Struct):
    """An event before it has a number."""

    at_ms: int
    company_id: int
    type: str
    data: EventData
    users: tuple[int, ...] = ()
    locations: tuple[int, ...] = ()
    departments: tuple[int, ...] = ()
    public: bool = False

    def numbered(self, sequence: int) -> LiveEvent:
        """The event itself."""
        return LiveEvent(
            sequence, self.at_ms, self.company_id, self.type, msgspec.to_builtins(self.data),
            self.users, self.locations, self.departments, self.public,
        )  # fmt: skip


class EventView:
    """Remembers the calls and lines of which events have come, and nothing when ``forget`` is called."""

    def __init__(self, exchange: Exchange) -> None:
        self._x = exchange
        self._calls: dict[str, Call] = {}
        self._lines: dict[int, dict[int, LineState]] = {}
        self._reachable: set[int] = set()
        self._presences = PresenceWatch(exchange.directory)

    def begin(self) -> None:
        """Somebody listens from now on."""
        self._reachable = set(self._x.registrar.bindings.devices())
        self._presences.begin(self._x.wall_ms())

    def forget(self) -> None:
        """Nobody listens any more."""
        self._calls.clear()
        self._lines.clear()
        self._presences.forget()

    def call_event(self, event: CallEvent) -> Iterator[Draft]:
        """One event of call control; what it changes about somebody's line follows."""
        call = self._calls.get(event.call) or self._x.calls.get(event.call)
        if call is None:
            return
        self._calls[event.call] = call
        leg = call.legs.get(event.leg) if event.leg else None
        more = {name: getattr(event, name) for name in event.__struct_fields__ if name not in _BASE}
        if isinstance(event, events.CallClosed):
            more |= {"outcome": call.outcome or "failed", "ended_by": call.by or "exchange"}
            del self._calls[event.call]
        data = CallData(
            call_id=event.call,
            direction=call.direction,
            dialled=call.dialled,
            leg=None if leg is None else _party(leg, call),
            **more,
        )
        users = {leg.party.user_id for leg in call.legs.values() if leg.party.user_id}
        if call.told:
            users.add(call.told)
        yield self._about(users, Draft(event.at_ms, event.company_id, CALL_EVENTS[type(event)], data))
        state = _STATES.get(type(event))
        if state is not None and leg is not None and leg.party.user_id:
            yield from self._line(leg.party.user_id, leg.id, state, event)

    def binding_changed(self, change: BindingChanged, at_ms: int) -> Draft | None:
        """A device can be reached from now on, or no more; all other changes are no event (None)."""
        device = self._x.directory.device_by_id(change.device_id)
        reachable = bool(self._x.registrar.bindings_of(change.device_id))
        if device is None or reachable == (change.device_id in self._reachable):
            return None
        (self._reachable.add if reachable else self._reachable.discard)(device.id)
        binding = change.binding
        data = DeviceData(
            device_id=device.id,
            username=device.username,
            user_id=device.user_id,
            transport=binding.flow.transport if binding is not None and binding.flow is not None else "",
            user_agent=binding.user_agent[:255] if binding is not None else "",
        )
        kind = "device.registered" if reachable else "device.unregistered"
        users = set() if device.user_id is None else {device.user_id}
        return self._about(users, Draft(at_ms, device.company_id, kind, data))

    def mailbox_changed(self, change: MailboxChanged, at_ms: int) -> Iterator[Draft]:
        """What a voicemail box holds now, and each message that has come."""
        index = self._x.directory.company(change.company_id)
        owner = index.arrangements.extensions.get(change.extension) if index is not None else None
        box = VoicemailData(
            extension=change.extension,
            user_id=owner.id if isinstance(owner, User) else None,
            new=change.new,
            old=change.old,
        )
        drafts = [Draft(at_ms, change.company_id, "voicemail.added", _message(box, each)) for each in change.added]
        for draft in drafts or [Draft(at_ms, change.company_id, "voicemail.changed", box)]:
            yield self._about_owner(index, owner, draft)

    def presences_changed(self, companies: Iterable[int], at_ms: int) -> Iterator[Draft]:
        """Rows of these companies were replaced: whose presence is told anew."""
        for index, user, shown in self._presences.changes(companies, at_ms):
            data = PresenceData(user_id=user.id, extension=user.extension, **msgspec.structs.asdict(shown))
            draft = self._about({user.id}, Draft(at_ms, index.company.id, "presence.changed", data))
            draft.public = index.rights.status_is_public(user)
            if not draft.public:
                draft.users = tuple(sorted({user.id, *index.rights.status_viewers(user)}))
            yield draft

    # --- parts -----------------------------------------------------------------------------------------------------

    def _line(self, user_id: int, leg: int, state: LineState, event: CallEvent) -> Iterator[Draft]:
        """Whether somebody's line is free: nothing goes on at any phone."""
        legs = self._lines.setdefault(user_id, {})
        before = foremost(legs.values())
        if state == "idle":
            legs.pop(leg, None)
        else:
            legs[leg] = state
        after = foremost(legs.values())
        if not legs:
            del self._lines[user_id]
        index = self._x.directory.company(event.company_id)
        user = index.users.get(user_id) if index is not None else None
        if before == after or index is None or user is None:
            return
        data = LineData(user_id=user_id, extension=user.extension, state=after)
        draft = self._about({user_id}, Draft(event.at_ms, event.company_id, "line.changed", data))
        draft.public = index.rights.line_is_public(user)
        if not draft.public:
            draft.users += tuple(sorted(index.rights.line_viewers(user)))
        yield draft

    def _about_owner(self, index: CompanyIndex | None, owner: Row | None, draft: Draft) -> Draft:
        """For the person whose extension it is; a group's is its location's and department's."""
        if index is None or owner is None or isinstance(owner, User):
            return self._about(set() if owner is None else {owner.id}, draft)
        location_id, department_id = getattr(owner, "location_id", None), getattr(owner, "department_id", None)
        draft.locations = () if location_id is None else (location_id,)
        draft.departments = tuple(sorted(_with_outer(index, department_id)))
        return draft

    def _about(self, users: set[int], draft: Draft) -> Draft:
        index = self._x.directory.company(draft.company_id)
        locations: set[int] = set()
        departments: set[int] = set()
        for user_id in users:
            user = index.users.get(user_id) if index is not None else None
            if index is None or user is None:
                continue
            if user.location_id is not None:
                locations.add(user.location_id)
            departments |= _with_outer(index, user.department_id)
        draft.users, draft.locations, draft.departments = (
            tuple(sorted(found)) for found in (users, locations, departments)
        )
        return draft


def _with_outer(index: CompanyIndex, department_id: int | None) -> set[int]:
    """A department and those around it."""
    found: set[int] = set()
    while department_id is not None and department_id not in found:
        found.add(department_id)
        department = index.departments.get(department_id)
        department_id = department.parent_id if department is not None else None
    return found


def _message(box: VoicemailData, added: Added) -> VoicemailData:
    """With a message; who withholds the number stays unknown."""
    message = added.message
    return msgspec.structs.replace(
        box,
        message_id=added.message_id,
        at=datetime.fromtimestamp(message.began_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        duration_ms=added.duration_ms,
        reason=message.reason,
        number="" if message.withheld else message.number,
        name="" if message.withheld else message.name,
        withheld=message.withheld,
    )


def _party(leg: Leg, call: Call) -> Party:
    """Who withholds the number stays unknown."""
    party = leg.party
    return Party(
        id=leg.id,
        is_caller=leg.id == call.caller,
        kind=party.kind,
        number="" if party.withheld else party.number,
        name="" if party.withheld else party.name,
        withheld=party.withheld,
        user_id=None if party.withheld else party.user_id or None,
        device_id=None if party.withheld else leg.device_id or None,
    )
