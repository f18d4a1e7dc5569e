"""Writing the sample company into an empty installation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from kiestoon.app.demo.arrangements import write_arrangements
from kiestoon.app.demo.sample import Sample, SampleDepartment, SamplePlace, load_sample
from kiestoon.app.demo.world import OUTSIDE_HOST, TRUNK_NAME
from kiestoon.company.code_presets import DEFAULT_PRESET
from kiestoon.company.model import Company, Department, Device, Location, Menu, Number, Trunk, User
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault, new_secret
from kiestoon.store.load import list_rows
from kiestoon.store.new_company import add_codes
from kiestoon.store.write import Changes, changing

GREETING = str(Path(__file__).parent / "prompts" / "nl" / "menu-welcome.ogg")
"""What callers of the sample company's menu hear first."""


class Login(msgspec.Struct, frozen=True):
    """A sample phone's login, to be shown to the person trying the demo."""

    name: str
    extension: str
    username: str
    password: str


def create_sample(database: Database, vault: Vault, outside_port: int) -> list[Login]:
    """Write the sample company with fresh passwords; [] when the installation has companies already.

    The outside line always follows ``outside_port``, and the menu's greeting this program's folder: both may have
    changed since the last start.
    """
    if list_rows(database, Company):
        _move_line(database, vault, outside_port)
        _find_greeting(database, vault)
        return []
    sample = load_sample()
    with changing(database, vault, acting_user="demo") as changes:
        return _write(sample, outside_port, changes)


def _move_line(database: Database, vault: Vault, port: int) -> None:
    for trunk in list_rows(database, Trunk):
        if trunk.name == TRUNK_NAME and trunk.host == OUTSIDE_HOST and trunk.port != port:
            with changing(database, vault, acting_user="demo") as changes:
                changes.update(msgspec.structs.replace(trunk, port=port))


def _find_greeting(database: Database, vault: Vault) -> None:
    ours = Path(GREETING)
    for menu in list_rows(database, Menu):
        held = Path(menu.greeting)
        if held.parts[-3:] == ours.parts[-3:] and held != ours and not held.exists():
            with changing(database, vault, acting_user="demo") as changes:
                changes.update(msgspec.structs.replace(menu, greeting=GREETING))


def _write(sample: Sample, outside_port: int, changes: Changes) -> list[Login]:
    fields = ("name", "domain", "country", "language", "area_code", "access_code", "extension_digits")
    company = changes.add(
        Company(id=0, emergency_number=sample.emergency_number, **{name: getattr(sample, name) for name in fields})
    )
    add_codes(changes, company, DEFAULT_PRESET)
    places = {place.name: changes.add(_location(place, company)) for place in sample.locations}
    logins = [
        login for group in sample.departments for login in _write_department(sample, company, group, places, changes)
    ]
    for menu, greeting in ((sample.menu, GREETING), (sample.evening_menu, "")):
        changes.add(Menu(id=0, company_id=company.id, greeting=greeting, **msgspec.structs.asdict(menu)))
    write_arrangements(sample, company, changes)
    for e164, extension in sample.numbers.items():
        changes.add(Number(id=0, company_id=company.id, e164=e164, extension=extension))
    changes.add(
        Trunk(
            id=0,
            name=TRUNK_NAME,
            kind="peer",
            host=OUTSIDE_HOST,
            port=outside_port,
            sources=(OUTSIDE_HOST,),
        )
    )
    return logins


def _location(place: SamplePlace, company: Company) -> Location:
    named = bool(place.caller_name)
    return Location(id=0, company_id=company.id, caller_name_for_users=named, **msgspec.structs.asdict(place))


def _write_department(
    sample: Sample, company: Company, group: SampleDepartment, places: dict[str, Location], changes: Changes
) -> list[Login]:
    place = places[group.location]
    department = changes.add(Department(id=0, company_id=company.id, name=group.name, location_id=place.id))
    logins = []
    for extension, name in group.people:
        number = sample.number_base + extension
        shown = place.caller_number or number
        person: dict[str, Any] = {"location_id": place.id, "department_id": department.id, "caller_number": shown}
        user = changes.add(User(id=0, company_id=company.id, extension=extension, name=name, **person))
        changes.add(Number(id=0, company_id=company.id, e164=number, extension=extension, location_id=place.id))
        secret = new_secret()
        phone = f"Telefoon van {name}"
        changes.add(Device(id=0, company_id=company.id, username=extension, secret=secret, name=phone, user_id=user.id))
        logins.append(Login(name, extension, extension, secret))
    return logins
