"""The whole OpenAPI document, tried by Schemathesis: whatever is sent, the server answers as documented."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, TypeAlias

import httpx
import pytest
import schemathesis
from anyio.from_thread import start_blocking_portal
from api_rig import Api
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kiestoon.company.model import ENTITIES

STRICT = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 2
ROLES = ("operator", "operator", "company", "location", "department", "user")
PARTS = 8


Send: TypeAlias = Callable[..., httpx.Response]


@pytest.fixture
def send(api: Api) -> Iterator[Send]:
    """Requests of somebody, from Hypothesis' synchronous world."""
    transport = httpx.ASGITransport(api.application, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport)
    with start_blocking_portal() as portal:
        yield lambda **arguments: portal.call(partial(client.request, **arguments))
        portal.call(client.aclose)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_operation_answers_as_documented_whatever_is_sent(api: Api, send: Send, part: int) -> None:
    for number, operation in enumerate(operations_of(api.application)):
        if number % PARTS == part:
            try_out(api, send, operation, number)


@cache
def operations_of(application: FastAPI) -> list[Any]:
    """Read once for all parts."""
    schema = schemathesis.openapi.from_dict(application.openapi())
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 6 * len(ENTITIES)
    return operations


def try_out(api: Api, send: Send, operation: Any, number: int) -> None:
    tag = (operation.tags or [""])[0]

    @seed(number)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), there=st.booleans(), role=st.sampled_from(ROLES))
    def one(case: Any, there: bool, role: str) -> None:
        if there:
            lead_to_what_is_there(api, case, tag)
        arguments = case.as_transport_kwargs(base_url="http://testserver")
        arguments.pop("cookies", None)
        arguments["headers"] = {**arguments.get("headers", {}), "x-test-principal": role}
        if isinstance(arguments.get("data"), str | bytes):
            arguments["content"] = arguments.pop("data")
        try:
            response = send(**arguments)
        except (UnicodeEncodeError, ValueError):  # what no HTTP client can send
            return
        case.validate_response(response, checks=STRICT)

    one()


def lead_to_what_is_there(api: Api, case: Any, tag: str) -> None:
    """Ids of the company's own rows in the path: made up ones are not found. The company itself stays."""
    own = api.organisation.own
    if case.method.upper() == "DELETE" and tag == "companies":
        return
    for name in case.path_parameters or {}:
        if name == "company_id":
            case.path_parameters[name] = api.organisation.company_id
        elif name == "user_id":
            case.path_parameters[name] = own["users"]
        elif name in {"id", "plan_id", "scheme_id", "device_id"} and tag in own:
            case.path_parameters[name] = own[tag]
