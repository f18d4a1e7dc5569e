"""One WebSocket that listens: what it missed, then what happens, for as long as it reads and may."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from kiestoon.api.events.hub import EventHub, Replay
from kiestoon.api.events.items import HelloItem, ResyncItem
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem
from kiestoon.notify.events import fits
from kiestoon.operator_error import OperatorError

SEND_S: Final = 30.0
"""A listener whose network takes nothing for so long is dropped."""
CHECK_S: Final = 60.0
"""How often it is asked anew who listens: sessions end, rights change."""
_BATCH: Final = 200

GOING_AWAY: Final = 1001
POLICY: Final = 1008
TRY_LATER: Final = 1013
NOT_LOGGED_IN: Final = 4401
TOO_SLOW: Final = 4408

Identify = Callable[[WebSocket], Awaitable[Principal]]


class _Closed(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Listener:
    """``types``: which events are wanted, () = all."""

    def __init__(
        self,
        websocket: WebSocket,
        hub: EventHub,
        principal: Principal,
        identify: Identify,
        *,
        types: tuple[str, ...] = (),
        send_s: float = SEND_S,
        check_s: float = CHECK_S,
    ) -> None:
        self._websocket = websocket
        self._hub = hub
        self._principal = principal
        self._identify = identify
        self._types = types
        self._send_s = send_s
        self._check_s = check_s

    async def run(self, replay: Replay, now_ms: int) -> None:
        """Serve until somebody has enough."""
        telling = asyncio.create_task(self._tell(replay, now_ms))
        checking = asyncio.create_task(self._check())
        hearing = asyncio.create_task(self._hear())
        tasks = (telling, checking, hearing)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        closed = next((outcome for outcome in ended if isinstance(outcome, _Closed)), None)
        if closed is not None:
            await self._close(closed)
        for outcome in ended:
            if isinstance(outcome, Exception) and not isinstance(outcome, _Closed | WebSocketDisconnect):
                raise outcome

    async def _tell(self, replay: Replay, now_ms: int) -> None:
        position = replay.position
        await self._send(HelloItem(now_ms, replay.start).text_for(self._principal) or "")
        if not replay.complete:
            text = ResyncItem(now_ms, replay.cursor).text_for(self._principal)
            await self._send(text or "")
        for item in replay.items:
            await self._offer(item.type, item.text_for(self._principal))
        while True:
            items = self._hub.ring.after(position, _BATCH)
            if items is None:
                self._hub.dropped += 1
                raise _Closed(TOO_SLOW, "too slow")
            for item in items:
                await self._offer(item.type, item.text_for(self._principal))
            position += len(items)
            if not items:
                await self._hub.ring.wait()

    async def _offer(self, event_type: str, text: str | None) -> None:
        if text is not None and (not self._types or event_type == "resync" or fits(self._types, event_type)):
            await self._send(text)

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._send_s):
                await self._websocket.send_text(text)
        except TimeoutError:
            self._hub.dropped += 1
            raise _Closed(TOO_SLOW, "too slow") from None
        except (
            RuntimeError
        ):  # what the server says to messages after its own close, of a listener that answers no pings
            raise WebSocketDisconnect(1006) from None

    async def _hear(self) -> None:
        """Listeners have nothing to say; pings are answered below us."""
        message = await self._websocket.receive()
        if message["type"] != "websocket.disconnect":
            raise _Closed(POLICY, "only listening is possible here")

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(self._check_s)
            try:
                self._principal = await self._identify(self._websocket)
            except ApiProblem:
                raise _Closed(NOT_LOGGED_IN, "not logged in any more") from None
            except OperatorError:
                continue  # the database is away: nobody is logged out for that

    async def _close(self, closed: _Closed) -> None:
        if self._websocket.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
                async with asyncio.timeout(1):
                    await self._websocket.close(closed.code, closed.reason)
