"""``/api/v1/companies/{company_id}/webhooks``: where a company's events are posted, and how that goes."""

from __future__ import annotations

import secrets
import time
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from kiestoon.api.backend import Backend, get_backend
from kiestoon.api.login.answers import as_time
from kiestoon.api.login.authentication import authenticated
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.completing import REPEATABLE
from kiestoon.api.resources.parameters import IdCursor, PageSize, page_by_id
from kiestoon.api.resources.queries import DEFAULT_LIMIT
from kiestoon.api.resources.requests import (
    check_company,
    company_id_of,
    demand_operation,
    etag_of,
    json_answer,
    versions_of,
    write_once,
)
from kiestoon.api.resources.rows import Writer
from kiestoon.api.schemas import MAX_ID
from kiestoon.company.model import Webhook
from kiestoon.notify.body import body_of
from kiestoon.notify.events import ALL_EVENTS, fits
from kiestoon.notify.signing import is_signing_secret, new_signing_secret
from kiestoon.notify.targets import refuse_url
from kiestoon.store import outbox
from kiestoon.store.idempotency import Answer
from kiestoon.store.outbox import Delivery
from kiestoon.store.problems import problem
from kiestoon.store.write import Changes

MOST: int = 20
"""Webhooks of one company."""
OPERATION = "manage_webhooks"
TABLE = "webhooks"

Asker = Annotated[Principal, Depends(authenticated)]
Behind = Annotated[Backend, Depends(get_backend)]
Id = Annotated[int, Path(ge=1, le=MAX_ID)]
Pattern = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^(\*|[a-z_]+(\.[a-z_]+)*(\.\*)?)$")]
_SECRET = "whsec_" + "A" * 43 + "="

router = APIRouter(prefix="/api/v1/companies/{company_id}/webhooks", tags=["webhooks"])


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class WebhookCreate(_Body):
    """A new webhook."""

    name: str = Field(min_length=1, max_length=80, examples=["CRM"])
    url: str = Field(min_length=8, max_length=500, description="https.", examples=["https://crm.example.org/hook"])
    events: list[Pattern] = Field(
        min_length=1, max_length=50, description="Types; `call.*` and `*` are several.", examples=[["call.recorded"]]
    )
    secret: str | None = Field(None, max_length=120, description="`whsec_…`; left out: one is made up.")
    active: bool = True


class WebhookChange(_Body):
    """What is to change."""

    name: str = Field(default_factory=str, min_length=1, max_length=80, examples=["CRM"])
    url: str = Field(default_factory=str, min_length=8, max_length=500)
    events: list[Pattern] = Field(default_factory=list, min_length=1, max_length=50)
    active: bool = Field(default_factory=bool)


class WebhookRead(BaseModel):
    """A webhook, without its secret."""

    id: int = Field(examples=[3])
    version: int = Field(examples=[1])
    company_id: int = Field(examples=[1])
    name: str
    url: str
    events: list[str]
    active: bool = Field(description="False also when it has been switched off for failing.")


class WebhookMade(WebhookRead):
    """A new webhook or secret. The secret is shown this once."""

    secret: str = Field(examples=[_SECRET])


class Webhooks(BaseModel):
    """A page of a company's webhooks, by id."""

    items: list[WebhookRead]
    next: str | None = Field(examples=[None])


class AttemptShown(BaseModel):
    """One attempt. Status 0: there was no answer."""

    at: datetime
    status: int = Field(examples=[500])
    error: str = Field(examples=["answered 500"])
    duration_ms: int


class DeliveryShown(BaseModel):
    """One event on its way."""

    id: int
    message_id: str = Field(description="As in `webhook-id`: the same in every attempt.", examples=["msg_change_41"])
    event_type: str = Field(examples=["configuration.updated"])
    state: Literal["waiting", "delivered", "failed"]
    created: datetime
    next_attempt: datetime | None
    attempts: list[AttemptShown]


class Deliveries(BaseModel):
    """A page of the delivery log, newest first."""

    items: list[DeliveryShown]
    next: str | None = Field(examples=[None])


class DeliveryMade(BaseModel):
    """A delivery that was queued; the log says how it goes."""

    delivery_id: int


