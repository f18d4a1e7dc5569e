"""Texts of the rules over services, packs and places: see ``problems``."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str, str, str]]] = {
    "unknown_service": (
        "there is no service '{value}'",
        "dienst '{value}' bestaat niet",
        "Choose from {choices}",
        "Kies uit {choices}",
    ),
    "service_not_assigned": (
        "{value} is not assigned to {other}",
        "{value} is niet toegewezen aan {other}",
        "An administrator assigns it, by a service pack or by hand",
        "Een beheerder wijst de dienst toe, met een servicepack of los",
    ),
    "not_for_profile": (
        "{value} is not available for the profile {other}",
        "{value} is niet beschikbaar voor profiel {other}",
        "Choose another profile or leave the service out",
        "Kies een ander profiel of laat de dienst weg",
    ),
    "not_for_virtual": (
        "{value} is not available for {other}",
        "{value} is niet beschikbaar voor {other}",
        "Leave it out",
        "Laat het weg",
    ),
    "no_services": (
        "extension {value} has no services of its own",
        "toestelnummer {value} heeft geen eigen diensten",
        "Use the extension of a person, menu, group or hunt group",
        "Gebruik het toestelnummer van een persoon, keuzemenu, groep of groepsschakeling",
    ),
    "pack_for_nothing": (
        "the pack holds nothing for {other}",
        "het servicepack bevat niets voor {other}",
        "Choose another pack",
        "Kies een ander servicepack",
    ),
    "licensed_by_pack": (
        "{value} is counted by {other}",
        "{value} wordt geteld met {other}",
        "Assign that pack: it uses one of its licences",
        "Wijs dat servicepack toe: dat gebruikt een licentie",
    ),
    "licences_used": (
        "no licence is left (there are {limit})",
        "er is geen licentie over (het zijn er {limit})",
        "Take one back, or order more",
        "Neem er een terug, of bestel meer",
    ),
    "licences_used_at": (
        "no licence is left for {other}, which may use {limit}",
        "er is geen licentie over voor {other}, met hoogstens {limit}",
        "Take one back there, or give the location more",
        "Neem daar een licentie terug, of geef de locatie er meer",
    ),
    "licences_below_use": (
        "{used} licences are in use, more than {value}",
        "er zijn {used} licenties in gebruik, meer dan {value}",
        "Take some back first",
        "Neem er eerst een paar terug",
    ),
    "licences_of_location": (
        "{other} has {limit} of the licences",
        "{other} heeft {limit} van de licenties",
        "Give the location less first",
        "Geef de locatie er eerst minder",
    ),
    "licences_per_extension": (
        "an extension uses one licence",
        "een toestelnummer gebruikt één licentie",
        "Leave the number out; it is for locations",
        "Laat het aantal weg; dat is voor locaties",
    ),
    "more_than_bought": (
        "{value} is more than the {limit} licences there are",
        "{value} is meer dan de {limit} licenties die er zijn",
        "Give fewer, or order more",
        "Geef er minder, of bestel meer",
    ),
    "pack_elsewhere": (
        "the pack is not available at the location of {value}",
        "het servicepack is niet beschikbaar op de locatie van {value}",
        "Make it available there first",
        "Stel het daar eerst beschikbaar",
    ),
    "pack_used_elsewhere": (
        "{value} extensions at other locations have {other}",
        "{value} toestelnummers op andere locaties hebben {other}",
        "Take it back from them first, or make it available there in the same file",
        "Neem het daar eerst terug, of stel het daar in hetzelfde bestand beschikbaar",
    ),
    "pack_stays_behind": (
        "{other} is not available there, or no licence is left",
        "{other} is daar niet beschikbaar, of er is geen licentie over",
        "Take the pack back first, or make it available there",
        "Neem het eerst terug, of stel het daar beschikbaar",
    ),
    "other_location": (
        "department {value} belongs to {other}",
        "afdeling {value} hoort bij {other}",
        "Choose a department of the same location",
        "Kies een afdeling van dezelfde locatie",
    ),
    "others_elsewhere": (
        "{value} in it belongs to {other}",
        "{value} daarin hoort bij {other}",
        "Move what is in the department first",
        "Verplaats eerst wat in de afdeling zit",
    ),
}
