"""Codes, extensions and emergency numbers keep out of one another's way (CALL-23)."""

import pytest
from msgspec.structs import replace

from kiestoon.company.code_presets import PRESETS
from kiestoon.company.model import Company, FeatureCode, ShortNumber, SpeedDial, User
from kiestoon.store.database import Database
from kiestoon.store.errors import ConflictError, InvalidRowError
from kiestoon.store.keys import Vault
from kiestoon.store.load import list_rows
from kiestoon.store.new_company import add_codes
from kiestoon.store.write import changing


class Office:
    """A company with extensions of so many digits."""

    def __init__(self, database: Database, vault: Vault, **fields: object) -> None:
        self.database, self.vault = database, vault
        row = Company(id=0, name="Town", domain="town.example", **fields)  # type: ignore[arg-type]  # of Company
        self.company = self.add(row)

    def add(self, row):  # type: ignore[no-untyped-def]  # any row
        with changing(self.database, self.vault, acting_user="test") as changes:
            return changes.add(row)

    def code(self, code: str, feature: str) -> FeatureCode:
        row: FeatureCode = self.add(FeatureCode(id=0, company_id=self.company.id, code=code, feature=feature))
        return row

    def user(self, extension: str) -> User:
        row: User = self.add(User(id=0, company_id=self.company.id, extension=extension, name="Anna"))
        return row

    def preset(self, name: str) -> int:
        with changing(self.database, self.vault, acting_user="test") as changes:
            return add_codes(changes, self.company, name)  # type: ignore[arg-type]  # one of the presets


@pytest.fixture
def office(database: Database, vault: Vault) -> Office:
    return Office(database, vault)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_company_may_start_with_any_preset(office: Office, preset: str) -> None:
    assert office.preset(preset) == len(PRESETS[preset])  # type: ignore[index]  # one of the presets
    written = list_rows(office.database, FeatureCode, office.company.id)
    assert {row.code: row.feature for row in written} == PRESETS[preset]  # type: ignore[index]


def test_a_code_that_hides_an_extension_is_refused_by_name(office: Office) -> None:
    office.user("908")
    with pytest.raises(ConflictError, match=r"908 clashes with user 'Anna'"):
        office.code("908", "pickup")
    with pytest.raises(ConflictError, match=r"90 clashes with user 'Anna'"):
        office.code("90", "caller_id_hide")  # 90 and a number
    office.code("909", "take_over")


def test_an_extension_that_is_a_code_is_refused_by_the_codes_name(database: Database, vault: Vault) -> None:
    office = Office(database, vault, extension_digits=4)
    office.preset("standard")
    for extension, code in (
        ("1233", "1233 (voicemail)"),
        ("1310", "131 (caller_id_hide)"),
        ("9035", "903 (queue_log_in)"),
    ):
        with pytest.raises(ConflictError) as refused:
            office.user(extension)
        assert f"{extension} clashes with {code}" in str(refused.value)
    assert office.user("9001").extension == "9001"  # nothing follows 900


def test_codes_that_hide_each_other_are_refused_by_name(office: Office) -> None:
    office.code("*72", "forward_always_on")
    with pytest.raises(ConflictError, match=r"\*721 clashes with \*72 \(forward_always_on\)"):
        office.code("*721", "redial")
    with pytest.raises(ConflictError, match=r"\*72\* clashes"):
        office.code("*72*", "redial")
    with pytest.raises(ConflictError, match="taken"):
        office.code("*72", "redial")
    office.code("*73", "forward_always_off")


@pytest.mark.parametrize(
    ("code", "feature"), [("112", "redial"), ("11", "retrieve_lot"), ("1", "caller_id_hide"), ("0112", "echo")]
)
def test_no_code_hides_an_emergency_number(office: Office, code: str, feature: str) -> None:
    with pytest.raises(ConflictError, match=rf"{code} clashes with \d+"):
        office.code(code, feature)


def test_only_features_there_are_get_a_code(office: Office) -> None:
    with pytest.raises(InvalidRowError, match="is not one of the choices"):
        office.code("*55", "make_coffee")


def test_changing_a_code_back_and_forth_clashes_not_with_itself(office: Office) -> None:
    row = office.code("*72", "forward_always_on")
    with changing(office.database, office.vault, acting_user="test") as changes:
        changes.update(FeatureCode(id=row.id, version=1, company_id=row.company_id, feature=row.feature, code="*7"))


# --- short numbers and speed dials -----------------------------------------------------------------------------------


def short(office: Office, code: str, number: str = "00201234567") -> ShortNumber:
    row: ShortNumber = office.add(
        ShortNumber(id=0, company_id=office.company.id, code=code, number=number, name="Notary")
    )
    return row


@pytest.mark.parametrize(
    ("code", "other"),
    [
        ("101", "user 'Anna'"),
        ("112", "112"),
        ("0112", "0112"),
        ("915", r"915 \(plan_menu\)"),
        ("*7101", r"\*7 \(voicemail_box\)"),
        ("13112", r"131 \(caller_id_hide\)"),
    ],
)
def test_a_short_number_that_hides_something_is_refused_by_its_name(office: Office, code: str, other: str) -> None:
    office.preset("standard")
    office.user("101")
    with pytest.raises(ConflictError, match=rf"clashes with {other}"):
        short(office, code)


def test_short_numbers_that_hide_nothing_are_written(office: Office) -> None:
    office.preset("standard")
    for code in ("*6123", "#05", "2001", "77"):
        assert short(office, code).code == code


def test_what_a_short_number_would_be_hidden_by_is_refused(office: Office) -> None:
    short(office, "204")
    short(office, "*99")
    with pytest.raises(ConflictError, match=r"204 clashes with short number 'Notary'"):
        office.user("204")
    with pytest.raises(ConflictError, match=r"\*99 clashes with short number 'Notary'"):
        office.code("*99", "park")
    with pytest.raises(ConflictError, match=r"\*9 clashes with short number 'Notary'"):
        office.code("*9", "forward_always_on")


def test_a_speed_dial_may_be_a_code_that_exists_but_no_short_way_again(office: Office) -> None:
    office.preset("standard")
    short(office, "#05")
    person = office.user("101")
    one = SpeedDial(id=0, company_id=office.company.id, user_id=person.id, code="70", number="*66")
    assert office.add(one).number == "*66"
    for number in ("#01", "#05"):
        with pytest.raises(InvalidRowError, match=f"{number} is itself a short way to dial"):
            office.add(replace(one, code="71", number=number))
    with pytest.raises(InvalidRowError, match="is itself a short way"):
        short(office, "#06", "#05")


@pytest.mark.parametrize(("field", "value"), [("code", "1"), ("code", "123"), ("code", "a1"), ("number", ""),
                                              ("number", "call me"), ("number", "0" * 41)])  # fmt: skip
def test_a_speed_dial_is_two_digits_for_what_can_be_dialled(office: Office, field: str, value: str) -> None:
    person = office.user("101")
    row = SpeedDial(id=0, company_id=office.company.id, user_id=person.id, code="01", number="102")
    with pytest.raises(InvalidRowError):
        office.add(replace(row, **{field: value}))
