"""How long a routing decision takes, one company of 1,000 and of 10,000 extensions.

Three kinds of dialled numbers: extensions, outside numbers seen before, and outside numbers never seen (numbering-plan
look-up included). Last line: the 99th percentile over an equal mixture of the first two for 10,000 extensions.
"""

from __future__ import annotations

import gc
import random
import time

from kiestoon.company.directory import Directory
from kiestoon.company.model import Company, CompanyRows, Device, Location, Number, Trunk, User
from kiestoon.routing import DialOutside, FromDevice, FromTrunk, Origin, RingUser, route

CALLS = 20_000
TRUNK = Trunk(id=1, name="Line", kind="peer", host="192.0.2.9", sources=("192.0.2.9",))


def build(extensions: int) -> Directory:
    rows = CompanyRows(
        company=Company(id=1, name="Town", domain="town.example", extension_digits=5, emergency_number="+31207000000"),
        locations=(Location(id=1, company_id=1, name="Hall", area_code="020"),),
        users=tuple(
            User(id=n, company_id=1, extension=str(10_000 + n), name=f"User {n}", location_id=1)
            for n in range(extensions)
        ),
        devices=tuple(
            Device(id=n, company_id=1, username=f"d{n}", secret="s", user_id=n // 2) for n in range(extensions * 2)
        ),
        numbers=tuple(
            Number(id=n, company_id=1, e164=f"+31207{n:06}", extension=str(10_000 + n)) for n in range(extensions)
        ),
        trunks=(TRUNK,),
    )
    return Directory([rows])


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)] * 1e6


def measure(directory: Directory, calls: list[tuple[Origin, str]], expected: type) -> list[float]:
    times = []
    for origin, dialled in calls:
        start = time.perf_counter()
        decision = route(directory, origin, dialled)
        times.append(time.perf_counter() - start)
        assert isinstance(decision.step, expected), (dialled, decision)
    return times


def run(extensions: int) -> float:
    """The mixture's 99th percentile in µs."""
    random.seed(extensions)
    directory = build(extensions)
    index = directory.company(1)
    assert index is not None
    devices = list(index.devices.values())
    known = [f"0070{random.randrange(10**6, 10**7)}" for _ in range(2_000)]

    def caller() -> FromDevice:
        return FromDevice(random.choice(devices))

    inside: list[tuple[Origin, str]] = [
        (caller(), str(10_000 + random.randrange(extensions))) for _ in range(CALLS // 2)
    ]
    incoming: list[tuple[Origin, str]] = [
        (FromTrunk((TRUNK,)), f"+31207{random.randrange(extensions):06}") for _ in range(CALLS // 2)
    ]
    outside: list[tuple[Origin, str]] = [(caller(), random.choice(known)) for _ in range(CALLS)]
    fresh: list[tuple[Origin, str]] = [
        (caller(), f"0006{random.randrange(10**7, 10**8)}"[1:]) for _ in range(CALLS // 4)
    ]
    gc.collect()
    gc.freeze()
    cold = measure(directory, fresh, DialOutside)
    measure(directory, outside, DialOutside)
    mixture = measure(directory, inside + incoming, RingUser) + measure(directory, outside, DialOutside)
    gc.unfreeze()
    print(
        f"routing, {extensions} extensions: p50 {percentile(mixture, 0.5):.1f}, "
        f"p99 {percentile(mixture, 0.99):.1f} µs; "
        f"never-seen outside numbers p50 {percentile(cold, 0.5):.0f}, p99 {percentile(cold, 0.99):.0f} µs"
    )
    return percentile(mixture, 0.99)


def main() -> None:
    """Print the growth, then the figure."""
    p99 = 0.0
    for extensions in (1_000, 10_000):
        p99 = run(extensions)
    print(f"routing: {p99:.1f} µs p99 per decision")


if __name__ == "__main__":
    main()
