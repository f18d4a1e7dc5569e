"""Where a call goes: pure functions of the directory, who calls, what was dialled, and the moment.

``route`` gives the first step. When a step comes to nothing, ``proceed`` says what follows; ``routed_by_postcode``,
``route_extension`` and ``route_diverted`` go on from what a caller keyed in or a phone redirected. Nothing here raises,
whatever was dialled.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

import msgspec

from kiestoon.company.codes import LOG_IN, SENDS_OUTSIDE, WITHOUT_LOGIN, read_code, without_dial_key
from kiestoon.company.directory import CompanyIndex, Directory
from kiestoon.company.model import Device, LocationRouting, User
from kiestoon.company.numbers import clean_dialled, emergency_number, read_outside_number
from kiestoon.routing import branching
from kiestoon.routing.arrive import after, arrive, deflect, divert
from kiestoon.routing.codes import NO_WISHES, Wishes
from kiestoon.routing.context import SHOWN, Divert, Route, refuse
from kiestoon.routing.decision import Decision, Refuse, UseCode
from kiestoon.routing.incoming import from_trunk, to_number
from kiestoon.routing.matching import see_colleague
from kiestoon.routing.origin import FromDevice, FromTrunk, Origin
from kiestoon.routing.outside import Caller, dial_emergency, dial_outside
from kiestoon.routing.outward import blocked_by, name_shown
from kiestoon.routing.reasons import because
from kiestoon.routing.ringing import own_mobile, own_phones
from kiestoon.routing.short_ways import written_out
from kiestoon.routing.situation import Assumed, CallerSeen, Live, Outcome, Situation

NOBODY_LIVE: Final = Assumed()
_AFTER_CODES: Final = re.compile(r"^.*[*#]")
"""Everything up to the last star or hash."""


def route(
    directory: Directory,
    origin: Origin,
    dialled: str,
    *,
    live: Live = NOBODY_LIVE,
    caller: CallerSeen | None = None,
    diverted: int = 0,
    inhibited: bool = False,
) -> Decision:
    """The first step for a call from ``origin`` to ``dialled`` (a SIP user part, unescaped, or ``urn:service:sos``).

    ``caller`` is the outside caller as the line presents it; from inside, the party somebody transfers, for whom he
    dials. ``diverted`` counts the diversions it has had already. ``inhibited``: nobody may divert it (CALL-7).
    """
    if isinstance(origin, FromTrunk):
        return from_trunk(directory, origin.trunks, dialled, caller, live, diverted)
    device: Device | None = None
    user: User | None
    known = True
    if isinstance(origin, FromDevice):
        device, known = origin.device, origin.known
        index = directory.company(device.company_id)
        user = index.user_of(device) if index is not None else None
    else:
        index = directory.company(origin.company_id)
        user = index.users.get(origin.user_id) if index is not None else None
    if index is None:
        return Decision(Refuse(403, 57, "Forbidden"), (because("unknown_company"),))
    seen = caller or _colleague(index, user)
    by = user.id if user is not None else 0
    situation = Situation(index.company.id, seen, dialled[:SHOWN], inhibited=inhibited, by=by)
    line = Route(directory, index, live, situation, device)
    line.because("dialled", number=dialled[:SHOWN])
    return _from_inside(line, Caller(directory, index, user, device, known), dialled)


def proceed(
    directory: Directory, situation: Situation, outcome: Outcome, *, live: Live = NOBODY_LIVE
) -> Decision | None:
    """What follows when the last step ended with ``outcome``; None: nothing, the caller is told so."""
    index = directory.company(situation.company_id)
    if index is None or not situation.at:
        return None
    return after(Route(directory, index, live, situation), outcome)


def routed_by_postcode(
    directory: Directory, situation: Situation, row: LocationRouting, digits: str, *, live: Live = NOBODY_LIVE
) -> Decision:
    """The caller has keyed in a postcode ("" = nothing in time)."""
    index = directory.company(situation.company_id)
    if index is None:
        return Decision(Refuse(403, 57, "Forbidden"), (because("unknown_company"),), situation.company_id)
    line = Route(directory, index, live, situation)
    line.because("keyed_in", digits=digits[:SHOWN])
    result = branching.by_postcode(line, row, digits)
    followed = divert(line, result) if isinstance(result, Divert) else result
    return arrive(line, followed) if isinstance(followed, str) else line.decide(followed)


def route_diverted(
    directory: Directory,
    company_id: int,
    user_id: int,
    contact: str,
    *,
    live: Live = NOBODY_LIVE,
    situation: Situation | None = None,
) -> Decision:
    """A user's phone diverts a call (3xx): route ``contact`` (a URI) as the user's own call."""
    index = directory.company(company_id)
    user = index.users.get(user_id) if index is not None else None
    if index is None or user is None:
        return Decision(Refuse(403, 57, "Forbidden"), (because("unknown_company"),), company_id)
    number = _user_part(contact)
    here = situation or Situation(company_id, _colleague(index, user), number[:SHOWN])
    line = Route(directory, index, live, here)
    line.now(at=user.extension, visited=tuple(dict.fromkeys((*here.visited, user.extension))), hunt=None)
    line.because("diverted", name=user.name, number=number[:SHOWN])
    return deflect(line, user, number)


def ring_own(
    directory: Directory,
    company_id: int,
    user_id: int,
    ring_s: int,
    *,
    live: Live = NOBODY_LIVE,
    alert: int = 0,
    mobile: bool = False,
) -> Decision | None:
    """Ring a person himself, at his phones or the one that is his now, whatever he has arranged: for calls made for him
    and those that come back to him; or, with ``mobile``, at that. Nothing follows. None: there is nobody to ring."""
    index = directory.company(company_id)
    user = index.users.get(user_id) if index is not None else None
    if index is None or user is None:
        return None
    line = Route(directory, index, live, Situation(company_id, CallerSeen("internal"), "", at=user.extension))
    step = own_mobile(line, user, ring_s) if mobile else own_phones(line, user, ring_s, alert)
    return None if step is None else Decision(step, tuple(line.reasons), company_id, called=user.extension)


def route_extension(
    directory: Directory,
    company_id: int,
    extension: str,
    *,
    live: Live = NOBODY_LIVE,
    situation: Situation | None = None,
) -> Decision:
    """A caller in a service keyed in an extension: nothing but the company's own extensions is reached that way."""
    index = directory.company(company_id)
    if index is None:
        return Decision(Refuse(403, 57, "Forbidden"), (because("unknown_company"),), company_id)
    here = situation or Situation(company_id, CallerSeen(), extension[:SHOWN])
    line = Route(directory, index, live, here)
    line.now(dialled=extension[:SHOWN], own_number="", visited=(), hunt=None)
    line.because("dialled", number=extension[:SHOWN])
    if extension in index.arrangements.extensions:
        return arrive(line, extension)
    line.because("unknown_extension", number=extension[:SHOWN])
    return line.decide(refuse(404, 1, "Not Found"))


