"""Whose turn it is: how a queue's calls are shared out among its agents (E 7.5.7, V 23.3.11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

import msgspec

from kiestoon.company.model import HuntMember, HuntPolicy, QueueMember, QueueStrategy
from kiestoon.routing.hunting import order as hunt_order
from kiestoon.routing.situation import HuntRecord


class QueueRecord(msgspec.Struct):
    """How a queue's calls have been shared out, by extension.

    ``offered_ms``: when each agent was last offered one (wall clock), ``answered`` how many each has taken and
    ``talked_ms`` for how long, since logging in; ``last`` was the last who was offered one. ``hunt``: the same for the
    strategies queues have in common with hunt groups.
    """

    last: str = ""
    offered_ms: dict[str, int] = {}
    answered: dict[str, int] = {}
    talked_ms: dict[str, int] = {}
    hunt: HuntRecord = msgspec.field(default_factory=HuntRecord)

    def note_offer(self, extension: str, now_ms: int) -> None:
        """An agent is rung."""
        self.last = extension
        self.offered_ms[extension] = now_ms

    def note_answer(self, extension: str, hunted: Sequence[QueueMember] = ()) -> None:
        """An agent has taken a call. ``hunted``: the members, where the strategy is one of hunt groups."""
        self.answered[extension] = self.answered.get(extension, 0) + 1
        if hunted:
            self.hunt.note(extension, _as_hunt(hunted))

    def note_talk(self, extension: str, talked_ms: int) -> None:
        """The conversation is over."""
        self.talked_ms[extension] = self.talked_ms.get(extension, 0) + talked_ms

    def keep(self, extensions: frozenset[str]) -> bool:
        """Forget everybody else: who logs out begins at nothing when logging in again (E 7.5.7). True: somebody was."""
        kept = False
        for numbers in (self.offered_ms, self.answered, self.talked_ms):
            for gone in numbers.keys() - extensions:
                del numbers[gone]
                kept = True
        return kept


def is_hunted(strategy: QueueStrategy) -> bool:
    """Whether calls are shared out as in hunt groups (V 23.3.11)."""
    return strategy in _AS_HUNT


def order(
    strategy: QueueStrategy, members: Sequence[QueueMember], record: QueueRecord, random: Random
) -> tuple[str, ...]:
    """The agents' extensions, best first. ``members``: the agents in the order of their rank."""
    hunting = _AS_HUNT.get(strategy)
    if hunting is not None:
        return hunt_order(hunting, _as_hunt(members), record.hunt)
    return _ORDERS[strategy](tuple(member.extension for member in members), record, random)


def _ranked(ranked: tuple[str, ...], record: QueueRecord, random: Random) -> tuple[str, ...]:
    return ranked


def _longest_idle(ranked: tuple[str, ...], record: QueueRecord, random: Random) -> tuple[str, ...]:
    """Idle since last being offered a call of the queue, whether it was taken or not."""
    return tuple(sorted(ranked, key=lambda extension: record.offered_ms.get(extension, 0)))


def _fewest_calls(ranked: tuple[str, ...], record: QueueRecord, random: Random) -> tuple[str, ...]:
    return tuple(sorted(ranked, key=lambda extension: record.answered.get(extension, 0)))


def _least_talk(ranked: tuple[str, ...], record: QueueRecord, random: Random) -> tuple[str, ...]:
    return tuple(sorted(ranked, key=lambda extension: record.talked_ms.get(extension, 0)))


def _random(ranked: tuple[str, ...], record: QueueRecord, random: Random) -> tuple[str, ...]:
    return tuple(random.sample(ranked, len(ranked)))


def _with_memory(ranked: tuple[str, ...], record: QueueRecord, random: Random) -> tuple[str, ...]:
    """From whoever was offered the last call, then by rank, and round."""
    start = ranked.index(record.last) if record.last in ranked else 0
    return ranked[start:] + ranked[:start]


def _as_hunt(members: Sequence[QueueMember]) -> tuple[HuntMember, ...]:
    return tuple(
        HuntMember(
            id=member.id,
            company_id=member.company_id,
            hunt_group_id=0,
            extension=member.extension,
            position=member.position,
            weight=member.share,
        )
        for member in members
    )


_AS_HUNT: Final[dict[QueueStrategy, HuntPolicy]] = {
    "circular": "circular",
    "uniform": "uniform",
    "weighted": "weighted",
}
_Order = Callable[[tuple[str, ...], QueueRecord, Random], tuple[str, ...]]
_ORDERS: Final[dict[QueueStrategy, _Order]] = {
    "longest_idle": _longest_idle,
    "fewest_calls": _fewest_calls,
    "random": _random,
    "sequential": _ranked,
    "sequential_memory": _with_memory,
    "least_talk": _least_talk,
    "ring_all": _ranked,
}
