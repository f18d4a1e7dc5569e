"""Codes, extensions and emergency numbers keep out of one another's way (CALL-23)."""

import pytest

from kiestoon.company.code_presets import PRESETS
from kiestoon.company.model import Company, FeatureCode, User
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
