"""Lamps on a whole exchange: how soon a hundred watchers see a phone ring, and what 50,000 subscriptions cost.

A thousand phones watch fifty lamps each. Then every lamp changes at once (do not disturb, by a change of configuration)
while the exchange is asked how busy it is; then the control process is killed and has to tell everybody the truth.
"""

from __future__ import annotations

import os
import signal
import statistics
import tempfile
import time
from pathlib import Path

import msgspec

from bench.lib.results import Result, percentile
from bench.lib.systems import WholeExchange
from bench.peers.process import free_port, rss_bytes
from bench.peers.watchers import WatchBank
from kiestoon.company.model import Company, User
from kiestoon.store.database import Database
from kiestoon.store.installation import prepare
from kiestoon.store.load import list_rows
from kiestoon.store.write import changing

CORE = 1
PHONES = 1000
LAMPS = 50
WATCHERS = 100
ROUNDS = 100


class Caller:
    """Calls in over the trunk from the bank's socket, and gives up before anybody answers."""

    def __init__(self, bank: WatchBank, number: str) -> None:
        self.bank = bank
        self.uri = f"sip:{number}@{bank.server[0]}"
        self.serial = 0

    def ring(self) -> float:
        """Call; when the phone began to ring."""
        self.serial += 1
        rung = self.bank.rings
        self._send("INVITE")
        assert self.bank.pump(lambda: self.bank.rings > rung, 5), "the phone does not ring"
        return self.bank.ringing_at

    def give_up(self) -> float:
        """Cancel; when that was sent."""
        began = time.monotonic()
        self._send("CANCEL")
        return began

    def acknowledge(self) -> None:
        """The call has been refused: it is over."""
        self._send("ACK")

    def _send(self, method: str) -> None:
        host, port = self.bank.host, self.bank.port
        sdp = f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 9000 RTP/AVP 8\r\n"
        body = sdp if method == "INVITE" else ""
        content = "Content-Type: application/sdp\r\n" if body else ""
        text = (
            f"{method} {self.uri} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bKc{self.serial}\r\n"
            f"From: <sip:+31612345678@{host}>;tag=c\r\nTo: <{self.uri}>\r\nCall-ID: call{self.serial}\r\n"
            f"CSeq: 1 {method}\r\nContact: <sip:{host}:{port}>\r\nMax-Forwards: 70\r\n{content}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self.bank.socket.sendto(text.encode(), self.bank.server)


def one_lamp(bank: WatchBank, caller: Caller) -> list[float]:
    """Seconds from the moment a phone rings, and from the moment its caller gives up, to each watcher's NOTIFY."""
    delays: list[float] = []
    for _ in range(ROUNDS):
        for happens in (caller.ring, caller.give_up):
            bank.arrivals.clear()
            began = happens()
            assert bank.pump(lambda: len(bank.arrivals) >= WATCHERS, 5), f"only {len(bank.arrivals)} heard of it"
            delays += [at - began for at in bank.arrivals]
        caller.acknowledge()
        bank.pump(lambda: False, 0.05)
    return delays


def subscribe_many(exchange: WholeExchange, bank: WatchBank) -> int:
    """Every phone watches fifty others; returns how many subscriptions that makes."""
    site = exchange.sites[0]
    phones = site.extensions
    wanted = [
        (each, site.password(each), phones[(at + 17 * step + 1) % PHONES])
        for at, each in enumerate(phones)
        for step in range(LAMPS)
    ]
    memory, cpu, began, had = exchange.rss_bytes(), exchange.cpu_s(), time.monotonic(), bank.accepted
    bank.subscribe_all(wanted)
    number, elapsed = bank.accepted - had, time.monotonic() - began
    print(Result("subscribing", number / elapsed, "subscriptions/s"))
    print(Result("cpu_per_subscribe", (exchange.cpu_s() - cpu) / number * 1e6, "us"))
    bank.pump(lambda: False, 40)  # until the transactions are over
    print(Result("memory_per_subscription", (exchange.rss_bytes() - memory) / number / 1024, "KB"))
    return number


def all_lamps(exchange: WholeExchange, bank: WatchBank, number: int) -> None:
    """Everybody wants peace already; now the company wants that to be seen."""
    database = Database(exchange.settings.database_url)
    vault = prepare(database, exchange.settings.key_path)
    with changing(database, vault, acting_user="bench") as changes:
        company = next(iter(list_rows(database, Company)))
        changes.update(msgspec.structs.replace(company, lamp_do_not_disturb=False))
        for row in list_rows(database, User):
            changes.update(msgspec.structs.replace(row, do_not_disturb=True))
    exchange.ask("reload")
    bank.pump(lambda: False, 3)
    bank.arrivals.clear()
    with changing(database, vault, acting_user="bench") as changes:
        company = next(iter(list_rows(database, Company)))
        changes.update(msgspec.structs.replace(company, lamp_do_not_disturb=True))
    database.close()
    cpu = exchange.cpu_s()
    exchange.ask("reload")
    end = time.monotonic() + 120
    while len(bank.arrivals) < number and time.monotonic() < end:
        bank.ask()
        bank.pump(lambda: False, 0.02)
        bank.take_answers()
    assert len(bank.arrivals) >= number, f"only {len(bank.arrivals)} of {number} were told"
    print(Result("notify_rate", number / (bank.arrivals[number - 1] - bank.arrivals[0]), "NOTIFYs/s"))
    print(Result("cpu_per_notify", (exchange.cpu_s() - cpu) / number * 1e6, "us"))
    print(Result("answer_p99_meanwhile", percentile(bank.round_trips, 99) * 1000, "ms"))
    print(Result("answer_max_meanwhile", max(bank.round_trips) * 1000, "ms"))


def crash(exchange: WholeExchange, bank: WatchBank, number: int) -> None:
    """kill -9: how long until the first and the last watcher has been told how things stand."""
    pid = int(exchange.ask("ping")["pid"])
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    bank.pump(lambda: False, 0.02)  # what was still on its way
    bank.arrivals.clear()
    bank.notified.clear()
    assert bank.pump(lambda: bool(bank.arrivals), 60), "nobody is told anything"
    print(Result("first_told_after_kill", bank.arrivals[0] - began, "s"))
    assert bank.pump(lambda: len(bank.notified) >= number, 300), f"only {len(bank.notified)} of {number} were told"
    print(Result("all_told_after_kill", max(bank.notified.values()) - began, "s"))
    pid = int(exchange.ask("ping")["pid"])
    print(Result("memory_after_kill", rss_bytes(pid) / 1024 / 1024, "MB"))


def main() -> None:
    """The control process has the server core, the phones the load core."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, WholeExchange(Path(name), phones=PHONES) as exchange:
        site = exchange.sites[0]
        port = free_port()
        number = exchange.callees(("127.0.0.1", port), 1)[0].user
        bank = WatchBank(exchange.address, site.domain, port)
        watched = site.extensions[0]
        bank.subscribe_all((each, site.password(each), watched) for each in site.extensions[:WATCHERS])
        assert bank.pump(lambda: len(bank.notified) >= WATCHERS, 10)
        delays = one_lamp(bank, Caller(bank, number))
        print(Result("lamp_to_100_watchers_p50", statistics.median(delays) * 1000, "ms"))
        print(Result("lamp_to_100_watchers_p99", percentile(delays, 99) * 1000, "ms"))
        print(Result("lamp_to_100_watchers_max", max(delays) * 1000, "ms"))
        subscriptions = subscribe_many(exchange, bank)
        all_lamps(exchange, bank, subscriptions)
        crash(exchange, bank, subscriptions + WATCHERS)
        bank.close()


if __name__ == "__main__":
    main()
