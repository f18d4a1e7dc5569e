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
    "not_an_ip": (
        "'{value}' is not an IP address",
        "'{value}' is geen IP-adres",
        "Write it as 192.0.2.16 or 2001:db8::10",
        "Schrijf het als 192.0.2.16 of 2001:db8::10",
    ),
    "not_after": (
        "the range ends with {value}, which does not come after {other}",
        "de reeks eindigt met {value}, en dat komt niet na {other}",
        "Give the lower address first, both IPv4 or both IPv6",
        "Geef het laagste adres eerst, beide IPv4 of beide IPv6",
    ),
    "range_too_large": (
        "the range holds {value} addresses",
        "de reeks bevat {value} adressen",
        "Use {limit} at most, in several ranges if need be",
        "Gebruik er hoogstens {limit}, zo nodig in meer reeksen",
    ),
}
