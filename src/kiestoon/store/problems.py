"""What can be wrong with a row, in words: Dutch and English, each with what to do about it."""

from __future__ import annotations

from typing import Final

import msgspec

from kiestoon.store.desk_problems import TEXTS as _DESK_TEXTS
from kiestoon.store.field_names import field_name, field_names
from kiestoon.store.file_problems import TEXTS as _FILE_TEXTS
from kiestoon.store.login_problems import TEXTS as _LOGIN_TEXTS
from kiestoon.store.notify_problems import TEXTS as _NOTIFY_TEXTS
from kiestoon.store.recording_problems import TEXTS as _RECORDING_TEXTS
from kiestoon.store.rule_problems import TEXTS as _RULE_TEXTS
from kiestoon.store.service_problems import TEXTS as _SERVICE_TEXTS
from kiestoon.store.value_texts import in_dutch

# code: (English, Dutch, what to do in English, in Dutch)
_TEXTS: Final[dict[str, tuple[str, str, str, str]]] = {
    **_DESK_TEXTS,
    **_FILE_TEXTS,
    **_LOGIN_TEXTS,
    **_RULE_TEXTS,
    **_NOTIFY_TEXTS,
    **_SERVICE_TEXTS,
    **_RECORDING_TEXTS,
    "invalid": ("{detail}", "{detail}", "Correct that field", "Verbeter dat veld"),
    "call_refused": (
        "The call stays as it is: {reason}",
        "Het gesprek blijft zoals het is: {reason}",
        "Try another way",
        "Probeer het anders",
    ),
    "conference_refused": (
        "The conference stays as it is: {reason}",
        "De vergadering blijft zoals zij is: {reason}",
        "Look at who is in it, and try another way",
        "Kijk wie er is, en probeer het anders",
    ),
    "missing": ("{field} is missing", "{field} ontbreekt", "Fill it in", "Vul het in"),
    "out_of_range": (
        "{field} {value} is out of range",
        "{field} {value} valt buiten het bereik",
        "Use {low} to {high}",
        "Gebruik {low} tot en met {high}",
    ),
    "too_long": (
        "{field} is too long",
        "{field} is te lang",
        "Use {limit} characters at most",
        "Gebruik hoogstens {limit} tekens",
    ),
    "wrong_form": (
        "{field} '{value}' is not written as it should be",
        "{field} '{value}' is niet goed geschreven",
        "Write it as {example}",
        "Schrijf het als {example}",
    ),
    "odd_form": (
        "{field} is not written as it should be",
        "{field} is niet goed geschreven",
        "Its description at /docs says how",
        "De beschrijving op /docs zegt hoe",
    ),
    "not_a_choice": (
        "{field} '{value}' is not one of the choices",
        "{field} '{value}' is geen van de mogelijkheden",
        "Choose from {choices}",
        "Kies uit {choices}",
    ),
    "control_characters": (
        "{field} holds control characters",
        "{field} bevat stuurtekens",
        "Leave them out",
        "Laat ze weg",
    ),
    "not_a_domain": (
        "'{value}' is not a domain",
        "'{value}' is geen domein",
        "Use a name such as phones.example.org, in lower case",
        "Gebruik een naam als telefoon.voorbeeld.nl, in kleine letters",
    ),
    "not_international": (
        "{field} '{value}' is not an international number",
        "{field} '{value}' is geen internationaal nummer",
        "Write it as +31101234567",
        "Schrijf het als +31101234567",
    ),
    "not_a_number": (
        "the {field} '{value}' is not a number",
        "{field} '{value}' is geen nummer",
        "Use digits",
        "Gebruik cijfers",
    ),
    "bad_pattern": (
        "'{value}' is not a number pattern",
        "'{value}' is geen nummerpatroon",
        "Use digits, ? for any one digit and * only at the end, as in +3120555*",
        "Gebruik cijfers, ? voor één cijfer en * alleen aan het einde, zoals +3120555*",
    ),
    "extension_length": (
        "the extension '{value}' does not have {digits} digits",
        "toestelnummer '{value}' heeft geen {digits} cijfers",
        "Every extension of this company has {digits} digits",
        "Alle toestelnummers van dit bedrijf hebben {digits} cijfers",
    ),
    "digits_fixed": (
        "the length of extensions is fixed: {value} exists",
        "de lengte van toestelnummers ligt vast: {value} bestaat al",
        "It can only be changed while there are no extensions",
        "Die kan alleen veranderen zolang er geen toestelnummers zijn",
    ),
    "emergency_extension": (
        "{value} is an emergency number",
        "{value} is een alarmnummer",
        "Choose another extension",
        "Kies een ander toestelnummer",
    ),
    "extension_taken": (
        "extension {value} belongs to {other} already",
        "toestelnummer {value} is al van {other}",
        "Choose another extension",
        "Kies een ander toestelnummer",
    ),
    "code_clash": (
        "{value} clashes with {other}",
        "{value} botst met {other}",
        "Choose another number or code",
        "Kies een ander nummer of een andere code",
    ),
    "taken": (
        "its {field} is taken already by {other}",
        "{field} is al in gebruik bij {other}",
        "Choose another {field}",
        "Kies een andere waarde voor {field}",
    ),
    "unknown_reference": (
        "{field} {value} does not exist in this company",
        "{field} {value} bestaat niet in dit bedrijf",
        "Use one of the company's own",
        "Gebruik er een van het bedrijf zelf",
    ),
    "unknown_extension": (
        "{field}: there is no extension {value} in this company",
        "{field}: toestelnummer {value} bestaat niet in dit bedrijf",
        "Use one of the company's own",
        "Gebruik er een van het bedrijf zelf",
    ),
    "secret_too_short": (
        "the password is too short",
        "het wachtwoord is te kort",
        "Use 16 random characters or more",
        "Gebruik 16 willekeurige tekens of meer",
    ),
    "host_missing": (
        "the host is missing",
        "de host ontbreekt",
        "Give the provider's host name or address",
        "Geef de hostnaam of het adres van de aanbieder",
    ),
    "login_missing": (
        "user name or password is missing",
        "gebruikersnaam of wachtwoord ontbreekt",
        "Give both: this line logs in at its provider",
        "Geef beide: deze lijn meldt zich aan bij de aanbieder",
    ),
    "srtp_without_tls": (
        "SRTP needs encrypted signalling",
        "SRTP vereist versleutelde signalering",
        "Use TLS as its transport, or no SRTP",
        "Gebruik TLS als transport, of geen SRTP",
    ),
    "source_missing": (
        "no source address is given",
        "er is geen afzenderadres opgegeven",
        "Give the addresses the provider sends from",
        "Geef de adressen waarvandaan de aanbieder belt",
    ),
    "not_an_address": (
        "'{value}' is not an address or range",
        "'{value}' is geen adres of reeks",
        "Use 192.0.2.1 or 192.0.2.0/24",
        "Gebruik 192.0.2.1 of 192.0.2.0/24",
    ),
    "unknown_timezone": (
        "there is no time zone '{value}'",
        "tijdzone '{value}' bestaat niet",
        "Write it as Europe/Amsterdam",
        "Schrijf hem als Europe/Amsterdam",
    ),
    "gone": (
        "it no longer exists",
        "het bestaat niet meer",
        "List them again",
        "Vraag de lijst opnieuw op",
    ),
    "changed_meanwhile": (
        "somebody else has changed it meanwhile",
        "iemand anders heeft het intussen gewijzigd",
        "Load it again and repeat your change",
        "Laad het opnieuw en herhaal uw wijziging",
    ),
    "in_use": (
        "it is used by {users}",
        "het wordt gebruikt door {users}",
        "Change or remove those first",
        "Wijzig of verwijder die eerst",
    ),
    "overlap": (
        "it overlaps with {other}",
        "het overlapt met {other}",
        "Choose times that do not overlap",
        "Kies tijden die niet overlappen",
    ),
    "closed_queue": (
        "the queue is closed, and {other} is not one of its members",
        "de wachtrij is gesloten, en {other} is er geen lid van",
        "Ask an administrator to make the person a member",
        "Vraag een beheerder om lid te worden",
    ),
    "needed_for": (
        "{field} must be given, because {other} is on",
        "{field} moet zijn ingevuld, want {other} staat aan",
        "Give it, or switch {other} off",
        "Vul het in, of zet {other} uit",
    ),
    "needs_target": (
        "{field} has no destination",
        "{field} heeft geen bestemming",
        "Give an extension or a number",
        "Geef een toestelnummer of een nummer",
    ),
    "no_number_beside": (
        "{field} ring beside a number, and {other} is none",
        "{field} rinkelen naast een nummer, en {other} is er geen",
        "Set {other} to an extension or a number first",
        "Stel {other} eerst in op een toestelnummer of nummer",
    ),
    "plan_without_target": (
        "number {value} would lead nowhere",
        "nummer {value} zou nergens heen leiden",
        "Give the number an extension in this plan",
        "Geef het nummer in dit plan een toestelnummer",
    ),
    "other_scheme": (
        "number {value} is in the scheme {other} already",
        "nummer {value} zit al in schema {other}",
        "A number lives in one scheme; take it out there first",
        "Een nummer hoort bij één schema; haal het daar eerst weg",
    ),
    "personal_number": (
        "number {value} belongs to extension {other} for good",
        "nummer {value} is vast gekoppeld aan toestelnummer {other}",
        "Personal numbers take no part in number plans; unlink it first",
        "Persoonlijke nummers doen niet mee in nummerplannen; koppel het eerst los",
    ),
    "too_many": (
        "there are {limit} already, which is the most allowed",
        "er zijn er al {limit}; meer mag niet",
        "Remove one first",
        "Verwijder er eerst een",
    ),
    "main_scheme": (
        "the main scheme cannot be removed",
        "het hoofdschema kan niet worden verwijderd",
        "Rename it instead",
        "Geef het een andere naam",
    ),
    "emergency_missing": (
        "the company has no fallback number for emergency calls",
        "het bedrijf heeft geen terugvalnummer voor noodoproepen",
        "Choose one of its numbers: the emergency centre must be able to call back",
        "Kies een van de nummers: de meldkamer moet kunnen terugbellen",
    ),
    "circle": (
        "it would be inside itself",
        "het zou in zichzelf liggen",
        "Choose another parent",
        "Kies een ander bovenliggend onderdeel",
    ),
    "weights": (
        "the members' weights add up to {value} percent",
        "de gewichten van de deelnemers zijn samen {value} procent",
        "They may not exceed 100 together",
        "Samen mogen ze niet meer zijn dan 100",
    ),
    "ends_before_start": (
        "it ends before it begins",
        "het einde ligt voor het begin",
        "Choose a later end",
        "Kies een later einde",
    ),
    "one_of": (
        "exactly one of {fields} must be given",
        "precies één van {fields} is nodig",
        "Give one of them",
        "Geef er een",
    ),
    "unknown_field": (
        "there is no field {field}",
        "er is geen veld {field}",
        "Leave it out, or correct its name",
        "Laat het weg, of verbeter de naam",
    ),
    "read_only": (
        "{field} cannot be changed",
        "{field} kan niet worden gewijzigd",
        "Leave it out",
        "Laat het weg",
    ),
    "beyond_reach": (
        "it would be outside the part you administer",
        "het zou buiten het deel vallen dat u beheert",
        "Give a {field} of your own part",
        "Geef een {field} binnen uw eigen deel",
    ),
    "not_yours": (
        "you may not change {field}",
        "u mag {field} niet wijzigen",
        "Leave it out, or ask an administrator",
        "Laat het weg, of vraag het een beheerder",
    ),
    "not_text": (
        "{field} is not text",
        "{field} is geen tekst",
        "Write it in quotes",
        "Zet het tussen aanhalingstekens",
    ),
    "not_whole_number": (
        "{field} is not a whole number",
        "{field} is geen geheel getal",
        "Use digits, without quotes",
        "Gebruik cijfers, zonder aanhalingstekens",
    ),
    "not_yes_or_no": (
        "{field} is neither true nor false",
        "{field} is niet true en niet false",
        "Use true or false",
        "Gebruik true of false",
    ),
    "not_a_list": ("{field} is not a list", "{field} is geen lijst", "Write it as [ ]", "Schrijf het als [ ]"),
    "not_an_object": (
        "{field} is not an object",
        "{field} is geen object",
        "Write it as {{ }}",
        "Schrijf het als {{ }}",
    ),
    "media_type": (
        "a body of the type '{value}' is not read here",
        "een inhoud van het type '{value}' wordt hier niet gelezen",
        "Send {choices}, and say so in Content-Type",
        "Stuur {choices}, en vermeld dat in Content-Type",
    ),
    "not_json": (
        "the body is not JSON ({detail})",
        "de inhoud is geen JSON ({detail})",
        "Send UTF-8 JSON (RFC 8259)",
        "Stuur JSON in UTF-8 (RFC 8259)",
    ),
    "not_csv": (
        "the body is not CSV ({detail})",
        "de inhoud is geen CSV ({detail})",
        "Send UTF-8 text with a line of column names (RFC 4180)",
        "Stuur tekst in UTF-8 met een regel kolomnamen (RFC 4180)",
    ),
    "bad_cursor": (
        "the cursor does not belong to this list",
        "de cursor hoort niet bij deze lijst",
        "Begin the list again without one",
        "Begin opnieuw zonder cursor",
    ),
    "bad_version": (
        "'{value}' is not a version of this row",
        "'{value}' is geen versie hiervan",
        "Send the ETag of what you have read",
        "Stuur de ETag van wat u gelezen hebt",
    ),
    "no_free_extension": (
        "no extension of {digits} digits is free",
        "er is geen vrij toestelnummer van {digits} cijfers",
        "Remove one first",
        "Verwijder er eerst een",
    ),
    "same_plan": (
        "a number plan cannot be copied over itself",
        "een nummerplan kan niet over zichzelf worden gekopieerd",
        "Choose another plan",
        "Kies een ander plan",
    ),
    "beyond_lines": (
        "line {value} has more fields than there are columns",
        "regel {value} heeft meer velden dan er kolommen zijn",
        "Put fields with commas in quotes",
        "Zet velden met komma's tussen aanhalingstekens",
    ),
}


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong: the ``field`` ("" = the row as a whole), a stable ``code``, and what its sentence needs.

    ``place``: which of several rows it is about, as in a line's number; the sentence does without.
    """

    field: str
    code: str
    params: dict[str, str] = {}
    place: str = ""

    @property
    def path(self) -> str:
        """The field with its place."""
        return ".".join(part for part in (self.place, self.field) if part)

    def text(self, language: str = "en") -> str:
        """What is wrong, as the end of a sentence."""
        return self._render(1 if _dutch(language) else 0)

    def advice(self, language: str = "en") -> str:
        """What to do."""
        return self._render(3 if _dutch(language) else 2)

    def _render(self, column: int) -> str:
        params = dict(self.params)
        dutch = column in {1, 3}
        if dutch:  # what has a name in each language
            params |= {name.removesuffix(_NL): value for name, value in params.items() if name.endswith(_NL)}
        if "fields" in params:
            params["fields"] = field_names(params["fields"], dutch=dutch)
        if dutch and self.code == "invalid":
            params["detail"] = in_dutch(params.get("detail", ""))
        field = self.field if self.code == "unknown_field" else field_name(self.field, dutch=dutch)
        return _TEXTS[self.code][column].format_map({"field": field, **params})


_NL: Final = "_nl"


def problem(field: str, code: str, **params: object) -> Problem:
    """Short for ``Problem``; parameters become text. A pair is what something is called in English and in Dutch."""
    texts: dict[str, str] = {}
    for name, value in params.items():
        if isinstance(value, tuple):
            texts[name], texts[name + _NL] = value
        else:
            texts[name] = str(value)
    return Problem(field, code, texts)


def _dutch(language: str) -> bool:
    return language.lower().startswith("nl")


CODES: Final = frozenset(_TEXTS)
