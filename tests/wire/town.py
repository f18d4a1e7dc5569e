"""A company for each preset of codes, with three people on real phones: the scene of the wire tests of codes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.lib.exchange import Exchange, Site
from bench.peers.baresip import Baresip
from parties import PROVIDER
from talking import CALLED_HZ, CALLER_HZ, SPEECH_S

from kiestoon.company.code_presets import PRESETS, CodePreset, preset_codes
from kiestoon.company.model import (
    Company,
    Destination,
    Forward,
    Number,
    NumberPlan,
    NumberScheme,
    PickupGroup,
    PickupMember,
    PlanMapping,
    PlanOverride,
    PlanPeriod,
    Presence,
    PrivacyGrant,
    PrivacyGroup,
    PrivacyMember,
    Queue,
    Row,
    Schedule,
    SpeedDial,
    StatusForward,
    User,
    WeekBlock,
)
from kiestoon.store.database import Database
from kiestoon.store.load import list_rows
from kiestoon.store.voicemail import StoredMessage, list_messages
from kiestoon.store.write import Changes

THIRD_HZ = 1200
QUEUE = "120"
NUMBERS = tuple(f"+3120100013{number}" for number in range(1, 10))
"""What Anna may show outside, each by a code of its own (E 10.6)."""


def site(preset: CodePreset) -> Site:
    """A company with these codes; 101 dials them. Nothing comes in over their line: they share a provider."""
    line = {"name": f"line {preset}", "kind": "peer", "host": PROVIDER[0], "port": PROVIDER[1], "priority": 1}
    sources = {"sources": (f"127.0.0.{200 + list(PRESETS).index(preset)}",)}
    return Site(
        name=preset, domain=f"{preset}.example", extensions=("101", "102", "103"),
        users={"101": {"may_configure_time": True, "is_supervisor": True, "dynamic_numbers": NUMBERS}},
        company={"area_code": "020", "caller_number": "+31201000100"}, trunks=({**line, **sources},),
    )  # fmt: skip


SITES: dict[CodePreset, Site] = {preset: site(preset) for preset in PRESETS if preset != "none"}
IDS = {preset: number for number, preset in enumerate(SITES, 1)}
"""Of the companies."""


def fill(changes: Changes) -> None:
    """Codes, something to dial in short, somewhere to go when away, plans to switch."""
    for preset, company_id in IDS.items():
        place = {"id": 0, "company_id": company_id}
        for code in preset_codes(preset, Company(id=company_id, name=preset, domain=SITES[preset].domain)):
            changes.add(code)
        owner = company_id * 3 - 2  # the first of three people in each company
        away = {"user_id": owner, "status": "out_of_office", "to": Destination("extension", "103")}
        changes.add(StatusForward(**place, **away))  # type: ignore[arg-type]  # as written above
        changes.add(SpeedDial(**place, user_id=owner, code="01", number="103"))
        changes.add(Forward(**place, extension="101", case="no_answer", rings=2, active=False))
        scheme = changes.add(NumberScheme(**place, name="Main", is_main=True))
        number = changes.add(Number(**place, e164=f"+3120100020{company_id}"))
        for position, extension in enumerate(("102", "103"), 1):
            plan = changes.add(NumberPlan(**place, scheme_id=scheme.id, name=f"Plan {position}", position=position))
            changes.add(PlanMapping(**place, plan_id=plan.id, number_id=number.id, extension=extension))
        whole_days = tuple(WeekBlock(day, 0, 1440) for day in range(0, 7, 2))  # another plan tomorrow, or in two days
        changes.add(PlanPeriod(**place, scheme_id=scheme.id, plan_id=plan.id - 1, blocks=whole_days))
        group = changes.add(PickupGroup(**place, name="All"))
        for extension in ("101", "103"):
            changes.add(PickupMember(**place, group_id=group.id, extension=extension))
        listeners = changes.add(PrivacyGroup(**place, name="Listeners"))
        changes.add(PrivacyMember(**place, group_id=listeners.id, extension="101"))
        changes.add(PrivacyGrant(**place, group_id=listeners.id, extension="103", listen=True))
        hours = changes.add(Schedule(**place, name="Always", blocks=(WeekBlock(0, 0, 7 * 1440),)))
        night: Any = {"night": "busy", "office_schedule_id": hours.id}
        changes.add(Queue(**place, extension=QUEUE, name="Support", forced_to=Destination("extension", "103"), **night))


def towns(folder: Path) -> Exchange:
    """The exchange of all these companies, for phones with MD5."""
    return Exchange(folder, SITES.values(), fill=fill, sip={"digest": ("SHA-256", "MD5")})


class Town:
    """The phones of one company, and what is written."""

    def __init__(self, exchange: Exchange, phone: Any, preset: CodePreset) -> None:
        self.exchange, self.company_id = exchange, IDS[preset]
        self.site = SITES[preset]
        self.anna: Baresip = phone("101", site=self.site, tone_hz=CALLER_HZ)
        self.bert: Baresip = phone("102", site=self.site, tone_hz=CALLED_HZ)
        self.carla: Baresip = phone("103", site=self.site, tone_hz=THIRD_HZ)

    def hear(self) -> None:
        """Something is said."""
        self.anna.wait_for_change(1.0, timeout_s=SPEECH_S)

    def dial(self, code: str, *, keys: str = "", until: Callable[[], bool] | None = None) -> None:
        """Anna dials a code and is told that it is done; or keys in what she is asked, until it is done."""
        self.call(code)
        self.hear()
        self.anna.send_digits(keys)
        if until is not None:
            self.exchange.daemon.wait_until(until, SPEECH_S, "what was keyed in")
            self.exchange.ask("reload")  # in force as well, which is when she would have been told
        if keys and until is None:
            self.anna.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)
        else:
            self.hang_up()

    def call(self, code: str) -> None:
        """Anna dials, and is answered."""
        self.anna.dial(code.replace("#", "%23"))
        self.anna.wait_for("CALL_ESTABLISHED")

    def hang_up(self) -> None:
        """Anna does."""
        self.anna.hang_up()
        self.anna.wait_for("CALL_CLOSED")

    def call_to_anna_rings(self, whom: Baresip, timeout_s: float = 10.0) -> None:
        """The next call goes where the code says."""
        self.bert.dial("101")
        whom.wait_for("CALL_INCOMING", timeout_s=timeout_s)
        self.bert.hang_up()
        self.bert.wait_for("CALL_CLOSED")
        whom.wait_for("CALL_CLOSED")

    def call_to_anna_is_refused(self, why: str) -> None:
        self.bert.dial("101")
        assert why in str(self.bert.wait_for("CALL_CLOSED"))

    def anna_calls(self, dialled: str, whom: Baresip) -> None:
        """What she dials rings at once, without a word of ours."""
        self.anna.dial(dialled.replace("#", "%23"))
        whom.wait_for("CALL_INCOMING")
        self.hang_up()
        whom.wait_for("CALL_CLOSED")

    def plan_chosen(self, code: str = "915", *, keys: str) -> tuple[str, str] | None:
        """The plan chosen by telephone, and until when; None: as the schedule says."""
        self.dial(code, keys=keys)
        plans = {plan.id: plan.name for plan in self.rows(NumberPlan)}
        chosen = [(plans[row.plan_id], row.until_ms) for row in self.rows(PlanOverride)]
        if not chosen:
            return None
        ((plan, until_ms),) = chosen
        return plan, "until the schedule changes" if until_ms > time.time() * 1000 else "for good"

    def rows(self, row_type: type[Row]) -> list[Any]:
        with closing(Database(self.exchange.settings.database_url)) as database:
            return list_rows(database, row_type, self.company_id)

    def messages(self, extension: str) -> list[StoredMessage]:
        """In that voicemail box."""
        with closing(Database(self.exchange.settings.database_url)) as database, database.read() as connection:
            return list_messages(connection, self.company_id, extension)

    def forwards_to(self) -> list[str]:
        """Where calls to Anna go at present."""
        return [row.to.target for row in self.rows(Forward) if row.extension == "101" and row.active]

    def anna_is(self) -> User:
        return next(row for row in self.rows(User) if row.extension == "101")

    def switches(self, field: str, *, on: str, off: str) -> None:
        """Codes for something of Anna's own; it is left as it was."""
        before = getattr(self.anna_is(), field)
        for code, value in ((off, False), (on, True)) if before else ((on, True), (off, False)):
            self.dial(code)
            assert getattr(self.anna_is(), field) is value

    def tests(self) -> None:
        """The three of every preset: her own tone comes back, time and number are told."""
        self.call("9196")
        self.hear()
        self.anna.wait_for_tone(CALLER_HZ, timeout_s=SPEECH_S)
        self.hang_up()
        self.dial("9197")
        self.call("9198")
        self.hear()
        self.anna.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)  # all of it was said

    def statuses(self) -> None:
        """Away sends her calls to Carla, being there takes them back; both can be asked."""
        self.dial("*31", until=lambda: [row.status for row in self.rows(Presence)] == ["out_of_office"])
        self.call_to_anna_rings(self.carla)
        self.dial("*31*")
        self.dial("*30")
        self.call_to_anna_rings(self.anna)
        assert [row.status for row in self.rows(Presence)] == ["office"]
