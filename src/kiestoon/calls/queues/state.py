"""Who waits, who serves whom, and how each queue's calls have been shared out so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Final

import msgspec

from kiestoon.calls.queues.shares import QueueShares
from kiestoon.calls.queues.waits import Waits
from kiestoon.company.model import Queue, QueueMember

if TYPE_CHECKING:
    from kiestoon.calls.call import Call
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.leg import Leg
    from kiestoon.calls.record import Outcome
    from kiestoon.sip.deadlines import Deadline

Agent = tuple[int, str]
"""Company and extension."""
TIMER: Final = "queues"
LOOK_S: Final = 5.0
"""While somebody waits it is looked this often whether anybody is free, whatever has been told of it: somebody's status
ends by the clock, for one."""
AFTER_RINGING_MS: Final = 1_000
"""An agent who did not answer is rung again after this at the earliest: the phone has to become quiet first."""
AFTER_REFUSAL_MS: Final = 15_000
"""The same for one who declined, or whose phone could not be rung: else it would be tried without end."""


class Waiter:
    """A caller in a queue.

    ``since_ms``: he came then (wall clock), before everybody behind him. ``ready``: he can be offered; nothing is
    played to him that must not be interrupted. ``offered``: the extensions that ring for him; ``tried``: whom he has
    been offered to since everybody had a turn. ``until_ms``: he is sent on then, 0 = never. ``place``: how many were
    before him when he came, he included. ``elsewhere``: somebody to whom he was offered has sent him on, and it rings
    there; where nobody answers he is back.
    """

    __slots__ = (
        "call",
        "company_id",
        "elsewhere",
        "offered",
        "place",
        "queue_id",
        "ready",
        "since_ms",
        "tried",
        "until_ms",
    )

    def __init__(self, call: str, company_id: int, queue_id: int, since_ms: int) -> None:
        self.call = call
        self.company_id = company_id
        self.queue_id = queue_id
        self.since_ms = since_ms
        self.ready = self.elsewhere = False
        self.offered: tuple[str, ...] = ()
        self.tried: set[str] = set()
        self.until_ms = 0
        self.place = 1

    @property
    def rung_for(self) -> bool:
        """Whether it rings for him somewhere."""
        return self.elsewhere or bool(self.offered)


class Served(msgspec.Struct, frozen=True):
    """An agent's conversation with a caller of a queue, since ``since_ms`` (wall clock)."""

    queue_id: int
    agent: Agent
    since_ms: int


