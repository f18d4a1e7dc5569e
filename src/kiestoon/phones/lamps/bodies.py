"""What a state looks like in a NOTIFY, for each event package.

A body is made of a head, which is each subscription's own (version, entity), and a text that all watchers with the same
view share: with a hundred watchers it is written once.

Phones know busy lamps by calls only. So who does not want to be disturbed, or forwards everything, is shown with a call
that does not exist, as other exchanges do it: its "remote party" says why the lamp is on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import PresenceStatus
from kiestoon.phones.lamps.state import Appearance, Seen, State, View
from kiestoon.sip.subscription import dialog_info, feature_events, message_summary, presence, resource_list
from kiestoon.sip.subscription.dialog_info import Party, WatchedDialog
from kiestoon.sip.subscription.presence import Activity
from kiestoon.sip.subscription.resource_list import Listed
from kiestoon.sip.uri import Uri

MOST_DIALOGS: Final = 6
"""A NOTIFY over UDP must stay small; a lamp has one colour anyway. What rings comes first: it can be picked up."""
MOST_IN_LIST: Final = 1
"""Of each line of a list, which has many: all of them must fit into one datagram."""
Words = tuple[str, str]
"""English, Dutch."""
_STATUSES: Final[dict[PresenceStatus, tuple[Activity, Words]]] = {
    "office": ("", ("", "")),
    "meeting": ("meeting", ("In a meeting", "In bespreking")),
    "sick": ("away", ("Sick", "Ziek")),
    "break": ("away", ("Break", "Pauze")),
    "out_of_office": ("away", ("Out of office", "Niet op kantoor")),
    "holiday": ("vacation", ("On holiday", "Vakantie")),
    "lunch": ("lunch", ("Lunch", "Lunch")),
    "home": ("away", ("At home", "Thuis")),
    "do_not_disturb": ("busy", ("Do not disturb", "Niet storen")),
}
_DO_NOT_DISTURB: Final = ("Do not disturb", "Niet storen")
_FORWARDED: Final = ("Forwarded", "Doorgeschakeld")
_ON_THE_PHONE: Final = ("On the phone", "In gesprek")
_BACK: Final = ("back", "terug")
_ANONYMOUS: Final = ("Anonymous", "Anoniem")
_NOWHERE: Final = Uri("sip", "anonymous", host="anonymous.invalid")

LIST: Final = "dialog list"
"""The form of a list of lines: beside the packages, each of which is a form of its own."""
CONTENT_TYPES: Final = {
    dialog_info.PACKAGE: dialog_info.CONTENT_TYPE,
    presence.PACKAGE: presence.CONTENT_TYPE,
    message_summary.PACKAGE: message_summary.CONTENT_TYPE,
    feature_events.PACKAGE: feature_events.CONTENT_TYPE,
    LIST: resource_list.CONTENT_TYPE,
}
"""The forms there are, with the kind of their bodies."""
READABLE: Final = {feature_events.PACKAGE: feature_events.DOCUMENT_TYPE, LIST: dialog_info.CONTENT_TYPE}
"""What phones say they can read, where that is not the kind of the whole body."""


def shown_text(form: str, index: CompanyIndex, state: State, view: View) -> str:
    """The text of a state for watchers with this view."""
    return _TEXTS[form](index, state, view)


def whole_body(form: str, entity: str, version: int, text: str) -> bytes:
    """The body of one subscription's NOTIFY."""
    return _WHOLES[form](entity, version, text)


def is_lit(index: CompanyIndex, state: State, view: View) -> bool:
    """Whether a busy lamp is on or blinks."""
    return bool(state.appearances and view.calls) or _why_lit(index, state, view) is not None


# --- dialog ----------------------------------------------------------------------------------------------------------


def _dialogs(index: CompanyIndex, state: State, view: View, most: int = MOST_DIALOGS) -> str:
    if view.calls and state.appearances:
        calls = sorted(state.appearances, key=lambda each: not each.rings)[:most]
        return dialog_info.encode_dialogs(_dialog(index, call, view) for call in calls)
    why = _why_lit(index, state, view)
    if why is None:
        # An empty list would say the same (RFC 4235 §4.3); many phones only look for "terminated".
        return dialog_info.encode_dialogs([WatchedDialog("idle", "terminated")])
    reason, words = why
    remote = Party(f"sip:{reason}@{index.company.domain}", words[view.dutch])
    return dialog_info.encode_dialogs([WatchedDialog(reason, "confirmed", remote=remote)])


def _why_lit(index: CompanyIndex, state: State, view: View) -> tuple[str, Words] | None:
    """Why a lamp is on although there is no call: an id and words."""
    company = index.company
    if state.lit and view.calls:
        return "on", state.lit
    if company.lamp_do_not_disturb and _wants_peace(state, view):
        return "do-not-disturb", _DO_NOT_DISTURB
    if company.lamp_forwarding and _sends_on(state, view):
        return "forwarded", _FORWARDED
    return None


