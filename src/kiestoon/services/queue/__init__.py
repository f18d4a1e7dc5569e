"""Waiting in a queue: an introduction, music, where one stands, until an agent is found (E 7.3, V 23.2.8-11).

Agents are rung for the caller beside all this (``calls/queues``), and whoever answers ends it. Whom nobody answers may
leave by a key, is sent on when he has waited too long, and waits on where that comes to nothing: nobody is lost.
"""

from __future__ import annotations

from msgspec.structs import replace

from kiestoon.calls import story
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.queues import Waiter
from kiestoon.calls.queues.distributing import MOST_REASONS, agent_is_free, withdraw
from kiestoon.calls.service_data import Queued
from kiestoon.company.model import Queue
from kiestoon.routing import Decision
from kiestoon.routing.queue_leaving import leave_by_key, leave_deserted, leave_late
from kiestoon.services.queue.program import AGAIN_MS, Due, Program
from kiestoon.services.queue.words import comfort, introduction, playlist, where_you_stand
from kiestoon.speech import Phrase

LEAVE_KEY = "1"
RINGBACK_S = 5.0
"""One ring and the pause after it."""
_GAP_S = 0.1
"""After a message; a key pressed meanwhile counts."""


async def queue(caller: Conversation, argument: Queue | Queued) -> None:
    """Wait; ends only by moving on or hanging up. After a crash, at the place one had."""
    x = caller.exchange
    data = argument if isinstance(argument, Queued) else Queued(argument.id, x.wall_ms())
    row = _row(caller, data)
    if row is None:  # it has been deleted since he came
        await caller.answer()
        await caller.say("unreachable")
        return
    waiter = x.queues.join(caller.call, row, data.since_ms)
    caller.keep(data)
    caller.speak(row.language or caller.language)  # for good: he is told, too, that the company is no more
    try:
        data = await _arrive(caller, row, data)
        await _Waiting(caller, waiter, data).go_on()
    finally:
        x.queues.gone(caller.call_id)


async def _arrive(caller: Conversation, row: Queue, data: Queued) -> Queued:
    """What is heard before the waiting begins, and is not interrupted (E 7.5.17, E 7.5.18)."""
    x, fresh = caller.exchange, not data.ready_ms
    if fresh and row.ringback:
        caller.ring()
        await caller.pause(RINGBACK_S)
        caller.hush()
    if caller.leg.state == "answered":
        story.turn(x, caller.call, "service", row.extension, "queue")
    await caller.answer()
    if fresh and row.introduction and not (row.skip_introduction and agent_is_free(x, caller.call, row)):
        for part in introduction(caller, row):
            await (caller.play(part) if isinstance(part, str) else caller.say(part))
    if fresh:
        data = replace(data, ready_ms=x.wall_ms())
        caller.keep(data)
    return data


def _row(caller: Conversation, data: Queued) -> Queue | None:
    index = caller.index
    return index.arrangements.queues.get(data.queue_id) if index is not None else None


class _Waiting:
    """One caller's waiting."""

    def __init__(self, caller: Conversation, waiter: Waiter, data: Queued) -> None:
        self._caller = caller
        self._waiter = waiter
        self._data = data
        self._program = Program(data)
        self._rings = False

    async def go_on(self) -> None:
        """Play what is due, listen for the key; returns when the queue is no more, and nobody was reached."""
        caller = self._caller
        while (row := _row(caller, self._data)) is not None:
            self._let_agents_ring(row)
            decision = self._way_out(row)
            if decision is not None:
                await self._go(decision)
                continue
            due = self._program.next(row, playlist(caller, row.infotainment_playlist), caller.exchange.wall_ms())
            key = await self._listen(row, due)
            if key == LEAVE_KEY:
                await self._leave_by_key(row)
        await caller.say("unreachable")

    def _let_agents_ring(self, row: Queue) -> None:
        self._waiter.until_ms = self._program.sent_on_ms(row)
        if not self._waiter.ready:
            self._waiter.ready = True
            self._caller.exchange.queues.stir(self._waiter.company_id)

    async def _listen(self, row: Queue, due: Due) -> str:
        """Music until something is due, then that; the key pressed meanwhile."""
        caller = self._caller
        key = await self._music(row, due.in_s) if due.in_s > 0 else ""
        if key or due.what == "look":
            return key
        self._rings = False
        self._program.done(due, caller.exchange.wall_ms())
        if due.what == "infotainment":
            return await self._infotainment(due)
        said = comfort(caller, row) if due.what == "comfort" else where_you_stand(caller, row, self._waiter)
        return await self._said(row, said)

    async def _music(self, row: Queue, seconds: float) -> str:
        if row.music:
            self._caller.music("queued")
        elif not self._rings:
            self._caller.ring()
        self._rings = not row.music
        return await self._caller.collect(most=1, timeout_s=seconds, end="")

    async def _said(self, row: Queue, said: list[str | Phrase]) -> str:
        """Some messages; a key cuts them short."""
        said = [*said, Phrase("queue-leave")] if said and row.leave_to else said
        for part in said:
            key = await self._caller.collect(most=1, timeout_s=_GAP_S, prompt=part, end="")
            if key:
                return key
        return ""

    async def _infotainment(self, due: Due) -> str:
        """One message to its end: nobody is rung meanwhile (E 7.5.16), and whoever rings already rings out first."""
        caller = self._caller
        self._waiter.ready = False
        if self._waiter.rung_for:
            await caller.outcome()
        await caller.play(due.path)
        self._data = replace(self._data, told=due.number)
        caller.keep(self._data)
        return ""

    # --- leaving -----------------------------------------------------------------------------------------------------

    def _way_out(self, row: Queue) -> Decision | None:
        """Where the caller is sent on now, unless an agent is being rung for him."""
        caller, x = self._caller, self._caller.exchange
        situation, now_ms = caller.call.situation, x.wall_ms()
        if situation is None or self._waiter.rung_for or now_ms < self._program.not_before_ms:
            return None
        if self._waiter.until_ms and now_ms >= self._waiter.until_ms:
            return leave_late(x.directory, situation, row, x.present)
        index = caller.index
        members = index.arrangements.queue_members.get(row.id, ()) if index is not None else ()
        if not any(member.logged_in for member in members):
            return leave_deserted(x.directory, situation, row, x.present)
        return None

    async def _leave_by_key(self, row: Queue) -> None:
        caller, x = self._caller, self._caller.exchange
        situation = caller.call.situation
        decision = leave_by_key(x.directory, situation, row, x.present) if situation is not None else None
        if decision is not None:
            withdraw(x, caller.call, caller.now)
            await self._go(decision)

    async def _go(self, decision: Decision) -> None:
        """Elsewhere; whom nobody answers there has kept the place, and is sent there again after a while."""
        caller, x = self._caller, self._caller.exchange
        x.queues.left(self._waiter)
        caller.hush()
        self._rings = False
        if len(caller.call.reasons) >= MOST_REASONS:
            decision = replace(decision, reasons=())
        await caller.reach(decision)
        row = _row(caller, self._data)
        if row is not None:
            self._waiter = x.queues.join(caller.call, row, self._data.since_ms)
            self._program.not_before_ms = x.wall_ms() + AGAIN_MS
