"""What can be wrong with who is on which phone, in words; ``problems`` takes them up."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str, str, str]]] = {
    "logged_in_here": (
        "{other} is logged in on the phone",
        "{other} is ingelogd op het toestel",
        "Log that person out first, or make the phone a hot desk as well",
        "Log die persoon eerst uit, of maak het toestel ook een flexplek",
    ),
    "phone_bound": (
        "the phone is bound to {other}",
        "het toestel is vast toegewezen aan {other}",
        "Make the phone a hot desk, or take it from that person first",
        "Maak het toestel een flexplek, of haal het eerst bij die persoon weg",
    ),
    "logged_in_elsewhere": (
        "the person is on as many phones already as can be: {other}",
        "de persoon is al op zoveel toestellen als mogelijk is: {other}",
        "Log out there first",
        "Log daar eerst uit",
    ),
}
