"""Feature codes: what can be dialled to use a service, what follows each code, and which codes exclude each other.

A company's table (``FeatureCode`` rows) maps codes to the features named here; ``code_presets`` has tables to start
from.
What is dialled in one piece is read by the longest code that fits (``read_code``). A table is sound when no number that
somebody may want to dial is taken for a code, and no code for another one (``shadows``, ``collide``): that is checked
where rows are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from kiestoon.company.model import FeatureCode

Follows: TypeAlias = Literal["nothing", "extension", "number", "digits", "plan"]
"""What comes after a code: nothing, an internal number, any number (further codes included), digits, or a star and the
number of a number plan, that of its scheme before it (``plan_keys``)."""
Place: TypeAlias = Literal["dialled", "call", "both"]
"""Where a code is keyed in: as a number to call, during a call, or in either place."""
QUERY: Final = "*"
"""Keyed in after the code of a switch it asks how the switch stands."""
LONGEST: Final = 8
_PLAN: Final = re.compile(r"[0-9]{0,2}\*[0-9]{1,2}", re.ASCII)
_PLAN_BEGUN: Final = re.compile(r"[0-9]{0,2}\*[0-9]{0,2}", re.ASCII)


class Feature(msgspec.Struct, frozen=True):
    """A service with a code. ``name`` is stable; ``length`` is how many ``digits`` follow (0: one or more).

    ``optional``: the code may also stand alone. ``switch``: it turns a service on or off, so it has a query form.
    ``per_call``: it precedes a number and holds for that call only.
    """

    name: str
    english: str
    dutch: str
    follows: Follows = "nothing"
    length: int = 0
    optional: bool = False
    switch: bool = False
    per_call: bool = False
    place: Place = "dialled"

    def describe(self, language: str = "en") -> str:
        """What it does, Dutch for "nl…", English otherwise."""
        return self.dutch if language.lower().startswith("nl") else self.english

    @property
    def open_ended(self) -> bool:
        """Whether as many digits follow as the caller likes."""
        return self.follows == "number" or (self.follows == "digits" and not self.length)

    def takes(self, rest: str, extension_digits: int) -> bool:
        """Whether ``rest`` may follow the code."""
        if not rest:
            return self.follows == "nothing" or self.optional
        if self.switch and rest == QUERY:
            return True
        if self.follows == "number":
            return True
        if self.follows == "plan":
            return _PLAN.fullmatch(rest) is not None
        if not (rest.isascii() and rest.isdigit()) or self.follows == "nothing":
            return False
        wanted = extension_digits if self.follows == "extension" else self.length
        return not wanted or len(rest) == wanted


def _switch(name: str, english: str, dutch: str, follows: Follows = "nothing", length: int = 0) -> Feature:
    """Whoever dials it without what follows is asked for it."""
    return Feature(name, english, dutch, follows, length, optional=follows != "nothing", switch=True)


def _per_call(name: str, english: str, dutch: str, place: Place = "dialled") -> Feature:
    return Feature(name, english, dutch, "number", optional=True, per_call=True, place=place)


def _dynamic(number: int) -> Feature:
    return _per_call(
        f"caller_id_{number}",
        f"Show number {number} of mine for this call",
        f"Mijn nummer {number} tonen bij dit gesprek",
    )


_F: Final = Feature
_CATALOGUE: Final = (
    # a phone and its user
    _F("who_logged_in", "Hear who is logged in on this phone", "Horen wie op dit toestel is ingelogd"),
    _F("log_in", "Log in on this phone", "Inloggen op dit toestel"),
    _F("log_out", "Log out on this phone", "Uitloggen op dit toestel"),
    _F("change_pin", "Change my PIN", "Mijn pincode wijzigen"),
    _F("record_prompt", "Record a prompt", "Een tekst inspreken"),
    _switch("status_available", "Status available", "Status beschikbaar"),
    _switch("status_away", "Status away; with a time: until then",
            "Status afwezig; met een tijd: tot dan", "digits", 4),
    # forwarding and blocking
    _F("forward_menu", "Forwarding by voice menu", "Doorschakelen via een keuzemenu"),
    _switch("forward_always_on", "Forward all calls to a number", "Alles doorschakelen naar een nummer", "number"),
    _switch("forward_always_off", "Stop forwarding all calls", "Alles doorschakelen uit"),
    _switch("forward_always_voicemail", "Forward all calls to voicemail", "Alles doorschakelen naar voicemail"),
    _switch("forward_busy_on", "Forward calls when busy", "Doorschakelen bij bezet", "number"),
    _switch("forward_busy_off", "Stop forwarding when busy", "Doorschakelen bij bezet uit"),
    _switch("forward_no_answer_on", "Forward calls nobody answers", "Doorschakelen bij geen antwoord", "number"),
    _switch("forward_no_answer_off", "Stop forwarding without answer", "Doorschakelen bij geen antwoord uit"),
    _switch("forward_unreachable_on", "Forward when unreachable", "Doorschakelen bij onbereikbaar", "number"),
    _switch("forward_unreachable_off", "Stop forwarding when unreachable", "Doorschakelen bij onbereikbaar uit"),
    _switch("do_not_disturb_on", "Do not disturb", "Niet storen"),
    _switch("do_not_disturb_off", "Do not disturb off", "Niet storen uit"),
    _switch("anonymous_rejection_on", "Reject withheld numbers", "Anonieme bellers weigeren"),
    _switch("anonymous_rejection_off", "Accept withheld numbers", "Anonieme bellers weigeren uit"),
    _switch("call_waiting_on", "Second calls are offered", "Tweede gesprek aanbieden"),
    _switch("call_waiting_off", "No second call is offered", "Tweede gesprek aanbieden uit"),
    _F("plan_menu", "Switch number plans; with scheme, star and plan: that one, or back",
       "Nummerplannen omschakelen; met schema, sterretje en plan: dat ene, of terug", "plan", optional=True),
    _switch("night_service_on", "Night service of a queue on", "Nachtstand van een wachtrij aan", "digits"),
    _switch("night_service_off", "Night service of a queue off", "Nachtstand van een wachtrij uit", "digits"),
    # queues
    _F("queue_log_in", "Log in to a queue; 1: to all of mine", "Inloggen in een wachtrij; 1: in al de mijne",
       "digits", optional=True),
    _F("queue_log_out", "Log out of a queue; 1: of all of mine", "Uitloggen uit een wachtrij; 1: uit al de mijne",
       "digits", optional=True),
    _switch("queue_forward_on", "Forced forwarding of a queue", "Gedwongen doorschakelen van een wachtrij", "digits"),
    _switch("queue_forward_off", "End the forced forwarding of a queue",
            "Gedwongen doorschakelen van een wachtrij uit", "digits"),
    # other people's calls
    _F("listen_in", "Listen in on an extension", "Meeluisteren met een toestel", "extension", optional=True),
    _F("barge_in", "Break into a call of an extension", "Inbreken in een gesprek van een toestel", "extension"),
    _F("pickup", "Pick up a ringing phone: any, or a given one",
       "Een rinkelend toestel overnemen: elk, of een bepaald", "extension", optional=True),
    _F("pickup_directed", "Pick up a given phone, group or queue",
       "Een bepaald toestel, groep of wachtrij overnemen", "extension"),
    _F("take_over", "Take my running call to this phone", "Mijn lopende gesprek naar dit toestel halen"),
    _F("park", "Park on the next free line", "Parkeren op de eerste vrije lijn", place="both"),
    _F("park_at", "Park at an extension", "Parkeren bij een toestel", "extension"),
    _F("park_lot", "Park on a lot", "Parkeren op een parkeerplaats", "digits", 1),
    _F("retrieve_lot", "Retrieve from a lot", "Ophalen van een parkeerplaats", "digits", 1),
    _F("retrieve_line", "Retrieve a parked call by its line",
       "Een geparkeerd gesprek ophalen van een lijn", "digits", 2),
    _F("retrieve_at", "Retrieve a call parked at an extension",
       "Een bij een toestel geparkeerd gesprek ophalen", "extension", optional=True),
    _F("intercom", "Speak through an extension's loudspeaker",
       "Spreken door de luidspreker van een toestel", "extension"),
    # voicemail, assistant
    _F("voicemail", "Own voicemail", "Eigen voicemail"),
    _F("voicemail_group", "Group voicemail", "Groepsvoicemail"),
    _F("voicemail_box", "Straight to the voicemail of an extension",
       "Direct naar de voicemail van een toestel", "extension"),
    _F("assistant", "Assistant: record and analyse", "Assistent: opnemen en analyseren"),
    _F("assistant_start", "Start recording and analysing", "Opnemen en analyseren starten", place="call"),
    _F("assistant_stop", "Stop recording and analysing", "Opnemen en analyseren stoppen", place="call"),
    # for one call
    _per_call("caller_id_hide", "Hide my number for this call", "Mijn nummer verbergen bij dit gesprek"),
    *(_dynamic(number) for number in range(1, 10)),
    _per_call("no_diversion", "No diversion of this call", "Dit gesprek niet laten doorschakelen"),
    _per_call("no_music_on_hold", "Music on hold off for this call", "Wachtmuziek uit bij dit gesprek", "both"),
    # for all calls
    _switch("caller_id_hide_on", "Hide my number always", "Mijn nummer altijd verbergen"),
    _switch("caller_id_hide_off", "Show my number", "Mijn nummer tonen"),
    # dialling
    _F("speed_dial", "Speed dial", "Snelkiezen", "digits", 2, optional=True),
    _F("call_return", "Call back who called last", "De laatste beller terugbellen"),
    _F("redial", "Dial the last number again", "Het laatst gekozen nummer herhalen"),
    _F("callback_cancel", "Cancel callbacks", "Terugbellen wanneer vrij annuleren"),
    # in a call
    _F("hold", "Hold; with a number: consult there", "In de wacht; met een nummer: ruggespraak", "number",
       optional=True, place="call"),
    _F("retrieve", "Back from hold", "Uit de wacht", place="call"),
    _F("transfer", "Transfer to a number at once", "Direct doorverbinden met een nummer", "number", place="call"),
    _F("consult_end", "End the consultation", "Ruggespraak beëindigen", place="call"),
    _F("consult_toggle", "Toggle between two calls", "Wisselen tussen twee gesprekken", place="call"),
    _F("consult_conference", "Join both calls to a conference", "Beide gesprekken samenvoegen", place="call"),
    # tests
    _F("echo", "Echo test", "Echotest"),
    _F("clock", "Speaking clock", "Sprekende klok"),
    _F("own_number", "Hear my own number", "Mijn eigen nummer horen"),
)  # fmt: skip
FEATURES: Final[Mapping[str, Feature]] = {feature.name: feature for feature in _CATALOGUE}
NOT_BUILT: Final = frozenset({"voicemail_group", "assistant", "assistant_start", "assistant_stop"})
"""What has codes in the presets, so that nothing else takes them, and nothing behind them yet: not listed to people."""
WITHOUT_LOGIN: Final = frozenset({"log_in", "log_out", "who_logged_in", "voicemail", "echo", "clock", "own_number"})
"""What also works on a phone nobody is logged in on."""
LOG_IN: Final = "log_in"
SENDS_OUTSIDE: Final = frozenset(
    {"forward_menu", "forward_always_on", "forward_busy_on", "forward_no_answer_on", "forward_unreachable_on"}
)
"""What may send later calls outside: not for phones that may not call there themselves."""
KEYS_IN_CALLS: Final = frozenset(
    {
        "hold", "retrieve", "transfer", "consult_end", "consult_toggle", "consult_conference", "park",
        "no_music_on_hold",
    }
)  # fmt: skip
"""What is heard in a conversation (``calls.keys``)."""
PER_CALL: Final = frozenset(feature.name for feature in _CATALOGUE if feature.per_call)
HIDE: Final = "caller_id_hide"
NO_DIVERSION: Final = "no_diversion"
NO_MUSIC: Final = "no_music_on_hold"
SPEED_DIAL: Final = "speed_dial"
SHOW: Final = tuple(f"caller_id_{number}" for number in range(1, 10))
"""One of the person's nine numbers: #30#, #32# … #39# (E 10.6), in this order."""


