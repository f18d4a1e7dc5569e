"""A company with everything arranged that routing knows: what the wire tests of arrangements call.

Its phones stand in banks, each one SIPp that takes the calls of many: 2xx answer, 3xx are busy, 4xx ring and nobody
comes, 5xx have never registered. 1xx are people who call. 6xx to 9xx are numbers without a phone.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec
from bench.lib.exchange import Exchange, Site
from bench.peers.process import free_port
from bench.peers.sipp import Sipp
from ladder import Ladder

from kiestoon.company.model import (
    AlternateNumber,
    CallClass,
    CallLimit,
    Destination,
    Device,
    FeatureCode,
    Forward,
    ForwardCase,
    ForwardExtension,
    GroupExtension,
    GroupMember,
    Holiday,
    HolidayDay,
    HuntGroup,
    HuntMember,
    HuntPolicy,
    Location,
    LocationRoute,
    LocationRouting,
    Menu,
    Number,
    NumberPlan,
    NumberScheme,
    PlanHoliday,
    PlanMapping,
    PlanOverride,
    PlanPeriod,
    Presence,
    ReachCell,
    ReachOverride,
    ReachProfile,
    ReachStatus,
    Row,
    Rule,
    StatusForward,
    TimeRoute,
    TimeRouting,
    User,
    WeekBlock,
)
from kiestoon.store.database import Database
from kiestoon.store.installation import open_vault
from kiestoon.store.rules.peek import Peek
from kiestoon.store.write import Changes, changing

RowT = TypeVar("RowT", bound=Row)

ANSWERING = ("127.0.1.1", free_port("127.0.1.1"))
BUSY = ("127.0.1.2", free_port("127.0.1.2"))
SILENT = ("127.0.1.3", free_port("127.0.1.3"))
LINE = ("127.0.0.21", free_port("127.0.0.21"))
DOUBTFUL_LINE = "127.0.0.22"
"""Where calls come in over a line that is not trusted."""

CALLERS = tuple(str(number) for number in range(101, 110))
BANKS = {
    ANSWERING: tuple(str(number) for number in range(201, 256)),
    BUSY: ("301", "302", "303"),
    SILENT: ("401", "402", "403", "404", "405", "406"),
}
AWAY = ("501", "502")
ZONE = ZoneInfo("Europe/Amsterdam")
LAST_WAY_OUT = "+31205555555"
"""The company's number for emergency calls of people who have none."""


def e164(short: str) -> str:
    """The company's outside number for an extension."""
    return f"+31207000{short}"


def to(target: str) -> Destination:
    """Inside when it looks so."""
    return Destination("extension" if len(target) == 3 else "number", target)


def _people() -> Iterable[str]:
    yield from CALLERS
    for bank in BANKS.values():
        yield from bank
    yield from AWAY


PEOPLE = tuple(_people())
_NO_NUMBER = ("104", "105", "107", "108", "109")
ARRANGED = Site(
    name="Arranged",
    domain="arranged.example",
    extensions=PEOPLE,
    numbers={e164(each): each for each in PEOPLE if each not in _NO_NUMBER},
    users={
        "101": {"caller_number": e164("101"), "dynamic_numbers": ("+31207000131", "+31207000132")},
        "103": {"blocked": ("mobile",)},
        "106": {"hide_number": True},
        "107": {"emergency_number": "+31207000197"},
        "204": {"follows_location_forward": False},
        "222": {"reject_anonymous": True},
        "223": {"do_not_disturb": True},
        "224": {"do_not_disturb": True},
        "225": {"forwarded_signal": "all"},
        "226": {"forwarded_signal": "internal"},
        "227": {"hide_connected": True},
        "228": {"connected_privacy": "external"},
        "246": {"mobile_number": "+31612000246"},
        "249": {"blocklist": ("+3169*",)},
        "254": {"mobile_number": "+31612000254"},
        "406": {"do_not_disturb": True, "do_not_disturb_reminder": True},
    },
    devices={"108": {"emergency_number": "+31207000198"}},
    trunks=(
        {"name": "line", "kind": "peer", "host": LINE[0], "port": LINE[1], "sources": (LINE[0],)},
        {"name": "doubtful", "kind": "peer", "host": DOUBTFUL_LINE, "port": 5099, "sources": (DOUBTFUL_LINE,),
         "priority": 90, "trusted": False},
    ),
    company={
        "area_code": "020", "caller_number": e164("100"), "emergency_number": LAST_WAY_OUT, "blocked": ("premium",),
    },
)  # fmt: skip
"""Emergency numbers: 101 has one of its own, 107 a fallback, 108's phone one, 109 none."""

