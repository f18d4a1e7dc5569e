"""Who hears whom in a context: single pairs, and one group of those who all hear each other."""

from __future__ import annotations

from collections.abc import Container, Iterable

from kiestoon.media.protocol import Topology

Edge = tuple[int, int]
SMALLEST_GROUP = 3


class Hearing:
    """The topology as commanded. All numbers are those of terminations.

    Everybody ``mixed`` hears all others of them; those ``listening`` hear all of them and are not heard. ``edges`` says
    whom a listener hears besides. What a pair says twice, or a group as well, is kept once.
    """

    __slots__ = ("edges", "listening", "mixed")

    def __init__(self) -> None:
        self.edges: dict[int, tuple[int, ...]] = {}
        """Talkers by listener."""
        self.mixed: dict[int, None] = {}
        self.listening: dict[int, None] = {}

    def replace(self, command: Topology, members: Container[int]) -> None:
        """Take over what a command says. Raises ValueError, changing nothing, when it names somebody else."""
        for talker, listener in command.edges:
            if talker not in members or listener not in members:
                raise ValueError(
                    f"edge {talker} → {listener} names a termination that is not in context {command.context}"
                )
        for number in (*command.mixed, *command.listening):
            if number not in members:
                raise ValueError(f"{number} is not in context {command.context}")
        self.mixed = dict.fromkeys(command.mixed or _everybody(command.edges))
        self.listening = {number: None for number in command.listening if number not in self.mixed}
        self.edges = self._besides(command.edges)

    def _besides(self, edges: Iterable[Edge]) -> dict[int, tuple[int, ...]]:
        """The pairs that the group does not cover, by listener."""
        mixed, listening = self.mixed, self.listening
        hears: dict[int, dict[int, None]] = {}
        for talker, listener in edges:
            if talker in mixed and talker != listener and (listener in mixed or listener in listening):
                continue
            hears.setdefault(listener, {})[talker] = None
        return {listener: tuple(talkers) for listener, talkers in hears.items()}

    def remove(self, number: int) -> None:
        """Somebody has left."""
        self.mixed.pop(number, None)
        self.listening.pop(number, None)
        self.edges.pop(number, None)
        for listener, talkers in self.edges.items():
            if number in talkers:
                self.edges[listener] = tuple(talker for talker in talkers if talker != number)

    def in_group(self, listener: int) -> bool:
        """Whether the listener hears the group."""
        return listener in self.mixed or listener in self.listening

    def hears(self, listener: int, talker: int) -> bool:
        """Whether one hears the other."""
        if talker in self.edges.get(listener, ()):
            return True
        return talker in self.mixed and talker != listener and self.in_group(listener)


def _everybody(edges: tuple[Edge, ...]) -> Iterable[int]:
    """Those in the edges, when every one of them hears all others: a group spelt out."""
    numbers = dict.fromkeys(number for edge in edges for number in edge)
    pairs = len(numbers) * (len(numbers) - 1)
    if len(numbers) < SMALLEST_GROUP or len(edges) < pairs:
        return ()
    distinct = {(talker, listener) for talker, listener in edges if talker != listener}
    return numbers if len(distinct) == pairs else ()
