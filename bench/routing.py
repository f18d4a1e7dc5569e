"""How much processor time a routing decision takes in companies of 1,000 to 100,000 extensions.

They have typical arrangements. Calls inside, from outside to personal numbers and to hunt groups behind number plans,
and outward to numbers seen before are measured together; outward calls to numbers never seen (numbering-plan look-up
included) apart. Of three measurements of each call the shortest counts, so that other work on the machine does not; a
number never seen is measured once. Last line: the 99th percentile of the mixture for 10,000 extensions.
"""

from __future__ import annotations

import gc
import random
import time
from datetime import UTC, datetime

from bench.lib.companies import GROUP, build_rows, extension, group_number, personal_number
from kiestoon.company.directory import Directory
from kiestoon.routing import Assumed, FromDevice, FromTrunk, Origin, Refuse, route, see_outsider

CALLS = 20_000
SIZES = (1_000, 10_000, 100_000)
WANTED = 10_000
LIVE = Assumed(now_ms=int(datetime(2026, 3, 2, 11, 0, tzinfo=UTC).timestamp() * 1000))
"""Monday noon: schedules and statuses are on."""


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)] * 1e6


def measure(directory: Directory, calls: list[tuple[Origin, str]]) -> list[float]:
    times = []
    stranger = see_outsider("+31701234567", withheld=False, country="NL")
    for origin, dialled in calls:
        caller = stranger if isinstance(origin, FromTrunk) else None
        start = time.thread_time()  # the machine may have other work; a decision itself never waits
        decision = route(directory, origin, dialled, live=LIVE, caller=caller)
        times.append(time.thread_time() - start)
        assert not isinstance(decision.step, Refuse), (dialled, decision)
    return times


def best_of(directory: Directory, calls: list[tuple[Origin, str]], passes: int = 3) -> list[float]:
    """The shortest time of each call."""
    return [min(times) for times in zip(*(measure(directory, calls) for _ in range(passes)), strict=True)]


def run(users: int) -> float:
    """The mixture's 99th percentile in µs."""
    random.seed(users)
    directory = Directory([build_rows(users)])
    index = directory.company(1)
    assert index is not None
    devices = list(index.devices.values())
    trunk = FromTrunk(index.trunks)
    known = [f"0070{random.randrange(10**6, 10**7)}" for _ in range(2_000)]

    def caller() -> FromDevice:
        return FromDevice(random.choice(devices))

    def some() -> int:
        return random.randrange(users)

    inside: list[tuple[Origin, str]] = [(caller(), extension(some())) for _ in range(CALLS // 4)]
    personal: list[tuple[Origin, str]] = [(trunk, personal_number(1, some())) for _ in range(CALLS // 4)]
    groups: list[tuple[Origin, str]] = [
        (trunk, group_number(1, users, random.randrange(users // GROUP))) for _ in range(CALLS // 4)
    ]
    outside: list[tuple[Origin, str]] = [(caller(), random.choice(known)) for _ in range(CALLS // 4)]
    fresh: list[tuple[Origin, str]] = [(caller(), f"006{random.randrange(10**7, 10**8)}") for _ in range(CALLS // 4)]
    gc.collect()
    gc.freeze()
    cold = measure(directory, fresh)
    measure(directory, outside + groups)  # tables of the week are made when first asked for
    kinds = {"inside": inside, "personal": personal, "groups": groups, "outside": outside}
    told = {name: best_of(directory, calls) for name, calls in kinds.items()}
    mixture = [each for times in told.values() for each in times]
    gc.unfreeze()
    parts = ", ".join(
        f"{name} {percentile(times, 0.5):.0f}/{percentile(times, 0.99):.0f}" for name, times in told.items()
    )
    print(
        f"routing, {users} extensions: p50 {percentile(mixture, 0.5):.1f}, p99 {percentile(mixture, 0.99):.1f} µs "
        f"(p50/p99: {parts}); never-seen outside numbers {percentile(cold, 0.5):.0f}/{percentile(cold, 0.99):.0f}"
    )
    return percentile(mixture, 0.99)


def main() -> None:
    """Print the growth, then the figure."""
    figures = {users: run(users) for users in SIZES}
    print(f"routing: {figures[WANTED]:.1f} µs p99 per decision")


if __name__ == "__main__":
    main()
