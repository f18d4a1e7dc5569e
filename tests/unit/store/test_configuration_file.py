"""A company's file: what is refused and on which line, what the difference says, what becomes of passwords (ORG-21)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from kiestoon.company.model import Device, Forward, NumberScheme, Rule, Trunk, User
from kiestoon.store.configuration_file.applying import Applied, apply_document, difference_of, rows_of
from kiestoon.store.configuration_file.difference import in_words
from kiestoon.store.configuration_file.document import document_of
from kiestoon.store.configuration_file.reading import read_document
from kiestoon.store.configuration_file.troubles import RefusedFileError
from kiestoon.store.configuration_file.writing import write_document
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.load import list_rows, load_company
from kiestoon.store.tables import changes as changes_table
from kiestoon.store.write import changing

HEAD = "kiestoon: 1\ncompany: {domain: town.example, name: Town, area_code: 020}\n"
PEOPLE = HEAD + (
    "users:\n"
    "  - {extension: 204, name: Anna}\n"
    "  - {extension: 205, name: Ben}\n"
    "devices:\n"
    "  - {username: desk, user: 204}\n"
    "forwards:\n"
    "  - {extension: 204, case: busy, to: {extension: 205}}\n"
)


def apply(database: Database, vault: Vault, text: str, company_id: int | None = None, **options) -> Applied:
    with changing(database, vault, acting_user="test") as changes:
        return apply_document(
            changes, vault, company_id, read_document(text), may_remove=options.get("may_remove", True)
        )


def diff(database: Database, vault: Vault, text: str, company_id: int, language: str = "en") -> list[str]:
    with database.read() as connection:
        return in_words(difference_of(connection, vault, company_id, read_document(text)), language)


def troubles(text: str) -> list[tuple[int, str]]:
    with pytest.raises(RefusedFileError) as caught:
        read_document(text)
    return [(trouble.line, trouble.problem.code) for trouble in caught.value.troubles]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(1, "not_company_file")]),
        ("just text", [(1, "not_company_file")]),
        ("kiestoon: 2\ncompany: {domain: a.example, name: A}", [(1, "not_company_file")]),
        ("kiestoon: 1\n", [(1, "missing")]),
        ("kiestoon: 1\ncompany: [\n", [(3, "not_yaml")]),
        (HEAD + "people: []\n", [(3, "unknown_field")]),
        (HEAD + "users:\n  - {extension: 204, name: Anna, phone: yes}\n", [(4, "unknown_field")]),
        (HEAD + "users:\n  - extension: 204\n", [(4, "missing")]),
        (
            HEAD + "users:\n  - {extension: 204, name: A}\n  - name: B\n    extension: 205\n    ring_s: soon\n",
            [(7, "not_whole_number")],
        ),
        (HEAD + "users:\n  - {extension: 204, name: A, name: B}\n", [(4, "twice")]),
        (HEAD + "users: {}\n", [(3, "not_a_list")]),
        (HEAD + "users:\n  - &a {name: A}\n  - *a\n", [(4, "yaml_alias")]),
        (HEAD + "users:\n  - name: [[[[[[[[[[]]]]]]]]]]\n", [(4, "yaml_depth")]),
        (
            HEAD + "schedules:\n  - name: Day\n    blocks:\n      - Mon 09:00-25:00\n      - Mon 17-18\n",
            [(7, "wrong_form")],
        ),
        (HEAD + "forwards:\n  - {extension: 204, case: busy, to: 205}\n", [(4, "wrong_form")]),
        (HEAD + "forwards:\n  - {extension: 204, case: sometimes}\n", [(4, "not_a_choice")]),
        (HEAD + 'users:\n  - name: "\\0"\n    extension: 204\n    secret: x\n', [(6, "unknown_field")]),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, expected: list[tuple[int, str]]) -> None:
    assert troubles(text) == expected


def test_a_file_in_another_encoding_or_a_bomb_is_refused() -> None:
    with pytest.raises(RefusedFileError):
        read_document(b"kiestoon: 1\nname: \xff\xfe")
    with pytest.raises(RefusedFileError):
        read_document("a: " + "[" * 200_000)
    with pytest.raises(RefusedFileError):
        read_document(b"#" * (9 * 1024 * 1024))


@pytest.mark.parametrize(
    ("more", "line", "code"),
    [
        ("  - {extension: 206, name: Cara, location: Paris}\n", 6, "unknown_name"),
        ("  - {extension: 204, name: Again}\n", 6, "same_row"),
        ("  - {extension: 206, name: Cara, caller_number: 0206}\n", 6, "not_international"),
        ("  - {extension: 2064, name: Cara}\n", 6, "extension_length"),
        ("  - {extension: 112, name: Cara}\n", 6, "emergency_extension"),
        ("hunt_groups:\n  - {extension: 205, name: Sales}\n", 7, "extension_taken"),
        ("hunt_groups:\n  - {extension: 210, name: Sales, busy_to: {extension: 299}}\n", 7, "unknown_extension"),
        ("trunks:\n  - {name: Line, kind: register, host: sip.example, username: u}\n", 7, "login_missing"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_line_and_nothing_is_written(
    database: Database, vault: Vault, more: str, line: int, code: str
) -> None:
    text = HEAD + "users:\n  - {extension: 204, name: Anna}\n  - {extension: 205, name: Ben}\n" + more
    with pytest.raises(RefusedFileError) as caught:
        apply(database, vault, text)
    assert (line, code) in [(trouble.line, trouble.problem.code) for trouble in caught.value.troubles]
    assert f"line {line}: " in str(caught.value)
    assert list_rows(database, User) == []


def test_numbers_may_stand_as_people_write_them_and_change_nothing_the_second_time(
    database: Database, vault: Vault
) -> None:
    text = HEAD + 'users:\n  - {extension: 204, name: Anna, caller_number: "+31 (20) 555-0199"}\n'
    text += '  - {extension: 205, name: Ben, blocklist: ["+31 55?5 6*"], dynamic_numbers: ["+31 (6) 1234 5678"]}\n'
    applied = apply(database, vault, text)
    assert applied.changes
    assert not apply(database, vault, text, applied.company_id).changes


def test_texts_are_taken_as_they_stand_whatever_yaml_makes_of_them(database: Database, vault: Vault) -> None:
    text = HEAD.replace("Town", "no") + "users:\n  - {extension: 204, name: 1e3}\n  - {extension: 0o5, name: x}\n"
    with pytest.raises(RefusedFileError, match="0o5"):
        apply(database, vault, text)
    company_id = apply(database, vault, text.replace("0o5", "205")).company_id
    rows = load_company(database, vault, company_id)
    assert rows is not None
    assert (rows.company.name, rows.company.area_code) == ("no", "020")
    assert [user.name for user in rows.users] == ["1e3", "x"]


def test_a_new_phone_gets_a_password_that_is_shown_once_and_kept(database: Database, vault: Vault) -> None:
    applied = apply(database, vault, PEOPLE)
    assert [made.username for made in applied.secrets] == ["desk"]
    again = apply(database, vault, PEOPLE.replace("user: 204", "user: 205"), applied.company_id)
    rows = load_company(database, vault, applied.company_id)
    assert rows is not None
    assert again.secrets == []
    assert rows.devices[0].secret == applied.secrets[0].secret


def test_a_password_in_the_file_is_used_and_never_exported_or_told(database: Database, vault: Vault) -> None:
    text = HEAD + "trunks:\n  - {name: L, kind: register, host: sip.example, username: u, secret: top-secret-word}\n"
    applied = apply(database, vault, text)
    rows = load_company(database, vault, applied.company_id)
    assert rows is not None
    assert rows.trunks[0].secret == "top-secret-word"
    assert "top-secret" not in write_document(document_of(rows))
    assert diff(database, vault, text, applied.company_id) == ["No difference."]
    other = text.replace("top-secret-word", "another-secret")
    assert diff(database, vault, other, applied.company_id)[0] == "~ outside line L: password changed"
    assert "another" not in str(apply(database, vault, other, applied.company_id))
    assert list_rows(database, Trunk)[0].secret == ""


def test_a_renumbering_is_told_as_a_removal_and_an_addition(database: Database, vault: Vault) -> None:
    company_id = apply(database, vault, PEOPLE).company_id
    renumbered = PEOPLE.replace("204", "207")
    lines = diff(database, vault, renumbered, company_id)
    assert "- user 204 (Anna)" in lines
    expected = "+ user 207 (Anna): is 204 (Anna) under another name: that one is removed, this one is added anew"
    assert expected in lines
    assert '~ device desk: user "204" → "207"' in lines
    assert (
        diff(database, vault, renumbered, company_id, "nl")[-1] == "2 erbij, 1 gewijzigd, 2 weg, 0 opnieuw toegevoegd."
    )
    apply(database, vault, renumbered, company_id)
    assert [row.extension for row in list_rows(database, Forward)] == ["207"]


def test_rows_the_file_leaves_out_go_only_when_that_is_allowed(database: Database, vault: Vault) -> None:
    company_id = apply(database, vault, PEOPLE).company_id
    with pytest.raises(RefusedFileError) as caught:
        apply(database, vault, HEAD, company_id, may_remove=False)
    assert caught.value.status == 409
    assert len(list_rows(database, User)) == 2
    apply(database, vault, HEAD, company_id)
    assert list_rows(database, User) == list_rows(database, Device) == []


def test_an_extension_passes_from_a_person_to_a_group_with_those_who_forward_to_it(
    database: Database, vault: Vault
) -> None:
    company_id = apply(database, vault, PEOPLE).company_id
    moved = (
        PEOPLE.replace("  - {extension: 205, name: Ben}\n", "") + "hunt_groups:\n  - {extension: 205, name: Sales}\n"
    )
    apply(database, vault, moved, company_id)
    with database.read() as connection:
        rows = rows_of(connection, company_id, None)
    assert rows is not None
    assert rows.forwards[0].to.target == rows.hunt_groups[0].extension == "205"


def test_rules_are_used_in_the_order_of_the_file(database: Database, vault: Vault) -> None:
    def rules(*names: str) -> str:
        lines = [
            f"  - {{extension: 204, service: selective_reject, name: {name}, kinds: [private]}}\n" for name in names
        ]
        return PEOPLE + "rules:\n" + "".join(lines)

    company_id = apply(database, vault, rules("a", "b", "c")).company_id
    lines = diff(database, vault, rules("a", "c", "b"), company_id)
    assert lines[0] == "± rule 204 / selective_reject / b: removed and added again"
    apply(database, vault, rules("a", "c", "b"), company_id)
    assert [row.name for row in list_rows(database, Rule)] == ["a", "c", "b"]


def test_schemes_swap_their_positions_and_the_main_one_its_name(database: Database, vault: Vault) -> None:
    def schemes(main: str, first: int, second: int) -> str:
        return HEAD + (
            f"number_schemes:\n  - {{name: {main}, position: {first}, is_main: true}}\n"
            f"  - {{name: Side, position: {second}}}\n"
        )

    company_id = apply(database, vault, schemes("Main", 1, 2)).company_id
    before = {row.id for row in list_rows(database, NumberScheme)}
    apply(database, vault, schemes("Hoofd", 2, 1), company_id)
    rows = list_rows(database, NumberScheme)
    assert {row.id for row in rows} == before
    assert {row.name: row.position for row in rows} == {"Hoofd": 2, "Side": 1}


def test_every_write_is_in_the_audit_trail_without_passwords(database: Database, vault: Vault) -> None:
    applied = apply(database, vault, PEOPLE)
    with database.read() as connection:
        query = select(changes_table).where(changes_table.c.company_id == applied.company_id)
        noted = connection.execute(query).all()
    assert {row.acting_user for row in noted} == {"test"}
    assert sorted(row.table_name for row in noted) == ["companies", "devices", "forwards", "users", "users"]
    assert applied.secrets[0].secret not in str(noted)


LICENSED = HEAD + (
    "users:\n"
    "  - {extension: 204, name: Anna, do_not_disturb: true}\n"
    "service_packs:\n"
    "  - {name: Plus, services: [forwarding, do_not_disturb], licences: 1}\n"
    "pack_assignments:\n"
    "  - {pack: Plus, extension: 204}\n"
    "service_assignments:\n"
    "  - {extension: 204, service: reach, assigned: false}\n"
    "forwards:\n"
    "  - {extension: 204, case: busy, to: {number: 0612345678}}\n"
)


def test_a_file_brings_people_packs_and_what_needs_them_at_once(database: Database, vault: Vault) -> None:
    """Into a new company, and into one in which the services are licensed already."""
    company_id = apply(database, vault, LICENSED).company_id
    assert diff(database, vault, LICENSED, company_id)[-1] == "No difference."
    more = LICENSED.replace("licences: 1", "licences: 2").replace(
        "users:\n", "users:\n  - {extension: 205, name: Ben, do_not_disturb: true}\n"
    )
    more = more.replace("pack_assignments:\n", "pack_assignments:\n  - {pack: Plus, extension: 205}\n")
    more = more.replace("forwards:\n", "forwards:\n  - {extension: 205, case: always, to: {extension: 204}}\n")
    apply(database, vault, more, company_id)
    assert diff(database, vault, more, company_id)[-1] == "No difference."
    rows = load_company(database, vault, company_id)
    assert rows is not None
    assert write_document(document_of(rows), "en").count("pack: Plus") == 2


def test_where_packs_are_available_is_told_by_all_of_a_file(database: Database, vault: Vault) -> None:
    text = HEAD + (
        "locations:\n  - {name: Here}\n  - {name: There}\n"
        "users:\n  - {extension: 204, name: Anna, location: Here}\n  - {extension: 205, name: Ben, location: There}\n"
        "service_packs:\n  - {name: Plus, services: [forwarding]}\n"
        "pack_assignments:\n  - {pack: Plus, extension: 204}\n  - {pack: Plus, extension: 205}\n"
    )
    both = text + "  - {pack: Plus, location: Here, licences: 1}\n  - {pack: Plus, location: There}\n"
    company_id = apply(database, vault, text).company_id
    with pytest.raises(RefusedFileError) as refused:
        apply(database, vault, text + "  - {pack: Plus, location: Here}\n", company_id)
    assert [trouble.problem.code for trouble in refused.value.troubles] == ["pack_used_elsewhere"]
    apply(database, vault, both, company_id)
    moved = both.replace("location: There}\ns", "location: Here}\ns").replace("licences: 1", "licences: 2")
    apply(database, vault, moved.replace("  - {pack: Plus, location: There}\n", ""), company_id)
    apply(database, vault, both, company_id)
    assert diff(database, vault, both, company_id) == ["No difference."]
    apply(database, vault, both.replace("town.example", "new.example"))


def test_a_file_sets_up_nothing_that_is_not_assigned_in_it(database: Database, vault: Vault) -> None:
    company_id = apply(database, vault, LICENSED).company_id
    more = LICENSED.replace("users:\n", "users:\n  - {extension: 205, name: Ben}\n")
    wrong = more.replace("forwards:\n", "forwards:\n  - {extension: 205, case: always, to: {extension: 204}}\n")
    with pytest.raises(RefusedFileError) as refused:
        apply(database, vault, wrong, company_id)
    assert [(trouble.line, trouble.problem.code) for trouble in refused.value.troubles] == [
        (13, "service_not_assigned")
    ]
    beyond = more.replace("pack_assignments:\n", "pack_assignments:\n  - {pack: Plus, extension: 205}\n")
    with pytest.raises(RefusedFileError) as refused:
        apply(database, vault, beyond, company_id)
    assert [trouble.problem.code for trouble in refused.value.troubles] == ["licences_used"]


def test_who_is_logged_in_where_is_not_in_the_file_and_stays_when_one_is_applied(
    database: Database, vault: Vault
) -> None:
    text = PEOPLE.replace("{username: desk, user: 204}", "{username: desk}")
    company_id = apply(database, vault, text).company_id
    anna, ben = list_rows(database, User)
    with changing(database, vault, acting_user="test") as changes:
        desk = changes.whole(Device, company_id, 1)
        assert desk is not None
        changes.update(replace(desk, logged_in_user_id=ben.id, known_address="192.0.2.1"))
    rows = load_company(database, vault, company_id)
    assert rows is not None
    written = write_document(document_of(rows))
    assert "logged_in" not in written
    assert "192.0.2.1" not in written
    assert diff(database, vault, text, company_id) == ["No difference."]
    apply(database, vault, text.replace("desk}", "desk, call_limit: 3}"), company_id)
    (desk,) = list_rows(database, Device)
    assert (desk.call_limit, desk.logged_in_user_id, desk.known_address) == (3, ben.id, "192.0.2.1")
    gone = text.replace("  - {extension: 205, name: Ben}\n", "").replace("{extension: 205}", "{number: '0612345678'}")
    apply(database, vault, gone.replace("desk}", "desk, call_limit: 4}"), company_id)
    (desk,) = list_rows(database, Device)
    assert (desk.call_limit, desk.logged_in_user_id) == (4, None)
    assert [user.id for user in list_rows(database, User)] == [anna.id]
