"""The demo's outside world: a SIP trunk peer in a process of its own, behind which a handful of people live.

It answers, speaks, echoes, is busy, rings out, rejects (see ``world``), and calls in when told to.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import structlog

from kiestoon.app.admin_socket import AdminServer, CommandError, Commands
from kiestoon.app.child import Child, run_child
from kiestoon.app.demo.world import (
    BUSY,
    ECHOES,
    LISTENS,
    OUTSIDE_HOST,
    OUTSIDE_NUMBERS,
    REJECTS,
    RINGS_OUT,
    SPEAKS,
    outside_socket,
)
from kiestoon.app.os_problems import explain_bind
from kiestoon.app.softphone.agent import PhoneCall, PhoneProblem, SipAgent
from kiestoon.app.softphone.rtp import Echo, Silence, Source
from kiestoon.media.audio.player import FileSource
from kiestoon.sip.events import InviteReceived
from kiestoon.sip.flow import Target

log = structlog.get_logger(__name__)

RING_S = 1.5
_GREETING = Path(__file__).parent / "prompts" / "nl" / "outside-greeting.ogg"
_STATUS = {BUSY: 486, REJECTS: 603}


class OutsideWorld:
    """One agent for everybody outside; the number called says who it is."""

    def __init__(self, exchange_port: int, port: int) -> None:
        self._voice: dict[int, str] = {}
        self.agent = SipAgent("outside world", OUTSIDE_HOST, port, source=self._source)
        self.agent.on_call = self._called
        self._exchange = Target("udp", "127.0.0.1", exchange_port)
        self._next_voice = LISTENS

    async def call_in(self, to: str, caller: str) -> dict[str, object]:
        """Call a number of the exchange, speak, and hang up when the other side does or a minute is over."""
        self._next_voice = SPEAKS
        host = self._exchange.host
        call = await self.agent.call(
            f"sip:{to}@{host}:{self._exchange.port}",
            from_=f'"Buitenwereld" <sip:{caller}@{OUTSIDE_HOST}>',
            destination=self._exchange,
        )
        try:
            await call.until("talking", 60)
        except PhoneProblem as problem:
            raise CommandError(str(problem)) from None
        self.agent.start(asyncio.get_running_loop().create_task(self._end_after(call, 60)))
        return {"answered": True, "number": to}

    def _source(self, rate: int) -> Source:
        voice, self._next_voice = self._next_voice, LISTENS
        if voice == SPEAKS:
            return FileSource(_GREETING, rate, repeat=0)
        return Echo() if voice == ECHOES else Silence()

    def _called(self, call: PhoneCall, event: InviteReceived) -> None:
        number = call.number
        if number not in OUTSIDE_NUMBERS:
            call.reject(404)
        elif number in _STATUS:
            call.reject(_STATUS[number])
        else:
            call.ring()
            if number != RINGS_OUT:
                self.agent.start(asyncio.get_running_loop().create_task(self._answer(call, event.request.body)))

    async def _answer(self, call: PhoneCall, offer: bytes) -> None:
        await asyncio.sleep(RING_S)
        if call.state != "ended":
            self._next_voice = call.number
            call.answer(offer)

    @staticmethod
    async def _end_after(call: PhoneCall, seconds: float) -> None:
        try:
            await call.until("ended", seconds)
        except PhoneProblem:
            await call.hang_up()


async def serve(child: Child) -> None:
    """Live until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    world = OutsideWorld(child.settings.sip.udp, child.settings.demo.outside_port)
    commands = Commands()
    commands.add("call_in", world.call_in)
    admin = AdminServer(outside_socket(child.settings), commands)
    try:
        await world.agent.open()
    except OSError as error:
        port = child.settings.demo.outside_port
        setting = "demo.outside_port (in the environment: KIESTOON_DEMO_OUTSIDE_PORT)"
        raise explain_bind(error, "udp", OUTSIDE_HOST, port, setting) from None
    await admin.start()
    child.ready()
    await ended.wait()
    await admin.stop()
    await world.agent.close()


def main(child: Child) -> None:
    """The process."""
    asyncio.run(serve(child))


if __name__ == "__main__":
    run_child("outside world", main)
