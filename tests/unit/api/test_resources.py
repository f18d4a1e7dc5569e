"""Rows over the API."""

from __future__ import annotations

import pytest
from api_rig import Api

from kiestoon.company.model import ENTITIES


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
async def test_what_was_read_can_be_sent_back_unchanged(api: Api, entity) -> None:
    client = api.of("operator")
    base = "/api/v1/companies" if entity.table == "companies" else api.path(entity.table)
    path = f"{base}/{api.organisation.own[entity.table]}"
    read = await client.get(path)
    assert read.status_code == 200, read.text
    sent = await client.put(path, json=read.json(), headers={"If-Match": read.headers["etag"]})
    assert sent.status_code == 200, sent.text
    assert sent.json() == read.json()
