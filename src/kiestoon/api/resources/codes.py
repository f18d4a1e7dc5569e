"""Feature codes for people: what can be dialled and what it does; tables to start from (CALL-23, V 6.3, V 14.1)."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from kiestoon.api.problems import language_of
from kiestoon.api.resources.completing import takes
from kiestoon.api.resources.requests import (
    check_company,
    checked,
    company_id_of,
    demand,
    json_answer,
    read_json,
    respond_with,
    write_once,
)
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.api.resources.rows import Writer
from kiestoon.company.code_presets import PRESETS, CodePreset
from kiestoon.company.codes import FEATURES, NOT_BUILT, QUERY, Feature
from kiestoon.company.model import BY_TABLE, FeatureCode
from kiestoon.store.idempotency import Answer
from kiestoon.store.new_company import add_codes
from kiestoon.store.rules import Peek

router = APIRouter(prefix="/api/v1")
_CODES: Final = BY_TABLE["feature_codes"]


class CodeModel(BaseModel):
    """A code and what it does."""

    code: str = Field(examples=["*78"])
    feature: str = Field(examples=["do_not_disturb_on"])
    description: str = Field(examples=["Do not disturb"])
    follows: str = Field(
        description='What is dialled after it: "nothing", "extension", "number", "digits" or "plan".',
        examples=["nothing"],
    )
    digits: int = Field(description="How many digits follow; 0: as many as one likes.", examples=[0])
    optional: bool = Field(description="The code may also stand alone.")
    query: str = Field(description='What asks how a switch stands; "" for what is none.', examples=["*78*"])
    place: str = Field(description='"dialled", "call" (during a call) or "both".', examples=["dialled"])


class CodeList(BaseModel):
    """Every code, in order."""

    items: list[CodeModel]


class CodePresetModel(BaseModel):
    """A table to start from."""

    name: str = Field(examples=["standard"])
    items: list[CodeModel]


class CodePresetList(BaseModel):
    """All of them."""

    items: list[CodePresetModel]


class ApplyCodePreset(BaseModel):
    """Which table."""

    model_config = ConfigDict(extra="forbid", strict=True)
    preset: CodePreset = Field(description="The company's codes are replaced by this table.", examples=["one-net"])


@router.get("/companies/{company_id}/codes", response_model=CodeList, operation_id="list_codes", tags=["feature_codes"])
async def list_codes(request: Request, company_id: str, principal: Asker, backend: Behind) -> Response:
    """What can be dialled in the company, in words, for everybody; without codes that nothing answers yet."""
    found = company_id_of(principal, company_id)
    demand(principal, "list", _CODES)
    language = language_of(request)

    def work(connection: Connection) -> Answer:
        check_company(connection, found)
        rows = Peek(connection, found).find(FeatureCode)
        return json_answer({"items": _listed(_usable({row.code: row.feature for row in rows}), language)})

    return respond_with(await backend.read(work))


@router.get("/code-presets", response_model=CodePresetList, operation_id="list_code_presets", tags=["feature_codes"])
async def list_code_presets(request: Request, principal: Asker) -> Response:
    """The tables of codes a company can start from: those people know from other exchanges."""
    demand(principal, "list", _CODES)
    language = language_of(request)
    items = [{"name": name, "items": _listed(codes, language)} for name, codes in PRESETS.items()]
    return respond_with(json_answer({"items": items}))


@router.post(
    "/companies/{company_id}/feature_codes/preset",
    response_model=CodeList,
    operation_id="apply_code_preset",
    tags=["feature_codes"],
    openapi_extra=takes("ApplyCodePreset"),
)
async def apply_code_preset(request: Request, company_id: str, principal: Asker, backend: Behind) -> Response:
    """Replace the company's codes by a table to start from. A code that hides an extension refuses all of it."""
    found = company_id_of(principal, company_id)
    demand(principal, "create", _CODES)
    preset: CodePreset = checked(ApplyCodePreset, await read_json(request))["preset"]
    language = language_of(request)

    def work(writer: Writer) -> Answer:
        check_company(writer.connection, found)
        peek = Peek(writer.connection, found)
        for row in peek.find(FeatureCode):
            writer.remove(writer.current(_CODES, row.id, None))
        company = peek.company()
        if company is not None:
            add_codes(writer.changes, company, preset)
        rows = peek.find(FeatureCode)
        return json_answer({"items": _listed({row.code: row.feature for row in rows}, language)})

    return await write_once(request, backend, principal, found, await request.body(), work)


def _usable(codes: dict[str, str]) -> dict[str, str]:
    """Without those that nothing answers."""
    return {code: feature for code, feature in codes.items() if feature not in NOT_BUILT}


def _listed(codes: dict[str, str], language: str) -> list[dict[str, Any]]:
    return [_told(code, FEATURES[codes[code]], language) for code in sorted(codes) if codes[code] in FEATURES]


def _told(code: str, feature: Feature, language: str) -> dict[str, Any]:
    return {
        "code": code,
        "feature": feature.name,
        "description": feature.describe(language),
        "follows": feature.follows,
        "digits": feature.length,
        "optional": feature.optional,
        "query": code + QUERY if feature.switch else "",
        "place": feature.place,
    }