LOOP = ("127.0.0.23", free_port("127.0.0.23"))
"""A provider that brings every call back (``looping``)."""
LOOP_SITES = tuple(
    Site(
        name=f"Loop {own}", domain=f"loop{own}.example", extensions=("201",), numbers={f"+3120710000{own}": "201"},
        trunks=({"name": f"loop {own}", "kind": "peer", "host": LOOP[0], "port": LOOP[1], "sources": (LOOP[0],)},),
        company={"area_code": "020"},
    )
    for own in (1, 2)
)  # fmt: skip
"""Two companies; the one person of each forwards to the other company's number."""

AREAS_LINE = ("127.0.0.24", free_port("127.0.0.24"))
AREAS = Site(
    name="Areas", domain="areas.example", extensions=("101", "102"), numbers={"+31208000101": "101"},
    users={"102": {"area_code": "010"}},
    trunks=({"name": "areas", "kind": "peer", "host": AREAS_LINE[0], "port": AREAS_LINE[1],
             "sources": (AREAS_LINE[0],), "emergency_area": True},),
    company={"area_code": "020", "emergency_number": "+31208000101"},
)  # fmt: skip
"""A company whose provider is told where emergency calls come from. 102 sits in Rotterdam."""

NOBODYS_PHONE = ("shared-desk", "secret-of-a-phone-without-a-person")


def fill(changes: Changes) -> None:
    """Everything beside people and their phones."""
    _Writer(changes).write()
    for company_id, other in ((2, 2), (3, 1)):
        target = Destination("number", f"020710000{other}")
        changes.add(Forward(id=0, company_id=company_id, extension="201", case="always", to=target))
        group = changes.add(GroupExtension(id=0, company_id=company_id, extension="300", name="Round and round"))
        changes.add(Number(id=0, company_id=company_id, e164=f"+3120710010{3 - other}", extension="300"))
        for member in ("301", "302"):
            target = Destination("number", f"020710010{other}")
            changes.add(ForwardExtension(id=0, company_id=company_id, extension=member, name="Out", to=target))
            changes.add(GroupMember(id=0, company_id=company_id, group_id=group.id, extension=member))


