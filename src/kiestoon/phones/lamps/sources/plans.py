"""Night modes and number plans: a lamp that is lit while a scheme is switched by hand, or while a plan is active.

Phones name them by the code of the plan menu (915), the scheme's number and, for one plan, a star and the plan's
number: ``915`` is the main scheme, ``9152`` scheme 2, ``9152*3`` plan 3 of it (``company.plan_keys``). The codes of the
night service mean the main scheme, in a company without queues (``queue_switches``).
"""

from __future__ import annotations

from typing import Final

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Device
from kiestoon.company.plan_keys import find_plan
from kiestoon.phones.lamps.state import State, View

PLAN: Final = "plan"
_NIGHT: Final = frozenset({"night_service_on", "night_service_off"})
_BY_HAND: Final = ("Switched by hand", "Met de hand omgeschakeld")


class Plans:
    """Keys are the scheme's id, and the plan's after a dot."""

    kind = PLAN

    def find(self, index: CompanyIndex, device: Device, name: str) -> str:
        """By code, scheme and plan."""
        codes = index.arrangements.codes
        row = codes.get(name)
        if row is not None and row.feature in _NIGHT:
            return _key(index, "")
        for length in range(len(name), 0, -1):
            row = codes.get(name[:length])
            if row is not None and row.feature == "plan_menu":
                return _key(index, name[length:])
        return ""

    def view(self, index: CompanyIndex, viewer: int | None, key: str) -> View:
        """Everybody of the company may know whether it is night."""
        return View(calls=True)

    def state(self, index: CompanyIndex, key: str, now_ms: int) -> State | None:
        """Lit or not, and until when."""
        scheme_id, _, plan_id = key.partition(".")
        scheme = index.arrangements.schemes.get(int(scheme_id))
        table = index.arrangements.times.plans(int(scheme_id))
        plan = scheme.plans.get(int(plan_id)) if scheme is not None and plan_id else None
        if scheme is None or table is None or (plan_id and plan is None):
            return None
        active = table.active(now_ms)
        until_ms = active.until_ms or 0
        if plan is not None:
            return State(lit=(plan.name, plan.name) if active.plan_id == plan.id else (), until_ms=until_ms)
        return State(lit=_BY_HAND if active.source == "override" else (), until_ms=until_ms)


def _key(index: CompanyIndex, name: str) -> str:
    found = find_plan(index, name)
    if found is None:
        return ""
    return f"{found.scheme.row.id}.{found.plan.id}" if found.plan is not None else str(found.scheme.row.id)