def _colleague(index: CompanyIndex, user: User | None) -> CallerSeen:
    if user is None:
        return CallerSeen("internal")
    numbers = (user.caller_number, *(number.e164 for number in index.numbers_by_extension.get(user.extension, ())))
    own = tuple(number for number in numbers if number)
    return see_colleague(user.extension, user.id, own, name_shown(user, None))


def _user_part(uri: str) -> str:
    """The user of "sip:300@host;p", the number of "tel:+31…"; the host alone is no destination inside a company."""
    scheme, colon, rest = uri.strip().strip("<>").partition(":")
    if not colon:
        return ""
    if scheme.lower() == "tel":
        return rest
    return unquote(rest.partition("@")[0].partition(":")[0]) if "@" in rest else ""


def _from_inside(line: Route, caller: Caller, dialled: str) -> Decision:
    index, user, device = caller.index, caller.user, caller.device
    is_urn = dialled[:4].lower() == "urn:"
    original = cleaned = dialled[:SHOWN] if is_urn else clean_dialled(dialled)
    # Looked for before any code is read and after: no table of codes can hide an emergency number.
    emergency = emergency_number(cleaned, caller.country, index.company.access_code)
    wishes, cleaned = (NO_WISHES, cleaned) if is_urn else written_out(line, user, cleaned)
    emergency = emergency or _emergency_meant(caller, cleaned)
    if emergency:
        return dial_emergency(caller, emergency, line.reasons, wishes, line.live.now_ms)
    code = None if is_urn else read_code(index.arrangements.codes, cleaned, index.company.extension_digits)
    allowed = code is not None and (user is not None or code.feature.name in WITHOUT_LOGIN)
    if code is not None and allowed and cleaned not in index.arrangements.extensions:
        line.because("code", number=cleaned, feature=code.feature.name)
        if not caller.known and code.feature.name in SENDS_OUTSIDE:
            return _unknown_address(line)
        whole = _with_codes_before(original, cleaned, without_dial_key(index.arrangements.codes, cleaned))
        return line.decide(UseCode(code.feature.name, code.argument, code.query, whole), cleaned)
    if user is None:
        line.because("not_logged_in", device=(device.name or device.username) if device is not None else "")
        return line.decide(refuse(403, 57, "Nobody Logged In", "log-in-first"))
    if wishes.inhibit:
        line.now(inhibited=True)
    if wishes.no_music:
        line.now(no_music=True)
    # Extensions may hold letters (SIP names); they are looked up as they came, before the digits.
    for extension in dict.fromkeys((dialled, cleaned)):
        if extension in index.arrangements.extensions:
            line.now(dialled=extension)
            return arrive(line, extension)
    if not cleaned or is_urn:
        line.because("not_a_number")
        return line.decide(refuse(404, 1, "Not Found"))
    return _to_outside(line, caller, user, cleaned, wishes)


