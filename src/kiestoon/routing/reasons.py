"""Why a call goes where it goes, kept with the call and told in Dutch or English."""

from __future__ import annotations

from typing import Final

import msgspec

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "dialled": ("{number} was dialled", "{number} is gekozen"),
    "extension": ("{extension} is the extension of {name}", "{extension} is het toestelnummer van {name}"),
    "menu": ("{extension} is the menu {name}", "{extension} is het keuzemenu {name}"),
    "no_devices": ("{name} has no phone", "{name} heeft geen toestel"),
    "unknown_extension": ("{number} is nobody's extension", "{number} is geen bestaand toestelnummer"),
    "access_code": ("The access code {prefix} asks for an outside line", "Toegangscode {prefix} vraagt een buitenlijn"),
    "international_form": ("A number with + goes to an outside line", "Een nummer met + gaat naar een buitenlijn"),
    "completed": ("Completed with area code {area}", "Aangevuld met kengetal {area}"),
    "kind": ("{number} is a call of kind {kind}", "{number} is een gesprek van de soort {kind}"),
    "not_in_plan": (
        "{number} is not in the country's numbering plan; tried all the same",
        "{number} staat niet in het nummerplan van het land; toch geprobeerd",
    ),
    "own_number": ("{number} is the company's own number", "{number} is een eigen nummer van het bedrijf"),
    "incoming": ("{number} came in by {trunk}", "{number} kwam binnen via {trunk}"),
    "assigned": ("{number} leads to {extension}", "{number} leidt naar {extension}"),
    "leads_nowhere": ("Nothing is behind {extension}", "Achter {extension} zit niets"),
    "not_our_number": (
        "{number} is no number of ours; calls from outside are not passed on",
        "{number} is geen nummer van ons; gesprekken van buiten worden niet doorgegeven",
    ),
    "emergency": ("{number} is an emergency number", "{number} is een alarmnummer"),
    "caller_id": ("Caller ID {number} ({source})", "Nummerweergave {number} ({source})"),
    "caller_id_missing": ("The company has no number to show", "Het bedrijf heeft geen nummer om te tonen"),
    "caller_hidden": ("{name} withholds the number", "{name} schermt het nummer af"),
    "caller_not_hidden": (
        "An emergency call always shows the number",
        "Een alarmgesprek toont altijd het nummer",
    ),
    "area": ("Area {area} selects the emergency centre", "Kengetal {area} bepaalt de meldkamer"),
    "trunks": ("Outside lines in this order: {names}", "Buitenlijnen in deze volgorde: {names}"),
    "no_trunk": ("There is no outside line", "Er is geen buitenlijn"),
    "not_logged_in": (
        "Nobody is logged in on {device}: only emergency calls",
        "Niemand is ingelogd op {device}: alleen alarmgesprekken",
    ),
    "unknown_company": ("The caller's company is not known", "Het bedrijf van de beller is niet bekend"),
    "not_a_number": ("What was dialled is not a number", "Wat is gekozen is geen nummer"),
    "diverted": ("{name} has diverted the call to {number}", "{name} heeft het gesprek omgeleid naar {number}"),
}


class Reason(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One step of the reasoning: a stable ``code`` and its parameters; ``render`` puts it into words.

    It travels and is stored as the array ``[code, params]``.
    """

    code: str
    params: dict[str, str] = {}

    def render(self, language: str = "en") -> str:
        """A sentence without full stop, Dutch for "nl…", English otherwise. Parameters are not escaped."""
        texts = _TEXTS.get(self.code)
        if texts is None:  # a record written by another version
            return f"{self.code} {self.params}"
        text = texts[1] if language.lower().startswith("nl") else texts[0]
        return text.format_map(_Params(self.params))

    def __str__(self) -> str:
        return self.render()


class _Params(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def because(code: str, **params: str) -> Reason:
    """Short for ``Reason(code, params)``."""
    return Reason(code, params)


CODES: Final = frozenset(_TEXTS)
