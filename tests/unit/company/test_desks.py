"""Who uses a phone: its owner, or whoever has logged in there (DEV-3)."""

from __future__ import annotations

import pytest

from kiestoon.company.desks import can_leave, holder_of, is_bound, other_phones
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Company, CompanyRows, Device, User

ANNA, BEN = (User(id=n, company_id=1, extension=f"10{n}", name=name) for n, name in ((1, "Anna"), (2, "Ben")))


def phone(number: int = 1, **fields: object) -> Device:
    return Device(id=number, company_id=1, username=f"phone-{number}", secret="x", **fields)  # type: ignore[arg-type]


def index(*devices: Device) -> CompanyIndex:
    company = Company(id=1, name="Acme", domain="acme.example")
    return CompanyIndex(CompanyRows(company=company, users=(ANNA, BEN), devices=devices))


@pytest.mark.parametrize(
    ("device", "holder", "bound", "leaves"),
    [
        (phone(), None, False, False),
        (phone(user_id=1), 1, True, False),
        (phone(user_id=1, hot_desk=True), 1, False, False),
        (phone(logged_in_user_id=2), 2, False, True),
        (phone(user_id=1, hot_desk=True, logged_in_user_id=2), 2, False, True),
    ],
    ids=["free", "bound", "shared", "guest on a free one", "guest on a shared one"],
)
def test_the_row_and_what_calls_go_by_say_the_same(
    device: Device, holder: int | None, bound: bool, leaves: bool
) -> None:
    here = index(device)
    for reading in (device, here.devices[device.username]):
        assert (holder_of(reading), is_bound(reading), can_leave(reading)) == (holder, bound, leaves)
    user = here.user_of(here.devices[device.username])
    assert (user.id if user is not None else None) == holder
    assert [each.id for each in here.devices_of(holder or 99)] == ([1] if holder else [])


def test_other_phones_are_desk_phones_in_service() -> None:
    devices = (
        phone(1, user_id=1), phone(2, logged_in_user_id=1), phone(3, user_id=1, kind="mobile"),
        phone(4, user_id=1, active=False), phone(5, user_id=1, hot_desk=True, logged_in_user_id=2),
    )  # fmt: skip
    assert [each.id for each in other_phones(devices, ANNA, here=1)] == [2]
