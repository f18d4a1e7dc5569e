"""What would happen if …: the route of a call that is not made (RTE-24).

``explain`` asks ``route`` and ``proceed`` themselves, as call control does; only the people and the moment are assumed.
So an explanation is wrong exactly where the exchange would be. A call to a number of another company of the
installation is followed there, for those who may see that company.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from kiestoon.company.codes import FEATURES
from kiestoon.company.directory import CompanyIndex, Directory
from kiestoon.company.model import Trunk
from kiestoon.company.numbers import clean_dialled
from kiestoon.company.voicemail import Greeting, box_of, greeting_of
from kiestoon.routing.decision import (
    AskPostcode,
    Decision,
    DialOutside,
    EnterGroupCall,
    EnterMenu,
    EnterQueue,
    EnterRoom,
    EnterVoicemail,
    Later,
    Refuse,
    RingAll,
    RingUser,
    Search,
    Step,
    UseCode,
)
from kiestoon.routing.incoming import number_called
from kiestoon.routing.matching import see_outsider
from kiestoon.routing.origin import FromDevice, FromTrunk, Origin
from kiestoon.routing.reasons import Reason, because
from kiestoon.routing.route import proceed, route, route_extension, routed_by_postcode
from kiestoon.routing.situation import Assumed, CallerSeen, HuntRecord, Outcome, Situation

State: TypeAlias = Literal["answers", "busy", "no_answer", "unreachable", "rejected"]
"""What a person's phones (or an outside number) do with a call; "busy": no phone takes another one."""
Ending: TypeAlias = Literal["answered", "busy", "no_answer", "unreachable", "rejected", "keyed", "ended"]
Beyond: TypeAlias = Callable[[str], Directory | None]
"""The company of the installation that has an outside number (E.164), for who may see it; None: not to be seen."""
Kind: TypeAlias = Literal[
    "ring",
    "ring_all",
    "search",
    "outside",
    "menu",
    "postcode",
    "conference",
    "group_call",
    "queue",
    "voicemail",
    "code",
    "refuse",
]

MOST_STEPS: Final = 100
_RING_S: Final = 60
_RING_OUTSIDE_S: Final = 180
_WORST_FIRST: Final[tuple[Outcome, ...]] = ("rejected", "busy", "no_answer", "unreachable")
_PER_SECOND: Final = 1000


class Assumptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken to be so. ``at_ms`` is wall clock.

    ``states``: by extension or outside number (E.164), an extension of another company with its domain
    ("204@other.example"); whoever is not in it is as ``otherwise``. ``through``: calls at call-limit extensions.
    ``keys``: what the caller keys in, one entry for each question (a menu, a postcode). ``diverted``: how often the
    call was diverted before it came. ``hunts``: by group id how calls were shared out.
    """

    at_ms: int
    states: Mapping[str, State] = {}
    otherwise: State = "answers"
    through: Mapping[str, int] = {}
    keys: tuple[str, ...] = ()
    diverted: int = 0
    hunts: Mapping[int, HuntRecord] = {}


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One step: what is tried, why, and how it ends.

    ``targets``: extensions and numbers with names ("" for numbers). ``at_s``: seconds since the call began;
    ``seconds``: how long it takes as assumed. ``greeting``: with what a voicemail box answers. ``beyond``: what is
    known of a call that leaves the company. ``company``: where it is, "" = the company asked.
    """

    kind: Kind
    targets: tuple[tuple[str, str], ...]
    reasons: tuple[Reason, ...]
    ending: Ending
    at_s: int = 0
    seconds: int = 0
    status: int = 0
    text: str = ""
    greeting: Greeting | Literal[""] = ""
    beyond: tuple[Reason, ...] = ()
    company: str = ""


