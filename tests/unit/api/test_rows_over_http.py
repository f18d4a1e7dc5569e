"""Rows over HTTP: reading, conditional changes, repetition, problems."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from api_rig import Api
from sqlalchemy import select

from kiestoon.company.model import ENTITIES
from kiestoon.store import tables
from kiestoon.store.scope import INSTALLATION


async def add_user(api: Api, extension: str, name: str = "Alex", **more: Any) -> httpx.Response:
    return await api.of("company").post(api.path("users"), json={"extension": extension, "name": name, **more})


def codes(response: httpx.Response) -> set[tuple[str, str]]:
    return {(error["field"], error["code"]) for error in response.json()["errors"]}


@pytest.mark.parametrize("table", [entity.table for entity in ENTITIES])
async def test_what_was_read_can_be_sent_back_and_changes_nothing(api: Api, table: str) -> None:
    client = api.of("operator")
    path = api.path(table, api.organisation.own[table])
    read = await client.get(path)
    sent = await client.put(path, json=read.json(), headers={"If-Match": read.headers["etag"]})
    assert (sent.status_code, sent.json()) == (200, read.json())
    assert sent.headers["etag"] == read.headers["etag"]


async def test_a_new_row_is_answered_with_its_place_and_version(api: Api) -> None:
    created = await add_user(api, "299")
    assert created.status_code == 201
    assert created.headers["location"] == api.path("users", created.json()["id"])
    read = await api.of("company").get(created.headers["location"])
    assert read.json() == created.json()
    assert read.headers["etag"] == created.headers["etag"] == '"v1"'


async def test_outside_numbers_may_be_given_as_people_write_them(api: Api) -> None:
    created = await add_user(api, "299", mobile_number="+31/6:1234;5678", external_number="+31 (20) 555-0199")
    assert created.status_code == 201, created.text
    assert (created.json()["external_number"], created.json()["mobile_number"]) == ("+31205550199", "+31612345678")
    assert (await add_user(api, "298", external_number="020 555 0199")).status_code == 422


async def test_patterns_of_numbers_may_be_given_as_people_write_them(api: Api) -> None:
    created = await add_user(api, "299", blocklist=["+31 55?5 666??6", "+31 (0)20-555*", "020 555 12 34"])
    assert created.status_code == 201, created.text
    assert created.json()["blocklist"] == ["+3155?5666??6", "+3120555*", "0205551234"], created.text
    shown = await add_user(api, "297", mobile_number="+31612345678", dynamic_numbers=["+31 (6) 1234 5678"])
    assert shown.json()["dynamic_numbers"] == ["+31612345678"], shown.text
    for wrong in ("+31 5*5", "anonymous", "+31+20"):
        assert (await add_user(api, "298", blocklist=[wrong])).status_code == 422


async def test_the_control_process_takes_over_what_was_written(api: Api) -> None:
    await add_user(api, "299")
    await asyncio.sleep(0)
    assert ("reload", {}) in api.control.asked


async def test_a_change_names_the_version_it_was_made_from(api: Api) -> None:
    client, path = api.of("company"), api.path("users", api.organisation.own["users"])
    assert (await client.patch(path, json={"name": "New"})).status_code == 428
    changed = await client.patch(path, json={"name": "New"}, headers={"If-Match": '"v1"'})
    assert (changed.json()["name"], changed.headers["etag"]) == ("New", '"v2"')
    late = await client.patch(path, json={"name": "Newer"}, headers={"If-Match": '"v1"'})
    assert (late.status_code, codes(late)) == (412, {("", "changed_meanwhile")})
    for tag in ('W/"v2"', '"2"', "v2", '"v2', '""'):
        assert (await client.patch(path, json={}, headers={"If-Match": tag})).status_code == 412
    assert (await client.delete(path, headers={"If-Match": '"v1"'})).status_code == 412


async def test_of_two_who_change_the_same_version_at_once_one_wins(api: Api) -> None:
    client, path = api.of("company"), api.path("users", api.organisation.own["users"])
    answers = await asyncio.gather(
        *(client.patch(path, json={"name": f"Name {n}"}, headers={"If-Match": '"v1"'}) for n in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7


async def test_nothing_is_sent_again_while_it_is_the_same(api: Api) -> None:
    client, path = api.of("company"), api.path("users", api.organisation.own["users"])
    same = await client.get(path, headers={"If-None-Match": 'W/"v1", "v7"'})
    assert (same.status_code, same.content) == (304, b"")
    assert (await client.get(path, headers={"If-None-Match": '"v7"'})).status_code == 200


async def test_a_replaced_row_has_defaults_where_nothing_is_said_but_its_password(api: Api) -> None:
    client, path = api.of("company"), api.path("devices", api.organisation.own["devices"])
    await client.patch(path, json={"call_limit": 5}, headers={"If-Match": "*"})
    before = _secret(api)
    replaced = await client.put(path, json={"username": "renamed"}, headers={"If-Match": "*"})
    assert (replaced.json()["call_limit"], replaced.json()["user_id"]) == (2, None)
    assert _secret(api) == before


async def test_who_is_on_a_phone_is_for_administrators_of_the_company_to_say(api: Api) -> None:
    own = api.organisation.own
    path, any_version = api.path("devices", own["devices"]), {"If-Match": "*"}
    for role in ("location", "department"):
        refused = await api.of(role).patch(path, json={"logged_in_user_id": own["users"]}, headers=any_version)
        assert codes(refused) == {("logged_in_user_id", "not_yours")}
    client, guest = api.of("company"), {"user_id": None, "logged_in_user_id": own["users"]}
    moved = await client.patch(path, json=guest, headers=any_version)
    assert (moved.status_code, moved.json()["logged_in_user_id"]) == (200, own["users"])
    replaced = await client.put(path, json={"username": "renamed"}, headers=any_version)
    assert replaced.json()["logged_in_user_id"] == own["users"]  # whoever writes a phone anew logs nobody out
    bound = await client.patch(path, json={"user_id": own["users"]}, headers=any_version)
    assert (bound.status_code, codes(bound)) == (409, {("user_id", "logged_in_here")})
    out = await client.patch(path, json={"logged_in_user_id": None}, headers=any_version)
    assert out.json()["logged_in_user_id"] is None


def _secret(api: Api) -> str:
    from kiestoon.company.model import Device
    from kiestoon.store.load import iterate_rows

    with api.database.read() as connection:
        return next(iterate_rows(connection, Device, vault=api.vault, row_id=api.organisation.own["devices"])).secret


async def test_a_phones_password_is_shown_once(api: Api) -> None:
    client = api.of("company")
    created = await client.post(api.path("devices"), json={"username": "desk-9"})
    secret = created.json()["secret"]
    assert len(secret) >= 16
    path = created.headers["location"]
    assert "secret" not in (await client.get(path)).json()
    assert secret not in (await client.get(api.path("devices"))).text
    renewed = await client.post(f"{path}/new-secret")
    assert renewed.json()["secret"] != secret
    assert ("forget_device", {"device_id": created.json()["id"]}) in api.control.asked
    with api.database.read() as connection:
        trail = connection.execute(select(tables.changes), execution_options=INSTALLATION).all()
    assert not any(secret in str(entry) or renewed.json()["secret"] in str(entry) for entry in trail)


async def test_all_problems_of_a_row_are_named_at_once(api: Api) -> None:
    form = await add_user(api, "2a9", "", email="nowhere", ring_s=3, profile="boat", colour="red")
    assert form.status_code == 422
    assert codes(form) == {
        ("extension", "wrong_form"),
        ("name", "missing"),
        ("email", "wrong_form"),
        ("ring_s", "out_of_range"),
        ("profile", "not_a_choice"),
        ("colour", "unknown_field"),
    }
    company = await add_user(api, "201", location_id=4711, department_id=4712)
    assert company.status_code == 409
    assert codes(company) == {
        ("extension", "extension_taken"),
        ("location_id", "unknown_reference"),
        ("department_id", "unknown_reference"),
    }


async def test_problems_are_told_in_the_language_asked_for(api: Api) -> None:
    client = api.of("company")
    body = {"extension": "201", "name": "Kim"}
    dutch = await client.post(api.path("users"), json=body, headers={"Accept-Language": "de, nl-BE;q=0.8, en;q=0.1"})
    assert dutch.headers["content-type"] == "application/problem+json"
    assert dutch.headers["content-language"] == "nl"
    assert dutch.json()["detail"] == "Toestelnummer 201 is al van gebruiker 'Sam 2'. Kies een ander toestelnummer."
    english = await client.post(api.path("users"), json=body, headers={"Accept-Language": "en, nl;q=0.9"})
    assert english.json()["detail"] == "Extension 201 belongs to user 'Sam 2' already. Choose another extension."
    assert english.json()["type"] == "urn:kiestoon:problem:conflict"


async def test_references_into_another_company_do_not_exist(api: Api) -> None:
    foreign = await api.of("operator").post(
        f"/api/v1/companies/{api.organisation.foreign_id}/locations", json={"name": "Theirs"}
    )
    response = await add_user(api, "299", location_id=foreign.json()["id"])
    assert codes(response) == {("location_id", "unknown_reference")}


async def test_what_is_in_use_is_not_removed_and_its_users_are_named(api: Api) -> None:
    refused = await api.of("company").delete(api.path("locations", api.organisation.own["locations"]))
    assert refused.status_code == 409
    assert codes(refused) == {("", "in_use")}
    assert "Sales" in refused.json()["detail"]


async def test_a_user_without_a_name_of_its_own_is_told_by_what_it_belongs_to(api: Api) -> None:
    own = api.organisation.own
    (mapping,) = (
        await api.of("company").get(api.path("plan_mappings"), params={"plan_id": own["number_plans"]})
    ).json()["items"]
    path = api.path("plan_mappings", mapping["id"])
    await api.of("company").patch(path, json={"extension": "210"}, headers={"If-Match": "*"})
    refused = await api.of("company").delete(api.path("menus", own["menus"]))
    assert "number mapping 'Day / +31205550102'" in refused.json()["detail"]


async def test_nobody_is_shown_a_regular_expression(api: Api) -> None:
    texts = ["email", "notify_email", "blocklist", "dynamic_numbers", "mobile_number", "extension", "caller_number"]
    body = {name: ["?x"] if name in {"blocklist", "dynamic_numbers"} else "?x" for name in texts}
    errors = (await api.of("company").post(api.path("users"), json={"name": "A", **body})).json()["errors"]
    assert {error["field"].split(".")[0] for error in errors} == set(texts)
    assert not [error["message"] for error in errors if "^" in error["message"] or "[" in error["message"]]
    account = (await api.of("company").post(api.path("accounts"), json={"login": "Kim!", "role": "company"})).json()
    assert account["detail"].endswith("Write it as anna.jansen.")


async def test_what_would_leave_ones_part_is_refused_naming_the_field(api: Api) -> None:
    refused = await api.of("location").post(api.path("users"), json={"extension": "288", "name": "Nowhere"})
    assert (refused.status_code, codes(refused)) == (403, {("location_id", "beyond_reach")})


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"\xff\xfe", "application/json", 422),
        (b'{"name": "\\ud800", "extension": "299"}', "application/json", 422),
        (b'{"name": "a\\u0000b", "extension": "299"}', "application/json", 422),
        (b'{"location_id": 99999999999999999999, "name": "a", "extension": "299"}', "application/json", 422),
        (b'{"ring_s": 60.5, "name": "a", "extension": "299"}', "application/json", 422),
        (b"[" * 100_000, "application/json", 422),
        (b'{"name": "\x80"}', "application/json", 422),
        (b"name=x", "application/x-www-form-urlencoded", 415),
        (b"{}", "", 415),
        (b'"' + b"x" * 300_000 + b'"', "application/json", 413),
        (b"x" * (11 * 1024 * 1024), "application/json", 413),
    ],
)
async def test_hostile_bodies_are_refused(api: Api, content: bytes, content_type: str, status: int) -> None:
    headers = {"content-type": content_type} if content_type else {}
    response = await api.of("company").post(api.path("users"), content=content, headers=headers)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_body_of_unknown_length_is_bounded_too(api: Api) -> None:
    async def endless() -> Any:
        for _ in range(200):
            yield b" " * 100_000

    response = await api.of("company").post(
        api.path("users"), content=endless(), headers={"content-type": "application/json"}
    )
    assert response.status_code == 413


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", "99999999999", "2147483648", "%00", "١"])
async def test_what_is_no_id_is_nothing(api: Api, text: str) -> None:
    client = api.of("operator")
    assert (await client.get(f"/api/v1/companies/{text}")).status_code == 404
    assert (await client.get(api.path("users") + f"/{text}")).status_code == 404
    assert (await client.get(f"/api/v1/companies/{api.organisation.company_id}/nonsense")).status_code == 404


async def test_a_repeated_request_gets_the_first_answer_and_is_done_once(api: Api) -> None:
    client, headers = api.of("company"), {"Idempotency-Key": "order-17"}
    body = {"username": "desk-7"}
    first = await client.post(api.path("devices"), json=body, headers=headers)
    again = await client.post(api.path("devices"), json=body, headers=headers)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    other = await client.post(api.path("devices"), json={"username": "desk-8"}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "urn:kiestoon:problem:key_reused")
    stranger = await api.of("operator").post(api.path("devices"), json={"username": "desk-9"}, headers=headers)
    assert stranger.status_code == 201


async def test_many_repetitions_at_once_are_done_once(api: Api) -> None:
    client = api.of("company")
    body, headers = {"username": "desk-7"}, {"Idempotency-Key": "order-17"}
    answers = await asyncio.gather(*(client.post(api.path("devices"), json=body, headers=headers) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1


async def test_a_refused_request_may_be_corrected_under_the_same_key(api: Api) -> None:
    client, headers = api.of("company"), {"Idempotency-Key": "order-18"}
    body = {"extension": "201", "name": "Kim"}
    assert (await client.post(api.path("users"), json=body, headers=headers)).status_code == 409
    body["extension"] = "298"
    assert (await client.post(api.path("users"), json=body, headers=headers)).status_code == 201


async def test_kept_answers_hold_no_password_in_the_clear(api: Api) -> None:
    from kiestoon.store.idempotency import idempotency_keys

    created = await api.of("company").post(
        api.path("devices"), json={"username": "desk-7"}, headers={"Idempotency-Key": "k"}
    )
    with api.database.read() as connection:
        kept = connection.execute(select(idempotency_keys.c.answer)).scalar_one()
    assert created.json()["secret"].encode() not in kept


async def test_who_asks_too_often_waits(api: Api) -> None:
    from kiestoon.api.limits import RateLimits

    api.application.state.limits = RateLimits(3)
    client, path = api.of("company"), api.path("locations")
    statuses = [(await client.get(path)).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    refused = await client.get(path)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert (await api.of("location").get(path)).status_code == 200  # each account by itself


@pytest.mark.parametrize("path", ["/api/v1/companies", "/api/v1/nothing", "/docs", "/health"])
async def test_every_answer_keeps_browsers_careful(api: Api, path: str) -> None:
    headers = (await api.of("company").get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert path == "/docs" or headers["cache-control"] == "no-store"


async def test_both_names_of_somebody_in_anothers_view_are_in_the_audit_trail(api: Api) -> None:
    import msgspec

    api.principals["visitor"] = msgspec.structs.replace(api.principals["user"], name="chief", acting_as="Sam 2")
    path = api.path("users", api.organisation.own["users"])
    await api.of("visitor").patch(path, json={"do_not_disturb": True}, headers={"If-Match": "*"})
    with api.database.read() as connection:
        query = select(tables.changes).order_by(tables.changes.c.id.desc()).limit(1)
        entry = connection.execute(query, execution_options=INSTALLATION).one()
    assert (entry.acting_user, entry.acting_for, entry.before) == (
        "chief",
        "Sam 2",
        {"do_not_disturb": False, "version": 1},
    )


async def test_a_destination_that_may_not_be_called_is_refused_with_its_field_and_the_rule(api: Api) -> None:
    """For the person's own login as for administrators (REACH-1, E 9.1)."""
    administrator, person = api.of("company"), api.of("user")
    own = api.path("users", api.organisation.own["users"])
    match = {"If-Match": (await administrator.get(own)).headers["etag"]}
    assert (await administrator.patch(own, json={"blocked": ["premium"]}, headers=match)).status_code == 200
    row = {"extension": "201", "case": "always", "to": {"kind": "number", "target": "009001234567"}}
    for client in (administrator, person):
        refused = await client.post(api.path("forwards"), json=row)
        assert refused.status_code == 422, refused.text
        assert codes(refused) == {("to", "blocked_for")}
    assert "premium" in refused.json()["errors"][0]["message"]
    row["to"] = {"kind": "number", "target": "00612345678"}
    assert (await person.post(api.path("forwards"), json=row)).status_code == 201
