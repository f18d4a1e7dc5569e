"""What time decides: schedules, holidays, number plans, periods (RTE-2, 5, 6, 7, 12). Pure: instants come in.

``TimeIndex`` has all of one company. Instants are ms since 1970 in UTC. How the change to and from summer time counts
is said in ``changes``.
"""

from kiestoon.company.time.changes import HORIZON_YEARS, Timed
from kiestoon.company.time.holidays import DayOff, HolidayTable
from kiestoon.company.time.index import TimeIndex
from kiestoon.company.time.periods import route_table
from kiestoon.company.time.plans import ActivePlan, PlanChoice, PlanSource, PlanTable, Stretch
from kiestoon.company.time.public import PublicHoliday, public_holidays, regions
from kiestoon.company.time.rules import RuleTime
from kiestoon.company.time.week import WeekTable, schedule_table
from kiestoon.company.time.zones import Zone, first_zone, zone

__all__ = [
    "HORIZON_YEARS",
    "ActivePlan",
    "DayOff",
    "HolidayTable",
    "PlanChoice",
    "PlanSource",
    "PlanTable",
    "PublicHoliday",
    "RuleTime",
    "Stretch",
    "TimeIndex",
    "Timed",
    "WeekTable",
    "Zone",
    "first_zone",
    "public_holidays",
    "regions",
    "route_table",
    "schedule_table",
    "zone",
]
