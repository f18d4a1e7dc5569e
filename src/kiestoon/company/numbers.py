"""Telephone numbers: what people dial and trunks send, to E.164 and back (RTE-21).

E.164 is written with its plus sign ("+31207654321"). Short national numbers ("116117", "14020") have no E.164 form and
stay as dialled. Countries are ISO 3166 codes. Every function here is pure; parsing is cached because the same numbers
come again and again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import msgspec
import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, shortnumberinfo
from phonenumbers.phonemetadata import PhoneMetadata

Kind: TypeAlias = Literal[
    "internal", "national", "mobile", "premium", "toll_free", "international", "satellite", "emergency"
]
NumberFormat: TypeAlias = Literal["e164", "plus", "national"]

MAX_DIALLED: Final = 40
"""Longer strings are no telephone numbers (E.164: 15 digits; prefixes and separators added)."""

_SEPARATORS: Final = str.maketrans("", "", " -.()/:;\u00a0\u2011")
"""Visual separators (RFC 3966 §5.1.1), and what people put between the parts of a canonical number (U 4.3.1)."""
_DIALLABLE: Final = frozenset("0123456789*#+ABCD")
_PATTERN: Final = re.compile(r"\+?[0-9?]*\*?")
_PARAMETERS: Final = re.compile(r";(?=\s*[A-Za-z])")
_CACHE: Final = 16_384
_SATELLITE: Final = frozenset({870, 881, 882, 883})
"""Inmarsat and the global mobile networks (ITU-T E.164, list of assigned codes)."""
_FREEPHONE: Final = 800
"""International freephone (ITU-T E.169)."""


class OutsideNumber(msgspec.Struct, frozen=True, gc=False):
    """An outside number as understood: ``number`` is E.164, or the digits of a short number.

    ``completed``: the area code was put in front. ``valid``: the country's numbering plan knows it.
    """

    number: str
    kind: Kind
    completed: bool = False
    valid: bool = True


def clean_dialled(text: str) -> str:
    """Digits, ``*``, ``#`` and a leading ``+`` of what was dialled; "" for what nobody can dial.

    Takes visual separators, "+31 (0)20 …", a global ``;phone-context=`` and drops other parameters (RFC 3966 §3).
    """
    text, parameters = _split_parameters(text[: MAX_DIALLED * 4])
    if len(text) > MAX_DIALLED:
        return ""
    text = text.strip()
    if text[:1] == "+":
        text = text.replace("(0)", "", 1)
    cleaned = text.translate(_SEPARATORS).upper()
    if not _DIALLABLE.issuperset(cleaned) or "+" in cleaned[1:]:
        return ""
    context = _phone_context(parameters) if parameters and cleaned[:1] != "+" else ""
    return context + cleaned


def plain_number(text: str) -> str:
    """A number in canonical format, as people write it, as E.164: "+49 (89) 7007-98765" → "+4989700798765" (U 4.3.1).

    Other text comes back as it is.
    """
    return clean_dialled(text) or text if text.lstrip()[:1] == "+" else text


def plain_pattern(text: str) -> str:
    """A pattern of numbers as people write it, without separators: "+31 55?5 666??6" → "+3155?5666??6" (V 6.5).

    Other text comes back as it is.
    """
    plain = text.strip().replace("(0)", "", 1 if text.lstrip()[:1] == "+" else 0).translate(_SEPARATORS)
    return plain if _PATTERN.fullmatch(plain) else text


def as_kept(text: str, kind: Mapping[str, object]) -> str:
    """What people write into a field as it is kept. ``kind``: what the field's type says of it (``company.model``)."""
    if kind.get("e164"):
        return plain_number(text)
    return plain_pattern(text) if kind.get("pattern") else text


def _split_parameters(text: str) -> tuple[str, str]:
    """A semicolon begins parameters when a name follows it, and only separates digits otherwise."""
    found = _PARAMETERS.search(text)
    return (text[: found.start()], text[found.end() :]) if found else (text, "")