def _company(principal: Principal, company_id: int, *, reading: bool = False) -> int:
    found = company_id_of(principal, str(company_id))
    demand_operation(principal, OPERATION, TABLE, reading=reading)
    return found


def _shown(row: Webhook) -> dict[str, Any]:
    cells: dict[str, Any] = msgspec.to_builtins(row)
    del cells["secret"]
    return cells


def _find(connection: Connection, backend: Backend, company_id: int, webhook_id: int, *, secret: bool) -> Webhook:
    check_company(connection, company_id)
    found = outbox.load_webhook(connection, backend.vault if secret else None, company_id, webhook_id)
    if found is None:
        raise ApiProblem("not_found")
    return found


def _check(request: Request, url: str | None, events: list[str] | None, secret: str | None) -> None:
    wrong = []
    refused = refuse_url(url, private=request.app.state.private_targets) if url is not None else ""
    if refused:
        wrong.append(problem("url", "target_refused", detail=refused))
    for pattern in events or ():
        if not any(fits((pattern,), known) for known in ALL_EVENTS):
            wrong.append(problem("events", "not_a_choice", value=pattern, choices=", ".join(("*", *ALL_EVENTS))))
    if secret is not None and not is_signing_secret(secret):
        wrong.append(problem("secret", "wrong_form", value="", example=_SECRET))
    if wrong:
        raise ApiProblem("invalid", wrong)


@router.get("", response_model=Webhooks)
async def list_webhooks(
    company_id: Id, principal: Asker, backend: Behind, cursor: IdCursor = None, limit: PageSize = DEFAULT_LIMIT
) -> dict[str, Any]:
    """A company's webhooks."""
    found = _company(principal, company_id, reading=True)

    def look(connection: Connection) -> list[Webhook]:
        check_company(connection, found)
        return outbox.load_webhooks(connection, None, company_id=found)

    page, following = page_by_id(await backend.read(look), cursor, limit)
    return {"items": [_shown(row) for row in page], "next": following}


@router.post("", status_code=201, response_model=WebhookMade, openapi_extra=REPEATABLE)
async def create_webhook(
    company_id: Id, body: WebhookCreate, request: Request, principal: Asker, backend: Behind
) -> Response:
    """A new webhook. Its secret is shown this once: the receiver needs it to check signatures."""
    found = _company(principal, company_id)
    _check(request, body.url, body.events, body.secret)
    secret = body.secret or new_signing_secret()
    row = Webhook(
        id=0, company_id=found, name=body.name, url=body.url, events=tuple(body.events), secret=secret,
        active=body.active,
    )  # fmt: skip

    def add(writer: Writer) -> Answer:
        if len(outbox.load_webhooks(writer.connection, None, company_id=found)) >= MOST:
            raise ApiProblem("conflict", [problem("", "too_many", limit=MOST)])
        made = writer.changes.add(row)
        headers = {"ETag": etag_of(made), "Location": f"/api/v1/companies/{found}/webhooks/{made.id}"}
        return json_answer({**_shown(made), "secret": secret}, 201, headers)

    return await write_once(request, backend, principal, found, await request.body(), add)


@router.get("/{webhook_id}", response_model=WebhookRead)
async def get_webhook(
    company_id: Id, webhook_id: Id, response: Response, principal: Asker, backend: Behind
) -> dict[str, Any]:
    """One webhook."""
    found = _company(principal, company_id, reading=True)
    row = await backend.read(lambda connection: _find(connection, backend, found, webhook_id, secret=False))
    response.headers["ETag"] = etag_of(row)
    return _shown(row)


@router.patch("/{webhook_id}", response_model=WebhookRead)
async def change_webhook(
    company_id: Id,
    webhook_id: Id,
    body: WebhookChange,
    request: Request,
    response: Response,
    principal: Asker,
    backend: Behind,
) -> dict[str, Any]:
    """Change a webhook; If-Match says which version was seen. One switched on again gets what still waits."""
    found = _company(principal, company_id)
    versions = versions_of(request, required=True)
    given = body.model_dump(exclude_unset=True)
    _check(request, given.get("url"), given.get("events"), None)
    if "events" in given:
        given["events"] = tuple(given["events"])

    def change(changes: Changes) -> Webhook:
        old = _find(changes.connection, backend, found, webhook_id, secret=True)
        if versions is not None and old.version not in versions:
            raise ApiProblem("stale", [problem("", "changed_meanwhile")])
        return changes.update(msgspec.structs.replace(old, **given))

    changed = await backend.write(principal, change)
    response.headers["ETag"] = etag_of(changed)
    return _shown(changed)


