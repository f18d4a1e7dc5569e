"""A person's reachability as a whole: given to others, cleared (E 10.8.5)."""

from __future__ import annotations

from typing import Any

from api_rig import Api

PARTS = ("call_classes", "reach_statuses", "reach_profiles", "reach_cells", "reach_overrides")


async def parts_of(api: Api, user_id: int) -> dict[str, list[dict[str, Any]]]:
    client = api.of("company")
    return {part: (await client.get(api.path(part), params={"user_id": user_id})).json()["items"] for part in PARTS}


async def add_colleague(api: Api, extension: str, **fields: Any) -> int:
    created = await api.of("company").post(api.path("users"), json={"extension": extension, "name": "New", **fields})
    assert created.status_code == 201, created.text
    return int(created.json()["id"])


async def test_a_clone_has_the_same_matrix_under_its_own_ids(api: Api) -> None:
    client, source = api.of("company"), api.organisation.own["users"]
    target = await add_colleague(api, "291")
    cloned = await client.post(api.path("users", source) + "/reach/clone", json={"to": [target]})
    assert (cloned.status_code, cloned.json()) == (200, {"users": [target]}), cloned.text
    before, after = await parts_of(api, source), await parts_of(api, target)
    assert before["reach_cells"]
    for part in ("call_classes", "reach_statuses", "reach_profiles", "reach_cells"):
        assert len(after[part]) == len(before[part])
        assert not {row["id"] for row in after[part]} & {row["id"] for row in before[part]}
    assert after["reach_overrides"] == []  # what was set by hand is of the moment
    own = {row["id"] for row in after["reach_profiles"]}
    assert {cell["profile_id"] for cell in after["reach_cells"]} <= own


async def test_a_clones_calls_do_not_come_back_to_it_and_speed_dials_become_their_numbers(api: Api) -> None:
    """All others may be chosen, also those to whom the calls go (E 10.8.5)."""
    client, source = api.of("company"), api.organisation.own["users"]
    there, other = await add_colleague(api, "291"), await add_colleague(api, "292")
    code = {"feature": "speed_dial", "code": "#"}
    assert (await client.post(api.path("feature_codes"), json=code)).status_code == 201
    (profile,) = (await parts_of(api, source))["reach_profiles"]
    where, match = api.path("reach_profiles", profile["id"]), {"If-Match": f'"v{profile["version"]}"'}
    forwards = {
        "forward_busy": {"kind": "extension", "target": "291"},
        "forward_no_answer": {"kind": "number", "target": "#21"},
    }
    changed = await client.patch(where, json=forwards, headers=match)
    assert changed.status_code == 200, changed.text
    cloned = await client.post(api.path("users", source) + "/reach/clone", json={"to": [there, other]})
    assert cloned.status_code == 200, cloned.text
    for user_id, busy in ((there, None), (other, forwards["forward_busy"])):
        (profile,) = (await parts_of(api, user_id))["reach_profiles"]
        assert profile["forward_busy"] == busy
        assert profile["forward_no_answer"] == {"kind": "number", "target": "+31612345678"}


async def test_a_clone_that_may_not_call_what_it_forwards_to_is_refused_by_name(api: Api) -> None:
    client, source = api.of("company"), api.organisation.own["users"]
    target = await add_colleague(api, "291", blocked=["mobile"])
    (profile,) = (await parts_of(api, source))["reach_profiles"]
    where, match = api.path("reach_profiles", profile["id"]), {"If-Match": f'"v{profile["version"]}"'}
    busy = {"forward_busy": {"kind": "number", "target": "00612345678"}}
    assert (await client.patch(where, json=busy, headers=match)).status_code == 200
    refused = await client.post(api.path("users", source) + "/reach/clone", json={"to": [target]})
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["field"], error["code"]) == ("forward_busy", "blocked_for")
    assert "'New'" in error["message"]


async def test_cloning_again_replaces_what_was_there(api: Api) -> None:
    client, source = api.of("company"), api.organisation.own["users"]
    target = await add_colleague(api, "291")
    for _ in range(2):
        await client.post(api.path("users", source) + "/reach/clone", json={"to": [target]})
    assert {part: len(rows) for part, rows in (await parts_of(api, target)).items() if part != "reach_overrides"} == {
        part: len(rows) for part, rows in (await parts_of(api, source)).items() if part != "reach_overrides"
    }


async def test_a_clone_to_nobody_changes_nobody(api: Api) -> None:
    client, source = api.of("company"), api.organisation.own["users"]
    target = await add_colleague(api, "291")
    refused = await client.post(api.path("users", source) + "/reach/clone", json={"to": [target, 987654]})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "to")
    assert not any((await parts_of(api, target)).values())


async def test_cleared_reachability_is_gone_and_the_person_is_not(api: Api) -> None:
    client, source = api.of("company"), api.organisation.own["users"]
    assert (await client.delete(api.path("users", source) + "/reach")).status_code == 204
    assert not any((await parts_of(api, source)).values())
    assert (await client.get(api.path("users", source))).status_code == 200


async def test_people_clear_their_own_only(api: Api) -> None:
    person = api.principals["user"].user_id
    other = await add_colleague(api, "291")
    client = api.of("user")
    assert (await client.delete(api.path("users", other) + "/reach")).status_code in (403, 404)
    assert person is not None
    assert (await client.delete(api.path("users", person) + "/reach")).status_code == 204
    assert (await client.post(api.path("users", person) + "/reach/clone", json={"to": [other]})).status_code == 403