class Explanation(msgspec.Struct, frozen=True):
    """The whole way. ``cut``: it goes on, but is not followed any further."""

    stages: tuple[Stage, ...]
    cut: bool = False

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every reason in order, as the call's record would have them: another company's call has its own."""
        return tuple(reason for stage in self.stages if not stage.company for reason in stage.reasons)


def explain(
    directory: Directory,
    origin: Origin,
    dialled: str,
    assumed: Assumptions,
    *,
    caller: CallerSeen | None = None,
    beyond: Beyond = lambda number: None,
) -> Explanation:
    """Follow a call that is not made. Never raises, whatever was dialled; ends after ``MOST_STEPS`` steps."""
    return _Follower(directory, assumed, beyond).follow(origin, dialled, caller)


class _Abroad(NamedTuple):
    """Another company of the installation, where the call goes on."""

    directory: Directory
    company: CompanyIndex


class _Follower:
    def __init__(self, directory: Directory, assumed: Assumptions, beyond: Beyond) -> None:
        self._directory = directory
        self._assumed = assumed
        self._beyond = beyond
        self._keys = list(assumed.keys)
        self._elapsed_s = 0
        self._company_id = 0
        self._elsewhere: CompanyIndex | None = None

    def follow(self, origin: Origin, dialled: str, caller: CallerSeen | None) -> Explanation:
        self._company_id = _company_of(self._directory, origin, dialled)
        decision: Decision | None = route(
            self._directory, origin, dialled, live=self._live(), caller=caller, diverted=self._assumed.diverted
        )
        stages: list[Stage] = []
        situation: Situation | None = None
        while decision is not None and len(stages) < MOST_STEPS:
            self._company_id = decision.company_id or self._company_id
            situation = decision.situation or situation
            abroad = self._company_called(decision.step)
            stage, seconds = self._stage(decision, abroad)
            stages.append(stage)
            self._elapsed_s += seconds
            if abroad is not None and isinstance(decision.step, DialOutside):
                decision, situation = self._come_in(abroad, decision.step, situation), None
            else:
                decision = self._next(decision.step, stage.ending, situation)
        return Explanation(tuple(stages), decision is not None)

    def _live(self) -> Assumed:
        index = self._directory.company(self._company_id)
        users = tuple(index.users.values()) if index is not None else ()
        without = {user.id for user in users if index is not None and not index.devices_of(user.id)}

        def being(state: State) -> frozenset[int]:
            return frozenset(user.id for user in users if self._state(user.extension) == state)

        return Assumed(
            self._assumed.at_ms + self._elapsed_s * _PER_SECOND,
            dict(self._assumed.through),
            being("unreachable") | without,
            being("busy"),
            dict(self._assumed.hunts),
        )

    def _state(self, target: str) -> State:
        if self._elsewhere is not None and not target.startswith("+"):
            target = f"{target}@{self._elsewhere.company.domain}"
        return self._assumed.states.get(target, self._assumed.otherwise)

    # --- to another company ----------------------------------------------------------------------------------------

    def _company_called(self, step: Step) -> _Abroad | None:
        """Whose number is dialled, as far as that may be known and nothing is assumed of the number."""
        if not isinstance(step, DialOutside) or step.emergency or step.number in self._assumed.states:
            return None
        directory = self._beyond(step.number)
        number = directory.number(step.number) if directory is not None else None
        index = directory.company(number.company_id) if directory is not None and number is not None else None
        return _Abroad(directory, index) if directory is not None and index is not None else None

    def _come_in(self, abroad: _Abroad, step: DialOutside, situation: Situation | None) -> Decision:
        """The provider brings the call to the other company, as a call from outside like any other."""
        self._directory, index = abroad
        self._company_id, self._elsewhere = index.company.id, index
        seen = see_outsider(step.caller_number, withheld=step.hide_caller, country=index.company.country)
        passed = situation.arrived_diversions + len(situation.diversions) if situation is not None else 0
        trunk = next(iter(self._directory.trunks_of(index.company.id)), _OUTSIDE)
        return route(self._directory, FromTrunk((trunk,)), step.number, live=self._live(), caller=seen, diverted=passed)

    # --- one step --------------------------------------------------------------------------------------------------

    def _stage(self, decision: Decision, abroad: _Abroad | None) -> tuple[Stage, int]:
        step = decision.step
        kind, targets = _KINDS[type(step)], _targets(step, self._here())
        ending, seconds = self._end(step) if abroad is None else _GOES_ON
        refusal = step if isinstance(step, Refuse) else None
        stage = Stage(
            kind=kind,
            targets=targets,
            reasons=decision.reasons,
            ending=ending,
            at_s=self._elapsed_s,
            seconds=seconds,
            status=refusal.status if refusal is not None else 0,
            text=refusal.text if refusal is not None else "",
            greeting=self._greeting(step, decision.situation) if isinstance(step, EnterVoicemail) else "",
            beyond=_beyond_of(step, abroad),
            company=self._elsewhere.company.name if self._elsewhere is not None else "",
        )
        return stage, seconds

    def _greeting(self, step: EnterVoicemail, situation: Situation | None) -> Greeting:
        index = self._here()
        box = box_of(index, step.extension) if index is not None else None
        if index is None or box is None:
            return "none"
        busy = situation is not None and situation.sent_by(box.extension) == "user-busy"
        return greeting_of(box, index.arrangements.extensions.get(box.extension), busy=busy)

    def _here(self) -> CompanyIndex | None:
        return self._directory.company(self._company_id)

    def _end(self, step: Step) -> tuple[Ending, int]:
        """How a step ends, and after how many seconds."""
        if isinstance(step, RingUser):
            return self._ended((self._person(step),), step.ring_s or _RING_S)
        if isinstance(step, RingAll):
            return self._rung(step)
        if isinstance(step, Search):
            return self._found(step)
        if isinstance(step, DialOutside):
            return self._ended((self._state(step.number),), _RING_OUTSIDE_S)
        if isinstance(step, EnterMenu | AskPostcode):
            return ("keyed" if self._keys or isinstance(step, AskPostcode) else "ended"), 0
        return "ended", 0

    def _rung(self, step: RingAll) -> tuple[Ending, int]:
        """Whoever answers; who rings in place of one who does not, only after that."""
        states = self._all(step)
        for later in step.later:
            if "answers" not in states and "no_answer" in self._own(step, later.in_place_of):
                states += self._all(later)
                if "answers" in states:
                    return "answered", later.after_s
        if not step.personal and "no_answer" in states and "answers" not in states:
            return "no_answer", step.ring_s or _RING_S
        return self._ended(states, step.ring_s or _RING_S)

    def _own(self, step: RingAll, user_id: int) -> tuple[State, ...]:
        """How the person's phones are, and the telephones outside that are."""
        people = tuple(self._person(person) for person in step.people if person.user.id == user_id)
        return (*people, *(self._state(number.number) for number in step.outside if number.user_id == user_id))

    def _all(self, step: RingAll | Later) -> tuple[State, ...]:
        people = tuple(self._person(person) for person in step.people)
        return (*people, *(self._state(number.number) for number in step.outside))

    def _found(self, step: Search) -> tuple[Ending, int]:
        """The first in the order who answers; else nobody did, whatever kept them."""
        passed_s = 0
        for attempt in step.attempts:
            ending, seconds = self._ended(self._all(attempt), attempt.ring_s)
            passed_s += seconds
            if ending == "answered":
                return ending, passed_s
        return "no_answer", passed_s

    def _person(self, step: RingUser) -> State:
        """A person without phones, or whose phones are all gone, cannot be reached."""
        return self._state(step.user.extension) if step.devices else "unreachable"

    def _ended(self, states: tuple[State, ...], ring_s: int) -> tuple[Ending, int]:
        if "answers" in states:
            return "answered", 0
        ending: Outcome = next((state for state in _WORST_FIRST if state in states), "unreachable")
        return ending, ring_s if "no_answer" in states else 0

    def _next(self, step: Step, ending: Ending, situation: Situation | None) -> Decision | None:
        if situation is None:
            return None
        if isinstance(step, EnterMenu) and ending == "keyed":
            keyed = self._keys.pop(0) or step.menu.fallback_extension
            return route_extension(self._directory, situation.company_id, keyed, live=self._live(), situation=situation)
        if isinstance(step, AskPostcode):
            digits = self._keys.pop(0) if self._keys else ""
            return routed_by_postcode(self._directory, situation, step.routing, digits, live=self._live())
        if isinstance(step, DialOutside) and step.emergency:
            return None
        if ending == "busy" or ending == "no_answer" or ending == "unreachable" or ending == "rejected":  # noqa: PLR1714
            return proceed(self._directory, situation, ending, live=self._live())
        return None


