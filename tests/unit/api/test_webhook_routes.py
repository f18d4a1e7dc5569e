"""/companies/{id}/webhooks: who may, what is refused, the secret, the test delivery and the log."""

from __future__ import annotations

import pytest
from api_rig import Api

from kiestoon.notify.signing import is_signing_secret
from kiestoon.store.feed import changes_after

GOOD = {"name": "CRM", "url": "https://crm.example.org/hook", "events": ["call.recorded", "configuration.*"]}


async def test_the_secret_is_shown_once_and_never_again(api: Api) -> None:
    client = api.of("company")
    made = await client.post(api.path("webhooks"), json=GOOD)
    assert made.status_code == 201
    assert is_signing_secret(made.json()["secret"])
    shown = await client.get(made.headers["location"])
    assert shown.json() == {key: value for key, value in made.json().items() if key != "secret"}
    listed = await client.get(api.path("webhooks"))
    assert listed.json()["items"] == [shown.json()]
    again = (await client.post(f"{made.headers['location']}/secret")).json()["secret"]
    assert is_signing_secret(again)
    assert again != made.json()["secret"]
    with api.database.read() as connection:
        log = str(changes_after(connection, 0, 10_000))
    assert "CRM" in log
    assert again not in log


@pytest.mark.parametrize("role", ["location", "department", "user"])
async def test_only_company_administrators_and_operators_have_webhooks(api: Api, role: str) -> None:
    client = api.of(role)
    assert (await client.get(api.path("webhooks"))).status_code == 403
    assert (await client.post(api.path("webhooks"), json=GOOD)).status_code == 403


async def test_another_companys_webhooks_are_not_there(api: Api) -> None:
    made = (await api.of("company").post(api.path("webhooks"), json=GOOD)).json()
    other = f"/api/v1/companies/{api.organisation.foreign_id}/webhooks"
    assert (await api.of("company").get(other)).status_code == 404
    assert (await api.of("operator").get(f"{other}/{made['id']}")).status_code == 404


WRONG = [
    ("url", "http://crm.example.org/", "target_refused"),
    ("url", "https://10.0.0.1/", "target_refused"),
    ("url", "https://[::1]/", "target_refused"),
    ("url", "https://user:pass@crm.example.org/", "target_refused"),
    ("url", "ftp://crm.example.org/", "target_refused"),
    ("events", ["call.imagined"], "not_a_choice"),
    ("events", ["no*pe"], "wrong_form"),
    ("events", [], "too_short"),
    ("secret", "whsec_dG9vIHNob3J0", "wrong_form"),
    ("name", "", "missing"),
]


@pytest.mark.parametrize(("field", "value", "code"), WRONG)
async def test_what_is_wrong_is_refused_naming_the_field(api: Api, field: str, value: object, code: str) -> None:
    answer = await api.of("company").post(api.path("webhooks"), json={**GOOD, field: value})
    assert answer.status_code == 422
    (error, *_) = answer.json()["errors"]
    assert error["field"].split(".")[0] == field
    assert code == "too_short" or error["code"] == code


async def test_a_change_names_the_version_it_was_made_from(api: Api) -> None:
    client = api.of("company")
    made = await client.post(api.path("webhooks"), json=GOOD)
    path, tag = made.headers["location"], made.headers["etag"]
    assert (await client.patch(path, json={"active": False})).status_code == 428
    changed = await client.patch(path, json={"active": False}, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["active"]) == (200, False)
    assert (await client.patch(path, json={"active": True}, headers={"If-Match": tag})).status_code == 412
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_a_test_delivery_is_queued_and_can_be_repeated(api: Api) -> None:
    client = api.of("company")
    path = (await client.post(api.path("webhooks"), json=GOOD)).headers["location"]
    queued = await client.post(f"{path}/test")
    assert queued.status_code == 202
    (delivery,) = (await client.get(f"{path}/deliveries")).json()["items"]
    assert (delivery["event_type"], delivery["state"], delivery["attempts"]) == ("webhook.test", "waiting", [])
    assert delivery["id"] == queued.json()["delivery_id"]
    assert (await client.post(f"{path}/deliveries/{delivery['id']}/retry")).status_code == 202
    assert (await client.post(f"{path}/deliveries/99999/retry")).status_code == 404


async def test_the_number_of_webhooks_is_bounded(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiestoon.api.events.webhooks.MOST", 1)
    client = api.of("company")
    assert (await client.post(api.path("webhooks"), json=GOOD)).status_code == 201
    assert (await client.post(api.path("webhooks"), json={**GOOD, "name": "B"})).status_code == 409


async def test_webhooks_come_in_pages(api: Api) -> None:
    client = api.of("company")
    for name in ("One", "Two", "Three"):
        assert (await client.post(api.path("webhooks"), json={**GOOD, "name": name})).status_code == 201
    first = (await client.get(api.path("webhooks"), params={"limit": 2})).json()
    assert [hook["name"] for hook in first["items"]] == ["One", "Two"]
    rest = (await client.get(api.path("webhooks"), params={"limit": 2, "cursor": first["next"]})).json()
    assert ([hook["name"] for hook in rest["items"]], rest["next"]) == (["Three"], None)
    for wrong in ({"limit": 0}, {"limit": 201}, {"cursor": "x"}):
        assert (await client.get(api.path("webhooks"), params=wrong)).status_code == 422
