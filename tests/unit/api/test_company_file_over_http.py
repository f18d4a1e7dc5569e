"""A company's file over HTTP: who may, what is answered, what is refused (ORG-21)."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import Api

YAML = {"Content-Type": "application/yaml"}


def path(api: Api, rest: str = "") -> str:
    return f"/api/v1/companies/{api.organisation.company_id}/configuration{rest}"


async def exported(api: Api) -> str:
    answer = await api.of("company").get(path(api))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/yaml")
    return answer.text


async def post(api: Api, role: str, where: str, text: str, **more: Any) -> Any:
    return await api.of(role).post(where, content=text.encode(), headers=YAML, **more)


async def test_what_is_exported_makes_no_difference(api: Api) -> None:
    text = await exported(api)
    answer = await post(api, "company", path(api, "/diff"), text)
    assert answer.json() == {"changes": [], "text": ["No difference."]}
    answer = await post(api, "company", path(api), text)
    assert answer.status_code == 200
    assert answer.json()["changes"] == answer.json()["secrets"] == []


async def test_an_edit_is_shown_applied_and_told_to_the_exchange(api: Api) -> None:
    text = (await exported(api)).replace("name: Kim 2", "name: Kim Groen")
    shown = (await post(api, "company", path(api, "/diff"), text)).json()
    assert shown["text"][0] == '~ user 202 (Kim Groen): name "Kim 2" → "Kim Groen"'
    applied = (await post(api, "company", path(api), text)).json()
    assert applied["changes"] == shown["changes"]
    assert "Kim Groen" in await exported(api)
    assert ("reload", {}) in api.control.asked


async def test_rows_are_removed_only_when_the_request_says_so(api: Api) -> None:
    lines = (await exported(api)).splitlines(keepends=True)
    first = lines.index("forward_extensions:\n")
    last = next(number for number in range(first + 1, len(lines)) if not lines[number].startswith(" "))
    text = "".join(lines[:first] + lines[last:])
    refused = await post(api, "company", path(api), text)
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["code"] == "removals"
    assert (await post(api, "company", path(api), text, params={"removals": "true"})).status_code == 200
    assert "forward_extensions" not in await exported(api)


async def test_a_new_phones_password_is_shown_once_also_when_the_request_is_repeated(api: Api) -> None:
    text = (await exported(api)).replace("devices:\n", "devices:\n  - {username: new, user: '202'}\n", 1)
    headers = {**YAML, "Idempotency-Key": "k1"}
    client = api.of("company")
    first = await client.post(path(api), content=text.encode(), headers=headers)
    assert [made["username"] for made in first.json()["secrets"]] == ["new"]
    again = await client.post(path(api), content=text.encode(), headers=headers)
    assert again.json() == first.json()
    assert first.json()["secrets"][0]["secret"] not in await exported(api)


async def test_errors_name_line_and_field_in_the_readers_language(api: Api) -> None:
    text = (await exported(api)).replace("name: Kim 2", "name: Kim 2\n    phone: yes")
    answer = await api.of("company").post(path(api), content=text.encode(), headers={**YAML, "Accept-Language": "nl"})
    assert answer.status_code == 422
    line = next(number for number, found in enumerate(text.splitlines(), 1) if "phone: yes" in found)
    assert answer.json()["lines"][0]["line"] == line
    assert answer.json()["lines"][0]["text"].startswith(f"regel {line}: users[")
    assert answer.json()["errors"][0]["code"] == "unknown_field"


async def test_a_company_administrator_changes_by_file_what_may_be_changed_by_row(api: Api) -> None:
    text = await exported(api)
    for before, after, field in (
        ("domain: bakery.example", "domain: other.example", "domain"),
        ("licences: 10", "licences: 99", ""),
        ("sip.example.net", "evil.example.net", ""),
    ):
        assert before in text
        refused = await post(api, "company", path(api), text.replace(before, after))
        assert refused.status_code == 403, after
        assert refused.json()["errors"][0]["field"].endswith(field)
        assert (await post(api, "operator", path(api, "/diff"), text.replace(before, after))).status_code == 200
    assert await exported(api) == text


async def test_an_operator_makes_a_new_company_from_a_file(api: Api) -> None:
    text = "kiestoon: 1\ncompany: {domain: new.example, name: New}\nusers: [{extension: 204, name: Sam}]\n"
    assert (await post(api, "company", "/api/v1/configuration", text)).status_code == 403
    made = await post(api, "operator", "/api/v1/configuration", text)
    assert made.status_code == 201, made.text
    users = await api.of("operator").get(f"/api/v1/companies/{made.json()['company_id']}/users")
    assert [user["name"] for user in users.json()["items"]] == ["Sam"]
    assert (await post(api, "operator", "/api/v1/configuration", text)).json()["errors"][0]["code"] == "taken"


@pytest.mark.parametrize("role", ["location", "department", "user"])
async def test_the_file_is_for_administrators_of_the_whole_company(api: Api, role: str) -> None:
    assert (await api.of(role).get(path(api))).status_code == 403
    assert (await post(api, role, path(api, "/diff"), "x")).status_code == 403
    assert (await post(api, role, path(api), "x")).status_code == 403


async def test_other_companies_and_other_formats_are_refused(api: Api) -> None:
    foreign = f"/api/v1/companies/{api.organisation.foreign_id}/configuration"
    assert (await api.of("company").get(foreign)).status_code == 404
    answer = await api.of("company").post(path(api), json={"kiestoon": 1})
    assert answer.status_code == 415


async def test_a_file_that_forwards_to_what_it_blocks_is_refused_whole_with_line_and_rule(api: Api) -> None:
    """The destination there was before stays: only calls find out (REACH-1)."""
    text = (await exported(api)).replace("company:\n", "company:\n  blocked: [mobile]\n", 1)
    assert (await post(api, "company", path(api), text)).status_code == 200
    before = await exported(api)
    assert "0612345678" in before
    lines = before.splitlines(keepends=True)
    at = lines.index("forwards:\n")
    lines.insert(at + 1, "  - {extension: '202', case: always, to: {number: '0612345679'}}\n")
    refused = await post(api, "company", path(api), "".join(lines))
    assert refused.status_code == 422, refused.text
    (error,) = refused.json()["errors"]
    assert (error["field"], error["code"]) == ("forwards 202 / always.to", "blocked_target")
    assert refused.json()["lines"][0]["line"] == at + 2
    assert await exported(api) == before
