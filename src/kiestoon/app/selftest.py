"""``kiestoon selftest``: two built-in phones call each other through the running exchange; what they hear is measured.

A newcomer without a phone sees the main job done; an administrator runs it after an upgrade.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from kiestoon.app.admin_client import ask, ask_async
from kiestoon.app.softphone.agent import PhoneCall, PhoneProblem
from kiestoon.app.softphone.phone import SoftPhone
from kiestoon.app.softphone.rtp import Sine
from kiestoon.media.audio.measure import gap_ms, is_silence, tone_level
from kiestoon.operator_error import OperatorError
from kiestoon.sip.events import InviteReceived
from kiestoon.sip.flow import Target

FIRST_HZ, SECOND_HZ = 440.0, 620.0
_LISTEN_S = 1.0
_PASSING_S = 0.3  # what was on its way before a change passes by
_LOUD_ENOUGH_DBM0 = -30.0
_DIGITS = "159*#"


_SEE_LOG = "See the exchange's log, and kiestoon trace for the messages"
_CHECK_MEDIA = (
    "Test phones and exchange could signal, but speech did not arrive: check media.hosts, and that no firewall on this"
    " machine closes media.first_port to media.last_port (UDP)"
)


class SelftestFailed(OperatorError):
    """A step did not work."""


class NoSpeech(PhoneProblem):
    """A phone does not hear what it should."""


class Selftest:
    """One run. ``say(text, seconds)`` is called after each step that worked."""

    def __init__(self, admin_socket: Path, say: Callable[[str, float], None]) -> None:
        self._socket = admin_socket
        self._say = say
        self._since = time.monotonic()
        self._reached = False
        self._taken: asyncio.Queue[tuple[PhoneCall, bytes]] = asyncio.Queue()

    async def run(self) -> None:
        """Every step; raises SelftestFailed with what went wrong."""
        logins = await ask_async(self._socket, "selftest_begin")
        self._step("the exchange answers and gives two logins")
        server = Target(logins["transport"], logins["host"], int(logins["port"]))
        first = _phone(logins, 0, server, FIRST_HZ)
        second = _phone(logins, 1, server, SECOND_HZ)
        try:
            await self._telephone(first, second)
        except OSError as error:
            raise SelftestFailed(
                f"Self-test: its phones cannot use {server.host} ({error.strerror or error})", "Check sip.hosts"
            ) from None
        except NoSpeech as problem:
            raise SelftestFailed(f"Self-test: {problem}", _CHECK_MEDIA) from None
        except PhoneProblem as problem:
            raise SelftestFailed(f"Self-test: {problem}", _SEE_LOG if self._reached else _check_sip(server)) from None
        finally:
            await first.close()
            await second.close()
            await ask_async(self._socket, "selftest_end")

    async def _telephone(self, first: SoftPhone, second: SoftPhone) -> None:
        for phone in (first, second):
            phone.on_call = self._take
            await phone.open()
            await phone.register()
            self._reached = True
            self._step(f"phone {phone.username} registers")
        await self._call(first, second, FIRST_HZ, SECOND_HZ)
        await self._call(second, first, SECOND_HZ, FIRST_HZ)
        for phone in (first, second):
            await phone.register(expires_s=0)
        self._step("both phones log out")

    def _take(self, call: PhoneCall, event: InviteReceived) -> None:
        call.ring()
        self._taken.put_nowait((call, event.request.body))

    async def _call(self, caller: SoftPhone, called: SoftPhone, caller_hz: float, called_hz: float) -> None:
        mine = await caller.dial(called.username)
        await mine.until("ringing")
        self._step(f"phone {caller.username} calls {called.username}, which rings")
        theirs, offer = await self._taken.get()  # it rings, so it is there
        theirs.answer(offer)
        await mine.until("talking")
        await theirs.until("talking")
        self._step(f"phone {called.username} answers")
        await self._hears(mine, called_hz, f"phone {caller.username} hears the other's tone")
        await self._hears(theirs, caller_hz, f"phone {called.username} hears the other's tone")
        await mine.hold()
        await self._waits(mine, theirs, caller_hz, caller.username, called.username)
        await mine.resume()
        await self._hears(theirs, caller_hz, f"phone {caller.username} resumes, the tone is back")
        theirs.stream.digits = ""
        mine.send_digits(_DIGITS)
        await self._digits(theirs, called.username)
        await mine.hang_up()
        await theirs.until("ended")
        self._step(f"phone {caller.username} hangs up, {called.username} is free")

    async def _waits(self, mine: PhoneCall, theirs: PhoneCall, hz: float, caller: str, called: str) -> None:
        await asyncio.sleep(_PASSING_S)
        mine.stream.forget()
        theirs.stream.forget()
        await asyncio.sleep(_LISTEN_S)
        music = theirs.stream.recorded(_LISTEN_S)
        if is_silence(music) or tone_level(music, theirs.stream.rate, hz) > _LOUD_ENOUGH_DBM0:
            raise NoSpeech(f"phone {called} is on hold and hears no music")
        if mine.stream.packets_received and not is_silence(mine.stream.recorded(_LISTEN_S)):
            raise PhoneProblem(f"phone {caller} holds and still hears the other side")
        self._step(f"phone {caller} holds, {called} hears music")

    async def _hears(self, call: PhoneCall, hz: float, step: str) -> None:
        await asyncio.sleep(_PASSING_S)
        call.stream.forget()
        await asyncio.sleep(_LISTEN_S)
        heard = call.stream.recorded(_LISTEN_S)
        level = tone_level(heard, call.stream.rate, hz)
        if level < _LOUD_ENOUGH_DBM0:
            heard_text = f"its level is {level:.0f} dBm0" if call.stream.packets_received else "not one packet came"
            raise NoSpeech(f"not so: {step} ({heard_text})")
        gap = gap_ms(heard, call.stream.rate, hz)
        self._step(f"{step} ({level:.0f} dBm0, longest gap {gap:.0f} ms)")

    async def _digits(self, call: PhoneCall, called: str) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                while len(call.stream.digits) < len(_DIGITS):  # noqa: ASYNC110 - packets bring them, no event does
                    await asyncio.sleep(0.02)
        if call.stream.digits != _DIGITS:
            raise PhoneProblem(f"phone {called} got the digits {call.stream.digits or 'none'} in place of {_DIGITS}")
        self._step(f"phone {called} gets the digits {_DIGITS}")

    def _step(self, text: str) -> None:
        now = time.monotonic()
        self._say(text, now - self._since)
        self._since = now


def _check_sip(server: Target) -> str:
    place = f"{server.host}, {server.transport.upper()} port {server.port}"
    return f"The test phones speak to {place}: check sip.hosts, and that no firewall on this machine closes it"


def _phone(logins: dict[str, Any], number: int, server: Target, hz: float) -> SoftPhone:
    login = logins["phones"][number]
    return SoftPhone(
        login["username"], login["secret"], logins["domain"], server, host=server.host, source=partial(Sine, hz)
    )


def run_selftest(admin_socket: Path, say: Callable[[str, float], None]) -> dict[str, Any]:
    """Run it against the exchange behind the socket; returns what is left of calls there (all zero when well)."""
    asyncio.run(Selftest(admin_socket, say).run())
    left: dict[str, Any] = ask(admin_socket, "inventory")
    return left