# --- reading ---------------------------------------------------------------------------------------------------------


class CodeDialled(msgspec.Struct, frozen=True):
    """A code as dialled: with ``argument`` behind it, or as a ``query`` of how the switch stands."""

    feature: Feature
    argument: str = ""
    query: bool = False


def read_code(codes: Mapping[str, FeatureCode], dialled: str, extension_digits: int) -> CodeDialled | None:
    """The longest code (by its text) that what was dialled fits; None when it is no code. A final # is the dial key."""
    bare = without_dial_key(codes, dialled)
    for length in range(min(LONGEST, len(bare)), 0, -1):
        row = codes.get(bare[:length])
        feature = FEATURES.get(row.feature) if row is not None else None
        if feature is None or feature.place == "call":
            continue
        rest = bare[length:]
        if feature.takes(rest, extension_digits):
            query = feature.switch and rest == QUERY
            return CodeDialled(feature, "" if query else rest, query)
    return None


def without_dial_key(codes: Mapping[str, FeatureCode], dialled: str) -> str:
    """What was dialled without a final #, by which people end it; a code may itself end so."""
    return dialled[:-1] if dialled.endswith("#") and dialled not in codes else dialled


# --- conflicts -------------------------------------------------------------------------------------------------------


def shadows(row: FeatureCode, number: str, extension_digits: int) -> bool:
    """Whether somebody who dials ``number`` (an extension, a speed dial, an emergency number) would get the code.

    The bare code counts too, even where something must follow: who dials it would have to wait for the difference.
    """
    feature = FEATURES.get(row.feature)
    if feature is None or feature.place == "call" or not number.startswith(row.code):
        return False
    return number == row.code or feature.takes(number[len(row.code) :], extension_digits)


def collide(one: FeatureCode, other: FeatureCode) -> bool:
    """Whether two codes cannot stand in one table: the same, or one begins like the other's open input or query.

    Input of a fixed length is no obstacle ("*8" and an extension beside "*80" and a number): the longer code is meant.
    """
    first, second = FEATURES.get(one.feature), FEATURES.get(other.feature)
    if first is None or second is None:
        return one.code == other.code
    if "both" not in (first.place, second.place) and first.place != second.place:
        return False
    return one.code == other.code or _swallows(one.code, first, other.code) or _swallows(other.code, second, one.code)


def _swallows(code: str, feature: Feature, other: str) -> bool:
    if not other.startswith(code) or other == code:
        return False
    rest = other[len(code) :]
    if feature.follows == "plan":
        return _PLAN_BEGUN.fullmatch(rest) is not None
    return (feature.open_ended and rest[0].isdigit()) or (feature.switch and rest == QUERY)


def first_clash(row: FeatureCode, others: Iterable[FeatureCode]) -> FeatureCode | None:
    """The first code of a table beside which this one cannot stand."""
    return next((other for other in others if other.id != row.id and collide(row, other)), None)
