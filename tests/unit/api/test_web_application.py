"""/health and /metrics."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from kiestoon.api.application import build_application
from kiestoon.api.backend import Backend
from kiestoon.api.metrics import render_metrics
from kiestoon.operator_error import OperatorError
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault

SAMPLES = [
    {"name": "calls", "kind": "gauge", "help": "Calls", "value": 3, "labels": {}},
    {"name": "failed", "kind": "counter", "help": "Failures", "value": 2, "labels": {"why": 'a "quoted"\nname'}},
    {"name": "failed", "kind": "counter", "help": "Failures", "value": 5, "labels": {"why": "b"}},
]


async def answer(command: str) -> Any:
    return SAMPLES if command == "metrics" else {"pid": 1}


async def silence(command: str) -> Any:
    raise OperatorError("No exchange is running", "Start it")


async def get(ask: Any, path: str) -> httpx.Response:
    backend = Backend(Database("sqlite://"), Vault(bytes(32)), ask)
    transport = httpx.ASGITransport(build_application(backend, "1.2.3"))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path)


async def test_health_is_200_while_the_control_process_answers() -> None:
    response = await get(answer, "/health")
    assert (response.status_code, response.json()["status"]) == (200, "ok")


async def test_health_is_503_when_it_does_not() -> None:
    response = await get(silence, "/health")
    assert response.status_code == 503
    assert response.json()["problem"] == "No exchange is running"


async def test_metrics_are_rendered_with_types_and_escaped_labels() -> None:
    text = (await get(answer, "/metrics")).text
    assert "kiestoon_up 1.0" in text
    assert "# TYPE kiestoon_calls gauge\nkiestoon_calls 3.0" in text
    assert '# TYPE kiestoon_failed_total counter\nkiestoon_failed_total{why="a \\"quoted\\"\\nname"} 2.0' in text
    assert text.count("# TYPE kiestoon_failed_total") == 1


async def test_a_scrape_works_while_the_control_process_is_down() -> None:
    response = await get(silence, "/metrics")
    assert response.status_code == 200
    assert "kiestoon_up 0.0" in response.text


@pytest.mark.parametrize("path", ["/", "/openapi.json", "/api", "/docs/secret", "/docs/../application.py"])
async def test_nothing_else_is_served(path: str) -> None:
    assert (await get(answer, path)).status_code == 404


def test_no_samples_are_an_empty_page() -> None:
    assert render_metrics([]) == b""
