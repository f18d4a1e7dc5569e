"""Writing the sample company into an empty installation."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from kiestoon.app.demo.world import OUTSIDE_HOST, TRUNK_NAME
from kiestoon.company.model import Company, Department, Device, Location, Menu, Number, Trunk, User
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault, new_secret
from kiestoon.store.load import list_rows
from kiestoon.store.write import Changes, changing

GREETING = str(Path(__file__).parent / "prompts" / "nl" / "menu-welcome.ogg")
"""What callers of the sample company's menu hear first."""


class _Department(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    location: str
    people: list[tuple[str, str]]


class _Place(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    area_code: str


class _Menu(msgspec.Struct, forbid_unknown_fields=True):
    extension: str
    name: str
    fallback_extension: str


class Sample(msgspec.Struct, forbid_unknown_fields=True):
    """The sample file."""

    name: str
    domain: str
    country: str
    language: str
    area_code: str
    access_code: str
    extension_digits: int
    emergency_number: str
    main_number: str
    number_base: str
    menu: _Menu
    locations: list[_Place]
    departments: list[_Department]
    numbers: dict[str, str]


class Login(msgspec.Struct, frozen=True):
    """A sample phone's login, to be shown to the person trying the demo."""

    name: str
    extension: str
    username: str
    password: str


def load_sample() -> Sample:
    """The sample company as it is shipped."""
    return msgspec.toml.decode(files(__package__).joinpath("kiestadt.toml").read_bytes(), type=Sample)


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
    places = {
        place.name: changes.add(Location(id=0, company_id=company.id, name=place.name, area_code=place.area_code))
        for place in sample.locations
    }
    logins = [
        login for group in sample.departments for login in _write_department(sample, company, group, places, changes)
    ]
    changes.add(Menu(id=0, company_id=company.id, greeting=GREETING, **msgspec.structs.asdict(sample.menu)))
    for e164, extension in {sample.main_number: sample.menu.extension, **sample.numbers}.items():
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


def _write_department(
    sample: Sample, company: Company, group: _Department, places: dict[str, Location], changes: Changes
) -> list[Login]:
    place = places[group.location]
    department = changes.add(Department(id=0, company_id=company.id, name=group.name, location_id=place.id))
    logins = []
    for extension, name in group.people:
        number = sample.number_base + extension
        person: dict[str, Any] = {"location_id": place.id, "department_id": department.id, "caller_number": number}
        user = changes.add(User(id=0, company_id=company.id, extension=extension, name=name, **person))
        changes.add(Number(id=0, company_id=company.id, e164=number, extension=extension, location_id=place.id))
        secret = new_secret()
        phone = f"Telefoon van {name}"
        changes.add(Device(id=0, company_id=company.id, username=extension, secret=secret, name=phone, user_id=user.id))
        logins.append(Login(name, extension, extension, secret))
    return logins
