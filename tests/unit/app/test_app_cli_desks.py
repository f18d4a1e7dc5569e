"""Hot desks and IP listing from the command line: who is where, and which addresses may call outside."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_app_cli_rows import Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path)
    made.run("device", "add", "", "--username", "desk", "--emergency-number", "+31205550100")
    made.run("user", "add", "102", "Bob", "--twinning")
    return made


def where(office: Office) -> dict[str, tuple[str, str]]:
    """Who is on which phone, and how the person came there."""
    return {row["username"]: (row["user"], row["login"]) for row in office.json("device", "list")}


def test_who_is_where_is_listed_and_changed(office: Office) -> None:
    assert where(office) == {"ann": ("Ann", "bound"), "desk": ("", "nobody")}
    assert "Bob is logged in on Hot desk." in office.run("device", "log-in", "desk", "102")
    assert where(office)["desk"] == ("Bob", "logged in")
    assert "Bob" not in office.run("device", "log-out", "desk")
    assert where(office)["desk"] == ("", "nobody")
    assert "Nobody has logged in" in str(office.fail("device", "log-out", "desk"))


def test_a_bound_phone_takes_no_guest_until_it_is_shared(office: Office) -> None:
    assert "bound to user 'Ann'" in str(office.fail("device", "log-in", "ann", "102"))
    office.run("device", "change", "ann", "--hot-desk")
    assert where(office)["ann"] == ("Ann", "automatic")
    office.run("device", "log-in", "ann", "102")
    assert where(office)["ann"] == ("Bob", "logged in")
    assert "Log that person out first" in str(office.fail("device", "change", "ann", "--no-hot-desk"))


def test_a_removed_guest_leaves_the_desk_free(office: Office) -> None:
    office.run("device", "log-in", "desk", "102")
    assert "Nobody is logged in any more on: desk." in office.run("user", "remove", "102", "--yes")
    assert where(office)["desk"] == ("", "nobody")


def test_addresses_are_allowed_listed_and_taken_back(office: Office) -> None:
    office.run("company", "change", "Acme", "--ip-listing")
    assert office.rows()[0].company.ip_listing
    assert "Allowed 192.0.2.16." in office.run("address", "add", "192.0.2.16", "--name", "Hall")
    assert "Allowed 198.51.100.0 to 198.51.100.63." in office.run("address", "add", "198.51.100.0", "198.51.100.63")
    assert "192.0.2.255" in str(office.fail("address", "add", "192.0.2.255", "192.0.2.1"))
    listed = office.json("address", "list")
    assert [(row["first_address"], row["last_address"], row["name"]) for row in listed] == [
        ("192.0.2.16", "", "Hall"), ("198.51.100.0", "198.51.100.63", ""),
    ]  # fmt: skip
    office.run("address", "remove", "192.0.2.16", "--yes")
    assert "not on the list" in str(office.fail("address", "remove", "192.0.2.16", "--yes"))
    office.run("address", "add", "198.51.100.0")
    assert "#2, #3" in str(office.fail("address", "remove", "198.51.100.0", "--yes"))
    office.run("address", "remove", "#3", "--yes")
    assert len(office.rows()[0].allowed_addresses) == 1
