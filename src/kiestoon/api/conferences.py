"""Conference rooms while people are in them (CALL-13): who is there, and what an organiser does from the screen.

The control process does it, and knows who is an organiser; here is decided whose rooms somebody may ask about.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from kiestoon.api.problems import ApiProblem, language_of
from kiestoon.api.resources.completing import REPEATABLE
from kiestoon.api.resources.requests import act_once, company_id_of, demand_operation, json_answer, respond_with
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.operator_error import OperatorError
from kiestoon.store.idempotency import Answer
from kiestoon.store.problems import problem

router = APIRouter(prefix="/api/v1/companies/{company_id}/conferences", tags=["conferences"])
Action = Literal["mute", "unmute", "remove", "mute_all", "unmute_all", "lock", "unlock", "end", "call"]
_ON_MEMBER: Final = frozenset({"mute", "unmute", "remove"})
_DUTCH: Final = {
    "This party is in no conversation": "deze deelnemer is er niet",
    "Not allowed": "alleen een organisator mag dat",
    "There is no call": "er is niemand in deze vergadering",
    "The conference is full": "de vergadering is vol",
    "The conference is locked": "de vergadering is op slot",
}
"""Refusals of call control in Dutch; what is not here is told as it is."""


class MemberModel(BaseModel):
    """Somebody who takes part. Number and name are empty when withheld."""

    id: str = Field(examples=["482085662892228610"])
    number: str = Field(examples=["204"])
    name: str = Field(examples=["Sam Jansen"])
    withheld: bool
    user_id: int | None = Field(examples=[17])
    organiser: bool
    muted: bool
    held: bool = Field(description="Has put the conference on hold.")
    seconds: int = Field(description="Since the phone answered or was answered.", examples=[42])


class ConferenceModel(BaseModel):
    """A room with people in it, in the order in which they came."""

    extension: str = Field(examples=["800"])
    name: str = Field(examples=["Monday meeting"])
    call: str = Field(description="The call that holds them.", examples=["000000yjhekmg2ng5p"])
    begun: bool = Field(description="False: they wait for an organiser.")
    locked: bool = Field(description="Nobody else is let in.")
    quiet: bool = Field(description="Whoever comes is muted.")
    most_members: int = Field(examples=[100])
    seconds: int = Field(examples=[600])
    members: list[MemberModel]


class ConferencesModel(BaseModel):
    """Rooms with people in them."""

    items: list[ConferenceModel]


class SteerModel(BaseModel):
    """What an operation needs besides the room."""

    model_config = ConfigDict(extra="forbid", strict=True)
    member: str = Field(
        "", max_length=20, description="Whom to mute, unmute or remove.", examples=["482085662892228610"]
    )
    to: str = Field("", max_length=60, description="The number to call into the conference.", examples=["207"])


@router.get("", operation_id="list_live_conferences", response_model=ConferencesModel)
async def list_live_conferences(company_id: str, principal: Asker, backend: Behind) -> Response:
    """Administrators of the company see every room people are in; people those they may steer or are in."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "list_live_conferences", "conference_rooms", reading=True)
    own = None if principal.role in ("operator", "company") else principal.user_id or 0
    items = await _ask(backend, "live_rooms", company_id=found, user_id=own)
    return respond_with(json_answer({"items": items or []}))


@router.post("/{extension}/{action}", operation_id="steer_conference", status_code=204, openapi_extra=REPEATABLE)
async def steer_conference(
    request: Request,
    company_id: str,
    extension: Annotated[str, Path(max_length=15, examples=["800"])],
    action: Action,
    wish: SteerModel,
    principal: Asker,
    backend: Behind,
) -> Response:
    """For the room's owner, its organisers and administrators. What cannot be done leaves it as it is: 409 says why."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "steer_conference", "conference_rooms")
    if action in _ON_MEMBER and not wish.member:
        raise ApiProblem("invalid", [problem("member", "missing")])
    if action == "call" and not wish.to:
        raise ApiProblem("invalid", [problem("to", "missing")])
    own = None if principal.role in ("operator", "company") else principal.user_id or 0

    async def steer() -> Answer:
        answer = await _ask(
            backend, "operate_room", company_id=found, extension=extension, operation=action, member=wish.member,
            to=wish.to, user_id=own, acting_user=principal.user_id,
        )  # fmt: skip
        if failed := answer.get("failed"):
            kind = {403: "forbidden", 404: "not_found"}.get(failed["status"], "conflict")
            reason = _DUTCH.get(failed["text"], failed["text"]) if language_of(request) == "nl" else failed["text"]
            raise ApiProblem(kind, [problem("", "conference_refused", reason=reason)])
        return Answer(204)

    return await act_once(request, backend, principal, steer)


async def _ask(backend: Behind, command: str, **arguments: Any) -> Any:
    try:
        return await backend.ask(command, **arguments)
    except OperatorError as error:
        raise ApiProblem("unavailable", [problem("", "conference_refused", reason=str(error))]) from None
