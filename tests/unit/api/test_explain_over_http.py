"""What would happen if … over HTTP (RTE-24)."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import Api


async def ask(api: Api, role: str = "company", language: str = "en", **question: Any) -> Any:
    path = f"/api/v1/companies/{api.organisation.company_id}/explain"
    return await api.of(role).post(path, json=question, headers={"Accept-Language": language})


async def test_a_call_from_outside_is_explained_for_its_moment(api: Api) -> None:
    answer = await ask(api, caller={"number": "+31612345678"}, dialled="+31205550102", at="2026-12-25T10:00")
    assert answer.status_code == 200, answer.text
    assert "The plan Day of Scheme 2 is active" in "\n".join(answer.json()["text"])
    assert answer.json()["mermaid"].startswith("flowchart TD\n")


async def test_what_people_do_is_assumed(api: Api) -> None:
    caller = {"extension": "202"}
    answer = await ask(api, language="nl", caller=caller, dialled="201", states={"201": "busy"})
    body = answer.json()
    assert [(step["kind"], step["ending"]) for step in body["steps"]] == [
        ("ring", "busy"),
        ("outside", "answered"),
    ] or [step["kind"] for step in body["steps"]] == ["ring", "refuse"]
    assert "  201 is bezet en schakelt door naar 0612345678" in body["text"]
    assert {edge["source"] for edge in body["graph"]["edges"]} <= {node["id"] for node in body["graph"]["nodes"]}


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"caller": {"extension": "999"}, "dialled": "201"}, "caller.extension"),
        ({"caller": {"extension": "201", "device": "no"}, "dialled": "201"}, "caller.device"),
        ({"caller": {}, "dialled": "201", "at": "soon"}, "at"),
        ({"caller": {}, "dialled": "201", "at": "9999-99-99T00:00"}, "at"),
        ({"caller": {}, "dialled": ""}, "dialled"),
        ({"caller": {}, "dialled": "1", "states": {"201": "sleeps"}}, "states.201"),
    ],
)
async def test_questions_that_make_no_sense_are_refused(api: Api, question: dict[str, Any], field: str) -> None:
    answer = await ask(api, **question)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def number_of_another_company(api: Api) -> str:
    """A number of the other company of the installation, leading to a person there."""
    there, number = f"/api/v1/companies/{api.organisation.foreign_id}", "+31701112233"
    operator = api.of("operator")
    assert (await operator.post(f"{there}/users", json={"extension": "701", "name": "Bo"})).status_code == 201
    added = await operator.post(f"{there}/numbers", json={"e164": number, "extension": "701"})
    assert added.status_code == 201, added.text
    return number


async def test_an_operator_follows_the_call_into_another_company_an_administrator_does_not(api: Api) -> None:
    dialled = "0" + "0" + (await number_of_another_company(api)).removeprefix("+31")
    question = {"caller": {"extension": "202"}, "dialled": dialled}
    followed = (await ask(api, "operator", **question)).json()["steps"]
    assert [(step["kind"], step["company"]) for step in followed] == [("outside", ""), ("ring", "Butcher")]
    assert "a number of Butcher" in followed[0]["beyond"][0]
    hidden = await ask(api, "company", **question)
    (step,) = hidden.json()["steps"]
    assert (step["kind"], step["ending"]) == ("outside", "answered")
    assert "has left the company" in step["beyond"][0]
    assert "Butcher" not in hidden.text


@pytest.mark.parametrize("role", ["location", "department", "user"])
async def test_what_others_have_arranged_is_explained_to_administrators_only(api: Api, role: str) -> None:
    assert (await ask(api, role, caller={}, dialled="201")).status_code == 403
