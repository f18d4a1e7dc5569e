"""How long a question of time takes: schedule, rule, number plan, TBR period; and when the next change will be.

Tables of a busy company: 60 blocks a week, 20 holiday entries, public holidays, 40 holiday periods. Asked for instants
of a year and a half, changes of the clock included. The last line is the worst 99th percentile of what a call asks.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from bench.lib.results import Result, percentile, table
from kiestoon.company.model import (
    Company,
    CompanyRows,
    Destination,
    Holiday,
    HolidayDay,
    NumberPlan,
    NumberScheme,
    PlanHoliday,
    PlanPeriod,
    Rule,
    Schedule,
    TimeRoute,
    TimeRouting,
    WeekBlock,
)
from kiestoon.company.time import TimeIndex

START_MS = 1_767_225_600_000  # 1 January 2026
STEP_MS = 2_371_000
ASKED = 20_000
WEEK = tuple(WeekBlock(n % 7, 60 + n // 7 * 150, 150 + n // 7 * 150) for n in range(60))
RULE = Rule(id=1, company_id=1, service="selective_forward", name="R", schedule_id=1, holiday_id=1)


def build() -> TimeIndex:
    fixed = [HolidayDay(f"d{n}", f"2026-{n % 12 + 1:02}-11", f"2026-{n % 12 + 1:02}-14", n % 2 == 0) for n in range(20)]
    closings = [
        PlanHoliday(
            id=n, company_id=1, scheme_id=1, plan_id=2, name=f"p{n}",
            start=f"2026-{n % 12 + 1:02}-{n // 12 * 5 + 1:02}T09:00",
            end=f"2026-{n % 12 + 1:02}-{n // 12 * 5 + 2:02}T17:00",
        )
        for n in range(40)
    ]  # fmt: skip
    by_list = PlanHoliday(id=99, company_id=1, scheme_id=1, plan_id=2, name="Holidays", holiday_id=1)
    return TimeIndex(
        CompanyRows(
            company=Company(id=1, name="C", domain="c.example"),
            schedules=(Schedule(id=1, company_id=1, name="S", blocks=WEEK),),
            holidays=(Holiday(id=1, company_id=1, name="H", days=(*fixed, HolidayDay("Public", public="*"))),),
            number_schemes=(NumberScheme(id=1, company_id=1, name="Main"),),
            number_plans=(
                NumberPlan(id=1, company_id=1, scheme_id=1, name="Day"),
                NumberPlan(id=2, company_id=1, scheme_id=1, name="Night", position=2, is_fallback=True),
            ),
            plan_periods=(PlanPeriod(id=1, company_id=1, scheme_id=1, plan_id=1, blocks=WEEK),),
            plan_holidays=(*closings, by_list),
            time_routings=(TimeRouting(id=1, company_id=1, extension="400", name="T"),),
            time_routes=tuple(
                TimeRoute(
                    id=n, company_id=1, routing_id=1, start_day=0, end_day=4, start=n * 60, end=n * 60 + 45,
                    to=Destination("busy"),
                )
                for n in range(20)
            ),
        )
    )  # fmt: skip


def measure(question: Callable[[int], object], asked: int = ASKED) -> tuple[float, float]:
    """(median, 99th percentile) in µs."""
    took = []
    for number in range(asked):
        at_ms = START_MS + number * STEP_MS
        start = time.perf_counter_ns()
        question(at_ms)
        took.append((time.perf_counter_ns() - start) / 1000)
    return percentile(took, 50), percentile(took, 99)


def main() -> None:
    """Print the table, then the figure."""
    begun = time.perf_counter()
    index = build()
    index.prepare(START_MS)
    prepared_ms = (time.perf_counter() - begun) * 1000
    schedule, plans, routing = index.schedule(1), index.plans(1), index.routing(1)
    assert schedule is not None
    assert plans is not None
    assert routing is not None
    rule = index.rule(RULE)
    asked_by_calls: dict[str, Callable[[int], object]] = {
        "schedule": schedule.at,
        "rule with schedule and holidays": rule.fits,
        "number plan": plans.choose,
        "TBR period": routing.at,
    }
    gc.collect()
    gc.freeze()
    costs = {name: measure(question) for name, question in asked_by_calls.items()}
    ends = {
        "schedule": measure(schedule.next_change),
        "rule with schedule and holidays": measure(rule.next_change, 2000),
        "number plan": measure(plans.next_scheduled_change),
        "TBR period": measure(routing.next_change),
    }
    gc.unfreeze()
    rows = [[name, *costs[name], *ends[name]] for name in costs]
    headings = ["question", "median, µs", "p99, µs", "its end: median, µs", "p99, µs"]
    print(f"\nOne question\n\n{table(headings, rows)}\n")
    print(f"tables and public holidays made in {prepared_ms:.0f} ms")
    print(Result("time_rules", max(p99 for _, p99 in costs.values()), "us p99 per question of a call"))


if __name__ == "__main__":
    main()
