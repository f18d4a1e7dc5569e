"""``/api/v1/events``: a WebSocket, and the same by plain GET for programs that ask from time to time."""

from __future__ import annotations

import time
from collections import Counter
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.websockets import WebSocket

from kiestoon.api.backend import Backend
from kiestoon.api.events.cursor import PATTERN, Cursor, parse_cursor
from kiestoon.api.events.hub import EventHub
from kiestoon.api.events.items import ResyncItem
from kiestoon.api.events.listening import TRY_LATER, Identify, Listener
from kiestoon.api.events.schema import PAGE
from kiestoon.api.limits import RateLimits
from kiestoon.api.login.authentication import authenticated, logged_in
from kiestoon.api.permissions import in_scope
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem, respond
from kiestoon.api.resources.completing import REF
from kiestoon.notify.events import TOLD_EVENTS, fits
from kiestoon.notify.live import Follow
from kiestoon.store.problems import problem

MOST_PER_ACCOUNT: Final = 50
MOST: Final = 10_000
_MOST_TYPES: Final = 50

router = APIRouter(prefix="/api/v1", tags=["events"])


class Doors:
    """What the routes share: the hub, who may come in, how many are there of each account."""

    def __init__(self, hub: EventHub, identify: Identify) -> None:
        self.hub = hub
        self.identify = identify
        self.connected: Counter[int] = Counter()

    def admits(self, account_id: int) -> bool:
        """Whether there is room for one more."""
        return self.connected[account_id] < MOST_PER_ACCOUNT and self.connected.total() < MOST


async def identify(websocket: WebSocket) -> Principal:
    """Who listens: a browser by its cookie, from our own pages only, or a program by its token."""
    return await authenticated(await logged_in(websocket))


def install(
    application: Starlette, backend: Backend, follow: Follow | None, *, private_targets: bool = False
) -> EventHub:
    """Give an application its events."""
    application.state.private_targets = private_targets
    hub = EventHub(backend, follow)
    application.state.events = Doors(hub, identify)
    return hub


def _wanted(text: str) -> tuple[str, ...]:
    """The types asked for; raises ``ApiProblem`` for one that nothing is of."""
    wanted = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))[:_MOST_TYPES]
    unknown = [part for part in wanted if not any(fits((part,), known) for known in TOLD_EVENTS)]
    if unknown:
        choices = ", ".join(("*", *TOLD_EVENTS))
        raise ApiProblem("invalid", [problem("types", "not_a_choice", value=unknown[0][:64], choices=choices)])
    return wanted


@router.websocket("/events")
async def listen(websocket: WebSocket, cursor: str = "", types: str = "") -> None:
    """Events as they happen."""
    doors: Doors = websocket.app.state.events
    try:
        _refuse_address(websocket)
        principal = await doors.identify(websocket)
        if not in_scope(principal, "events", reading=True):
            raise ApiProblem("forbidden")
        wanted = _wanted(types)
        where = parse_cursor(cursor) if cursor else None
        if cursor and where is None:
            raise ApiProblem("invalid", [problem("cursor", "wrong_form", value=cursor[:40], example="41.9f31.1207")])
        if not doors.admits(principal.account_id):
            raise ApiProblem("too_many_requests", headers={"Retry-After": "60"})
    except ApiProblem as wrong:
        await _deny(websocket, wrong)
        return
    doors.connected[principal.account_id] += 1
    try:
        await _listen(websocket, doors, principal, where, wanted)
    finally:
        doors.connected[principal.account_id] -= 1
        if not doors.connected[principal.account_id]:
            del doors.connected[principal.account_id]


def _refuse_address(websocket: WebSocket) -> None:
    """Handshakes count like other requests of an address."""
    limits: RateLimits = websocket.app.state.limits
    refused = limits.refuse_address(websocket.client.host) if websocket.client is not None else None
    if refused is not None:
        raise refused


async def _listen(
    websocket: WebSocket, doors: Doors, principal: Principal, where: Cursor | None, types: tuple[str, ...]
) -> None:
    hub = doors.hub
    await hub.join()
    try:
        await websocket.accept()
        replay = await hub.replay(where)
        await Listener(websocket, hub, principal, doors.identify, types=types).run(replay, int(time.time() * 1000))
    finally:
        hub.leave()


async def _deny(websocket: WebSocket, wrong: ApiProblem) -> None:
    """Refuse the handshake with a problem document; servers that cannot do that close."""
    if "websocket.http.response" not in websocket.scope.get("extensions", {}):
        await websocket.close(TRY_LATER)
        return
    request = Request({**websocket.scope, "type": "http", "method": "GET"})
    await websocket.send_denial_response(respond(request, wrong))


def _json(body: dict[str, Any]) -> bytes:
    return msgspec.json.encode(body)


_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    101: {"description": "The WebSocket is open."},
    200: {"content": {"application/json": {"schema": {"$ref": REF + PAGE}}}},
}


@router.get("/events", responses=_RESPONSES)
async def fetch_events(
    request: Request,
    principal: Annotated[Principal, Depends(authenticated)],
    cursor: Annotated[
        str | None, Query(pattern=PATTERN, description="Go on after this one. Left out: begin now.")
    ] = None,
    types: Annotated[
        str, Query(max_length=500, description="Only these, with commas: `call.closed,configuration.*`.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """Events since a cursor. With `Upgrade: websocket` they come as they happen, one in each message, after a `hello`.

    A listener that falls 10,000 events behind is dropped (close code 4408) and may come back with its cursor; one whose
    session ended is closed with 4401. `resync` says that something was missed for good.
    """
    if not in_scope(principal, "events", reading=True):
        raise ApiProblem("forbidden")
    wanted = _wanted(types)
    hub: EventHub = request.app.state.events.hub
    await hub.join()
    try:
        await hub.look()
        replay = await hub.replay(parse_cursor(cursor) if cursor else None)
    finally:
        hub.leave()
    items: list[dict[str, Any]] = []
    reached = replay.cursor
    if not replay.complete:
        resync = ResyncItem(int(time.time() * 1000), replay.cursor).shown_to(principal)
        items += [resync] if resync is not None else []
    for item in replay.items:
        shown = item.shown_to(principal)
        if shown is not None and (not wanted or fits(wanted, item.type)):
            items.append(shown)
        if len(items) == limit:
            reached = item.cursor
            break
    return Response(_json({"items": items, "cursor": reached}), media_type="application/json")
