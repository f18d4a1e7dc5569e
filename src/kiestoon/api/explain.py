"""What would happen if … over HTTP (RTE-24). ``routing.explain`` answers."""

from __future__ import annotations

import time
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from kiestoon.api.problems import ApiProblem, language_of
from kiestoon.api.resources.requests import company_id_of, demand_operation, json_answer, respond_with
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.company.directory import CompanyIndex, Directory
from kiestoon.company.model import Number, Trunk
from kiestoon.routing import CallerSeen, FromDevice, FromTrunk, FromUser, Origin, see_outsider
from kiestoon.routing.explain import Assumptions, Beyond, Ending, Kind, State, explain
from kiestoon.routing.telling import as_mermaid, ending, graph_of, headline, in_words
from kiestoon.store.configuration_file.applying import rows_of
from kiestoon.store.load import iterate_rows
from kiestoon.store.problems import problem
from kiestoon.store.rules import Peek

router = APIRouter(prefix="/api/v1/companies/{company_id}", tags=["explain"])
_OUTSIDE: Final = Trunk(id=0, name="outside", kind="peer", host="")
_STRICT: Final = ConfigDict(extra="forbid", strict=True, populate_by_name=True)
Short = Annotated[str, Field(max_length=60)]


class CallerModel(BaseModel):
    """Who calls: an extension of the company, a number outside, or (neither) a withheld number from outside."""

    model_config = _STRICT
    extension: str = Field("", max_length=15, examples=["204"])
    device: str = Field("", max_length=64, description="By this phone of the extension.", examples=["sam-desk"])
    number: str = Field("", max_length=40, examples=[""])


class Question(BaseModel):
    """A call that is not made, and what is taken to be so."""

    model_config = _STRICT
    caller: CallerModel
    dialled: str = Field(min_length=1, max_length=60, examples=["300"])
    at: str = Field(
        "",
        max_length=40,
        description='A minute on the company\'s clock, or a time with offset (RFC 3339); "" = now.',
        examples=["2026-12-24T17:00"],
    )
    states: dict[Short, State] = Field(
        default={},
        max_length=1000,
        description="What extensions and outside numbers (E.164) do with the call; extensions of other companies as "
        "204@other.example.",
        examples=[{"204": "no_answer", "205": "busy"}],
    )
    otherwise: State = Field("answers", description="What all others do.")
    through: dict[Short, int] = Field(
        default={}, max_length=1000, description="Calls in call-limit extensions now.", examples=[{"310": 2}]
    )
    keys: list[Short] = Field(
        default=[], max_length=20, description="What the caller keys in when asked.", examples=[["1012"]]
    )


class StepModel(BaseModel):
    """One step: why, what is tried, how it ends."""

    kind: Kind
    headline: str = Field(examples=["Rings at Sam Jansen (204)"])
    ending: Ending
    ending_text: str = Field(examples=["no answer after 20 s"])
    at_s: int = Field(description="Seconds since the call began.", examples=[0])
    seconds: int = Field(examples=[20])
    targets: list[tuple[str, str]] = Field(examples=[[["204", "Sam Jansen"]]])
    status: int = Field(description="SIP status of a refusal, else 0.", examples=[0])
    reasons: list[str] = Field(examples=[["204 is the extension of Sam Jansen"]])
    codes: list[str] = Field(description="The reasons' stable codes.", examples=[["extension"]])
    greeting: str = Field(
        description='With what a voicemail box answers: "busy", "not_available", "group", "none"; elsewhere "".',
        examples=[""],
    )
    beyond: list[str] = Field(description="What is known of a call that leaves the company.", examples=[[]])
    company: str = Field(description='The other company in which this happens; "" = the one asked.', examples=[""])


class NodeModel(BaseModel):
    """A point of the diagram."""

    id: str = Field(examples=["n0"])
    kind: Literal["start", "reason", "step", "end"]
    label: str = Field(examples=["Call to 300"])


class EdgeModel(BaseModel):
    """What follows what."""

    source: str = Field(examples=["n0"])
    target: str = Field(examples=["n1"])
    label: str = Field(examples=[""])


class GraphModel(BaseModel):
    """The diagram."""

    nodes: list[NodeModel]
    edges: list[EdgeModel]


class ExplanationModel(BaseModel):
    """What would happen: as steps, in words, as a diagram."""

    steps: list[StepModel]
    cut: bool = Field(description="It goes on, but was not followed further.")
    text: list[str] = Field(examples=[["  300 was dialled", "Rings at Sam Jansen (204): answered"]])
    graph: GraphModel
    mermaid: str = Field(examples=['flowchart TD\n    n0(["Call to 300"])\n'])


