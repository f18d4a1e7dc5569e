"""Extensions that are no person: groups, hunt groups, queues, menus and their like. A group's lamp is the lamp of a
shared line (MULAP, U 5.4.8): it shows every call to the number, whichever member has it; a queue's shows who waits."""

from __future__ import annotations

from collections.abc import Iterator

from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import AlternateNumber, Device, GroupExtension, Queue, Row, User
from kiestoon.phones.lamps.live_calls import EXTENSION, LiveCalls
from kiestoon.phones.lamps.sources.people import sip_dialog
from kiestoon.phones.lamps.state import Appearance, Seen, State, View
from kiestoon.routing.at_rest import own_forward


class Extensions:
    """Keys are extensions."""

    kind = EXTENSION

    def __init__(self, live: LiveCalls) -> None:
        self._live = live

    def find(self, index: CompanyIndex, device: Device, name: str) -> str:
        """By extension."""
        return name if _owner(index, name) is not None else ""

    def view(self, index: CompanyIndex, viewer: int | None, key: str) -> View:
        """Members of a group see all of its calls."""
        members = index.members_of(key)
        rights = index.rights
        if not rights.sees_extension(viewer, key, members):
            return View()
        member = viewer in members
        return View(
            calls=True,
            names=member or rights.sees_names(viewer, key),
            pick_up=member or rights.may_pick_up(viewer, key) or _is_open(index, key),
            status=True,
        )

    def state(self, index: CompanyIndex, key: str, now_ms: int) -> State | None:
        """Calls, and whether the extension sends all of them on."""
        owner = _owner(index, key)
        if owner is None:
            return None
        forwarded = (isinstance(owner, GroupExtension) and bool(owner.forward_always)) or own_forward(index, key)
        name = str(getattr(owner, "name", ""))
        return State(tuple(self._appearances(index, key, name)), forwarded=forwarded)

    def _appearances(self, index: CompanyIndex, extension: str, name: str) -> Iterator[Appearance]:
        for call in self._live.calls_at(EXTENSION, index.company.id, extension):
            leg = _leg_shown(call)
            if leg is None:
                continue
            caller = call.legs.get(call.caller)
            held = call.bridge is not None and any(each.held for each in call.live_legs() if each is not caller)
            shown = caller.party if caller is not None and not caller.party.withheld else None
            yield Appearance(
                id=call.id,
                phase="early" if call.holder == "seek" else "confirmed",
                direction="recipient",
                line=Seen(extension, name),
                party=Seen(shown.number, shown.name) if shown is not None else Seen(),
                held=held,
                dialog=sip_dialog(leg),
            )


def _owner(index: CompanyIndex, extension: str) -> Row | None:
    owner = index.arrangements.extensions.get(extension)
    return None if isinstance(owner, User | AlternateNumber) else owner


def _is_open(index: CompanyIndex, extension: str) -> bool:
    """Whether it is a queue whose ringing calls are for everybody (E 7.5.3)."""
    owner = index.arrangements.extensions.get(extension)
    return isinstance(owner, Queue) and owner.open


def _leg_shown(call: Call) -> Leg | None:
    """The member's leg that rings or speaks, the caller's while a service has it, a member's of a conference
    room; None: nothing to see yet."""
    if call.room is not None:
        return call.legs.get(call.caller)
    others = [leg for leg in call.live_legs() if leg.id != call.caller]
    if call.holder == "seek":
        return next((leg for leg in others if leg.state == "early"), None)
    if call.holder == "bridge":
        return next((leg for leg in others if call.bridge is not None and leg.id in call.bridge), None)
    return call.legs.get(call.caller) if call.holder == "service" else None
