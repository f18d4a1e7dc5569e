"""Every service a caller can meet, by the name call control knows it by, and what transfers to feature codes do."""

from __future__ import annotations

from kiestoon.calls.conversation import ServiceFunction
from kiestoon.calls.operations import voicemail
from kiestoon.calls.operations.targets import Way
from kiestoon.company.codes import PER_CALL
from kiestoon.services import again, desk, fetching, listening, parking, tests
from kiestoon.services.again.no_music import no_music_on_hold
from kiestoon.services.announcement import announcement
from kiestoon.services.callback import callback, callback_cancel, callback_offer
from kiestoon.services.conference import conference, invited, removed
from kiestoon.services.conference.keys import conference_keys
from kiestoon.services.confirming import confirmed_elsewhere, confirming
from kiestoon.services.group_call import group_call, summoned
from kiestoon.services.held import consulting, held
from kiestoon.services.intercom import intercom
from kiestoon.services.menu import menu
from kiestoon.services.notice import call_waits, notice
from kiestoon.services.parked import parked
from kiestoon.services.pickup import pickup
from kiestoon.services.plans import plan_menu
from kiestoon.services.postcode import postcode
from kiestoon.services.queue import queue
from kiestoon.services.queue_codes import QUEUE_CODES
from kiestoon.services.recording import record_prompt
from kiestoon.services.searching import searching
from kiestoon.services.switching import SWITCHING
from kiestoon.services.takeover import take_over
from kiestoon.services.transferred import camped, returned, transferred
from kiestoon.services.voicemail import voicemail as own_voicemail
from kiestoon.services.voicemail_box import voicemail_box


def all_services() -> dict[str, ServiceFunction]:
    """By name."""
    return {
        "menu": menu,
        "announcement": announcement,
        "postcode": postcode,
        "conference": conference,
        "conference_keys": conference_keys,
        "invited": invited,
        "removed": removed,
        "group_call": group_call,
        "queue": queue,
        "queued": queue,
        "summoned": summoned,
        "transferred": transferred,
        "returned": returned,
        "parked": parked,
        "parkedon": parking.parked_on,
        "held": held,
        "camped": camped,
        "call_waits": call_waits,
        "searching": searching,
        "confirming": confirming,
        "confirmed_elsewhere": confirmed_elsewhere,
        "callback": callback,
        "callback_offer": callback_offer,
        "callback_cancel": callback_cancel,
        "intercom": intercom,
        "dialling": fetching.dialling,
        "joining": fetching.joining,
        "fetching": fetching.fetching,
        "listen_in": listening.listen_in,
        "barge_in": listening.barge_in,
        "listened_in": listening.listened_in,
        "consulting": consulting,
        "notice": notice,
        "pickup": pickup,
        "pickup_directed": pickup,
        "take_over": take_over,
        "park": parking.nothing_to_park,
        "park_lot": parking.park_lot,
        "park_at": parking.park_at,
        "retrieve_lot": parking.retrieve_lot,
        "retrieve_line": parking.retrieve_line,
        "retrieve_at": parking.retrieve_at,
        "voicemail": own_voicemail,
        "voicemail_box": voicemail_box,
        "log_in": desk.log_in,
        "log_out": desk.log_out,
        "who_logged_in": desk.who_logged_in,
        "change_pin": desk.change_pin,
        **SWITCHING,
        "plan_menu": plan_menu,
        **QUEUE_CODES,
        "redial": again.redial,
        "call_return": again.call_return,
        "speed_dial": again.speed_dial,
        **dict.fromkeys(PER_CALL, again.for_one_call),
        "no_music_on_hold": no_music_on_hold,
        "record_prompt": record_prompt,
        "echo": tests.echo,
        "clock": tests.clock,
        "own_number": tests.own_number,
    }


def all_ways() -> dict[str, Way]:
    """By feature."""
    return {
        "park_lot": parking.to_lot,
        "park": parking.to_line,
        "park_at": parking.to_extension,
        "voicemail_box": voicemail.to_box,
    }