def _company_of(directory: Directory, origin: Origin, dialled: str) -> int:
    """Whose call it is, 0 for nobody's: its people are as assumed from the first step on."""
    if isinstance(origin, FromTrunk):
        called = number_called(directory, origin.trunks, clean_dialled(dialled))
        return called[2].company.id if called is not None else 0
    return origin.device.company_id if isinstance(origin, FromDevice) else origin.company_id


_KINDS: Final[dict[type, Kind]] = {
    RingUser: "ring",
    RingAll: "ring_all",
    Search: "search",
    DialOutside: "outside",
    EnterMenu: "menu",
    AskPostcode: "postcode",
    EnterRoom: "conference",
    EnterGroupCall: "group_call",
    EnterQueue: "queue",
    EnterVoicemail: "voicemail",
    Refuse: "refuse",
    UseCode: "code",
}


_GOES_ON: Final[tuple[Ending, int]] = ("ended", 0)
_OUTSIDE: Final = Trunk(id=0, name="outside", kind="peer", host="")


def _beyond_of(step: Step, abroad: _Abroad | None) -> tuple[Reason, ...]:
    if not isinstance(step, DialOutside) or step.emergency:
        return ()
    if abroad is None:
        return (because("out_of_sight"),)
    return (because("other_company", number=step.number, name=abroad.company.company.name),)


def _targets(step: Step, index: CompanyIndex | None) -> tuple[tuple[str, str], ...]:
    if isinstance(step, RingUser):
        return ((step.user.extension, step.user.name),)
    if isinstance(step, RingAll):
        return _rung(step)
    if isinstance(step, Search):
        return tuple(target for attempt in step.attempts for target in _rung(attempt))
    if isinstance(step, DialOutside):
        return ((step.number, ""),)
    if isinstance(step, EnterMenu):
        return ((step.menu.extension, step.menu.name),)
    if isinstance(step, EnterGroupCall):
        return ((step.group.extension, step.group.name),)
    if isinstance(step, EnterQueue):
        return ((step.queue.extension, step.queue.name),)
    if isinstance(step, EnterRoom):
        return ((step.room.extension, step.room.name),)
    if isinstance(step, AskPostcode):
        return ((step.routing.extension, step.routing.name),)
    if isinstance(step, EnterVoicemail):
        owner = index.arrangements.extensions.get(step.extension) if index is not None else None
        return ((step.extension, str(getattr(owner, "name", ""))),)
    if isinstance(step, UseCode):
        feature = FEATURES.get(step.feature)
        return ((step.dialled, feature.english if feature is not None else step.feature),)
    return ()


def _rung(step: RingAll) -> tuple[tuple[str, str], ...]:
    people = tuple((person.user.extension, person.user.name) for person in step.people)
    return (*people, *((number.number, "") for number in step.outside))