class Queues:
    """Of all companies: a queue's id is its alone."""

    def __init__(self, exchange: Exchange) -> None:
        self._x = exchange
        self._waiting: dict[int, list[Waiter]] = {}
        self._by_call: dict[str, Waiter] = {}
        self._queues: dict[int, set[int]] = {}
        """By company, the queues in which somebody waits."""
        self.shares = QueueShares(exchange.directory)
        self._resting: dict[Agent, int] = {}
        """Agents who are left in peace, until then (wall clock, ms)."""
        self._served: dict[int, Served] = {}
        """By the agent's leg."""
        self._serves: Counter[Agent] = Counter()
        """The same, counted: it is asked for every agent, each time somebody may be free."""
        self.offers: dict[Agent, str] = {}
        """Agents who are being rung, and for which call."""
        self.waits = Waits()
        self.random = Random()
        self.due: set[int] = set()
        """Companies in which somebody who waits might be offered to somebody now: nobody else is looked at."""
        self._looked_ms = 0
        self.timer: Deadline[str] | None = None

    # --- callers -----------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many wait, in all queues."""
        return len(self._by_call)

    def join(self, call: Call, queue: Queue, since_ms: int) -> Waiter:
        """A caller comes in, or comes back to his place."""
        waiter = Waiter(call.id, call.company_id, queue.id, since_ms)
        callers = self._waiting.setdefault(queue.id, [])
        behind = [other for other in callers if other.since_ms > since_ms]
        callers.insert(len(callers) - len(behind), waiter)
        waiter.place = len(callers) - len(behind)
        self._by_call[call.id] = waiter
        self._queues.setdefault(call.company_id, set()).add(queue.id)
        return waiter

    def left(self, waiter: Waiter) -> None:
        """The caller waits no longer; whoever rang for him is free."""
        self._free_offered(waiter)
        if self._by_call.get(waiter.call) is not waiter:
            return
        del self._by_call[waiter.call]
        callers = self._waiting[waiter.queue_id]
        callers.remove(waiter)
        if not callers:
            self._forget_queue(waiter)
        self.stir(waiter.company_id)

    def gone(self, call_id: str) -> None:
        """The same, if the caller of this call waits at all."""
        waiter = self._by_call.get(call_id)
        if waiter is not None:
            self.left(waiter)

    def waiter(self, call_id: str) -> Waiter | None:
        """The caller of a call, while he waits."""
        return self._by_call.get(call_id)

    def waiting(self) -> Mapping[int, list[Waiter]]:
        """By queue, first come first. Not to be changed."""
        return self._waiting

    def queues_of(self, company_id: int) -> Collection[int]:
        """The company's queues in which somebody waits."""
        return self._queues.get(company_id, ())

    def in_turn(self, calls: Iterable[Call]) -> Iterable[Call]:
        """The same calls, those who wait in queues first, in the order in which they came."""
        if not self._by_call:
            return calls
        waiting = sorted(self._by_call.values(), key=lambda waiter: waiter.since_ms)
        first = [self._x.calls[waiter.call] for waiter in waiting if waiter.call in self._x.calls]
        return [*first, *(call for call in calls if call.id not in self._by_call)]

    def callers(self, queue_id: int) -> Sequence[Waiter]:
        """Who waits in a queue, first come first."""
        return self._waiting.get(queue_id, ())

    def length(self, queue_id: int) -> int:
        """How many wait."""
        return len(self.callers(queue_id))

    def place(self, waiter: Waiter) -> int:
        """1 = the next."""
        return self._waiting[waiter.queue_id].index(waiter) + 1

    # --- agents ------------------------------------------------------------------------------------------------------

    def stir(self, company_id: int) -> None:
        """Somebody of the company may be free now."""
        if company_id in self._queues:
            self.due.add(company_id)

    def stir_all(self) -> None:
        """The same, of any."""
        self.due.update(self._queues)

    def look(self) -> None:
        """Now and then everybody is looked at."""
        now_ms = self._x.wall_ms()
        if not self._looked_ms <= now_ms < self._looked_ms + LOOK_S * 1000:
            self._looked_ms = now_ms
            self.stir_all()

    def is_free(self, agent: Agent, queue: Queue, now_ms: int) -> bool:
        """Whether an agent is offered nothing, serves nobody (one at most where second calls are offered, E 7.5.19) and
        is not to be left in peace."""
        if agent in self.offers or self._resting.get(agent, 0) > now_ms:
            return False
        serves = self.serves(agent)
        return not serves or (queue.busy_agents == "all" and serves == 1)

    def serves(self, agent: Agent) -> int:
        """With how many callers of queues an agent speaks, or has them on hold."""
        return self._serves[agent]

    def rest(self, agent: Agent, until_ms: int) -> None:
        """Offer the agent nothing before then."""
        self._resting[agent] = max(until_ms, self._resting.get(agent, 0))

    def rested_at(self, now_ms: int) -> int | None:
        """When the next agent can be offered something again. Those who can be already may be free now."""
        for agent in [agent for agent, at in self._resting.items() if at <= now_ms]:
            del self._resting[agent]
            self.stir(agent[0])
        return min(self._resting.values(), default=None)

    def offered(self, waiter: Waiter, extensions: Iterable[str], now_ms: int) -> None:
        """These ring for a caller."""
        waiter.offered = tuple(extensions)
        for extension in waiter.offered:
            self.offers[waiter.company_id, extension] = waiter.call
        waiter.tried.update(waiter.offered)
        self.shares.offered(waiter.queue_id, waiter.offered, now_ms)

    def not_answered(self, call: Call, outcome: Outcome) -> None:
        """Whoever rang for a caller has not answered: he waits on, at his place."""
        waiter = self._by_call.get(call.id)
        if waiter is not None and waiter.rung_for:
            rest_ms = AFTER_RINGING_MS if outcome == "no_answer" else AFTER_REFUSAL_MS
            self.came_to_nothing(waiter, self._x.wall_ms() + rest_ms)

    def sent_on(self, call: Call) -> bool:
        """Somebody to whom the caller was offered sends him elsewhere; False: he waits in no queue."""
        waiter = self._by_call.get(call.id)
        if waiter is None:
            return False
        self._free_offered(waiter)
        waiter.elsewhere = True
        return True

    def came_to_nothing(self, waiter: Waiter, rest_until_ms: int) -> None:
        """None of those who rang has answered."""
        for extension in waiter.offered:
            self.rest((waiter.company_id, extension), rest_until_ms)
        self._free_offered(waiter)
        waiter.elsewhere = False
        self.stir(waiter.company_id)

    def answered(self, call: Call, leg: Leg) -> None:
        """Somebody speaks with a caller who has waited until now."""
        waiter = self._by_call.get(call.id)
        if waiter is None:
            return
        now_ms = self._x.wall_ms()
        extension = self._who(waiter, leg)
        self.waits.note(waiter.queue_id, now_ms, (now_ms - waiter.since_ms) / 1000, waiter.place)
        self.left(waiter)
        if extension:
            self._serve(waiter.queue_id, (call.company_id, extension), leg, now_ms)
            self.shares.answered(call.company_id, waiter.queue_id, extension)

    def serves_again(self, call: Call, leg: Leg) -> None:
        """After a crash: the agent's leg of a conversation that has gone on."""
        queue_id = call.situation.queue if call.situation is not None else 0
        extension = self._agent_of(call.company_id, queue_id, leg)
        if extension:
            self._serve(queue_id, (call.company_id, extension), leg, leg.answered_ms)

    def over(self, call: Call, leg: Leg) -> None:
        """A leg is over: if an agent's, he has time to wrap up (E 7.5.11)."""
        served = self._served.pop(leg.id, None)
        if served is None:
            self.stir(call.company_id)
            return
        self._stopped(served.agent)
        now_ms = self._x.wall_ms()
        company_id, extension = served.agent
        self.shares.talked(served.queue_id, extension, max(0, now_ms - served.since_ms))
        wrap_up_s = self._wrap_up_s(company_id, served.queue_id, extension)
        if wrap_up_s:
            self.rest(served.agent, now_ms + wrap_up_s * 1000)
        self.stir(call.company_id)

    def served_legs(self) -> Collection[int]:
        """The agents' legs of all conversations with callers of queues."""
        return self._served.keys()

    def configuration_changed(self) -> None:
        """Who has logged in may be free; who has logged out begins at nothing."""
        self.shares.configuration_changed()
        self.stir_all()

    # --- parts -------------------------------------------------------------------------------------------------------

    def _forget_queue(self, waiter: Waiter) -> None:
        """Nobody waits in it any more."""
        del self._waiting[waiter.queue_id]
        queues = self._queues[waiter.company_id]
        queues.remove(waiter.queue_id)
        if not queues:
            del self._queues[waiter.company_id]

    def _serve(self, queue_id: int, agent: Agent, leg: Leg, since_ms: int) -> None:
        before = self._served.get(leg.id)
        if before is not None:
            self._stopped(before.agent)
        self._served[leg.id] = Served(queue_id, agent, since_ms)
        self._serves[agent] += 1

    def _stopped(self, agent: Agent) -> None:
        self._serves[agent] -= 1
        if not self._serves[agent]:
            del self._serves[agent]

    def _free_offered(self, waiter: Waiter) -> None:
        for extension in waiter.offered:
            self.offers.pop((waiter.company_id, extension), None)
        waiter.offered = ()

    def _members(self, company_id: int, queue_id: int) -> tuple[QueueMember, ...]:
        index = self._x.directory.company(company_id)
        return index.arrangements.queue_members.get(queue_id, ()) if index is not None else ()

    def _who(self, waiter: Waiter, leg: Leg) -> str:
        """The agent who answered; "" = somebody who is none has picked the call up."""
        found = self._agent_of(waiter.company_id, waiter.queue_id, leg)
        if found or leg.device_id or len(waiter.offered) != 1:
            return found
        return waiter.offered[0]  # a forward extension, whose leg is a number outside

    def _agent_of(self, company_id: int, queue_id: int, leg: Leg) -> str:
        index = self._x.directory.company(company_id)
        user = index.users.get(leg.party.user_id) if index is not None else None
        members = self._members(company_id, queue_id)
        return next((member.extension for member in members if user and member.extension == user.extension), "")

    def _wrap_up_s(self, company_id: int, queue_id: int, extension: str) -> int:
        index = self._x.directory.company(company_id)
        queue = index.arrangements.queues.get(queue_id) if index is not None else None
        if queue is None:
            return 0
        own = next((row for row in self._members(company_id, queue_id) if row.extension == extension), None)
        return own.wrap_up_s if own is not None and own.wrap_up_s is not None else queue.wrap_up_s
