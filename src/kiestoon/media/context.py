"""A context: terminations and who hears whom."""

from __future__ import annotations

from collections.abc import Iterable

from kiestoon.media.relay import RelayPlan, Route
from kiestoon.media.shared import Shared
from kiestoon.media.termination import Termination


class Context:
    """``edges`` are (talker, listener) pairs of termination numbers; not listed is not heard."""

    __slots__ = ("_shared", "edges", "members", "number")

    def __init__(self, number: int, shared: Shared) -> None:
        self.number = number
        self.members: dict[int, Termination] = {}
        self.edges: frozenset[tuple[int, int]] = frozenset()
        self._shared = shared

    def arrange(self, edges: Iterable[tuple[int, int]]) -> None:
        """Replace the topology. Raises ValueError when an edge names no member."""
        wanted = frozenset(edges)
        for talker, listener in wanted:
            if talker not in self.members or listener not in self.members:
                raise ValueError(f"edge {talker} → {listener} names a termination that is not in context {self.number}")
        self.edges = wanted
        self.wire()

    def remove(self, termination: Termination) -> None:
        """Take a member out, with its edges."""
        number = termination.number
        del self.members[number]
        self.edges = frozenset(edge for edge in self.edges if number not in edge)
        _unplug(termination)
        self.wire()

    def wire(self) -> None:
        """Bring routes, decoders and encoders in line with topology, agreements and signals."""
        routes: dict[int, list[Route]] = {number: [] for number in self.members}
        for listener in self.members.values():
            route = self._route_to(listener)
            listener.route_in = route
            if route is not None:
                routes[route.talker.number].append(route)
        for number, talker in self.members.items():
            talker.routes = routes[number]
            only = talker.routes[0] if len(talker.routes) == 1 else None
            plain = only is not None and only.fast and talker.intake is None and talker.decryption is None
            talker.fast = only if plain else None

    def talkers_to(self, listener: Termination) -> list[Termination]:
        """Who the listener hears."""
        number = listener.number
        members = self.members
        return [members[talker] for talker, hearer in self.edges if hearer == number and members[talker].speaks]

    def telephone_event(self, talker: Termination, payload: bytes, timestamp: int, *, started: str) -> None:
        """Pass a telephone event on to listeners no route leads to."""

    def _route_to(self, listener: Termination) -> Route | None:
        """The route that feeds the listener; None when nobody does or samples must be touched."""
        if not listener.hears or listener.stream is None:
            return None
        talkers = self.talkers_to(listener)
        if len(talkers) != 1:
            return None
        talker = talkers[0]
        assert talker.stream is not None  # it speaks  # noqa: S101 (narrows the type)
        plan = RelayPlan(talker.stream, talker.codec, listener.stream)
        if not plan.possible:
            return None
        route = listener.route_in
        if route is None or route.talker is not talker:
            return Route(talker, listener, plan)
        route.follow(plan)
        return route


def _unplug(termination: Termination) -> None:
    """Cut every reference to others, so that nothing is kept alive in a cycle."""
    termination.routes = []
    termination.fast = None
    termination.route_in = None
