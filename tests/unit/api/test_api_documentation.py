"""``/docs`` and the OpenAPI document."""

from __future__ import annotations

import re
from typing import Any

import pytest
from api_rig import Api

from kiestoon.api.schemas import change_model, create_model_of, example, read_model, validate
from kiestoon.company.model import ENTITIES, Entity


async def test_the_page_works_without_the_internet(api: Api) -> None:
    client = api.of("nobody")
    page = await client.get("/docs")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 4
    for path in loaded:
        assert path.startswith("/docs/")
        assert (await client.get(path)).status_code == 200
    assert "<script>" not in page.text  # the policy would not run it
    assert "/api/v1/openapi.json" in (await client.get("/docs/start.js")).text


async def test_every_operation_is_described_with_an_id_a_tag_and_an_example(api: Api) -> None:
    document = (await api.of("nobody").get("/api/v1/openapi.json")).json()
    operations: list[dict[str, Any]] = [
        operation
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in {"get", "put", "post", "patch", "delete"}
    ]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    assert {"list_users", "create_user", "replace_hunt_group", "remove_shared_trunk", "create_users"} <= set(ids)
    assert all(operation["tags"] for operation in operations)
    models = {f"{entity.row.__name__}{use}" for entity in ENTITIES for use in ("Create", "Change")}
    bodies = [
        media for operation in operations for media in operation.get("requestBody", {}).get("content", {}).values()
    ]
    described = [media for media in bodies if media["schema"].get("$ref", "").rpartition("/")[2] in models]
    assert len(described) >= 3 * len(ENTITIES)
    assert all(media["example"] for media in described)


async def test_every_reference_inside_the_document_leads_somewhere(api: Api) -> None:
    text = (await api.of("nobody").get("/api/v1/openapi.json")).text
    document = api.application.openapi()
    for place in set(re.findall(r'"#/([^"]+)"', text)):
        found: Any = document
        for part in place.split("/"):
            found = found[part]


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_the_examples_are_valid(entity: Entity) -> None:
    given = example(entity, create=True)
    assert validate(create_model_of(entity), given) == given
    assert validate(change_model(entity), given) == given
    assert read_model(entity).model_validate(example(entity, create=False))


def test_a_secret_is_written_but_never_read() -> None:
    for entity in ENTITIES:
        assert "secret" not in read_model(entity).model_fields
    devices = next(entity for entity in ENTITIES if entity.table == "devices")
    assert create_model_of(devices).model_json_schema()["properties"]["secret"]["writeOnly"]


def test_fields_are_described_in_the_rows_own_words() -> None:
    users = next(entity for entity in ENTITIES if entity.table == "users")
    properties = read_model(users).model_json_schema()["properties"]
    assert "withholds it (RFC 3323)" in properties["hide_number"]["description"]
    assert properties["ring_s"]["maximum"] == 600
    assert all(field["description"] for field in properties.values())
