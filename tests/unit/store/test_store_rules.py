"""Rules over one row that look at the company's others: each is broken once, and kept once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from kiestoon.company import model as m
from kiestoon.store.database import Database
from kiestoon.store.errors import InvalidRowError
from kiestoon.store.keys import Vault
from kiestoon.store.write import changing


class House:
    """A company with one of everything that rules look at."""

    def __init__(self, changes: Any) -> None:
        self.changes = changes
        self.desks = 0
        company = changes.add(m.Company(id=0, name="Acme", domain="acme.example"))
        self.company = company
        self.own = {"id": 0, "company_id": company.id}
        self.here = self.add(m.Location, name="Here")
        self.ann = self.add(m.User, extension="101", name="Ann", location_id=self.here.id)
        self.bob = self.add(m.User, extension="102", name="Bob", profile="mobile")
        self.group = self.add(m.GroupExtension, extension="200", name="Everybody")
        self.hunt = self.add(m.HuntGroup, extension="201", name="Sales", policy="weighted")
        self.forward = self.add(m.ForwardExtension, extension="202", name="Partner")
        self.menu = self.add(m.Menu, extension="203", name="Welcome")
        self.lbr = self.add(m.LocationRouting, extension="204", name="Place")
        self.tbr = self.add(m.TimeRouting, extension="205", name="Time")
        self.scheme = self.add(m.NumberScheme, name="Main", is_main=True)
        self.day = self.add(m.NumberPlan, scheme_id=self.scheme.id, name="Day", position=1, is_fallback=True)
        self.night = self.add(m.NumberPlan, scheme_id=self.scheme.id, name="Night", position=2)
        self.number = self.add(m.Number, e164="+31205550100")

    def add(self, row_type: type[Any], **values: Any) -> Any:
        return self.changes.add(row_type(**{**self.own, **values}))

    def change(self, row: Any, **values: Any) -> Any:
        return self.changes.update(replace(row, **values))

    def days(self, *days: m.HolidayDay, **values: Any) -> Any:
        return self.add(m.Holiday, name="Days", days=days, **values)

    def reach(self, user: Any) -> tuple[Any, Any]:
        status = self.add(m.ReachStatus, user_id=user.id, name="Work")
        return status, self.add(m.ReachProfile, user_id=user.id, name="Usual", is_default=True)

    def pack(self, *services: str, licences: int = 0) -> Any:
        return self.add(m.ServicePack, name="+".join(services) or "None", services=services, licences=licences)

    def give(self, extension: str, *services: str, licences: int = 0) -> Any:
        return self.add(m.PackAssignment, pack_id=self.pack(*services, licences=licences).id, extension=extension)

    def map(self, plan: Any) -> Any:
        return self.add(m.PlanMapping, plan_id=plan.id, number_id=self.number.id, extension="101")

    def alternate(self) -> Any:
        return self.add(m.AlternateNumber, user_id=self.ann.id, number_id=self.number.id)

    def period(self, plan: Any, *blocks: m.WeekBlock) -> Any:
        own = blocks or (m.WeekBlock(0, 540, 1020),)
        return self.add(m.PlanPeriod, scheme_id=self.scheme.id, plan_id=plan.id, blocks=own)

    def holiday(self, plan: Any, start: str, end: str) -> Any:
        return self.add(m.PlanHoliday, scheme_id=self.scheme.id, plan_id=plan.id, name=start, start=start, end=end)

    def desk(self, **values: Any) -> Any:
        """A phone."""
        self.desks += 1
        return self.add(m.Device, username=f"desk-{self.desks}", secret=SECRET, **values)

    def allow(self, first: str, last: str = "") -> Any:
        return self.add(m.AllowedAddress, first_address=first, last_address=last)

    def routes(self, by: str, match: str) -> Any:
        routing = self.change(self.lbr, by=by)
        return self.add(m.LocationRoute, routing_id=routing.id, match=match, to=m.Destination("extension", "101"))

    def ring_number(self, service: str, position: int, to: Any = m.Destination("extension", "102")) -> Any:  # noqa: B008
        return self.add(m.RingNumber, user_id=self.ann.id, service=service, position=position, to=to)

    def falls_back(self, plan: Any) -> Any:
        self.change(self.day, is_fallback=False)
        return self.change(plan, is_fallback=True)

    def mapped_by_day(self, then: Callable[[Any], Any]) -> Any:
        self.map(self.day)
        return then(self.night)

    def mapped_by_both(self, then: Callable[[Any], Any]) -> Any:
        self.map(self.day)
        self.map(self.night)
        return then(self.night)


SECRET = "abcdefghijklmnopqrst"
D, B = m.HolidayDay, m.WeekBlock
MOBILE = m.Destination("mobile")


CASES: list[tuple[str, Callable[[House], Any], Callable[[House], Any]]] = [
    ("not_a_date", lambda h: h.days(D("x", "2026-02-30")), lambda h: h.days(D("x", "2028-02-29"))),
    ("ends_before_start", lambda h: h.days(D("x", "2026-08-02", "2026-08-01")), lambda h: h.days(D("x", "2026-08-02"))),
    (
        "ends_before_start",
        lambda h: h.days(D("x", "2026-08-02", recurs=True, until_year=2025)),
        lambda h: h.days(D("x", "2026-08-02", recurs=True, until_year=2027)),
    ),
    ("day_missing", lambda h: h.days(D("x")), lambda h: h.days()),
    (
        "day_and_public",
        lambda h: h.days(D("x", "2026-04-06", public="Easter Monday")),
        lambda h: h.days(D("x", public="*")),
    ),
    (
        "unknown_public_holiday",
        lambda h: h.days(D("x", public="Thanksgiving")),
        lambda h: h.days(D("x", public="King's Day")),
    ),
    ("one_of", lambda h: h.days(location_id=h.here.id, user_id=h.ann.id), lambda h: h.days(user_id=h.ann.id)),
    (
        "ends_before_start",
        lambda h: h.add(m.Schedule, name="s", blocks=(B(0, 600, 540),)),
        lambda h: h.add(m.Schedule, name="s", blocks=(B(0, 600, 1440 + 540),)),
    ),
    (
        "block_too_long",
        lambda h: h.add(m.Schedule, name="s", blocks=(B(0, 0, 7 * 1440 + 1),)),
        lambda h: h.add(m.Schedule, name="s", blocks=(B(0, 0, 7 * 1440),)),
    ),
    (
        "ends_before_start",
        lambda h: h.add(m.ReachStatus, user_id=h.ann.id, name="s", blocks=(B(0, 600, 600),)),
        lambda h: h.add(m.ReachStatus, user_id=h.ann.id, name="s", blocks=(B(0, 600, 601),)),
    ),
    ("ends_before_start", lambda h: h.period(h.day, B(0, 600, 600)), lambda h: h.period(h.day)),
    (
        "overlap",
        lambda h: h.period(h.day, B(6, 1380, 1500), B(0, 0, 90)),
        lambda h: h.period(h.day, B(6, 1380, 1500), B(0, 60, 90)),
    ),
    ("unknown_region", lambda h: h.change(h.here, region="BY"), lambda h: h.change(h.here, region="Zuid")),
    (
        "not_a_minute",
        lambda h: h.holiday(h.day, "2026-02-30T10:00", "2026-03-01T10:00"),
        lambda h: h.holiday(h.day, "2028-02-29T10:00", "2028-03-01T10:00"),
    ),
    (
        "ends_before_start",
        lambda h: h.holiday(h.day, "2026-03-01T10:00", "2026-03-01T10:00"),
        lambda h: h.holiday(h.day, "2026-03-01T10:00", "2026-03-01T10:01"),
    ),
    (
        "not_theirs",
        lambda h: h.add(
            m.Rule,
            service="notification",
            name="r",
            extension="101",
            schedule_id=h.add(m.Schedule, name="s", user_id=h.bob.id).id,
        ),
        lambda h: h.add(
            m.Rule,
            service="notification",
            name="r",
            extension="101",
            schedule_id=h.add(m.Schedule, name="s", user_id=h.ann.id).id,
        ),
    ),
    (
        "not_a_member",
        lambda h: h.add(m.GroupMember, group_id=h.group.id, extension="200"),
        lambda h: h.add(m.GroupMember, group_id=h.group.id, extension="202"),
    ),
    (
        "not_a_member",
        lambda h: h.add(m.HuntMember, hunt_group_id=h.hunt.id, extension="200"),
        lambda h: h.add(m.HuntMember, hunt_group_id=h.hunt.id, extension="101"),
    ),
    ("bad_match", lambda h: h.routes("postcode", "10123"), lambda h: h.routes("postcode", "1012")),
    ("bad_match", lambda h: h.routes("area_code", "1012"), lambda h: h.routes("area_code", "020")),
    (
        "bad_match",
        lambda h: h.routes("area_code", "+31") and h.change(h.lbr, version=2, by="postcode"),
        lambda h: h.routes("area_code", "+31") and h.change(h.lbr, version=2, by="caller"),
    ),
    (
        "bad_match",
        lambda h: h.add(m.CallClass, user_id=h.ann.id, name="c", prefixes=("+0",)),
        lambda h: h.add(m.CallClass, user_id=h.ann.id, name="c", prefixes=("+49", "0049", "06")),
    ),
    (
        "unknown_extension",
        lambda h: h.add(m.CallClass, user_id=h.ann.id, name="c", extensions=("999",)),
        lambda h: h.add(m.CallClass, user_id=h.ann.id, name="c", extensions=("102",)),
    ),
    (
        "not_theirs",
        lambda h: h.add(m.ReachCell, user_id=h.bob.id, profile_id=h.reach(h.ann)[1].id),
        lambda h: h.add(m.ReachCell, user_id=h.ann.id, profile_id=h.reach(h.ann)[1].id),
    ),
    (
        "not_theirs",
        lambda h: h.add(m.ReachOverride, user_id=h.bob.id, roaming_status_id=h.reach(h.ann)[0].id),
        lambda h: h.add(m.ReachOverride, user_id=h.ann.id, roaming_status_id=h.reach(h.ann)[0].id),
    ),
    (
        "taken",
        lambda h: h.reach(h.ann) and h.add(m.ReachProfile, user_id=h.ann.id, name="Other", is_default=True),
        lambda h: h.reach(h.ann) and h.add(m.ReachProfile, user_id=h.ann.id, name="Other"),
    ),
    ("unknown_service", lambda h: h.pack("telepathy"), lambda h: h.pack("voicemail")),
    ("not_for_profile", lambda h: h.give("102", "line_status"), lambda h: h.give("101", "line_status")),
    (
        "not_for_profile",
        lambda h: h.give("101", "line_status") and h.change(h.ann, profile="flex"),
        lambda h: h.give("101", "line_status") and h.change(h.ann, profile="combi"),
    ),
    (
        "licences_used",
        lambda h: h.add(m.PackAssignment, pack_id=h.give("101", "voicemail", licences=1).pack_id, extension="102"),
        lambda h: h.add(m.PackAssignment, pack_id=h.give("101", "voicemail", licences=2).pack_id, extension="102"),
    ),
    (
        "taken",
        lambda h: [h.add(m.Forward, extension="101", case="busy") for _ in range(2)],
        lambda h: [h.add(m.Forward, extension="101", case=case) for case in ("busy", "no_answer")],
    ),
    (
        "out_of_storage",
        lambda h: h.add(m.User, extension="103", name="X", location_id=2**70),
        lambda h: h.add(m.User, extension="103", name="X"),
    ),
    ("control_characters", lambda h: h.change(h.ann, name="\ud800"), lambda h: h.change(h.ann, name="Ánn 😀")),
    (
        "plan_without_target",
        lambda h: h.mapped_by_day(h.period),
        lambda h: h.mapped_by_both(h.period),
    ),
    (
        "plan_without_target",
        lambda h: h.mapped_by_day(lambda night: h.holiday(night, "2026-08-01T00:00", "2026-08-02T00:00")),
        lambda h: h.mapped_by_both(lambda night: h.holiday(night, "2026-08-01T00:00", "2026-08-02T00:00")),
    ),
    (
        "plan_without_target",
        lambda h: h.mapped_by_day(lambda night: h.add(m.PlanOverride, scheme_id=h.scheme.id, plan_id=night.id)),
        lambda h: h.mapped_by_both(lambda night: h.add(m.PlanOverride, scheme_id=h.scheme.id, plan_id=night.id)),
    ),
    (
        "plan_without_target",
        lambda h: h.mapped_by_day(h.falls_back),
        lambda h: h.mapped_by_both(h.falls_back),
    ),
    (
        "nobodys_number",
        lambda h: h.change(h.here, forward="on", forward_to=MOBILE),
        lambda h: h.add(m.StatusForward, user_id=h.ann.id, status="home", to=MOBILE),
    ),
    (
        "nobodys_number",
        lambda h: h.add(m.Forward, extension="200", case="busy", to=MOBILE),
        lambda h: h.add(m.Forward, extension="101", case="busy", to=m.Destination("external")),
    ),
    (
        "nobodys_number",
        lambda h: h.change(h.hunt, busy_to=MOBILE),
        lambda h: h.add(m.ReachProfile, user_id=h.ann.id, name="p", forward_busy=MOBILE),
    ),
    (
        "nobodys_number",
        lambda h: h.add(m.Rule, name="r", service="selective_forward", extension="203", to=MOBILE),
        lambda h: h.add(m.Rule, name="r", service="selective_forward", extension="101", to=MOBILE),
    ),
    (
        "out_of_range",
        lambda h: h.ring_number("sequential", 6),
        lambda h: [h.ring_number("sequential", 5), h.ring_number("simultaneous", 10)],
    ),
    (
        "not_a_choice",
        lambda h: h.ring_number("simultaneous", 1, m.Destination("voicemail")),
        lambda h: h.ring_number("simultaneous", 1, MOBILE),
    ),
    (
        "missing",
        lambda h: h.ring_number("simultaneous", 1, m.NOWHERE),
        lambda h: h.ring_number("simultaneous", 1, m.Destination("extension", "102")),
    ),
    (
        "taken",
        lambda h: [h.ring_number("sequential", 1), h.ring_number("sequential", 1)],
        lambda h: [h.ring_number("sequential", 1), h.ring_number("simultaneous", 1)],
    ),
    (
        "wrong_form",
        lambda h: h.add(m.RemoteOffice, user_id=h.ann.id, number="102"),
        lambda h: h.add(m.RemoteOffice, user_id=h.ann.id, number="0612345678"),
    ),
    (
        "missing",
        lambda h: h.add(m.RemoteOffice, user_id=h.ann.id),
        lambda h: h.add(m.RemoteOffice, user_id=h.ann.id, active=False),
    ),
    (
        "not_dialable",
        lambda h: h.add(m.Forward, extension="101", case="always", to=m.Destination("number", "hello")),
        lambda h: h.add(m.Forward, extension="101", case="always", to=m.Destination("number", "+31 (0)20-555 0100")),
    ),
    (
        "not_dialable",
        lambda h: h.change(h.here, forward_to=m.Destination("number", "*72")),
        lambda h: h.change(h.here, forward_to=m.Destination("number", "0205550100")),
    ),
    (
        "emergency_target",
        lambda h: h.change(h.hunt, no_answer_to=m.Destination("number", "0112")),
        lambda h: h.change(h.hunt, no_answer_to=m.Destination("number", "112233")),
    ),
    (
        "emergency_target",
        lambda h: h.change(h.group, forward_busy=m.Destination("extension", "101"), forward_busy_also=("112",)),
        lambda h: h.change(h.group, forward_busy=m.Destination("extension", "101"), forward_busy_also=("102",)),
    ),
    (
        "unknown_extension",
        lambda h: h.add(m.Forward, extension="101", case="always", to=m.Destination("number", "199")),
        lambda h: h.add(m.Forward, extension="101", case="always", to=m.Destination("number", "102")),
    ),
    (
        "leads_elsewhere",
        lambda h: h.add(m.Forward, extension="101", case="always", own_number="+31205550100"),
        lambda h: [
            h.alternate(),
            h.add(m.Forward, extension="101", case="always", own_number="+31205550100"),
        ],
    ),
    (
        "leads_elsewhere",
        lambda h: h.add(m.Forward, extension="101", case="always", own_number="+31205550199"),
        lambda h: [
            h.change(h.number, extension="101"),
            h.add(m.Forward, extension="101", case="always", own_number="+31205550100"),
        ],
    ),
    (
        "empty_entry",
        lambda h: h.change(h.ann, blocklist=("+3120*", "")),
        lambda h: h.change(h.ann, blocklist=("+3120*", "*"), dynamic_numbers=("", "+31205550100")),
    ),
    (
        "not_reminded",
        lambda h: h.add(m.Forward, extension="101", case="no_answer", ring_reminder=True),
        lambda h: [
            h.add(m.Forward, extension="101", case=case, ring_reminder=True) for case in ("always", "selective")
        ],
    ),
    (
        "service_owner",
        lambda h: h.add(m.Rule, name="r", service="location_forward", extension="101"),
        lambda h: h.add(m.Rule, name="r", service="location_forward", location_id=h.here.id),
    ),
    (
        "service_owner",
        lambda h: h.add(m.Rule, name="r", service="selective_reject", location_id=h.here.id),
        lambda h: h.add(m.Rule, name="r", service="selective_reject", extension="101"),
    ),
    (
        "missing",
        lambda h: h.change(h.forward, caller_id="number"),
        lambda h: h.change(h.forward, caller_id="number", caller_number="+31205550100"),
    ),
    (
        "missing",
        lambda h: h.add(m.CallLimit, extension="206", name="Two", caller_id="number"),
        lambda h: h.add(m.CallLimit, extension="206", name="Two", caller_id="called"),
    ),
    (
        "personal_number",
        lambda h: h.change(h.number, extension="102") and h.alternate(),
        lambda h: h.alternate(),
    ),
    (
        "in_use",
        lambda h: h.map(h.day) and h.alternate(),
        lambda h: h.alternate(),
    ),
    (
        "in_use",
        lambda h: h.alternate() and h.map(h.day),
        lambda h: h.map(h.day),
    ),
    (
        "in_use",
        lambda h: h.alternate() and h.change(h.number, extension="102"),
        lambda h: h.change(h.number, extension="102"),
    ),
    (
        "emergency_missing",
        lambda h: h.change(h.company, name="Acme and Sons"),
        lambda h: h.change(h.company, name="Acme and Sons", emergency_number="+31205550100"),
    ),
    (
        "phone_bound",
        lambda h: h.change(h.desk(user_id=h.ann.id), logged_in_user_id=h.bob.id),
        lambda h: h.change(h.desk(user_id=h.bob.id, hot_desk=True), logged_in_user_id=h.ann.id),
    ),
    (
        "logged_in_here",
        lambda h: h.change(h.desk(logged_in_user_id=h.ann.id), user_id=h.bob.id),
        lambda h: h.change(h.desk(logged_in_user_id=h.ann.id), user_id=h.bob.id, logged_in_user_id=None),
    ),
    (
        "logged_in_elsewhere",
        lambda h: h.desk(user_id=h.ann.id) and h.change(h.desk(), logged_in_user_id=h.ann.id),
        lambda h: h.desk(user_id=h.ann.id, kind="web") and h.change(h.desk(), logged_in_user_id=h.ann.id),
    ),
    (
        "logged_in_elsewhere",
        lambda h: h.desk(logged_in_user_id=h.ann.id) and h.desk(user_id=h.ann.id),
        lambda h: h.desk(user_id=h.ann.id) and h.desk(user_id=h.ann.id),  # an administrator gives as many as he likes
    ),
    (
        "logged_in_elsewhere",
        lambda h: [h.change(h.ann, twinning=True), *(h.desk(logged_in_user_id=h.ann.id) for _ in range(3))],
        lambda h: [h.change(h.ann, twinning=True), *(h.desk(logged_in_user_id=h.ann.id) for _ in range(2))],
    ),
    (
        "not_for_profile",
        lambda h: h.change(h.desk(), logged_in_user_id=h.bob.id),
        lambda h: h.change(h.desk(), logged_in_user_id=h.ann.id),
    ),
    ("not_an_ip", lambda h: h.allow("192.0.2"), lambda h: h.allow("192.0.2.1")),
    ("not_an_ip", lambda h: h.allow("192.0.2.1", "router"), lambda h: h.allow("2001:db8::1")),
    ("not_after", lambda h: h.allow("192.0.2.9", "192.0.2.1"), lambda h: h.allow("192.0.2.1", "192.0.2.9")),
    ("not_after", lambda h: h.allow("192.0.2.9", "2001:db8::1"), lambda h: h.allow("2001:db8::", "2001:db8::ff")),
    (
        "range_too_large",
        lambda h: h.allow("192.0.2.0", "192.0.3.0"),
        lambda h: h.allow("192.0.2.0", "192.0.2.255"),
    ),
    ("range_too_large", lambda h: h.allow("::", "ffff::"), lambda h: h.allow("::ffff:192.0.2.1", "192.0.2.9")),
]
"""A code, what breaks the rule, what keeps it."""


@pytest.mark.parametrize("case", range(len(CASES)), ids=[f"{index}-{case[0]}" for index, case in enumerate(CASES)])
def test_a_row_that_breaks_a_rule_is_refused_and_one_that_keeps_it_is_not(
    database: Database, vault: Vault, case: int
) -> None:
    code, breaks, keeps = CASES[case]
    with pytest.raises(InvalidRowError) as refused, changing(database, vault, acting_user="test") as changes:
        breaks(House(changes))
    assert code in [problem.code for problem in refused.value.problems]
    for problem in refused.value.problems:
        assert all(problem.text(language) and problem.advice(language) for language in ("en", "nl"))
    with changing(database, vault, acting_user="test") as changes:
        keeps(House(changes))


def test_periods_of_a_time_routing_may_overlap(database: Database, vault: Vault) -> None:
    """The first that fits counts (E 4.9)."""
    with changing(database, vault, acting_user="test") as changes:
        house = House(changes)
        for start in (540, 600):
            house.add(m.TimeRoute, routing_id=house.tbr.id, start_day=0, end_day=4, start=start, end=1020,
                      to=m.Destination("extension", "101"))  # fmt: skip