def _phone_context(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.lower() == "phone-context" and value[:1] == "+":
            digits = value.translate(_SEPARATORS)
            return digits if digits[1:].isascii() and digits[1:].isdigit() else ""
    return ""


# --- emergency -----------------------------------------------------------------------------------------------------


@lru_cache(_CACHE)
def emergency_number(dialled: str, country: str, access_code: str = "") -> str:
    """The emergency number meant by cleaned ``dialled`` ("112"), "" for none.

    Knows 112 everywhere, the country's own, each also behind the access code ("0112", "9911"), behind a plus sign or
    the country code (phones rewriting every number to "+…" or "00…"), and ``urn:service:sos`` (RFC 5031).
    """
    if dialled.upper().startswith("URN:SERVICE:SOS"):
        return "112"
    candidates = [dialled]
    if access_code and dialled.startswith(access_code):
        candidates.append(dialled[len(access_code) :])
    abroad = f"{_international_prefix(country)}{country_code(country) or ''}"
    candidates += [digits.removeprefix(abroad) for digits in candidates if digits.startswith(abroad)]
    if dialled.startswith("+"):
        candidates.append(dialled[1:])
        candidates.append(dialled.removeprefix(f"+{country_code(country) or ''}"))
    for digits in candidates:
        if 3 <= len(digits) <= 6 and digits.isascii() and digits.isdigit() and _is_emergency(digits, country):
            return digits
    return ""


_EMERGENCY_CANDIDATES = ("112", "911", "999", "110", "113", "115", "117", "118", "119", "15", "17", "18", "000", "111")


def emergency_numbers(country: str) -> tuple[str, ...]:
    """The numbers that reach help in a country, 112 first: what overload protection lets pass by a mere look."""
    return tuple(number for number in _EMERGENCY_CANDIDATES if number == "112" or _is_emergency(number, country))


@lru_cache(1024)
def emergency_spellings(country: str, access_code: str = "") -> tuple[str, ...]:
    """``emergency_numbers`` as phones send them: bare, behind the access code, behind a plus sign or country code."""
    prefixes = dict.fromkeys(("", access_code, "+", f"+{country_code(country) or ''}"))
    return tuple(prefix + number for prefix in prefixes for number in emergency_numbers(country))


def _is_emergency(digits: str, country: str) -> bool:
    return digits == "112" or bool(shortnumberinfo.is_emergency_number(digits, country.upper()))


# --- reading -------------------------------------------------------------------------------------------------------


@lru_cache(_CACHE)
def read_outside_number(dialled: str, country: str, area_code: str = "") -> OutsideNumber | None:
    """Understand a cleaned number dialled in ``country`` (access code already gone); None when it cannot be one.

    Local numbers are completed with ``area_code`` ("020" or "20"). Numbers the plan does not know but might exist are
    let through with ``valid`` false: plans change more often than exchanges are updated.
    """
    digits = dialled.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return None
    country = country.upper()
    short = None if dialled.startswith("+") else _short_number(dialled, country)
    if short is not None:
        return short
    possible: OutsideNumber | None = None
    if 3 <= len(dialled) <= 6 and dialled[0] in "123456789":
        possible = OutsideNumber(dialled, "national", valid=False)  # a service number newer than our plan
    for text, completed in _readings(dialled, country, area_code):
        number = _parse(text, country)
        if number is None:
            continue
        found = _outside(number, country, completed)
        if found.valid:
            return found
        if possible is None and phonenumbers.is_possible_number(number):
            possible = found
    return possible


def read_written(cleaned: str, country: str, area_code: str, access_code: str) -> OutsideNumber | None:
    """A number as written in settings: with the access code or without, local ones completed with the area code."""
    bare = read_outside_number(cleaned, country, area_code)
    if not access_code or not cleaned.startswith(access_code):
        return bare
    rest = read_outside_number(cleaned[len(access_code) :], country, area_code)
    return next((read for read in (rest, bare) if read is not None and read.valid), bare or rest)


def _readings(dialled: str, country: str, area_code: str) -> list[tuple[str, bool]]:
    """What the digits can mean, likeliest first: (text to parse, completed with the area code)."""
    readings = [(dialled, False)]
    local = not dialled.startswith("+") and not _starts_with_trunk_prefix(dialled, country)
    if local and area_code:
        prefix = national_prefix(country)
        bare = area_code.removeprefix(prefix) if prefix else area_code
        readings.insert(0, (f"+{country_code(country)}{bare}{dialled}", True))
    return readings


def _starts_with_trunk_prefix(dialled: str, country: str) -> bool:
    prefix = national_prefix(country)
    return bool(prefix) and dialled.startswith(prefix)


def _short_number(dialled: str, country: str) -> OutsideNumber | None:
    if not 3 <= len(dialled) <= 6:
        return None
    number = _parse(dialled, country)
    if number is None or not shortnumberinfo.is_valid_short_number_for_region(number, country):
        return None
    cost = shortnumberinfo.expected_cost_for_region(number, country)
    premium = cost == shortnumberinfo.ShortNumberCost.PREMIUM_RATE
    return OutsideNumber(dialled, "premium" if premium else "national")


def _parse(text: str, country: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None


def _outside(number: PhoneNumber, country: str, completed: bool) -> OutsideNumber:
    e164 = str(phonenumbers.format_number(number, PhoneNumberFormat.E164))
    number_type = phonenumbers.number_type(number)
    valid = number_type != PhoneNumberType.UNKNOWN
    return OutsideNumber(e164, _kind(number, number_type, country), completed, valid)


def _kind(number: PhoneNumber, number_type: int, country: str) -> Kind:
    if number_type == PhoneNumberType.PREMIUM_RATE:
        return "premium"  # also abroad: blocking premium numbers must not be got round by a country code
    if number.country_code in _SATELLITE:
        return "satellite"
    if number.country_code == _FREEPHONE:
        return "toll_free"
    if number.country_code != country_code(country):
        return "international"  # free numbers of other countries included: from here they are paid for
    if number_type == PhoneNumberType.TOLL_FREE:
        return "toll_free"
    if number.country_code == 1 and not _same_north_american_tariff(number, country):
        return "international"
    if number_type in {PhoneNumberType.MOBILE, PhoneNumberType.PAGER}:
        return "mobile"
    return "national"


def _same_north_american_tariff(number: PhoneNumber, country: str) -> bool:
    """+1 is shared by twenty-five countries; calls from the USA to the Caribbean are abroad."""
    region = phonenumbers.region_code_for_number(number)
    return region is None or region == country or {region, country} <= {"US", "CA"}


@lru_cache(_CACHE)
def read_trunk_number(text: str, country: str) -> tuple[str, ...]:
    """E.164 forms an incoming trunk number can mean, likeliest first: "+3120…", "3120…", "020…", "003120…", "20…"."""
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return ()
    forms = [f"+{digits}"]
    if not text.startswith("+") and country:
        number = _parse(digits, country.upper())
        if number is not None:
            e164 = str(phonenumbers.format_number(number, PhoneNumberFormat.E164))
            if e164 not in forms:
                forms.append(e164)
    return tuple(forms)


# --- writing -------------------------------------------------------------------------------------------------------


@lru_cache(_CACHE)
def format_for_trunk(number: str, how: NumberFormat, country: str) -> str:
    """The number as a trunk wants it; short and emergency numbers as they are.

    "national": numbers of ``country`` with its national prefix, others with its international prefix.
    """
    if not number.startswith("+") or how == "plus":
        return number
    return number[1:] if how == "e164" else dialable(number, country)


@lru_cache(_CACHE)
def dialable(number: str, country: str, access_code: str = "") -> str:
    """What to key in on a phone in ``country``: access code, prefix, digits. Short numbers get the access code only."""
    if not number.startswith("+"):
        return access_code + number
    parsed = _parse(number, country)
    if parsed is None:
        return number
    if parsed.country_code == country_code(country):
        # The plan's own notation: not every number takes the national prefix (NL 14 020).
        national = str(phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL))
        return access_code + "".join(filter(str.isdigit, national))
    nsn = str(phonenumbers.national_significant_number(parsed))
    return f"{access_code}{_international_prefix(country)}{parsed.country_code}{nsn}"


@lru_cache(_CACHE)
def canonical(number: str, extension_digits: int = 0) -> str:
    """For people and address books: "+49 (89) 7007-98765"; the hyphen sets off ``extension_digits`` where given."""
    parsed = _parse(number, "") if number.startswith("+") else None
    if parsed is None:
        return number
    nsn = str(phonenumbers.national_significant_number(parsed))
    area_length = phonenumbers.length_of_national_destination_code(parsed)
    area, rest = nsn[:area_length], nsn[area_length:]
    if 0 < extension_digits < len(rest):
        rest = f"{rest[:-extension_digits]}-{rest[-extension_digits:]}"
    return f"+{parsed.country_code} ({area}) {rest}" if area else f"+{parsed.country_code} {rest}"


def display(number: str, country: str) -> str:
    """National notation for numbers of ``country``, international for others ("020 765 4321", "+49 89 …")."""
    parsed = _parse(number, country) if number.startswith("+") else None
    if parsed is None:
        return number
    style = PhoneNumberFormat.INTERNATIONAL
    if parsed.country_code == country_code(country):
        style = PhoneNumberFormat.NATIONAL
    return str(phonenumbers.format_number(parsed, style))


@lru_cache(1024)
def area_context(area_code: str, country: str) -> str:
    """An area code as a global phone-context (RFC 3966 §5.1.5): "020" in NL → "+3120"; "" for none."""
    code = country_code(country)
    if not area_code or not code:
        return ""
    prefix = national_prefix(country)
    return f"+{code}{area_code.removeprefix(prefix) if prefix else area_code}"


# --- a country's prefixes --------------------------------------------------------------------------------------------


@lru_cache(512)
def country_code(country: str) -> int:
    """31 for NL; 0 for an unknown country."""
    return int(phonenumbers.country_code_for_region(country.upper()))


@lru_cache(512)
def national_prefix(country: str) -> str:
    """The trunk prefix of national dialling: "0" for NL, "" where there is none."""
    return str(phonenumbers.ndd_prefix_for_region(country.upper(), True) or "")


@lru_cache(512)
def _international_prefix(country: str) -> str:
    metadata = PhoneMetadata.metadata_for_region(country.upper(), None)
    if metadata is None:
        return "00"
    preferred = metadata.preferred_international_prefix
    if preferred:
        return str(preferred).replace("~", "")
    prefix = str(metadata.international_prefix or "")
    return prefix if prefix.isdigit() else "00"
