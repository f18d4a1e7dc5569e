"""Where a call stands between two steps of its route: plain data that call control carries and hands back."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, Protocol, TypeAlias

import msgspec

from kiestoon.company.model import HuntMember
from kiestoon.company.numbers import dialable, read_outside_number

CallerKind: TypeAlias = Literal["internal", "external", "private", "unavailable"]
"""A colleague, a known outside number, a number withheld on purpose, no (usable) number at all (V 6.4, V 7.3)."""
Outcome: TypeAlias = Literal["busy", "no_answer", "unreachable", "rejected"]
"""How trying somebody ended without an answer."""
DivertReason: TypeAlias = Literal[
    "unconditional", "user-busy", "no-answer", "unavailable", "do-not-disturb", "deflection"
]
"""RFC 5806 §4."""


Tried: TypeAlias = Literal["", "assistants", "search"]


class CallerSeen(msgspec.Struct, frozen=True):
    """The caller as rules see him.

    ``number``: an extension (inside) or E.164. ``user_id``: the colleague, 0 for others, ``own_forms`` his numbers;
    ``name`` is what colleagues are shown of him, "" for others. ``country``: whose way of writing numbers rules use.
    """

    kind: CallerKind = "unavailable"
    number: str = ""
    own_forms: tuple[str, ...] = ()
    user_id: int = 0
    country: str = ""
    name: str = ""

    @property
    def forms(self) -> tuple[str, ...]:
        """Every way a rule may have the number written. Worked out when a rule asks: most calls meet none."""
        return _forms(self.number, self.country) if self.kind == "external" else self.own_forms

    @property
    def mobile(self) -> bool:
        """Whether an outside caller calls from a mobile."""
        return self.kind == "external" and _is_mobile(self.number, self.country)


@lru_cache(16_384)
def _forms(number: str, country: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((number, number.removeprefix("+"), dialable(number, country))))


@lru_cache(16_384)
def _is_mobile(number: str, country: str) -> bool:
    read = read_outside_number(number, country)
    return read is not None and read.kind == "mobile"


class Diversion(msgspec.Struct, frozen=True):
    """One forwarding on the way: by whom (an extension), where to, why."""

    by: str
    to: str
    reason: DivertReason


class Hunt(msgspec.Struct, frozen=True):
    """A hunt group at work: who is still to be tried, since when, and how those tried went."""

    group_id: int
    rest: tuple[str, ...]
    began_ms: int
    outcomes: tuple[Outcome, ...] = ()
    tried: str = ""


class Situation(msgspec.Struct, frozen=True):
    """A call's route so far.

    ``at``: the extension whose arrangements decide next; "" when the call has left for an outside number or a
    voicemail: nothing follows then. ``own_number``: the outside number that was called, "" inside.
    ``prefix`` goes before the caller's name on displays. ``shown``: the number to show outside when the call is
    forwarded there. ``through``: call-limit extensions the call counts at. ``visited``: extensions already passed, so
    that no circle is run through twice. ``inhibited``: nobody may divert the call any further (*80).
    ``no_music``: nobody who is put on hold in it hears music (*60). ``tried``: who has been rung for
    the person at ``at`` in his place: the assistants (E 6.2), or one number after the other (V 9.3). ``by``: the id of
    the colleague who calls, or transfers; 0 = nobody. ``queue``: the id of the queue the call was offered from.
    """

    company_id: int
    caller: CallerSeen
    dialled: str
    at: str = ""
    own_number: str = ""
    prefix: str = ""
    shown: str = ""
    alert: int = 0
    diversions: tuple[Diversion, ...] = ()
    through: tuple[str, ...] = ()
    visited: tuple[str, ...] = ()
    inhibited: bool = False
    hunt: Hunt | None = None
    arrived_diversions: int = 0
    no_music: bool = False
    tried: Tried = ""
    by: int = 0
    queue: int = 0

    def sent_by(self, extension: str) -> DivertReason | None:
        """Why an extension itself sent the call on, when it was the last to do so."""
        last = self.diversions[-1] if self.diversions else None
        return last.reason if last is not None and last.by == extension else None


class Live(Protocol):
    """What routing must know of the present moment."""

    @property
    def now_ms(self) -> int:
        """Wall clock."""

    def calls_through(self, company_id: int, extension: str) -> int:
        """Calls that count at a call-limit extension now."""

    def is_reachable(self, company_id: int, user_id: int) -> bool:
        """Whether a phone of the user is registered."""

    def is_busy(self, company_id: int, user_id: int) -> bool:
        """Whether the user is in a call."""

    def hunt_record(self, group_id: int) -> HuntRecord:
        """How a hunt group's calls have been shared out so far."""

    def waiting_in(self, queue_id: int) -> int:
        """How many callers wait in a queue."""


class HuntRecord(msgspec.Struct):
    """Who of a hunt group answered: the last one, when each last (a growing count of calls), who is owed calls.

    ``credit``: the shares a member was meant to get less the calls answered, in the unit of the weights. It is bounded:
    who comes back after a week, or joins, catches up with a call or two, and is not flooded with all that were missed.
    """

    last: str = ""
    order: dict[str, int] = {}
    credit: dict[str, int] = {}
    total: int = 0

    def note(self, extension: str, members: tuple[HuntMember, ...] = ()) -> None:
        """A member has answered a call of the group, whose members these are. Those who have left it are forgotten."""
        self.total += 1
        self.last = extension
        order = {member.extension: self.order.get(member.extension, 0) for member in members}
        self.order = {**(order or self.order), extension: self.total}
        whole = sum(member.weight for member in members)
        credit: dict[str, int] = {}
        for member in members:
            if member.weight:
                owed = self.credit.get(member.extension, 0) + member.weight
                owed -= whole if member.extension == extension else 0
                credit[member.extension] = max(-2 * whole, min(owed, 2 * whole))
        self.credit = credit


class Assumed(msgspec.Struct, frozen=True):
    """A moment put together by hand: for explaining, and where nothing live matters."""

    now_ms: int = 0
    through: dict[str, int] = {}
    unreachable: frozenset[int] = frozenset()
    busy: frozenset[int] = frozenset()
    hunts: dict[int, HuntRecord] = {}
    waiting: dict[int, int] = {}

    def calls_through(self, company_id: int, extension: str) -> int:
        """As assumed."""
        return self.through.get(extension, 0)

    def is_reachable(self, company_id: int, user_id: int) -> bool:
        """As assumed."""
        return user_id not in self.unreachable

    def is_busy(self, company_id: int, user_id: int) -> bool:
        """As assumed."""
        return user_id in self.busy

    def hunt_record(self, group_id: int) -> HuntRecord:
        """As assumed."""
        return self.hunts.get(group_id) or HuntRecord()

    def waiting_in(self, queue_id: int) -> int:
        """As assumed."""
        return self.waiting.get(queue_id, 0)