def _unknown_address(line: Route, number: str = "") -> Decision:
    """Somebody must log in on the phone first (E 6.8); which code that is goes into what the caller hears."""
    line.because("unknown_address")
    code = line.index.arrangements.code_of(LOG_IN)
    step = refuse(403, 21, "Log In First", "log-in-first")
    if code:
        step = Refuse(step.status, step.q850, step.text, "desk-login-needed", (("code", code),))
    return line.decide(step, number)


def _with_codes_before(original: str, rest: str, bare: str) -> str:
    """The codes for this call that were taken off ``original``, put before what is left of it once more."""
    return original.removesuffix(rest) + bare if original.endswith(rest) else bare


def _emergency_meant(caller: Caller, cleaned: str) -> str:
    """The emergency number dialled, "" for none; also behind a code this company does not have ("#31#112")."""
    code = caller.index.company.access_code
    found = emergency_number(cleaned, caller.country, code)
    if found or cleaned[:1] not in ("*", "#"):
        return found
    return emergency_number(_AFTER_CODES.sub("", cleaned), caller.country, code)


def _to_outside(line: Route, caller: Caller, user: User, cleaned: str, wishes: Wishes) -> Decision:
    index = caller.index
    code = index.company.access_code
    rest = cleaned
    if cleaned.startswith("+"):
        line.because("international_form")
    elif code and cleaned.startswith(code):
        rest = cleaned[len(code) :]
        line.because("access_code", prefix=code)
    elif code:
        line.because("unknown_extension", number=cleaned)
        return line.decide(refuse(404, 1, "Not Found"))
    number = read_outside_number(rest, caller.country, caller.area_code)
    if number is None:
        line.because("not_a_number")
        return line.decide(refuse(404, 28, "Not Found"))
    if not number.valid and not code and len(cleaned) == index.company.extension_digits:
        line.because("unknown_extension", number=cleaned)
        return line.decide(refuse(404, 1, "Not Found"))
    if number.completed:
        line.because("completed", area=caller.area_code)
    own = caller.directory.number(number.number)
    if own is not None and own.company_id == index.company.id:
        line.because("own_number", number=own.e164)
        line.now(dialled=own.e164, own_number=own.e164)
        return to_number(line, own)
    line.because("kind", number=number.number, kind=number.kind)
    if not number.valid:
        line.because("not_in_plan", number=number.number)
    blocked = blocked_by(index.company, user, number)
    if blocked is not None:
        line.because("blocked", number=number.number, kind=blocked.kind, by=blocked.by)
        return line.decide(refuse(403, 21, "Destination blocked", "destination-blocked"), number.number)
    if not caller.known:
        return _unknown_address(line, number.number)
    line.now(at="")  # outside nobody's arrangements of ours count any more
    decision = dial_outside(caller, user, number, line.reasons, wishes, line.live.now_ms)
    return msgspec.structs.replace(decision, situation=line.situation)
