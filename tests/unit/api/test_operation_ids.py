"""Names and descriptions of all operations: what programs are generated from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from api_rig import Api

KNOWN = Path(__file__).with_name("operation_ids.txt")
Operations = dict[str, tuple[str, dict[str, Any]]]


@pytest.fixture
def operations(api: Api) -> Operations:
    """By id: method and description."""
    found = [
        (operation["operationId"], (method, operation))
        for item in api.application.openapi()["paths"].values()
        for method, operation in item.items()
        if method in {"get", "put", "post", "patch", "delete"}
    ]
    assert len(dict(found)) == len(found), "two operations of one name"
    return dict(found)


def test_names_change_only_on_purpose(operations: Operations) -> None:
    """A new operation gets a line in the file; one that is renamed breaks everybody's programs."""
    assert sorted(operations) == KNOWN.read_text().split()


def test_names_are_words_as_functions_have(operations: Operations) -> None:
    assert [name for name in operations if not re.fullmatch(r"[a-z][a-z0-9_]{2,40}", name)] == []
    assert [name for name in operations if "_api_v1_" in name] == []


def test_every_operation_says_what_it_does_and_what_can_go_wrong(operations: Operations) -> None:
    for name, (method, operation) in operations.items():
        assert operation["tags"], name
        assert operation["summary"], name
        assert len(operation["description"]) > 10, name
        refusals = {"401", "403", "404", "422", "429", "503"}
        refusals |= {"413", "415"} if "requestBody" in operation else set()
        refusals |= {"412", "428"} if method == "patch" else set()
        assert refusals <= operation["responses"].keys(), name
        assert any(status < "400" for status in operation["responses"]), name


def test_every_parameter_says_what_it_is(operations: Operations) -> None:
    unsaid = [
        (name, parameter["name"])
        for name, (_, operation) in operations.items()
        for parameter in operation.get("parameters", ())
        if not parameter.get("description")
    ]
    assert unsaid == []


def misfits(document: dict[str, Any], described: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Examples that break their schema: whose, and how. All are looked at at once, for that is hundredfold quicker."""
    schemas = {name: media["schema"] for name, media in described.items()}
    examples = {name: media["example"] for name, media in described.items()}
    whole = {"properties": schemas, "components": document["components"]}
    return [(str(error.instance_path[0]), error.message) for error in jsonschema_rs.iter_errors(whole, examples)]


def test_every_answer_has_an_example_that_fits(api: Api, operations: Operations) -> None:
    described = {}
    for name, (_, operation) in operations.items():
        for status, answer in operation["responses"].items():
            for media_type, media in answer.get("content", {}).items() if status < "300" else ():
                assert "example" in media, name
                if media_type == "application/json":
                    described[f"{name} {status}"] = media
    assert len(described) > 250
    assert misfits(api.application.openapi(), described) == []


def test_every_body_has_an_example_that_fits(api: Api, operations: Operations) -> None:
    described = {
        f"{name} {media_type}": media
        for name, (_, operation) in operations.items()
        for media_type, media in operation.get("requestBody", {}).get("content", {}).items()
        if "yaml" not in media_type  # there the example is the text, the schema is about what it says
    }
    assert len(described) > 150
    assert misfits(api.application.openapi(), described) == []


def test_an_example_that_does_not_fit_is_found(api: Api, operations: Operations) -> None:
    media = operations["create_user"][1]["requestBody"]["content"]["application/json"]
    wrong = {**media, "example": {**media["example"], "name": 7}}
    assert [name for name, _ in misfits(api.application.openapi(), {"it": wrong})] == ["it"]
