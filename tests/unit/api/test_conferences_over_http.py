"""Conference rooms over the API: the rows with their PINs, and steering a room people are in (CALL-13)."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import Api

from kiestoon.operator_error import OperatorError


def answering(api: Api, answer: Any) -> list[tuple[str, dict[str, Any]]]:
    """Let the control process give this answer; what it is asked."""
    asked: list[tuple[str, dict[str, Any]]] = []

    async def ask(command: str, **arguments: Any) -> Any:
        asked.append((command, arguments))
        if isinstance(answer, Exception):
            raise answer
        return answer

    api.backend.ask = ask
    return asked


@pytest.mark.parametrize(("role", "own"), [("company", False), ("user", True)])
async def test_people_ask_for_themselves_and_administrators_for_all(api: Api, role: str, own: bool) -> None:
    asked = answering(api, [])
    answer = await api.of(role).get(api.path("conferences"))
    assert (answer.status_code, answer.json()) == (200, {"items": []})
    user_id = api.organisation.own["users"] if own else None
    assert asked == [("live_rooms", {"company_id": api.organisation.company_id, "user_id": user_id})]


async def test_what_is_asked_for_reaches_the_control_process(api: Api) -> None:
    asked = answering(api, {})
    answer = await api.of("user").post(api.path("conferences/217/mute"), json={"member": "5"})
    assert answer.status_code == 204, answer.text
    user_id = api.organisation.own["users"]
    assert asked[0][1] == {
        "company_id": api.organisation.company_id, "extension": "217", "operation": "mute", "member": "5", "to": "",
        "user_id": user_id, "acting_user": user_id,
    }  # fmt: skip


@pytest.mark.parametrize(("path", "field"), [("mute", "member"), ("remove", "member"), ("call", "to")])
async def test_what_is_missing_is_named(api: Api, path: str, field: str) -> None:
    answer = await api.of("user").post(api.path(f"conferences/217/{path}"), json={})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("failed", "status", "dutch"),
    [
        ({"status": 403, "text": "Not allowed"}, 403, "alleen een organisator mag dat"),
        ({"status": 404, "text": "There is no call"}, 404, "er is niemand in deze vergadering"),
        ({"status": 486, "text": "The conference is full"}, 409, "de vergadering is vol"),
    ],
)
async def test_a_refusal_says_why(api: Api, failed: dict[str, Any], status: int, dutch: str) -> None:
    answering(api, {"failed": failed})
    answer = await api.of("company").post(api.path("conferences/217/lock"), json={}, headers={"Accept-Language": "nl"})
    assert answer.status_code == status
    assert dutch in answer.json()["errors"][0]["message"]


async def test_without_the_control_process_it_is_said_so(api: Api) -> None:
    answering(api, OperatorError("The exchange does not run", "Start it"))
    assert (await api.of("company").get(api.path("conferences"))).status_code == 503


async def test_only_the_owner_and_administrators_see_the_pins(api: Api) -> None:
    own, other = (getattr(api.organisation, which)["conference_rooms"] for which in ("own", "other"))
    assert (await api.of("user").get(api.path("conference_rooms", own))).json()["pin"] == "4711"
    assert "pin" not in (await api.of("user").get(api.path("conference_rooms", other))).json()
    assert (await api.of("company").get(api.path("conference_rooms", other))).json()["pin"] == "4711"


async def test_the_owner_changes_pins_but_not_whose_the_room_is(api: Api) -> None:
    path = api.path("conference_rooms", api.organisation.own["conference_rooms"])
    headers = {"If-Match": "*"}
    changed = await api.of("user").patch(path, json={"pin": "274916", "announce": "names"}, headers=headers)
    assert changed.status_code == 200, changed.text
    assert (await api.of("user").patch(path, json={"most_members": 5}, headers=headers)).status_code == 403
