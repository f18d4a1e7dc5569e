"""What the four machines have in common: the parts of the layer they act on, timers, and the step through a table."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from kiestoon.sip.flow import RELIABLE, Destination, Flow, Output, Send
from kiestoon.sip.message import Message, Request
from kiestoon.sip.transaction.events import TimedOut, TransactionEvent, TransportFailed
from kiestoon.sip.transaction.timers import NEVER, TICKS_PER_SECOND, TimerValues, TimerWheel

TERMINATED = "terminated"


class Transaction(msgspec.Struct, gc=False, eq=False, kw_only=True):
    """State shared by all four machines.

    Hidden from the garbage collector (``gc=False``) because there are over a hundred thousand of them under load: so
    nothing a transaction refers to may refer back to it. ``request`` is let go with the final response; what remains
    for the rest of the transaction's life is the key and the bytes to retransmit.
    """

    key: str
    method: str
    to: Destination
    state: str
    request: Request | None
    packet: Send | None = None
    resend_at: float = NEVER
    expires_at: float = NEVER
    interval_s: float = 0.0
    tick: int = -1

    @property
    def terminated(self) -> bool:
        return self.state == TERMINATED

    @property
    def reliable(self) -> bool:
        return self.to.transport in RELIABLE


Action: TypeAlias = Callable[[Any, "Wiring", Message | None, Flow | None, float], None]
"""What a transition does: (transaction, wiring, message, flow it came over, now)."""
Table: TypeAlias = Mapping[tuple[str, str], tuple[str, tuple[Action, ...]]]
"""(state, input) → (next state, actions in order)."""


class Wiring:
    """The layer's insides, handed to the machines' actions: where they put what comes out, and where they live."""

    __slots__ = ("clients", "events", "merged", "outputs", "servers", "tables", "values", "wheel")

    def __init__(self, values: TimerValues, tables: Mapping[type, Table]) -> None:
        self.values = values
        self.tables = tables
        self.outputs: deque[Output] = deque()
        self.events: deque[TransactionEvent] = deque()
        self.wheel: TimerWheel[Any] = TimerWheel()
        self.clients: dict[str, Any] = {}
        self.servers: dict[str, Any] = {}
        # Call-ID/From tag/CSeq of live requests without To tag, hashed, to detect merged ones (RFC 3261 §8.2.2.2).
        self.merged: set[int] = set()

    def forget(self, transaction: Any) -> None:
        """The transaction is over. The wheel may hold it a little longer, so the bytes go at once."""
        transaction.state = TERMINATED
        transaction.packet = None
        transaction.tick = -1
        if self.clients.pop(transaction.key, None) is None and self.servers.pop(transaction.key, None) is not None:
            self.merged.discard(transaction.merge_key)


def step(
    transaction: Any,
    wiring: Wiring,
    what: str,
    now: float,
    *,
    message: Message | None = None,
    flow: Flow | None = None,
) -> bool:
    """Put one input through the machine's table. False when the state has no place for it (it is then ignored, as §17
    says)."""
    row = wiring.tables[type(transaction)].get((transaction.state, what))
    if row is None:
        return False
    transaction.state, actions = row
    for action in actions:
        action(transaction, wiring, message, flow, now)
    if transaction.state == TERMINATED:
        wiring.forget(transaction)
    else:
        schedule(transaction, wiring)
    return True


def schedule(transaction: Transaction, wiring: Wiring) -> None:
    """See to it that the wheel wakes the transaction for the earlier of its two timers."""
    wake = min(transaction.resend_at, transaction.expires_at)
    if wake == NEVER:
        transaction.tick = -1
    elif int(wake * TICKS_PER_SECOND) != transaction.tick:
        transaction.tick = wiring.wheel.add(wake, transaction)


def which_timer(transaction: Transaction, tick: int) -> str:
    """Which of the two timers the wheel's ``tick`` means: the one ending the state wins over retransmission."""
    return "expire" if transaction.expires_at * TICKS_PER_SECOND < tick + 1 else "retransmit"


def status_class(status: int) -> str:
    """The name of a response's class in the tables."""
    return "1xx" if status < 200 else "2xx" if status < 300 else "300-699"


# --- actions more than one machine takes ----------------------------------------------------------------------------


def resend(transaction: Transaction, wiring: Wiring, _message: object, _flow: object, _now: float) -> None:
    """Send the last packet again."""
    if transaction.packet is not None:
        wiring.outputs.append(transaction.packet)


def linger(transaction: Transaction, wiring: Wiring, now: float, lifetime_s: float) -> None:
    """Nothing is sent again by itself; what was sent is kept for repetitions, not at all on reliable transports."""
    transaction.resend_at = NEVER
    if transaction.reliable:
        wiring.forget(transaction)
    else:
        transaction.expires_at = now + lifetime_s


def time_out(transaction: Transaction, wiring: Wiring, _message: object, _flow: object, _now: float) -> None:
    wiring.events.append(TimedOut(transaction))  # type: ignore[arg-type]  # always one of the four


def fail(transaction: Transaction, wiring: Wiring, _message: object, _flow: object, _now: float) -> None:
    wiring.events.append(TransportFailed(transaction))  # type: ignore[arg-type]  # always one of the four
