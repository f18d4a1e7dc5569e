"""Who hears whom after transfers: software telephones with a tone each, among the load of a benchmark.

Each group has a caller outside, the phone that transfers and the one that is transferred to. Afterwards the first and
the last have to hear each other's tone, and nobody else's of any group.
"""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial
from typing import Self

from bench.lib.systems import WholeExchange
from kiestoon.app.softphone.agent import PhoneCall, PhoneProblem, SipAgent
from kiestoon.app.softphone.phone import SoftPhone
from kiestoon.app.softphone.rtp import Sine
from kiestoon.media.audio.measure import tone_level
from kiestoon.sip.events import InviteReceived
from kiestoon.sip.flow import Target

GROUPS = 4
FIRST_HZ, STEP_HZ = 400.0, 50.0
LOUD_DBM0 = -30.0
WINDOW_S = 0.4
PATIENCE_S = 4.0


class TransferEars(threading.Thread):
    """Makes ``count`` transferred calls in a thread of its own, ``GROUPS`` at a time. A context manager: at its end all
    have been made; ``faults`` says what was wrong with each that was not as it should be."""

    def __init__(self, exchange: WholeExchange, count: int) -> None:
        super().__init__(name="transfer ears", daemon=True)
        self.exchange = exchange
        self.count = count
        self.faults: list[str] = []
        self._left = count

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.join()

    def run(self) -> None:
        """The thread."""
        asyncio.run(self._all())

    async def _all(self) -> None:
        groups = [_Group(self.exchange, number) for number in range(GROUPS)]
        try:
            for group in groups:
                await group.open()
            await asyncio.gather(*map(self._some, groups))
        finally:
            for group in groups:
                await group.close()

    async def _some(self, group: _Group) -> None:
        while self._left:
            self._left -= 1
            try:
                await group.transfer()
            except (PhoneProblem, TimeoutError) as wrong:
                self.faults.append(f"{type(wrong).__name__}: {wrong}")
            await group.hang_up()


class _Group:
    """A caller, a phone that transfers, and one that is transferred to."""

    def __init__(self, exchange: WholeExchange, number: int) -> None:
        self.exchange = exchange
        self.server = Target("udp", *exchange.address)
        tones = [FIRST_HZ + STEP_HZ * (3 * number + who) for who in range(3)]
        self.hz_caller, hz_transferring, self.hz_target = tones
        self.caller = SipAgent("caller", exchange.host, source=partial(Sine, self.hz_caller))
        site = exchange.sites[0]
        self.numbers = exchange.take(2)
        self.transferring, self.target = (
            SoftPhone(extension, site.password(extension), site.domain, self.server, source=partial(Sine, hz))
            for extension, hz in zip(self.numbers, (hz_transferring, self.hz_target), strict=True)
        )
        self.taken: asyncio.Queue[PhoneCall] = asyncio.Queue()

    async def open(self) -> None:
        """Log in."""
        await self.caller.open()
        for phone in (self.transferring, self.target):
            phone.on_call = self._answer
            await phone.open()
            await phone.register()

    async def close(self) -> None:
        """Log out."""
        for agent in (self.caller, self.transferring, self.target):
            await agent.close()

    def _answer(self, call: PhoneCall, event: InviteReceived) -> None:
        call.ring()
        call.answer(event.request.body)
        self.taken.put_nowait(call)

    async def transfer(self) -> None:
        """One call. Raises PhoneProblem or TimeoutError for what does not come about, or is not heard."""
        number, target = self.numbers
        caller = await self.caller.call(
            f"sip:+3120{number}55@{self.exchange.host}", from_="<sip:+31208999999@bench.example>",
            destination=self.server,
        )  # fmt: skip
        await caller.until("talking")
        first = await asyncio.wait_for(self.taken.get(), PATIENCE_S)
        await first.until_true(lambda: first.session.state == "confirmed", "the call was not confirmed")
        refer_to = f"<sip:{target}@{self.exchange.domain}>"
        first.session.request(first.agent.now, "REFER", headers=[("Refer-To", refer_to)])
        first.agent.touch()
        second = await asyncio.wait_for(self.taken.get(), PATIENCE_S)
        await first.until("ended")
        await hears_only(caller, self.hz_target)
        await hears_only(second, self.hz_caller)

    async def hang_up(self) -> None:
        """Whatever is left of the call ends."""
        for agent in (self.caller, self.transferring, self.target):
            for call in list(agent.calls.values()):
                await call.hang_up()
        while not self.taken.empty():
            self.taken.get_nowait()


async def hears_only(call: PhoneCall, hz: float) -> None:
    """Wait for a window in which this end hears the tone and no other phone's. Raises PhoneProblem."""
    others = [FIRST_HZ + STEP_HZ * number for number in range(3 * GROUPS)]
    deadline = time.monotonic() + PATIENCE_S
    while True:
        call.stream.forget()
        await asyncio.sleep(WINDOW_S)
        level = partial(tone_level, call.stream.recorded(WINDOW_S), call.stream.rate)
        loud = [other for other in others if level(other) > LOUD_DBM0]
        if loud == [hz]:
            return
        if time.monotonic() > deadline:
            raise PhoneProblem(f"{call.agent.name} hears {loud} Hz in place of {hz}")
