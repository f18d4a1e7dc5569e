"""The directory: finding who and what, and swapping companies."""

from __future__ import annotations

import random
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.company.directory import Directory
from kiestoon.company.model import Company, CompanyRows, Department, Device, Location, Menu, Number, Trunk, User


def rows(company_id: int = 1, *, active: bool = True, **belonging: object) -> CompanyRows:
    company = Company(id=company_id, name=f"C{company_id}", domain=f"C{company_id}.example", active=active)
    return CompanyRows(company=company, **belonging)  # type: ignore[arg-type]


def device(number: int, company_id: int = 1, **changes: object) -> Device:
    changes.setdefault("encryption", "optional")
    return Device(id=number, company_id=company_id, username=f"d{number}", secret="s", **changes)  # type: ignore[arg-type]


def trunk(number: int, *sources: str, **changes: object) -> Trunk:
    return Trunk(id=number, name=f"t{number}", kind="peer", host="h", sources=sources, **changes)  # type: ignore[arg-type]


ANN = User(id=7, company_id=1, extension="101", name="Ann", department_id=3)
FULL = rows(
    locations=(Location(id=5, company_id=1, name="Here"),),
    departments=(Department(id=3, company_id=1, name="Sales", location_id=5),),
    users=(ANN,),
    devices=(device(1, user_id=7), device(2, user_id=7), device(3), device(4, user_id=7, active=False)),
    numbers=(Number(id=1, company_id=1, e164="+31205550100", extension="101"),),
    menus=(Menu(id=1, company_id=1, extension="100", name="Welcome"),),
)


def test_everything_is_found_by_what_the_call_path_knows() -> None:
    directory = Directory([FULL])
    assert directory.company(1) is directory.company_by_domain("c1.EXAMPLE")
    assert directory.device("C1.example", "d1") == FULL.devices[0]
    assert directory.device_by_id(3) == FULL.devices[2]
    assert directory.devices_of_user(1, 7) == FULL.devices[:2]
    assert directory.user_by_extension(1, "101") == ANN
    assert directory.menu_by_extension(1, "100") == FULL.menus[0]
    assert directory.number("+31205550100") == FULL.numbers[0]


def test_nothing_is_found_for_strangers() -> None:
    directory = Directory([FULL])
    assert directory.company(2) is directory.company_by_domain("x") is directory.device("x", "d1") is None
    assert directory.device("c1.example", "D1") is None  # user names are case-sensitive (RFC 3261 §19.1.4)
    assert directory.device_by_id(99) is directory.number("+1") is directory.trunk(1) is None
    assert directory.user_by_extension(1, "999") is directory.user_by_extension(2, "101") is None
    assert directory.menu_by_extension(2, "100") is None
    assert directory.devices_of_user(2, 7) == directory.trunks_by_source("192.0.2.1") == ()


def test_a_device_that_follows_its_company_is_found_with_the_companys_encryption() -> None:
    company = Company(id=1, name="C", domain="c.example", encryption="required")
    follower, own = device(1, encryption="company"), device(2, encryption="off")
    directory = Directory([CompanyRows(company=company, devices=(follower, own))])
    found = [directory.device("c.example", name) for name in ("d1", "d2")]
    assert [row.encryption for row in found if row is not None] == ["required", "off"]


def test_a_device_knows_its_user_and_a_user_the_location() -> None:
    index = Directory([FULL]).company(1)
    assert index is not None
    assert index.user_of(FULL.devices[0]) == ANN
    assert index.user_of(FULL.devices[2]) is None
    assert index.location_of(ANN) == FULL.locations[0]
    assert index.location_of(User(id=8, company_id=1, extension="1", name="X")) is None


def test_what_is_switched_off_is_not_found() -> None:
    directory = Directory(
        [rows(active=False, devices=(device(1),), trunks=(trunk(1, "192.0.2.1"),))],
        [trunk(2, "192.0.2.2", active=False)],
    )
    assert directory.device("c1.example", "d1") is None
    assert Directory([FULL]).device("c1.example", "d4") is None
    assert directory.trunks() == ()


