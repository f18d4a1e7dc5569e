"""Which calls give a person a mail (REACH-5): the manual's table of interactions (V 7.4.3), and the person's rules.

A call is *to* a person when its route reached the person's own number or an alternate one. So these give none: what
rings a person as member of a hunt group or group, or from a queue; what a person picks up, takes back or breaks into.
These do: calls that are forwarded on, that meet do not disturb, a busy line or voicemail, that are transferred here.
Nobody is mailed about callers turned away: the manual says so of withheld numbers ("you get no notice", V 7.3); we
read the same into selective acceptance, selective rejection and the block list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from kiestoon.calls.record import CallRecord
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Rule, User
from kiestoon.routing import Reason
from kiestoon.routing.matching import fits_caller, see_outsider
from kiestoon.routing.situation import CallerSeen

_TURNED_AWAY: Final = frozenset({"anonymous_rejected", "rejected_by_rule", "not_accepted", "on_blocklist"})
_AS_MEMBER: Final = frozenset({"hunt_member", "group", "queue", "queue_member"})


class Notice(msgspec.Struct, frozen=True):
    """A mail to be sent. ``caller`` is "" when it is withheld or unknown; ``answered``: whether anybody took the call.

    ``rule`` is the name of the rule that asked for it.
    """

    user: User
    caller: str
    caller_name: str
    withheld: bool
    answered: bool
    rule: str


def notices_of(index: CompanyIndex, record: CallRecord) -> Iterator[Notice]:
    """The mails a finished call leads to, one for each person it was to."""
    caller = _caller(index, record)
    for extension in dict.fromkeys(reached(record.reasons)):
        user = index.users_by_extension.get(extension)
        if user is None or not (user.notify_email or user.email):
            continue
        rule = _rule(index, user, caller, record.opened_ms)
        if rule is not None:
            shown = not record.caller_withheld
            yield Notice(
                user,
                record.caller_number if shown else "",
                record.caller_display if shown else "",
                record.caller_withheld,
                record.outcome == "answered",
                rule.name,
            )


def reached(reasons: Iterable[Reason]) -> Iterator[str]:
    """The extensions of the people a route came to as themselves, and that let the call come to them."""
    waiting = ""
    member = ""
    for reason in reasons:
        if reason.code == "extension":
            if waiting:
                yield waiting
            extension = reason.params.get("extension", "")
            waiting = "" if extension == member else extension
        elif reason.code in _TURNED_AWAY:
            waiting = ""
        member = reason.params.get("extension", "") if reason.code in _AS_MEMBER else ""
    if waiting:
        yield waiting


def _rule(index: CompanyIndex, user: User, caller: CallerSeen, at_ms: int) -> Rule | None:
    """The rule that asks for a mail; one that switches it off wins. At least one must be active (V 7.4)."""
    arrangements = index.arrangements
    fitting = [
        rule
        for rule in arrangements.rules_of(user.extension, "notification")
        if fits_caller(rule, caller) and arrangements.times.rule(rule).fits(at_ms)
    ]
    if any(not rule.applies for rule in fitting):
        return None
    return fitting[0] if fitting else None


def _caller(index: CompanyIndex, record: CallRecord) -> CallerSeen:
    colleague = index.users_by_extension.get(record.caller_number)
    if record.direction == "internal":
        numbers = index.numbers_by_extension.get(record.caller_number, ())
        forms = (record.caller_number, *(number.e164 for number in numbers))
        return CallerSeen("internal", record.caller_number, forms, colleague.id if colleague is not None else 0)
    return see_outsider(record.caller_number, withheld=record.caller_withheld, country=index.company.country)
