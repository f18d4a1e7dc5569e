"""The web application. It asks the control process through the functions it is given and holds no state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from kiestoon.api.metrics import render_metrics
from kiestoon.operator_error import OperatorError

Ask: TypeAlias = Callable[[str], Awaitable[Any]]
"""Run a command of the control process; raises ``OperatorError`` when it does not answer."""


def build_application(ask: Ask, version: str) -> FastAPI:
    """``/health`` for load balancers and monitoring, ``/metrics`` for Prometheus."""
    application = FastAPI(title="Kiestoon", version=version, docs_url=None, redoc_url=None, openapi_url=None)

    @application.get("/health")
    async def health() -> Response:
        try:
            await ask("ping")
        except OperatorError as problem:
            return JSONResponse({"status": "down", "problem": problem.what}, 503)
        return JSONResponse({"status": "ok", "version": version})

    @application.get("/metrics")
    async def metrics() -> Response:
        up = [{"name": "up", "kind": "gauge", "help": "Whether the control process answers", "value": 1, "labels": {}}]
        try:
            samples = up + await ask("metrics")
        except OperatorError:
            up[0]["value"] = 0
            samples = up
        return Response(render_metrics(samples), media_type="text/plain; version=0.0.4; charset=utf-8")

    return application
