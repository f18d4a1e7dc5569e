"""Where a call goes: pure functions of the directory, who calls, and what was dialled.

Nothing live is asked here (who is busy, which trunk is down): call control tries the step and comes back for more.
"""

from __future__ import annotations

from urllib.parse import unquote

from kiestoon.company.directory import CompanyIndex, Directory
from kiestoon.company.model import Device, Number, Trunk, User
from kiestoon.company.numbers import (
    clean_dialled,
    emergency_number,
    read_outside_number,
    read_trunk_number,
)
from kiestoon.routing.decision import Decision, EnterMenu, Refuse, RingUser
from kiestoon.routing.origin import FromDevice, FromTrunk, Origin
from kiestoon.routing.outside import Caller, dial_emergency, dial_outside
from kiestoon.routing.reasons import Reason, because

_SHOWN = 60  # characters of hostile input kept in a reason


def route(directory: Directory, origin: Origin, dialled: str) -> Decision:
    """The next step for a call from ``origin`` to ``dialled`` (a SIP user part, unescaped, or ``urn:service:sos``).

    Never raises, whatever was dialled.
    """
    if isinstance(origin, FromTrunk):
        return _from_trunk(directory, origin.trunks, dialled)
    device: Device | None = None
    user: User | None
    if isinstance(origin, FromDevice):
        device = origin.device
        index = directory.company(device.company_id)
        user = index.user_of(device) if index is not None else None
    else:
        index = directory.company(origin.company_id)
        user = index.users.get(origin.user_id) if index is not None else None
    if index is None:
        return Decision(Refuse(403, 57, "Forbidden"), (because("unknown_company"),))
    return _from_inside(Caller(directory, index, user, device), dialled, [because("dialled", number=dialled[:_SHOWN])])


def route_diverted(directory: Directory, company_id: int, user_id: int, contact: str) -> Decision:
    """A user's phone diverts a call (3xx): route ``contact`` (a URI) as the user's own call."""
    index = directory.company(company_id)
    user = index.users.get(user_id) if index is not None else None
    if index is None or user is None:
        return Decision(Refuse(403, 57, "Forbidden"), (because("unknown_company"),), company_id)
    number = _user_part(contact)
    reasons = [because("diverted", name=user.name, number=number[:_SHOWN])]
    return _from_inside(Caller(directory, index, user, None), number, reasons)


def route_extension(directory: Directory, company_id: int, extension: str) -> Decision:
    """A caller in a service keyed in an extension: nothing but the company's own extensions is reached that way."""
    index = directory.company(company_id)
    if index is None:
        return Decision(Refuse(403, 57, "Forbidden"), (because("unknown_company"),), company_id)
    reasons = [because("dialled", number=extension[:_SHOWN])]
    found = _extension(index, extension, None, reasons)
    if found is not None:
        return found
    reasons.append(because("unknown_extension", number=extension[:_SHOWN]))
    return _refuse(index, reasons, 404, 1, "Not Found")


def _user_part(uri: str) -> str:
    """The user of "sip:300@host;p", the number of "tel:+31…"; the host alone is no destination inside a company."""
    scheme, colon, rest = uri.strip().strip("<>").partition(":")
    if not colon:
        return ""
    if scheme.lower() == "tel":
        return rest
    return unquote(rest.partition("@")[0].partition(":")[0]) if "@" in rest else ""


def _from_inside(caller: Caller, dialled: str, reasons: list[Reason]) -> Decision:
    index, user, device = caller.index, caller.user, caller.device
    is_urn = dialled[:4].lower() == "urn:"
    cleaned = dialled[:_SHOWN] if is_urn else clean_dialled(dialled)
    emergency = emergency_number(cleaned, caller.country, index.company.access_code)
    if emergency:
        return dial_emergency(caller, emergency, reasons)
    if user is None:
        name = (device.name or device.username) if device is not None else ""
        reasons.append(because("not_logged_in", device=name))
        return _refuse(index, reasons, 403, 57, "Nobody Logged In")
    # Extensions may hold letters (SIP names); they are looked up as they came, before the digits.
    for extension in dict.fromkeys((dialled, cleaned)):
        inside = _extension(index, extension, device, reasons)
        if inside is not None:
            return inside
    if not cleaned or is_urn:
        reasons.append(because("not_a_number"))
        return _refuse(index, reasons, 404, 1, "Not Found")
    return _to_outside(caller, user, cleaned, reasons)


