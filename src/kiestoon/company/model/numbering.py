"""Outside numbers, outside lines, and the number plans that lead numbers to extensions (E 8)."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from kiestoon.company.model.organisation import Encryption
from kiestoon.company.model.row import (
    ADDED,
    CompanyId,
    Extension,
    Label,
    LocalMinute,
    Name,
    Row,
    WeekBlock,
    refers,
)

TrunkKind: TypeAlias = Literal["register", "peer"]
TrunkTransport: TypeAlias = Literal["udp", "tcp", "tls"]


class Trunk(Row, frozen=True):
    """An outside line (RTE-20). ``company_id`` None: shared by every company of the installation.

    ``kind`` "register" logs in at the provider with ``username``/``secret``; "peer" is recognised by ``sources``
    (addresses or CIDR ranges). ``priority``: lower is tried first. ``trusted``: P-Asserted-Identity is sent to it and
    believed from it (RFC 3325). ``number_format``: how it wants numbers. ``max_calls`` 0 = no limit.
    ``emergency_area``: emergency numbers go out with the caller's area code, as "112;phone-context=+3120"
    (RFC 3966 §5.1.5), for a provider that chooses the emergency centre by it.
    """

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    kind: TrunkKind
    host: Annotated[str, Meta(max_length=255)]
    company_id: CompanyId | None = None
    port: Annotated[int, Meta(ge=0, le=65535)] = 0
    transport: TrunkTransport = "udp"
    username: Annotated[str, Meta(max_length=64)] = ""
    secret: Annotated[str, Meta(extra={"secret": True})] = ""
    domain: Annotated[str, Meta(max_length=255)] = ""
    sources: tuple[str, ...] = ()
    priority: int = 10
    max_calls: Annotated[int, Meta(ge=0)] = 0
    trusted: bool = True
    srtp: Encryption = "off"
    number_format: Literal["e164", "plus", "national"] = "plus"
    expires_s: Annotated[int, Meta(ge=60, le=86_400)] = 600
    emergency_area: Annotated[bool, ADDED] = False
    active: bool = True


class Number(Row, frozen=True):
    """An outside number of the company (E.164 with plus).

    ``extension``: it belongs to that extension for good (a personal number, E 10.8.4). "" = number plans say where it
    leads.
    """

    company_id: CompanyId
    e164: Annotated[
        str, Meta(pattern=r"^\+[1-9][0-9]{3,14}$", max_length=16, extra={"e164": True}, examples=["+31201234567"])
    ]
    extension: Extension = ""
    location_id: Annotated[int, refers("locations")] | None = None
    department_id: Annotated[int, refers("departments", "clear")] | None = None


class NumberScheme(Row, frozen=True):
    """A set of plans of which one is active at a time (E 8.1). The main scheme cannot be deleted.

    ``position`` is its number on the phone (915).
    """

    company_id: CompanyId
    name: Name
    position: Annotated[int, Meta(ge=1, le=99)] = 1
    is_main: bool = False
    location_id: Annotated[int, refers("locations")] | None = None


class NumberPlan(Row, frozen=True):
    """Where each number leads while this plan is active; at most 99 in a scheme. ``position`` is its number.

    ``is_fallback``: active when neither an override nor a holiday nor the week's schedule names another.
    """

    company_id: CompanyId
    scheme_id: Annotated[int, refers("number_schemes", "cascade")]
    name: Name
    position: Annotated[int, Meta(ge=1, le=99)] = 1
    is_fallback: bool = False


class PlanOverride(Row, frozen=True):
    """A scheme switched to a plan by hand, until ``until_ms`` (wall clock; 0 = until switched back) (E 8.2.6)."""

    company_id: CompanyId
    scheme_id: Annotated[int, refers("number_schemes", "cascade")]
    plan_id: Annotated[int, refers("number_plans", "cascade")]
    until_ms: Annotated[int, Meta(ge=0, extra={"big": True})] = 0


class PlanMapping(Row, frozen=True):
    """In this plan the number leads to the extension; ``prefix`` goes before the caller's name on the display."""

    company_id: CompanyId
    plan_id: Annotated[int, refers("number_plans", "cascade")]
    number_id: Annotated[int, refers("numbers")]
    extension: Extension
    prefix: Label = ""


class PlanPeriod(Row, frozen=True):
    """The week's schedule: the plan is active during these blocks (E 8.2.5)."""

    company_id: CompanyId
    scheme_id: Annotated[int, refers("number_schemes", "cascade")]
    plan_id: Annotated[int, refers("number_plans", "cascade")]
    blocks: tuple[WeekBlock, ...]


class PlanHoliday(Row, frozen=True):
    """The plan is active from ``start`` until ``end`` on the scheme's clock (E 8.2.4), before the week's schedule.

    Or on every day of a location's holiday list (``holiday_id``), which may hold moving public holidays (RTE-6).
    """

    company_id: CompanyId
    scheme_id: Annotated[int, refers("number_schemes", "cascade")]
    plan_id: Annotated[int, refers("number_plans", "cascade")]
    name: Name
    start: LocalMinute | None = None
    end: LocalMinute | None = None
    holiday_id: Annotated[int, refers("holidays")] | None = None
