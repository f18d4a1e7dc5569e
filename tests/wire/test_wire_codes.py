"""The codes of every preset from a real phone: what is said is heard, and the next call goes by it (CALL-23)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bench.lib.exchange import Exchange, Site
from bench.peers.baresip import Baresip
from bench.peers.sipp import expect_all
from parties import PROVIDER, provider
from talking import CALLED_HZ, CALLER_HZ

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
    Row,
    SpeedDial,
    StatusForward,
    User,
    WeekBlock,
)
from kiestoon.store.database import Database
from kiestoon.store.load import list_rows
from kiestoon.store.write import Changes

THIRD_HZ = 1200
SPEECH_S = 30.0
"""For the first words of a text that must be rendered, on a busy machine."""


def site(preset: CodePreset) -> Site:
    """A company with these codes; 101 dials them."""
    trunk = {"name": f"line {preset}", "kind": "peer", "host": PROVIDER[0], "port": PROVIDER[1], "priority": 1}
    return Site(
        name=preset, domain=f"{preset}.example", extensions=("101", "102", "103"),
        users={"101": {"may_configure_time": True}}, company={"area_code": "020", "caller_number": "+31201000100"},
        trunks=({**trunk, "sources": (PROVIDER[0],)},) if preset == "standard" else (),
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


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """With a company for each preset, for phones with MD5."""
    folder = tmp_path_factory.mktemp("exchange")
    with Exchange(folder, SITES.values(), fill=fill, sip={"digest": ("SHA-256", "MD5")}) as exchange:
        yield exchange


class Town:
    """The phones of one company, and what is written."""

    def __init__(self, exchange: Exchange, phone: Any, preset: CodePreset) -> None:
        self.exchange, self.company_id = exchange, IDS[preset]
        here = SITES[preset]
        self.anna: Baresip = phone("101", site=here, tone_hz=CALLER_HZ)
        self.bert: Baresip = phone("102", site=here, tone_hz=CALLED_HZ)
        self.carla: Baresip = phone("103", site=here, tone_hz=THIRD_HZ)

    def hear(self) -> None:
        """Something is said."""
        self.anna.wait_for_change(1.0, timeout_s=SPEECH_S)

    def dial(self, code: str, *, keys: str = "", until: Callable[[], bool] | None = None) -> None:
        """Anna dials a code and hears what is said to her; where more is asked then, she hangs up once it is so."""
        self.anna.dial(code.replace("#", "%23"))
        self.anna.wait_for("CALL_ESTABLISHED")
        self.hear()
        self.anna.send_digits(keys)
        if keys:
            self.hear()
        if until is not None:
            self.exchange.daemon.wait_until(until, SPEECH_S, "what was keyed in")
            self.exchange.ask("reload")  # in force as well, which is when she would have been told
            self.anna.hang_up()
        self.anna.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)

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
        self.anna.hang_up()
        self.anna.wait_for("CALL_CLOSED")
        whom.wait_for("CALL_CLOSED")

    def takes(self, code: str) -> None:
        """Bert calls Carla, whose phone rings; Anna takes the call, and Bert hears her."""
        self.bert.dial("103")
        self.carla.wait_for("CALL_INCOMING")
        self.anna.dial(code)
        self.anna.wait_for("CALL_ESTABLISHED")
        self.carla.wait_for("CALL_CLOSED")
        self.bert.wait_for_tone(CALLER_HZ)
        self.bert.hang_up()
        self.bert.wait_for("CALL_CLOSED")
        self.anna.wait_for("CALL_CLOSED")

    def intercom(self, code: str) -> None:
        """Bert's phone is asked to answer by itself."""
        self.anna.dial(code)
        self.bert.wait_for("CALL_INCOMING")
        self.anna.hang_up()
        self.anna.wait_for("CALL_CLOSED")
        self.bert.wait_for("CALL_CLOSED")

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
        database = Database(self.exchange.settings.database_url)
        rows = list_rows(database, row_type, self.company_id)
        database.close()
        return rows

    def forwards_to(self) -> list[str]:
        """Where calls to Anna go at present."""
        return [row.to.target for row in self.rows(Forward) if row.extension == "101" and row.active]

    def anna_is(self) -> User:
        return next(row for row in self.rows(User) if row.extension == "101")

    def tests(self) -> None:
        """The three of every preset: her own tone comes back, time and number are told."""
        self.anna.dial("9196")
        self.anna.wait_for("CALL_ESTABLISHED")
        self.hear()
        self.anna.wait_for_tone(CALLER_HZ, timeout_s=SPEECH_S)
        self.anna.hang_up()
        self.anna.wait_for("CALL_CLOSED")
        self.dial("9197", until=lambda: True)
        self.dial("9198")

    def statuses(self) -> None:
        """Away sends her calls to Carla, being there takes them back; both can be asked."""
        self.dial("*31", until=lambda: [row.status for row in self.rows(Presence)] == ["out_of_office"])
        self.call_to_anna_rings(self.carla)
        self.dial("*31*")
        self.dial("*30")
        self.call_to_anna_rings(self.anna)
        assert [row.status for row in self.rows(Presence)] == ["office"]