def _wants_peace(state: State, view: View) -> bool:
    return (state.do_not_disturb and view.calls) or (state.status == "do_not_disturb" and view.status)


def _sends_on(state: State, view: View) -> bool:
    return (state.forwarded and view.calls) or (state.status_forwarded and view.status)


def _dialog(index: CompanyIndex, call: Appearance, view: View) -> WatchedDialog:
    domain = index.company.domain
    call_id, local_tag, remote_tag = ("", "", "")
    if call.dialog and (view.own or (view.pick_up and call.rings)):
        call_id, local_tag, remote_tag = call.dialog
    local = remote = None
    if view.names or view.own:
        local = _party(call.line, domain, view, held=call.held)
        remote = _party(call.party, domain, view)
    elif call.held:
        local = Party(target=f"sip:{domain}", held=True)
    return WatchedDialog(call.id, call.phase, call.direction, call_id, local_tag, remote_tag, local, remote)


def _party(seen: Seen, domain: str, view: View, *, held: bool = False) -> Party:
    if not seen.number:
        return Party(str(_NOWHERE), seen.name or _ANONYMOUS[view.dutch], str(_NOWHERE), held)
    uri = str(Uri("sip", seen.number, host=domain))
    return Party(uri, seen.name, uri, held)


# --- presence --------------------------------------------------------------------------------------------------------


def _presence(index: CompanyIndex, state: State, view: View) -> str:
    activity: Activity = ""
    words: Iterable[Words] = ()
    if _wants_peace(state, view):
        activity, words = "busy", (_DO_NOT_DISTURB,)
    elif view.calls and (state.appearances or state.lit):
        activity, words = "on-the-phone", (state.lit or _ON_THE_PHONE,)
    elif view.status:
        activity, label = _STATUSES[state.status]
        words = (label,)
        if state.status == "office" and state.published is not None:
            activity, note = state.published.activity, state.published.note
            words = ((note, note),)
    texts = [each[view.dutch] for each in words if each[view.dutch]]
    if _sends_on(state, view):
        texts.append(_FORWARDED[view.dutch])
    if view.status and state.back:
        texts.append(f"{_BACK[view.dutch]} {state.back}")
    if view.status and state.note:
        texts.append(state.note)
    gone = state.published is not None and view.status and not state.published.open
    reachable = view.hidden or (state.reachable and not gone)
    return presence.Presence(reachable, activity, ", ".join(texts)).encode_state()


# --- message summary -------------------------------------------------------------------------------------------------


def _messages(index: CompanyIndex, state: State, view: View) -> str:
    new, old, urgent_new, urgent_old = state.counts if state.counts and view.calls else (0, 0, 0, 0)
    number = index.arrangements.code_of("voicemail")
    account = str(Uri("sip", number, host=index.company.domain)) if number else ""
    counts = message_summary.MessageCounts(new, old, urgent_new, urgent_old)
    return message_summary.MessageSummary(account, counts).encode().decode()


# --- lists -----------------------------------------------------------------------------------------------------------


def _lines(index: CompanyIndex, state: State, view: View) -> str:
    """For each line its URI, its name and its dialogs."""
    told = [
        (
            str(Uri("sip", line.extension, host=index.company.domain)),
            line.name,
            _dialogs(index, line.state, msgspec.structs.replace(line.view, dutch=view.dutch), MOST_IN_LIST),
        )
        for line in state.lines
    ]
    return msgspec.json.encode(told).decode()


def _whole_list(entity: str, version: int, told: str) -> bytes:
    lines = msgspec.json.decode(told, type=list[tuple[str, str, str]])
    listed = [
        Listed(uri, name, dialog_info.CONTENT_TYPE, dialog_info.wrap_dialogs(uri, version, dialogs))
        for uri, name, dialogs in lines
    ]
    return resource_list.encode_list(entity, version, listed)


# --- feature keys ----------------------------------------------------------------------------------------------------


def _features(_index: CompanyIndex, state: State, _view: View) -> str:
    """The device is named, as it must be, and means nothing."""
    return feature_events.encode_features("phone", do_not_disturb=state.do_not_disturb, forwardings=state.forwardings)


def _as_it_is(_entity: str, _version: int, text: str) -> bytes:
    return text.encode()


_TEXTS: Final[dict[str, Callable[[CompanyIndex, State, View], str]]] = {
    dialog_info.PACKAGE: _dialogs,
    presence.PACKAGE: _presence,
    message_summary.PACKAGE: _messages,
    feature_events.PACKAGE: _features,
    LIST: _lines,
}
_WHOLES: Final[dict[str, Callable[[str, int, str], bytes]]] = {
    dialog_info.PACKAGE: dialog_info.wrap_dialogs,
    presence.PACKAGE: presence.wrap_presence,
    message_summary.PACKAGE: _as_it_is,
    feature_events.PACKAGE: _as_it_is,
    LIST: _whole_list,
}