def _extension(index: CompanyIndex, extension: str, device: Device | None, reasons: list[Reason]) -> Decision | None:
    user = index.users_by_extension.get(extension)
    if user is not None:
        reasons.append(because("extension", extension=extension, name=user.name))
        devices = index.devices_of(user.id)
        if device is not None and device.user_id == user.id:
            devices = tuple(other for other in devices if other.id != device.id)
        if not devices:
            reasons.append(because("no_devices", name=user.name))
        return Decision(RingUser(user, devices), tuple(reasons), index.company.id, 0, extension)
    menu = index.menus_by_extension.get(extension)
    if menu is not None:
        reasons.append(because("menu", extension=extension, name=menu.name))
        return Decision(EnterMenu(menu), tuple(reasons), index.company.id, 0, extension)
    return None


def _to_outside(caller: Caller, user: User, cleaned: str, reasons: list[Reason]) -> Decision:
    index = caller.index
    code = index.company.access_code
    rest = cleaned
    if cleaned.startswith("+"):
        reasons.append(because("international_form"))
    elif code and cleaned.startswith(code):
        rest = cleaned[len(code) :]
        reasons.append(because("access_code", prefix=code))
    elif code:
        reasons.append(because("unknown_extension", number=cleaned))
        return _refuse(index, reasons, 404, 1, "Not Found")
    number = read_outside_number(rest, caller.country, caller.area_code)
    if number is None:
        reasons.append(because("not_a_number"))
        return _refuse(index, reasons, 404, 28, "Not Found")
    if not number.valid and not code and len(cleaned) == index.company.extension_digits:
        reasons.append(because("unknown_extension", number=cleaned))
        return _refuse(index, reasons, 404, 1, "Not Found")
    if number.completed:
        reasons.append(because("completed", area=caller.area_code))
    own = caller.directory.number(number.number)
    if own is not None and own.company_id == index.company.id:
        reasons.append(because("own_number", number=own.e164))
        return _assigned(index, own, caller.device, reasons)
    reasons.append(because("kind", number=number.number, kind=number.kind))
    if not number.valid:
        reasons.append(because("not_in_plan", number=number.number))
    return dial_outside(caller, user, number, reasons)


# --- from outside ----------------------------------------------------------------------------------------------------


def _from_trunk(directory: Directory, trunks: tuple[Trunk, ...], dialled: str) -> Decision:
    cleaned = clean_dialled(dialled)
    for trunk in trunks:
        number = _called_number(directory, trunk, cleaned)
        if number is None:
            continue
        index = directory.company(number.company_id)
        if index is None:
            continue
        reasons = [because("incoming", number=number.e164, trunk=trunk.name)]
        decision = _assigned(index, number, None, reasons)
        return Decision(decision.step, decision.reasons, decision.company_id, trunk.id, decision.called)
    # Never on to another trunk: passing outside calls on is how toll fraud works.
    trunk_id = trunks[0].id if len(trunks) == 1 else 0
    company_id = (trunks[0].company_id or 0) if len(trunks) == 1 else 0
    reason = because("not_our_number", number=dialled[:_SHOWN])
    return Decision(Refuse(404, 1, "Not Found"), (reason,), company_id, trunk_id, cleaned)


def _called_number(directory: Directory, trunk: Trunk, cleaned: str) -> Number | None:
    """A company's trunk reaches only that company's numbers."""
    if trunk.company_id is not None:
        index = directory.company(trunk.company_id)
        countries = {index.company.country} if index is not None else set()
    else:
        countries = {index.company.country for index in directory}
    for country in sorted(countries):
        for form in read_trunk_number(cleaned, country):
            number = directory.number(form)
            if number is not None and trunk.company_id in (None, number.company_id):
                return number
    return None


def _assigned(index: CompanyIndex, number: Number, device: Device | None, reasons: list[Reason]) -> Decision:
    reasons.append(because("assigned", number=number.e164, extension=number.extension))
    found = _extension(index, number.extension, device, reasons)
    if found is not None:
        return Decision(found.step, found.reasons, found.company_id, 0, number.e164)
    reasons.append(because("leads_nowhere", extension=number.extension))
    refused = _refuse(index, reasons, 404, 1, "Not Found")
    return Decision(refused.step, refused.reasons, refused.company_id, 0, number.e164)


def _refuse(index: CompanyIndex, reasons: list[Reason], status: int, q850: int, text: str) -> Decision:
    return Decision(Refuse(status, q850, text), tuple(reasons), index.company.id)
