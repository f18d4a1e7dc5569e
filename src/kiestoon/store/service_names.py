"""What services are called in sentences, in English and Dutch."""

from __future__ import annotations

from typing import Final

NAMES: Final[dict[str, tuple[str, str]]] = {
    "forwarding": ("call forwarding", "doorschakelen"),
    "selective_forwarding": ("selective forwarding", "geselecteerde oproepen doorschakelen"),
    "do_not_disturb": ("do not disturb", "niet storen"),
    "anonymous_rejection": ("anonymous rejection", "anonieme oproepen weigeren"),
    "selective_acceptance": ("selective acceptance", "selectief opnemen"),
    "selective_rejection": ("selective rejection", "selectief blokkeren"),
    "call_notification": ("call notification", "bericht bij oproep"),
    "call_waiting": ("call waiting", "wisselgesprek"),
    "music_on_hold": ("music on hold", "muziek in de wachtstand"),
    "ring_reminder": ("the ring reminder", "het korte belsignaal"),
    "voicemail": ("voicemail", "voicemail"),
    "any_device": ("any device", "elk toestel"),
    "simultaneous_ringing": ("simultaneous ringing", "simultaan bellen"),
    "sequential_ringing": ("sequential ringing", "sequentieel bellen"),
    "alternate_numbers": ("alternate numbers", "alternatieve nummers"),
    "distinctive_ringing": ("distinctive ringing", "herkenbare belsignalen"),
    "remote_office": ("remote office", "kantoor op afstand"),
    "line_status": ("line status", "lijnmonitoring"),
    "call_pickup": ("call pickup", "oproepen overnemen"),
    "call_park": ("call parking", "gesprekken parkeren"),
    "call_centre_agent": ("call centre agent", "callcenter-agent"),
    "call_centre_supervisor": ("call centre supervisor", "callcenter-supervisor"),
    "receptionist": ("receptionist", "receptie"),
    "call_recording": ("call recording", "gesprekken opnemen"),
    "caller_id_withheld": ("withholding the number", "nummerweergave uit"),
    "call_policies": ("call policies", "oproepbeleid"),
    "reach": ("REACH", "REACH"),
    "roaming_status": ("the status abroad", "de status in het buitenland"),
    "hot_desking": ("hot desking", "flexplekken"),
}


def service_name(service: str) -> tuple[str, str]:
    """A service's name in English and Dutch; an unknown one is called as it is."""
    return NAMES.get(service, (service, service))
