"""Why a call goes where it goes, kept with the call and told in Dutch or English."""

from __future__ import annotations

from typing import Final

import msgspec

from kiestoon.routing.words import value_in_words

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "dialled": ("{number} was dialled", "{number} is gekozen"),
    "extension": ("{extension} is the extension of {name}", "{extension} is het toestelnummer van {name}"),
    "menu": ("{extension} is the menu {name}", "{extension} is het keuzemenu {name}"),
    "mobile": ("The mobile of {name} rings, too: {number}", "De mobiele telefoon van {name} rinkelt ook: {number}"),
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
    "unknown_address": (
        "The phone calls from an address the company does not know: nothing goes outside without a new login",
        "Het toestel belt vanaf een adres dat het bedrijf niet kent: eerst opnieuw inloggen, dan pas naar buiten",
    ),
    "unknown_company": ("The caller's company is not known", "Het bedrijf van de beller is niet bekend"),
    "not_a_number": ("What was dialled is not a number", "Wat is gekozen is geen nummer"),
    "speed_dial": (
        "{number} is a speed dial of {name}: {target}",
        "{number} is een snelkiesnummer van {name}: {target}",
    ),
    "short_number": (
        "{number} is the short number {name}: {target}",
        "{number} is het verkorte nummer {name}: {target}",
    ),
    "code": ("{number} is the code for {feature}", "{number} is de code voor {feature}"),
    "circle": ("The call has been at {extension} before", "Het gesprek is al bij {extension} geweest"),
    "too_many_diversions": (
        "The call has been forwarded {limit} times: no further",
        "Het gesprek is al {limit} keer doorgeschakeld: niet verder",
    ),
    "inhibited": ("The caller wants no diversion by {extension}", "De beller wil geen doorschakeling door {extension}"),
    "sent_busy": ("{extension} lets the caller hear busy", "{extension} laat de beller de bezettoon horen"),
    "to_voicemail": ("To the voicemail of {extension}", "Naar de voicemail van {extension}"),
    "no_voicemail": ("{extension} has no voicemail", "{extension} heeft geen voicemail"),
    "forwarded": ("{extension} forwards to {number}", "{extension} schakelt door naar {number}"),
    "alternate": ("{extension} is an alternate number of {name}", "{extension} is een alternatief nummer van {name}"),
    "not_accepted": (
        "{name} accepts selected callers only, and this is none of them",
        "{name} neemt alleen geselecteerde bellers aan, en deze hoort daar niet bij",
    ),
    "rejected_by_rule": ("{name} rejects this caller (rule {rule})", "{name} weigert deze beller (regel {rule})"),
    "on_blocklist": ("The caller is on the block list of {name}", "De beller staat op de blokkeerlijst van {name}"),
    "anonymous_rejected": (
        "{name} takes no calls from withheld numbers",
        "{name} neemt geen gesprekken van afgeschermde nummers aan",
    ),
    "location_forward": (
        "Calls for location {name} are forwarded to {number}",
        "Gesprekken voor locatie {name} worden doorgeschakeld naar {number}",
    ),
    "selective_forward": (
        "{name} forwards this caller to {number} (rule {rule})",
        "{name} schakelt deze beller door naar {number} (regel {rule})",
    ),
    "do_not_disturb": ("{name} does not want to be disturbed", "{name} wil niet gestoord worden"),
    "status_forward": (
        "{name} has the status {status}: calls go to {number}",
        "{name} heeft de status {status}: gesprekken gaan naar {number}",
    ),
    "reach_forward": (
        "{name} is reached by the profile {profile}: calls go to {number}",
        "{name} is bereikbaar volgens profiel {profile}: gesprekken gaan naar {number}",
    ),
    "forward_always": ("{extension} forwards every call to {number}", "{extension} schakelt alles door naar {number}"),
    "forward_busy": (
        "{extension} is busy and forwards to {number}",
        "{extension} is bezet en schakelt door naar {number}",
    ),
    "forward_no_answer": (
        "{extension} does not answer and forwards to {number}",
        "{extension} neemt niet op en schakelt door naar {number}",
    ),
    "forward_unreachable": (
        "{extension} cannot be reached and forwards to {number}",
        "{extension} is onbereikbaar en schakelt door naar {number}",
    ),
    "not_forwarded_there": (
        "Calls are not forwarded to {number}",
        "Naar {number} wordt niet doorgeschakeld",
    ),
    "assistants": (
        "Calls for {name} are offered to the assistants: {names}",
        "Gesprekken voor {name} worden aan de assistenten aangeboden: {names}",
    ),
    "no_assistant": ("No assistant of {name} is there", "Er is geen assistent van {name}"),
    "by_an_assistant": (
        "An assistant calls or transfers: the call reaches {name}",
        "Een assistent belt of verbindt door: het gesprek bereikt {name}",
    ),
    "remote_office": (
        "{name} is reached at another telephone for now: {number}",
        "{name} is voorlopig bereikbaar op een ander toestel: {number}",
    ),
    "rings_along": ("{number} rings along with {name}", "{number} gaat mee over met {name}"),
    "rings_after": (
        "{name} is looked for at {number} in its turn",
        "{name} wordt op zijn beurt gezocht op {number}",
    ),
    "search_not_when_busy": (
        "{name} is busy and is not looked for elsewhere then",
        "{name} is bezet en wordt dan niet elders gezocht",
    ),
    "confirms": (
        "Whoever answers at {number} presses 1 to take the call",
        "Wie opneemt op {number} toetst 1 om het gesprek aan te nemen",
    ),
    "blocked": (
        "{number} is of the kind {kind}, which is blocked ({by})",
        "{number} is van de soort {kind}, en die is geblokkeerd ({by})",
    ),
    "group": ("{extension} is the group {name}", "{extension} is de groep {name}"),
    "conference": ("{extension} is the conference room {name}", "{extension} is de vergaderruimte {name}"),
    "group_call": ("{extension} is the group call {name}", "{extension} is de groepsoproep {name}"),
    "queue": (
        "{extension} is the queue {name}, shared out by the strategy {strategy}",
        "{extension} is de wachtrij {name}, verdeeld volgens de strategie {strategy}",
    ),
    "queue_without_agents": ("No agent of {name} is logged in", "Geen agent van {name} is ingelogd"),
    "queue_full": ("All {limit} places of {name} are taken", "Alle {limit} plaatsen van {name} zijn bezet"),
    "queue_holiday": ("{name} is closed: {day}", "{name} is gesloten: {day}"),
    "queue_night": ("It is outside the office hours of {name}", "Het is buiten de kantooruren van {name}"),
    "queue_night_by_hand": (
        "The night service of {name} has been switched on by hand",
        "De nachtservice van {name} is met de hand aangezet",
    ),
    "queue_forced": ("All calls of {name} go to {number}", "Alle gesprekken van {name} gaan naar {number}"),
    "queue_offer": ("{name} offers the call to {extension}", "{name} biedt het gesprek aan {extension} aan"),
    "queue_left": (
        "The call leaves the queue {name} for {number}",
        "Het gesprek verlaat de wachtrij {name} naar {number}",
    ),
    "hunt_group": (
        "{extension} is the hunt group {name}, shared out by the policy {policy}",
        "{extension} is de groepsschakeling {name}, verdeeld volgens het beleid {policy}",
    ),
    "hunt_member": ("The turn of {name} ({extension})", "{name} ({extension}) is aan de beurt"),
    "hunt_time_over": (
        "Nobody of {name} answered within {seconds} seconds",
        "Niemand van {name} nam op binnen {seconds} seconden",
    ),
    "nobody_in_group": ("Nobody of {name} can be reached", "Niemand van {name} is bereikbaar"),
    "member_forwards": (
        "If {name} does not answer within {seconds} s, {number} rings in that place",
        "Neemt {name} niet binnen {seconds} s op, dan rinkelt {number} in die plaats",
    ),
    "all_of_them": ("{number} ring at the same time", "{number} rinkelen tegelijk"),
    "none_of_them": ("None of {number} can be reached", "Geen van {number} is bereikbaar"),
    "lbr": ("{extension} routes by place: {name}", "{extension} routeert op plaats: {name}"),
    "lbr_match": ("{matched} leads to {number}", "{matched} leidt naar {number}"),
    "keyed_in": ("The caller keyed in {digits}", "De beller toetste {digits} in"),
    "no_destination": ("Nothing is set for {matched}", "Voor {matched} is niets ingesteld"),
    "tbr_period": (
        "The period {period} of {name} is on: to {number}",
        "Periode {period} van {name} geldt: naar {number}",
    ),
    "tbr_failover": (
        "No period of {name} is on: to {number}",
        "Geen periode van {name} geldt: naar {number}",
    ),
    "within_limit": (
        "{calls} of at most {limit} calls are in {name}",
        "Er zijn {calls} van hoogstens {limit} gesprekken in {name}",
    ),
    "over_limit": ("{name} is full with {limit} calls", "{name} zit vol met {limit} gesprekken"),
    "forward_extension": (
        "{extension} is the forward extension {name} to {number}",
        "{extension} is de forward-extensie {name} naar {number}",
    ),
    "in_no_plan": ("{number} is in no number plan", "{number} zit in geen enkel nummerplan"),
    "no_plan_active": ("No plan of {scheme} is active", "Er is geen plan van {scheme} actief"),
    "plan_active": (
        "The plan {plan} of {scheme} is active ({source})",
        "Plan {plan} van {scheme} is actief ({source})",
    ),
    "not_in_active_plan": (
        "{number} leads nowhere in the plan {plan}",
        "{number} leidt nergens heen in plan {plan}",
    ),
    "other_company": (
        "{number} is a number of {name}: the call comes in there",
        "{number} is een nummer van {name}: daar komt het gesprek binnen",
    ),
    "out_of_sight": (
        "The call has left the company: how it goes on is assumed, not known",
        "Het gesprek heeft het bedrijf verlaten: het vervolg is aangenomen, niet bekend",
    ),
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
        dutch = language.lower().startswith("nl")
        told = {name: value_in_words(name, value, dutch=dutch) for name, value in self.params.items()}
        return texts[dutch].format_map(_Params(told))

    def __str__(self) -> str:
        return self.render()


class _Params(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def because(code: str, **params: str) -> Reason:
    """Short for ``Reason(code, params)``."""
    return Reason(code, params)


CODES: Final = frozenset(_TEXTS)