@pytest.fixture
def town(exchange: Exchange, phone: Any, request: pytest.FixtureRequest) -> Town:
    return Town(exchange, phone, request.param)


@pytest.mark.parametrize("town", ["one-net"], indirect=True)
def test_the_codes_of_one_net(town: Town) -> None:
    town.dial("*72103")
    town.call_to_anna_rings(town.carla)
    town.dial("*72*")
    town.dial("*73")
    town.call_to_anna_rings(town.anna)
    town.dial("*21")
    assert [row.voicemail for row in town.rows(Forward) if row.case == "always"] == [True]
    town.dial("*73")
    town.dial("*78")
    town.call_to_anna_is_refused("486")
    town.dial("*90103")
    town.call_to_anna_rings(town.carla)
    town.dial("*91")
    town.dial("*79")
    town.dial("*92103")
    town.call_to_anna_rings(town.carla, timeout_s=20)
    town.dial("*93")
    town.anna_calls("#01", town.carla)
    town.anna_calls("*66", town.carla)
    town.anna_calls("*69", town.bert)
    for code, field, on in (("*77", "reject_anonymous", True), ("#43", "call_waiting", False)):
        town.dial(code)
        assert getattr(town.anna_is(), field) is on
    town.tests()
    town.dial("*94103")
    town.anna.stop()
    town.call_to_anna_rings(town.carla)


@pytest.mark.parametrize("town", ["standard"], indirect=True)
def test_the_codes_of_standard(town: Town, sipp: Any) -> None:
    town.statuses()
    town.dial("910", keys="11103#", until=lambda: town.forwards_to() == ["103"])
    town.call_to_anna_rings(town.carla)
    town.dial("910", keys="0", until=lambda: town.forwards_to() == [])
    town.call_to_anna_rings(town.anna)
    assert town.plan_chosen(keys="12#") == ("Plan 2", "until the schedule changes")
    assert town.plan_chosen("915*2", keys="") is None  # the key of the plan that somebody has chosen: back
    town.anna_calls("#01", town.carla)
    town.anna_calls("*66", town.carla)
    town.anna_calls("*69", town.bert)
    town.dial("#77")
    town.tests()
    line = sipp(provider().ring_and_answer().byed(), host=PROVIDER[0], port=PROVIDER[1])
    town.anna.dial("%2331%23")
    town.anna.wait_for("CALL_ESTABLISHED")
    town.hear()
    town.anna.send_digits("00205550101#")
    town.exchange.daemon.wait_until(lambda: bool(line.received("ACK")), 15, "the line's answer")
    town.anna.hang_up()
    town.anna.wait_for("CALL_CLOSED")
    expect_all(line)
    assert line.received("INVITE")[0].header("Privacy") == "id"


@pytest.mark.parametrize("town", ["3cx"], indirect=True)
def test_the_codes_of_3cx(town: Town) -> None:
    town.statuses()
    assert town.plan_chosen("*64", keys="21#") == ("Plan 1", "for good")
    town.intercom("*9102")
    town.tests()
    assert not town.anna_is().do_not_disturb


@pytest.mark.parametrize("town", ["unify"], indirect=True)
def test_the_codes_of_unify(town: Town) -> None:
    town.dial("*11103")
    town.call_to_anna_rings(town.carla)
    town.dial("#1")
    town.anna_calls("*701", town.carla)
    town.takes("*59103")
    town.intercom("*80102")
    town.dial("*490")
    assert not town.anna_is().call_waiting


@pytest.mark.parametrize("town", ["gigaset"], indirect=True)
def test_the_codes_of_gigaset(town: Town) -> None:
    town.anna_calls("*601", town.carla)
    town.takes("*8")
