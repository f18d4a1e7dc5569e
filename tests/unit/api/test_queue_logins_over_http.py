"""Logging in to queues and out of them over the API (E 7.5.4)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from api_rig import Api

from kiestoon.company.model import Queue, QueueMember
from kiestoon.store.load import list_rows
from kiestoon.store.write import changing


def add_queue(api: Api, extension: str, **values: Any) -> int:
    with changing(api.database, api.vault, acting_user="test") as changes:
        own = {"company_id": api.organisation.company_id, "extension": extension, "name": f"Queue {extension}"}
        return changes.add(Queue(id=0, **own, **values)).id


def path(api: Api, what: str, user_id: int | None = None) -> str:
    return api.path(f"users/{user_id or api.organisation.own['users']}/{what}")


async def listed(api: Api, role: str = "user") -> dict[str, dict[str, Any]]:
    answer = await api.of(role).get(path(api, "queues"))
    assert answer.status_code == 200, answer.text
    return {item["extension"]: item for item in answer.json()["items"]}


async def switch(api: Api, role: str = "user", user_id: int | None = None, **body: Any) -> httpx.Response:
    return await api.of(role).put(path(api, "queue-login", user_id), json=body)


async def test_the_queues_one_is_a_member_of_and_the_open_ones_are_listed(api: Api) -> None:
    add_queue(api, "250")
    add_queue(api, "251", open=False)
    seen = await listed(api)
    assert list(seen) == ["219", "250", "319"]  # 319 is an open one of the other location's
    stands = {name: seen["219"][name] for name in ("member", "logged_in", "joined", "open", "position")}
    assert stands == {"member": True, "logged_in": True, "joined": False, "open": True, "position": 0}
    stands = {name: seen["250"][name] for name in ("member", "logged_in", "joined", "position")}
    assert stands == {"member": False, "logged_in": False, "joined": False, "position": None}


async def test_a_person_logs_in_to_an_open_queue_and_out_again(api: Api) -> None:
    queue = add_queue(api, "250")
    answer = await switch(api, logged_in=True, queue_id=queue)
    assert answer.status_code == 200, answer.text
    shown = {item["extension"]: item for item in answer.json()["items"]}
    assert shown == await listed(api)
    assert (shown["250"]["logged_in"], shown["250"]["joined"], shown["250"]["position"]) == (True, True, 1)
    await switch(api, logged_in=False, queue_id=queue)
    assert not (await listed(api))["250"]["member"]


async def test_without_a_queue_it_is_about_all_one_is_a_member_of(api: Api) -> None:
    add_queue(api, "250")
    await switch(api, logged_in=False)
    seen = await listed(api)
    assert (seen["219"]["member"], seen["219"]["logged_in"]) == (True, False)
    await switch(api, logged_in=True)
    seen = await listed(api)
    assert (seen["219"]["logged_in"], seen["250"]["member"]) == (True, False)


async def test_a_closed_queue_is_refused_with_a_sentence(api: Api) -> None:
    queue = add_queue(api, "251", open=False)
    answer = await switch(api, logged_in=True, queue_id=queue)
    assert answer.status_code == 403
    wrong = answer.json()["errors"][0]
    assert (wrong["field"], wrong["code"]) == ("queue_id", "closed_queue")
    assert "Queue 251" not in answer.text
    assert "251" not in await listed(api)


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "logged_in"), ({"logged_in": "yes"}, "logged_in"), ({"logged_in": True, "queue": 1}, "queue")],
)
async def test_what_cannot_be_is_refused_by_its_name(api: Api, body: dict[str, Any], field: str) -> None:
    answer = await switch(api, **body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_a_queue_there_is_not_is_not_found(api: Api) -> None:
    with changing(api.database, api.vault, acting_user="test") as changes:
        foreign = changes.add(Queue(id=0, company_id=api.organisation.foreign_id, extension="250", name="Theirs"))
    answers = [await switch(api, logged_in=True, queue_id=wanted) for wanted in (foreign.id, 987_654)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    ("role", "done"), [("operator", 200), ("company", 200), ("location", 403), ("department", 403), ("user", 403)]
)
async def test_others_are_logged_in_by_those_who_administer_them_only(api: Api, role: str, done: int) -> None:
    other = api.organisation.other
    answer = await switch(api, role, other["users"], logged_in=False)
    assert answer.status_code == done
    assert (await api.of(role).get(path(api, "queues", other["users"]))).status_code == done
    members = [row for row in list_rows(api.database, QueueMember) if row.id == other["queue_members"]]
    assert [row.logged_in for row in members] == [done != 200]
