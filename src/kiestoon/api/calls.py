"""Telephoning from a screen (CALL-24): the running calls, a call for oneself, and every operation on a call.

The control process does it; who may is decided here by role (whose legs) and there by rights over others' calls.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem, language_of
from kiestoon.api.resources.completing import REPEATABLE
from kiestoon.api.resources.requests import act_once, company_id_of, demand_operation, json_answer, respond_with
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.operator_error import OperatorError
from kiestoon.store.idempotency import Answer
from kiestoon.store.problems import problem

router = APIRouter(prefix="/api/v1/companies/{company_id}/calls", tags=["calls"])
_STRICT = ConfigDict(extra="forbid", strict=True)
Operation = Literal[
    "answer", "reject", "deflect", "hold", "retrieve", "transfer", "transfer_attended", "voicemail", "park", "take",
    "listen", "barge", "merge", "add", "remove", "end_conference", "mute", "unmute", "end",
]  # fmt: skip
_NEEDS_TO = frozenset({"deflect", "transfer", "add"})
_NEEDS_SECOND = frozenset({"transfer_attended", "merge"})


_DUTCH: Final = {
    "This party is in no conversation": "deze deelnemer is niet in gesprek",
    "Not allowed": "u hebt daar geen recht toe",
    "Not possible with these calls": "dat kan niet met deze gesprekken",
    "There is no call": "er is geen gesprek",
    "Already answered": "er is al opgenomen",
    "The lot is taken": "die parkeerplaats is bezet",
    "Every lot is taken": "alle parkeerplaatsen zijn bezet",
    "The conference is full": "de conferentie is vol",
    "No phone of this person is registered": "geen toestel van deze persoon is aangemeld",
    "Not Found": "dat nummer bestaat niet",
    "Destination blocked": "dat nummer is geblokkeerd",
    "Busy Here": "in gesprek",
    "The mobile cannot be called": "het mobiele nummer kan niet worden gebeld",
}
"""Refusals of call control in Dutch; what is not here is told as it is."""


class LegModel(BaseModel):
    """One party of a running call. Number and name are empty when withheld."""

    id: str = Field(examples=["482085662892228610"])
    is_caller: bool = Field(description="The call is about this party: it called, or was transferred.")
    number: str = Field(examples=["204"])
    name: str = Field(examples=["Sam Jansen"])
    withheld: bool
    user_id: int | None = Field(examples=[17])
    device_id: int | None = Field(examples=[5])
    state: Literal["ringing", "answered"]
    held: bool = Field(description="This party has put the other on hold.")
    muted: bool
    onlooker: Literal["", "listen", "whisper", "barge"] = Field(description="Hears the call without being of it.")
    holds: str = Field(description="The call of the party it holds by keys.", examples=[""])


class CallModel(BaseModel):
    """A running call."""

    id: str = Field(examples=["000000yjhekmg2ng5p"])
    direction: Literal["internal", "in", "out"]
    dialled: str = Field(examples=["204"])
    state: Literal["seek", "bridge", "service", "parked", "nobody"]
    lot: str = Field(description="Where it is parked.", examples=[""])
    room: str = Field(description="The conference room it is.", examples=[""])
    seconds: int = Field(examples=[42])
    legs: list[LegModel]


class CallsModel(BaseModel):
    """Running calls, oldest first."""

    items: list[CallModel]


class DialModel(BaseModel):
    """A call for somebody: first his own phone rings, then the number is called for him."""

    model_config = _STRICT
    number: str = Field(min_length=1, max_length=60, description="As he would dial it.", examples=["0205550102"])
    user_id: int | None = Field(None, description="For whom; without it for oneself.", examples=[17])
    device_id: int = Field(0, ge=0, description="At which of his phones; 0 = all.", examples=[0])
    automatic: bool = Field(True, description="The phone answers by itself, if it can.")
    repeat: bool = Field(False, description="Call a busy number again every 10 s, until it is free or one hangs up.")
    mobile: bool = Field(False, description="His mobile rings, in place of his phones.")


class DialledModel(BaseModel):
    """The call that has been begun."""

    call: str = Field(examples=["000000yjhekmg2ng5p"])


class OperationModel(BaseModel):
    """What an operation needs besides the call."""

    model_config = _STRICT
    leg: str = Field(
        "", pattern="^[0-9]{0,20}$", description="Which party's; without it one's own.", examples=["482085662892228610"]
    )
    user_id: int | None = Field(None, description="For whom an administrator does it.", examples=[17])
    to: str = Field(
        "", max_length=60, examples=["207"],
        description="A number or extension. To park: `7` (line 1 to 99), `lot 3` (0 to 9), `@204` (at an extension);"
        " empty = the next free line.",
    )  # fmt: skip
    second: str = Field("", max_length=64, description="The other call, to join or transfer with.", examples=[""])
    device_id: int = Field(0, ge=0, description="The phone that is to get the call; 0 = all one's own.", examples=[0])
    automatic: bool = Field(True, description="That phone answers by itself, if it can.")


@router.get("", operation_id="list_live_calls", response_model=CallsModel)
async def list_live_calls(company_id: str, principal: Asker, backend: Behind) -> Response:
    """Administrators of the company see every running call; people those they are in or may take over."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "list_live_calls", "calls", reading=True)
    items = await _ask(backend, "live_calls", company_id=found, user_id=_own(principal))
    return respond_with(json_answer({"items": items or []}))