class _Writer:
    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.company_id = 1

    def add(self, kind: type[RowT], **fields: object) -> RowT:
        return self.changes.add(kind(id=0, company_id=self.company_id, **fields))  # type: ignore[arg-type]

    def write(self) -> None:
        """In the order of the tests."""
        self._numbers()
        self._plans()
        self._time_routing()
        self._place_routing()
        self._limits_and_onward()
        self._locations()
        self._forwards()
        self._reachability()
        self._hunts()
        self._groups()
        username, secret = NOBODYS_PHONE
        self.add(Device, username=username, secret=secret, emergency_number="+31207000199")
        for feature, code in (("caller_id_hide", "#31#"), ("caller_id_1", "#30#"), ("caller_id_2", "#32#")):
            self.add(FeatureCode, feature=feature, code=code)

    def _numbers(self) -> None:
        self.add(Number, e164=e164("100"))
        for dynamic in ARRANGED.users["101"]["dynamic_numbers"]:
            self.add(Number, e164=dynamic)

    def virtual(self, kind: type[RowT], extension: str, **fields: object) -> RowT:
        """An extension without a person, with an outside number."""
        row = self.add(kind, extension=extension, name=f"Number {extension}", **fields)
        self.add(Number, e164=e164(extension), extension=extension)
        return row

    # --- time ---

    def _plans(self) -> None:
        """Each scheme leads its number to another phone in the plan that should be active than in the others."""
        here = datetime.now(ZONE)
        always, never = (WeekBlock(0, 0, 7 * 1440),), (WeekBlock((here.weekday() + 3) % 7, 0, 1440),)
        self.scheme("611", "in hours", always, inside="201", fallback="202")
        self.scheme("612", "out of hours", never, inside="201", fallback="202")
        scheme, plans = self.scheme("613", "holiday", always, inside="201", fallback="202", holiday="230")
        ends = (f"{here + timedelta(days=days):%Y-%m-%dT00:00}" for days in (-1, 2))
        self.add(PlanHoliday, scheme_id=scheme, plan_id=plans["holiday"], name="Moved house",
                 **dict(zip(("start", "end"), ends, strict=True)))  # fmt: skip
        scheme, plans = self.scheme("614", "listed holiday", always, inside="201", fallback="202", holiday="205")
        days = tuple(f"{here + timedelta(days=days):%Y-%m-%d}" for days in (0, 1))
        listed = self.add(Holiday, name="Local feast", days=(HolidayDay("Relief", *days),))
        self.add(PlanHoliday, scheme_id=scheme, plan_id=plans["holiday"], name="Local feast", holiday_id=listed.id)
        scheme, plans = self.scheme("615", "by hand", always, inside="201", fallback="202", override="206")
        self.add(PlanOverride, scheme_id=scheme, plan_id=plans["override"])
        scheme, plans = self.scheme("616", "switched back", always, inside="201", fallback="202", override="206")
        self.add(PlanOverride, scheme_id=scheme, plan_id=plans["override"], until_ms=int(time.time() * 1000) - 60_000)
        self.scheme("617", "closed", never, inside="201")
        self.scheme("618", "to be switched", always, inside="201", fallback="202")

    def scheme(self, number: str, name: str, blocks: tuple[WeekBlock, ...], **leads: str) -> tuple[int, dict[str, int]]:
        """A scheme in whose plan "inside" these blocks are, and where each of its plans leads the number."""
        scheme = self.add(NumberScheme, name=name, position=int(number) - 610, is_main=number == "611")
        row = self.add(Number, e164=e164(number))
        plans: dict[str, int] = {}
        for place, (plan, extension) in enumerate(leads.items(), 1):
            added = self.add(NumberPlan, scheme_id=scheme.id, name=f"{name} {plan}", position=place,
                             is_fallback=plan == "fallback")  # fmt: skip
            plans[plan] = added.id
            self.add(PlanMapping, plan_id=added.id, number_id=row.id, extension=extension, prefix=plan)
        self.add(PlanPeriod, scheme_id=scheme.id, plan_id=plans["inside"], blocks=blocks)
        return scheme.id, plans

    def _time_routing(self) -> None:
        today = datetime.now(ZONE).weekday()
        for extension, day in (("621", today), ("622", (today + 3) % 7)):
            row = self.virtual(TimeRouting, extension, failover_to=to("208"))
            last = (day + 1) % 7 if day == today else day  # the test may run into the next day
            span = {"start_day": 0, "end_day": 6} if last < day else {"start_day": day, "end_day": last}
            self.add(TimeRoute, routing_id=row.id, start=0, end=1440, to=to("207"), **span)

    # --- place ---

    def _place_routing(self) -> None:
        by_area = self.virtual(
            LocationRouting, "631", by="area_code", default_to=to("213"), default_prefix="Elsewhere",
            withheld_to=to("211"), mobile_to=to("212"), mobile_prefix="Mobile",
        )  # fmt: skip
        by_caller = self.virtual(LocationRouting, "632", by="caller", default_to=to("213"))
        by_called = self.virtual(LocationRouting, "633", by="called", default_to=to("213"))
        self.add(Number, e164="+31207000639", extension="633")
        postcode = self.virtual(LocationRouting, "634", by="postcode", default_to=to("213"))
        for routing, match, target, prefix in (
            (by_area, "030", "209", "Utrecht"), (by_area, "0302", "210", "Utrecht East"),
            (by_caller, "+31303", "209", ""), (by_called, "+31207000639", "210", ""),
            (postcode, "10", "209", "Amsterdam"), (postcode, "1012", "210", "Centre"),
        ):  # fmt: skip
            self.add(LocationRoute, routing_id=routing.id, match=match, to=to(target), prefix=prefix)

    # --- onward ---

    def _limits_and_onward(self) -> None:
        self.virtual(CallLimit, "641", limit=1, within_to=to("214"), over_to=to("215"))
        self.virtual(CallLimit, "642", limit=1, within_to=to("0612000642"), caller_id="called")
        self.virtual(ForwardExtension, "651", to=to("0612000651"), caller_id="caller")
        self.virtual(ForwardExtension, "652", to=to("0612000652"), caller_id="called")
        self.virtual(
            ForwardExtension, "653", to=to("0612000653"), caller_id="number", caller_number=e164("100")
        )  # fmt: skip

    def _locations(self) -> None:
        closed = self.add(Location, name="Closed office", forward="on", forward_to=to("216"))
        hall = self.add(Location, name="Hall", caller_number="+31207000191")
        self.add(Number, e164="+31207000191")
        by_rule = self.add(Location, name="By rule", forward="automatic", forward_to=to("216"))
        self.add(Rule, service="location_forward", name="Utrecht", location_id=by_rule.id, patterns=("+3130*",))
        for extension, location in (("203", closed), ("204", closed), ("217", by_rule), ("104", hall)):
            self.alter(extension, location_id=location.id)

    def alter(self, extension: str, **fields: object) -> None:
        """Change a person."""
        user = Peek(self.changes.connection, self.company_id).find(User, extension=extension)[0]
        self.changes.update(msgspec.structs.replace(user, **fields))

    def forward(self, extension: str, case: ForwardCase, target: str, **more: object) -> None:
        self.add(Forward, extension=extension, case=case, to=to(target), **more)

    def _forwards(self) -> None:
        self.forward("218", "always", "219")
        self.forward("220", "selective", "219")
        self.add(Rule, service="selective_forward", name="Mobiles", extension="220", patterns=("+316*",))
        self.forward("301", "busy", "219")
        self.forward("401", "no_answer", "219", rings=2)
        self.forward("501", "unreachable", "219")
        self.forward("223", "busy", "219")
        self.forward("225", "always", "219")
        self.forward("226", "always", "219")
        self.forward("228", "always", "219")
        self.forward("229", "always", "0612000229")
        self.forward("302", "busy", "229")
        self.forward("250", "always", "219", ring_reminder=True)
        self.forward("405", "always", "219", ring_reminder=True)
        self.forward("406", "busy", "219")
        self.add(Forward, extension="254", case="always", to=Destination("mobile"))
        self.add(Rule, service="selective_reject", name="Mobiles", extension="251", patterns=("+316*",))
        self.forward("231", "always", "232")
        self.forward("232", "always", "231")
        second = self.add(Number, e164=e164("661"))
        self.add(AlternateNumber, user_id=PEOPLE.index("221") + 1, number_id=second.id, ring_pattern=3)
        self.add(AlternateNumber, user_id=PEOPLE.index("221") + 1, extension="662", ring_pattern=2)

    def _reachability(self) -> None:
        who = {extension: PEOPLE.index(extension) + 1 for extension in ("245", "246", "247", "255")}
        self.add(ReachProfile, user_id=who["245"], name="Usual", is_default=True)
        away = self.add(ReachProfile, user_id=who["245"], name="Family first", forward_always=to("219"))
        family = self.add(CallClass, user_id=who["245"], name="Family", numbers=("+31611111111",))
        self.add(ReachCell, user_id=who["245"], profile_id=away.id, call_class_id=family.id)
        self.add(ReachProfile, user_id=who["246"], name="Both", is_default=True, devices=("fixed", "mobile"))
        self.add(Presence, user_id=who["247"], status="meeting")
        self.add(StatusForward, user_id=who["247"], status="meeting", to=to("219"))
        self.add(Rule, service="selective_accept", name="Utrecht", extension="248", patterns=("+3130*",))
        self.add(ReachProfile, user_id=who["255"], name="Usual", is_default=True, forward_busy=to("219"))
        busy = self.add(ReachStatus, user_id=who["255"], name="At a customer's", availability="busy")
        self.add(ReachOverride, user_id=who["255"], status_id=busy.id)

    # --- groups ---

    def hunt(
        self, extension: str, policy: HuntPolicy, members: Iterable[str | tuple[str, int]], **more: object
    ) -> None:
        row = self.virtual(HuntGroup, extension, policy=policy, **more)
        for position, member in enumerate(members):
            number, weight = member if isinstance(member, tuple) else (member, 0)
            self.add(HuntMember, hunt_group_id=row.id, extension=number, position=position, weight=weight)

    def _hunts(self) -> None:
        self.hunt("711", "regular", ("303", "233", "234"))
        self.hunt("712", "circular", ("235", "236", "237"))
        self.hunt("713", "uniform", ("238", "239", "240"))
        self.hunt("714", "weighted", (("241", 60), ("242", 40)))
        self.hunt("715", "simultaneous", ("402", "403", "243"))
        self.hunt("716", "regular", ("404", "244"), rings=2)
        self.hunt("717", "regular", ("501", "502"), unreachable_to=to("219"))
        self.hunt("718", "regular", ("301", "303"), busy_to=to("219"))
        self.hunt("719", "circular", ("501", "651"), prefix_name=False)
        self.hunt("720", "regular", ("501",), forwarded_signal="all", connected_privacy="all")
        self.forward("720", "selective", "219")
        self.add(Rule, service="selective_forward", name="Mobiles", extension="720", patterns=("+316*",))

    def _groups(self) -> None:
        for extension, members, more in (
            ("721", ("243", "402"), {"show": "called"}),
            ("722", ("403",), {"no_answer_s": 8, "forward_no_answer": to("219")}),
            ("723", ("301", "303"), {"forward_busy": to("219")}),
            ("724", ("402",), {"forward_always": to("0612000724"), "show": "called"}),
            ("725", ("218", "403"), {"individual_forwarding": True}),
        ):  # fmt: skip
            row = self.virtual(GroupExtension, extension, **more)
            for member in members:
                self.add(GroupMember, group_id=row.id, extension=member)
        self.virtual(Menu, "731")
        self.forward("731", "always", "219")
        self.virtual(Menu, "732")
        self.add(Rule, service="selective_reject", name="Mobiles", extension="732", patterns=("+316*",))


