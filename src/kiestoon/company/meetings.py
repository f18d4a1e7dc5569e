"""When meetings are, and who is invited, as the company's rows say."""

from __future__ import annotations

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Meeting
from kiestoon.company.time.clock import instant_of
from kiestoon.company.time.zones import Zone


def zone_of(index: CompanyIndex, meeting: Meeting) -> Zone:
    """The clock a meeting goes by: that of its organiser's location, else the company's."""
    organiser = index.users.get(meeting.user_id)
    location = index.location_of(organiser) if organiser is not None else None
    return index.arrangements.times.zone(location.id if location is not None else None)


def starts_at(index: CompanyIndex, meeting: Meeting) -> int | None:
    """When it begins (ms since 1970); None for what is no time."""
    return instant_of(zone_of(index, meeting), meeting.start)


def ends_at(index: CompanyIndex, meeting: Meeting) -> int | None:
    """When it ends (ms since 1970); None for what is no time."""
    return instant_of(zone_of(index, meeting), meeting.end)