@router.post("", operation_id="make_call", status_code=202, response_model=DialledModel, openapi_extra=REPEATABLE)
async def make_call(request: Request, company_id: str, wish: DialModel, principal: Asker, backend: Behind) -> Response:
    """Call a number for somebody: his own phone rings first."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "make_call", "calls")
    user_id = _whom(principal, wish.user_id)

    async def dial() -> Answer:
        answer = await _ask(
            backend, "dial_for", company_id=found, user_id=user_id, number=wish.number, device_id=wish.device_id,
            automatic=wish.automatic, repeat=wish.repeat, mobile=wish.mobile,
        )  # fmt: skip
        _demand_done(request, answer)
        return json_answer({"call": answer.get("call", "")}, 202)

    return await act_once(request, backend, principal, dial)


@router.post("/{call_id}/{operation}", operation_id="operate_call", status_code=204, openapi_extra=REPEATABLE)
async def operate_call(
    request: Request, company_id: str, call_id: str, operation: Operation, wish: OperationModel, principal: Asker,
    backend: Behind,
) -> Response:  # fmt: skip
    """Do something with a running call. What cannot be done leaves it as it is: 409 says why."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "operate_call", "calls")
    if operation in _NEEDS_TO and not wish.to:
        raise ApiProblem("invalid", [problem("to", "missing")])
    if operation in _NEEDS_SECOND and not wish.second:
        raise ApiProblem("invalid", [problem("second", "missing")])
    own = _own(principal)

    async def operate() -> Answer:
        answer = await _ask(
            backend, "operate_call", company_id=found, call=call_id[:64], operation=operation,
            leg=int(wish.leg) if wish.leg else None,
            user_id=own, acting_user=wish.user_id or principal.user_id, to=wish.to, second=wish.second,
            device_id=wish.device_id, automatic=wish.automatic,
        )  # fmt: skip
        _demand_done(request, answer)
        return Answer(204)

    return await act_once(request, backend, principal, operate)


def _demand_done(request: Request, answer: dict[str, Any]) -> None:
    """Raise what call control could not do."""
    failed = answer.get("failed")
    if failed:
        kind = {403: "forbidden", 404: "not_found"}.get(failed["status"], "conflict")
        reason = _DUTCH.get(failed["text"], failed["text"]) if language_of(request) == "nl" else failed["text"]
        raise ApiProblem(kind, [problem("", "call_refused", reason=reason)])


def _own(principal: Principal) -> int | None:
    """Whose legs somebody may operate: an administrator of the company everybody's (None), others their own."""
    return None if principal.role in ("operator", "company") else principal.user_id or 0


def _whom(principal: Principal, user_id: int | None) -> int:
    own = _own(principal)
    if own is not None and user_id not in (None, own):
        raise ApiProblem("forbidden", [problem("user_id", "not_yours")])
    wanted = user_id or principal.user_id
    if not wanted:
        raise ApiProblem("invalid", [problem("user_id", "missing")])
    return wanted


async def _ask(backend: Behind, command: str, **arguments: Any) -> Any:
    try:
        return await backend.ask(command, **arguments)
    except OperatorError as error:
        raise ApiProblem("unavailable", [problem("", "call_refused", reason=str(error))]) from None
