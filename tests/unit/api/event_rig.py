"""The web application behind a real server on loopback, WebSockets that listen, and live events as we like them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from typing import Any

import jsonschema_rs
import msgspec
import uvicorn
from api_organisation import Organisation
from starlette.requests import HTTPConnection
from websockets.asyncio.client import ClientConnection, connect

from kiestoon.api.application import build_application
from kiestoon.api.backend import Backend
from kiestoon.api.events.routes import Doors
from kiestoon.api.events.schema import event_schemas
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem
from kiestoon.notify.live import Batch, LiveEvent
from kiestoon.notify.ring import Ring
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault


class FakeControl:
    """What the control process tells. ``epoch`` changes when it is "started" again."""

    def __init__(self) -> None:
        self.epoch = "aaa"
        self.ring: Ring[LiveEvent] = Ring(1000)
        self.change = 0
        self.followers = 0

    def tell(self, company_id: int, event_type: str = "call.opened", **more: Any) -> LiveEvent:
        event = LiveEvent(self.ring.last + 1, 1_700_000_000_000, company_id, event_type, **more)
        self.ring.append(event)
        return event

    def restart(self) -> None:
        self.epoch += "a"
        self.ring.skip()

    async def follow(self, epoch: str, after: int) -> AsyncGenerator[Batch, None]:
        self.followers += 1
        first, change = True, self.change
        try:
            while True:
                gap = epoch not in ("", self.epoch)
                if gap or epoch == "":
                    after, epoch = self.ring.floor, self.epoch
                found = self.ring.after(after)
                if found is None:
                    gap, after, found = True, self.ring.last, ()
                if found or first or gap or change != self.change:
                    after, first, change = after + len(found), False, self.change
                    yield Batch(self.epoch, after, self.change, gap, tuple(found))
                    continue
                await self.ring.wait()
        finally:
            self.followers -= 1

    async def ask(self, command: str, **arguments: Any) -> Any:
        return {}


class Listening:
    """The server and its doors."""

    def __init__(self, database: Database, vault: Vault, organisation: Organisation) -> None:
        self.organisation = organisation
        self.control = FakeControl()
        self.backend = Backend(database, vault, self.control.ask)
        self.application = build_application(self.backend, "1", follow=self.control.follow)
        self.principals: dict[str, Principal] = organisation.principals()
        self.doors: Doors = self.application.state.events
        self.doors.identify = self.whoever
        self.port = 0
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def whoever(self, connection: HTTPConnection) -> Principal:
        principal = self.principals.get(connection.headers.get("x-test-principal", ""))
        if principal is None:
            raise ApiProblem("unauthenticated")
        return principal

    async def start(self) -> None:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self.application, log_config=None, lifespan="off", ws="websockets-sansio", ws_max_size=4096,
            ws_per_message_deflate=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started:
            await asyncio.sleep(0)

    async def stop(self) -> None:
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        await self.doors.hub.close()

    def listen(self, role: str, query: str = "", **options: Any) -> connect:
        """A client of somebody."""
        return connect(
            f"ws://127.0.0.1:{self.port}/api/v1/events{query}",
            additional_headers={"x-test-principal": role},
            compression=None,
            **options,
        )


async def read(client: ClientConnection) -> dict[str, Any]:
    """The next message."""
    message: dict[str, Any] = msgspec.json.decode(await asyncio.wait_for(client.recv(), 10))
    return message


def check_described(event: dict[str, Any]) -> None:
    """Raise unless the event is as the OpenAPI document says."""
    schema = {"$ref": "#/components/schemas/Event", "components": {"schemas": event_schemas()}}
    assert [error.message for error in jsonschema_rs.iter_errors(schema, event)] == []


async def read_until(client: ClientConnection, event_type: str) -> list[dict[str, Any]]:
    """Messages up to the first of a type."""
    heard = []
    while not heard or heard[-1]["type"] != event_type:
        heard.append(await read(client))
    return heard