# --- ladders ---------------------------------------------------------------------------------------------------------


def bank(name: str = "answering") -> Ladder:
    """Phones that answer; ring first."""
    return Ladder(name, "phone", "", ARRANGED.domain).ring_and_answer().byed()


def busy_bank() -> Ladder:
    """Phones that refuse with busy."""
    return Ladder("busy", "phone", "", ARRANGED.domain).invited().respond_invite(486, "Busy Here").await_request("ACK")


def silent_bank() -> Ladder:
    """Phones that ring until they are told to stop."""
    ladder = Ladder("silent", "phone", "", ARRANGED.domain).invited().respond_invite(180, "Ringing")
    ladder = ladder.await_request("CANCEL").respond(200, "OK")
    return ladder.respond_invite(487, "Request Terminated").await_request("ACK")


def number_of(text: str) -> str:
    """The user part of an address or of a request's first line."""
    return text.partition("sip:")[2].partition("@")[0]


def reached(party: Sipp) -> dict[str, str]:
    """Whom a bank was asked for, by the caller's number (or as whose call it was shown)."""
    found = {}
    for invite in party.received("INVITE"):
        found[number_of(invite.header("From"))] = number_of(invite.text.splitlines()[0])
    return found


def reached_in_order(party: Sipp) -> list[str]:
    """Whom a bank was asked for, call after call."""
    return [number_of(invite.text.splitlines()[0]) for invite in party.received("INVITE")]


def write(exchange: Exchange, *rows: Row) -> float:
    """Write changed or (without an id) new rows; how long it took until they were in force, seconds."""
    database = Database(exchange.settings.database_url)
    vault = open_vault(database, exchange.settings.key_path)
    try:
        with changing(database, vault, acting_user="wire test") as changes:
            for row in rows:
                if row.id:
                    changes.update(row)
                else:
                    changes.add(row)
        written = time.perf_counter()
        exchange.ask("reload")
        return time.perf_counter() - written
    finally:
        database.close()
