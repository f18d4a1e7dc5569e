"""Texts of the rules over times, groups, reach and services: see ``problems``."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str, str, str]]] = {
    "not_own_number": (
        "{value} is not a number of this company",
        "{value} is geen nummer van dit bedrijf",
        "Choose one of its own numbers, or the person's mobile number",
        "Kies een van de eigen nummers, of het mobiele nummer van de persoon",
    ),
    "not_dialable": (
        "'{value}' is no number that can be dialled",
        "'{value}' is geen nummer dat gekozen kan worden",
        "Give an extension, a number as +31201234567, a short number, or a speed dial of the same person",
        "Geef een toestelnummer, een nummer als +31201234567, een verkort nummer, of een eigen snelkiesnummer",
    ),
    "emergency_target": (
        "calls are not sent on to the emergency number {value}",
        "gesprekken worden niet doorgestuurd naar het alarmnummer {value}",
        "Choose another number",
        "Kies een ander nummer",
    ),
    "leads_back": (
        "{field} {value} would bring calls back to the {other}",
        "{field} {value} brengt gesprekken terug bij {other}",
        "Choose somewhere else",
        "Kies een andere bestemming",
    ),
    "blocked_target": (
        "{field} {value} is of the kind {kind}, which is blocked for the whole company",
        "{field} {value} is van de soort {kind}, en die is voor het hele bedrijf geblokkeerd",
        "Choose another number, or take '{category}' out of what the company has blocked",
        "Kies een ander nummer, of haal '{category}' uit wat voor het bedrijf geblokkeerd is",
    ),
    "blocked_for": (
        "{field} {value} is of the kind {kind}, which is blocked for the {other}",
        "{field} {value} is van de soort {kind}, en die is geblokkeerd voor {other}",
        "Choose another number, or take '{category}' out of what is blocked there",
        "Kies een ander nummer, of haal '{category}' uit wat daar geblokkeerd is",
    ),
    "nobodys_short_way": (
        "'{value}' stands for nobody's number",
        "'{value}' staat voor niemands nummer",
        "Give one of the person's speed dials, a short number of the company, or a number",
        "Geef een snelkiesnummer van de persoon, een verkort nummer van het bedrijf, of een nummer",
    ),
    "leads_elsewhere": (
        "{value} does not lead to {other}",
        "{value} leidt niet naar {other}",
        "Choose one of its own numbers, or leave it empty for all of them",
        "Kies een van de eigen nummers, of laat het leeg voor allemaal",
    ),
    "empty_entry": (
        "{field} has an empty entry",
        "{field} heeft een leeg item",
        "Fill it in, or leave it out",
        "Vul het in, of laat het weg",
    ),
    "not_a_date": (
        "'{value}' is no day of the calendar",
        "'{value}' is geen bestaande dag",
        "Write it as 2026-12-24",
        "Schrijf het als 2026-12-24",
    ),
    "not_a_minute": (
        "'{value}' is no day and time",
        "'{value}' is geen bestaande dag met tijd",
        "Write it as 2026-12-24T17:00",
        "Schrijf het als 2026-12-24T17:00",
    ),
    "day_missing": (
        "'{value}' has neither a first day nor the name of a public holiday",
        "'{value}' heeft geen eerste dag en geen naam van een feestdag",
        "Give one of them",
        "Geef er een",
    ),
    "day_and_public": (
        "'{value}' has both days and the name of a public holiday",
        "'{value}' heeft zowel dagen als de naam van een feestdag",
        "Leave one of them out",
        "Laat een van beide weg",
    ),
    "unknown_public_holiday": (
        "'{value}' is no public holiday there",
        "'{value}' is daar geen feestdag",
        "Use its English name, such as {example}, or * for all of them",
        "Gebruik de Engelse naam, zoals {example}, of * voor allemaal",
    ),
    "unknown_region": (
        "'{value}' is no region with public holidays of its own",
        "'{value}' is geen regio met eigen feestdagen",
        "Choose from {choices}, or leave it empty",
        "Kies uit {choices}, of laat het leeg",
    ),
    "block_too_long": (
        "a block is longer than a week",
        "een blok is langer dan een week",
        "End it within seven days",
        "Laat het binnen zeven dagen eindigen",
    ),
    "not_theirs": (
        "{other} belongs to somebody else",
        "{other} is van iemand anders",
        "Choose one of the same person",
        "Kies er een van dezelfde persoon",
    ),
    "nobodys_number": (
        "{field} cannot be somebody's own number ({value})",
        "{field} kan geen eigen nummer van iemand zijn ({value})",
        "Only settings of a person can lead there: give an extension or a number",
        "Alleen instellingen van een persoon kunnen daarheen leiden: geef een toestelnummer of een nummer",
    ),
    "not_reminded": (
        "there is no ring reminder for {value}",
        "bij {value} is er geen kort belsignaal",
        "Use it with {choices}",
        "Gebruik het bij {choices}",
    ),
    "service_owner": (
        "the service {value} needs its {field}",
        "bij dienst {value} hoort {field}",
        "A location forwards by its rules; all other services belong to an extension",
        "Een locatie schakelt door volgens haar regels; alle andere diensten horen bij een toestelnummer",
    ),
    "not_a_member": (
        "{other} cannot be a member",
        "{other} kan geen lid zijn",
        "Members are users and forward extensions",
        "Leden zijn gebruikers en forward-extensies",
    ),
    "no_voicemail": (
        "{other} has no voicemail of its own",
        "{other} heeft geen eigen voicemail",
        "Give the extension of the person, or of the group",
        "Geef het toestelnummer van de persoon, of van de groep",
    ),
    "voicemail_full": (
        "the voicemail box of {value} is full",
        "de voicemail van {value} is vol",
        "Delete messages there first, or choose another box",
        "Verwijder daar eerst berichten, of kies een andere voicemail",
    ),
    "bad_match": (
        "'{value}' never fits here",
        "'{value}' past hier nooit",
        "Write it as {example}",
        "Schrijf het als {example}",
    ),
    "out_of_storage": (
        "{field} {value} is out of range",
        "{field} {value} valt buiten het bereik",
        "Use a smaller number",
        "Gebruik een kleiner getal",
    ),
    "has_passed": (
        "{field} {value} has passed already",
        "{field} {value} is al voorbij",
        "Choose a later time",
        "Kies een later tijdstip",
    ),
    "short_way_again": (
        "{value} is itself a short way to dial",
        "{value} is zelf een verkort nummer",
        "Give the number it stands for",
        "Geef het nummer waar het voor staat",
    ),
    "same_pin": (
        "members and organiser have the same PIN",
        "deelnemers en organisator hebben dezelfde pincode",
        "Choose two different ones",
        "Kies twee verschillende",
    ),
    "no_organiser": (
        "the conference waits for an organiser, but nobody can be one",
        "de vergadering wacht op een organisator, maar niemand kan dat zijn",
        "Give it an owner or an organiser PIN",
        "Geef haar een eigenaar of een pincode voor de organisator",
    ),
    "guest_without_address": (
        "a guest has neither a colleague's id nor a mail address",
        "een genodigde heeft geen collega en geen mailadres",
        "Give one of them",
        "Geef er een",
    ),
    "guest_without_number": (
        "{value} is to be called, but has no number",
        "{value} moet gebeld worden, maar heeft geen nummer",
        "Give the number, or do not have the guest called",
        "Geef het nummer, of laat de genodigde niet bellen",
    ),
}
