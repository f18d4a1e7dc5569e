"""The web application. It asks store and control process through its ``Backend`` and holds no state worth keeping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse

from kiestoon.api import (
    activity,
    call_history,
    calls,
    conferences,
    configuration,
    directory,
    docs,
    events,
    explain,
    favourites,
    login,
    mail,
    members,
    music,
    overviews,
    presence,
    problems,
    prompts,
    public_holidays,
    queue_logins,
    recent_numbers,
    recordings,
    services,
    short_ways,
    uploads,
    voicemail,
)
from kiestoon.api.backend import Backend
from kiestoon.api.limits import RateLimits
from kiestoon.api.login.logins import Logins, install
from kiestoon.api.metrics import render_metrics
from kiestoon.api.middleware import Careful
from kiestoon.api.operation_ids import operation_id
from kiestoon.api.resources import codes, operations, person_now, plans, reachability, routes
from kiestoon.api.resources.openapi import describe
from kiestoon.api.samples import Metric
from kiestoon.notify.account_mail import AccountMailer
from kiestoon.notify.live import Follow
from kiestoon.operator_error import OperatorError

ROUTERS: Final[tuple[APIRouter, ...]] = (
    docs.router,
    *login.ROUTERS,
    *events.ROUTERS,
    mail.router,
    configuration.router,
    explain.router,
    calls.router,
    conferences.router,
    activity.router,
    directory.router,
    overviews.router,
    services.router,
    members.router,
    call_history.router,
    prompts.router,
    recordings.router,
    music.router,
    presence.router,
    recent_numbers.router,
    short_ways.router,
    voicemail.router,
    public_holidays.router,
    queue_logins.router,
    favourites.router,
    codes.router,
    operations.router,
    person_now.router,
    plans.router,
    reachability.router,
    routes.router,  # the last: its /companies/{company_id}/{table} fits everything
)


def build_application(
    backend: Backend,
    version: str,
    *,
    requests_per_minute: int = 0,
    logins: Logins | None = None,
    follow: Follow | None = None,
    mailer: AccountMailer | None = None,
    private_targets: bool = False,
    recordings: Path | None = None,
    voicemail_folder: Path | None = None,
) -> FastAPI:
    """The API with its documentation, ``/health`` for load balancers and monitoring, ``/metrics`` for Prometheus.

    ``requests_per_minute``: of one account; 0 = no limit. ``logins``: what logging in needs, when not the defaults.
    ``follow``: the control process' live events; None = there are none.
    ``mailer`` queues account mails; None = no mail is sent. ``private_targets``: webhooks may lead to private networks.
    ``recordings``: the folder of companies' recordings; None = there are none.
    ``voicemail_folder``: where recorded messages lie.
    """
    application = FastAPI(
        title="Kiestoon",
        version=version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    application.state.backend = backend
    application.state.limits = limits = RateLimits(requests_per_minute)
    logins = logins or Logins(backend)
    install(application, logins)
    hub = events.install(application, backend, follow, private_targets=private_targets)
    mail.install(application, mailer)
    uploads.install(application, recordings)
    voicemail.install(application, voicemail_folder)
    problems.install(application)
    application.add_middleware(Careful, limits=limits)
    for router in ROUTERS:
        application.include_router(router)
    _add_openapi(application)
    _add_monitoring(application, backend, (logins.samples, hub.samples), version)
    return application


def _add_openapi(application: FastAPI) -> None:
    plain = application.openapi

    def whole() -> dict[str, Any]:
        if application.openapi_schema is None:
            application.openapi_schema = describe(plain())
        return application.openapi_schema

    application.openapi = whole  # type: ignore[method-assign]  # FastAPI's documented way to extend it

    @cache
    def written() -> bytes:
        return msgspec.json.encode(whole())

    @application.get(docs.OPENAPI_PATH, include_in_schema=False)
    def openapi() -> Response:
        return Response(written(), media_type="application/json")


def _add_monitoring(
    application: FastAPI, backend: Backend, own: Sequence[Callable[[], list[Metric]]], version: str
) -> None:
    @application.get("/health", include_in_schema=False)
    async def health() -> Response:
        try:
            await backend.ask("ping")
        except OperatorError as problem:
            return JSONResponse({"status": "down", "problem": problem.what}, 503)
        return JSONResponse({"status": "ok", "version": version})

    @application.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        up = [{"name": "up", "kind": "gauge", "help": "Whether the control process answers", "value": 1, "labels": {}}]
        try:
            samples = up + await backend.ask("metrics")
        except OperatorError:
            up[0]["value"] = 0
            samples = up
        samples += [msgspec.structs.asdict(sample) for source in own for sample in source()]
        return Response(render_metrics(samples), media_type="text/plain; version=0.0.4; charset=utf-8")
