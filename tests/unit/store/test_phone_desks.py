"""Logging in and out on phones, written: by the rules for all, as the person, in the own company only (E 6.11)."""

from __future__ import annotations

from typing import Any

import pytest
from test_phone_requests import Office

from kiestoon.calls.desk_requests import ChoosePin, LogIn, LogOut
from kiestoon.calls.requests import Changed, Failed
from kiestoon.company.desks import holder_of
from kiestoon.company.model import Company, Device, User
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.load import iterate_rows
from kiestoon.store.phone_requests import desks
from kiestoon.store.pins import is_pin, pin_in_force

ANNA, BEN, STRANGER = 1, 2, 3
SECRET = "abcdefghijklmnopqrst"


@pytest.fixture
def office(database: Database, vault: Vault) -> Office:
    """Anna may be on two phones, Ben on one; three free phones; in another company a person and a free phone."""
    made = Office(database, vault)
    for number in (1, 2):
        made.add(Company(id=0, name=f"Town {number}", domain=f"town{number}.example"))
    made.add(User(id=0, company_id=1, extension="101", name="Anna", twinning=True))
    made.add(User(id=0, company_id=1, extension="102", name="Ben"))
    made.add(User(id=0, company_id=2, extension="101", name="Stranger"))
    for company_id in (1, 1, 1, 2):
        made.add(Device(id=0, company_id=company_id, username=f"desk-{len(made.rows(Device))}", secret=SECRET))
    return made


def where(office: Office) -> list[int | None]:
    """Who is on each phone of the company."""
    return [holder_of(device) for device in office.rows(Device)]


def code(answer: Any) -> str:
    assert isinstance(answer, Failed)
    return answer.code


def test_a_login_keeps_the_phones_password_and_is_written_as_the_person(office: Office) -> None:
    assert desks.log_in(office, LogIn(1, ANNA, 1, place="192.0.2.1")) == Changed(None)
    assert where(office) == [ANNA, None, None]
    with office.database.read() as connection:
        (whole,) = iterate_rows(connection, Device, vault=office.vault, company_id=1, row_id=1)
    assert (whole.secret, whole.known_address) == (SECRET, "192.0.2.1")
    assert office.trail() == [("Anna (phone)", "updated", "devices")]
    assert desks.log_in(office, LogIn(1, ANNA, 1, place="192.0.2.1")) == Changed(None)
    assert len(office.trail()) == 1  # nothing was new


def test_too_many_phones_are_refused_unless_the_others_are_left(office: Office) -> None:
    """Also when the service has asked before somebody else was quicker."""
    for phone in (1, 2):
        assert desks.log_in(office, LogIn(1, ANNA, phone)) == Changed(None)
    assert code(desks.log_in(office, LogIn(1, ANNA, 3))) == "elsewhere"
    assert where(office) == [ANNA, ANNA, None]
    assert desks.log_in(office, LogIn(1, ANNA, 3, leave_others=True)) == Changed(None)
    assert where(office) == [None, None, ANNA]
    assert desks.log_in(office, LogIn(1, BEN, 3)) == Changed(None)
    assert where(office) == [None, None, BEN]


def test_nobody_logs_in_or_out_beyond_the_own_company(office: Office) -> None:
    assert code(desks.log_in(office, LogIn(1, ANNA, 4))) == "gone"
    assert code(desks.log_in(office, LogIn(1, STRANGER, 1))) == "gone"
    assert desks.log_in(office, LogIn(2, STRANGER, 4)) == Changed(None)
    assert code(desks.log_out(office, LogOut(1, ANNA, 4))) == "gone"
    assert where(office) == [None, None, None]


def test_nobody_logs_out_somebody_else(office: Office) -> None:
    desks.log_in(office, LogIn(1, BEN, 1))
    assert code(desks.log_out(office, LogOut(1, ANNA, 1))) == "gone"
    assert where(office) == [BEN, None, None]


def test_logging_out_everywhere_spares_phones_somebody_is_bound_to(office: Office) -> None:
    office.add(Device(id=0, company_id=1, username="own", secret=SECRET, user_id=ANNA))
    desks.log_in(office, LogIn(1, ANNA, 1))
    assert code(desks.log_out(office, LogOut(1, ANNA, 5))) == "bound"
    assert desks.log_out(office, LogOut(1, ANNA, 1, everywhere=True)) == Changed(None)
    assert where(office) == [None, None, None, ANNA]


def test_a_chosen_pin_keeps_the_rules_for_all(office: Office) -> None:
    found = [desks.choose(office, ChoosePin(1, ANNA, pin)) for pin in ("111111", "123456", "12", "582041", "582041")]
    assert [answer and answer.code for answer in found] == [
        "pin_repeated", "pin_run", "pin_length", None, "recently_used",
    ]  # fmt: skip
    with office.database.read() as connection:
        held = pin_in_force(connection, office.vault, ANNA)
    assert held is not None
    assert is_pin(held[0], "582041")
    assert code(desks.choose(office, ChoosePin(1, STRANGER, "719356"))) == "gone"
    assert "582041" not in repr(ChoosePin(1, ANNA, "582041"))
