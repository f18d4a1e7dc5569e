"""What queues cost: an event that sets an agent free while others wait, and what an ordinary call costs more meanwhile.

The exchange is the one in memory, so that nothing but processor time is measured. All agents speak; a caller hangs up,
whose agent is offered to the first who waits, and takes him; somebody else comes and waits.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import deque

import msgspec

from bench.lib.memory_exchange import (
    ABILITIES,
    ANSWER,
    PHONE,
    TRUNK,
    Caller,
    MemoryExchange,
    extension,
    freeze,
    from_phone,
    town,
)
from bench.lib.results import Result, table
from kiestoon.calls.sharing_journal import AgentShare, QueueState, encode_share
from kiestoon.company.model import CompanyRows, Number, Queue, QueueMember

WAITING, AGENTS = (10, 100, 1000), (10, 100, 500)
OTHERS = 100
"""Phones of people who are no agents: ordinary calls go to them."""
NUMBER = 999_999
"""The queue's, as ``Caller`` numbers them."""


def rows(agents: int) -> CompanyRows:
    """A town with a queue whose agents come after the others."""
    plain = town(OTHERS + agents)
    queue = Queue(id=1, company_id=1, extension="900", name="Support", limit=1000)
    members = tuple(
        QueueMember(id=at + 1, company_id=1, queue_id=1, extension=extension(OTHERS + at), position=at)
        for at in range(agents)
    )
    number = Number(id=1_000_000, company_id=1, e164=f"+31201{NUMBER:06d}", extension="900")
    return msgspec.structs.replace(plain, queues=(queue,), queue_members=members, numbers=(*plain.numbers, number))


class Support:
    """A queue all of whose agents speak, with so many callers waiting."""

    def __init__(self, agents: int, waiting: int) -> None:
        self.exchange = MemoryExchange(OTHERS + agents, rows(agents))
        self.exchange.devices = OTHERS
        self.exchange.exchange.queues.shares.on_share = self._keep
        self.journal_bytes = 0
        self._serial = 10_000_000
        self._waiting: deque[Caller] = deque()
        self._speaking: deque[tuple[Caller, int]] = deque()
        for _ in range(agents):
            self._take(self.come())
        for _ in range(waiting):
            if any(data.startswith(b"INVITE") for data in self.come()):
                raise RuntimeError("an agent is called although all speak")

    def _keep(self, share: QueueState | AgentShare) -> None:
        self.journal_bytes += len(encode_share(share))

    @property
    def length(self) -> int:
        """How many wait, as the exchange has it."""
        return self.exchange.exchange.queues.length(1)

    def come(self) -> list[bytes]:
        """Somebody calls, is answered and waits; what the exchange sent."""
        self._serial += 1
        caller = Caller(self._serial, NUMBER)
        sent = self.exchange.take(caller.invite(), TRUNK)
        caller.learn(next(data for data in sent if data.startswith(b"SIP/2.0 200")))
        self._waiting.append(caller)
        return [*sent, *self.exchange.take(caller.ack(), TRUNK)]

    def hang_up(self) -> tuple[float, list[bytes]]:
        """Whoever speaks for longest hangs up: seconds of processor time, and what the exchange sent."""
        caller, number = self._speaking.popleft()
        begun = time.process_time()
        sent = self.exchange.take(caller.bye(), TRUNK)
        spent_s = time.process_time() - begun
        bye = next(data for data in sent if data.startswith(b"BYE"))
        return spent_s, [*sent, *self.exchange.take(from_phone(bye, "200 OK", number), PHONE)]

    def go_on(self) -> float:
        """Hang up, be offered and taken, and another one comes; seconds of processor time for the hanging up."""
        spent_s, sent = self.hang_up()
        self._take(sent)
        self.come()
        self.exchange.pass_time(0.01)
        return spent_s

    def _take(self, sent: list[bytes]) -> None:
        """The agent who is called answers; the first who waits is told."""
        (invite,) = (data for data in sent if data.startswith(b"INVITE"))
        self._serial += 1
        self.exchange.take(from_phone(invite, "180 Ringing", self._serial), PHONE)
        sent = self.exchange.take(from_phone(invite, "200 OK", self._serial, ABILITIES, ANSWER), PHONE)
        for update in (data for data in sent if data.startswith(b"UPDATE")):
            self.exchange.take(from_phone(update, "200 OK", self._serial), TRUNK)
        self._speaking.append((self._waiting.popleft(), self._serial))


def ordinary_us(exchange: MemoryExchange, calls: int) -> float:
    """Processor time of an ordinary call, the best of three."""
    return min(exchange.run(at * calls, calls) for at in range(3)) * 1e6


def measure(agents: int, waiting: int, rounds: int) -> tuple[str, ...]:
    """One line of the table."""
    support = Support(agents, waiting)
    freeze()
    before = support.journal_bytes
    freed_us = statistics.median(support.go_on() for _ in range(rounds)) * 1e6
    kept = (support.journal_bytes - before) / rounds / 1000
    if support.length != waiting:
        raise RuntimeError(f"{support.length} wait instead of {waiting}")
    return str(waiting), str(agents), f"{freed_us:.0f}", f"{kept:.1f}", f"{ordinary_us(support.exchange, rounds):.0f}"


def main() -> None:
    """Each size; then what an ordinary call costs where nobody waits, with and without a queue."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    without = MemoryExchange(OTHERS)
    idle = MemoryExchange(OTHERS + 100, rows(100))
    idle.devices = OTHERS
    freeze()
    plain_us, idle_us = ordinary_us(without, 5 * rounds), ordinary_us(idle, 5 * rounds)
    lines = [measure(agents, waiting, rounds) for agents in AGENTS for waiting in WAITING]
    print("\nAll agents speak, one becomes free\n")
    print(
        table(
            (
                "waiting",
                "agents",
                "us for who hangs up and the next offer",
                "KB of shares kept per call",
                "us for an ordinary call",
            ),
            lines,
        )
    )
    print(Result("ordinary_call_without_queues", plain_us, "us"))
    print(Result("ordinary_call_nobody_waits", idle_us, "us"))
    print(Result("agent_free_100_wait_100_agents", float(lines[4][2]), "us"))
    print(Result("agent_free_1000_wait_500_agents", float(lines[-1][2]), "us"))
    print(Result("ordinary_call_1000_wait_500_agents", float(lines[-1][4]), "us"))


if __name__ == "__main__":
    main()