@router.post("/explain", operation_id="explain_call", response_model=ExplanationModel)
async def explain_call(
    request: Request, company_id: str, question: Question, principal: Asker, backend: Behind
) -> Response:
    """What would happen if this number called that one then. No call is made, nothing is changed."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "explain_call", "explain", reading=True)
    language = language_of(request)

    def work(connection: Connection) -> dict[str, Any]:
        beyond = partial(other_company, connection) if principal.role == "operator" else _nothing_beyond
        return answer_question(read_directory(connection, found), found, question, language, beyond)

    return respond_with(json_answer(await backend.read(work)))


def read_directory(connection: Connection, company_id: int) -> Directory:
    """The company as routing sees it; 404 when there is none or it is switched off."""
    rows = rows_of(connection, company_id, None)
    if rows is None or not rows.company.active:
        raise ApiProblem("not_found")
    shared = [row for row in iterate_rows(connection, Trunk) if row.company_id is None]
    return Directory([rows], shared)


def other_company(connection: Connection, number: str) -> Directory | None:
    """The company in service that an outside number belongs to, as routing sees it. For operators only."""
    row = Peek(connection, None).anywhere(Number, e164=number)
    try:
        return read_directory(connection, row.company_id) if row is not None else None
    except ApiProblem:
        return None


def _nothing_beyond(_number: str) -> None:
    """Nobody but operators learns whose numbers are on the installation."""


def answer_question(
    directory: Directory, company_id: int, question: Question, language: str, beyond: Beyond
) -> dict[str, Any]:
    """The answer as JSON; ``beyond``: the other companies whoever asks may see.

    Raises ``ApiProblem`` for a caller or time there is not.
    """
    index = directory.company(company_id)
    if index is None:
        raise ApiProblem("not_found")
    origin, seen = _origin(directory, index, question.caller)
    assumed = Assumptions(
        at_ms=_moment(question.at, index.company.timezone),
        states=question.states,
        otherwise=question.otherwise,
        through=question.through,
        keys=tuple(question.keys),
    )
    explanation = explain(directory, origin, question.dialled, assumed, caller=seen, beyond=beyond)
    graph = graph_of(explanation, question.dialled, language)
    steps = [
        {
            "kind": stage.kind,
            "headline": headline(stage, language),
            "ending": stage.ending,
            "ending_text": ending(stage, language),
            "at_s": stage.at_s,
            "seconds": stage.seconds,
            "targets": stage.targets,
            "status": stage.status,
            "reasons": [reason.render(language) for reason in stage.reasons],
            "codes": [reason.code for reason in stage.reasons],
            "greeting": stage.greeting,
            "beyond": [reason.render(language) for reason in stage.beyond],
            "company": stage.company,
        }
        for stage in explanation.stages
    ]
    return {
        "steps": steps,
        "cut": explanation.cut,
        "text": in_words(explanation, language),
        "graph": graph,
        "mermaid": as_mermaid(graph),
    }


def _origin(directory: Directory, index: CompanyIndex, caller: CallerModel) -> tuple[Origin, CallerSeen | None]:
    if not caller.extension:
        if caller.device:
            raise ApiProblem("invalid", [problem("caller.extension", "missing")])
        trunks = directory.trunks_of(index.company.id) or (_OUTSIDE,)
        seen = see_outsider(caller.number, withheld=not caller.number, country=index.company.country)
        return FromTrunk(trunks[:1]), seen
    user = index.users_by_extension.get(caller.extension)
    if user is None:
        raise ApiProblem("invalid", [problem("caller.extension", "unknown_extension", value=caller.extension)])
    phones = index.devices_of(user.id)
    named = [phone for phone in phones if phone.username == caller.device]
    if caller.device and not named:
        raise ApiProblem("invalid", [problem("caller.device", "unknown_reference", value=caller.device)])
    phone = next(iter(named or phones), None)
    return (FromDevice(phone) if phone is not None else FromUser(index.company.id, user.id)), None


def _moment(text: str, timezone: str) -> int:
    """Wall-clock milliseconds."""
    if not text:
        return int(time.time() * 1000)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(timezone))
        return int(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        example = "2026-12-24T17:00"
        raise ApiProblem("invalid", [problem("at", "wrong_form", value=text[:40], example=example)]) from None
