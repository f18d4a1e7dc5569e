"""Changing companies and people, and taking rows away: what follows, what goes along, and who is asked."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from test_app_cli_rows import Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


# --- changing --------------------------------------------------------------------------------------------------------


def test_a_company_is_changed_in_what_was_given_only(office: Office) -> None:
    before = office.rows()[0].company
    told = office.run(
        "company", "change", "Acme", "--name", "Acme Ltd", "--domain", "Phones.acme.EXAMPLE", "--area-code", "020",
        "--access-code", "", "--emergency-number", "+31205550100", "--encryption", "required", "--country", "be",
    )  # fmt: skip
    after = office.rows()[0].company
    assert (after.id, after.language, after.active) == (before.id, before.language, True)
    assert (after.name, after.domain, after.country, after.encryption) == (
        "Acme Ltd", "phones.acme.example", "BE", "required",
    )  # fmt: skip
    assert (after.area_code, after.access_code, after.emergency_number) == ("020", "", "+31205550100")
    assert "Its phones must register under phones.acme.example" in told
    assert "must register" not in office.run("company", "change", "acme ltd", "--name", "Acme")
    assert office.changes()[-2:] == [("updated", "companies", "cli:")] * 2


def test_a_company_that_is_switched_off_is_kept(office: Office) -> None:
    office.run("company", "change", "acme.example", "--no-active")
    assert office.json("company", "list")[0]["active"] is False
    office.run("company", "change", "acme.example", "--active")
    assert office.rows()[0].company.active


def test_changes_that_break_a_rule_are_refused_and_nothing_is_written(office: Office) -> None:
    office.run("user", "add", "102", "Bob")
    before = office.rows(), office.changes()
    assert "is not a domain" in str(office.fail("company", "change", "Acme", "--domain", "a b"))
    assert "encryption" in str(office.fail("company", "change", "Acme", "--encryption", "much"))
    assert "There is no company 'Nobody'" in str(office.fail("company", "change", "Nobody", "--name", "X"))
    assert "belongs to user 'Bob' already" in str(office.fail("user", "change", "101", "--extension", "102"))
    assert "emergency number" in str(office.fail("user", "change", "101", "--extension", "112"))
    assert "international" in str(office.fail("user", "change", "101", "--caller-number", "020"))
    assert "no location Moon" in str(office.fail("user", "change", "101", "--location", "Moon"))
    for nothing in (("company", "change", "Acme"), ("user", "change", "101"), ("trunk", "change", "x")):
        assert str(office.fail(*nothing)).startswith(("Nothing was given", "There is no trunk x"))
    assert (office.rows(), office.changes()) == before


def test_a_person_has_a_profile_of_those_there_are(office: Office) -> None:
    office.run("user", "add", "102", "Bob", "--profile", "combi", "--mobile", "+31 (6) 12345678")
    office.run("user", "change", "101", "--profile", "mobile")
    assert {user.extension: user.profile for user in office.rows()[0].users} == {"101": "mobile", "102": "combi"}
    assert [user.mobile_number for user in office.rows()[0].users] == ["", "+31612345678"]
    assert "Choose from combi, fixed, flex, mobile" in str(office.fail("user", "change", "101", "--profile", "round"))


def test_a_person_is_changed_in_what_was_given_only(office: Office) -> None:
    office.run("location", "add", "Depot")
    office.run("department", "add", "Board")
    office.run(
        "user", "change", "101", "--name", "Anna", "--email", "anna@acme.example", "--caller-number", "+31205550101",
        "--hide-number", "--emergency-number", "+31205550100", "--ring-s", "20", "--no-call-waiting", "--language",
        "en", "--location", "Depot", "--department", "Board",
    )  # fmt: skip
    rows, _ = office.rows()
    (anna,) = rows.users
    assert (anna.name, anna.email, anna.caller_number) == ("Anna", "anna@acme.example", "+31205550101")
    assert (anna.hide_number, anna.call_waiting, anna.ring_s, anna.language) == (True, False, 20, "en")
    assert (anna.location_id, anna.department_id) == (rows.locations[0].id, rows.departments[0].id)
    office.run("user", "change", "101", "--no-hide-number", "--call-waiting", "--caller-number", "", "--location", "")
    (again,) = office.rows()[0].users
    assert (again.hide_number, again.call_waiting, again.caller_number, again.location_id) == (False, True, "", None)
    assert (again.name, again.department_id) == ("Anna", anna.department_id)
    assert rows.devices[0].user_id == anna.id


def test_numbers_and_menus_follow_to_a_new_extension(office: Office) -> None:
    office.run("menu", "add", "100", "Reception", "--fallback", "101")
    office.run("number", "add", "+31205550101", "101")
    office.run("number", "add", "+31205550100", "100")
    told = office.run("user", "change", "101", "--extension", "201")
    assert "Now leading to 201: +31205550101, menu Reception." in told
    assert "Now leading to 200: +31205550100." in office.run("menu", "change", "100", "--extension", "200")
    rows, _ = office.rows()
    assert {number.e164: number.extension for number in rows.numbers} == {"+31205550101": "201", "+31205550100": "200"}
    assert (rows.menus[0].extension, rows.menus[0].fallback_extension) == ("200", "201")


def test_a_refused_new_extension_moves_no_number(office: Office) -> None:
    office.run("user", "add", "102", "Bob")
    office.run("number", "add", "+31205550101", "101")
    office.fail("user", "change", "101", "--extension", "102")
    assert office.rows()[0].numbers[0].extension == "101"


def test_menus_numbers_places_lines_and_phones_are_changed_too(office: Office) -> None:
    office.run("location", "add", "Depot")
    office.run("department", "add", "Board", "--location", "Depot")
    office.run("menu", "add", "100", "Reception", "--fallback", "101")
    office.run("number", "add", "+31 (20) 555-0100", "100")
    office.run("user", "change", "101", "--area-code", "010")
    office.run("trunk", "add", "p", "--host", "h", "--source", "192.0.2.1", "--emergency-area")
    office.run("location", "change", "Depot", "--name", "Works", "--area-code", "0299")
    office.run("department", "change", "Board", "--name", "Clerks", "--location", "")
    office.run("menu", "change", "100", "--timeout-s", "9", "--fallback", "")
    office.run("number", "change", "+31205550100", "101")
    office.run(
        "trunk", "change", "p", "--source", "192.0.2.2", "--source", "192.0.2.3", "--max-calls", "3", "--no-trusted"
    )
    office.run("device", "change", "ann", "--name", "Desk", "--extension", "")
    rows, (line,) = office.rows()
    assert (rows.locations[0].name, rows.locations[0].area_code) == ("Works", "0299")
    assert (rows.departments[0].name, rows.departments[0].location_id) == ("Clerks", None)
    assert (rows.menus[0].name, rows.menus[0].timeout_s, rows.menus[0].fallback_extension) == ("Reception", 9, "")
    assert (rows.numbers[0].e164, rows.numbers[0].extension, rows.users[0].area_code) == ("+31205550100", "101", "010")
    assert line.emergency_area
    assert (line.sources, line.max_calls, line.trusted) == (("192.0.2.2", "192.0.2.3"), 3, False)
    assert (rows.devices[0].name, rows.devices[0].user_id) == ("Desk", None)
    office.run("device", "change", "ann", "--extension", "101")
    assert office.rows()[0].devices[0].user_id == rows.users[0].id


# --- taking away -----------------------------------------------------------------------------------------------------


def fill(office: Office) -> None:
    office.run("user", "add", "102", "Bob")
    office.run("location", "add", "Depot")
    office.run("department", "add", "Board", "--location", "Depot")
    office.run("menu", "add", "100", "Reception", "--fallback", "101")
    office.run("number", "add", "+31205550101", "101")


def test_what_goes_with_a_company_is_said_and_goes(office: Office) -> None:
    fill(office)
    told = office.run("company", "remove", "Acme", "--yes")
    goes = told.splitlines()[0].removeprefix("Goes with it: ").removesuffix(".").split(", ")
    rows = [each for each in goes if not each.endswith("feature codes")]  # a new company starts with a table of them
    assert sorted(rows) == [
        "1 department", "1 location", "1 menu", "1 number", "1 number plan", "1 number scheme", "1 phone",
        "2 people",
    ]  # fmt: skip
    assert len(rows) == len(goes) - 1
    assert "Removed company Acme (acme.example)." in told
    for kind in ("company", "location", "department", "user", "device", "number", "menu"):
        assert office.json(kind, "list") == []
    assert office.changes()[-1] == ("removed", "companies", "cli:")


def test_a_person_calls_are_led_to_is_not_removed(office: Office) -> None:
    fill(office)
    refused = str(office.fail("user", "remove", "101", "--yes"))
    assert "used by number '+31205550101', menu 'Reception'" in refused
    office.run("number", "change", "+31205550101", "102")
    office.run("menu", "change", "100", "--fallback", "102")
    assert "Stays without it: 1 phone." in office.run("user", "remove", "101", "--yes")


def test_a_place_where_people_are_is_not_removed(office: Office) -> None:
    fill(office)
    office.run("user", "change", "101", "--location", "Depot", "--department", "Board")
    assert "used by department 'Board', user 'Ann'" in str(office.fail("location", "remove", "Depot", "--yes"))
    assert "used by user 'Ann'" in str(office.fail("department", "remove", "Board", "--yes"))
    office.run("user", "change", "101", "--location", "", "--department", "")
    office.run("department", "remove", "Board", "--yes")
    office.run("location", "remove", "Depot", "--yes")
    assert (office.rows()[0].locations, office.rows()[0].departments) == ((), ())


def test_of_two_departments_with_one_name_the_id_tells_which(office: Office) -> None:
    for place in ("Depot", "Works"):
        office.run("location", "add", place)
        office.run("department", "add", "Board", "--location", place)
    first, second = office.rows()[0].departments
    error = office.fail("department", "remove", "Board", "--yes")
    assert f"There are 2 departments Board. Say which: #{first.id}, #{second.id}" in str(error)
    office.run("department", "remove", f"#{first.id}", "--yes")
    assert office.rows()[0].departments == (second,)


@pytest.mark.parametrize(
    "command",
    ["company remove Acme", "user remove 101", "device remove ann", "number remove +31205550101", "menu remove 100",
     "trunk remove p", "location remove Depot", "department remove Board"],
)  # fmt: skip
def test_without_a_terminal_nothing_goes_unless_it_was_said_so(office: Office, command: str) -> None:
    fill(office)
    office.run("trunk", "add", "p", "--host", "h", "--source", "192.0.2.1")
    office.run("department", "change", "Board", "--location", "")
    office.run("menu", "change", "100", "--fallback", "")
    office.run("number", "change", "+31205550101", "102")
    before = office.rows(), office.changes()
    error = office.fail(*command.split())
    assert str(error).startswith("Nothing was removed: there is no terminal to ask on")
    assert "--yes" in str(error)
    assert error.exit_code == 64
    assert (office.rows(), office.changes()) == before
    assert "Removed " in office.run(*command.split(), "--yes")
    assert office.changes()[-1][0] == "removed"


@pytest.mark.parametrize(("answer", "exit_code", "left"), [("y", 0, 0), ("n", 1, 1), ("", 1, 1), ("\x04", 1, 1)])
def test_on_a_terminal_it_is_asked(office: Office, answer: str, exit_code: int, left: int) -> None:
    own, terminal = pty.openpty()
    command = [sys.executable, "-m", "kiestoon.app.cli", "--config", "kiestoon.toml", "user", "remove", "101"]
    os.write(own, f"{answer}\n".encode())
    done = subprocess.run(
        command, cwd=office.folder, stdin=terminal, capture_output=True, text=True, timeout=60, check=False
    )
    os.close(own)
    os.close(terminal)
    assert "Stays without it: 1 phone." in done.stderr
    assert "Remove Ann on extension 101? [y/N]:" in done.stderr
    assert (done.returncode, len(office.rows()[0].users)) == (exit_code, left), done.stderr


def test_the_names_of_version_0_1_still_work(office: Office) -> None:
    office.run("trunk", "add", "p", "--host", "h", "--source", "192.0.2.1")
    office.run("trunk", "set", "p", "--no-active")
    office.run("device", "set", "ann", "--call-limit", "4")
    rows, (line,) = office.rows()
    assert (line.active, rows.devices[0].call_limit) == (False, 4)