def test_replacing_a_company_forgets_its_old_rows_and_leaves_others_alone() -> None:
    directory = Directory([FULL, rows(2, devices=(device(20, 2),))])
    held = directory.company(1)
    moved = Company(id=1, name="C1", domain="new.example")
    directory.replace(CompanyRows(company=moved, devices=(device(9),)))
    assert directory.company_by_domain("c1.example") is directory.device_by_id(1) is None
    assert directory.number("+31205550100") is directory.user_by_extension(1, "101") is None
    assert directory.device("new.example", "d9") is not None
    assert directory.device_by_id(20) is not None
    assert held is not None
    assert held.users_by_extension["101"] == ANN  # whoever held the old picture still has a whole one


def test_a_number_that_moved_to_another_company_survives_the_first_ones_reload() -> None:
    number = Number(id=1, company_id=2, e164="+31205550100", extension="5")
    directory = Directory([FULL])
    directory.replace(rows(2, numbers=(number,)))
    directory.replace(rows(1))
    assert directory.number("+31205550100") == number


def test_a_domain_that_moved_to_another_company_survives_the_first_ones_reload() -> None:
    directory = Directory([rows(), rows(2)])
    directory.replace(CompanyRows(company=Company(id=2, name="C2", domain="c1.example")))
    directory.replace(CompanyRows(company=Company(id=1, name="C1", domain="new.example")))
    assert directory.company_by_domain("c1.example") is directory.company(2)
    assert directory.company_by_domain("new.example") is directory.company(1)


def test_removing_is_final_and_repeatable() -> None:
    directory = Directory([FULL])
    directory.remove(1)
    directory.remove(1)
    assert len(directory) == 0
    assert directory.device_by_id(1) is None


def test_lines_are_ordered_by_priority_own_before_shared() -> None:
    own, backup = trunk(1, priority=10), trunk(2, priority=20)
    shared, other = trunk(3, priority=10), trunk(4, priority=1)
    directory = Directory([rows(trunks=(backup, own)), rows(2, trunks=(other,))], [shared])
    assert directory.trunks_of(1) == (own, shared, backup)
    assert directory.trunks_of(9) == (shared,)
    directory.replace_shared_trunks([])
    assert directory.trunks_of(1) == (own, backup)


def test_the_narrowest_source_range_comes_first() -> None:
    wide, narrow, exact = trunk(1, "192.0.0.0/8"), trunk(2, "192.0.2.0/24"), trunk(3, "192.0.2.7")
    directory = Directory([], [wide, narrow, exact])
    assert directory.trunks_by_source("192.0.2.7") == (exact, narrow, wide)
    assert directory.trunks_by_source("192.0.2.8") == (narrow, wide)
    assert directory.trunks_by_source("10.0.0.1") == ()


@pytest.mark.parametrize("host", ["2001:db8::1", "::ffff:192.0.2.7"])
def test_ipv6_and_mapped_ipv4_sources_are_recognised(host: str) -> None:
    directory = Directory([], [trunk(1, "192.0.2.7", "2001:db8::/32")])
    assert directory.trunks_by_source(host) == (directory.trunk(1),)


@pytest.mark.parametrize("host", ["", "example.org", "999.1.1.1", "1.2.3.4%x", "\x00"])
def test_a_source_that_is_no_address_matches_nothing(host: str) -> None:
    assert Directory([], [trunk(1, "0.0.0.0/0", "not a range")]).trunks_by_source(host) == ()


@given(st.integers(0, 2**32 - 1), st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_ranges_match_as_the_standard_library_says(address: int, seed: int) -> None:
    rng = random.Random(seed)
    sources = [f"{ip_address(address ^ (1 << rng.randrange(32)))}/{rng.randrange(33)}" for _ in range(4)]
    directory = Directory([], [trunk(number, source) for number, source in enumerate(sources)])
    host = str(ip_address(address))
    expected = {number for number, source in enumerate(sources) if ip_address(host) in ip_network(source, strict=False)}
    assert {found.id for found in directory.trunks_by_source(host)} == expected
