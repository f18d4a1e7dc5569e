"""Who does what services ask the back office for."""

from __future__ import annotations

from kiestoon.app.back_office import BackOffice
from kiestoon.calls import desk_requests, requests, voicemail_requests
from kiestoon.store.phone_requests import desks, last_calls, pins, plans, queues, recordings, switching, voicemail


def register_all(office: BackOffice) -> None:
    """Every request of ``calls.requests`` with its function."""
    office.register(requests.CheckPin, pins.check)
    office.register(desk_requests.LogIn, desks.log_in)
    office.register(desk_requests.LogOut, desks.log_out)
    office.register(desk_requests.ChoosePin, desks.choose)
    office.register(requests.CheckRoomPin, pins.check_room)
    office.register(voicemail_requests.PrepareMessage, voicemail.prepare)
    office.register(voicemail_requests.StoreMessage, voicemail.store)
    office.register(voicemail_requests.CountMessages, voicemail.count)
    office.register(voicemail_requests.ListMessages, voicemail.list_all)
    office.register(voicemail_requests.MarkMessage, voicemail.mark)
    office.register(voicemail_requests.DeleteMessage, voicemail.remove)
    office.register(voicemail_requests.SweepMessages, voicemail.sweep)
    office.register(requests.SwitchForward, switching.switch_forward)
    office.register(requests.StopForwarding, switching.stop_forwarding)
    office.register(requests.SwitchService, switching.switch_service)
    office.register(requests.SetStatus, switching.set_status)
    office.register(requests.SwitchPlan, plans.switch_plan)
    office.register(requests.QueueLogin, queues.log_in_or_out)
    office.register(requests.SwitchQueue, queues.switch_queue)
    office.register(requests.KeepRecording, recordings.keep)
    office.register(requests.FindLast, last_calls.find_last)
