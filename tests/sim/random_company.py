"""Random companies that keep every rule of the store: for properties of files, routes and explanations."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import Any

from kiestoon.company import model as m

_NAMES = ("Anna", "Ben", "Zoë / Zürich", "#3", "- on: {x}", "007", "yes", "Łucja 'X'", 'Q "quoted"', "null")
_CASES = ("always", "selective", "busy", "no_answer", "unreachable")
_SERVED = ("users", "menus", "group_extensions", "hunt_groups")
"""What can be given services, and set them up."""
_STATUSES = ("office", "meeting", "sick", "do_not_disturb")

_CALLED = ("mobile",)
"""A kind of number that calls are sent to here: where it is blocked, the store refuses that."""
_OUTSIDE = ("0612345678", "00612345678", "+4930123456")


class Maker:
    """Makes one company, number ``number``, from a seed. ``storable``: nothing in it breaks a rule of the store."""

    def __init__(self, seed: int, number: int = 1, *, several: float = 0.3, storable: bool = False) -> None:
        self.random = Random(seed)
        self.several = several
        """How likely it is that other phones ring for a person."""
        self.company_id = number
        self._ids = {entity.table: count(number * 1000 + 1) for entity in m.ENTITIES}
        self._extension = iter([str(value) for value in self.random.sample(range(200, 900), 60)])
        self.rows: dict[str, list[Any]] = {entity.table: [] for entity in m.BELONGING}
        self.storable = storable
        self.outside = _OUTSIDE if storable else (*_OUTSIDE, "112")

    def make(self) -> m.CompanyRows:
        choose = self.random
        self.company = m.Company(
            id=self.company_id,
            name=choose.choice(_NAMES),
            domain=f"c{self.company_id}.example",
            area_code=choose.choice(("", "020", "010")),
            access_code=choose.choice(("", "0", "9")),
            emergency_number=f"+3120{self.company_id:02}00000",
            max_diversions=choose.randint(1, 10),
            blocked=tuple(choose.sample(("premium", "satellite", *_CALLED[: not self.storable]), choose.randint(0, 2))),
        )
        for step in (self._places, self._time, self._owners, self._numbers, self._members, self._services, self._plans):
            step()
        return self.result()

    def result(self) -> m.CompanyRows:
        """The rows as they are now."""
        if self.storable:
            self._straighten()
        return m.CompanyRows(company=self.company, **{table: tuple(rows) for table, rows in self.rows.items()})

    def edit(self, seed: int) -> m.CompanyRows:
        """Other values, fewer rows, another order of what counts by its order."""
        self.random = Random(seed)
        for table in ("rules", "time_routes", "call_classes", "reach_statuses"):
            self.random.shuffle(self.rows[table])
        for table in ("group_members", "hunt_members", "forwards", "plan_mappings", "location_routes", "reach_cells"):
            rows = self.rows[table]
            self.rows[table] = self.random.sample(rows, len(rows) // 2)
        self._lead()
        schemes = self.rows["number_schemes"]
        positions = [row.position for row in schemes]
        self.rows["number_schemes"] = [
            _with(row, position=position) for row, position in zip(schemes, positions[::-1], strict=True)
        ]
        return self.result()

    # --- parts -----------------------------------------------------------------------------------------------------

    def add(self, row_type: type[Any], **values: Any) -> Any:
        entity = m.BY_ROW[row_type]
        row = row_type(id=next(self._ids[entity.table]), company_id=self.company_id, **values)
        self.rows[entity.table].append(row)
        return row

    def some(self, table: str, default: Any = None) -> Any:
        rows = self.rows[table]
        return self.random.choice(rows).id if rows and self.random.random() < 0.7 else default

    def times(self, most: int) -> range:
        return range(self.random.randint(0, most))

    def extension(self) -> str:
        return self.random.choice(self.extensions)

    @property
    def extensions(self) -> list[str]:
        return [
            row.extension
            for entity in m.BELONGING
            if entity.has_extension
            for row in self.rows[entity.table]
            if row.extension
        ]

    def destination(self, *own: str) -> m.Destination:
        """Anywhere; ``own``: what only people have ("mobile", "external")."""
        kind = self.random.choice(("none", "extension", "extension", "number", "voicemail", "busy", *own))
        if kind == "extension":
            return m.Destination("extension", self.extension())
        if kind == "number":
            return m.Destination("number", self.random.choice(self.outside))
        if kind == "voicemail":
            return m.Destination("voicemail", self.random.choice(("", self.extension())))
        return m.Destination(kind)

    def _straighten(self) -> None:
        """Whoever sends calls back to where they come from sends them outside."""
        own = {row.id: {row.extension} for row in self.rows["users"]}
        for row in self.rows["alternate_numbers"]:
            own[row.user_id].add(row.extension)
        people = {row.extension: own[row.id] for row in self.rows["users"]}
        parts = {"location_routes": "location_routings", "time_routes": "time_routings"}
        out = m.Destination("number", self.outside[0])
        for table, rows in self.rows.items():
            owners = {row.id: row.extension for row in self.rows[parts[table]]} if table in parts else {}
            for at, row in enumerate(rows):
                extension = owners[row.routing_id] if owners else getattr(row, "extension", None) or ""
                back = own.get(getattr(row, "user_id", None) or 0) or people.get(extension, {extension})
                for name in row.__struct_fields__:
                    to = getattr(row, name)
                    if isinstance(to, m.Destination) and to.kind == "extension" and to.target in back:
                        rows[at] = _with(rows[at], **{name: out})

    def blocks(self) -> tuple[m.WeekBlock, ...]:
        days = self.random.sample(range(7), self.random.randint(0, 4))
        pick = self.random.choice
        return tuple(m.WeekBlock(day, pick((0, 485, 540)), pick((720, 1080))) for day in days)

    def _places(self) -> None:
        for number in self.times(3):
            name = f"{self.random.choice(_NAMES)} {number}"
            self.add(m.Location, name=name, area_code=self.random.choice(("", "030")), forward="automatic")
        for number in self.times(3):
            parent = self.some("departments")
            place = self.some("locations") if parent is None else self._place_of(parent)
            self.add(m.Department, name=f"Dept {number}", location_id=place, parent_id=parent)

    def _place_of(self, department_id: int) -> int | None:
        """Where a department is, and so what is in it."""
        return next(row.location_id for row in self.rows["departments"] if row.id == department_id)

    def where(self) -> dict[str, Any]:
        department_id = self.some("departments")
        if department_id is None:
            return {"location_id": self.some("locations"), "department_id": None}
        return {"location_id": self._place_of(department_id), "department_id": department_id}

    def _owners(self) -> None:
        where: dict[str, Any] = {}
        for _ in range(self.random.randint(1, 5)):
            where = self.where()
            name = self.random.choice(_NAMES)
            user = self.add(
                m.User,
                name=name,
                extension=next(self._extension),
                do_not_disturb=self.random.random() < 0.1,
                reject_anonymous=self.random.random() < 0.3,
                blocklist=self.random.choice(((), ("+3120555*", "06?2*"))),
                mobile_number=self.random.choice(("", "+31612345678")),
                profile=self.random.choice(("fixed", "combi")),
                external_number=self.random.choice(("", "+31201234567")),
                area_code=self.random.choice(("", "0299")),
                **where,
            )
            for _ in self.times(2):
                self._device(user)
        for row_type in (m.Menu, m.GroupExtension, m.HuntGroup, m.LocationRouting, m.TimeRouting, m.CallLimit,
                         m.ForwardExtension):  # fmt: skip
            for _ in self.times(2):
                self.add(row_type, name=self.random.choice(_NAMES), extension=next(self._extension), **where)
        self._lead()

    def _device(self, user: Any) -> None:
        number = len(self.rows["devices"])
        kind = self.random.choice(("fixed", "mobile", "web"))
        secret = "secret-of-a-phone-" + str(number)
        name = f"phone{number}"
        self.add(m.Device, username=name, secret=secret, user_id=user.id, kind=kind, encryption="optional")

    def _lead(self) -> None:
        """Where the virtual users send calls: known only when all of them are there."""
        fields = {
            "location_routings": ("default_to", "withheld_to", "mobile_to"),
            "time_routings": ("failover_to",),
            "call_limits": ("within_to", "over_to"),
            "forward_extensions": ("to",),
            "hunt_groups": ("no_answer_to", "busy_to", "unreachable_to"),
            "group_extensions": ("forward_busy", "forward_no_answer"),
            "locations": ("forward_to",),
        }
        for table, names in fields.items():
            self.rows[table] = [_with(row, **{name: self.destination() for name in names}) for row in self.rows[table]]
        self.rows["group_extensions"] = [
            _with(row, individual_forwarding=self.random.random() < 0.7, no_answer_s=self.random.choice((12, 30, 120)),
                  **self._of_members())
            for row in self.rows["group_extensions"]
        ]  # fmt: skip
        self.rows["hunt_groups"] = [
            _with(row, policy=self.random.choice(("regular", "circular", "uniform", "simultaneous")),
                  **self._of_members())
            for row in self.rows["hunt_groups"]
        ]  # fmt: skip

    def _of_members(self) -> dict[str, bool]:
        return {"individual_ringing": self.random.random() < 0.5, "confirm": self.random.random() < 0.5}

    def _numbers(self) -> None:
        for number in range(self.random.randint(1, 6)):
            extension = self.extension() if self.random.random() < 0.4 else ""
            e164 = f"+3120{self.company_id:02}00{number:03}"
            self.add(m.Number, e164=e164, extension=extension, location_id=self.some("locations"))
        free = [row for row in self.rows["numbers"] if not row.extension]
        if free and self.random.random() < 0.5:
            self.add(m.AlternateNumber, user_id=self.rows["users"][0].id, number_id=free[0].id, ring_pattern=2)
        if self.random.random() < 0.5:
            self.add(m.AlternateNumber, user_id=self.rows["users"][0].id, extension=next(self._extension))
        for number in self.times(2):
            self.add(
                m.Trunk,
                name=f"line {self.company_id}.{number}",
                kind="peer",
                host="192.0.2.1",
                sources=("192.0.2.0/24",),
            )

    def _members(self) -> None:
        able = [row.extension for table in ("users", "forward_extensions") for row in self.rows[table]]
        for group in self.rows["group_extensions"]:
            for extension in self.random.sample(able, min(3, len(able))):
                self.add(m.GroupMember, group_id=group.id, extension=extension)
        for group in self.rows["hunt_groups"]:
            for position, extension in enumerate(self.random.sample(able, min(3, len(able)))):
                self.add(m.HuntMember, hunt_group_id=group.id, extension=extension, position=position)
        for routing in self.rows["location_routings"]:
            matches = ("1012", "35", "9") if routing.by == "postcode" else ("020", "06", "+49")
            for match in self.random.sample(matches, 2):
                self.add(m.LocationRoute, routing_id=routing.id, match=match, to=self.destination())
        for routing in self.rows["time_routings"]:
            for _ in self.times(3):
                days = sorted(self.random.choices(range(7), k=2))
                start, end = self.random.choice(((0, 1440), (540, 1020), (1200, 300)))
                self.add(m.TimeRoute, routing_id=routing.id, start_day=days[0], end_day=days[1], start=start, end=end,
                         to=self.destination())  # fmt: skip

    def _time(self) -> None:
        for number in self.times(2):
            self.add(m.Schedule, name=f"Hours {number}", location_id=self.some("locations"), blocks=self.blocks())
        for number in self.times(2):
            days = (m.HolidayDay("Closing", "2026-08-03", "2026-08-14"), m.HolidayDay("Easter", public="Easter Monday"))
            self.add(m.Holiday, name=f"Days {number}", location_id=self.some("locations"), days=days)

    def _services(self) -> None:
        served = [row.extension for table in _SERVED for row in self.rows[table]]
        for extension in self.random.sample(served, min(3, len(served))):
            for case in self.random.sample(_CASES, self.random.randint(1, 3)):
                self.add(m.Forward, extension=extension, case=case, to=self.destination(),
                         voicemail=self.random.random() < 0.3)  # fmt: skip
        for number in self.times(4):
            self.add(
                m.Rule,
                name=f"Rule {number}",
                extension=self.random.choice(served),
                service=self.random.choice(("selective_forward", "selective_accept", "selective_reject")),
                schedule_id=self.some("schedules"),
                kinds=tuple(self.random.sample(("internal", "external", "private"), self.random.randint(0, 2))),
                to=self.destination(),
                applies=self.random.random() < 0.8,
            )
        for user in self.rows["users"]:
            if self.random.random() < 0.3:
                self.add(m.Presence, user_id=user.id, status=self.random.choice(_STATUSES))
                self.add(m.StatusForward, user_id=user.id, status="meeting", to=self.destination("mobile", "external"))
            if self.random.random() < 0.3:
                self._reach(user)
            if self.random.random() < self.several:
                self._several_phones(user)

        self._licences()

    def _several_phones(self, user: Any) -> None:
        """Numbers that ring along with the person's phones, and after them."""
        chance = self.random.random
        self.add(m.SimultaneousRinging, user_id=user.id, active=chance() < 0.9,
                 ring_when=self.random.choice(("always", "busy", "free")))  # fmt: skip
        self.add(m.SequentialRinging, user_id=user.id, active=chance() < 0.9, base_first=chance() < 0.7,
                 continue_if_busy=chance() < 0.5, caller_may_stop=chance() < 0.5)  # fmt: skip
        if chance() < 0.2:
            self.add(m.RemoteOffice, user_id=user.id, number=self.random.choice(("0611112222", "+49301234567")),
                     active=chance() < 0.9, confirm=chance() < 0.5)  # fmt: skip
        if chance() < 0.2:
            group = self.add(m.PrivacyGroup, name=f"Assistants of {user.extension}")
            self.add(m.AssistantGroup, user_id=user.id, group_id=group.id, active=chance() < 0.8)
            people = [row.extension for row in self.rows["users"]]
            for extension in self.random.sample(people, self.random.randint(1, len(people))):
                self.add(m.PrivacyMember, group_id=group.id, extension=extension)
        for service in ("simultaneous", "sequential"):
            if service == "sequential" or chance() < 0.3:
                kinds = tuple(self.random.sample(("internal", "external"), self.random.randint(0, 2)))
                self.add(m.Rule, name=f"Ring {service}", service=f"{service}_ringing", extension=user.extension,
                         kinds=kinds)  # fmt: skip
            for position in range(1, self.random.randint(1, 4)):
                self.add(m.RingNumber, user_id=user.id, service=service, position=position, to=self.telephone(),
                         confirm=chance() < 0.5)  # fmt: skip

    def telephone(self) -> m.Destination:
        """What can ring."""
        people = [row.extension for row in self.rows["users"]]
        number = self.random.choice(("0612345678", "00612345678", "+4930123456", *people))
        kind = self.random.choice(("mobile", "external", "number"))
        if number in people:
            return m.Destination("extension", number)
        return m.Destination(kind, number if kind == "number" else "")

    def _licences(self) -> None:
        """Of services that nothing here needs: who has them changes no call."""
        people = [row.extension for row in self.rows["users"]]
        for services, licences in ((("call_recording", "receptionist"), 0), (("hot_desking",), len(people))):
            pack = self.add(m.ServicePack, name=f"Pack {services[0]}", services=services, licences=licences)
            for extension in self.random.sample(people, self.random.randint(0, len(people))):
                self.add(m.PackAssignment, pack_id=pack.id, extension=extension)
        for extension in self.random.sample(people, min(2, len(people))):
            self.add(m.ServiceAssignment, extension=extension, service="remote_office",
                     assigned=self.random.random() < 0.5)  # fmt: skip

    def _reach(self, user: Any) -> None:
        for name in ("Work", "Home"):
            busy = self.random.choice(("automatic", "busy"))
            self.add(m.ReachStatus, user_id=user.id, name=name, blocks=self.blocks(), availability=busy)
        for name in ("VIP", "Rest"):
            self.add(m.CallClass, user_id=user.id, name=name, prefixes=("+31", "06")[: self.random.randint(0, 2)])
        for name in ("Default", "Quiet"):
            self.add(m.ReachProfile, user_id=user.id, name=name, is_default=name == "Default",
                     forward_busy=self.destination("mobile"),
                     devices=self.random.choice((None, ("mobile",))),
                     assistants=self.random.choice((None, True, False)))  # fmt: skip
        profiles = [row.id for row in self.rows["reach_profiles"] if row.user_id == user.id]
        for status in (*(row.id for row in self.rows["reach_statuses"] if row.user_id == user.id), None):
            self.add(m.ReachCell, user_id=user.id, profile_id=self.random.choice(profiles), status_id=status)

    def _plans(self) -> None:
        for position in range(self.random.randint(1, 2)):
            scheme = self.add(m.NumberScheme, name=f"Scheme {position}", position=position + 1, is_main=not position)
            plans = [
                self.add(m.NumberPlan, scheme_id=scheme.id, name=name, position=number, is_fallback=number == 2)
                for number, name in enumerate(("Day", "Night", "Closed"), 1)
            ]
            self.add(m.PlanPeriod, scheme_id=scheme.id, plan_id=plans[0].id, blocks=self.blocks())
            self.add(m.PlanHoliday, scheme_id=scheme.id, plan_id=plans[2].id, name="Summer",
                     start="2026-08-01T00:00", end="2026-08-15T00:00")  # fmt: skip
            taken = {row.number_id for row in self.rows["plan_mappings"]}
            taken |= {row.number_id for row in self.rows["alternate_numbers"]}
            for number in self.rows["numbers"]:
                if number.extension or number.id in taken or self.random.random() < 0.3:
                    continue
                for plan in plans:
                    self.add(m.PlanMapping, plan_id=plan.id, number_id=number.id, extension=self.extension())


def _with(row: Any, **values: Any) -> Any:
    from msgspec.structs import replace

    return replace(row, **values)
