"""Every route as every role and as nobody, compared with the permission table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from api_rig import Api
from sqlalchemy import Connection

from kiestoon.api import mail
from kiestoon.api.permissions import OPERATIONS, PERMISSIONS, PUBLIC, as_markdown, by_right, may, may_do
from kiestoon.company.model import ENTITIES, Account

ASKERS = ("operator", "company", "location", "department", "user", "planner")
TABLES = tuple(entity.table for entity in ENTITIES)
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


DONE = {"clear_reach": 204, "send_account_mail": 202, "apply_new_company": 201}
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
        "read_activity": ("GET", api.path("activity"), {}),
        "read_all_activity": ("GET", "/api/v1/activity", {}),
        "read_directory": ("GET", api.path("directory"), {}),
        "read_dashboard": ("GET", api.path(f"locations/{own['locations']}/dashboard"), {}),
        "read_licences": ("GET", api.path("licences"), {}),
        "clone_reach": ("POST", api.path(f"users/{own['users']}/reach/clone"), {"json": {"to": [own["users"]]}}),
        "clear_reach": ("DELETE", api.path(f"users/{own['users']}/reach"), {}),
        "manage_accounts": ("GET", api.path("accounts"), {}),
        "manage_identity_providers": ("GET", api.path("identity-providers"), {}),
        "manage_prompts": ("GET", api.path("prompts"), {}),
        "manage_webhooks": ("GET", api.path("webhooks"), {}),
        "send_account_mail": ("POST", api.path(f"users/{own['users']}/account-mail"), {"json": {}}),
        "apply_new_company": ("POST", "/api/v1/configuration", yaml(NEW_COMPANY)),
        "read_number_assignments": ("GET", api.path("number-assignments"), {}),
    }


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
    closed = [
        (method.upper(), path)
        for path, item in api.application.openapi()["paths"].items()
        for method in item.keys() & {"get", "put", "post", "patch", "delete"}
        if not path.startswith("/api/v1/session")
    ]
    assert len(closed) > 6 * len(TABLES)
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
