"""What stands for something in rows and reasons, as people call it: (English, Dutch)."""

from __future__ import annotations

from typing import Final

_STATUSES: Final = {
    "office": ("in the office", "op kantoor"),
    "meeting": ("in a meeting", "in bespreking"),
    "sick": ("sick", "ziek"),
    "break": ("on a break", "pauze"),
    "out_of_office": ("out of the office", "niet op kantoor"),
    "holiday": ("on holiday", "vakantie"),
    "lunch": ("at lunch", "lunch"),
    "home": ("at home", "thuis"),
    "do_not_disturb": ("do not disturb", "niet storen"),
}
GREETINGS: Final = {
    "busy": ("busy", "bezet"),
    "not_available": ("not available", "niet beschikbaar"),
    "group": ("whose voicemail it is", "van wie de voicemail is"),
    "none": ("none", "geen"),
}
_KINDS: Final = {
    "internal": ("internal", "intern"),
    "national": ("national", "nationaal"),
    "mobile": ("mobile", "mobiel"),
    "premium": ("premium", "betaald informatienummer"),
    "toll_free": ("toll-free", "gratis nummer"),
    "international": ("international", "internationaal"),
    "satellite": ("satellite", "satelliet"),
    "emergency": ("emergency", "alarm"),
}
_POLICIES: Final = {
    "regular": ("regular", "regulier"),
    "circular": ("circular", "circulair"),
    "simultaneous": ("simultaneous", "gelijktijdig"),
    "uniform": ("uniform", "uniform"),
    "weighted": ("weighted", "gewogen"),
}
_WHOSE: Final = {
    "company": ("company", "bedrijf"),
    "user": ("user", "gebruiker"),
}
_SOURCES: Final = {
    **_WHOSE,
    "override": ("switched by hand", "handmatig ingesteld"),
    "schedule": ("by the week's schedule", "volgens het weekschema"),
    "fallback": ("fallback", "terugvalplan"),
    "chosen": ("chosen for this call", "gekozen voor dit gesprek"),
    "call class": ("of the call class", "van de oproepklasse"),
    "profile": ("of the profile", "van het profiel"),
    "location": ("location", "locatie"),
    "forwarding": ("forwarding", "doorschakeling"),
    "user's fallback": ("user's fallback", "terugval van de gebruiker"),
    "desk": ("where the phone stands", "waar het toestel staat"),
    "device's fallback": ("phone's fallback", "terugval van het toestel"),
    "company's fallback": ("company's fallback", "terugval van het bedrijf"),
}
_STRATEGIES: Final = {
    **_POLICIES,
    "longest_idle": ("longest idle", "langst vrij"),
    "fewest_calls": ("fewest calls", "minste gesprekken"),
    "random": ("random", "willekeurig"),
    "sequential": ("in order", "op volgorde"),
    "sequential_memory": ("in order, with memory", "op volgorde, met geheugen"),
    "least_talk": ("least talk time", "minste spreektijd"),
    "ring_all": ("all at once", "allemaal tegelijk"),
}
_VALUES: Final = {
    "status": _STATUSES,
    "kind": _KINDS,
    "policy": _POLICIES,
    "strategy": _STRATEGIES,
    "by": _WHOSE,
    "source": _SOURCES,
}


def value_in_words(name: str, value: str, *, dutch: bool) -> str:
    """A reason's parameter for people; what is a name of somebody's own stays as it is."""
    words = _VALUES.get(name, {}).get(value)
    return value if words is None else words[dutch]
