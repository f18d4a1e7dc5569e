"""Registrations with digest a second, beside Kamailio with its registrar in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.lib.registration_load import RegistrationLoad, RegistrationStep, steps_table
from bench.lib.results import Result
from bench.lib.search import find_limit
from bench.lib.systems import StatefulProxy, SystemUnderTest, WholeExchange

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
    """Measure both on the same core, one after the other; then what a registered device costs in memory."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        with WholeExchange(directory, phones=DEVICES) as exchange:
            site = exchange.sites[0]
            logins = [(each, site.password(each)) for each in site.extensions]
            before = exchange.rss_bytes()
            RegistrationLoad(exchange, directory, logins).register_all()
            registered_bytes = exchange.rss_bytes() - before
            ours, our_steps = measure(exchange, directory, logins, start=1000)
        with StatefulProxy(directory) as proxy:
            users = [(f"{1000 + n}", proxy.password(f"{1000 + n}")) for n in range(DEVICES)]
            peer, peer_steps = measure(proxy, directory, users, start=4000)
    for title, steps in ((exchange.name, our_steps), (proxy.name, peer_steps)):
        print(f"\n{title}, growth with the rate\n\n{steps_table(steps)}\n")
    print(Result("memory_per_registered_device", registered_bytes / DEVICES / 1024, "KB"))
    print(Result(NAME, ours.rate, "registrations/s", proxy.name, peer.rate))


if __name__ == "__main__":
    main()
