"""Registrations with digest a second, beside Kamailio with its registrar in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.lib.registration_load import RegistrationLoad, RegistrationStep, steps_table
from bench.lib.results import Result
from bench.lib.search import find_limit
from bench.lib.systems import StatefulProxy, SystemUnderTest

NAME = "registrations_per_second"
CORE = 1
DEVICES = 2000


def measure(
    system: SystemUnderTest, directory: Path, users: list[tuple[str, str]], *, start: float
) -> tuple[RegistrationStep, list[RegistrationStep]]:
    """The limit and every step."""
    load = RegistrationLoad(system, directory, users)
    load.register_all()
    return find_limit(lambda rate: load.step(rate, 4.0), start=start)


def main() -> None:
    """Measure both on the same core, one after the other."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        with StatefulProxy(directory) as proxy:
            users = [(f"{1000 + n}", proxy.password(f"{1000 + n}")) for n in range(DEVICES)]
            peer, peer_steps = measure(proxy, directory, users, start=2000)
        print(f"\n{proxy.name}, growth with the rate\n\n{steps_table(peer_steps)}\n")
        print(Result(NAME, peer.rate, "registrations/s", proxy.name, peer.rate))


if __name__ == "__main__":
    main()
