"""Every route as every role and as nobody, compared with the permission table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from api_rig import Api
from sqlalchemy import Connection

from kiestoon.api import mail
from kiestoon.api.permissions import (
    OPERATIONS,
    PERMISSIONS,
    PUBLIC,
    SUBJECTS,
    Verb,
    as_markdown,
    by_right,
    may,
    may_do,
)
from kiestoon.company.model import ENTITIES, Account, Entity

ASKERS = ("operator", "company", "location", "department", "user", "planner")
TABLES = tuple(entity.table for entity in ENTITIES)
METHODS = {"get", "put", "post", "patch", "delete"}
WITHIN = ("location", "department", "user", "planner")


def test_every_type_of_row_is_in_the_table() -> None:
    assert set(PERMISSIONS) == set(TABLES)


async def whole_row(api: Api, table: str, which: dict[str, int]) -> httpx.Response:
    path = "/api/v1/companies" if table == "companies" else api.path(table)
    response = await api.of("operator").get(f"{path}/{which[table]}")
    assert response.status_code == 200, response.text
    return response


def created_from(row: dict[str, Any]) -> dict[str, Any]:
    """What makes such a row again, without what only one row can have."""
    return {name: value for name, value in row.items() if name not in {"id", "version", "company_id"}}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("role", ASKERS)
async def test_what_a_role_may_do_with_its_own_rows_is_what_the_table_says(api: Api, role: str, table: str) -> None:
    principal, client = api.principals[role], api.of(role)
    row = (await whole_row(api, table, api.organisation.own)).json()
    path, many = api.path(table, row["id"]), api.path(table)
    match = {"If-Match": "*"}

    def ruled(verb: Any, response: httpx.Response, *allowed: int) -> None:
        expected = allowed if may(principal, verb, table) else (403,)
        assert response.status_code in expected, f"{verb}: {response.status_code} {response.text}"

    ruled("list", await client.get(many), 200)
    ruled("get", await client.get(path), 200)
    ruled("change", await client.put(path, json=row, headers=match), 200)
    ruled("change", await client.patch(path, json={}, headers=match), 200)
    removed = await client.delete(path)
    ruled("remove", removed, 204, 409)
    created = await client.post(many, json=created_from(row))
    ruled("create", created, *((201,) if removed.status_code == 204 and table != "companies" else (201, 409, 422)))


@pytest.mark.parametrize("table", [table for table in TABLES if table != "companies"])
@pytest.mark.parametrize("role", WITHIN)
async def test_beyond_their_part_people_see_public_fields_at_most_and_change_nothing(
    api: Api, role: str, table: str
) -> None:
    principal, client = api.principals[role], api.of(role)
    row = (await whole_row(api, table, api.organisation.other)).json()
    path = api.path(table, row["id"])
    if by_right(principal, table):  # reaches over the whole company
        assert (await client.get(path)).status_code == 200
        return
    visible = table in PUBLIC and table not in {"schedules", "holidays"} and may(principal, "get", table)
    seen = await client.get(path)
    listed = await client.get(api.path(table), params={"limit": 200})
    if visible:
        assert seen.json().keys() == PUBLIC[table]
        assert next(item for item in listed.json()["items"] if item["id"] == row["id"]).keys() == PUBLIC[table]
    else:
        assert seen.status_code == (404 if may(principal, "get", table) else 403)
        assert row["id"] not in [item["id"] for item in listed.json().get("items", [])]
    for verb, response in (
        ("change", await client.put(path, json=row, headers={"If-Match": "*"})),
        ("change", await client.patch(path, json={}, headers={"If-Match": "*"})),
        ("remove", await client.delete(path)),
    ):
        expected = 404 if may(principal, verb, table) and not visible else 403
        assert response.status_code == expected, f"{verb}: {response.text}"
    assert (await whole_row(api, table, api.organisation.other)).json() == row


@pytest.mark.parametrize("role", [role for role in ASKERS if role != "operator"])
async def test_another_company_is_not_there_at_all(api: Api, role: str) -> None:
    client, foreign = api.of(role), f"/api/v1/companies/{api.organisation.foreign_id}"
    for path in (foreign, *(f"{foreign}/{table}" for table in TABLES if table != "companies"), f"{foreign}/extensions"):
        known, unknown = await client.get(path), await client.get(path.replace(foreign, "/api/v1/companies/987654"))
        assert known.status_code == unknown.status_code == 404
        assert known.json() == unknown.json()
    companies = (await client.get("/api/v1/companies")).json()["items"]
    assert [company["id"] for company in companies] == [api.organisation.company_id]


DONE = {
    "clear_reach": 204,
    "manage_music": 204,
    "send_account_mail": 202,
    "apply_new_company": 201,
    "make_call": 202,
    "operate_call": 204,
    "steer_conference": 204,
}
"""What a success is answered with where it is not 200."""


def operation_requests(api: Api, exported: str) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """For each operation a request of the company's own things that works."""
    own = api.organisation.own
    return {
        "apply_configuration": ("POST", api.path("configuration"), yaml(exported)),
        "list_extensions": ("GET", api.path("extensions"), {}),
        "next_free_extension": ("GET", api.path("extensions/next-free"), {}),
        "create_users": (
            "POST",
            api.path("users/bulk"),
            {"json": [{"extension": "280", "name": "New", "location_id": own["locations"]}]},
        ),
        "copy_number_plan": (
            "POST",
            api.path(f"number_plans/{own['number_plans']}/copy"),
            {"json": {"to": own["second_plan"]}},
        ),
        "new_device_secret": ("POST", api.path(f"devices/{own['devices']}/new-secret"), {}),
        "shared_trunks": ("GET", "/api/v1/trunks", {}),
        "export_configuration": ("GET", api.path("configuration"), {}),
        "explain_call": ("POST", api.path("explain"), {"json": {"caller": {}, "dialled": "+31205550101"}}),
        "list_live_calls": ("GET", api.path("calls"), {}),
        "make_call": ("POST", api.path("calls"), {"json": {"number": "201", "user_id": own["users"]}}),
        "operate_call": ("POST", api.path("calls/one/hold"), {"json": {}}),
        "list_live_conferences": ("GET", api.path("conferences"), {}),
        "steer_conference": ("POST", api.path("conferences/217/lock"), {"json": {}}),
        "read_activity": ("GET", api.path("activity"), {}),
        "read_all_activity": ("GET", "/api/v1/activity", {}),
        "list_short_ways": ("GET", api.path(f"users/{own['users']}/short-ways"), {}),
        "list_recent_numbers": ("GET", api.path(f"users/{own['users']}/recent-numbers"), {}),
        "read_presence": ("GET", api.path(f"users/{own['users']}/presence"), {}),
        "set_presence": ("PUT", api.path(f"users/{own['users']}/presence"), {"json": {"status": "lunch"}}),
        "read_directory": ("GET", api.path("directory"), {}),
        "read_dashboard": ("GET", api.path(f"locations/{own['locations']}/dashboard"), {}),
        "read_department_dashboard": ("GET", api.path(f"departments/{own['departments']}/dashboard"), {}),
        "read_licences": ("GET", api.path("licences"), {}),
        "clone_reach": ("POST", api.path(f"users/{own['users']}/reach/clone"), {"json": {"to": [own["users"]]}}),
        "clear_reach": ("DELETE", api.path(f"users/{own['users']}/reach"), {}),
        "manage_accounts": ("GET", api.path("accounts"), {}),
        "manage_operators": ("GET", "/api/v1/operators", {}),
        "set_pin": ("POST", api.path(f"users/{own['users']}/pin"), {"json": {}}),
        "shared_identity_providers": ("GET", "/api/v1/identity-providers", {}),
        "follow_events": ("GET", "/api/v1/events", {}),
        "manage_identity_providers": ("GET", api.path("identity-providers"), {}),
        "manage_music": ("DELETE", api.path(f"music/spring/{own['music_files']}"), {}),
        "manage_prompts": ("GET", api.path("prompts"), {}),
        "manage_recordings": ("GET", api.path("recordings"), {}),
        "manage_webhooks": ("GET", api.path("webhooks"), {}),
        "send_account_mail": ("POST", api.path(f"users/{own['users']}/account-mail"), {"json": {}}),
        "apply_new_company": ("POST", "/api/v1/configuration", yaml(NEW_COMPANY)),
        "read_music": ("GET", api.path("music"), {}),
        "read_voicemail": ("GET", api.path("voicemail"), {}),
        "change_voicemail": (
            "PATCH",
            api.path(f"voicemail/201/messages/{own['voicemail_messages']}"),
            {"json": {"state": "old"}},
        ),
        "read_number_assignments": ("GET", api.path("number-assignments"), {}),
        "list_services": ("GET", api.path("extensions/201/services"), {}),
        "assign_to_department": (
            "POST",
            api.path(f"departments/{own['departments']}/members"),
            {"json": {"user_id": own["users"]}},
        ),
        "list_user_favourites": ("GET", api.path(f"users/{own['users']}/favourites"), {}),
        "list_user_queues": ("GET", api.path(f"users/{own['users']}/queues"), {}),
        "switch_queue_login": ("PUT", api.path(f"users/{own['users']}/queue-login"), {"json": {"logged_in": True}}),
        "read_call_history": ("GET", api.path(f"hunt_groups/{own['hunt_groups']}/calls"), {}),
    }


