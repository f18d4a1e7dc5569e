"""Requests that carry an Idempotency-Key: done once, answered again."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from api_rig import Api
from sqlalchemy import Connection

from kiestoon.api import mail
from kiestoon.company.model import Account

READING = {"diff_configuration", "explain_call"}
SAME_AGAIN = {"retry_webhook_delivery"}
"""Delivers what there is once more, however often it is asked to."""

STREAMED = {"add_music"}
"""Its body goes to the disk as it comes, and is not kept to be compared."""


def queue_mail(connection: Connection, account: Account, pin: str) -> int:
    return 1


def test_every_post_beyond_the_own_login_can_be_repeated(api: Api) -> None:
    for path, item in api.application.openapi()["paths"].items():
        operation = item.get("post")
        if operation is None or path.startswith("/api/v1/session"):
            continue
        taken = {parameter["name"] for parameter in operation["parameters"]}
        expected = operation["operationId"] not in READING | SAME_AGAIN | STREAMED
        assert ("Idempotency-Key" in taken) == expected, operation["operationId"]


def requests(api: Api) -> dict[str, dict[str, Any]]:
    """By path what to post, in an order in which each can be done."""
    own = api.organisation.own
    company, user = api.path("companies", 1), api.path("users", own["users"])
    account = {"login": "kim", "role": "company", "email": "kim@bakery.example"}
    provider = {"name": "Login", "issuer": "https://login.example.org", "client_id": "kiestoon"}
    hook = {"name": "CRM", "url": "https://crm.example.org/hook", "events": ["*"]}
    yaml = {"content": "kiestoon: 1\ncompany:\n  domain: new.example\n  name: New\n"}
    return {
        "/api/v1/companies": {"json": {"name": "Third", "domain": "third.example"}},
        f"{company}/users": {"json": {"extension": "288", "name": "New"}},
        f"{company}/users/bulk": {"json": [{"extension": "289", "name": "Newer", "phone": True}]},
        f"{company}/devices": {"json": {"username": "new", "user_id": own["users"]}},
        f"{company}/devices/{own['devices']}/new-secret": {},
        f"{company}/number_plans/{own['number_plans']}/copy": {"json": {"to": own["second_plan"]}},
        f"{user}/reach/clone": {"json": {"to": [own["users"]]}},
        f"{user}/pin": {"json": {}},
        f"{user}/account-mail": {"json": {"new_pin": True}},
        f"{company}/accounts": {"json": account},
        f"{company}/accounts/2/mail": {},
        f"{company}/accounts/2/password": {"json": {"password": "Kies-toon-42!"}},
        f"{company}/identity-providers": {"json": provider},
        f"{company}/webhooks": {"json": hook},
        f"{company}/webhooks/1/secret": {},
        f"{company}/webhooks/1/test": {},
        "/api/v1/operators": {"json": {"login": "root", "role": "operator"}},
        "/api/v1/identity-providers": {"json": provider},
        "/api/v1/configuration": {**yaml, "headers": {"Content-Type": "application/yaml"}},
    }


async def test_a_repetition_gets_the_first_answer_and_changes_nothing(api: Api) -> None:
    mail.install(api.application, queue_mail)
    api.application.state.logins.mail_login = lambda connection, account: 1
    client, number = api.of("operator"), itertools.count()
    for path, arguments in requests(api).items():
        headers = {"Idempotency-Key": f"key {next(number)}", **arguments.pop("headers", {})}
        first = await client.post(path, headers=headers, **arguments)
        assert first.is_success, f"{path}: {first.text}"
        assert "idempotency-replayed" not in first.headers
        before = (await client.get("/api/v1/activity")).json()["items"][0]["id"]
        again = await client.post(path, headers=headers, **arguments)
        assert (again.status_code, again.content) == (first.status_code, first.content), path
        assert again.headers["idempotency-replayed"] == "true"
        assert again.headers.get("location") == first.headers.get("location")
        assert (await client.get("/api/v1/activity")).json()["items"][0]["id"] == before, path


async def test_a_key_is_of_one_request_only(api: Api) -> None:
    client, path = api.of("company"), api.path("accounts")
    headers = {"Idempotency-Key": "one"}
    assert (await client.post(path, json={"login": "kim", "role": "company"}, headers=headers)).status_code == 201
    other = await client.post(path, json={"login": "lee", "role": "company"}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "urn:kiestoon:problem:key_reused")


@pytest.mark.parametrize("key", ["x" * 256, "a\tb"])
async def test_a_key_that_cannot_be_kept_is_refused(api: Api, key: str) -> None:
    body = {"login": "kim", "role": "company"}
    answer = await api.of("company").post(api.path("accounts"), json=body, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
