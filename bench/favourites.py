"""What it costs call control to tell how somebody's favourites stand, by how many there are and how many telephone.

The exchange is the one in memory, so that nothing but processor time is measured. Everybody has a presence that ends by
itself and a week of situations; half of the people may be in calls.
"""

from __future__ import annotations

import argparse
import time

import msgspec

from bench.lib.memory_exchange import MemoryExchange, extension, freeze, town
from bench.lib.results import Result, table
from kiestoon.app.line_view import LineView
from kiestoon.company.model import CompanyRows, Presence, ReachStatus, WeekBlock

PEOPLE = 1000
FAVOURITES, CALLS = (10, 100, 1000), (0, 500)
OFFICE = tuple(WeekBlock(day, 540, 1020) for day in range(5))


def rows() -> CompanyRows:
    """A town of people who have said where they are."""
    plain = town(PEOPLE)
    ends_ms = int(time.time() * 1000) + 3_600_000
    presences, statuses = [], []
    for user in plain.users:
        own = {"id": user.id, "company_id": 1, "user_id": user.id}
        presences.append(Presence(**own, status="meeting", until_ms=ends_ms))  # type: ignore[arg-type]  # as it says
        statuses.append(ReachStatus(**own, name="Office", blocks=OFFICE))  # type: ignore[arg-type]  # as it says
    return msgspec.structs.replace(plain, presences=tuple(presences), reach_statuses=tuple(statuses))


def measure(view: LineView, favourites: int, rounds: int) -> float:
    """Processor time for all of them in microseconds, the best of the rounds."""
    wanted = [extension(at) for at in range(favourites)]
    best = float("inf")
    for _ in range(rounds):
        begun = time.process_time()
        found = view.lines(company_id=1, user_id=1, extensions=wanted)
        best = min(best, time.process_time() - begun)
        if len(found) != favourites:
            raise RuntimeError(f"{len(found)} of {favourites} are told")
    return best * 1e6


def main() -> None:
    """Nobody telephones, then half of them do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    memory = MemoryExchange(PEOPLE, rows())
    view = LineView(memory.exchange, memory.lamps)
    lines, last_us = [], 0.0
    for calls in CALLS:
        for number in range(calls):
            memory.open(number)
        freeze()
        for favourites in FAVOURITES:
            last_us = measure(view, favourites, rounds)
            lines.append((str(favourites), str(calls), f"{last_us:.0f}", f"{last_us / favourites:.1f}"))
    print()
    print(table(("favourites", "calls", "us for all", "us for one"), lines))
    print(Result("favourite_of_1000_while_500_speak", last_us / FAVOURITES[-1], "us"))


if __name__ == "__main__":
    main()