OPERATION_OF = {
    **{operation: operation for operation in OPERATIONS},
    "diff_configuration": "export_configuration",
    "list_activity": "read_activity",
    "list_all_activity": "read_all_activity",
    "fetch_events": "follow_events",
    "list_presence": "read_presence",
    "get_pin_state": "set_pin",
    "change_pin": "set_pin",
    "remove_from_department": "assign_to_department",
    "list_playlists": "read_music",
    "list_voicemail_messages": "read_voicemail",
    "play_voicemail_message": "read_voicemail",
    "list_mailboxes": "read_voicemail",
    "get_mailbox": "read_voicemail",
    "get_voicemail_message": "read_voicemail",
    "play_music": "read_music",
    "list_calls_of_virtual_user": "read_call_history",
}
"""By operation of the OpenAPI document what the permission table calls it, where its tag does not say so."""

BY_TAG = {
    "accounts": "manage_accounts",
    "music": "manage_music",
    "voicemail": "change_voicemail",
    "prompts": "manage_prompts",
    "recordings": "manage_recordings",
    "operators": "manage_operators",
    "webhooks": "manage_webhooks",
    "identity providers": "manage_identity_providers",
}
AS_ROWS: dict[str, tuple[Verb, str]] = {
    "list_codes": ("list", "feature_codes"),
    "list_code_presets": ("list", "feature_codes"),
    "apply_code_preset": ("create", "feature_codes"),
    "read_user_now": ("get", "users"),
    "read_plan_timeline": ("get", "number_schemes"),
    "switch_number_plan": ("create", "plan_overrides"),
    "list_public_holidays": ("list", "holidays"),
}
"""What is for whoever may do this with rows."""
ODD_PLACES = {"operation": "hold", "action": "lock", "language": "nl", "key": "menu-welcome"}
"""What stands in a path where a number would be refused before anybody is asked who he is."""
OWN_LOGIN = {"session", "own login"}
"""What everybody does with the own login only, and before there is one."""


