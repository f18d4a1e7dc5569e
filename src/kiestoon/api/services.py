"""Which services an extension has, and why or why not (ORG-5, V 6.1.1)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api.problems import ApiProblem, language_of
from kiestoon.api.resources.reach import Reach
from kiestoon.api.resources.requests import company_id_of, demand_operation, json_answer, respond_with
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.company.model import BY_ROW
from kiestoon.company.profiles import SERVICES
from kiestoon.company.services import HAVING, Standing
from kiestoon.store.idempotency import Answer
from kiestoon.store.rules import Peek
from kiestoon.store.rules.services import Held, held_by
from kiestoon.store.service_names import service_name

router = APIRouter(prefix="/api/v1/companies/{company_id}", tags=["extensions"])


class ServiceHeld(BaseModel):
    """A service, and whether it is there."""

    service: str = Field(examples=["voicemail"])
    name: str = Field(description="In the language of Accept-Language.", examples=["voicemail"])
    assigned: bool
    standing: Standing = Field(
        description="`open`: nothing restricts it; `pack`, `by_hand`: assigned so; `unassigned`: a pack that holds it "
        "is not assigned; `withheld`: taken away by hand; `not_offered`: nothing for this profile."
    )
    packs: list[str] = Field(description="Packs that hold it and are available here.", examples=[["Professional"]])


class ServicesHeld(BaseModel):
    """Every service there is."""

    extension: str = Field(examples=["204"])
    table: str = Field(examples=["users"])
    id: int = Field(examples=[17])
    kind: str = Field(description="The profile; `virtual`; `function`: only sends calls on.", examples=["combi"])
    items: list[ServiceHeld]


@router.get("/extensions/{extension}/services", response_model=ServicesHeld, operation_id="list_services")
async def list_services(
    request: Request, company_id: str, extension: str, principal: Asker, backend: Behind
) -> Response:
    """The services of a person or virtual user: which there are, and what assigns or keeps them."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "list_services", "service_assignments", reading=True)
    language = language_of(request)

    def work(connection: Connection) -> Answer:
        held = held_by(extension, Peek(connection, found)) if extension.isascii() and extension.isdigit() else None
        reach = Reach(principal, found)
        if held is None or not reach.holds(connection, BY_ROW[type(held.owner)], held.owner.id):
            raise ApiProblem("not_found")
        return json_answer(_shown(held, language))

    return respond_with(await backend.read(work))


def _shown(held: Held, language: str) -> dict[str, Any]:
    items = []
    for service in SERVICES:
        standing = held.standing(service)
        items.append(
            {
                "service": service,
                "name": service_name(service)[1 if language == "nl" else 0],
                "assigned": standing in HAVING,
                "standing": standing,
                "packs": [pack.name for pack in held.licensing.packs_holding(service, held.location_id)],
            }
        )
    owner = held.owner
    table = BY_ROW[type(owner)].table
    return {"extension": owner.extension, "table": table, "id": owner.id, "kind": held.kind, "items": items}
