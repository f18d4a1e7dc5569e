"""Tables of feature codes a new company can start from: the usual ones, and those people know from other exchanges."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from kiestoon.company.codes import SHOW, shadows
from kiestoon.company.model import Company, FeatureCode
from kiestoon.company.numbers import emergency_spellings

CodePreset: TypeAlias = Literal["none", "standard", "3cx", "one-net", "unify", "gigaset"]
DEFAULT_PRESET: Final[CodePreset] = "standard"

_TESTS: Final = {"9196": "echo", "9197": "clock", "9198": "own_number"}
_STANDARD: Final = {
    "900": "who_logged_in",
    "901": "log_in",
    "902": "log_out",
    "903": "queue_log_in",
    "904": "queue_log_out",
    "905": "record_prompt",
    "906": "listen_in",
    "907": "change_pin",
    "908": "pickup",
    "*8": "pickup",
    "909": "take_over",
    "*9": "take_over",
    "910": "forward_menu",
    "915": "plan_menu",
    "920": "voicemail_group",
    "1233": "voicemail",
    "*7": "voicemail_box",
    "*6": "park",
    "*0": "park_lot",
    "*1": "retrieve_lot",
    "930": "retrieve_line",
    "940": "assistant",
    "*4": "assistant_start",
    "*5": "assistant_stop",
    "*30": "status_available",
    "*31": "status_away",
    "#31#": "caller_id_hide",
    "131": "caller_id_hide",
    "#30#": SHOW[0],
    "130": SHOW[0],
    **{f"#3{number}#": SHOW[number - 1] for number in range(2, 10)},
    **{f"13{number}": SHOW[number - 1] for number in range(2, 10)},
    "*60": "no_music_on_hold",
    "*80": "no_diversion",
    "#": "speed_dial",
    "*69": "call_return",
    "*66": "redial",
    "#8": "callback_cancel",
    "*9*": "intercom",
    "##": "hold",
    "*#": "retrieve",
    "##*": "transfer",
    "1": "consult_end",
    "2": "consult_toggle",
    "3": "consult_conference",
    **_TESTS,
}
_3CX: Final = {
    "*62": "queue_log_in",
    "*63": "queue_log_out",
    "*11*": "listen_in",
    "*20*": "pickup",
    "*64": "plan_menu",
    "999": "voicemail",
    "*4": "voicemail_box",
    "*0": "park_lot",
    "*1": "retrieve_lot",
    "*30": "status_available",
    "*31": "status_away",
    "*5": "caller_id_hide",
    "*12*": "barge_in",
    "*9": "intercom",
    **_TESTS,
}
_ONE_NET: Final = {
    "#83": "queue_log_in",
    "#82": "queue_log_out",
    "*98": "pickup",
    "*97": "pickup_directed",
    "*11": "take_over",
    "*72": "forward_always_on",
    "*73": "forward_always_off",
    "*21": "forward_always_voicemail",
    "*90": "forward_busy_on",
    "*91": "forward_busy_off",
    "*92": "forward_no_answer_on",
    "*93": "forward_no_answer_off",
    "*94": "forward_unreachable_on",
    "*95": "forward_unreachable_off",
    "*78": "do_not_disturb_on",
    "*79": "do_not_disturb_off",
    "*77": "anonymous_rejection_on",
    "*87": "anonymous_rejection_off",
    "*43": "call_waiting_on",
    "#43": "call_waiting_off",
    "*31": "caller_id_hide_on",
    "#31": "caller_id_hide_off",
    "*86": "voicemail",
    "*55": "voicemail_box",
    "*68": "park_at",
    "*88": "retrieve_at",
    "*67": "caller_id_hide",
    "*65": SHOW[0],
    "*60": "no_music_on_hold",
    "*80": "no_diversion",
    "#": "speed_dial",
    "*69": "call_return",
    "*66": "redial",
    "#8": "callback_cancel",
    "*33": "barge_in",
    "*50": "intercom",
    "#72": "queue_forward_on",
    "#73": "queue_forward_off",
    "#70": "night_service_on",
    "#71": "night_service_off",
    **_TESTS,
}
_UNIFY: Final = {
    "*11": "forward_always_on",
    "#1": "forward_always_off",
    "*495": "forward_no_answer_on",
    "#495": "forward_no_answer_off",
    "*97": "do_not_disturb_on",
    "#97": "do_not_disturb_off",
    "*86": "caller_id_hide_on",
    "#86": "caller_id_hide_off",
    "*490": "call_waiting_off",
    "#490": "call_waiting_on",
    "*57": "pickup",
    "*59": "pickup_directed",
    "*56": "park_lot",
    "#56": "retrieve_lot",
    "#58": "callback_cancel",
    "*62": "barge_in",
    "*80": "intercom",
    "*85": "queue_log_in",
    "#85": "queue_log_out",
    "*44": "night_service_on",
    "#44": "night_service_off",
    "*7": "speed_dial",
    **_TESTS,
}
_GIGASET: Final = {
    "*6": "speed_dial",
    "*8": "pickup",
    **_TESTS,
}
PRESETS: Final[dict[CodePreset, dict[str, str]]] = {
    "none": {},
    "standard": _STANDARD,
    "3cx": _3CX,
    "one-net": _ONE_NET,
    "unify": _UNIFY,
    "gigaset": _GIGASET,
}
"""Code to feature, for people who know 3CX, One Net, OpenScape Business or Gigaset T300/T500 ("standard": Enreach)."""


def preset_codes(preset: CodePreset, company: Company) -> tuple[FeatureCode, ...]:
    """The rows (without ids) a company starts with; without those that hide one of its country's emergency numbers."""
    emergency = emergency_spellings(company.country, company.access_code)
    rows = (
        FeatureCode(id=0, company_id=company.id, feature=feature, code=code)
        for code, feature in PRESETS[preset].items()
    )
    return tuple(row for row in rows if not any(shadows(row, number, company.extension_digits) for number in emergency))
