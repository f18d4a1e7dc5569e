"""Rules over what is arranged for calls: forwardings, selections, numbers of one's own. Each yields what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kiestoon.company.model import (
    MOST_RINGING,
    AlternateNumber,
    CallLimit,
    Forward,
    ForwardExtension,
    Number,
    NumberPlan,
    PlanMapping,
    RemoteOffice,
    RingNumber,
    Row,
    Rule,
    User,
)
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek, named
from kiestoon.store.rules.shape import Check
from kiestoon.store.rules.targets import OWN_NUMBERS

RUNG: Final = ("extension", "number", *OWN_NUMBERS)
"""What can ring: the rest of the destinations answers by itself, or not at all."""
_REMINDED: Final = ("always", "selective")


def _forward(row: Forward, peek: Peek) -> Iterator[Problem]:
    """For the extension's own numbers (V 7.1). A phone that has just rung, or is in a call, is not reminded of it
    (V 7.1.1, V 7.1.5)."""
    if row.own_number and not _leads_to(row.own_number, row.extension, peek):
        yield problem("own_number", "leads_elsewhere", value=row.own_number, other=row.extension)
    if row.ring_reminder and row.case not in _REMINDED:
        yield problem("ring_reminder", "not_reminded", value=row.case, choices=", ".join(_REMINDED))


def _leads_to(e164: str, extension: str, peek: Peek) -> bool:
    """Whether an outside number leads to the extension: for good, as alternate number, or by some plan."""
    owner = peek.extension_owner(extension)
    return any(
        number.extension == extension
        or any(
            isinstance(owner, User) and row.user_id == owner.id
            for row in peek.find(AlternateNumber, number_id=number.id)
        )
        or any(row.extension == extension for row in peek.find(PlanMapping, number_id=number.id))
        for number in peek.find(Number, e164=e164)
    )


def _rule(row: Rule, peek: Peek) -> Iterator[Problem]:
    """A location forwards, an extension has the other services (V 6.4, V 27.4)."""
    owner = "location_id" if row.service == "location_forward" else "extension"
    if getattr(row, owner) is None and (row.location_id is not None or row.extension is not None):
        yield problem(owner, "service_owner", value=row.service)


def _shows_a_number(row: CallLimit | ForwardExtension, peek: Peek) -> Iterator[Problem]:
    if row.caller_id == "number" and not row.caller_number:
        yield problem("caller_number", "missing")


def _ring_number(row: RingNumber, peek: Peek) -> Iterator[Problem]:
    """It is a telephone that is rung; and each service has so many (V 9.2, V 9.3)."""
    most = MOST_RINGING[row.service]
    if row.position > most:
        yield problem("position", "out_of_range", value=row.position, low=1, high=most)
    if not row.to:
        yield problem("to", "missing")
    elif row.to.kind not in RUNG:
        yield problem("to", "not_a_choice", value=row.to.kind, choices=", ".join(RUNG))


def _remote_office(row: RemoteOffice, peek: Peek) -> Iterator[Problem]:
    """A telephone outside: a colleague's phone is the colleague's."""
    if row.active and not row.number:
        yield problem("number", "missing")
    elif row.number and peek.extension_owner(row.number) is not None:
        yield problem("number", "wrong_form", value=row.number, example="00201234567")


# --- an outside number leads to one place: its person, an alternate's, or number plans ------------------------------


def _alternate(row: AlternateNumber, peek: Peek) -> Iterator[Problem]:
    number = peek.get(Number, row.number_id)
    if number is None:
        return
    if number.extension:
        yield problem("number_id", "personal_number", value=number.e164, other=number.extension)
    for mapping in peek.find(PlanMapping, number_id=number.id):
        yield problem("number_id", "in_use", users=_plan_of(mapping, peek))
        return


def _number(row: Number, peek: Peek) -> Iterator[Problem]:
    if row.id and row.extension:
        for alternate in peek.find(AlternateNumber, number_id=row.id):
            yield problem("extension", "in_use", users=_person_of(alternate, peek))


def _mapping(row: PlanMapping, peek: Peek) -> Iterator[Problem]:
    for alternate in peek.find(AlternateNumber, number_id=row.number_id):
        yield problem("number_id", "in_use", users=_person_of(alternate, peek))


def _plan_of(mapping: PlanMapping, peek: Peek) -> tuple[str, str]:
    plan = peek.get(NumberPlan, mapping.plan_id)
    return named(plan) if plan is not None else ("a number plan", "een nummerplan")


def _person_of(alternate: AlternateNumber, peek: Peek) -> tuple[str, str]:
    user = peek.get(User, alternate.user_id)
    return named(user) if user is not None else named(alternate)


CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {
    Forward: (_forward,),
    Rule: (_rule,),
    RingNumber: (_ring_number,),
    RemoteOffice: (_remote_office,),
    CallLimit: (_shows_a_number,),
    ForwardExtension: (_shows_a_number,),
    AlternateNumber: (_alternate,),
    Number: (_number,),
    PlanMapping: (_mapping,),
}
