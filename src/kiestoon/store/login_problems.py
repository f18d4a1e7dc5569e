"""What can be wrong when logging in or choosing passwords, in words; ``problems`` takes them up."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str, str, str]]] = {
    "wrong_login": (
        "login or password is wrong",
        "gebruikersnaam of wachtwoord klopt niet",
        "Check both; capitals matter in the password",
        "Controleer beide; hoofdletters tellen in het wachtwoord",
    ),
    "wrong_code": (
        "the code is wrong, or was used already",
        "de code klopt niet, of is al gebruikt",
        "Wait for the next code and check the clock of your phone",
        "Wacht op de volgende code en controleer de klok van uw telefoon",
    ),
    "wrong_passkey": (
        "this passkey does not open an account here",
        "deze toegangssleutel opent hier geen account",
        "Choose another one, or log in with your password",
        "Kies een andere, of meld u aan met uw wachtwoord",
    ),
    "step_over": (
        "this login has taken too long or was finished already",
        "deze aanmelding duurde te lang of is al afgerond",
        "Begin again",
        "Begin opnieuw",
    ),
    "wait": (
        "there were too many wrong attempts; the next one is looked at in {seconds} s",
        "er waren te veel mislukte pogingen; de volgende telt over {seconds} s",
        "Wait, or use a browser in which you have logged in before",
        "Wacht even, of gebruik een browser waarin u zich eerder hebt aangemeld",
    ),
    "csrf": (
        "the request does not carry the session's X-CSRF-Token",
        "het verzoek heeft niet het X-CSRF-Token van de sessie",
        "Send the csrf_token that GET /api/v1/session gives",
        "Stuur het csrf_token dat GET /api/v1/session geeft",
    ),
    "foreign_origin": (
        "the request comes from a page of another site",
        "het verzoek komt van een pagina van een andere site",
        "Open Kiestoon itself",
        "Open Kiestoon zelf",
    ),
    "needs_session": (
        "this works in a browser's session only, not with an access token",
        "dit kan alleen in een sessie van een browser, niet met een toegangstoken",
        "Log in",
        "Meld u aan",
    ),
    "no_acting": (
        "this cannot be done in somebody else's view",
        "dit kan niet terwijl u namens iemand anders werkt",
        "Go back to your own view first",
        "Ga eerst terug naar uw eigen weergave",
    ),
    "acts_already": (
        "you are in somebody's view already",
        "u werkt al namens iemand",
        "Go back to your own view first",
        "Ga eerst terug naar uw eigen weergave",
    ),
    "password_must_change": (
        "the password must be changed first",
        "het wachtwoord moet eerst worden gewijzigd",
        "Choose a new one",
        "Kies een nieuw wachtwoord",
    ),
    "wrong_password": (
        "the present password is wrong",
        "het huidige wachtwoord klopt niet",
        "Type it again",
        "Voer het opnieuw in",
    ),
    "password_short": (
        "the password is too short",
        "het wachtwoord is te kort",
        "Use {low} characters or more",
        "Gebruik {low} tekens of meer",
    ),
    "password_long": (
        "the password is too long",
        "het wachtwoord is te lang",
        "Use {high} characters at most",
        "Gebruik hoogstens {high} tekens",
    ),
    "password_control": (
        "the password holds control characters",
        "het wachtwoord bevat stuurtekens",
        "Leave them out",
        "Laat ze weg",
    ),
    "password_upper": (
        "the password has no capital letter",
        "het wachtwoord heeft geen hoofdletter",
        "Add one",
        "Voeg er een toe",
    ),
    "password_lower": (
        "the password has no small letter",
        "het wachtwoord heeft geen kleine letter",
        "Add one",
        "Voeg er een toe",
    ),
    "password_digit": (
        "the password has no digit",
        "het wachtwoord heeft geen cijfer",
        "Add one",
        "Voeg er een toe",
    ),
    "password_special": (
        "the password has letters and digits only",
        "het wachtwoord heeft alleen letters en cijfers",
        "Add a character such as ! or ?",
        "Voeg een teken als ! of ? toe",
    ),
    "password_personal": (
        "the password holds your name, login or extension",
        "het wachtwoord bevat uw naam, gebruikersnaam of toestelnummer",
        "Leave it out",
        "Laat die weg",
    ),
    "recently_used": (
        "it was used recently",
        "het is kort geleden al gebruikt",
        "Choose another one",
        "Kies een ander",
    ),
    "pin_digits": (
        "the PIN does not consist of digits",
        "de pincode bestaat niet uit cijfers",
        "Use digits only: it is keyed in on a phone",
        "Gebruik alleen cijfers: u toetst hem in op een telefoon",
    ),
    "pin_length": (
        "the PIN has not the right length",
        "de pincode heeft niet de juiste lengte",
        "Use {low} to {high} digits",
        "Gebruik {low} tot en met {high} cijfers",
    ),
    "pin_repeated": (
        "the PIN repeats one digit",
        "de pincode herhaalt één cijfer",
        "Use different digits",
        "Gebruik verschillende cijfers",
    ),
    "pin_run": (
        "the PIN holds more than {limit} digits in a row upwards or downwards",
        "de pincode bevat meer dan {limit} op- of aflopende cijfers achter elkaar",
        "Use digits in another order, as in 123567",
        "Gebruik een andere volgorde, zoals 123567",
    ),
    "role_place": (
        "{field} does not fit the role {role}",
        "{field} past niet bij de rol {role}",
        "Give what the role administers or belongs to, and only that",
        "Geef aan wat de rol beheert of waarbij zij hoort, en alleen dat",
    ),
    "has_app": (
        "there is an authenticator app already",
        "er is al een authenticator-app",
        "Remove it first",
        "Verwijder die eerst",
    ),
    "password_needed": (
        "the account would be left without any way to log in",
        "het account zou geen enkele manier meer hebben om aan te melden",
        "Set a password first",
        "Stel eerst een wachtwoord in",
    ),
    "provider_failed": (
        "the identity provider could not be used ({detail})",
        "de identiteitsprovider kon niet worden gebruikt ({detail})",
        "Try again, or tell your administrator",
        "Probeer het opnieuw, of meld het uw beheerder",
    ),
    "not_linked": (
        "no account here belongs to this identity",
        "bij deze identiteit hoort hier geen account",
        "Log in with your password and link it, or ask your administrator",
        "Meld u aan met uw wachtwoord en koppel haar, of vraag het uw beheerder",
    ),
    "not_https": (
        "{field} '{value}' is not an https address",
        "{field} '{value}' is geen https-adres",
        "Write it as https://login.example.org",
        "Schrijf het als https://login.voorbeeld.nl",
    ),
    "last_operator": (
        "it is the last operator's account",
        "het is het laatste operatoraccount",
        "Make another operator first",
        "Maak eerst een andere operator aan",
    ),
}
