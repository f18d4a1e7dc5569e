"""A telephone in a browser as a test sees it: its hands, its ears and what happened on it (``phone/phone.js``)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import BrowserContext, Page
from playwright.async_api import TimeoutError as PageTimeout

TIMEOUT_S = 10.0
LOUD_DB = -45.0
"""Above this (below full scale) there is something to hear."""


class PhoneFailed(Exception):
    """The browser did not do or hear what was expected; the text has everything that happened on it."""


@dataclass
class BrowserPhone:
    """One page with the telephone. ``hz`` is what its microphone hears."""

    context: BrowserContext
    page: Page
    username: str
    hz: int
    console: list[str] = field(default_factory=list)
    _seen: int = 0

    # --- a user's hands ---

    async def log_in(self, server: str, domain: str, password: str) -> None:
        """Begin to register; ``until("registered")`` says when it is done."""
        options = {"server": server, "uri": f"sip:{self.username}@{domain}", "password": password}
        await self._do("options => phone.start(options)", options)

    async def log_out(self) -> None:
        """Unregister, as far as the page still lives."""
        if not self.page.is_closed() and await self._do("() => phone.stop()"):
            await self.until("unregistered")

    async def dial(self, number: str) -> None:
        """Call a number."""
        await self._do("number => phone.call(number)", number)

    async def answer(self) -> None:
        """Take the call that rings, once it does, and wait until it stands."""
        await self.until("incoming")
        await self.take()

    async def take(self) -> None:
        """Answer the call that rings and wait until it stands."""
        await self._do("() => phone.answer()")
        await self.until("confirmed")

    async def reject(self) -> None:
        """Do not take the call that rings (486)."""
        await self._do("() => phone.reject()")

    async def hang_up(self) -> None:
        """End the call."""
        await self._do("() => phone.hangUp()")

    async def hold(self) -> None:
        """Put the other side on hold and wait until the exchange has agreed."""
        await self._do("() => phone.hold()")

    async def resume(self) -> None:
        """Take the other side off hold and wait until the exchange has agreed."""
        await self._do("() => phone.resume()")

    async def press(self, digits: str) -> None:
        """Press keys."""
        await self._do("digits => phone.pressKeys(digits)", digits)

    async def restart_ice(self) -> None:
        """Find a new way to the exchange, as after a change of network, and wait until it has agreed."""
        await self._do("() => phone.restartIce()")

    async def cut_connection(self) -> None:
        """Lose the connection to the exchange."""
        await self._do("() => phone.cutConnection()")

    async def leave(self) -> None:
        """Close the tab, without a word to the exchange."""
        await self.page.close()

    # --- what happened ---

    async def until(self, *types: str, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
        """The next event of one of these types since the last one waited for; others are passed over."""
        condition = (
            "([from, types]) => phone.events.findIndex((event, at) => at >= from && types.includes(event.type)) + 1"
        )
        self._seen = await self._wait(condition, [self._seen, types], " or ".join(types), timeout_s)
        event: dict[str, Any] = await self.page.evaluate("at => phone.events[at]", self._seen - 1)
        return event

    async def happened(self) -> list[dict[str, Any]]:
        """All events so far."""
        events: list[dict[str, Any]] = await self.page.evaluate("() => phone.events")
        return events

    async def stats(self) -> dict[str, Any]:
        """What the browser measured about its speech: ``received``, ``lost``, ``codec``, ``dtls``, ``path`` ..."""
        found: dict[str, Any] = await self.page.evaluate("() => phone.stats()")
        return found

    # --- ears ---

    async def hears(self, hz: float) -> None:
        """Wait until it hears this tone and hardly anything else."""
        condition = """([hz, loud]) => {
            const heard = phone.ear?.measure();
            return heard && heard.level > loud && Math.abs(heard.hz - hz) < 10 && heard.share > 0.7;
        }"""
        await self._wait(condition, [hz, LOUD_DB], f"{hz:g} Hz")

    async def hears_something_else(self, hz: float) -> None:
        """Wait until it hears something of which this tone is not the main part: music, a voice."""
        condition = """([hz, loud]) => {
            const heard = phone.ear?.measure();
            return heard && heard.level > loud && (Math.abs(heard.hz - hz) > 15 || heard.share < 0.3);
        }"""
        await self._wait(condition, [hz, LOUD_DB], f"something other than {hz:g} Hz")

    async def receives_packets(self, count: int) -> None:
        """Wait for so many more packets of speech."""
        before = (await self.stats())["received"]
        condition = "async wanted => (await phone.stats()).received >= wanted"
        await self._wait(condition, before + count, f"{count} packets")

    async def watch_packets(self) -> None:
        """Begin to measure pauses in the packets received."""
        await self._do("() => phone.watchPackets()")

    async def longest_pause_ms(self) -> float:
        """The longest time without a packet since ``watch_packets``."""
        return float(await self._do("() => phone.longestPause()"))

    # --- the page ---

    async def _do(self, expression: str, argument: object = None) -> Any:
        return await self.page.evaluate(expression, argument)

    async def _wait(self, condition: str, argument: object, what: str, timeout_s: float = TIMEOUT_S) -> Any:
        try:
            found = await self.page.wait_for_function(condition, arg=argument, polling=30, timeout=timeout_s * 1000)
        except PageTimeout:
            raise PhoneFailed(f"browser {self.username}: no {what}\n{await self.report()}") from None
        return await found.json_value()

    async def report(self) -> str:
        """Everything that happened on it, for a failure report."""
        heard = await self.page.evaluate("() => phone.ear?.measure()")
        lines = [f"--- browser {self.username} hears {heard}", *map(json.dumps, await self.happened())]
        return "\n".join([*lines, *self.console[-30:]])
