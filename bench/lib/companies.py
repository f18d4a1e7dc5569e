"""Companies of any size with what companies typically arrange: plans, rules, forwardings, groups, reachability."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import insert

from kiestoon.company.code_presets import preset_codes
from kiestoon.company.model import (
    BY_ROW,
    CallClass,
    Company,
    CompanyRows,
    Destination,
    Device,
    Forward,
    Holiday,
    HuntGroup,
    HuntMember,
    Location,
    Number,
    NumberPlan,
    NumberScheme,
    PlanMapping,
    PlanPeriod,
    Presence,
    ReachCell,
    ReachProfile,
    ReachStatus,
    Rule,
    Schedule,
    StatusForward,
    Trunk,
    User,
    WeekBlock,
)
from kiestoon.company.model.schedules import HolidayDay
from kiestoon.store.cells import row_to_cells
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.tables import TABLES, extensions

FIRST = 10_000
"""The first extension."""
OFFICE = tuple(WeekBlock(day, 540, 1020) for day in range(5))
GROUP = 20
"""People to a hunt group."""


def extension(user: int) -> str:
    """The extension of a user (0, 1, …): six digits where a company is that big."""
    return str(FIRST + user)


def build_rows(users: int, company_id: int = 1) -> CompanyRows:
    """A company. Of ten people one forwards always, four when nobody answers, two have rules, two a REACH matrix."""
    base = company_id * 1_000_000
    of = {"company_id": company_id}
    company = Company(
        id=company_id,
        name=f"Company {company_id}",
        domain=f"c{company_id}.example",
        extension_digits=5,
        emergency_number="+31207000000",
    )
    everybody = range(users)
    matrix = range(3, users, 5)
    groups = range(users // GROUP)
    return CompanyRows(
        company=company,
        locations=(Location(id=base, **of, name="Hall", area_code="020"),),
        users=tuple(
            User(id=base + n, **of, extension=extension(n), name=f"User {n}", location_id=base) for n in everybody
        ),
        devices=tuple(
            Device(id=base + n, **of, username=f"d{n}", secret="s", user_id=base + n // 2) for n in range(users * 2)
        ),
        numbers=(
            *(Number(id=base + n, **of, e164=_number(company_id, n), extension=extension(n)) for n in everybody),
            *(Number(id=base + users + n, **of, e164=_number(company_id, users + n)) for n in groups),
        ),
        trunks=(
            Trunk(id=company_id, **of, name=f"L{company_id}", kind="peer", host="192.0.2.9", sources=("192.0.2.9",)),
        ),
        schedules=(Schedule(id=base, **of, name="Office", location_id=base, blocks=OFFICE),),
        holidays=(Holiday(id=base, **of, name="Public", location_id=base, days=(HolidayDay("All", public="*"),)),),
        forwards=(
            *(Forward(id=base + n, **of, extension=extension(n), case="always", to=_to(n + 1))
              for n in range(0, users - 1, 10)),
            *(Forward(id=base + users + n, **of, extension=extension(n), case="no_answer", voicemail=True)
              for n in everybody if n % 5 > 2),
            *(Forward(id=base + 2 * users + n, **of, extension=extension(n), case="selective", voicemail=True)
              for n in range(1, users, 5)),
        ),
        rules=tuple(
            Rule(id=base + n, **of, service="selective_forward", name="Evening", extension=extension(n),
                 schedule_id=base, patterns=("+49*", "+3188*"), kinds=("private",))
            for n in range(1, users, 5)
        ),
        presences=tuple(Presence(id=base + n, **of, user_id=base + n, status="meeting") for n in range(2, users, 5)),
        status_forwards=tuple(
            StatusForward(id=base + n, **of, user_id=base + n, status="sick", to=_to(n)) for n in range(2, users, 5)
        ),
        call_classes=tuple(
            CallClass(id=base + n, **of, user_id=base + n, name="F", numbers=("+31612345678",), prefixes=("0049",))
            for n in matrix
        ),
        reach_statuses=tuple(
            ReachStatus(id=base + n, **of, user_id=base + n, name="Work", blocks=OFFICE) for n in matrix
        ),
        reach_profiles=tuple(
            ReachProfile(id=base + n, **of, user_id=base + n, name="Standard", is_default=True, no_answer_s=20,
                         forward_no_answer=Destination("voicemail"))
            for n in matrix
        ),
        reach_cells=tuple(
            ReachCell(id=base + n, **of, user_id=base + n, profile_id=base + n, status_id=base + n) for n in matrix
        ),
        hunt_groups=tuple(
            HuntGroup(id=base + n, **of, extension=str(900_000 + n), name=f"Team {n}", policy="uniform") for n in groups
        ),
        hunt_members=tuple(
            HuntMember(id=base + n, **of, hunt_group_id=base + n // GROUP, extension=extension(n), position=n % GROUP)
            for n in range(len(groups) * GROUP)
        ),
        number_schemes=(NumberScheme(id=base, **of, name="Main", is_main=True),),
        number_plans=(
            NumberPlan(id=base, **of, scheme_id=base, name="Day"),
            NumberPlan(id=base + 1, **of, scheme_id=base, name="Night", position=2, is_fallback=True),
        ),
        plan_periods=(PlanPeriod(id=base, **of, scheme_id=base, plan_id=base, blocks=OFFICE),),
        plan_mappings=tuple(
            PlanMapping(id=base + 2 * n + plan, **of, plan_id=base + plan, number_id=base + users + n,
                        extension=str(900_000 + n))
            for n in groups for plan in (0, 1)
        ),
        feature_codes=tuple(replace(row, id=base + n) for n, row in enumerate(preset_codes("standard", company))),
    )  # fmt: skip


def write_rows(database: Database, vault: Vault, company: CompanyRows) -> None:
    """Write a company straight into the tables, its internal numbers first: nothing is checked, nothing audited."""
    with database.write() as connection:
        for name in company.__struct_fields__:
            rows = (company.company,) if name == "company" else getattr(company, name)
            numbers = [
                {"company_id": row.company_id, "number": row.extension, "table_name": name}
                for row in rows
                if BY_ROW[type(row)].has_extension
            ]
            if numbers:
                connection.execute(insert(extensions), numbers)
            if rows:
                cells = [{"id": row.id, **row_to_cells(row, vault)} for row in rows]
                connection.execute(insert(TABLES[type(rows[0])]), cells)


def _to(user: int) -> Destination:
    return Destination("extension", extension(user))


def _number(company_id: int, n: int) -> str:
    return f"+31{company_id:03}{n:06}"


def personal_number(company_id: int, user: int) -> str:
    """The number that leads to a user."""
    return _number(company_id, user)


def group_number(company_id: int, users: int, group: int) -> str:
    """The number that the plans lead to a hunt group."""
    return _number(company_id, users + group)