def routes_beside_rows(api: Api) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Every other route: what the permission table calls it, method, path, description."""
    described = {f"{verb}_{noun}" for entity in ENTITIES for verb, noun in row_operations(entity)}
    for path, item in api.application.openapi()["paths"].items():
        for method, operation in item.items():
            if method not in METHODS or OWN_LOGIN & set(operation["tags"]) or operation["operationId"] in described:
                continue
            (tag,) = operation["tags"]
            known = AS_ROWS | OPERATION_OF
            name = operation["operationId"] if operation["operationId"] in known else BY_TAG[tag]
            name = OPERATION_OF.get(name, name)
            shared = path.startswith("/api/v1/identity-providers")
            yield "shared_identity_providers" if shared else name, method.upper(), path, operation


def row_operations(entity: Entity) -> Iterator[tuple[str, str]]:
    one = re.sub(r"(?<!^)(?=[A-Z])", "_", entity.row.__name__).lower()
    for prefix in ("", "shared_"):
        yield "list", prefix + entity.table
        yield from ((verb, prefix + one) for verb in ("create", "get", "replace", "change", "remove"))


def body_of(operation: dict[str, Any]) -> dict[str, Any]:
    """The described example of a body, with the headers it needs."""
    for media_type, media in operation.get("requestBody", {}).get("content", {}).items():
        example = media["example"]
        content = example if isinstance(example, str) else msgspec.json.encode(example)
        return {"content": content, "headers": {"Content-Type": media_type, "If-Match": "*"}}
    return {}


@pytest.mark.parametrize("role", ASKERS)
async def test_every_route_beside_the_rows_is_for_the_roles_in_the_table(api: Api, role: str) -> None:
    mail.install(api.application, queue_mail)
    own = api.organisation.own
    ids = {"company_id": api.organisation.company_id, "location_id": own["locations"], "user_id": own["users"]}
    ids |= {
        "device_id": own["devices"],
        "plan_id": own["number_plans"],
        "scheme_id": own["number_schemes"],
        "department_id": own["departments"],
    }
    ids |= {"table": "hunt_groups", "row_id": own["hunt_groups"], "extension": "201"} | ODD_PLACES
    tried: set[str] = set()
    for name, method, path, operation in routes_beside_rows(api):
        full = re.sub(r"{(\w+)}", lambda found: str(ids.get(found[1], 1)), path)
        response = await api.of(role).request(method, full, **body_of(operation))
        # Beyond the table a 403 says which field is not somebody's.
        refused = response.status_code == 403 and not response.json()["errors"]
        principal = api.principals[role]
        allowed = may(principal, *AS_ROWS[name]) if name in AS_ROWS else may_do(principal, name, "users")
        assert refused != allowed, f"{method} {path}: {response.text}"
        tried.add(name)
    assert tried == OPERATIONS.keys() - {"shared_trunks"} | AS_ROWS.keys()  # those are rows


@pytest.mark.parametrize("reading", [False, True])
async def test_every_route_is_about_something_a_token_can_be_issued_for(api: Api, reading: bool) -> None:
    verbs = ("read",) if reading else ("write",)
    scopes = frozenset(f"{subject}:{verb}" for subject in SUBJECTS for verb in verbs)
    api.principals["program"] = msgspec.structs.replace(api.principals["operator"], scopes=scopes)
    mail.install(api.application, queue_mail)
    for _, method, path, operation in routes_beside_rows(api):
        full = re.sub(r"{(\w+)}", lambda found: ODD_PLACES.get(found[1], "1"), path)
        response = await api.of("program").request(method, full, **body_of(operation))
        asks = method == "GET" or operation["operationId"] in {"diff_configuration", "explain_call"}
        assert (response.status_code == 403) == (reading and not asks), f"{method} {path}: {response.text}"


@pytest.mark.parametrize("role", ASKERS)
async def test_lines_of_all_companies_are_for_the_roles_in_the_table(api: Api, role: str) -> None:
    row = {"name": "Shared", "kind": "peer", "host": "sip.example.net", "sources": ["192.0.2.7"]}
    made = await api.of("operator").post("/api/v1/trunks", json=row)
    path, client = made.headers["location"], api.of(role)
    answers = [
        await client.get("/api/v1/trunks"),
        await client.get(path),
        await client.put(path, json=row, headers={"If-Match": "*"}),
        await client.patch(path, json={}, headers={"If-Match": "*"}),
        await client.delete(path),
        await client.post("/api/v1/trunks", json=row),
    ]
    allowed = may_do(api.principals[role], "shared_trunks", "trunks")
    assert [answer.status_code < 300 for answer in answers] == [allowed] * len(answers)
    assert allowed or {answer.status_code for answer in answers} == {403}


NEW_COMPANY = "kiestoon: 1\ncompany:\n  domain: new.example\n  name: New\n"


def yaml(text: str) -> dict[str, Any]:
    return {"content": text, "headers": {"Content-Type": "application/yaml"}}


def queue_mail(connection: Connection, account: Account, pin: str) -> int:
    return 1


@pytest.mark.parametrize("role", ASKERS)
async def test_operations_are_for_the_roles_in_the_table(api: Api, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exported = (await api.of("operator").get(api.path("configuration"))).text
    requests = operation_requests(api, exported)
    assert requests.keys() == OPERATIONS.keys(), "an operation without a request that tries it here"
    mail.install(api.application, queue_mail)
    for operation, (method, path, arguments) in requests.items():
        response = await api.of(role).request(method, path, **arguments)
        allowed = may_do(api.principals[role], operation, "users")
        expected = DONE.get(operation, 200) if allowed else 403
        assert response.status_code == expected, f"{operation}: {response.status_code} {response.text}"


async def test_nobody_gets_anything_but_the_login(api: Api) -> None:
    client = api.of("nobody")
    described = {
        (method.upper(), path): operation
        for path, item in api.application.openapi()["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }
    closed = [place for place, operation in described.items() if operation.get("security") != []]
    assert len(closed) > 6 * len(TABLES)
    assert all(path.startswith("/api/v1/session") for _, path in described.keys() - set(closed))
    for method, path in closed:
        response = await client.request(method, re.sub(r"{\w+}", "1", path))
        assert response.status_code == 401, f"{method} {path}: {response.status_code}"
        assert response.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("scopes", "reads", "writes"),
    [
        (set(), False, False),
        ({"read"}, True, False),
        ({"write"}, True, True),
        ({"users:read"}, True, False),
        ({"users:write"}, True, True),
        ({"devices:write"}, False, False),
    ],
)
async def test_a_token_does_what_it_was_issued_for_only(api: Api, scopes: set[str], reads: bool, writes: bool) -> None:
    api.principals["program"] = msgspec.structs.replace(api.principals["company"], scopes=frozenset(scopes))
    client = api.of("program")
    path = api.path("users", api.organisation.own["users"])
    assert ((await client.get(path)).status_code == 200) == reads
    changed = await client.patch(path, json={"name": "Other"}, headers={"If-Match": "*"})
    assert changed.status_code == (200 if writes else 403)


def test_the_table_in_the_manual_is_the_one_in_force() -> None:
    manual = Path(__file__).parents[3] / "docs" / "admin" / "api.md"
    assert as_markdown() in manual.read_text()
