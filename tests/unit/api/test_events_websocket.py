"""/api/v1/events over a real WebSocket: who hears what, who comes back, who is dropped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import msgspec
import pytest
from api_organisation import Organisation
from event_rig import Listening, check_described, read, read_until
from websockets.exceptions import ConnectionClosed, InvalidStatus

from kiestoon.api.events import listening
from kiestoon.api.limits import ADDRESS_FACTOR, RateLimits
from kiestoon.company.model import Trunk, User
from kiestoon.notify.ring import Ring
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.load import iterate_rows
from kiestoon.store.write import changing


@pytest.fixture
async def server(database: Database, vault: Vault, organisation: Organisation) -> AsyncIterator[Listening]:
    made = Listening(database, vault, organisation)
    await made.start()
    yield made
    await made.stop()
    database.close()


def rename(server: Listening, user_id: int, name: str) -> None:
    database, vault = server.backend.database, server.backend.vault
    with changing(database, vault, acting_user="carl") as changes:
        user = next(iterate_rows(changes.connection, User, row_id=user_id))
        changes.update(msgspec.structs.replace(user, name=name))
    server.control.change += 1000
    server.control.ring.wake()


async def nudge(server: Listening) -> None:
    """Have the hub look now, not at its next poll."""
    while await server.doors.hub.look():
        pass


async def test_a_listener_is_greeted_and_hears_what_happens_in_its_company(server: Listening) -> None:
    own, foreign = server.organisation.company_id, server.organisation.foreign_id
    async with server.listen("company") as client:
        assert (await read(client))["type"] == "hello"
        server.control.tell(foreign, data={"n": 1})
        server.control.tell(own, "line.changed", data={"user_id": 1, "extension": "201", "state": "busy"})
        heard = await read(client)
    assert (heard["type"], heard["company_id"], heard["data"]["state"]) == ("line.changed", own, "busy")
    assert heard["timestamp"].endswith("Z")
    check_described(heard)


REACH = [
    ("operator", {}, True),
    ("company", {}, True),
    ("location", {"locations": "own"}, True),
    ("location", {"locations": "other"}, False),
    ("department", {"departments": "own"}, True),
    ("department", {"departments": "other"}, False),
    ("user", {"users": "own"}, True),
    ("user", {"users": "other"}, False),
    ("user", {"public": True}, True),
    ("location", {"public": True}, True),
]


@pytest.mark.parametrize(("role", "about", "heard"), REACH)
async def test_live_events_reach_whom_they_are_about_and_those_above(
    server: Listening, role: str, about: dict[str, str], heard: bool
) -> None:
    whose = {"own": server.organisation.own, "other": server.organisation.other}
    fields = {name: value if value is True else (whose[value][name],) for name, value in about.items()}
    async with server.listen(role) as client:
        await read(client)
        server.control.tell(server.organisation.company_id, "call.opened", **fields)
        server.control.tell(server.organisation.company_id, "call.closed", public=True)
        types = [event["type"] for event in await read_until(client, "call.closed")]
    assert types == (["call.opened", "call.closed"] if heard else ["call.closed"])


async def test_a_changed_row_is_whole_for_administrators_and_its_owner_and_a_hint_for_others(server: Listening) -> None:
    own = server.organisation.own
    async with server.listen("company") as boss, server.listen("user") as sam:
        await read(boss)
        await read(sam)
        rename(server, own["users"], "Sam New")
        whole, mine = await read(boss), await read(sam)
        rename(server, server.organisation.other["users"], "Kim New")
        assert (await read(boss))["data"]["row"]["name"] == "Kim New"
        hint = await read(sam)
    assert whole["data"]["before"] == {"name": "Sam 2", "version": 1}
    assert whole["data"]["acting_user"] == "carl"
    assert (mine["data"]["row"]["name"], "acting_user" in mine["data"]) == ("Sam New", False)
    assert hint["data"].keys() == {"change", "table", "row_id"}
    for event in (whole, mine, hint):
        check_described(event)


async def test_what_a_role_may_not_read_it_is_not_told_of(server: Listening) -> None:
    database, vault, own = server.backend.database, server.backend.vault, server.organisation
    async with server.listen("user") as sam, server.listen("company") as boss:
        await read(sam)
        await read(boss)
        with changing(database, vault, acting_user="carl") as changes:
            trunk = Trunk(
                id=0, company_id=own.company_id, name="New", kind="peer", host="a.example", sources=("192.0.2.9",)
            )
            changes.add(trunk)
        rename(server, own.own["users"], "Sam New")
        assert (await read(boss))["data"]["table"] == "trunks"
        assert (await read(sam))["data"]["table"] == "users"


async def test_secrets_are_in_no_event(server: Listening) -> None:
    database, vault, own = server.backend.database, server.backend.vault, server.organisation
    async with server.listen("operator") as client:
        await read(client)
        with changing(database, vault, acting_user="carl") as changes:
            changes.add(
                Trunk(
                    id=0, company_id=own.company_id, name="New", kind="register", host="a.example", username="u",
                    secret="s3cret-s3cret-s3cret",
                )
            )  # fmt: skip
        await nudge(server)
        assert "s3cret" not in msgspec.json.encode(await read(client)).decode()


async def test_who_comes_back_gets_exactly_what_was_missed(server: Listening) -> None:
    company_id = server.organisation.company_id
    async with server.listen("company") as client:
        await read(client)
        server.control.tell(company_id, "call.opened")
        cursor = (await read(client))["cursor"]
    server.control.tell(company_id, "call.leg.ringing")
    rename(server, server.organisation.own["users"], "Sam New")
    await nudge(server)
    server.control.tell(company_id, "call.closed")
    async with server.listen("company", f"?cursor={cursor}") as client:
        hello = await read(client)
        heard = [await read(client) for _ in range(3)]
        assert hello["cursor"] == cursor
        assert {event["type"] for event in heard} == {"call.leg.ringing", "configuration.updated", "call.closed"}
        server.control.tell(company_id, "call.quality")
        assert (await read(client))["type"] == "call.quality"
    last = heard[-1]["cursor"]
    async with server.listen("company", f"?cursor={last}") as client:
        await read(client)
        assert (await read(client))["type"] == "call.quality"


async def test_a_cursor_outlives_a_restart_of_the_web_process(
    server: Listening, vault: Vault, organisation: Organisation
) -> None:
    company_id = organisation.company_id
    async with server.listen("company") as client:
        await read(client)
        server.control.tell(company_id, "call.opened")
        cursor = (await read(client))["cursor"]
    server.control.tell(company_id, "call.closed")
    again = Listening(server.backend.database, vault, organisation)
    again.control.ring, again.control.epoch = server.control.ring, server.control.epoch
    again.application = again.application
    await again.start()
    async with again.listen("company", f"?cursor={cursor}") as client:
        assert [event["type"] for event in await read_until(client, "call.closed")] == ["hello", "call.closed"]
    await again.stop()


@pytest.mark.parametrize("cursor", ["0.zzz.5", "0.aaa.99", "999999.aaa.0"])
async def test_a_cursor_from_elsewhere_is_answered_with_resync(server: Listening, cursor: str) -> None:
    server.control.tell(server.organisation.company_id)
    async with server.listen("company", f"?cursor={cursor}") as client:
        assert [(await read(client))["type"] for _ in range(2)] == ["hello", "resync"]


async def test_a_restart_of_the_control_process_is_told_as_resync(server: Listening) -> None:
    async with server.listen("user") as client:
        await read(client)
        server.control.tell(server.organisation.company_id, public=True)
        await read(client)
        server.control.restart()
        assert (await read(client))["type"] == "resync"


async def test_only_wanted_types_are_sent(server: Listening) -> None:
    async with server.listen("company", "?types=call.closed,configuration.*") as client:
        await read(client)
        for kind in ("call.opened", "line.changed", "call.closed"):
            server.control.tell(server.organisation.company_id, kind)
        assert (await read(client))["type"] == "call.closed"


async def test_who_is_not_logged_in_gets_401_before_the_handshake(server: Listening) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with server.listen("nobody"):
            pass
    assert refused.value.response.status_code == 401
    assert msgspec.json.decode(refused.value.response.body)["type"] == "urn:kiestoon:problem:unauthenticated"


async def test_a_token_without_the_scope_is_refused(server: Listening) -> None:
    company = server.principals["company"]
    server.principals["token"] = msgspec.structs.replace(company, scopes=frozenset({"users:read"}))
    with pytest.raises(InvalidStatus) as refused:
        async with server.listen("token"):
            pass
    assert refused.value.response.status_code == 403


async def test_a_page_of_another_origin_cannot_listen(server: Listening) -> None:
    from kiestoon.api.events.routes import identify

    server.doors.identify = identify
    with pytest.raises(InvalidStatus) as refused:
        async with server.listen("", origin="https://evil.example", user_agent_header=None):
            pass
    assert refused.value.response.status_code in {401, 403}


async def test_a_malformed_cursor_is_refused(server: Listening) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with server.listen("company", "?cursor=%27;DROP"):
            pass
    assert refused.value.response.status_code == 422


async def test_a_listener_whose_session_ends_is_closed(server: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening.Listener.__init__, "__kwdefaults__", {"types": (), "send_s": 30.0, "check_s": 0.01})
    async with server.listen("user") as client:
        await read(client)
        del server.principals["user"]
        with pytest.raises(ConnectionClosed) as closed:
            await read(client)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == listening.NOT_LOGGED_IN


async def test_a_listener_that_talks_is_closed(server: Listening) -> None:
    async with server.listen("company") as client:
        await read(client)
        await client.send("x" * 100)
        with pytest.raises(ConnectionClosed):
            await read(client)


async def test_a_slow_reader_is_dropped_and_nobody_else_notices(
    server: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening.Listener.__init__, "__kwdefaults__", {"types": (), "send_s": 0.05, "check_s": 60.0})
    hub = server.doors.hub
    company_id = server.organisation.company_id
    async with server.listen("company") as slow, server.listen("company") as quick, asyncio.timeout(30):
        await read(slow)
        await read(quick)
        slow.transport.pause_reading()
        while not hub.dropped:
            server.control.tell(company_id, "call.opened", data={"filling": "x" * 100_000})
            assert (await read(quick))["type"] == "call.opened"
        server.control.tell(company_id, "call.closed")
        assert (await read(quick))["type"] == "call.closed"
        slow.transport.abort()


async def test_a_reader_that_falls_behind_the_ring_is_dropped(server: Listening) -> None:
    hub = server.doors.hub
    hub.ring = Ring(20)
    async with server.listen("company") as client:
        await read(client)
        for _ in range(30):
            server.control.tell(server.organisation.company_id, "call.opened")
        with suppress(ConnectionClosed):
            async for _ in client:
                pass
        assert client.close_code == listening.TOO_SLOW


async def test_one_subscription_serves_everybody(server: Listening) -> None:
    async with server.listen("company") as one, server.listen("user") as other:
        await read(one)
        await read(other)
        assert server.control.followers == 1


async def test_one_account_has_a_bounded_number_of_listeners(
    server: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiestoon.api.events.routes.MOST_PER_ACCOUNT", 1)
    async with server.listen("company") as client:
        await read(client)
        with pytest.raises(InvalidStatus) as refused:
            async with server.listen("company"):
                pass
        assert refused.value.response.status_code == 429
    while server.doors.connected:  # the server notices that the first has gone
        await asyncio.sleep(0)
    async with server.listen("company") as client:
        await read(client)


async def test_types_that_do_not_exist_are_refused(server: Listening) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with server.listen("company", "?types=call.*,call.closd"):
            pass
    problem = json.loads(refused.value.response.body)
    assert (problem["status"], problem["errors"][0]["field"]) == (422, "types")
    assert "call.closed" in problem["detail"]


async def test_handshakes_of_one_address_are_bounded_like_its_requests(server: Listening) -> None:
    server.application.state.limits = RateLimits(1)
    statuses = []
    for _ in range(ADDRESS_FACTOR + 1):
        with pytest.raises(InvalidStatus) as refused:
            async with server.listen("nobody"):
                pass
        statuses.append(refused.value.response.status_code)
    assert statuses == [401] * ADDRESS_FACTOR + [429]


async def test_the_same_events_by_plain_get(server: Listening) -> None:
    company = {"x-test-principal": "company"}
    from kiestoon.api.login.authentication import authenticated

    server.application.dependency_overrides[authenticated] = lambda: server.principals["company"]
    address = f"http://127.0.0.1:{server.port}"  # its description takes seconds to make
    async with httpx.AsyncClient(base_url=address, headers=company, timeout=60) as client:
        first = (await client.get("/api/v1/events")).json()
        assert first["items"] == []
        rename(server, server.organisation.own["users"], "Sam New")
        server.control.tell(server.organisation.company_id, "call.closed")
        query = {"cursor": first["cursor"], "types": "configuration.*"}
        page = (await client.get("/api/v1/events", params=query)).json()
        assert [event["type"] for event in page["items"]] == ["configuration.updated"]
        assert (await client.get("/api/v1/events", params={"cursor": page["cursor"]})).json()["items"] == []
        assert (await client.get("/api/v1/events", params={"cursor": "nonsense"})).status_code == 422
        document = (await client.get("/api/v1/openapi.json")).json()
    assert {"CallEvent", "LineEvent", "DeviceEvent", "ChangeEvent"} <= document["components"]["schemas"].keys()
