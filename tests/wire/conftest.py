"""Fixtures of the wire tests: a whole exchange, SIPp parties, real phones.

The exchange is started once for a test module; after every test it must be empty again: no call, no leg, no port in
use. Parties on 127.0.0.1 are phones, those on 127.0.0.2 and up are providers.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from arranged import ANSWERING, AREAS, ARRANGED, BANKS, LINE, LOOP_SITES, bank, e164, fill
from bench.lib.exchange import Exchange, Site
from bench.peers.baresip import Account, Baresip
from bench.peers.namespace import inside
from bench.peers.phone import register, unregister
from bench.peers.process import PeerFailed, free_port, wait_until
from bench.peers.sipp import Sipp
from ladder import Ladder
from parties import PHONES, SITES, WIRE, PhoneStarter, SippStarter, left_over, outside_caller

LONG = {
    f"test_wire_{name}"
    for name in ("codes", "codes_in_calls", "timers", "busy_colleagues", "conferences", "spoken_codes", "hot_desks",
                 "several_phones", "transfers", "operations", "queues")
}  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here talks to real peers. What takes long comes first, so that no process of several ends late."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.wire)
    items.sort(key=lambda item: item.path.stem not in LONG)


@pytest.fixture(scope="session", autouse=True)
def spoken_before(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> None:
    """What one exchange has spoken the next need not speak again, also that of another process of this run."""
    own = tmp_path_factory.getbasetemp()
    Exchange.spoken = (own if worker_id == "master" else own.parent) / "spoken"


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One exchange for the module."""
    with Exchange(tmp_path_factory.mktemp("exchange"), SITES) as exchange:
        yield exchange


@pytest.fixture(scope="session")
def arranged_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One exchange for all modules about arrangements, with the banks of phones logged in."""
    with Exchange(tmp_path_factory.mktemp("arranged"), (ARRANGED, *LOOP_SITES, AREAS), fill=fill) as exchange:
        for address, extensions in BANKS.items():
            users = [(extension, ARRANGED.password(extension)) for extension in extensions]
            register(exchange.address, address, ARRANGED.domain, users)
        yield exchange


@pytest.fixture
def exchange(running_exchange: Exchange, request: pytest.FixtureRequest) -> Iterator[Exchange]:
    """The exchange, empty before and after."""
    running_exchange.daemon.check_alive()
    running_exchange.mark_records()
    yield running_exchange
    try:
        expect_empty(running_exchange)
    except PeerFailed:
        running_exchange.stop()  # the next test is to start with an empty one
        running_exchange.start()
        raise


def expect_empty(exchange: Exchange, timeout_s: float = 5.0) -> None:
    """Raise with what is left when the exchange does not become empty."""
    try:
        wait_until(lambda: not left_over(exchange), timeout_s, "empty exchange")
    except PeerFailed:
        raise PeerFailed(f"left in the exchange: {left_over(exchange)}\n{exchange.report()}") from None


@pytest.fixture
def sipp(tmp_path: Path, running_exchange: Exchange) -> Iterator[SippStarter]:
    """Start a SIPp party: ``sipp(ladder)``; options as ``Sipp``'s. Ended with the test; its messages are shown when the
    test fails."""
    started: list[Sipp] = []
    numbers = iter(range(1000))

    def start(ladder: Ladder, *, towards: tuple[str, int] | None = None, **options: object) -> Sipp:
        name = f"{next(numbers)}-{ladder.name}"
        path = tmp_path / f"{name}.xml"
        path.write_text(ladder.xml(), encoding="latin-1")
        # Who only answers must not have a remote address: SIPp would send its responses there as well.
        remote = (towards or running_exchange.address) if ladder.begins else None
        # SIPp would put its own idea of the request URI into its credentials.
        extra = ("-auth_uri", f"{ladder.peer}@{ladder.domain}", *options.pop("options", ()))  # type: ignore[misc]
        options = {"calls": 1, "rate": 10, "trace": True, "remote": remote, **options, "options": extra}
        party = Sipp(path, cwd=tmp_path, name=name, **options)  # type: ignore[arg-type]  # passed through
        started.append(party)
        return party.start()

    with ended_with_reports(started, lambda party: party.report(), running_exchange):
        yield start


@pytest.fixture
def phone(tmp_path: Path, running_exchange: Exchange) -> Iterator[PhoneStarter]:
    """Start a registered baresip: ``phone("101", codecs=("opus",), transport="tls", encryption="srtp-mand")``.

    ``host`` is its address, ``towards`` the exchange's: by default the one that address reaches. ``namespace``: the
    network it is in. ``watches``: whose presence it shows.
    """
    started: list[Baresip] = []

    def start(
        extension: str,
        *,
        tone_hz: int = 440,
        site: Site = WIRE,
        host: str = PHONES,
        towards: str = "",
        namespace: str = "",
        watches: Sequence[str] | None = None,
        **options: object,
    ) -> Baresip:
        port = running_exchange.tls_port if options.get("transport") == "tls" else running_exchange.port
        account = Account(
            extension,
            site.domain,
            site.password(extension),
            (towards or ("::1" if host == "::1" else running_exchange.host), port),
            **options,  # type: ignore[arg-type]  # passed through
        )
        party = Baresip(account, tmp_path, tone_hz=tone_hz, host=host, namespace=namespace, watches=watches)
        started.append(party)
        return party.start()

    with ended_with_reports(started, lambda party: party.report(), running_exchange):
        yield start


@pytest.fixture
def call_in(sipp: SippStarter, exchange: Exchange) -> SippStarter:
    """Start calls from outside, all at once: ``call_in(("+31612000001", "611"), …)``; each is answered."""

    def start(
        *calls: tuple[str, str], host: str = LINE[0], headers: str = "", pause_ms: int = 0, **options: object
    ) -> Sipp:
        rows = [(caller, called if called.startswith("+") else e164(called)) for caller, called in calls]
        ladder = outside_caller("[field0]", "[field1]", exchange.host).call(headers=headers)
        ladder = (ladder.pause(pause_ms) if pause_ms else ladder).bye()
        return sipp(ladder, host=host, calls=len(rows), rows=rows, **options)

    return start


@pytest.fixture
def answering(sipp: SippStarter) -> SippStarter:
    """Start the bank of phones that answer, for so many calls: ``answering(2)``."""
    return lambda calls: sipp(bank(), host=ANSWERING[0], port=ANSWERING[1], calls=calls)


@contextlib.contextmanager
def ended_with_reports(
    started: list[Sipp] | list[Baresip], report: Callable[..., str], exchange: Exchange
) -> Iterator[None]:
    """End all parties; when the test failed, show what each saw."""
    try:
        yield
    finally:
        for party in started:
            party.stop()


@pytest.fixture
def registered(running_exchange: Exchange) -> Iterator[Callable[..., tuple[str, int]]]:
    """Register an extension's phone at a free address, for a SIPp to take: ``port=registered("102")[1]``."""
    done: list[tuple[Site, str, tuple[str, int], tuple[str, int], str]] = []

    def start(
        extension: str, site: Site = WIRE, host: str = PHONES, towards: str = "", namespace: str = ""
    ) -> tuple[str, int]:
        server = (towards or ("::1" if host == "::1" else running_exchange.host), running_exchange.port)
        with inside(namespace):
            address = (host, free_port(host))
            register(server, address, site.domain, [(extension, site.password(extension))])
        done.append((site, extension, address, server, namespace))
        return address

    yield start
    for site, extension, address, server, namespace in done:
        with inside(namespace):
            unregister(server, address, site.domain, extension, site.password(extension))
