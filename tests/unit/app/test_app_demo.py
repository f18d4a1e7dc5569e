"""The demonstration's data: a whole municipality, made once, with fresh passwords."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from installed import copy_database

from kiestoon.app.certificate import ensure_certificate
from kiestoon.app.config import ConfigError, Settings, SipSettings
from kiestoon.app.demo import start
from kiestoon.app.demo.company import GREETING
from kiestoon.app.demo.sample import load_sample
from kiestoon.app.demo.start import LOGINS_FILE, banner, demo_command, demo_settings, prepare_demo
from kiestoon.app.demo.world import OUTSIDE_HOST, OUTSIDE_NUMBERS
from kiestoon.app.os_problems import SystemProblemError
from kiestoon.app.serve import prepare_installation
from kiestoon.company.directory import Directory
from kiestoon.company.model import Menu
from kiestoon.media.audio.measure import loudness_db
from kiestoon.media.audio.player import FileSource
from kiestoon.routing import Assumed, DialOutside, EnterMenu, FromDevice, FromTrunk, RingAll, RingUser, route
from kiestoon.store.load import list_rows, load_all
from kiestoon.store.write import changing


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "var")


def settings_in(folder: Path) -> Settings:
    """The demo's, where the database has its tables already."""
    copy_database(folder / "kiestoon.db")
    return demo_settings(None, folder)


def test_the_sample_is_three_places_five_departments_and_25_people_with_phones(settings: Settings) -> None:
    installation, logins = prepare_demo(settings)
    configuration = load_all(installation.database, installation.vault)
    rows = configuration.companies[0]
    assert (len(rows.locations), len(rows.departments), len(rows.users), len(rows.devices)) == (3, 5, 25, 25)
    assert (len(rows.menus), len(rows.numbers), len(rows.conference_rooms)) == (2, 31, 1)
    assert {login.password for login in logins} == {device.secret for device in rows.devices}
    directory = Directory(configuration.companies, configuration.shared_trunks)
    index = directory.company_by_domain(load_sample().domain)
    assert index is not None
    main = load_sample().main_number
    assert {number.e164 for number in rows.numbers if not number.extension} == {main}  # its plans lead it
    assert {number.extension for number in rows.numbers if number.extension} <= set(index.arrangements.extensions)
    assert len(directory.trunks_by_source(OUTSIDE_HOST)) == 1
    assert not directory.trunks_by_source("127.0.0.1")  # phones on this machine are not the outside world
    assert not set(OUTSIDE_NUMBERS) & {number.e164 for number in rows.numbers}


def test_the_menu_greets_for_the_municipality_also_after_the_program_has_moved(settings: Settings) -> None:
    installation, _ = prepare_demo(settings)
    os.close(installation.lock)
    menu, evening = list_rows(installation.database, Menu)
    assert (menu.greeting, evening.greeting) == (GREETING, "")
    source = FileSource(GREETING, 8000)
    pcm = source.read(20 * 8000)
    assert source.finished
    assert 5000 < source.played_ms < 15000
    assert -19 < loudness_db(pcm[: source.played_ms * 8]) < -13
    with changing(installation.database, installation.vault, acting_user="test") as changes:
        changes.update(msgspec.structs.replace(menu, greeting="/elsewhere/demo/prompts/nl/menu-welcome.ogg"))
    prepare_demo(settings)
    assert [row.greeting for row in list_rows(installation.database, Menu)] == [GREETING, ""]


