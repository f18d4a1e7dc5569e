"""A company of two locations, whose rows are written one after the other in one transaction; what is refused leaves no
trace in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from kiestoon.company import model as m
from kiestoon.store.errors import InvalidRowError
from kiestoon.store.write import Changes


class House:
    """Ann (101) at Here; Bob (102) in Sales, which is at There; Cas (103) nowhere; hunt group 300, LBR 301."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        company = changes.add(m.Company(id=0, name="Acme", domain="acme.example"))
        self.company = company
        self.company_id = company.id
        self.own = {"id": 0, "company_id": company.id}
        self.here = self.add(m.Location, name="Here")
        self.there = self.add(m.Location, name="There")
        self.sales = self.add(m.Department, name="Sales", location_id=self.there.id)
        self.ann = self.add(m.User, extension="101", name="Ann", location_id=self.here.id)
        self.bob = self.add(m.User, extension="102", name="Bob", department_id=self.sales.id)
        self.cas = self.add(m.User, extension="103", name="Cas")
        self.hunt = self.add(m.HuntGroup, extension="300", name="Orders")
        self.lbr = self.add(m.LocationRouting, extension="301", name="By place")

    def add(self, row_type: type[Any], **values: Any) -> Any:
        return self.changes.add(row_type(**{**self.own, **values}))

    def change(self, row: Any, **values: Any) -> Any:
        return self.changes.update(replace(row, **values))

    def meeting_calling(self, number: str) -> Any:
        room = self.add(m.ConferenceRoom, extension="316", name="Room")
        guest = m.Guest(name="Kim", email="kim@client.example", number=number, call=True)
        times = {"start": "2027-01-04T10:00", "end": "2027-01-04T11:00"}
        return self.add(m.Meeting, user_id=self.ann.id, room_id=room.id, name="Talk", guests=(guest,), **times)

    def pack(self, *services: str, licences: int = 0) -> Any:
        name = f"{'+'.join(services) or 'None'} {licences}"
        return self.add(m.ServicePack, name=name, services=services, licences=licences)

    def give(self, pack: Any, extension: str) -> Any:
        return self.add(m.PackAssignment, pack_id=pack.id, extension=extension)

    def place(self, pack: Any, location: Any, licences: int | None = None) -> Any:
        return self.add(m.PackAssignment, pack_id=pack.id, location_id=location.id, licences=licences)

    def hand(self, extension: str, service: str, *, assigned: bool = True) -> Any:
        return self.add(m.ServiceAssignment, extension=extension, service=service, assigned=assigned)

    def refuses(self, work: Callable[[], Any]) -> list[str]:
        """The codes a write is refused with; it must be, and in both languages."""
        try:
            with self.changes.connection.begin_nested():
                work()
        except InvalidRowError as error:
            for problem in error.problems:
                assert all(problem.text(language) and problem.advice(language) for language in ("en", "nl"))
            return [problem.code for problem in error.problems]
        raise AssertionError("it was written")
