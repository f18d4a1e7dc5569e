"""Who does what services ask the back office for."""

from __future__ import annotations

from kiestoon.app.back_office import BackOffice
from kiestoon.calls import requests
from kiestoon.store.phone_requests import last_calls, plans, switching


def register_all(office: BackOffice) -> None:
    """Every request of ``calls.requests`` with its function."""
    office.register(requests.SwitchForward, switching.switch_forward)
    office.register(requests.StopForwarding, switching.stop_forwarding)
    office.register(requests.SwitchService, switching.switch_service)
    office.register(requests.SetStatus, switching.set_status)
    office.register(requests.SwitchPlan, plans.switch_plan)
    office.register(requests.FindLast, last_calls.find_last)