@pytest.fixture(scope="module")
def municipality(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    """The sample company as routing sees it."""
    installation, _ = prepare_demo(settings_in(tmp_path_factory.mktemp("demo") / "var"))
    os.close(installation.lock)
    configuration = load_all(installation.database, installation.vault)
    return Directory(configuration.companies, configuration.shared_trunks)


def arrives(directory: Directory, number: str, moment: str) -> str:
    """Where a call from outside is taken at this time in Kiestadt: a menu's or person's extension, or who rings."""
    trunks = directory.trunks_by_source(OUTSIDE_HOST)
    at = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/Amsterdam"))
    decision = route(directory, FromTrunk(trunks), number, live=Assumed(now_ms=int(at.timestamp() * 1000)))
    step = decision.step
    if isinstance(step, EnterMenu):
        return step.menu.extension
    if isinstance(step, RingAll):
        return " ".join(person.user.extension for person in step.people)
    return step.user.extension if isinstance(step, RingUser) else str(step)


@pytest.mark.parametrize(
    ("number", "moment", "extension"),
    [
        ("+31299800100", "2026-07-01T08:29", "110"),
        ("+31299800100", "2026-07-01T08:30", "100"),
        ("+31299800100", "2026-07-02T19:59", "100"),  # late opening on Thursdays
        ("+31299800100", "2026-07-03T16:00", "110"),
        ("+31299800100", "2026-07-04T12:00", "110"),
        ("+31299800100", "2026-04-06T12:00", "110"),  # Easter Monday
        ("+31299800100", "2027-04-27T12:00", "110"),  # King's Day
        ("+31299800111", "2026-07-01T12:00", "101"),
        ("+31299800333", "2026-07-01T12:00", "301 302 303"),
    ],
)
def test_the_municipality_is_reached_as_its_hours_and_groups_say(
    municipality: Directory, number: str, moment: str, extension: str
) -> None:
    assert arrives(municipality, number, moment) == extension


def test_everybody_in_a_place_with_a_number_of_its_own_shows_that(municipality: Directory) -> None:
    shown = {}
    (index,) = municipality
    for device in index.devices.values():
        step = route(municipality, FromDevice(device), "00205551234").step
        assert isinstance(step, DialOutside)
        shown[device.username] = (step.caller_number, step.caller_name)
    assert shown["101"] == ("+31299800101", "Anja de Vries")
    assert {shown[extension] for extension in shown if extension[0] == "2"} == {("+31299800222", "Wijkcentrum Noord")}


def test_the_municipality_has_feature_codes(municipality: Directory) -> None:
    (index,) = municipality
    assert index.arrangements.codes["#31#"].feature == "caller_id_hide"


def test_the_command_shown_can_be_typed_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start.shutil, "which", lambda _: None)
    assert demo_command(Path("var"), None, ".venv/bin/kiestoon") == ".venv/bin/kiestoon demo"
    assert demo_command(Path("/my data"), Path("k.toml"), "./kiestoon").endswith(
        "demo --data '/my data' --config k.toml"
    )
    assert demo_command(Path("var"), None, "/x/cli.py").endswith(" -m kiestoon.app.cli demo")
    monkeypatch.setattr(start.shutil, "which", lambda _: "/usr/bin/kiestoon")
    assert demo_command(Path("var"), None, "/usr/bin/kiestoon") == "kiestoon demo"
    assert "\n  .venv/bin/kiestoon demo call-in\n" in banner(settings, [], ".venv/bin/kiestoon demo")


def test_a_second_start_keeps_the_logins_and_shows_where_they_are(settings: Settings) -> None:
    first, logins = prepare_demo(settings)
    path = settings.data / LOGINS_FILE
    kept = path.read_text()
    assert all(login.password in banner(settings, logins, "kiestoon demo") for login in logins)
    os.close(first.lock)
    _, again = prepare_demo(settings)
    assert again == []
    assert path.read_text() == kept
    assert str(path) in banner(settings, again, "kiestoon demo")
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_installations_have_different_passwords(tmp_path: Path) -> None:
    logins = [prepare_demo(settings_in(tmp_path / name))[1] for name in ("a", "b")]
    assert not {login.password for login in logins[0]} & {login.password for login in logins[1]}


def test_a_second_exchange_on_the_same_data_is_refused(settings: Settings) -> None:
    prepare_installation(settings)
    with pytest.raises(SystemProblemError, match="already running"):
        prepare_installation(settings)


def test_the_certificate_is_made_once_and_for_the_right_names(settings: Settings) -> None:
    prepare_installation(settings, ("kiestadt.example",))
    made = settings.certificate.read_bytes()
    assert settings.certificate_key.stat().st_mode & 0o077 == 0
    assert not ensure_certificate(settings, ("kiestadt.example",))
    assert settings.certificate.read_bytes() == made


def test_a_certificate_that_is_damaged_is_made_again(settings: Settings) -> None:
    ensure_certificate(settings, ("a.example",))
    settings.certificate.write_text("junk")
    assert ensure_certificate(settings, ("a.example",))


def test_the_operators_own_certificate_is_never_made(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path), sip=SipSettings(certificate=str(tmp_path / "no.pem"), key="x"))
    with pytest.raises(ConfigError, match=r"no\.pem does not exist"):
        ensure_certificate(settings, ("a.example",))