@router.delete("/{webhook_id}", status_code=204)
async def remove_webhook(company_id: Id, webhook_id: Id, principal: Asker, backend: Behind) -> None:
    """Remove a webhook with its log; what still waits is not delivered."""
    found = _company(principal, company_id)
    await backend.write(
        principal,
        lambda changes: changes.remove(_find(changes.connection, backend, found, webhook_id, secret=False)),
    )


@router.post("/{webhook_id}/secret", response_model=WebhookMade, openapi_extra=REPEATABLE)
async def new_secret(company_id: Id, webhook_id: Id, request: Request, principal: Asker, backend: Behind) -> Response:
    """A new secret, shown this once. Deliveries are signed with it from now on."""
    found, secret = _company(principal, company_id), new_signing_secret()

    def change(writer: Writer) -> Answer:
        old = _find(writer.connection, backend, found, webhook_id, secret=True)
        row = writer.changes.update(msgspec.structs.replace(old, secret=secret))
        return json_answer({**_shown(row), "secret": secret}, headers={"ETag": etag_of(row)})

    return await write_once(request, backend, principal, found, await request.body(), change)


@router.post("/{webhook_id}/test", status_code=202, response_model=DeliveryMade, openapi_extra=REPEATABLE)
async def send_test(company_id: Id, webhook_id: Id, request: Request, principal: Asker, backend: Behind) -> Response:
    """Post a `webhook.test` event. It is tried like every other; a webhook that is switched off waits."""
    found = _company(principal, company_id)

    def queue(writer: Writer) -> Answer:
        connection = writer.connection
        hook = _find(connection, backend, found, webhook_id, secret=False)
        now_ms = int(time.time() * 1000)
        body = body_of("webhook.test", now_ms, found, {"webhook": hook.name, "by": principal.name})
        queued = outbox.enqueue(connection, hook, f"msg_test_{secrets.token_hex(8)}", "webhook.test", body, now_ms)
        return json_answer({"delivery_id": queued}, 202)

    return await write_once(request, backend, principal, found, await request.body(), queue)


@router.get("/{webhook_id}/deliveries", response_model=Deliveries)
async def list_deliveries(
    company_id: Id,
    webhook_id: Id,
    principal: Asker,
    backend: Behind,
    cursor: IdCursor = None,
    limit: PageSize = DEFAULT_LIMIT,
) -> dict[str, Any]:
    """The delivery log, newest first. Settled deliveries stay 30 days."""
    found = _company(principal, company_id, reading=True)

    def look(connection: Connection) -> list[Delivery]:
        _find(connection, backend, found, webhook_id, secret=False)
        before = min(int(cursor), MAX_ID) if cursor else None
        return outbox.list_deliveries(connection, found, webhook_id, before=before, limit=limit)

    held = await backend.read(look)
    return {"items": [_told(row) for row in held], "next": str(held[-1].id) if len(held) == limit else None}


@router.post("/{webhook_id}/deliveries/{delivery_id}/retry", status_code=202, response_model=DeliveryMade)
async def retry_delivery(
    company_id: Id, webhook_id: Id, delivery_id: Id, principal: Asker, backend: Behind
) -> dict[str, int]:
    """Deliver once more, with the same id."""
    found = _company(principal, company_id)
    now_ms = int(time.time() * 1000)
    if not await backend.store(lambda connection: outbox.retry(connection, found, webhook_id, delivery_id, now_ms)):
        raise ApiProblem("not_found")
    return {"delivery_id": delivery_id}


def _told(row: Delivery) -> dict[str, Any]:
    return {
        "id": row.id,
        "message_id": row.message_id,
        "event_type": row.event_type,
        "state": row.state,
        "created": as_time(row.created_ms),
        "next_attempt": as_time(row.due_ms),
        "attempts": [
            {"at": as_time(at_ms), "status": status, "error": error, "duration_ms": duration_ms}
            for at_ms, status, error, duration_ms in row.log
        ],
    }
